"""A session with one server: its address, its token, its limits, and how often something is tried."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

import requests
from msgspec import Struct, field
from urllib3.exceptions import HTTPError, ReadTimeoutError

from guardrail import __version__
from guardrail.errors import NetworkError
from guardrail.http.compression import unpacked
from guardrail.http.connection import DeadlineAdapter, NotResolvedError
from guardrail.http.deadline import Deadline
from guardrail.http.response import Response, StatusError, UnansweredError, headers, host, origin, place
from guardrail.http.retry import Retries, again_at, limited
from guardrail.model.unknown import Json

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 307, 308})
_MOVED_FOR_READING = 303
_MAX_REDIRECTS = 5
_MAX_BODY = 50_000_000  # bytes of an answer that is held in memory
_PART = 1 << 16  # bytes read at a time
_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 120.0  # for one answer to be there whole, however steadily it trickles
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_CA_FIX = "name the certificates to trust by --ca-bundle, REQUESTS_CA_BUNDLE or SSL_CERT_FILE"


class Asked(Struct, frozen=True):
    """One request. `repeatable`: asking twice does no more than asking once.

    `elsewhere`: it may be led to another host, which gets no secrets; else that is refused where there are some.
    `content` is a body that is sent as it is, in place of `json`.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Json = None
    repeatable: bool = True
    elsewhere: bool = False
    content: bytes | None = None


