"""jsonencode and jsondecode, as Go's encoding/json writes and reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from guardrail.terraform.language import numbers
from guardrail.terraform.language.functions.signature import (
    MOST_CHARACTERS,
    Function,
    FunctionError,
    NotEvaluated,
    Parameter,
    undecided,
)
from guardrail.terraform.language.types import ANY, NUMBER, STRING, MapType, ObjectType, Type
from guardrail.terraform.language.values import NULL, Value, boolean, number, object_, string, tuple_

_DEEPEST = 200  # levels: Python's own reader and writer take stack for each
# Go escapes what would end a script element of HTML, too.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encoded(value: Value, depth: int = 0) -> str:
    """Return a known value as JSON without spaces, keys sorted. Raises NotEvaluated for one nested too deep."""
    if depth > _DEEPEST:
        raise NotEvaluated(f"a value nested more than {_DEEPEST} deep")
    raw = value.raw
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return json.dumps(raw, ensure_ascii=False).translate(_ESCAPED)
    if isinstance(raw, tuple):
        return f"[{','.join(encoded(part, depth + 1) for part in raw)}]"
    if isinstance(raw, dict):
        return f"{{{','.join(f'{encoded(string(key))}:{encoded(raw[key], depth + 1)}' for key in sorted(raw))}}}"
    return numbers.to_text(raw)


def jsonencode(value: Value) -> Value:
    """Write JSON; of a value that is known in part, the first character is known."""
    if value.is_wholly_known():
        return string(encoded(value))
    if value.is_unknown and not value.raw.not_null:  # it may be "null"
        prefix = ""
    elif value.type == STRING:
        prefix = '"'
    elif isinstance(value.type, ObjectType | MapType):
        prefix = "{"
    else:
        prefix = "[" if hasattr(value.type, "element") or hasattr(value.type, "elements") else ""
    return undecided((value,), STRING, prefix=prefix)


def jsondecode(text: Value) -> Value:
    """Read JSON: objects and tuples."""
    if len(text.raw) > MOST_CHARACTERS:
        raise NotEvaluated(f"a JSON document of {len(text.raw):,} characters")
    if _depth(text.raw) > _DEEPEST:
        raise NotEvaluated(f"a JSON document nested more than {_DEEPEST} deep")
    try:
        return _value(
            json.loads(
                text.raw,
                object_pairs_hook=_object,
                parse_int=_number,
                parse_float=_number,
                parse_constant=_refused,
            )
        )
    except FunctionError:
        raise
    except ValueError as error:
        raise FunctionError(f"not valid JSON: {error}") from None


def _depth(text: str) -> int:
    """Return how deep a document is nested, or 0 for one that has too few brackets to be too deep."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return 0
    deepest = depth = 0
    for found in _BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _value(found: Any) -> Value:
    match found:
        case Value():  # the hooks have made it one
            return found
        case None:
            return NULL
        case bool():
            return boolean(found)
        case str():
            return string(_LONE_SURROGATE.sub("\ufffd", found))  # as Go reads "\ud800"
        case _:
            return tuple_(map(_value, found))


def _object(pairs: Iterable[tuple[str, Any]]) -> Value:
    attributes: dict[str, Value] = {}
    for key, found in pairs:
        name, value = string(_LONE_SURROGATE.sub("\ufffd", key)).raw, _value(found)
        if name in attributes and attributes[name].type != value.type:
            raise FunctionError(f'duplicate "{name}" property in JSON object')
        attributes[name] = value
    return object_(dict(sorted(attributes.items())))


def _number(digits: str) -> Value:
    try:
        return number(numbers.parse(digits))
    except ValueError:
        raise NotEvaluated(f"the number {digits[:20]}") from None


def _refused(name: str) -> Value:
    raise FunctionError(f"not valid JSON: {name}")


def _decoded_type(arguments: list[Value]) -> Type:
    """Return the type that a JSON text has by its first character; ANY where that is not known, or tells too little."""
    text = arguments[0]
    first = text.raw.prefix.strip()[:1] if text.is_unknown else ""
    return STRING if first == '"' else NUMBER if first and first in "-0123456789" else ANY


FUNCTIONS = {
    "jsonencode": Function((Parameter(unknown=True, null=True, dynamic=True),), STRING, jsonencode),
    "jsondecode": Function((Parameter(STRING),), _decoded_type, jsondecode, not_null=False),
}
