"""A server on this machine that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """One answer.

    cut_at   so many bytes of the body are sent, then the connection is cut
    hang_up  nothing is sent
    trickle  one byte after another is sent for ever, and this is called before each: headers first, or only of the body
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    hang_up: bool = False
    trickle: Callable[[], object] | None = None
    trickles_headers: bool = False


def says(status: int = 200, data: object = None, **headers: str) -> Says:
    """Return an answer with JSON; underscores in the names of headers stand for hyphens."""
    return Says(status, json.dumps(data).encode(), {name.replace("_", "-"): value for name, value in headers.items()})


class Server(ThreadingHTTPServer):
    """Listens on a port of its own. `answer` is called, one request at a time, with each."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Says]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.ending = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # headers and body are two packets, and the second would wait for a word of the first
    )
    server: Server

    def handle_one(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        names = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, names, self.rfile.read(length))
        with self.server.lock:
            self.server.asked.append(asked)
            said = self.server.answer(asked)
        self.close_connection = said.hang_up or said.cut_at is not None
        if said.hang_up:
            return
        if said.trickle and said.trickles_headers:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            self._trickle(said.trickle)
            return
        self.send_response(said.status)
        if not {name.lower() for name in said.headers} & {"content-length", "transfer-encoding"}:
            self.send_header("Content-Length", str(len(said.body)))
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if said.status not in {204, 304}:
            self.wfile.write(said.body[: said.cut_at])
        if said.trickle:
            self._trickle(said.trickle)

    def _trickle(self, pause: Callable[[], object]) -> None:
        self.close_connection = True
        while not self.server.ending:
            pause()
            self.wfile.write(b"x")

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815 - the library's names

    def log_message(self, *args: object) -> None:
        """Tests read what was asked from `asked`."""


@contextmanager
def serving(answer: Callable[[Asked], Says]) -> Iterator[Server]:
    """Run a server for a while."""
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ending = True
        server.shutdown()
        server.server_close()
        thread.join()


def script(*answers: Says) -> Callable[[Asked], Says]:
    """Answer in this order; the last one again and again."""
    left = list(answers)
    return lambda _asked: left.pop(0) if len(left) > 1 else left[0]
