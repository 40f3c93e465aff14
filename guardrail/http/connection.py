"""Connections that end at a deadline, also where a server sends one byte after another for ever.

The time limits of a socket hold for each read, and begin anew with every byte that comes. So each read of an answer is
given what is left until the deadline: of the status line, of headers and of the body, through TLS and proxies. A resolver
knows no time limit at all: it is asked in a thread, which is left alone if it does not answer.
"""

from __future__ import annotations

import io
import queue
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

import requests.adapters
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

Left = Callable[[], float]
"""Says how many seconds are left."""


class NotResolvedError(ConnectTimeoutError):
    """The resolver has not said in time what the address of a server's name is."""


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """What a session sends requests by: `left` says, whenever something is read, how many seconds are left."""

    def __init__(self, left: Left) -> None:
        self._left = left
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        """Return the connections to a server, or to the proxy before it."""
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **options))
        # urllib3 offers no hook for reads. Its connections make answers by `response_class`, as those of http.client do.
        if "response_class" not in vars(pool.ConnectionCls):
            left = self._left

            def answer(sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
                return HTTPResponse(_Readable(sock, left), *args, **options)  # type: ignore[arg-type]

            def connect(connection: HTTPConnection) -> socket.socket:
                return _connected(connection, left)

            own = {"response_class": staticmethod(answer), "_new_conn": connect}
            pool.ConnectionCls = type("Connection", (pool.ConnectionCls,), own)
        return pool


def _connected(connection: HTTPConnection, left: Left) -> socket.socket:
    """Connect to the first address of a server that answers, within the time limit for that and what is left."""
    name, timeout = connection._dns_host, connection.timeout  # noqa: SLF001 - what urllib3 itself connects to
    end = time.monotonic() + min(timeout or left(), left())
    failure: Exception | None = None
    try:
        for address in _addresses(connection, end - time.monotonic()):
            remaining = end - time.monotonic()
            if remaining <= 0:
                break
            connection._dns_host, connection.timeout = address, remaining  # noqa: SLF001
            try:
                return HTTPConnection._new_conn(connection)  # noqa: SLF001
            except (ConnectTimeoutError, NewConnectionError) as error:
                failure = error
    finally:
        connection._dns_host, connection.timeout = name, timeout  # noqa: SLF001
    raise failure or ConnectTimeoutError(connection, "no time is left")


def _addresses(connection: HTTPConnection, seconds: float) -> list[str]:
    """Return the addresses of a server's name. Raises NotResolvedError where the resolver takes longer."""
    host, answers = connection._dns_host, queue.SimpleQueue[list[str] | OSError | UnicodeError]()  # noqa: SLF001

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, connection.port, allowed_gai_family(), socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(one[4][0]) for one in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0) if seconds < float("inf") else None)
    except queue.Empty:
        raise NotResolvedError(connection, "not resolved") from None
    if isinstance(answer, socket.gaierror):
        raise NameResolutionError(host, connection, answer)
    if isinstance(answer, OSError | UnicodeError):
        raise NewConnectionError(connection, "not resolved")
    return answer


class _Readable:
    """A socket as an answer sees it: something to read from."""

    def __init__(self, sock: socket.socket, left: Left) -> None:
        self._reader = _Reader(sock, left)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


class _Reader(io.RawIOBase):
    """Reads from a socket, and no longer than is left."""

    def __init__(self, sock: socket.socket, left: Left) -> None:
        self._socket, self._left = sock, left
        self._timeout = sock.gettimeout()
        self._file = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._left()
        if left <= 0:
            raise TimeoutError("past the deadline")
        # The session's limit for one read, or what is left, whichever is less.
        self._socket.settimeout(min(self._timeout or left, left) if left < float("inf") else self._timeout)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
