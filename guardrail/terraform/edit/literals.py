"""Values as Terraform's language spells them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from guardrail.model.plan.new_resource import Expression
from guardrail.model.unknown import Json

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Names that mean something else as a key, to some reader.
_WORDS = frozenset({"for", "true", "false", "null", "if", "in"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPECIAL = re.compile(r'[\\"\x00-\x1f\x7f\x85\u2028\u2029]|[$%](?=\{)')
_WHOLE = re.compile(r'\{[^{}"\\]*\}')  # an interpolation that ends, and has nothing in it that would need an escape


def literal(value: Json) -> str:
    """Return a value as a literal on one line; expressions are written as they are. Raises ValueError for what has none."""
    if value is None:
        return "null"
    if isinstance(value, bool):  # before numbers: True is an int in Python
        return "true" if value else "false"
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return f'"{_SPECIAL.sub(_escaped, value)}"'
    if isinstance(value, int | float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key(str(name))} = {literal(part)}" for name, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    msg = f"no literal for {value!r:.40}"
    raise ValueError(msg)


def key(name: str, *, is_quoted: bool = False) -> str:
    """Return the key of a map: plain where it is a name, else (or if `is_quoted`) a string."""
    return name if _NAME.fullmatch(name) and name not in _WORDS and not is_quoted else literal(name)


def _escaped(found: re.Match[str]) -> str:
    mark, text = found[0], found.string
    if mark in {"$", "%"} and _WHOLE.match(text, found.end()) and text[: found.start()][-1:] not in {"$", "%"}:
        return mark * 2  # as people write it; not where it is ambiguous, or where not every reader would follow
    return _ESCAPES.get(mark) or f"\\u{ord(mark):04x}"
