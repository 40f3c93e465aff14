"""`guardrail savings`: what merged changes save by the bill, and to whom that is credited."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.spend import Month
from guardrail.cli.ledger_options import (
    allocation_option,
    cost_option,
    ledger_options,
    no_bill,
    now_option,
    settings_of,
)
from guardrail.errors import ConfigError

if TYPE_CHECKING:
    from guardrail.cli.commands.finops.kpi.answers import Opened
    from guardrail.finops.savings.answer import Savings

_MONTHS = 12


@click.command(short_help="Realised savings: what merged changes save by the bill, and whose credit that is.")
@click.option("--month", type=Month(), help="Month of the changes. Default: the last twelve.")
@click.option("--from", "first", type=Month(), help="First month of the changes.")
@click.option("--to", "last", type=Month(), help="Last month of the changes. Default: this month.")
@click.option(
    "--by",
    type=click.Choice(["team", "project", "author"]),
    default="team",
    show_default=True,
    help="Whose credit to sum. People are named with author alone.",
)
@cost_option
@allocation_option
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    help="Default: terminal.",
)
@ledger_options
@now_option
def savings(format_name: str, month: str | None, first: str | None, last: str | None, **values: Any) -> None:
    """Show what merged changes that were to save something do save, by the bill of the 30 days before and after.

    What comes from other prices of a unit, and from usage, is no saving of the change. At most what was estimated counts.
    A rise of the same resource within 60 days before or after is taken off, and so is what comes in place of a resource
    that goes. A commitment that ends is no saving. Each change of a resource is credited once, to the team that bears the cost.

    Where too little time has gone by it is pending, with the day from which the bill can tell; what the bill does not
    tell is not known. Neither is 0. Reading needs DuckDB: pip install 'guardrail-finops[ledger]'.

    \b
    Examples:
      guardrail savings
      guardrail savings --month 2026-10 --format json
      guardrail savings --by author
    """
    from guardrail.cli.commands.finops.kpi.answers import opened
    from guardrail.cli.output import say, terminal_width
    from guardrail.finops.savings.text import as_json, as_markdown, as_table

    if month and (first or last):
        raise ConfigError("--month is one month, --from and --to are several", fix="give one or the other")
    if first and last and first > last:
        raise ConfigError(f"--from {first} is after --to {last}")
    there = opened(values, settings_of(values))
    found = savings_in(there, month or first, month or last, there.now, by=values["by"], cost=values["cost"])
    if format_name == "terminal":
        say(as_table(found, terminal_width()))
    else:
        say({"json": as_json, "markdown": as_markdown}[format_name](found))


def savings_in(
    opened: Opened, first: str | None, last: str | None, now: datetime, *, by: str = "team", cost: str = "effective"
) -> Savings:
    """Return what changes of some months save, as known at a time: for pages as well as for this command.

    first, last  None for the last twelve months
    Raises InputError for a ledger without a bill.
    """
    from guardrail.cli.commands.finops.kpi.answers import months_before
    from guardrail.finops.allocation.sharing import Teams
    from guardrail.finops.savings.answer import FALLS_BACK, WINDOW, Facts, answer
    from guardrail.ledger.queries.changing import changed_resources
    from guardrail.ledger.queries.daily import bill_days
    from guardrail.ledger.queries.merging import merged_changes
    from guardrail.ledger.queries.metering import commitments, merged_by, meter_days, usage_meters

    ledger = opened.ledger
    told = bill_days(ledger, now)
    if not told:
        raise no_bill(ledger.where, " that tells single days", "--now is the time up to which bills are read")
    last = last or max(f"{now:%Y-%m}", f"{max(one.day for one in told):%Y-%m}", first or "")
    first = first or months_before(last, _MONTHS - 1)
    begin = date.fromisoformat(f"{first}-01") - timedelta(days=FALLS_BACK)
    since = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    changes = changed_resources(ledger, (), since, now)
    places = {(one.place.project or "", one.place.address or "") for one in changes}
    billed: defaultdict[str, set[date]] = defaultdict(set)
    for one in told:
        billed[one.source].add(one.day)
    dimensions = opened.allocation.dimensions(allocated=False)
    facts = Facts(
        changes,
        merged_by(ledger, merged_changes(ledger, since, now)),
        list(meter_days(ledger, places, dimensions, cost, begin - timedelta(days=WINDOW), now)),
        {source: frozenset(days) for source, days in billed.items()},
        usage_meters(ledger, places),
        frozenset(commitments(ledger, places)),
    )
    return answer(facts, Teams(opened.allocation).of, first, last, by=by, cost=cost)
