"""Which charges, and which resources of runs, count for which budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from guardrail.bills.booked import Place
from guardrail.policy.budgets import Budget, BudgetMatch
from guardrail.policy.glob import is_pattern, matches_any
from guardrail.terraform.address import parse


def counted(
    budgets: Sequence[Budget], numbers: Sequence[int], places: Sequence[Place], environments: Mapping[str, str]
) -> Iterator[tuple[int, int, bool]]:
    """Give for each place the budgets that it counts for, or may: its number, the budget's, and whether that is sure.

    numbers  of the budgets that are asked about
    A budget is asked about no place of a project that it is not for.
    """
    of_project: defaultdict[str | None, _There] = defaultdict(_There)
    for number, place in enumerate(places):
        of_project[place.project].places[number] = place
    for budget in numbers:
        match = budgets[budget].match
        for project, there in of_project.items():
            if project is not None and _of_project(match, _names(match), project, environments) is False:
                continue
            for number in there.candidates(match):
                counts = of_budget(match, places[number], environments)
                if counts is not False:
                    yield number, budget, counts is True


class _There:
    """Places of one project, by number: each budget is asked about those alone that it may count by one thing that it asks for."""

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self._by: dict[str, defaultdict[str | None, list[int]]] = {}

    def candidates(self, match: BudgetMatch) -> list[int]:
        """Return the places that a budget may count, some of which it does not, in order."""
        globs: Sequence[str] = match.addresses
        name = "address"
        if not globs and match.tags:
            key, globs = next(iter(match.tags.items()))
            name = f"tag:{key}"
        elif not globs:
            return [*self.places]
        if name not in self._by:
            self._by[name] = self._looked_up_by(name)
        by = self._by[name]
        fitting = {value for glob in globs for value in (by if is_pattern(glob) else (glob,)) if value in by}
        values = [value for value in fitting if value is not None and matches_any(globs, value)]
        return sorted(number for value in (None, *values) for number in by.get(value, ()))

    def _looked_up_by(self, name: str) -> defaultdict[str | None, list[int]]:
        """Return the numbers of the places by a value, None for those of which nothing tells it."""
        found: defaultdict[str | None, list[int]] = defaultdict(list)
        for number, place in self.places.items():
            if name == "address":
                found[place.address].append(number)
                continue
            value = (place.bill_tags if place.tags is None else place.tags).get(name.removeprefix("tag:"))
            if value is not None or place.tags is None:  # a resource that lacks the tag is none of the budget's
                found[value].append(number)
        return found


def of_budget(match: BudgetMatch, charge: Place, environments: Mapping[str, str]) -> bool | None:
    """Say whether charges are a budget's; None where nothing tells it.

    A charge of no known project may be of any, and one of no known address of any resource in its project. Tags are those
    of the resource, and of a charge without one those of the bill, where it has all that are asked for.
    """
    answers: list[bool | None] = []
    names = _names(match)
    if names or match.env is not None:
        answers.append(None if charge.project is None else _of_project(match, names, charge.project, environments))
    for globs, value in (
        (match.types, charge.type),
        (match.modules, None if charge.address is None else _module_of(charge.address)),
        (match.addresses, charge.address),
    ):
        if globs:
            answers.append(None if value is None else matches_any(globs, value))
    if match.tags:
        answers.append(_of_tags(match.tags, charge))
    if False in answers:
        return False
    return None if None in answers else True


def _of_project(match: BudgetMatch, names: Sequence[str], project: str, environments: Mapping[str, str]) -> bool | None:
    if names and not matches_any(names, project):
        return False
    if match.env is None:
        return True
    env = environments.get(project)
    return None if env is None else matches_any([match.env], env)


def _of_tags(wanted: Mapping[str, str | tuple[str, ...]], charge: Place) -> bool | None:
    told = charge.tags if charge.tags is not None else charge.bill_tags
    answers = [None if (value := told.get(key)) is None else matches_any(globs, value) for key, globs in wanted.items()]
    if False in answers:
        return False
    if None in answers:
        return False if charge.tags is not None else None  # a resource that lacks the tag is none of the budget's
    return True


def _module_of(address: str) -> str:
    found = parse(address)
    return found.module if found else ""


def _names(match: BudgetMatch) -> tuple[str, ...]:
    return (*match.projects, *([match.project] if match.project is not None else []))
