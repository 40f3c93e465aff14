"""Budgets: limits on what a part of the resources costs in a month, and what that part costs."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import field

from guardrail.files.section import (
    AfterValidator,
    Field,
    Section,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from guardrail.model.cost import ResourceCost
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import ProjectReport
from guardrail.model.resource import Change, Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.billed import NOT_BILLED, Billed
from guardrail.policy.budget_alerts import AlertOrShare
from guardrail.policy.glob import Globs, matches_any, may_begin
from guardrail.policy.spend import Spend, added, missing, spend, spends
from guardrail.policy.variables.context import Project

Patterns = tuple[str, ...]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
_MONTH = r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"


def _month(name: str) -> str:
    if not re.fullmatch(_MONTH, name):
        raise ValueError("is not a month like 2026-10")
    return name


MonthName = Annotated[str, AfterValidator(_month), WithJsonSchema({"type": "string", "pattern": _MONTH})]


class BudgetMatch(Section):
    """Which resources count: those that fit all that is given. Texts are globs."""

    project: str | None = None
    projects: Patterns = ()
    env: str | None = None
    tags: dict[str, str | Patterns] = field(default_factory=dict)
    """effective tags: a value, or several of which one must fit"""
    types: Patterns = ()
    modules: Patterns = ()
    addresses: Patterns = ()

    @field_validator("tags", mode="after")
    @classmethod
    def _listed(cls, tags: dict[str, str | Patterns]) -> dict[str, Patterns]:
        return {key: (value,) if isinstance(value, str) else value for key, value in tags.items()}


class Period(StrEnum):
    """How long a budget's `spend` lasts, by the calendar in UTC."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Budget(Section):
    """A budget of the configuration. Amounts are in the configuration's currency, and per month but for `spend`."""

    name: Annotated[str, StringConstraints(min_length=1)]
    match: BudgetMatch = BudgetMatch()
    monthly: Amount | None = None
    """what its resources may cost"""
    increase: Amount | None = None
    """what one change may add"""
    increase_percent: Amount | None = None
    """the same, in percent of what was"""
    spend: Amount | None = None
    """what may be billed in the period: what bills say of it so far, by the ledger's snapshot, and the rest of it at the estimate"""
    amounts: dict[MonthName, Amount] = field(default_factory=dict)
    """instead of `spend`: what may be billed in each month, like {2026-11: 1000, 2026-12: 1500}; a longer period may come to their sum"""
    period: Period = Period.MONTH
    """what `spend` is for: month, quarter or year"""
    cost: Literal["effective", "billed"] | None = None
    """which cost is counted: with commitments spread over what they are for (effective), or as invoiced (billed); default: effective"""
    alerts: tuple[AlertOrShare, ...] = ()
    """shares of the amount, in percent, that `guardrail budget` tells of once they are passed: 80 or {spent: 80}, {forecast: 100}"""

    @model_validator
    def _limits_agree(self) -> None:
        if self.spend is not None and self.amounts:
            raise ValueError("spend and amounts are two ways to say the same: keep one of them")
        if self.alerts and not self.limits_spend:
            raise ValueError("alerts are shares of what may be billed: give spend or amounts, too")

    @property
    def limits_spend(self) -> bool:
        """Whether it says what may be billed."""
        return self.spend is not None or bool(self.amounts)

    def limit(self, months: Sequence[str]) -> Decimal | Unknown | None:
        """Return what may be billed in months, None for no limit; unknown where there are amounts, and none for one of them."""
        if not self.amounts:
            return self.spend
        lacking = [month for month in months if month not in self.amounts]
        if lacking:
            why = f"the budget {self.name} has no amount for {', '.join(lacking)}"
            return Unknown("budget.spend", f"not known: {why}", None, f"add it to its amounts: {{{lacking[0]}: ...}}")
        return sum((self.amounts[month] for month in months), Decimal(0))

    def values(
        self, sums: Spend, billed: Billed = NOT_BILLED, limit: Decimal | Unknown | None = None
    ) -> dict[str, Json]:
        """Return what a rule reads below `budget`; `limit` is what may be billed in the period of the run."""
        names = ("name", "monthly", "increase", "increase_percent")
        limits: dict[str, Json] = {name: getattr(self, name) for name in names}
        return {
            **limits,
            "period": self.period.value,
            "cost": sums.values("budget.cost"),
            "spend": limit,
            **billed.values(sums, limit),
        }


