"""Real costs beside estimates: of resources, of budgets, and how estimates of a type have come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from guardrail.model.billed.snapshot import Snapshot


class KnownSnapshot(Struct, frozen=True):
    """A ledger's snapshot as a run has it.

    where     the file, as guardrail.yaml names it
    snapshot  None where there is none that may be used
    why       why not, in words that follow "not known: "
    remedy    what to do about it
    """

    where: str
    snapshot: Snapshot | None = None
    why: str = ""
    remedy: str = ""


class RealCost(Struct, frozen=True):
    """What a resource came to in a month. `amount` is None where an export does not tell all of it."""

    month: str
    amount: Decimal | None
    open: bool = False


class TypeAccuracy(Struct, frozen=True):
    """How estimates of a resource type have come out.

    resources, months   how many were compared, over how many months
    estimated, billed   what both came to, of the same resources and hours
    """

    type: str
    resources: int
    months: int
    estimated: Decimal
    billed: Decimal


class BudgetForecast(Struct, frozen=True):
    """What a budget's period will come to by the forecast of a snapshot. None for what is not known.

    known, most   without and with charges of which nothing tells whose they are, before this change
    half          how far it may be off in four cases of five
    change        what this change adds to the period if it is merged now
    others        open pull requests beside this one that add something; `added` is what they add to the period
    if_all_merge  `known` with this change and all others
    why           what keeps it from being known, or known exactly; "" for nothing
    """

    known: Decimal | None = None
    most: Decimal | None = None
    half: Decimal | None = None
    change: Decimal | None = None
    others: int | None = None
    added: Decimal | None = None
    if_all_merge: Decimal | None = None
    why: str = ""


class BudgetSpend(Struct, frozen=True):
    """What of a budget is spent in the period that the run falls into, and what it comes to with the rest of it.

    period       2026-11, 2026-Q4 or 2026
    through      until when bills tell it; None where they do not
    spent, projected   at least; None where not known
    spent_most, projected_most   at most; None where not known
    why          what keeps it from being known, or known exactly; "" for nothing
    forecast     None in results of before there were forecasts
    """

    name: str
    period: str
    limit: Decimal | None
    through: datetime | None = None
    spent: Decimal | None = None
    spent_most: Decimal | None = None
    projected: Decimal | None = None
    projected_most: Decimal | None = None
    why: str = ""
    forecast: BudgetForecast | None = None


class LedgerView(Struct, frozen=True):
    """What a report shows of a ledger's snapshot.

    cost       which cost amounts are: effective or billed
    month      which the real costs are of; None where there is none that is told whole
    open       a bill of the month may still change
    real       by name of the project and address
    accuracy   of the types at hand
    budgets    that limit what is spent
    why        why nothing is known; "" where the snapshot is used
    """

    file: str
    generated_at: datetime | None = None
    cost: str = ""
    month: str | None = None
    open: bool = False
    real: Mapping[tuple[str, str], RealCost] = field(default_factory=dict)
    accuracy: tuple[TypeAccuracy, ...] = ()
    budgets: tuple[BudgetSpend, ...] = ()
    why: str = ""
