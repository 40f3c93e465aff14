"""What bills come to, summed by what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from guardrail.ledger.duck import literal, quoted
from guardrail.ledger.views import Ledger

COSTS = {
    "billed": "billed_cost",
    "effective": "effective_cost",
    "contracted": "contracted_cost",
    "list": "list_cost",
}
"""The costs that a charge may have, by the columns that hold them."""

_OF_CHARGES = {
    "service": "service_name",
    "account": "coalesce(sub_account_id, billing_account_id)",
    "region": "region_id",
    "category": "charge_category",
    "commitment": "commitment_discount_status",
    "meter": "meter",
    "resource": "resource_id",
    "provider": "provider_name",
    "source": "source",
    "month": "month",
    "unit": "consumed_unit",
}
_OF_MATCHES = ("project", "address", "evidence")
TAG, TAG_OF_ADDRESS = "tag:", "tag-of-address:"
"""What comes before the key of a tag: one of the bill's, or one that the resource has in the newest state of its project."""
COLUMN = "column:"
"""What comes before the name of a column of the export that has no place among those of charges."""

PLAIN = (*_OF_CHARGES, *_OF_MATCHES)
"""What charges can be summed by, tags aside."""

_ADDRESS_TAGS = """
with newest_states as (select project, max("at") as "at" from states group by project),
newest_runs as (select project, arg_max(run, "at") as run from runs where project not in (select project from states) group by project),
address_tags as (
    select project, address, any_value(tags) as address_tags from (
        select project, address, tags from inventory semi join newest_states using (project, "at")
        union all
        select project, address, tags from lines join newest_runs using (run))
    group by project, address)
"""


class Spent(Struct, frozen=True):
    """Charges that agree in all that they are summed by.

    of        a value for each dimension, None where the bill tells none
    amount    exact, of the rows that have it; None where none has
    without   how many of the rows do not have it
    quantity  consumed quantity, in the unit that the dimension `unit` tells
    """

    of: dict[str, str | None]
    month: str
    source: str
    open: bool
    currency: str
    amount: Decimal | None
    rows: int
    without: int
    quantity: Decimal | None


class BillMonth(Struct, frozen=True):
    """A month of a source's bill that is there."""

    source: str
    month: str
    open: bool


def bill_months(ledger: Ledger) -> list[BillMonth]:
    """Return the months that there is a bill of, by source and month."""
    found = ledger.once("select source, month, bool_or(open) from charges group by all order by all")
    return [BillMonth(*row) for row in found]


def newest_bills(ledger: Ledger) -> list[tuple[str, str, bool, datetime | None, datetime | None]]:
    """Return of each source its newest month, whether that is open, until when it has charges, and when it was imported."""
    found = ledger.rows("""
        select source, month, bool_or(open), max(charge_period_end), max(imported_at) from charges
        group by source, month qualify month = max(month) over (partition by source) order by source""")
    return [(*row,) for row in found]


def rates(ledger: Ledger) -> list[tuple[str, str, str, Decimal, str]]:
    """Return the exchange rates of the ledger: month, from, to, rate and who says so."""
    return [(*row,) for row in ledger.rows('select month, "from", "to", rate, source from rates order by all')]


def tag_keys(ledger: Ledger, first: str, last: str) -> list[str]:
    """Return the keys of the tags on the bills of some months."""
    found = ledger.rows(f"""
        select distinct unnest(map_keys(tags)) from charges where month between {literal(first)} and {literal(last)} order by all""")
    return [key for (key,) in found]


def spent(ledger: Ledger, dimensions: Sequence[str], cost: str, first: str, last: str) -> list[Spent]:
    """Return what the bills of some months come to.

    dimensions   of PLAIN, or a tag ("tag:KEY", "tag-of-address:KEY"), or a column ("column:NAME")
    cost         of COSTS
    first, last  months like 2026-10, both included
    Raises InputError for a ledger that cannot be read.
    """
    common, tables = matched_charges(dimensions) if _needs_addresses(dimensions) else ("", "charges")
    amount = COSTS[cost]
    rows = ledger.rows(
        f"""{common} select {dimension_columns(dimensions)}month as _month, source as _source, open as _open, billing_currency as _currency,
            sum({amount}) as _amount, count(*) as _rows, count(*) - count({amount}) as _without,
            sum(consumed_quantity) as _quantity
        from {tables} where month between {literal(first)} and {literal(last)} group by all order by all"""
    )
    width = len(dimensions)
    return [Spent(dict(zip(dimensions, row[:width], strict=True)), *row[width:]) for row in rows]


def dimension_columns(dimensions: Sequence[str]) -> str:
    """Return what charges say of dimensions, as SQL that other columns may follow."""
    return "".join(f"{_expression(name)} as {quoted(f'by {name}')}, " for name in dimensions)


def matched_charges(dimensions: Sequence[str]) -> tuple[str, str]:
    """Return what a query over charges with their addresses begins with, and the tables that it reads."""
    if not any(name.startswith(TAG_OF_ADDRESS) for name in dimensions):
        return "", "matched"
    return _ADDRESS_TAGS, "matched left join address_tags using (project, address)"


def _needs_addresses(dimensions: Sequence[str]) -> bool:
    return any(name in _OF_MATCHES or name.startswith(TAG_OF_ADDRESS) for name in dimensions)


def _expression(dimension: str) -> str:
    """Return what a charge says of a dimension, as SQL; an empty text is none."""
    if dimension.startswith(TAG):
        text = f"tags[{literal(dimension.removeprefix(TAG))}]"
    elif dimension.startswith(TAG_OF_ADDRESS):
        text = f"address_tags[{literal(dimension.removeprefix(TAG_OF_ADDRESS))}]"
    elif dimension.startswith(COLUMN):
        text = f"x[{literal(dimension.removeprefix(COLUMN))}]"
    else:
        text = _OF_CHARGES.get(dimension, dimension)
    return f"nullif({text}, '')"
