"""Runs, their lines, and bills matched with resources: what estimates are held to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from guardrail.ledger.duck import literal
from guardrail.ledger.queries.spending import COSTS
from guardrail.ledger.views import Ledger


class RunRow(Struct, frozen=True):
    """A run of a project."""

    run: str
    at: datetime
    project: str
    event: str | None
    pull_request: int | None
    merged_at: datetime | None
    currency: str


class LineRow(Struct, frozen=True):
    """A line of a run, after the change or before it. `tags` of the resource."""

    run: str
    before: bool
    address: str
    type: str
    component: str | None
    group: str | None
    unit: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    monthly: Decimal | None
    status: str
    usage_key: str | None
    meter: str | None
    team: str | None


class ChargeRow(Struct, frozen=True):
    """Rows of a month's bill that agree in what they are of, and have the cost that is asked for.

    meter_name            what Azure calls its meter, whose id `meter` is
    list_price            of one unit, where all rows have the same
    quantity, listed ...  sums, None where a row that costs something does not have it
    begin, end            of the earliest charge, and of the latest
    """

    month: str
    source: str
    open: bool
    currency: str
    project: str | None
    address: str | None
    evidence: str
    category: str
    commitment: str | None
    of_commitment: bool
    meter: str | None
    meter_name: str | None
    unit: str | None
    service: str | None
    team: str | None
    quantity: Decimal | None
    list_price: Decimal | None
    listed: Decimal | None
    contracted: Decimal | None
    cost: Decimal
    rows: int
    begin: datetime
    end: datetime


def run_rows(ledger: Ledger) -> list[RunRow]:
    """Return all runs."""
    columns = 'run, "at", project, event, pull_request, merged_at, currency'
    return [RunRow(*row) for row in ledger.rows(f"select {columns} from runs order by all")]


def line_rows(ledger: Ledger, runs: Sequence[str], team_tag: str) -> list[LineRow]:
    """Return the lines of runs, in an order that is always the same."""
    tag = f"nullif(tags[{literal(team_tag)}], '')"
    parts = (
        f"""select run, {before} as before, "address", type, component, component_group, unit, quantity, unit_price, monthly, status,
            usage_key, meter, {tag} as team from {view} where run = any({literal(list(runs))}::varchar[])"""
        for view, before in (("lines", "false"), ("lines_before", "true"))
    )
    return [LineRow(*row) for row in ledger.rows(f"{' union all '.join(parts)} order by all")]


def charge_rows(ledger: Ledger, first: str, last: str, cost: str, team_tag: str) -> list[ChargeRow]:
    """Return what the bills of months say, with what each charge was matched with.

    first, last  months like 2026-10, both included
    cost         of COSTS
    """
    amount = COSTS[cost]

    def known(column: str) -> str:
        return f"case when bool_or({column} is null and {amount} <> 0) then null else coalesce(sum({column}), 0) end"

    return [
        ChargeRow(*row)
        for row in ledger.rows(f"""
        select month, source, open, billing_currency, project, address, evidence, coalesce(charge_category, 'Usage') as category,
            commitment_discount_status, commitment_discount_id is not null as of_commitment, nullif(meter, '') as meter,
            nullif(x['MeterName'], '') as meter_name, nullif(consumed_unit, '') as unit, nullif(service_name, '') as service,
            nullif(tags[{literal(team_tag)}], '') as team, {known("consumed_quantity")},
            case when min(list_unit_price) = max(list_unit_price) then min(list_unit_price) end, {known("list_cost")},
            {known("contracted_cost")}, sum({amount}), count(*), min(charge_period_start), max(charge_period_end)
        from matched where month between {literal(first)} and {literal(last)} and {amount} is not null
        group by all order by all""")
    ]


def rows_without(ledger: Ledger, month: str, cost: str) -> list[tuple[str, str, int]]:
    """Return source, month and number of the rows that do not have a cost."""
    return [
        (str(source), month, int(rows))
        for source, rows in ledger.rows(
            f"select source, count(*) from charges where month = {literal(month)} and {COSTS[cost]} is null group by source order by source"
        )
    ]


class UsedRow(Struct, frozen=True):
    """What was used of a meter of a resource in a month, by the time of the charges. `quantity` None where a row lacks it."""

    month: str
    source: str
    project: str
    address: str
    evidence: str
    meter: str | None
    meter_name: str | None
    unit: str | None
    list_price: Decimal | None
    quantity: Decimal | None
    rows: int
    begin: datetime
    end: datetime


def newest_charge(ledger: Ledger) -> datetime | None:
    """Return the end of the newest charge for usage, None where there is none."""
    ((end,),) = ledger.rows("select max(charge_period_end) from charges where charge_category = 'Usage'")
    return end if isinstance(end, datetime) else None


def used_rows(ledger: Ledger, since: datetime) -> list[UsedRow]:
    """Return what was used of resources that charges were matched with, in charges that begin from a time on."""
    return [
        UsedRow(*row)
        for row in ledger.rows(
            """
        select strftime(charge_period_start, '%Y-%m') as month, source, project, address, evidence, nullif(meter, '') as meter,
            nullif(x['MeterName'], '') as meter_name, nullif(consumed_unit, '') as unit,
            case when min(list_unit_price) = max(list_unit_price) then min(list_unit_price) end,
            case when bool_or(consumed_quantity is null and coalesce(list_cost, billed_cost, effective_cost) <> 0) then null
                else coalesce(sum(consumed_quantity), 0) end,
            count(*), min(charge_period_start), max(charge_period_end)
        from matched where address is not null and charge_period_start >= ? and charge_category = 'Usage'
            and commitment_discount_status is distinct from 'Unused'
        group by all order by all""",
            [since],
        )
    ]