def spent(budgets: Sequence[Budget], projects: Iterable[tuple[Project, ProjectReport]]) -> list[Spend]:
    """Return what each budget's resources cost.

    Each side of a change counts by its own tags, so that a resource can move from one budget to another. Where a tag
    that decides is known only after apply, the resource counts as one without a price; so does a block that was not
    evaluated, unless its type, module or address tells that it is none of the budget's.
    """
    index = _Index(budgets)
    sums = [Spend()] * len(budgets)
    for project, bill in projects:
        parts: defaultdict[int, list[Spend]] = defaultdict(list)
        plays_in = index.playing_in(project)
        changes = (resource.change for resource in bill.resources)
        meant = index.candidates(changes, plays_in)
        for resource, whole, candidates in zip(bill.resources, spends(bill.resources), meant, strict=True):
            for number in candidates:
                match = budgets[number].match
                if _place(match, resource) and (part := _part(match, resource, whole)):
                    parts[number].append(part)
        for number, concerning in _missing(budgets, plays_in, bill.not_evaluated):
            parts[number] += concerning
        for number, found in parts.items():
            sums[number] += added(found)
    return sums


def counting(budgets: Sequence[Budget], projects: Iterable[tuple[Project, ProjectReport]]) -> set[int]:
    """Return the places of the budgets that some resource counts for, or may: a tag that decides can be unknown."""
    index, found = _Index(budgets), set[int]()
    for project, bill in projects:
        plays_in = index.playing_in(project)
        changes = (resource.change for resource in bill.resources)
        for resource, candidates in zip(bill.resources, index.candidates(changes, plays_in), strict=True):
            for number in candidates - found:
                if _counts(budgets[number].match, resource):
                    found.add(number)
    return found


class _Index:
    """Which of many budgets a resource may count for: each is looked up by the narrowest thing that it asks for."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self._budgets = budgets
        self._everywhere: set[int] = set()
        self._tagged: dict[str, tuple[set[int], Globs[int]]] = {}
        self._places: dict[str, Globs[int]] = {name: Globs() for name in ("address", "module", "type")}
        for number, budget in enumerate(budgets):
            match = budget.match
            # Addresses and modules are narrower than tags, and tags than types: the index goes by the narrowest.
            if match.tags and not (match.addresses or match.modules):
                # One tag is enough to look up by: the others are compared when a candidate is found.
                key, values = next(iter(match.tags.items()))
                numbers, globs = self._tagged.setdefault(key, (set(), Globs()))
                numbers.add(number)
            elif match.addresses or match.modules or match.types:
                name = "address" if match.addresses else "module" if match.modules else "type"
                globs, values = self._places[name], match.addresses or match.modules or match.types
            else:
                self._everywhere.add(number)
                continue
            for value in values:
                globs.add(value, number)

    def playing_in(self, project: Project) -> set[int]:
        """Return the places of the budgets that count anything in a project."""
        return {number for number, budget in enumerate(self._budgets) if plays_in(budget.match, project)}

    def candidates(self, changes: Iterable[Change], plays_in: set[int]) -> Iterator[set[int]]:
        """Give, for each resource, the places of the budgets that it may count for, some of which it does not."""
        always = self._everywhere & plays_in
        asks = len(self._everywhere) < len(self._budgets)
        for change in changes:
            yield always | (self._looked_up(change) & plays_in) if asks else always

    def _looked_up(self, change: Change) -> set[int]:
        candidates: set[int] = set()
        for name, globs in self._places.items():
            candidates.update(globs.find(getattr(change, name)))
        for tags in (change.tags, change.before_tags):
            for key, (numbers, globs) in self._tagged.items():
                value = tags.unknown or tags.values.get(key)
                if value is not None:
                    # A tag that is not known may have any value, so every budget that asks for its key is a candidate.
                    candidates.update(globs.find(value) if isinstance(value, str) else numbers)
        return candidates


def _missing(
    budgets: Sequence[Budget], plays_in: set[int], blocks: Sequence[NotEvaluated]
) -> Iterator[tuple[int, list[Spend]]]:
    """Give what is missing from each budget. Budgets that differ in their tags alone miss the same."""
    known: dict[tuple[Patterns, ...], list[Spend]] = {}
    for number in sorted(plays_in) if blocks else ():
        match = budgets[number].match
        key = (match.types, match.modules, match.addresses)
        if key not in known:
            known[key] = [missing(block) for block in blocks if _may_concern(match, block)]
        yield number, known[key]


def _may_concern(match: BudgetMatch, block: NotEvaluated) -> bool:
    """Say whether resources of a block that was not evaluated may be the budget's. What its tags are nobody knows."""
    if block.type:
        fits_module = not match.modules or matches_any(match.modules, block.module)
    else:
        fits_module = not match.modules or any(may_begin(glob, block.module) for glob in match.modules)
    return (
        fits_module
        and (not match.types or not block.type or matches_any(match.types, block.type))
        and (not match.addresses or any(may_begin(glob, block.address) for glob in match.addresses))
    )


