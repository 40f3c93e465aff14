"""A local server that speaks as the vendors' hosts do, with faults on demand."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Vendors:
    """What the server serves, does wrong and was asked.

    faults   part of a path -> what to do with each request for it: a status, "cut", "cut-once", "gzip",
             "not-gzip", "long", the part of the body after which to cut, or bytes to send instead
    """

    root: Path
    base: str = ""
    key: str = "k3y"
    faults: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def body(self, url: str) -> bytes | None:
        """Return what a path holds: a file, or a page of a list with the address of the next one."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/retail/prices":
            found = re.search(r"serviceName eq '([^']*)'", query["$filter"])
            assert found
            assert (query["meterRegion"], query["currencyCode"]) == ("primary", "USD")
            folder, skip = self.root / "azure" / found[1], int(query.get("$skip", "0"))
            page = self._page(folder, skip)
            if page is not None and self._page(folder, skip + 1) is not None:
                # The real host's address, with its port, as the interface gives it.
                base = url.partition("&%24skip=")[0]
                page["NextPageLink"] = f"https://prices.azure.com:443{base}&%24skip={skip + 1}"
            return json.dumps(page or {"BillingCurrency": "USD", "Items": [], "NextPageLink": None}).encode()
        if parts.path.startswith("/v1/services"):
            identity = parts.path.split("/")[3] if parts.path.endswith("/skus") else "services"
            number = int(query.get("pageToken", "0"))
            page = self._page(self.root / "gcp" / identity, number)
            if page is not None and self._page(self.root / "gcp" / identity, number + 1) is not None:
                page["nextPageToken"] = str(number + 1)
            return json.dumps(page or {"skus": []}).encode()
        file = self.root / parts.path[1:]
        return file.read_bytes() if file.is_file() else None

    def _page(self, folder: Path, number: int) -> dict[str, Any] | None:
        files = sorted(folder.glob("*.json"))
        return json.loads(files[number].read_bytes()) if number < len(files) else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a connection that a client keeps open is no reason to wait


@contextmanager
def serving(root: Path) -> Iterator[Vendors]:
    """Serve a folder that `price_lists` wrote."""
    vendors = Vendors(root)
    server = _Server(("127.0.0.1", 0), _handler(vendors))
    vendors.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield vendors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(vendors: Vendors) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small handler of two methods
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            vendors.asked.append(self.path)
            fault = next((what for part, what in vendors.faults.items() if part in self.path), None)
            if self.path.startswith("/v1/") and self.headers.get("X-Goog-Api-Key") != vendors.key:
                fault = 403
            body = fault if isinstance(fault, bytes) else vendors.body(self.path)
            if isinstance(fault, int) or body is None:
                self._answer(fault if isinstance(fault, int) else 404, b'{"message": "no"}')
                return
            etag = f'"{sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == etag:
                self._answer(304, b"")
                return
            self._send(body, etag, fault)

        def _send(self, body: bytes, etag: str, fault: Any) -> None:
            headers = {"ETag": etag}
            if fault == "gzip":
                body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
            if fault == "not-gzip":
                headers["Content-Encoding"] = "gzip"
            start = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
            status = 200
            if start and self.headers.get("If-Range") == etag:
                status, headers["Content-Range"] = 206, f"bytes {start[1]}-{len(body) - 1}/{len(body)}"
                body = body[int(start[1]) :]
            elif fault == "cut-once":
                fault = "cut"
            if fault == "long":
                headers["Content-Length"] = str(len(body) + 10)
            if fault == "cut":
                fault = 0.5
            if isinstance(fault, float):
                headers["Content-Length"] = str(len(body))
                body = body[: int(len(body) * fault)]
            self._answer(status, body, **headers)
            self.close_connection = self.close_connection or fault == "long" or isinstance(fault, float)

        def _answer(self, status: int, body: bytes, **headers: str) -> None:
            vendors.statuses.append(status)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler
