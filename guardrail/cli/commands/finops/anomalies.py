"""`guardrail anomalies`: what is far from what it used to cost, and what accounts for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.notifying import notify_of, notify_options, refuse_notify
from guardrail.cli.commands.finops.spend import allocation_of
from guardrail.cli.ledger_options import (
    allocation_option,
    cost_option,
    ledger_options,
    no_bill,
    now_option,
    settings_of,
)
from guardrail.cli.options import Day
from guardrail.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.finops.anomalies import Anomalies
    from guardrail.ledger.views import Ledger

_DAYS = 30  # that are looked at, up to the newest that bills tell


@click.command(short_help="What is far from what it used to cost, and what accounts for it.")
@click.option("--since", type=Day(), help=f"First day. Default: the newest {_DAYS} days that bills tell.")
@click.option(
    "--project", "projects", multiple=True, help="Only resources of a project. Repeatable. Default: all charges."
)
@cost_option
@allocation_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "json", "markdown"]),
    default="terminal",
    help="Default: terminal.",
)
@notify_options
@ledger_options
@now_option
def anomalies(format_name: str, **values: Any) -> None:
    """Show days on which something cost much more, or less, than the same weekdays before.

    Each owner, service and address is judged by the median of its last six same weekdays. What a merged change or a date
    of guardrail.yaml accounts for is shown as explained; what could not be judged is counted and named. Days in a row are one
    event. The first spend in an account, a service or a region is always told.

    With --notify, what is not explained goes to the channels of guardrail.yaml, one message an event: what has arrived is
    recorded in the ledger. Reading needs DuckDB: pip install 'guardrail-finops[ledger]'.

    \b
    Examples:
      guardrail anomalies
      guardrail anomalies --since 2026-10-01 --project shop --format json
      guardrail anomalies --notify --dry-run

    \b
    Exit codes: 0 answered, 2 the ledger or the configuration lacks something, 4 --notify did not reach a channel.
    """
    from guardrail.cli.output import say, terminal_width
    from guardrail.finops.anomalies.describing import alerts_of
    from guardrail.finops.anomalies.text import as_json, as_markdown, as_terminal
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    chosen = settings_of(values)
    refuse_notify(values, chosen)
    store = open_store(values["where"] or chosen.ledger)
    ledger = open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    found = anomalies_in(ledger, chosen, values, values["since"])
    if format_name == "terminal":
        say(as_terminal(found, terminal_width()))
    else:
        say({"json": as_json, "markdown": as_markdown}[format_name](found))
    notify_of(alerts_of(found), values, chosen, store, ledger)


def anomalies_in(ledger: Ledger, chosen: Settings, values: Mapping[str, Any], since: date | None = None) -> Anomalies:
    """Return what in a ledger is far off: for pages as well as for this command.

    values  `now`, `cost`, `projects` and `allocation_file`
    Raises InputError for a ledger without a bill, ConfigError for a project that it does not know.
    """
    from guardrail.finops.allocation.sharing import Teams
    from guardrail.finops.anomalies import HISTORY_DAYS, Asked, Facts, answer
    from guardrail.ledger.queries.daily import bill_days, daily_charges, first_spends
    from guardrail.ledger.queries.merging import merged_changes

    now = values["now"] or datetime.now(UTC)
    days = bill_days(ledger, now)
    if not days:
        raise no_bill(ledger.where, " that tells single days", "--now is the time up to which bills are read")
    oldest, newest = min(one.day for one in days), max(one.day for one in days)
    begin = max(since or newest - timedelta(days=_DAYS - 1), oldest)
    if begin > newest:
        raise ConfigError(f"--since {begin} is after {newest}, the newest day that bills tell")
    allocation, _ = allocation_of({**values, "allocated": False}, chosen)
    places = ("service", "project", "address", "account", "region")
    dimensions = list(dict.fromkeys([*allocation.dimensions(allocated=False), *places]))
    first = begin - min(begin - oldest, timedelta(days=HISTORY_DAYS))
    charges = list(daily_charges(ledger, dimensions, values["cost"], first, now))
    _refuse_unknown(values["projects"], {one.of["project"] or "" for one in charges} - {""})
    asked = Asked(begin, values["cost"], tuple(values["projects"]), chosen.anomalies)
    since_changes = datetime(first.year, first.month, first.day, tzinfo=UTC)
    facts = Facts(charges, days, first_spends(ledger, values["cost"], now), merged_changes(ledger, since_changes, now))
    return answer(asked, facts, Teams(allocation).of, first, now)


def _refuse_unknown(projects: tuple[str, ...], known: set[str]) -> None:
    for project in projects:
        if project not in known:
            there = f"there are {', '.join(sorted(known))}" if known else "no charge is matched with a project"
            raise ConfigError(f"no charge is of a project {project!r}", fix=did_you_mean(project, known) or there)
