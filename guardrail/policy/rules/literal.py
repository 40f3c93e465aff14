"""Plain values as CEL spells them, so that a rule's parameters are constants of its expressions."""

from __future__ import annotations

import json
import math

from guardrail.model.unknown import Json


def literal(value: Json) -> str:
    """Return the CEL literal of a YAML value. Raises ValueError for what has none."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(part)}' for key, part in value.items())}}}"
    msg = f"no CEL literal for {value!r:.40}"
    raise ValueError(msg)


def _number(value: float) -> str:
    if not math.isfinite(value):
        msg = "not a finite number"
        raise ValueError(msg)
    return repr(value)
