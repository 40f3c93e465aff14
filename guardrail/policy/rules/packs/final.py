"""What is final in a rule, and whether a change of a rule makes it stricter or looser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from textwrap import shorten
from typing import Any

from guardrail.model.finding import Enforcement, OnUnknown, Severity
from guardrail.model.unknown import Json
from guardrail.policy.rules.packs.selection import Final

PARTS = ("enforcement", "severity", "on_unknown", "waivers", "params")
"""What can be final by itself; single parameters as params.NAME."""

_SHOWN = 100  # characters of a value
_STRICTNESS: Mapping[str, tuple[Any, ...]] = {
    "enforcement": (Enforcement.ADVISORY, Enforcement.APPROVAL, Enforcement.MANDATORY),
    "severity": tuple(Severity),
    "on_unknown": (OnUnknown.PASS, OnUnknown.WARN, OnUnknown.DENY),
}
"""From the loosest to the strictest."""


class Tighter(StrEnum):
    """Which values of a parameter are stricter than others."""

    LOWER = "lower"  # a number, or numbers in maps of the same keys
    HIGHER = "higher"
    MORE = "more"  # a list or map with more entries: what is required
    FEWER = "fewer"  # a list with fewer, but not none: what is allowed


FINAL_FIX = f"true, or a list of {', '.join(PARTS)} and params.NAME"


def final_faults(final: Final, params: Mapping[str, Any]) -> Iterator[str]:
    """Say what is called final and is no part of a rule with these parameters."""
    known = {*PARTS, *(f"params.{name}" for name in params)}
    yield from (
        f"{part!r} is no part of the rule" for part in (final if isinstance(final, tuple) else ()) if part not in known
    )


def joined(one: Final, other: Final) -> Final:
    """Return what is final where both are said."""
    if isinstance(one, bool) or isinstance(other, bool):
        return other if one is False else one if other is False else True
    return tuple(dict.fromkeys((*one, *other)))


def is_final(final: Final, part: str) -> bool:
    """Say whether a part of a rule is final."""
    if isinstance(final, bool):
        return final
    return part in final or (part.startswith("params.") and "params" in final)


def takes_waivers(rule: Any) -> bool:
    """Say whether findings of a rule can be waived. Approval is given by a waiver: there only `waivers` by name is final."""
    waits = rule.final is True and rule.enforcement is Enforcement.APPROVAL
    return rule.waivable and (waits or not is_final(rule.final, "waivers"))


def loosened(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    """Give the parts of a rule (two `Rule`s, before and after) that a change loosens, each with what was and what is.

    A parameter whose rule does not say which values are tighter is loosened by any change, since nothing tells.
    """
    for part, order in _STRICTNESS.items():
        was, now = getattr(before, part), getattr(after, part)
        if order.index(now) < order.index(was):
            yield part, f"{was} -> {now}"
    if after.effective_from and (before.effective_from is None or after.effective_from > before.effective_from):
        yield "enforcement", f"from {before.effective_from or 'now'} -> from {after.effective_from}"
    if not _asks_as_much(before, after):
        yield "waivers", "asks less of a waiver"
    for name, was in before.params.items():
        now = after.params[name]
        if now != was and not _is_tighter(was, now, before.tighter.get(name)):
            yield f"params.{name}", f"{_shown(was)} -> {_shown(now)}"


def _asks_as_much(before: Any, after: Any) -> bool:
    """Say whether waivers of a rule that has been set anew need all that they needed before."""
    by_fewer = not before.waivable_by or (bool(after.waivable_by) and set(after.waivable_by) <= set(before.waivable_by))
    return by_fewer and after.waivers == after.waivers.and_also(before.waivers)


def _shown(value: Json) -> str:
    return shorten(json.dumps(value, ensure_ascii=False), _SHOWN, placeholder="...")


def _is_tighter(was: Json, now: Json, direction: Tighter | None) -> bool:
    """Say whether a value is as strict as another or stricter. What cannot be compared is not."""
    match direction:
        case Tighter.LOWER:
            return _all_numbers(was, now, lambda old, new: new <= old)
        case Tighter.HIGHER:
            return _all_numbers(was, now, lambda old, new: new >= old)
        case Tighter.MORE if isinstance(was, list) and isinstance(now, list):
            return all(item in now for item in was)
        case Tighter.MORE if isinstance(was, dict) and isinstance(now, dict):
            return all(key in now and now[key] == value for key, value in was.items())
        case Tighter.FEWER:
            return _all_fewer(was, now)
    return False


def _all_numbers(was: Json, now: Json, fits: Callable[[float, float], bool]) -> bool:
    """Compare numbers, and those in maps key by key. A key that is new or gone changes which limit applies."""
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_all_numbers(was[key], now[key], fits) for key in was)
    return isinstance(was, int | float) and isinstance(now, int | float) and fits(was, now)


def _all_fewer(was: Json, now: Json) -> bool:
    """Compare lists, and those in maps key by key. An empty list asks for nothing in many a rule, so it is not fewer."""
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_all_fewer(was[key], now[key]) for key in was)
    return isinstance(was, list) and isinstance(now, list) and (was == now or bool(now)) and all(v in was for v in now)
