"""`guardrail accuracy`: why a bill is not what was estimated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.spend import Dimensions, Month
from guardrail.cli.ledger_options import cost_option, ledger_options, no_bill
from guardrail.errors import ConfigError, InputError, did_you_mean

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.finops.accuracy import Compared as Item
    from guardrail.finops.accuracy import Month as Compared
    from guardrail.finops.accuracy.answer import Accuracy
    from guardrail.finops.accuracy.estimate import Estimate
    from guardrail.finops.accuracy.pairing import Billed
    from guardrail.ledger.queries.comparing import ChargeRow
    from guardrail.ledger.views import Ledger

_BY = ("project", "address", "type", "team", "component", "evidence")


@click.command(short_help="Why a bill is not what was estimated.")
@click.option(
    "--by",
    type=Dimensions(_BY, {}),
    default="address",
    show_default=True,
    help=f"What to sum by: {', '.join(_BY)}.",
)
@click.option("--month", type=Month(), help="Month of the bill. Default: the newest that there is a bill of.")
@click.option("--project", default="", help="One project alone. Default: all, and what belongs to none.")
@cost_option
@click.option("--currency", metavar="CODE", help="Currency to convert amounts to, at --rates.")
@click.option("--rates", type=click.Path(path_type=Path), help="CSV of exchange rates: month,from,to,rate,source.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    help="Default: table.",
)
@ledger_options
def accuracy(format_name: str, **values: Any) -> None:
    """Hold a month's bill to what was estimated, and say what the difference consists of, exactly.

    The estimate is the newest run before the end of the month; what a pull request proposes counts once it is merged.
    Charges are matched with resources by id, then by tag, then as a project's sum; the first line says how much by what.

    \b
    Parts of the difference, which come to it:
      time          the month has not 730 hours
      existence     it was there for a part of the month, or until it was changed
      usage         more or less was used than was estimated
      price         the list price was another one
      discount      what was agreed with the vendor, against the list
      commitments   what savings plans and reservations save, and what of them goes unused
      not modelled  on the bill, and in no line of the estimate: taxes, support, transfer
      not billed    in the estimate, and in no row of the bill
      unexplained   the bill does not say which of the parts above it is

    \b
    Examples:
      guardrail accuracy --month 2026-10
      guardrail accuracy --by type --project shop --format markdown
    """
    from guardrail.cli.output import say, terminal_width
    from guardrail.config import Flags, settings
    from guardrail.finops.accuracy.text import as_csv, as_json, as_markdown, as_table

    chosen = settings(Flags(inputs=("-",), config=values["config"]), Path.cwd())
    found = _answered(values, chosen)
    formats = {"markdown": as_markdown, "csv": as_csv, "json": as_json}
    say(as_table(found, terminal_width()) if format_name == "table" else formats[format_name](found))


def _answered(values: Mapping[str, Any], chosen: Settings) -> Accuracy:
    from guardrail.finops.accuracy import compare
    from guardrail.finops.accuracy.answer import (
        Accuracy,
        Asked,
        awaiting,
        matched_in,
        reasons_of,
        summed,
    )
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.comparing import charge_rows, rows_without
    from guardrail.ledger.queries.spending import bill_months
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    tags = TagKeys(chosen.address_tag, chosen.project_tag)
    store = open_store(values["where"] or chosen.ledger)
    ledger = open_ledger(store, tags)
    name = _month(values["month"], sorted({one.month for one in bill_months(ledger)}), store.where)
    cost = values["cost"]
    rows = charge_rows(ledger, name, name, cost, chosen.team_tag)
    missing = tuple(rows_without(ledger, name, cost))
    if not rows:
        fix = f"`--cost {'billed' if cost == 'effective' else 'effective'}` compares the other one"
        raise InputError(f"{cost} cost: not in this export: no row of {name} has it", fix=fix)
    month = _compared_month(name, rows)
    estimates = _estimates(ledger, month, values["project"], chosen.team_tag)
    bill, estimates, notes = _in_one_currency([_billed(row) for row in rows], estimates, values, name)
    compared = compare(month, estimates, bill)
    if values["project"]:
        compared = [one for one in compared if one.project == values["project"]]
    return Accuracy(
        Asked(name, values["by"], cost, values["project"]),
        month.hours,
        summed(compared, values["by"]),
        summed(compared, ()),
        matched_in(compared),
        tuple(one.chosen for one in estimates),
        reasons_of(compared),
        tuple((source, until.isoformat()) for source, until in sorted(month.until.items())),
        missing,
        awaiting(compared),
        (*(one.chosen.note for one in estimates if one.chosen.note), *notes),
    )


def compared_in(ledger: Ledger, month: str, cost: str, currency: str, team_tag: str) -> list[Item]:
    """Return a month's bill beside what was estimated, item by item, as far as both are in a currency."""
    from guardrail.finops.accuracy import compare
    from guardrail.ledger.queries.comparing import charge_rows

    rows = charge_rows(ledger, month, month, cost, team_tag)
    of = _compared_month(month, rows)
    estimates = [one for one in _estimates(ledger, of, "", team_tag) if one.chosen.currency == currency]
    return compare(of, estimates, [one for one in map(_billed, rows) if one.currency == currency])


