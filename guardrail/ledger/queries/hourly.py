"""What bills say was used by the hour, on demand and under commitments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from guardrail.ledger.duck import literal
from guardrail.ledger.views import Ledger
from guardrail.model.billed.metered import Metered


def hourly_charges(
    ledger: Ledger, first: str, last: str, without: Iterable[tuple[str, str, str]] = ()
) -> list[Metered]:
    """Return what is sold by the hour and what commitments cost, of the bills of some months.

    first, last  months like 2026-10, both included
    without      source, month and account of what is left out
    Spot usage, corrections, and what a vendor neither sells by the hour nor covers are left out. Raises InputError for a
    ledger that cannot be read.
    """
    left_out = ", ".join(f"({', '.join(map(literal, one))})" for one in without)
    also = f" and (source, month, coalesce({_ACCOUNT}, '')) not in ({left_out})" if left_out else ""
    return _charges(ledger, "charges", f"month between {literal(first)} and {literal(last)}{also}")


def told_twice(ledger: Ledger, first: str, last: str) -> tuple[tuple[str, str, str], ...]:
    """Return source, month and account of what another source tells, too: as a bill by another export does.

    Kept is the source that tells what commitments cover, and of several the first by its name.
    """
    rows = ledger.rows(
        f"""select month, {_ACCOUNT} as account, source from charges
        where charge_category = 'Usage' and month between {literal(first)} and {literal(last)} and account is not null
        group by all order by month, account, count(effective_cost) = 0, source"""
    )
    kept: dict[tuple[str, str], str] = {}
    found = []
    for month, account, source in rows:
        if kept.setdefault((month, account), source) != source:
            found.append((source, month, account))
    return tuple(found)


def leaving(ledger: Ledger, first: str, last: str, since: datetime) -> tuple[list[Metered], tuple[str, ...]]:
    """Return the use on demand of what open pull requests delete, and the addresses that they delete.

    since  pull requests that were last checked before are taken for closed
    A pull request is open as long as no run says that it was merged. Raises InputError for a ledger that cannot be read.
    """
    with_runs = f"""
        with newest as (
            select project, pull_request, arg_max(run, "at") as run from runs
            where pull_request is not null
            group by project, pull_request
            having count(merged_at) = 0 and max("at") >= {literal(since.isoformat())}::timestamptz
        )
        select distinct newest.project, address from lines_before join newest using (run) where action = 'delete' order by all"""
    deleted = ledger.rows(with_runs)
    if not deleted:
        return [], ()
    places = ", ".join(f"({literal(project)}, {literal(address)})" for project, address in deleted)
    found = _charges(
        ledger,
        "matched",
        f"month between {literal(first)} and {literal(last)} and commitment_discount_id is null "
        f"and (project, address) in ({places})",
    )
    return found, tuple(address for _, address in deleted)


def _charges(ledger: Ledger, view: str, where: str) -> list[Metered]:
    on_demand = "coalesce(contracted_cost, case when not coalesce(covered, false) then effective_cost end, list_cost)"
    rows = ledger.rows(
        f"""
        with told as (
            select *, commitment_discount_status = 'Used' as covered,
                coalesce(nullif(x['MeterName'], ''), nullif(x['x_SkuMeterName'], ''), charge_description) as name,
                coalesce(nullif(x['MeterSubCategory'], ''), nullif(x['x_SkuMeterSubcategory'], '')) as series
            from {view}
            where {where}
                and (charge_category = 'Usage' or (charge_category = 'Purchase' and commitment_discount_id is not null))
                and coalesce(charge_class, '') <> 'Correction'
        )
        select source, month, billing_currency, coalesce(provider_name, ''), coalesce(service_name, ''),
            coalesce(region_id, ''), coalesce(name, ''), coalesce(series, ''), coalesce(meter, ''),
            coalesce(operation, ''), coalesce(consumed_unit, ''),
            epoch(charge_period_start)::bigint, epoch(charge_period_end)::bigint,
            coalesce(sum(case when covered or commitment_discount_id is null then consumed_quantity end), 0),
            case when count({on_demand}) = count(*) then sum({on_demand}) end,
            case when count(effective_cost) = count(*) then sum(effective_cost) end,
            max(list_unit_price), commitment_discount_id, coalesce(any_value(commitment_discount_type), ''),
            coalesce(covered, false)
        from told
        where commitment_discount_id is not null
            or ((pricing_category in ('Standard', 'On-Demand') or pricing_category is null)
                and regexp_matches(lower(coalesce(consumed_unit, '')), {literal(_HOURLY)}))
        group by all order by all"""
    )
    return [Metered(*row) for row in rows]


_ACCOUNT = "coalesce(sub_account_id, billing_account_id)"
_HOURLY = r"\b(hrs?|hours?|h|seconds?|vcpu-hours?|gb-hours?)\b"
"""Units of what is used for a time: Hrs, Hours, 1 Hour, GB-Hours, GiBy.h, Lambda-GB-Second."""
