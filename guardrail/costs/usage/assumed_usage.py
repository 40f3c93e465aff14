"""A bill on assumed usage: what is known by given usage stays as it is, and the rest is marked with the profile it stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from guardrail.costs.bill import Bill, Working
from guardrail.costs.billing import assuming
from guardrail.costs.usage.profiles import Profile
from guardrail.model.cost import Line, LineStatus
from guardrail.model.money import ZERO, decimal

_Key = tuple[object, ...]
_AMOUNT = frozenset({LineStatus.PRICED, LineStatus.ASSUMED})


def on_assumed_usage(given: Bill, profiled: Bill, usage: Mapping[str, Any], profile: Profile) -> Bill:
    """Return the bill with assumed usage, its lines told apart from those that stand on given usage.

    given     the bill by the usage that is given, which stays what rules and budgets judge
    profiled  the same resource with what the profile assumes where nothing is given
    usage     what is given
    """
    same = defaultdict(list)
    for working in given.workings:
        same[_key(working.line)].append(working)
    least = _minimums(given.workings)
    workings = []
    for working in profiled.workings:
        if alike := same[_key(working.line)]:
            workings.append(alike.pop(0))
        else:
            workings += _marked(working, least, usage, profile)
    left = [one for alike in same.values() for one in alike]
    lost = [one for one in left if one.line.status in _AMOUNT or (one.line.at_least and _charge(one) in least)]
    if lost or not any(working.line.usage_profile for working in workings):
        return given  # nothing that is known may go by an assumption
    return replace(given, workings=tuple(workings), given=given.cost)


def _key(line: Line) -> _Key:
    """Return what two lines are told apart by. Notes may differ: the first line of a bill tells what others leave out."""
    return (
        line.group,
        line.name,
        line.status,
        line.monthly_quantity,
        line.unit_price,
        line.monthly_cost,
        line.at_least,
    )


def _minimums(workings: Sequence[Working]) -> dict[_Key, list[Working]]:
    """Return the lines at a minimum, by what charges for them."""
    found: dict[_Key, list[Working]] = defaultdict(list)
    for working in workings:
        if working.line.at_least:
            found[_charge(working)].append(working)
    return found


def _charge(working: Working) -> _Key:
    return (working.line.group, id(working.charge))


def _marked(
    working: Working, least: dict[_Key, list[Working]], usage: Mapping[str, Any], profile: Profile
) -> Iterator[Working]:
    line = working.line
    if line.monthly_quantity is None or line.status not in _AMOUNT:
        yield working
        return
    text = f"usage (profile {profile.name}){_values(working, usage, profile)}"
    minimum = sum((one.line.monthly_cost or ZERO for one in least.get(_charge(working), ())), ZERO)
    cost = line.monthly_cost or ZERO
    if minimum > cost and _charge(working) in least:
        # What is assumed stays within the minimum: that is paid, and nothing of it is assumed.
        for one in least.pop(_charge(working)):
            yield replace(one, line=_within(one.line, profile, text))
        return
    least.pop(_charge(working), None)
    marked = replace(line, usage_profile=profile.name, assumed_usage=cost - minimum)
    yield replace(working, line=assuming(marked, text))


def _within(line: Line, profile: Profile, text: str) -> Line:
    priced = replace(line, status=LineStatus.PRICED, at_least=False, note="", usage_profile=profile.name, reason=None)
    return assuming(replace(priced, remedy=""), f"{text}, within the minimum")


def _values(working: Working, usage: Mapping[str, Any], profile: Profile) -> str:
    """Return which values are assumed: ": monthly_requests 10,000,000"; "" where the line reads none by its own name."""
    reads = working.charge.reads if working.charge else frozenset()
    paths = sorted(path[1:] for path in reads if path[0] == "usage" and path[1:])
    assumed = profile.of(working.tariff.type)
    found = [(".".join(path), _at(assumed, path)) for path in paths if _at(usage, path) is None]
    told = [f"{key} {_spelled(value)}" for key, value in found if value is not None and not isinstance(value, Mapping)]
    return f": {', '.join(told)}" if told else ""


def _at(usage: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = usage
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _spelled(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{decimal(value):,f}" if is_number else str(value)
