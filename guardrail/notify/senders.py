"""What brings a message to a channel: to Slack, Teams and any server that takes JSON."""

from __future__ import annotations

import hashlib
import hmac
import html
from collections.abc import Mapping
from typing import Any, Protocol

from guardrail.config.notify import SlackConfig, TeamsConfig, WebhookConfig
from guardrail.errors import NetworkError
from guardrail.http import Deadline, StatusError
from guardrail.notify.document import document
from guardrail.notify.message import Message
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.webhook import Webhook
from guardrail.report.chat import plain_text, text_run, usable_link
from guardrail.report.text import cut

_SLACK_GAP = 1.0  # seconds: Slack takes a message a second from a webhook
_TOO_MUCH = {400, 413, 422}  # what servers answer to a message that they will not take, and to no other
_SECTION = 2_900  # characters of a section: Slack takes 3,000
_HEADER = 150  # characters that Slack takes in a header


class MessageRefusedError(NotPostedError):
    """A channel refuses this message, and may take others."""


class Sender(Protocol):
    """A channel that is open."""

    def send(self, message: Message) -> str:
        """Deliver a message, and say whom it did not reach, "" where it has reached all.

        Raises NotPostedError; MessageRefusedError where others may still arrive.
        """

    def close(self) -> None:
        """End what was opened."""


class _Posts:
    """A sender by webhook."""

    def __init__(self, variable: str, environ: Mapping[str, str], deadline: Deadline, gap: float = 0.0) -> None:
        self._webhook = Webhook(variable, environ, deadline, gap=gap)

    def _post(self, **request: Any) -> None:
        try:
            self._webhook.post(**request)
        except NetworkError as error:
            refused = self._webhook.refused(error)
            if isinstance(error, StatusError) and error.status in _TOO_MUCH:
                raise MessageRefusedError(refused.what, where=refused.where, fix=refused.fix) from None
            raise refused from None

    def close(self) -> None:
        """Nothing is open."""


class Slack(_Posts):
    """An incoming webhook of Slack."""

    def __init__(self, config: SlackConfig, environ: Mapping[str, str], deadline: Deadline) -> None:
        super().__init__(config.url_env, environ, deadline, _SLACK_GAP)

    def send(self, message: Message) -> str:
        """Post a message."""
        self._post(message=slack(message))
        return ""


class Teams(_Posts):
    """A workflow of Teams that posts what a webhook receives."""

    def __init__(self, config: TeamsConfig, environ: Mapping[str, str], deadline: Deadline) -> None:
        super().__init__(config.url_env, environ, deadline, _SLACK_GAP)

    def send(self, message: Message) -> str:
        """Post a message."""
        self._post(message=teams(message))
        return ""


class JsonServer(_Posts):
    """A server that takes JSON, signed where there is a secret, and with a key by which it can tell what it has already."""

    def __init__(self, config: WebhookConfig, environ: Mapping[str, str], deadline: Deadline) -> None:
        super().__init__(config.url_env, environ, deadline)
        self._now = deadline.clock.now
        self._secret = environ.get(config.secret_env, "").strip("\r\n") if config.secret_env else None
        if self._secret == "":
            raise NotPostedError(
                f"there is no {config.secret_env}", fix="set it to the secret that requests are signed with"
            )

    def send(self, message: Message) -> str:
        """Post a message. One that may not have arrived is sent again: the server takes it once, by its key."""
        content = document(message).model_dump_json(by_alias=True).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.key}
        if self._secret:
            headers |= signature(self._secret, content, int(self._now()))
        self._post(content=content, headers=headers, once=False)
        return ""


def signature(secret: str, content: bytes, at: int) -> dict[str, str]:
    """Return the headers that sign a body: HMAC-SHA256 of the time in seconds, a dot, and the body."""
    signed = hmac.new(secret.encode(), str(at).encode() + b"." + content, hashlib.sha256).hexdigest()
    return {"X-Guardrail-Timestamp": str(at), "X-Guardrail-Signature": f"sha256={signed}"}


def slack(message: Message) -> dict[str, Any]:
    """Return the body of a Slack webhook. All is plain text: nothing in it calls people or hides a link."""
    title = message.title
    blocks: list[dict[str, Any]] = [
        {"type": "header" if len(title) <= _HEADER else "section", "text": plain_text(title)}
    ]
    if message.facts:
        blocks.append({"type": "section", "text": plain_text(cut("\n".join(message.lines), _SECTION))})
    if usable_link(message.link):
        button = {"type": "button", "text": plain_text("Open"), "url": message.link}
        blocks.append({"type": "actions", "elements": [button]})
    # The text is for notifications, and the only part in which Slack looks for markup.
    return {"text": html.escape(title, quote=False), "blocks": blocks}


def teams(message: Message) -> dict[str, Any]:
    """Return the body of a Teams workflow's webhook: a message with one Adaptive Card, all of it plain text."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [text_run(message.title, weight="Bolder", size="Medium"), *map(text_run, message.lines)],
    }
    if usable_link(message.link):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": message.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
