"""What the usage profiles assume, for people and for other programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from guardrail.costs.usage.profiles import Assumed, ProfileName, assumptions
from guardrail.errors import InputError, did_you_mean
from guardrail.model.money import decimal

_WIDTH = 80


def assumptions_text(types: Sequence[str]) -> str:
    """Return the assumptions of these types, of all without any, as text of 80 columns. Raises InputError for another type."""
    return "".join(f"{line}\n" for line in _lines(_chosen(types)))


def assumptions_json(types: Sequence[str]) -> str:
    """Return the same as a list: type, key, the value of each profile (absent where the key is left out), basis."""
    chosen = [
        {"type": one.type, "key": one.key, **(dict(one.values) if one.values else {}), "basis": one.basis}
        for one in _chosen(types)
    ]
    return f"{json.dumps(chosen, indent=1)}\n"


def spelled(value: float) -> str:
    """Return a value as people write it: 30,000,000 or 0.45."""
    return f"{decimal(value):,f}"


def _chosen(types: Sequence[str]) -> list[Assumed]:
    known = {one.type for one in assumptions()}
    for name in types:
        if name not in known:
            hint = did_you_mean(name, known) or "`guardrail usage assumptions` lists all types"
            raise InputError(f"no profile assumes usage of {name}", fix=hint)
    return [one for one in assumptions() if not types or one.type in types]


def _lines(chosen: Iterable[Assumed]) -> Iterator[str]:
    previous = ""
    for one in chosen:
        if one.type != previous:
            yield from ([""] if previous else [])
            yield one.type
            previous = one.type
        values = one.values
        told = "  ".join(f"{name} {spelled(values[name])}" for name in ProfileName) if values else "left out"
        yield f"  {one.key}: {told}"
        yield from textwrap.wrap(one.basis, _WIDTH, initial_indent="    ", subsequent_indent="    ")
