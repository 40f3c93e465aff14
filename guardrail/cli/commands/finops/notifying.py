"""What commands share that tell people of alerts: `--notify` and `--dry-run`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from guardrail.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.ledger.storage.store import Store
    from guardrail.ledger.views import Ledger
    from guardrail.model.billed.cost_alert import CostAlert
    from guardrail.notify import Message, Plan

_NAMED = 10  # alerts that no channel is for
_LONGEST = 400  # characters of a notice
Command = TypeVar("Command", bound=Callable[..., Any])


def notify_options(command: Command) -> Command:
    """Add the options that say whether people are told."""
    command = click.option(
        "--dry-run",
        is_flag=True,
        help="With --notify: print what would be sent, without any call and without recording it.",
    )(command)
    return click.option(
        "--notify",
        is_flag=True,
        help="Send alerts to the channels of guardrail.yaml, each once. The only part that uses the network.",
    )(command)


def refuse_notify(values: dict[str, Any], chosen: Settings) -> None:
    """Raise ConfigError for `--dry-run` without `--notify`, and for `--notify` without a channel."""
    if values["dry_run"] and not values["notify"]:
        raise ConfigError("--dry-run is for --notify", fix="give both: --notify --dry-run")
    if values["notify"] and not chosen.notify.channels:
        fix = "name one below notify: channels: (docs/finops/notify.md)"
        raise ConfigError("--notify: guardrail.yaml has no channel", where=str(chosen.config_file or ""), fix=fix)


def notify_of(
    alerts: Sequence[CostAlert], values: dict[str, Any], chosen: Settings, store: Store, ledger: Ledger
) -> None:
    """Tell the channels of guardrail.yaml of alerts, where `--notify` asks for it, and record in the ledger what has arrived.

    Raises DeliveryError where a message did not arrive.
    """
    from guardrail.cli.notices import logged_if_asked, tell
    from guardrail.http import Deadline
    from guardrail.ledger.records.deliveries import fact_of_delivery, notified
    from guardrail.notify import Delivery, deliver, planned
    from guardrail.notify.delivery import DELIVERY_SECONDS
    from guardrail.platforms.context import Overrides, read_context
    from guardrail.platforms.detect import run_url

    if not values["notify"]:
        return
    link = run_url(os.environ, read_context(os.environ, Overrides()))
    plan = planned(alerts, chosen.notify, notified(ledger), link=link)
    for one in plan.unclaimed[:_NAMED]:
        tell("notice", f"no channel is for this alert of {one.owner or 'nobody'}: {one.title}"[:_LONGEST])
    if len(plan.unclaimed) > _NAMED:
        tell("notice", f"no channel is for {len(plan.unclaimed) - _NAMED:,} more alerts")
    if values["dry_run"]:
        _rehearse(plan)
        return

    def record(message: Message) -> None:
        # --now is the time of the question; a message is sent now.
        fact = fact_of_delivery(message.alerts, message.channel, datetime.now(UTC))
        store.put(fact.path, fact.data)

    with logged_if_asked():
        done = deliver(plan, chosen.notify, Delivery(os.environ, record, tell, Deadline(DELIVERY_SECONDS)))
    click.echo(f"guardrail: {_summary(plan, done.sent)}", err=True)
    if done.failed:
        what = f"not every alert was delivered: {', '.join(done.failed)}"
        raise DeliveryError(what, fix="see the warnings above; what did not arrive is sent by the next run")


def _rehearse(plan: Plan) -> None:
    from guardrail.report.text import safe

    for message in plan.messages:
        lines = [f"would send to {message.channel}: {message.title}", *(f"  {line}" for line in message.lines)]
        click.echo("".join(f"{safe(line)}\n" for line in lines), err=True, nl=False)
    click.echo(f"guardrail: {_summary(plan, None)}", err=True)


def _summary(plan: Plan, sent: int | None) -> str:
    from guardrail.report.format import count

    told = f"; {count(plan.known, 'alert')} told before" if plan.known else ""
    if sent is None:
        return f"{count(len(plan.messages), 'message')} would be sent, nothing was{told}"
    return f"{sent:,} of {count(len(plan.messages), 'message')} sent{told}"
