"""Expressions that only look a value up: `attr.size`, `get(each, 'iops', null)`.

An engine would take over all values of the scope first, which takes many times longer than to look one of them up. Where there
is no such value, or it is not known, an engine says what follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from guardrail.cel.analysis.names import Path
from guardrail.cel.engine.conversion import Value, result_of
from guardrail.cel.functions.collections import get

_PATH = r"\w+(?:\.\w+)*"
_GET = re.compile(rf"get\(({_PATH}), '([\w.]+)', (null|true|false|\[\]|'[\w ]*')\)")
_WORDS = {"null": None, "true": True, "false": False}
_PLAIN = frozenset({bool, float, type(None), str, list, dict})
NOWHERE = object()
"""Stands for a value that is for an engine to find."""


class Lookup(Struct, frozen=True):
    """A place in the values of a scope, and what `get` is asked for of it: "" where it is not asked."""

    path: Path
    steps: str
    default: str

    def value(self, values: Mapping[str, Any]) -> Value:
        """Return what is there, of values as engines are given them; NOWHERE if that is for an engine to say."""
        found: Any = values
        for step in self.path:
            found = found.get(step, NOWHERE) if type(found) is dict else NOWHERE
        if type(found) not in _PLAIN:
            return NOWHERE
        if not self.steps:
            return result_of(found)
        default: Value = [] if self.default == "[]" else _WORDS.get(self.default, self.default[1:-1])
        try:
            return result_of(get(found, self.steps, default))
        except ValueError:
            return NOWHERE


def lookup_of(text: str, reads: frozenset[Path]) -> Lookup | None:
    """Return what an expression looks up, None for one that does more; `reads` is what it reads with defined names expanded."""
    asked = _GET.fullmatch(text)
    path = tuple((asked[1] if asked else text).split("."))
    if reads != {path}:
        return None
    return Lookup(path, asked[2], asked[3]) if asked else Lookup(path, "", "")
