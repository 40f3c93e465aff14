"""What a ledger knows of single resources: metrics by day, hours on the bill, and their ids."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from guardrail.ledger.views import Ledger
from guardrail.metrics.day import MetricDay


class BilledHours(Struct, frozen=True):
    """Hours of a resource in the newest month that has any of it, and how many of them no commitment covers."""

    id: str
    source: str
    month: str
    hours: Decimal
    on_demand: Decimal


def metric_days(ledger: Ledger, metrics: tuple[str, ...], days: int) -> Iterator[MetricDay]:
    """Give the days of some metrics of whole resources, the newest `days` that there are of each source."""
    rows = ledger.rows(
        """
        select source, id, metric, day, greatest(points, 1), mean, "min", p50, p95, p99, coalesce("max", mean), coalesce(unit, '')
        from metrics
        where series = '' and metric in (select unnest(?)) and mean is not null
            and day > (select max(day) from metrics) - ?::integer
        order by id, metric, day, source
        """,
        [list(metrics), days],
    )
    yield from (MetricDay(*row) for row in rows)


def billed_hours(ledger: Ledger) -> Iterator[BilledHours]:
    """Give the hours that bills have of resources: of usage that is consumed in hours."""
    rows = ledger.rows(
        """
        with used as (
            select resource_id as id, source, month, sum(consumed_quantity) as hours,
                sum(consumed_quantity) filter (commitment_discount_id is null) as on_demand
            from charges
            where charge_category = 'Usage' and resource_id is not null and consumed_quantity is not null
                and lower(consumed_unit) in ('hour', 'hours', 'hrs', '1 hour')
                and coalesce(pricing_category, '') <> 'Dynamic'
            group by all)
        select id, source, month, hours, coalesce(on_demand, 0) from used
        where hours > 0 qualify row_number() over (partition by id order by month desc, source) = 1 order by id
        """
    )
    yield from (BilledHours(*row) for row in rows)


def known_ids(ledger: Ledger) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Give project, address and ids of the resources in the newest state of each project."""
    rows = ledger.rows(
        """
        select project, address, ids from inventory
        semi join (select project, max("at") as "at" from inventory group by project) using (project, "at")
        order by project, address
        """
    )
    yield from ((project, address, tuple(ids or ())) for project, address, ids in rows)