def _counts(match: BudgetMatch, resource: ResourceCost) -> bool:
    """Say whether a resource of a project that the budget is for counts, or may."""
    change = resource.change
    if not _place(match, resource):
        return False
    sides = [tags for side, tags in ((change.after, change.tags), (change.before, change.before_tags)) if side]
    return not match.tags or any(_tagged(match.tags, tags) is not False for tags in sides)


def plays_in(match: BudgetMatch, project: Project) -> bool:
    """Say whether a budget counts anything in a project."""
    names = (*match.projects, *([match.project] if match.project is not None else []))
    return (not names or matches_any(names, project.name)) and (
        match.env is None or matches_any([match.env], project.env)
    )


def _place(match: BudgetMatch, resource: ResourceCost) -> bool:
    change = resource.change
    return (
        (not match.types or matches_any(match.types, change.type))
        and (not match.modules or matches_any(match.modules, change.module))
        and (not match.addresses or matches_any(match.addresses, change.address))
    )


def _part(match: BudgetMatch, resource: ResourceCost, whole: Spend) -> Spend | None:
    """Return what of a resource counts, by the tags of each side; `whole` is all of it. None: nothing."""
    if not match.tags:
        return whole
    change = resource.change
    # A deleted resource has no tags after; by those of before its end is a saving of the same budget.
    after = _tagged(match.tags, change.tags if change.after else change.before_tags)
    before = _tagged(match.tags, change.before_tags) if change.before else False
    if after is True and (before is True or not change.before):
        return whole
    if after is False and before is False:
        return None
    open_before, open_after = isinstance(before, Unknown), isinstance(after, Unknown)
    sums = spend(resource, before=before is True, after=after is True)
    return sums + Spend(
        before_unpriced=int(open_before),
        unpriced=int(open_after),
        delta_unpriced=int(open_before or open_after),
        delta_open_below=int(open_before),
        tags_unknown=int(open_before or open_after),
    )


def _tagged(wanted: Mapping[str, str | Patterns], tags: Tags) -> bool | Unknown:
    """Say whether tags fit; Unknown if that depends on one known only after apply."""
    if tags.unknown:
        return tags.unknown
    pairs = [(tags.values.get(key), values) for key, values in wanted.items()]
    if any(value is None or (isinstance(value, str) and not matches_any(values, value)) for value, values in pairs):
        return False
    return next((value for value, _ in pairs if isinstance(value, Unknown)), True)