def _month(asked: str | None, there: list[str], where: str) -> str:
    if not there:
        raise no_bill(where)
    if asked and asked not in there:
        raise InputError(
            f"this ledger has no bill of {asked}", where=where, fix=f"there are bills of {', '.join(there)}"
        )
    return asked or there[-1]


def _compared_month(name: str, rows: Iterable[ChargeRow]) -> Compared:
    """Return the month, and up to when there is a bill of it where it may still change."""
    from guardrail.finops.accuracy import Month as Compared

    year, number = map(int, name.split("-"))
    begin, end = datetime(year, number, 1, tzinfo=UTC), datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    until: dict[str, datetime] = {}
    for row in rows:
        if row.open and row.category == "Usage":
            until[row.source] = min(end, max(until.get(row.source, begin), row.end))
    return Compared(begin, end, until)


def _estimates(ledger: Ledger, month: Compared, project: str, team_tag: str) -> list[Estimate]:
    """Return what was estimated of each project, or of the one that is asked for."""
    from guardrail.finops.accuracy.estimate import EstimateLine, Run, chosen_runs, estimated
    from guardrail.finops.exact import units
    from guardrail.ledger.queries.comparing import line_rows, run_rows

    runs = [
        Run(row.run, row.at, row.project, row.event, row.pull_request, row.merged_at, row.currency)
        for row in run_rows(ledger)
    ]
    chosen = chosen_runs(runs, month.begin, month.end)
    if project and project not in {one.project for one in chosen}:
        known = [one.project for one in chosen]
        fix = did_you_mean(project, known) or (
            f"there are {', '.join(known)}" if known else "`guardrail ledger add` adds one"
        )
        raise InputError(f"the ledger has no run of a project {project!r}", fix=fix)
    wanted = {run for one in chosen for run, _ in one.sides}
    lines: dict[tuple[str, bool], list[EstimateLine]] = {}
    for row in line_rows(ledger, sorted(wanted), team_tag):
        quantity = None if row.quantity is None else Fraction(row.quantity)
        told = EstimateLine(
            *(row.address, row.type, row.component, row.group, row.unit, quantity),
            *(units(row.unit_price), units(row.monthly), row.status, row.usage_key, row.meter, row.team),
        )
        lines.setdefault((row.run, row.before), []).append(told)
    return [estimated(one, lines) for one in chosen]


def _billed(row: ChargeRow) -> Billed:
    from guardrail.finops.accuracy.pairing import Billed, meter_names
    from guardrail.finops.exact import units
    from guardrail.finops.unit import unit_of

    listed, quantity = units(row.listed), None if row.quantity is None else Fraction(row.quantity)
    price: int | Fraction | None = units(row.list_price)
    if price is None and listed and quantity:
        price = Fraction(listed) / quantity
    return Billed(
        source=row.source,
        currency=row.currency,
        project=row.project,
        address=row.address,
        evidence=row.evidence,
        category=row.category,
        commitment=row.commitment,
        of_commitment=row.of_commitment,
        meters=meter_names(row.meter, row.meter_name),
        unit=unit_of(row.unit),
        service=row.service,
        team=row.team,
        quantity=quantity,
        unit_price=price,
        listed=listed,
        contracted=units(row.contracted),
        cost=units(row.cost) or 0,
        rows=row.rows,
        begin=row.begin,
        end=row.end,
    )


def _in_one_currency(
    bill: list[Billed], estimates: list[Estimate], values: Mapping[str, Any], month: str
) -> tuple[list[Billed], list[Estimate], tuple[str, ...]]:
    """Return bill and estimates in currencies that can be compared: as they are, or all of them in the one that is asked for."""
    from guardrail.finops.accuracy.rates import in_currency
    from guardrail.finops.rates import read_rates

    if (values["currency"] is None) != (values["rates"] is None):
        raise ConfigError(
            "--currency and --rates belong together", fix="give both: amounts are converted at no other rates"
        )
    if values["currency"] is not None:
        return in_currency(bill, estimates, values["currency"], read_rates(values["rates"]), month)
    of_project = {one.chosen.project: one.chosen.currency for one in estimates}
    for one in bill:
        if one.project in of_project and one.currency != of_project[one.project]:
            what = f"the estimate of {one.project} is in {of_project[one.project]}, and its bill in {one.currency}"
            raise InputError(what, fix="give --currency and --rates, to convert both")
    return bill, estimates, ()
