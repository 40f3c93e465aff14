"""A message as JSON, for servers that take it by POST: guardrail.notification/v1."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.model.billed.cost_alert import CostAlert
from guardrail.model.money import plain
from guardrail.notify.message import Message
from guardrail.report.text import safe

SCHEMA: Literal["guardrail.notification/v1"] = "guardrail.notification/v1"
_LISTED = 100  # alerts of a message about many that are told in full
_TEXT = 2_000  # characters of a text
_FACTS = 20


class FactDocument(Document):
    """Something that is known of an alert."""

    name: str
    value: str


class AlertDocument(Document):
    """Something that somebody is to know of."""

    fingerprint: str
    """the same as long as it is the same matter"""
    kind: Literal["anomaly", "budget"]
    owner: str | None
    """the team that it concerns; null for what nobody owns"""
    project: str | None
    address: str | None
    """Terraform address, where it is of one resource"""
    title: str
    amount: str | None
    """what it is about, as an exact decimal; null where it is not known"""
    currency: str | None
    facts: tuple[FactDocument, ...]


class NotificationDocument(Document):
    """A message: about one alert, or about all that are more than a channel is told one by one."""

    format: Literal["guardrail.notification/v1"] = Field(default=SCHEMA, alias="schema")
    key: str
    """the same whenever the same message is sent again, as the header Idempotency-Key; take it once"""
    channel: str
    title: str
    times: int
    """how often the channel has been told of the alert, this message included: more than 1 where it has grown"""
    link: str | None
    alerts: tuple[AlertDocument, ...]
    more: int
    """alerts of a message about many that are not listed"""


def document(message: Message) -> NotificationDocument:
    """Return a message as JSON describes it: texts are printable and bounded."""
    return NotificationDocument(
        key=message.key,
        channel=message.channel,
        title=message.title,
        times=message.times,
        link=message.link or None,
        alerts=tuple(_alert(one) for one in message.alerts[:_LISTED]),
        more=max(len(message.alerts) - _LISTED, 0),
    )


def _alert(alert: CostAlert) -> AlertDocument:
    return AlertDocument(
        fingerprint=alert.fingerprint,
        kind=alert.kind,
        owner=safe(alert.owner, _TEXT) or None,
        project=safe(alert.project, _TEXT) or None,
        address=safe(alert.address, _TEXT) or None,
        title=safe(alert.title, _TEXT),
        amount=plain(alert.amount),
        currency=alert.currency or None,
        facts=tuple(FactDocument(name=safe(n, _TEXT), value=safe(v, _TEXT)) for n, v in alert.facts[:_FACTS]),
    )
