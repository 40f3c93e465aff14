"""Which charges, and which resources of runs, count for which budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from guardrail.bills.booked import Place
from guardrail.policy.budgets import Budget, BudgetMatch
from guardrail.policy.glob import matches_any
from guardrail.terraform.address import parse


def counted(
    budgets: Sequence[Budget], numbers: Sequence[int], places: Sequence[Place], environments: Mapping[str, str]
) -> Iterator[tuple[int, int, bool]]:
    """Give for each place the budgets that it counts for, or may: its number, the budget's, and whether that is sure.

    numbers  of the budgets that are asked about
    A budget is asked about no place of a project that it is not for.
    """
    of_project: defaultdict[str | None, list[int]] = defaultdict(list)
    for number, place in enumerate(places):
        of_project[place.project].append(number)
    for budget in numbers:
        match = budgets[budget].match
        for project, there in of_project.items():
            if project is not None and _of_project(match, _names(match), project, environments) is False:
                continue
            for number in there:
                counts = of_budget(match, places[number], environments)
                if counts is not False:
                    yield number, budget, counts is True


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
