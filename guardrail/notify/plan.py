"""Which channel is told what: by owner and kind, once, and again when it has grown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from guardrail.config.notify import ChannelConfig, NotifyConfig
from guardrail.ledger.records.deliveries import Notified
from guardrail.model.billed.cost_alert import CostAlert
from guardrail.notify.message import Message
from guardrail.policy.glob import matches_any

GROWN = Decimal("1.5")
"""An alert is told again where it is this many times as large as when it was told last. A difference that is the same on
each day is so told on its days 1, 2, 3, 5, 8, 12, 18 ..., ever more rarely."""


class Plan(Struct, frozen=True):
    """What is to be sent.

    messages   in the order in which they are sent, those of one channel together
    known      how many pairs of alert and channel are not told again
    unclaimed  alerts that no channel is for
    """

    messages: tuple[Message, ...]
    known: int
    unclaimed: tuple[CostAlert, ...]


def planned(alerts: Iterable[CostAlert], notify: NotifyConfig, told: Iterable[Notified], *, link: str = "") -> Plan:
    """Return what each channel is to be told, the largest amounts first.

    told  what the channels have been told already
    link  where messages lead, where the configuration does not say it
    """
    before = {(one.channel, one.fingerprint): one for one in told}
    # Two alerts of one fingerprint are one matter.
    unique = {one.fingerprint: one for one in alerts}
    ordered = sorted(unique.values(), key=lambda one: (-abs(one.amount or Decimal(0)), one.fingerprint))
    messages: list[Message] = []
    claimed: set[str] = set()
    pairs = 0
    for channel in notify.channels:
        wanted = [one for one in ordered if _is_for(channel, one)]
        claimed.update(one.fingerprint for one in wanted)
        due = [one for one in wanted if _is_due(one, before.get((channel.name, one.fingerprint)))]
        pairs += len(wanted) - len(due)
        messages += _messages(channel.name, due, before, notify.max_messages, notify.link or link)
    unclaimed = tuple(one for one in ordered if one.fingerprint not in claimed)
    return Plan(tuple(messages), pairs, unclaimed)


def _is_for(channel: ChannelConfig, alert: CostAlert) -> bool:
    large = alert.amount is None or abs(alert.amount) >= channel.min_amount
    return large and alert.kind in channel.kinds and matches_any(channel.owners, alert.owner)


def _is_due(alert: CostAlert, told: Notified | None) -> bool:
    if told is None:
        return True
    return alert.size is not None and told.size is not None and alert.size >= told.size * GROWN > 0


def _messages(
    channel: str, due: Sequence[CostAlert], before: Mapping[tuple[str, str], Notified], most: int, link: str
) -> list[Message]:
    single, rest = (due, []) if len(due) <= most + 1 else (due[:most], due[most:])
    messages = [
        Message(channel, (one,), before[channel, one.fingerprint].times + 1, link)
        if (channel, one.fingerprint) in before
        else Message(channel, (one,), link=link)
        for one in single
    ]
    return [*messages, Message(channel, tuple(rest), link=link)] if rest else messages
