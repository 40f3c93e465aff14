"""What merged changes have made of resources, and which pull request had proposed it, by the runs of a ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from guardrail.bills.daily import ChangeOfResource
from guardrail.ledger.duck import literal
from guardrail.ledger.views import Ledger

_OPEN = timedelta(days=60)
"""How long a pull request may have been open, since its last run, before what it proposes is merged."""
_ALIKE = Decimal("0.01")  # a month: a proposal that differs by more is not the change


@dataclass(frozen=True, slots=True)
class _Proposal:
    at: datetime
    number: int
    monthly: Decimal


def merged_changes(ledger: Ledger, since: datetime, now: datetime) -> list[ChangeOfResource]:
    """Return what changes have made of resources since a time, in order of time.

    A change is what a run that is of no pull request says, and the one of the project before it does not; a pull request
    counts by itself where its run says that it was merged, and no such run has followed.
    Raises InputError for a ledger that cannot be read.
    """
    proposals = _proposals(ledger, since - _OPEN, now)
    found = []
    for one in _changes(ledger, since, now):
        alike = [
            proposal.number
            for proposal in proposals.get((one.project, one.address), [])
            if one.at - _OPEN <= proposal.at <= one.at and abs(proposal.monthly - one.monthly) <= _ALIKE
        ]
        found.append(replace(one, pull_request=alike[-1]) if one.pull_request is None and alike else one)
    return found


def _changes(ledger: Ledger, since: datetime, now: datetime) -> Iterator[ChangeOfResource]:
    rows = ledger.rows(
        f"""
        with so as (
            select run, project, "at", currency, lag(run) over (partition by project order by "at", run) as before
            from runs where event is distinct from 'pull_request' and "at" <= {literal(now.isoformat())}::timestamptz),
        wanted as (select * from so where before is not null and "at" >= {literal(since.isoformat())}::timestamptz),
        sides as (
            select wanted.run, 1 as sign, lines.* exclude (run) from lines join wanted using (run)
            union all
            select wanted.run, -1, lines.* exclude (run) from lines join wanted on lines.run = wanted.before),
        compared as ({_COMPARED.format(of="sides")}),
        merged as (
            select run, project, merged_at as "at", currency, pull_request from runs
            where event = 'pull_request' and merged_at between {literal(since.isoformat())}::timestamptz
                and {literal(now.isoformat())}::timestamptz
                and not exists (select * from so where so.project = runs.project and so."at" >= runs.merged_at)
            qualify row_number() over (partition by project, pull_request order by runs."at" desc, run) = 1),
        of_merged as (
            select run, 1 as sign, lines.* exclude (run) from lines join merged using (run)
            union all
            select run, -1, lines_before.* exclude (run) from lines_before join merged using (run)),
        proposed as ({_COMPARED.format(of="of_merged")})
        select project, address, "at", currency, monthly, null::bigint, unpriced from compared join wanted using (run)
        union all
        select project, address, "at", currency, monthly, pull_request, unpriced from proposed join merged using (run)
        order by all"""
    )
    for project, address, at, currency, monthly, number, unpriced in sorted(
        rows, key=lambda row: (row[2], row[0], row[1])
    ):
        yield ChangeOfResource(project, address, at, currency, monthly, number, unpriced)


_COMPARED = """
    select run, address, coalesce(sum(monthly * sign), 0)::decimal(38, 18) as monthly,
        count(*) filter (is_odd)::bigint as unpriced
    from (
        select run, address, component, component_group, coalesce(sum(monthly * sign), 0) as monthly, 1 as sign,
            bool_or(monthly is null) and count(*) filter (sign > 0) <> count(*) filter (sign < 0) as is_odd
        from {of} where component is not null group by run, address, component, component_group)
    group by run, address
    having sum(monthly * sign) <> 0 or count(*) filter (is_odd) > 0"""
"""What each address costs more on one side than on the other; a component that only one of them has may lack its amount."""


def _proposals(ledger: Ledger, since: datetime, now: datetime) -> dict[tuple[str, str], list[_Proposal]]:
    """Return what pull requests have proposed for each resource, in order of time."""
    rows = ledger.rows(
        f"""
        with asked as (
            select run, project, "at", pull_request from runs
            where event = 'pull_request' and pull_request is not null
                and "at" between {literal(since.isoformat())}::timestamptz and {literal(now.isoformat())}::timestamptz),
        sides as (
            select run, address, monthly from lines semi join asked using (run)
            union all
            select run, address, -monthly from lines_before semi join asked using (run))
        select project, address, "at", pull_request, coalesce(sum(monthly), 0)::decimal(38, 18)
        from sides join asked using (run) group by all order by all"""
    )
    found: defaultdict[tuple[str, str], list[_Proposal]] = defaultdict(list)
    for project, address, at, number, monthly in rows:
        found[project, address].append(_Proposal(at, number, monthly))
    return {key: sorted(one, key=lambda proposal: proposal.at) for key, one in found.items()}
