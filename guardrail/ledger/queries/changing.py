"""What merged changes have made of resources, and what open pull requests would make of them, by the runs of a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from guardrail.bills.booked import ChangedResource, Place, ProposedResource
from guardrail.ledger.duck import literal
from guardrail.ledger.views import Ledger

_COMMON = """
with so as (
    select run, project, "at", currency, row_number() over (partition by project order by "at", run) as number
    from runs where event is distinct from 'pull_request' and "at" <= {now}::timestamptz),
"""
_OF_LINE = """coalesce(component, '') as component, coalesce(component_group, '') as component_group, coalesce(usage_key, '') as usage_key,
        coalesce(sku, '') as sku, address"""
_PRICED = """component is not null and monthly is null and status not in ('usage', 'assumed')"""
"""A component without a price: what depends on usage that nobody gave is told by the bill, not by an estimate."""


def changed_resources(ledger: Ledger, keys: Sequence[str], since: datetime, now: datetime) -> list[ChangedResource]:
    """Return what merged changes have made of resources since a time: what a run of a project says that the one before it did not.

    Runs of pull requests count where they say that they were merged, and no other run of the project has followed.
    A price that changes, and usage that is estimated anew, change no bill. Raises InputError for a ledger that cannot be read.
    """
    rows = ledger.once(
        f"""
        {_COMMON.format(now=literal(now.isoformat()))}
        wanted as (
            select newer.project, newer.run, older.run as before, newer."at", older."at" as since, newer.currency
            from so as newer join so as older on newer.project = older.project and newer.number = older.number + 1
            where newer."at" >= {literal(since.isoformat())}::timestamptz),
        sides as (
            select wanted.run, true as after, lines.* exclude (run) from lines join wanted using (run)
            union all
            select wanted.run, false, lines.* exclude (run) from lines join wanted on lines.run = wanted.before),
        {_per_line("sides", "run")},
        compared as ({_between_runs(keys)}),
        merged as (
            select project, run, merged_at as "at", "at" as since, currency from runs
            where event = 'pull_request' and merged_at between {literal(since.isoformat())}::timestamptz
                and {literal(now.isoformat())}::timestamptz
                and not exists (select * from so where so.project = runs.project and so."at" >= runs.merged_at)
            qualify row_number() over (partition by project, pull_request order by "at" desc, run) = 1),
        proposed as ({_within_run("merged", keys)})
        select project, address, type, tags, "at", since, is_new, is_gone, currency, monthly, unpriced
        from (select * from compared join wanted using (run) union all by name select * from proposed join merged using (run))
        where monthly <> 0 or unpriced > 0 order by project, "at", address"""
    )
    shown = _states(ledger, sorted({row[0] for row in rows}), since, now)
    return [
        ChangedResource(
            _place(keys, project, address, kind, tags),
            _since(shown.get(project, []), address, at, before, is_new=is_new, is_gone=is_gone),
            at,
            currency,
            monthly,
            unpriced,
        )
        for project, address, kind, tags, at, before, is_new, is_gone, currency, monthly, unpriced in rows
    ]


def proposed_resources(ledger: Ledger, keys: Sequence[str], since: datetime, now: datetime) -> list[ProposedResource]:
    """Return what open pull requests would make of resources.

    since  pull requests that were last checked before are taken for closed
    A pull request is open as long as no run says that it was merged, and no later run of its project has all that it changes.
    Raises InputError for a ledger that cannot be read.
    """
    rows = ledger.rows(
        f"""
        {_COMMON.format(now=literal(now.isoformat()))}
        asked as (
            select project, pull_request, arg_max(run, "at") as run, max("at") as "at", arg_max(currency, "at") as currency from runs
            where pull_request is not null and event = 'pull_request' and "at" <= {literal(now.isoformat())}::timestamptz
            group by project, pull_request
            having count(merged_at) = 0 and max("at") >= {literal(since.isoformat())}::timestamptz),
        proposed as ({_within_run("asked", keys)}),
        newest as (select project, arg_max(run, number) as newest, max("at") as newest_at from so group by project),
        here as (
            select run, address, {_SIGNATURE} as form from lines join newest on lines.run = newest.newest group by run, address),
        there as (
            select asked.run, lines.address, {_SIGNATURE} as form from lines join asked using (run) group by asked.run, lines.address),
        done as (
            select proposed.run from proposed join asked using (run) join newest using (project)
            left join there on there.run = proposed.run and there.address = proposed.address
            left join here on here.run = newest.newest and here.address = proposed.address
            where newest_at > asked."at"
            group by proposed.run having bool_and(there.form is not distinct from here.form))
        select project, address, type, tags, pull_request, currency, monthly, unpriced
        from proposed join asked using (run) where run not in (select run from done)
        order by project, pull_request, address"""
    )
    return [
        ProposedResource(_place(keys, project, address, kind, tags), number, currency, monthly, unpriced)
        for project, address, kind, tags, number, currency, monthly, unpriced in rows
    ]


_SIGNATURE = (
    """list_sort(list(concat_ws('|', component, component_group, sku, coalesce(quantity::varchar, ''), status)))"""
)


def _per_line(of: str, by: str) -> str:
    """Return a table `per_line`: sides that agree in what tells one line of a resource from another."""
    return f"""
        per_line as (
            select {by}, after, {_OF_LINE}, any_value(type) as type, any_value(tags) as tags, sum(quantity) as quantity,
                sum(monthly) as monthly, max(unit_price) as unit_price, count(*) filter ({_PRICED}) as unpriced
            from {of} group by {by}, after, component, component_group, usage_key, sku, address)"""


def _between_runs(keys: Sequence[str]) -> str:
    """Return what differs between two runs by address: lines that only one of them has, and quantities that are no usage."""
    return f"""
        select run, address, any_value(type) as type, any_value({_tags(keys)}) as tags, not bool_or(had) as is_new, not bool_or(has) as is_gone,
            coalesce(sum(case
                when not had_line then monthly when not has_line then -was_monthly when usage_key <> '' then 0
                when quantity is null or was_quantity is null then 0
                when quantity = was_quantity then 0
                else ((quantity - was_quantity)::double * unit_price::double)::decimal(38, 18) end), 0)::decimal(38, 18) as monthly,
            coalesce(sum(unpriced) filter (not had_line), 0)::bigint as unpriced
        from (
            select run, address, coalesce(new.type, old.type) as type, coalesce(new.tags, old.tags) as tags, usage_key,
                old.component is not null as had_line, new.component is not null as has_line, new.monthly, old.monthly as was_monthly,
                new.quantity, old.quantity as was_quantity, new.unit_price, new.unpriced,
                bool_or(old.component is not null) over of_address as had, bool_or(new.component is not null) over of_address as has
            from (select * from per_line where after) as new
            full join (select * from per_line where not after) as old
                using (run, address, component, component_group, usage_key, sku)
            window of_address as (partition by run, address))
        group by run, address"""


def _within_run(of: str, keys: Sequence[str]) -> str:
    """Return what runs of pull requests say of each address: after the change less before it, at one and the same usage."""
    sides = " union all ".join(
        f"""select run, {sign} as sign, address, type, {_tags(keys)} as tags, coalesce(monthly, 0) * {sign} as monthly,
            {f"({_PRICED})::bigint" if sign > 0 else "0"} as unpriced from {view} semi join {of} using (run)"""
        for view, sign in (("lines", 1), ("lines_before", -1))
    )
    return f"""
        select run, address, any_value(type) as type, any_value(tags) as tags, count(*) filter (sign < 0) = 0 as is_new,
            count(*) filter (sign > 0) = 0 as is_gone, sum(monthly)::decimal(38, 18) as monthly,
            case when sum(monthly) = 0 and count(*) filter (sign < 0) > 0 then 0 else sum(unpriced) end::bigint as unpriced
        from ({sides}) group by run, address
        having sum(monthly) <> 0 or (sum(unpriced) > 0 and count(*) filter (sign < 0) = 0)"""


def _tags(keys: Sequence[str]) -> str:
    return f"[{', '.join(f'tags[{literal(key)}]' for key in keys)}]::varchar[]"


def _place(keys: Sequence[str], project: str, address: str, kind: str | None, tags: Sequence[Any] | None) -> Place:
    own = dict(zip(keys, tags or (), strict=False))
    return Place(project, address, kind, {key: own.get(key) or None for key in keys}, dict.fromkeys(keys))


def _states(
    ledger: Ledger, projects: Sequence[str], since: datetime, now: datetime
) -> dict[str, list[tuple[datetime, frozenset[str]]]]:
    """Return the states of projects in order of time, each with the addresses that it has."""
    if not projects:
        return {}
    rows = ledger.rows(
        f"""
        select states.project, states."at", coalesce(list(address) filter (address is not null), []) as addresses
        from states left join inventory using (project, "at", state)
        where states.project = any({literal(list(projects))}::varchar[]) and states."at" >= {literal(since.isoformat())}::timestamptz
            and states."at" <= {literal(now.isoformat())}::timestamptz
        group by states.project, states."at" order by states.project, states."at" """
    )
    found: dict[str, list[tuple[datetime, frozenset[str]]]] = {}
    for project, at, addresses in rows:
        found.setdefault(project, []).append((at, frozenset(addresses)))
    return found


def _since(
    states: Sequence[tuple[datetime, frozenset[str]]],
    address: str,
    at: datetime,
    before: datetime,
    *,
    is_new: bool,
    is_gone: bool,
) -> datetime | None:
    """Return from when on a change was there: states tell it of what is new or gone, runs of all else."""
    later = [(time, address in there) for time, there in states if time > before]
    if not (is_new or is_gone) or not any(time >= at for time, _ in later):
        return at
    return next((time for time, is_there in later if is_there == is_new), None)
