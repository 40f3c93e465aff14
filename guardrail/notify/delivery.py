"""Sends what is planned, channel by channel, and remembers what has arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

from msgspec import Struct

from guardrail.config.notify import ChannelConfig, NotifyConfig
from guardrail.errors import ConfigError, GuardrailError
from guardrail.http import Deadline
from guardrail.notify.issues import Issues
from guardrail.notify.mail import Mail
from guardrail.notify.message import Message
from guardrail.notify.plan import Plan
from guardrail.notify.senders import JsonServer, MessageRefusedError, Sender, Slack, Teams

DELIVERY_SECONDS = 300.0
"""What all channels may take together."""
CHANNEL_SECONDS = 90.0
"""What one may take: its share of what is left, where that is less."""


class Delivered(Struct, frozen=True):
    """What became of a plan: messages that arrived, and the channels that some message did not reach."""

    sent: int
    failed: tuple[str, ...]


class Delivery(Struct, frozen=True):
    """How messages are sent.

    record  told each message that has arrived, at once: a run that ends between the two sends it again
    tell    told what failed: "warning", and the text
    """

    environ: Mapping[str, str]
    record: Callable[[Message], None]
    tell: Callable[[str, str], None]
    deadline: Deadline


def deliver(plan: Plan, notify: NotifyConfig, delivery: Delivery) -> Delivered:
    """Send what is planned. A channel that fails takes nothing from the others but its share of the time."""
    channels = {one.name: one for one in notify.channels}
    groups = [(channels[name], list(messages)) for name, messages in groupby(plan.messages, lambda one: one.channel)]
    sent, failed = 0, []
    for number, (channel, messages) in enumerate(groups):
        share = min(CHANNEL_SECONDS, delivery.deadline.left / (len(groups) - number))
        arrived, complete = _deliver(channel, messages, delivery, delivery.deadline.within(share))
        sent += arrived
        if not complete:
            failed.append(channel.name)
    return Delivered(sent, tuple(failed))


def _deliver(
    channel: ChannelConfig, messages: list[Message], delivery: Delivery, deadline: Deadline
) -> tuple[int, bool]:
    """Send the messages of a channel until one fails for a reason that others would fail for.

    Return how many arrived, and whether all did, and reached all whom they were for.
    """
    sent, complete = 0, True
    try:
        sender = _opened(channel, delivery.environ, deadline)
    except GuardrailError as error:
        delivery.tell("warning", f"{channel.name}: nothing was sent: {error}")
        return 0, False
    try:
        for message in messages:
            try:
                lacking = sender.send(message)
            except MessageRefusedError as error:
                delivery.tell("warning", f"{channel.name}: {message.title!r:.80} was refused: {error}")
                continue
            _remember(message, delivery)
            sent += 1
            if lacking:
                complete = False
                delivery.tell("warning", f"{channel.name}: {message.title!r:.80} did not reach all: {lacking}")
    except GuardrailError as error:
        delivery.tell("warning", f"{channel.name}: {sent} of {len(messages)} messages were sent: {error}")
    finally:
        sender.close()
    return sent, complete and sent == len(messages)


def _remember(message: Message, delivery: Delivery) -> None:
    """Record what has arrived. Raises ConfigError that says what comes of it where that cannot be done."""
    try:
        delivery.record(message)
    except GuardrailError as error:
        what = f"a message has arrived that cannot be recorded, so that the next run sends it again: {error.what}"
        raise ConfigError(what, where=error.where, fix=error.fix) from None


def _opened(channel: ChannelConfig, environ: Mapping[str, str], deadline: Deadline) -> Sender:
    """Return a channel, ready to send. Raises NotPostedError."""
    if channel.slack:
        return Slack(channel.slack, environ, deadline)
    if channel.teams:
        return Teams(channel.teams, environ, deadline)
    if channel.webhook:
        return JsonServer(channel.webhook, environ, deadline)
    if channel.issue:
        return Issues(channel.issue, environ, deadline)
    if channel.mail:
        return Mail(channel.mail, environ, deadline)
    raise AssertionError(channel.name)  # the configuration has refused it
