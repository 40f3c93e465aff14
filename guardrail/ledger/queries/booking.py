"""What bills have booked day by day, summed by what budgets tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from guardrail.bills.booked import Booked, Place
from guardrail.ledger.duck import literal
from guardrail.ledger.queries.snapshotting import PLACES
from guardrail.ledger.queries.spending import COSTS
from guardrail.ledger.views import Ledger

Counted = Iterable[tuple[int, int, bool]]
"""Place, budget, and whether charges of the place are the budget's for sure; what is none of a budget's is not there."""


class Wanted(Struct, frozen=True):
    """What is asked of the bills.

    cost    of COSTS
    keys    tags that budgets match
    types, addresses   whether budgets match types, addresses (or modules): what none does is summed
    first   month from which on
    now     charges that begin later are left out
    """

    cost: str
    keys: Sequence[str]
    types: bool
    addresses: bool
    first: str
    now: datetime


def booked(ledger: Ledger, wanted: Wanted, count: Callable[[Sequence[Place]], Counted]) -> list[Booked]:
    """Return what bills have booked of budgets, by day; `count` says which places are of which budget.

    Rows of bills are summed by place and day before, and by budget after: what Python sees grows with budgets and days, not with rows.
    Raises InputError for a ledger that cannot be read.
    """
    ledger.rows(_by_place(wanted))
    places = [
        Place(
            project,
            address,
            kind,
            dict(zip(wanted.keys, own, strict=True)) if placed else None,
            dict(zip(wanted.keys, billed, strict=True)),
        )
        for project, address, kind, placed, own, billed in ledger.rows(
            "select project, address, type, placed, own, billed from _places order by place"
        )
    ]
    counted = list(count(places))
    ledger.rows(
        "create or replace temp table _counted as "
        "select unnest(?::bigint[]) as place, unnest(?::bigint[]) as budget, unnest(?::boolean[]) as certain",
        [list(column) for column in zip(*counted, strict=True)] or [[], [], []],
    )
    rows = ledger.rows("""
        select budget, certain, source, month, day, regular, is_usage, billing_currency, sum(more), sum(less), sum(gaps)::bigint
        from _booked join _counted using (place) group by all order by all""")
    return [Booked(*row) for row in rows]


def _by_place(wanted: Wanted) -> str:
    amount = COSTS[wanted.cost]
    own = ", ".join(f"nullif(places.tags[{literal(key)}], '')" for key in wanted.keys)
    billed = ", ".join(f"nullif(matched.tags[{literal(key)}], '')" for key in wanted.keys)
    address = "address" if wanted.addresses else "null::varchar"
    kind = "places.type" if wanted.types else "null::varchar"
    # Without keys of tags, addresses and types nothing hangs on what a place is.
    placed = "places.address is not null" if wanted.keys or wanted.types or wanted.addresses else "false"
    now = literal(wanted.now.isoformat())
    return f"""
        create or replace temp table _told as
            {PLACES},
            summed as (select project, {address} as address, {kind} as type, {placed} as placed,
                [{own}]::varchar[] as own, [{billed}]::varchar[] as billed, source, month,
                (charge_period_start at time zone 'UTC')::date as day, billing_currency,
                coalesce(charge_category, 'Usage') = 'Usage' as is_usage,
                coalesce(charge_period_end - charge_period_start > interval 1 day, false) as is_long,
                concat_ws(', ', nullif(service_name, ''), coalesce(charge_category, 'Usage'), nullif(charge_description, ''),
                    commitment_discount_id) as kind,
                coalesce(sum({amount}) filter ({amount} > 0), 0) as more, coalesce(sum({amount}) filter ({amount} < 0), 0) as less,
                count(*) - count({amount}) as gaps
            from matched left join places using (project, address)
            where month >= {literal(wanted.first)} and month <= {literal(f"{wanted.now:%Y-%m}")}
                and charge_period_start < {now}::timestamptz
            group by all)
            select *, dense_rank() over (order by project, address, type, placed, own, billed) - 1 as place from summed;
        create or replace temp table _regular as
            select source, kind from (
                select source, kind, month, count(distinct day) as days from _told where not is_usage group by all)
            group by source, kind having max(days) = 1;
        create or replace temp table _places as
            select distinct place, project, address, type, placed, own, billed from _told;
        create or replace temp table _booked as
            select place, source, month, day, billing_currency, case when is_regular then kind else '' end as regular,
                is_usage and is_regular as is_usage, sum(more) as more, sum(less) as less, sum(gaps)::bigint as gaps
            from (
                select _told.*, is_long or (not is_usage and _regular.kind is not null) as is_regular
                from _told left join _regular using (source, kind))
            group by all
    """
