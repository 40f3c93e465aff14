"""What bills charge for the meters of single resources by day and by month, and which meters follow usage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from guardrail.bills.daily import ChangeOfResource
from guardrail.bills.metered import MergedBy, MeterDay, MeterMonth
from guardrail.ledger.duck import literal
from guardrail.ledger.queries.spending import COSTS, dimension_columns, matched_charges
from guardrail.ledger.views import Ledger

Place = tuple[str, str]
"""Project and address."""
_AT_ONCE = 10_000  # rows in memory


def meter_days(
    ledger: Ledger, places: Collection[Place], dimensions: Sequence[str], cost: str, first: date, now: datetime
) -> Iterator[MeterDay]:
    """Give what resources were charged for usage from a day on, up to a time. What a commitment itself costs is none.

    dimensions  of `spending.PLAIN`, or tags
    cost        of COSTS
    Raises InputError for a ledger that cannot be read.
    """
    common, tables = matched_charges(dimensions)
    _places(ledger, places)
    amount, width = COSTS[cost], len(dimensions)
    query = f"""
        {common} select {dimension_columns(dimensions)}project, address, source, nullif(meter, ''), nullif(consumed_unit, ''),
            billing_currency, (charge_period_start at time zone 'UTC')::date as day,
            case when count({amount}) = count(*) then sum({amount}) end,
            case when not bool_or(consumed_quantity is null and {amount} <> 0) then coalesce(sum(consumed_quantity), 0) end
        from {tables} semi join _asked_places using (project, address)
        where charge_period_start >= {literal(f"{first}T00:00:00Z")}::timestamptz and charge_period_start < {literal(now.isoformat())}::timestamptz
            and coalesce(charge_category, 'Usage') = 'Usage' and commitment_discount_status is distinct from 'Unused'
            and (commitment_discount_id is null or resource_id is distinct from commitment_discount_id)
        group by all order by all"""
    for row in ledger.stream(query, _AT_ONCE):
        project, address, source, meter, unit, currency, day, cost_, quantity = row[width:]
        of = dict(zip(dimensions, row[:width], strict=True))
        yield MeterDay(project, address, source, meter, unit, currency or "", day, cost_, quantity, of)


def meter_months(ledger: Ledger, months: Sequence[str], cost: str) -> Iterator[MeterMonth]:
    """Give what bills of some months charge for each meter of each resource. Raises InputError for a ledger that cannot be read."""
    amount = COSTS[cost]
    query = f"""
        select month, billing_currency, coalesce(charge_category, 'Usage'), nullif(resource_id, ''), nullif(service_name, ''),
            nullif(meter, ''), nullif(consumed_unit, ''), commitment_discount_status, commitment_discount_id is not null,
            case when count({amount}) = count(*) then sum({amount}) end,
            case when not bool_or(contracted_cost is null and {amount} <> 0) then coalesce(sum(contracted_cost), 0) end,
            case when not bool_or(consumed_quantity is null and {amount} <> 0) then coalesce(sum(consumed_quantity), 0) end
        from charges where month = any({literal(list(months))}::varchar[]) group by all order by all"""
    for row in ledger.stream(query, _AT_ONCE):
        yield MeterMonth(*row)


def commitments(ledger: Ledger, places: Collection[Place]) -> set[Place]:
    """Return those of the places that are commitments: what is paid for them is matched with them."""
    _places(ledger, places)
    rows = ledger.rows("""
        select distinct project, address from matched semi join _asked_places using (project, address)
        where commitment_discount_id is not null and (resource_id = commitment_discount_id or charge_category = 'Purchase')""")
    return {(project, address) for project, address in rows}


def usage_meters(ledger: Ledger, places: Collection[Place]) -> dict[Place, dict[str, bool]]:
    """Return the meters that estimates of resources have lines for, and whether each follows a key of a usage file."""
    _places(ledger, places)
    rows = ledger.rows("""
        with told as (
            select run, address, meter, usage_key from lines where meter is not null
            union all
            select run, address, meter, usage_key from lines_before where meter is not null)
        select project, told.address, meter, bool_or(usage_key is not null)
        from told join runs using (run) join _asked_places using (project, address) group by all order by all""")
    found: dict[Place, dict[str, bool]] = {}
    for project, address, meter, follows in rows:
        found.setdefault((project, address), {})[meter] = bool(follows)
    return found


def merged_by(ledger: Ledger, changes: Sequence[ChangeOfResource]) -> list[MergedBy]:
    """Return the pull requests that changes come from, with their authors."""
    authors: dict[tuple[Any, ...], str | None] = {
        (project, number): author
        for project, number, author in ledger.rows(
            """select project, pull_request, arg_max(author, "at") from runs
            where pull_request is not null and author is not null group by all order by all"""
        )
    }
    return [
        MergedBy(
            one.project,
            one.address,
            one.at.date(),
            one.pull_request,
            authors.get((one.project, one.pull_request)),
        )
        for one in changes
        if one.pull_request is not None
    ]


def _places(ledger: Ledger, places: Collection[Place]) -> None:
    ledger.rows("create or replace temp table _asked_places (project varchar, address varchar)")
    wanted = sorted(places)
    for at in range(0, len(wanted), 1_000):
        rows = ", ".join(f"({literal(project)}, {literal(address)})" for project, address in wanted[at : at + 1_000])
        ledger.rows(f"insert into _asked_places values {rows}")
