"""Alerts by mail."""

from __future__ import annotations

import contextlib
import queue
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP

from guardrail.config.notify import MailConfig
from guardrail.http import Deadline
from guardrail.notify.message import Message
from guardrail.notify.senders import MessageRefusedError
from guardrail.platforms.comment import NotPostedError

_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
_LOCAL = {"127.0.0.1", "::1", "localhost"}
_US = "[127.0.0.1]"  # what the library calls a machine without a name; asking for one is asking the network
_SECONDS = 30.0  # for one answer of the server
_GOOD_BYE = 1.0  # seconds


class Mail:
    """A server that takes mail, which is spoken to until a deadline."""

    def __init__(self, config: MailConfig, environ: Mapping[str, str], deadline: Deadline) -> None:
        self._config, self._deadline = config, deadline
        self._port = config.port or _PORTS[config.tls]
        self._user, self._password = (
            _value(name, environ) if name else "" for name in (config.user_env, config.password_env)
        )
        if self._password and config.tls == "none" and config.host not in _LOCAL:
            raise NotPostedError(
                "a password is not sent in the clear", where=config.host, fix="set tls: starttls or implicit"
            )
        self._server: smtplib.SMTP | None = None

    def send(self, message: Message) -> str:
        """Send a message to all that the configuration names, and say how many the server refuses. Raises NotPostedError."""
        mail = mail_of(message, self._config)
        refused: dict[str, object] = {}
        try:
            self._in_time(lambda: refused.update(self._connected().send_message(mail)), self._deadline.left)
        except smtplib.SMTPAuthenticationError:
            raise self._failed("the name or the password is refused") from None
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            raise MessageRefusedError(_said(error), where=self._where) from None
        except ssl.SSLError:
            raise self._failed("the server's certificate is not trusted, or it speaks no TLS") from None
        except smtplib.SMTPNotSupportedError:
            raise self._failed("the server offers no TLS, or no log-in") from None
        except smtplib.SMTPException as error:
            raise self._failed(_said(error)) from None
        except TimeoutError:
            raise self._failed("no answer in time") from None
        except UnicodeError:
            raise self._failed("the name or the password has characters that no log-in carries") from None
        except OSError:
            raise self._failed("the connection failed or was cut") from None
        return f"the server refuses {len(refused)} of {len(self._config.to)} recipients" if refused else ""

    def close(self) -> None:
        """Say good-bye, where anybody listens."""
        if self._server:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._in_time(self._server.quit, _GOOD_BYE)
            self._drop()

    @property
    def _where(self) -> str:
        return f"{self._config.host}:{self._port}"

    def _failed(self, what: str) -> NotPostedError:
        self._drop()
        return NotPostedError(
            what, where=self._where, fix="is it the right server and port, and may this machine reach it?"
        )

    def _connected(self) -> smtplib.SMTP:
        """Return the server, logged in, connected to once for all messages."""
        if self._server is None:
            timeout = max(min(_SECONDS, self._deadline.left), 0.1)
            trusted = ssl.create_default_context()
            server: smtplib.SMTP
            if self._config.tls == "implicit":
                server = smtplib.SMTP_SSL(local_hostname=_US, timeout=timeout, context=trusted)
            else:
                server = smtplib.SMTP(local_hostname=_US, timeout=timeout)
            self._server = server
            server._host = self._config.host  # type: ignore[attr-defined]  # noqa: SLF001 - what TLS checks the certificate for
            server.connect(self._config.host, self._port)
            if self._config.tls == "starttls":
                server.starttls(context=trusted)
            if self._user:
                server.login(self._user, self._password)
        return self._server

    def _in_time(self, act: Callable[[], object], seconds: float) -> None:
        """Do something for so long, and no longer: resolvers and servers that trickle know no time limit."""
        ended = queue.SimpleQueue[BaseException | None]()

        def run() -> None:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
                ended.put(error)
            else:
                ended.put(None)

        threading.Thread(target=run, name="mail", daemon=True).start()
        try:
            error = ended.get(timeout=max(seconds, 0))
        except queue.Empty:
            raise TimeoutError from None
        if error:
            raise error

    def _drop(self) -> None:
        """Cut the connection, so that nothing is sent any more by what is still waiting for it."""
        server, self._server = self._server, None
        if server and server.sock:
            with contextlib.suppress(OSError):
                # Closing alone would wait for the read that another thread is in.
                server.sock.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                server.close()


def mail_of(message: Message, config: MailConfig) -> EmailMessage:
    """Return a message as mail: plain text, with an id that is the same whenever it is sent again."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.title
    mail["From"] = config.sender
    mail["To"] = ", ".join(config.to)
    mail["Message-ID"] = f"<{message.key[:40]}@{config.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # nobody's absence answers it
    paragraphs = filter(None, [message.title, "\n".join(message.lines), message.link])
    mail.set_content("\n\n".join(paragraphs) + "\n")
    return mail


def _value(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip("\r\n")
    if not value:
        raise NotPostedError(f"there is no {name}", fix="set it, as a secret of the job")
    return value


def _said(error: smtplib.SMTPException) -> str:
    """Return what a server has answered, in our words: its own may quote what it was sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "the server refuses all recipients"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    return "the server has hung up, or answers what is no SMTP"
