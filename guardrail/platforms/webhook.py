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


def send(chat: str, message: Json, environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> None:
    """Send a message. Raises NotPostedError, which does not tell the address."""
    variable = VARIABLES[chat]
    address = environ.get(variable, "").strip()
    if not address:
        raise NotPostedError(f"there is no {variable}", fix="set it to the webhook's address, as a secret of the job")
    if not _is_safe(address):
        raise NotPostedError(f"{variable} is not an https address")
    # A chat that hangs must not take the time that comment and status need.
    within = deadline.within(MESSAGE_SECONDS)
    session = Session(ca_bundle=overrides.ca_bundle, deadline=within, secret_addresses=True)
    try:
        session.send("POST", address, json=message)
    except NetworkError as error:
        gone = isinstance(error, StatusError) and error.status in _GONE
        fix = f"the webhook is not there any more, or refuses messages: renew {variable}" if gone else error.fix
        raise NotPostedError(error.what, where=error.where, fix=fix) from None


def _is_safe(address: str) -> bool:
    """Return whether an address is encrypted, or on this machine: the address is a secret, and the message may be one."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL))
