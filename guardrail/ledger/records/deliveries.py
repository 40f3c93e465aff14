"""Which alerts have reached which channel, as decisions of the kind `notified`: what makes each arrive once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from guardrail.ledger.records.facts import Fact, amount, fact, moment, stamp
from guardrail.ledger.storage.layout import month_of
from guardrail.ledger.views import Ledger
from guardrail.model.billed.cost_alert import CostAlert

NOTIFIED = "notified"
_OWNER = "alerts"  # what their files lie below; the record says which project an alert is of


class Notified(Struct, frozen=True):
    """A channel was told of an alert so many times, at most of so large a one."""

    channel: str
    fingerprint: str
    times: int
    size: Decimal | None


def fact_of_delivery(alerts: Sequence[CostAlert], channel: str, at: datetime) -> Fact:
    """Return alerts that have arrived in a channel as a fact. Raises InputError for an amount of over 20 digits."""
    records = [
        {
            "record": "decision",
            "at": moment(at),
            "kind": NOTIFIED,
            "project": one.project or None,
            "rule": one.kind,
            "address": one.address or None,
            "fingerprint": one.fingerprint,
            "by": channel,
            "reason": one.title[:500],
            "expires": None,
            "amount": amount(one.size),
            "currency": one.currency or None,
            "pull_request": None,
        }
        for one in alerts
    ]
    return fact("decisions", _OWNER, month_of(at), stamp(at), records)


def notified(ledger: Ledger) -> list[Notified]:
    """Return what channels have been told."""
    rows = ledger.rows(
        f"""select "by", fingerprint, count(distinct "at"), max(amount) from decisions
        where kind = '{NOTIFIED}' group by all order by all"""
    )
    return [Notified(*row) for row in rows]
