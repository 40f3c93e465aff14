"""What a server answered, and the errors that stand for answers which are no success."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

from msgspec import Struct
from requests.structures import CaseInsensitiveDict
from requests.utils import parse_header_links

from guardrail.errors import NetworkError
from guardrail.model.unknown import Json

_PORTS = {"http": 80, "https": 443}


class Response(Struct, frozen=True):
    """One answer. `headers` are found whatever their case; `body` is empty where it is streamed."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Json:
        """Return the body as JSON. Raises NetworkError if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            fix = "is that the address of the interface, and no proxy's login page?"
            raise NetworkError("the answer is not JSON", where=place(self.url), fix=fix) from None

    def said(self) -> str:
        """Return the server's own message, at most 300 characters; "" where the body has none that is JSON.

        GitHub, GitLab and Azure DevOps have it in `message`, Bitbucket in `error.message`, and servers of JSON:API
        in the `detail` or `title` of the first of their `errors`.
        """
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        # Any of it may be missing, or be something else: a proxy's page in JSON, say.
        holder = found if isinstance(found, dict) else {}
        errors, error = holder.get("errors"), holder.get("error")
        first = errors[0] if isinstance(errors, list) and errors else {}
        nested = [one for one in (error, first) if isinstance(one, dict)]
        said = [
            holder.get("message"),
            error,
            *(one.get(name) for one in nested for name in ("message", "detail", "title")),
        ]
        return next((one[:300] for one in said if isinstance(one, str) and one), "")

    @property
    def next_url(self) -> str | None:
        """The address of the next page, if the server names one in its Link header. Raises NetworkError.

        A page of another host than this one is refused: it would be asked with this one's token.
        """
        links = parse_header_links(self.headers.get("link", ""))
        found = next((link["url"] for link in links if link.get("rel") == "next" and "url" in link), None)
        if found is None:
            return None
        url = urljoin(self.url, found)
        if origin(url) != origin(self.url):
            raise NetworkError("the next page is on another host", where=place(self.url))
        return url


def headers(found: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers that are found whatever their case."""
    return CaseInsensitiveDict(found)


class StatusError(NetworkError):
    """The server answered, and did not do it."""

    def __init__(self, response: Response, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what, where=where or place(response.url), fix=fix)
        self.response = response

    @property
    def status(self) -> int:
        """The status code of the answer."""
        return self.response.status


class UnansweredError(NetworkError):
    """No answer came, or none that was whole: what was asked for may have been done or not."""


def origin(url: str) -> tuple[str, str, int | None]:
    """Return what makes a host the same host: scheme, name and port."""
    parts = _split(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme.lower())


def place(url: str) -> str:
    """Return an address fit for messages: without a password in front, and without the query."""
    parts = _split(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def host(url: str) -> str:
    """Return the name alone of an address that is a secret."""
    try:
        return _split(url).hostname or ""
    except NetworkError:
        return ""


def _split(url: str) -> SplitResult:
    """Take an address apart. Raises NetworkError, which quotes no query: it may hold a signature."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # which is read, and refused, only when somebody asks
    except ValueError:
        raise NetworkError("not an address", where=url.partition("?")[0][:100]) from None
    return parts
