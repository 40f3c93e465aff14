"""Whether null is an answer: tfparse says it of what is null, and of what it cannot evaluate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardrail.model.unknown import Json
from guardrail.terraform.expressions import attributes, path_of, references, traversal
from guardrail.terraform.marks import Scope, is_fragile

_MAY_GIVE_NULL = re.compile(r"\bnull\b|\b(?:try|lookup|one|element|each|optional)\b")
_MAX_DEPTH = 30  # from name to name


def failures(expression: Any, value: Json, scope: Scope, given: Mapping[str, Json]) -> Any:
    """Return marks of what tfparse has no value for although it cannot be null: it could not evaluate that."""
    if isinstance(expression, dict) and isinstance(value, dict):
        parts = ((name.strip('"'), part) for name, part in attributes(expression) if name != "dynamic")
        marks = {name: failures(part, value[name], scope, given) for name, part in parts if name in value}
        return {name: mark for name, mark in marks.items() if mark}
    if isinstance(expression, list) and isinstance(value, list):
        found = [failures(part, one, scope, given) for part, one in zip(expression, value, strict=False)]
        return found if any(found) else False
    return value is None and not may_be_null(expression, scope, given)


def may_be_null(value: Any, scope: Scope, given: Mapping[str, Json], depth: int = 0) -> bool:
    """Say whether an expression that mentions nothing unknown may come to null."""
    if not isinstance(value, str) or depth > _MAX_DEPTH:
        return value is None
    if value in {"null", "${null}"}:
        return True
    path = traversal(value)
    if path:
        return _target_may(path, scope, given, depth + 1)
    if _MAY_GIVE_NULL.search(value):
        return True
    return "?" in value and any(_target_may(path_of(name), scope, given, depth + 1) for name in references(value))


def _target_may(path: list[str], scope: Scope, given: Mapping[str, Json], depth: int) -> bool:
    head, *rest = path
    instance = scope.instance
    if is_fragile(path, scope):
        return False
    if not rest or len(path) > 2:  # noqa: PLR2004 - part of something may always be null
        return True
    if head == "local":
        bodies = (block.body() for block in instance.module.blocks("locals"))
        return any(may_be_null(body[rest[0]], scope, given, depth) for body in bodies if rest[0] in body)
    if head == "var":
        block = instance.module.find("variable", rest[0])
        if instance.parent is None or instance.call is None:
            if rest[0] in given:
                return given[rest[0]] is None
        elif rest[0] in (inputs := instance.call.body()):
            return may_be_null(inputs[rest[0]], Scope(instance.parent), given, depth)
        return block is not None and may_be_null(block.body().get("default"), scope, given, depth)
    return True
