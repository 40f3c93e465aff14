"""What bills charge day by day, summed by what anomalies are told apart by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from guardrail.bills.daily import BillDay, DailyCharges, FirstSpend
from guardrail.ledger.duck import literal
from guardrail.ledger.queries.spending import COSTS, dimension_columns, matched_charges
from guardrail.ledger.views import Ledger

_AT_ONCE = 500  # series in memory while they are read
_DAY = "(charge_period_start at time zone 'UTC')::date"
_IS_SPEND = "coalesce(charge_category, 'Usage') in ('Usage', 'Purchase')"


def daily_charges(
    ledger: Ledger, dimensions: Sequence[str], cost: str, first: date, now: datetime
) -> Iterator[DailyCharges]:
    """Give what bills charge from a day on, up to a time, by what is told of it and by day.

    dimensions  of `spending.PLAIN`, or tags
    cost        of COSTS
    Rows are summed in the database: what Python sees grows with resources and days. Raises InputError for a ledger that cannot be read.
    """
    common, tables = matched_charges(dimensions)
    amount = COSTS[cost]
    width = len(dimensions)
    named = ", ".join(f"_d{number}" for number in range(width))
    columns = f"{named}, " if width else ""
    with_ = f"{common}, " if common else "with "
    query = f"""
        {with_} _told({columns}_currency, _source, _kind, _day, _amount, _without) as (
            select {dimension_columns(dimensions)}billing_currency, source,
                case when not {_IS_SPEND} then 'other'
                    when charge_period_end - charge_period_start > interval 25 hour then 'long' else 'daily' end as _kind,
                {_DAY} as _day, sum({amount}), count(*) - count({amount})
            from {tables}
            where month >= {literal(f"{first:%Y-%m}")} and charge_period_start >= {literal(f"{first}T00:00:00Z")}::timestamptz
                and charge_period_start < {literal(now.isoformat())}::timestamptz
            group by all)
        select {columns}_currency, _source, _kind, list(_day order by _day),
            list(case when _without = 0 then _amount end order by _day), sum(_without)::bigint
        from _told group by all order by all"""
    for row in ledger.stream(query, _AT_ONCE):
        of = dict(zip(dimensions, row[:width], strict=True))
        currency, source, kind, days, amounts, without = row[width:]
        yield DailyCharges(of, currency or "", source, kind, tuple(days), tuple(amounts), without)


def bill_days(ledger: Ledger, now: datetime) -> list[BillDay]:
    """Return the days that bills have charges of, up to a time. Charges of more than a day tell nothing of single days."""
    rows = ledger.once(
        f"""select source, {_DAY}, bool_or(open), max(imported_at) from charges
        where charge_period_end - charge_period_start <= interval 25 hour
            and charge_period_start < {literal(now.isoformat())}::timestamptz
        group by all order by all"""
    )
    return [BillDay(*row) for row in rows]


def first_spends(ledger: Ledger, cost: str, now: datetime) -> list[FirstSpend]:
    """Return since when each service has cost anything in a region of an account."""
    rows = ledger.rows(
        f"""select source, coalesce(sub_account_id, billing_account_id), service_name, region_id, min({_DAY}) from charges
        where {_IS_SPEND} and {COSTS[cost]} > 0 and charge_period_start < {literal(now.isoformat())}::timestamptz
        group by all order by all"""
    )
    return [
        FirstSpend(source, account or None, service or None, region or None, day)
        for source, account, service, region, day in rows
    ]
