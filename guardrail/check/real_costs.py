"""What bills have come to beside the estimates of a run, by the snapshot of a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from guardrail.model.billed.costs import BudgetSpend, KnownSnapshot, LedgerView, RealCost, TypeAccuracy
from guardrail.model.report import ProjectReport
from guardrail.model.resource import Change

if TYPE_CHECKING:
    from guardrail.model.billed.snapshot import BilledResource, Snapshot
_NEVER = datetime.min.replace(tzinfo=UTC)


def ledger_view(
    known: KnownSnapshot, projects: Iterable[ProjectReport], spends: Sequence[BudgetSpend] = ()
) -> LedgerView:
    """Return what a report shows of a snapshot."""
    snapshot = known.snapshot
    if snapshot is None:
        return LedgerView(known.where, budgets=tuple(spends), why=known.why)
    projects = tuple(projects)
    types = {resource.change.type for project in projects for resource in project.resources}
    return LedgerView(
        known.where,
        snapshot.generated_at,
        snapshot.cost,
        snapshot.month,
        any(one.open for one in snapshot.months if one.month == snapshot.month),
        _real(snapshot, projects),
        tuple(
            TypeAccuracy(one.type, one.resources, one.months, Decimal(one.estimated), Decimal(one.billed))
            for one in sorted(snapshot.types, key=lambda one: one.type)
            if one.type in types
        ),
        tuple(spends),
    )


def notes(known: KnownSnapshot) -> list[str]:
    """Say that what bills have come to is not known, where there is no snapshot to be used."""
    if known.snapshot:
        return []
    return [f"real costs, and what is spent of budgets, are not known: {known.why} ({known.remedy})"]


def joined(views: Sequence[LedgerView]) -> LedgerView | None:
    """Return what several results show of a ledger as one: that of the newest snapshot, with the resources of all that have it."""
    if not views:
        return None
    newest = max(views, key=lambda one: (one.generated_at is not None, one.generated_at or _NEVER))
    alike = [one for one in views if one.generated_at == newest.generated_at]
    accuracy = {one.type: one for view in alike for one in view.accuracy}
    return replace(
        newest,
        real={key: cost for view in alike for key, cost in view.real.items()},
        accuracy=tuple(accuracy[name] for name in sorted(accuracy)),
        budgets=tuple({one.name: one for view in alike for one in view.budgets}.values()),
    )


def _real(snapshot: Snapshot, projects: Sequence[ProjectReport]) -> dict[tuple[str, str], RealCost]:
    month = snapshot.month
    if month is None:
        return {}
    is_open = any(one.open for one in snapshot.months if one.month == month)
    by_address = {(one.project, one.address): one for one in snapshot.resources}
    by_id: dict[str, BilledResource | None] = {}
    for one in snapshot.resources:
        for name in one.ids:
            by_id[name] = None if name in by_id else one  # an id that two have says nothing
    found = {}
    for project in projects:
        for resource in project.resources:
            billed = _billed(project.name, resource.change, by_address, by_id)
            if billed:
                amount = None if billed.amount is None else Decimal(billed.amount)
                found[project.name, resource.change.address] = RealCost(month, amount, is_open)
    return found


def _billed(
    project: str,
    change: Change,
    by_address: Mapping[tuple[str, str], BilledResource],
    by_id: Mapping[str, BilledResource | None],
) -> BilledResource | None:
    """Return what was billed for a resource: by its id, which a new name does not change, else by its address."""
    for name in (change.ids.arn, change.ids.id):
        if name and (found := by_id.get(name)):
            return found
    return by_address.get((project, change.previous_address or change.address))
