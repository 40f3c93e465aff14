"""What a snapshot is made of: bills by month, and what resources came to."""

from __future__ import annotations

from guardrail.bills.parts import ResourceMonth, SourceMonth
from guardrail.ledger.duck import literal
from guardrail.ledger.queries.spending import COSTS
from guardrail.ledger.views import Ledger

PLACES = """
with newest_states as (select project, max("at") as "at" from states group by project),
newest_runs as (select project, arg_max(run, "at") as run from runs where project not in (select project from states) group by project),
places as (
    select project, address, any_value(type) as type, any_value(tags) as tags, flatten(list(ids)) as ids from (
        select project, address, type, tags, ids from inventory semi join newest_states using (project, "at")
        union all
        select project, address, type, tags, normal_forms(id) || normal_forms(arn) from lines join newest_runs using (run))
    group by project, address)
"""


def source_months(ledger: Ledger) -> list[SourceMonth]:
    """Return the bills that there are, by source and month. Only usage tells how far a bill goes: fees are of whole months."""
    rows = ledger.rows("""
        select source, month, bool_or(open), max(charge_period_end) filter (charge_category = 'Usage'), max(imported_at),
            min(charge_period_start) filter (charge_category = 'Usage')
        from charges group by source, month order by source, month""")
    return [SourceMonth(*row) for row in rows]


def resource_months(ledger: Ledger, cost: str, month: str) -> list[ResourceMonth]:
    """Return what each resource came to in a month."""
    amount = COSTS[cost]
    rows = ledger.rows(
        f"""{PLACES}
        select project, address, any_value(places.type), any_value(places.ids), billing_currency,
            coalesce(sum({amount}), 0), count(*) - count({amount})
        from matched left join places using (project, address)
        where month = {literal(month)} and address is not null
        group by project, address, billing_currency order by project, address, billing_currency"""
    )
    return [
        ResourceMonth(project, address, kind, tuple(sorted(set(ids or ()))), currency, found, gaps)
        for project, address, kind, ids, currency, found, gaps in rows
    ]
