"""What merged changes have made of resources, and which pull request had proposed it, by the runs of a ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from guardrail.bills.daily import ChangeOfResource
from guardrail.ledger.duck import literal
from guardrail.ledger.queries.changing import changed_resources
from guardrail.ledger.views import Ledger

_OPEN = timedelta(days=60)
"""How long a pull request may have been open, since its last run, before what it proposes is merged."""
_ALIKE = Decimal("0.01")  # a month: a proposal that differs by more is not the change


class _Proposal(Struct, frozen=True):
    at: datetime
    number: int
    monthly: Decimal


def merged_changes(ledger: Ledger, since: datetime, now: datetime) -> list[ChangeOfResource]:
    """Return what changes have made of resources since a time, in order of time, with the pull request that had proposed each.

    What depends on usage that nobody has given has no amount, and is counted: a new bucket may cost anything.
    What the newest state of a project does not show yet accounts for nothing. Raises InputError for a ledger that cannot be read.
    """
    proposals = _proposals(ledger, since - _OPEN, now)
    usage = _usage_based(ledger, since, now)
    found = []
    for one in changed_resources(ledger, (), since, now):
        place, more = (one.place.project or "", one.place.address or ""), 0
        for key in [key for key in usage if key[:2] == place and key[2] == one.merged]:
            more = usage.pop(key)
        if one.at is not None:
            found.append(ChangeOfResource(*place, one.merged, one.currency, one.monthly, None, one.unpriced + more))
    found += [ChangeOfResource(*key, "", Decimal(0), None, number) for key, number in usage.items()]
    return sorted(
        (replace(one, pull_request=_proposer(one, proposals.get((one.project, one.address), []))) for one in found),
        key=lambda one: (one.at, one.project, one.address),
    )


def _proposer(change: ChangeOfResource, proposals: Sequence[_Proposal]) -> int | None:
    """Return the newest pull request that had proposed a change of the same size."""
    alike = [
        one.number
        for one in proposals
        if change.at - _OPEN <= one.at <= change.at and abs(one.monthly - change.monthly) <= _ALIKE
    ]
    return alike[-1] if alike else None


def _usage_based(ledger: Ledger, since: datetime, now: datetime) -> dict[tuple[str, str, datetime], int]:
    """Return how many components without an amount, as they depend on usage, a run has that the one before it has not, by resource."""
    rows = ledger.rows(
        f"""
        with so as (
            select run, project, "at", lag(run) over (partition by project order by "at", run) as before
            from runs where event is distinct from 'pull_request' and "at" <= {literal(now.isoformat())}::timestamptz),
        wanted as (select * from so where before is not null and "at" >= {literal(since.isoformat())}::timestamptz),
        there as (
            select wanted.run, address, component, component_group from lines join wanted using (run)
            where monthly is null and status in ('usage', 'assumed')),
        former as (
            select wanted.run, address, component, component_group from lines join wanted on lines.run = wanted.before)
        select project, address, "at", count(*)::bigint
        from (select * from there except select * from former) join wanted using (run) group by all order by all"""
    )
    return {(project, address, at): number for project, address, at, number in rows}


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