class Session:
    """Talks to the server at `base`, serially.

    secrets    headers that only this server may see, and no message or log ever
    ca_bundle  certificates to trust; default: REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, else the usual ones
    timeout    seconds without a byte, after which an answer is given up
    deadline   of everything that is asked in this session, waits included; default: none
    write_gap  seconds between two requests that change something
    secret_addresses   of an address, no message or log tells more than the host (webhooks)

    Proxies are those of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; passwords of a .netrc file are not read.
    """

    def __init__(  # noqa: PLR0913 - all but the address are named
        self,
        base: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        timeout: float = 30.0,
        deadline: Deadline | None = None,
        write_gap: float = 0.0,
        secret_addresses: bool = False,
    ) -> None:
        self.base = base
        self.deadline = deadline or Deadline()
        self._answer_deadline = self.deadline
        self._secrets = {name: value for name, value in (secrets or {}).items() if value}
        self._timeout = timeout
        self._write_gap = write_gap
        self._place = host if secret_addresses else place
        self._last_write = float("-inf")
        self._verify = _verify(ca_bundle)
        self._requests = requests.Session()
        own = {"User-Agent": f"guardrail/{__version__}", "Accept-Encoding": "gzip"}
        self._requests.headers.update({**own, **(headers or {})})
        for scheme in ("http://", "https://"):
            self._requests.mount(scheme, DeadlineAdapter(lambda: self._answer_deadline.left))

    def send(
        self,
        method: str,
        url: str,
        *,
        json: Json = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
        once: bool = True,
    ) -> Response:
        """Send a request and return the answer, 2xx or 304.

        `url` may be relative to the base. A POST is sent once, unless it only `reads`, or the server takes it once however
        often it comes (`once` is False); everything else is tried again after what passes. `content` is a body that is
        sent as it is. Raises StatusError for any other answer, UnansweredError where it is not known whether the
        request was carried out, NetworkError.
        """
        repeatable = reads or not once or method != "POST"
        asked = Asked(method, urljoin(self.base, url), headers or {}, json, repeatable, content=content)
        if method != "GET" and not reads:
            clock = self.deadline.clock
            if not self.deadline.wait(self._last_write + self._write_gap - clock.steady()):
                raise NetworkError("the time for network requests is used up", where=self._place(asked.url))
            self._last_write = clock.steady()
        return self._persist(asked, lambda answer: self._whole(answer, asked), self.deadline)

    def pages(self, url: str) -> Iterator[Response]:
        """Yield every page of a list, as the server's Link headers chain them. Raises as `send` does."""
        following: str | None = url
        seen: set[str] = set()
        while following and following not in seen:
            seen.add(following)
            response = self.send("GET", following)
            yield response
            following = response.next_url

    def save(self, url: str, path: Path, *, max_bytes: int) -> None:
        """Write what is at `url` to a file until the session's deadline, also where another host has it, without secrets.

        Raises as `send` does, and NetworkError for more than `max_bytes`; the file is then not whole.
        """
        asked = Asked("GET", urljoin(self.base, url), elsewhere=True)

        def write(answer: requests.Response) -> None:
            self._answer_deadline = self.deadline
            with path.open("wb") as file:
                file.writelines(self._parts(answer, asked, max_bytes))

        self._persist(asked, write, self.deadline)

    def open(self, asked: Asked, deadline: Deadline) -> requests.Response:
        """Return an answer, 2xx or 304, whose body is to be read by `raw_parts` until the deadline. Raises as `send` does."""
        answer = self._persist(asked, lambda answer: answer, deadline)
        self._answer_deadline = deadline
        return answer

    def raw_parts(self, answer: requests.Response, asked: Asked) -> Iterator[bytes]:
        """Yield the body as it is transferred, compressed if the server compresses. Raises UnansweredError where it is cut."""
        try:
            yield from answer.raw.stream(_PART, decode_content=False)
        except ReadTimeoutError:
            raise self._failed(requests.ReadTimeout(), answer.url, asked) from None
        except HTTPError:
            raise self._failed(requests.ConnectionError(), answer.url, asked) from None

    def _persist(self, asked: Asked, read: Callable[[requests.Response], Answer], deadline: Deadline) -> Answer:
        """Send a request until an answer is read, as often as waiting can help."""
        retries = Retries(deadline.clock, repeatable=asked.repeatable)
        while True:
            try:
                answer = self._redirected(asked, deadline)
                if answer.status_code < 300 or answer.status_code == 304:  # noqa: PLR2004 - success, not modified
                    return read(answer)
                response = self._whole(answer, asked)
            except UnansweredError:
                wait = retries.after_failure()
                if wait is None or not deadline.wait(wait):
                    raise
                continue
            wait = retries.after(response)
            if wait is None or not deadline.wait(wait):
                raise self._refused(response)

    def _redirected(self, asked: Asked, deadline: Deadline) -> requests.Response:
        """Ask, and follow redirects: never from https to http, and to other hosts only to read, without secrets."""
        url, method = asked.url, asked.method
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._once(method, url, asked, deadline)
            location = answer.headers.get("location")
            moved = answer.status_code in _REDIRECTS or answer.status_code == _MOVED_FOR_READING
            if not moved or not location:
                return answer
            answer.close()
            target = urljoin(url, location)
            if origin(url)[0] == "https" and origin(target)[0] != "https":
                raise NetworkError("refused to be redirected from https to http", where=self._place(url))
            if answer.status_code == _MOVED_FOR_READING:  # "See Other": the request is done, its result is read there
                method = "GET"
            # What was sent was for this host, also where the answer to it is to be read ("See Other") from another.
            if origin(target) != origin(url) and (asked.method != "GET" or (self._secrets and not asked.elsewhere)):
                raise NetworkError(f"refused to be redirected to {self._place(target)}", where=self._place(url))
            url = target
        raise NetworkError("too many redirects", where=self._place(asked.url))

    def _once(self, method: str, url: str, asked: Asked, deadline: Deadline) -> requests.Response:
        if deadline.left <= 0:
            raise NetworkError("the time for network requests is used up", where=self._place(url))
        self._answer_deadline = deadline.within(_ANSWER_SECONDS)
        wait = min(self._timeout, self._answer_deadline.left)
        try:
            answer = self._requests.request(
                method,
                url,
                headers=dict(asked.headers),
                json=asked.json,
                data=asked.content,
                timeout=(min(_CONNECT_SECONDS, wait), wait),
                verify=self._verify,
                allow_redirects=False,
                stream=True,
                auth=self._sign,  # for each request anew: after a redirect, the host may be another one
            )
        except requests.RequestException as error:
            raise self._failed(error, url, asked) from None
        except OSError:  # requests reads the file of certificates itself, and lets its errors pass
            raise NetworkError(
                "the certificates to trust cannot be read", where=str(self._verify), fix=_CA_FIX
            ) from None
        except ValueError:  # of http.client, whose message quotes what it refuses
            what = "a header has a line break, or a character that none may have"
            raise NetworkError(what, where=self._place(url), fix="is the token whole, and nothing else?") from None
        _log.debug("%s %s: %d", method, self._place(url), answer.status_code)
        return answer

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the secrets, for their own server alone. That this is here keeps requests from asking .netrc."""
        if not self.base or origin(request.url or "") == origin(self.base):
            request.headers.update(self._secrets)
        return request

    def _whole(self, answer: requests.Response, asked: Asked) -> Response:
        """Read the body, up to a size that no honest answer has."""
        body = b"".join(self._parts(answer, asked, _MAX_BODY))
        return Response(answer.status_code, answer.url, headers(answer.headers), body)

    def _parts(self, answer: requests.Response, asked: Asked, max_bytes: int) -> Iterator[bytes]:
        """Yield the body, unpacked. Raises NetworkError for more than a size in bytes."""
        size = 0
        with closing(answer):
            encoding = answer.headers.get("content-encoding", "")
            for part in unpacked(self.raw_parts(answer, asked), encoding, self._place(answer.url)):
                size += len(part)
                if size > max_bytes:
                    raise NetworkError("the answer is too long", where=self._place(answer.url))
                yield part

    def _failed(self, error: requests.RequestException, url: str, asked: Asked) -> NetworkError:
        """Return the error in our own words: those of the library may quote what was sent."""
        where = self._place(url)
        _log.debug("%s %s: %s", asked.method, where, type(error).__name__)
        if isinstance(error, requests.exceptions.SSLError):
            return NetworkError("the server's certificate is not trusted", where=where, fix=_CA_FIX)
        if isinstance(error, requests.exceptions.ProxyError):
            return NetworkError("the proxy refuses the connection", where=where, fix="check HTTPS_PROXY and NO_PROXY")
        if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | ValueError):
            return NetworkError("not a valid address", where=where)
        if isinstance(getattr(next(iter(error.args), None), "reason", None), NotResolvedError):
            fix = "does the resolver of this machine answer?"
            return UnansweredError("the server's name was not resolved in time", where=where, fix=fix)
        if self._answer_deadline.left <= 0:
            what = f"no complete response within {self._answer_deadline.seconds:,.0f} s"
            return UnansweredError(what, where=where, fix="is the server or the way to it overloaded?")
        late = isinstance(error, requests.exceptions.Timeout)
        what = "no answer in time" if late else "the connection failed or was cut"
        return UnansweredError(what, where=where, fix="is the address right, and may this machine reach it?")

    def _refused(self, response: Response) -> StatusError:
        said = " ".join(response.said().split())
        for value in self._secrets.values():  # a server may quote what it was sent; without "Bearer", too
            for secret in (value, value.rpartition(" ")[2]):
                said = said.replace(secret, "***")
        what = f"answered {response.status}" + (f": {said}" if said else "")
        if limited(response):
            again = again_at(response, self.deadline.clock)
            fix = f"the limit on requests is used up until {again}" if again else "the limit on requests is used up"
            return StatusError(response, what, where=self._place(response.url), fix=fix)
        return StatusError(response, what, where=self._place(response.url))


def _verify(ca_bundle: str | None) -> str | bool:
    return next(filter(None, (ca_bundle, *map(os.environ.get, _CA_VARIABLES))), True)
