"""A server of mail on this machine that takes what it is sent, or fails as a test tells it to."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any


class Server(socketserver.ThreadingTCPServer):
    """Keeps the mails that came, and all commands. `answers` replaces what it says to a command; `context` is that of its TLS."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        answers: dict[str, str],
        *,
        hangs_at: str = "",
        context: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.context, self.implicit = context, implicit
        self.answers, self.hangs_at = answers, hangs_at
        self.mails: list[EmailMessage] = []
        self.commands: list[str] = []
        self.ending = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


class _Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        if self.server.implicit:
            self._encrypt()
        self._say("220 here")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.server.commands.append(command)
            verb = command.split(maxsplit=1)[0].upper() if command else ""
            if verb == self.server.hangs_at:
                while not self.server.ending.wait(0.02):
                    self.wfile.write(b"x")
                return
            if verb == "STARTTLS" and self.server.context:
                self._say("220 go on")
                self._encrypt()
            elif verb == "DATA" and verb not in self.server.answers:
                self._take()
            elif verb == "EHLO":
                self._say(
                    self.server.answers.get(
                        verb, f"250-here\r\n{'250-STARTTLS' if self.server.context else '250-HELP'}\r\n250 AUTH PLAIN"
                    )
                )
            elif command in self.server.answers:
                self._say(self.server.answers[command])
            else:
                self._say(self.server.answers.get(verb, "235 yes" if verb == "AUTH" else "250 yes"))
            if verb == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # an encrypted one is not the one that the server closes

    def _encrypt(self) -> None:
        assert self.server.context
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.server.mails.append(message_from_bytes(b"".join(lines), policy=default))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(answers: dict[str, str] | None = None, **more: Any) -> Iterator[Server]:
    server = Server(answers or {}, **more)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
