"""Slack and Teams: a message by one POST to the address of a webhook, which is a secret as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session, StatusError
from guardrail.model.unknown import Json
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.context import Overrides

VARIABLES = {"slack": "SLACK_WEBHOOK_URL", "teams": "TEAMS_WEBHOOK_URL"}
"""Name of a chat to the variable that has the address of its webhook."""

MESSAGE_SECONDS = 60.0
"""What one message may take, of the time that the whole delivery has."""

_LOCAL = {"127.0.0.1", "::1", "localhost"}
_GONE = {403, 404, 410}  # what Slack and Teams answer to the address of a webhook that was taken away


class Webhook:
    """A webhook whose address an environment variable has. Raises NotPostedError where it has none, or an unsafe one.

    gap  seconds between two messages
    """

    def __init__(
        self,
        variable: str,
        environ: Mapping[str, str],
        deadline: Deadline,
        *,
        ca_bundle: str | None = None,
        gap: float = 0.0,
    ) -> None:
        self.variable = variable
        self._address = environ.get(variable, "").strip()
        if not self._address:
            raise NotPostedError(
                f"there is no {variable}", fix="set it to the webhook's address, as a secret of the job"
            )
        if not _is_safe(self._address):
            raise NotPostedError(f"{variable} is not an https address")
        self._session = Session(ca_bundle=ca_bundle, deadline=deadline, write_gap=gap, secret_addresses=True)

    def post(
        self,
        message: Json = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = True,
    ) -> None:
        """Send a message as JSON, or as bytes. `once`: the server would take the same one again. Raises NetworkError."""
        self._session.send("POST", self._address, json=message, content=content, headers=headers, once=once)

    def refused(self, error: NetworkError) -> NotPostedError:
        """Return an error that says what to do about it, and does not tell the address."""
        gone = isinstance(error, StatusError) and error.status in _GONE
        fix = f"the webhook is not there any more, or refuses messages: renew {self.variable}" if gone else error.fix
        return NotPostedError(error.what, where=error.where, fix=fix)


def send(chat: str, message: Json, environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> None:
    """Send a message. Raises NotPostedError, which does not tell the address."""
    # A chat that hangs must not take the time that comment and status need.
    webhook = Webhook(VARIABLES[chat], environ, deadline.within(MESSAGE_SECONDS), ca_bundle=overrides.ca_bundle)
    try:
        webhook.post(message)
    except NetworkError as error:
        raise webhook.refused(error) from None


def _is_safe(address: str) -> bool:
    """Return whether an address is encrypted, or on this machine: the address is a secret, and the message may be one."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL))
