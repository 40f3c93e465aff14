"""Connections that end at a deadline, also where a server sends one byte after another for ever.

The time limits of a socket hold for each read, and begin anew with every byte that comes. So each read of an answer is
given what is left until the deadline: of the status line, of headers and of the body, through TLS and proxies.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

import requests.adapters

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

Left = Callable[[], float]
"""Says how many seconds are left."""


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """What a session sends requests by: `left` says, whenever something is read, how many seconds are left."""

    def __init__(self, left: Left) -> None:
        self._left = left
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        """Return the connections to a server, or to the proxy before it."""
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **options))
        if "response_class" not in vars(pool.ConnectionCls):
            left = self._left

            def answer(sock: socket.socket, *args: Any, **options: Any) -> HTTPResponse:
                return HTTPResponse(_Readable(sock, left), *args, **options)  # type: ignore[arg-type]

            pool.ConnectionCls = type("Connection", (pool.ConnectionCls,), {"response_class": staticmethod(answer)})
        return pool


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
        self._socket.settimeout(min(self._timeout or left, left) if left < float("inf") else self._timeout)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
