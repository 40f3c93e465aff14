"""Whether null is an answer: tfparse says it of what is null, and of what it cannot evaluate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardrail.model.unknown import Json
from guardrail.terraform.expressions import attributes, parts_of_call, path_of, references, traversal
from guardrail.terraform.marks import Scope, is_fragile

_MAY_GIVE_NULL = re.compile(r"\bnull\b|\b(?:try|lookup|one|element|each|optional)\b")
_MAY_FAIL = re.compile(r"\bsetproduct\s*\(")  # tfparse does not take sets there
_NULL = ("null", "${null}")
_FOR = re.compile(r"\$\{\s*[\[{]\s*for\b")
_MAX_DEPTH = 30  # from name to name


def failures(expression: Any, value: Json, scope: Scope, given: Mapping[str, Json], depth: int = 0) -> Any:
    """Return marks of what tfparse has no value for although it cannot be null: it could not evaluate that."""
    if isinstance(expression, dict) and isinstance(value, dict):
        parts = ((name.strip('"'), part) for name, part in attributes(expression) if name != "dynamic")
        marks = {name: failures(part, value[name], scope, given, depth) for name, part in parts if name in value}
        return {name: mark for name, mark in marks.items() if mark}
    if isinstance(expression, list) and isinstance(value, list):
        found = [failures(part, one, scope, given, depth) for part, one in zip(expression, value, strict=False)]
        return found if any(found) else False
    if value is None:
        return not may_be_null(expression, scope, given)
    if not isinstance(expression, str) or not _has_null(value) or depth > _MAX_DEPTH:
        return False
    return _failures_of_computed(expression, value, scope, given, depth + 1)


def _failures_of_computed(text: str, value: Json, scope: Scope, given: Mapping[str, Json], depth: int) -> Any:
    """Return marks of the nulls in what an expression comes to: parts of an object that cannot be evaluated are null."""
    path = traversal(text)
    if path:
        source = _source(path, scope)
        return failures(source[0], value, source[1], given, depth) if source else False
    parts = parts_of_call(text, "merge")
    if parts is not None and isinstance(value, dict):
        # One part that cannot be evaluated makes nulls of those beside it.
        literal = {name.strip('"'): one for part in parts if isinstance(part, dict) for name, one in part.items()}
        return {
            name: _nulls(one)
            for name, one in value.items()
            if (one is None or _has_null(one)) and literal.get(name) not in _NULL
        }
    if _FOR.match(text) or _MAY_GIVE_NULL.search(text):
        return False
    return _nulls(value)


def _source(path: list[str], scope: Scope) -> tuple[Any, Scope] | None:
    """Return what a local value or an input of a module is made of, and where that stands; None for anything else."""
    head, name, *rest = [*path, ""][: max(len(path), 2)]
    instance = scope.instance
    if head == "local":
        bodies = (block.body() for block in instance.module.blocks("locals"))
        found, where = next((body[name] for body in bodies if name in body), None), Scope(instance)
    elif head == "var" and instance.parent and instance.call:
        body = instance.call.body()
        found, where = body.get(name), Scope(instance.parent, body.get("for_each"), instance.key)
    else:
        return None
    for step in rest:
        found = found.get(step, found.get(f'"{step}"')) if isinstance(found, dict) else None
    return (found, where) if found is not None else None


def _has_null(value: Json) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(part is None or _has_null(part) for part in parts)


def _nulls(value: Json) -> Any:
    if isinstance(value, dict):
        return {name: _nulls(part) for name, part in value.items() if part is None or _has_null(part)}
    return [_nulls(part) for part in value] if isinstance(value, list) else value is None


def may_be_null(value: Any, scope: Scope, given: Mapping[str, Json], depth: int = 0) -> bool:
    """Say whether an expression that mentions nothing unknown may come to null."""
    if not isinstance(value, str) or depth > _MAX_DEPTH:
        return value is None
    if value in _NULL:
        return True
    path = traversal(value)
    if path:
        return _target_may(path, scope, given, depth + 1)
    if _MAY_GIVE_NULL.search(value):
        return not _MAY_FAIL.search(value)
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
