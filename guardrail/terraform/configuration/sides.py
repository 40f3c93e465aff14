"""Values of the language as what a plan says of a resource: JSON, and marks of what is unknown and what is sensitive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.model.reason import Reason
from guardrail.model.resource import Side
from guardrail.model.unknown import Json
from guardrail.terraform.language.values import Cause, Flag, Origin, Unknown, Value
from guardrail.terraform.schemas import Attribute, Schema

_SECRET = {Flag.SENSITIVE, Flag.EPHEMERAL}


def side(values: Mapping[str, Value], schema: Schema | None) -> Side:
    """Return a resource's side of a change from the values of its body.

    What it leaves out is null, known after apply where the provider may choose it, and open where no table tells.
    """
    known: dict[str, Json] = {}
    given = {name for name, value in values.items() if value.raw is not None}  # null is as good as left out
    left_out = schema.may_be_computed - given if schema else frozenset()
    is_told = schema is not None and schema.tells_computed
    unknown: dict[str, Json] = dict.fromkeys(schema.computed if schema else (), True)
    if is_told:
        unknown |= dict.fromkeys(left_out, True)
    unknown["id"] = True  # whatever the type: a resource that is created gets it from its provider
    written: set[str] = set()
    sensitive: dict[str, Json] = {}
    for name, value in values.items():
        told, mark, secret = json_of(value)
        attribute = schema.get(name) if schema else None
        if attribute is not None:
            secret = _joined(secret, _secrets_of(told, attribute))
        # A mark that is True or a reason covers the whole value. A null that the provider may fill in stays unknown.
        if mark is not True and not isinstance(mark, str) and (name in given or name not in unknown):
            known[name] = told
        if mark:
            unknown[name] = mark
            written.update(_unknown_paths(value, name))
        if secret:
            sensitive[name] = secret
    inside = _open_inside(known, schema) if schema else {}
    return Side(known, unknown, sensitive, frozenset(written), frozenset() if is_told else left_out, inside, _has_value)


def _has_value(_path: str) -> bool:
    """What has a value in a folder has it from the configuration: nothing is laid over by a provider."""
    return True


def _open_inside(values: Mapping[str, Json], schema: Schema) -> dict[str, Json]:
    """Return marks of what blocks leave out and the provider may choose, as far as the table tells.

    Blocks inside of blocks that are left out are absent, as they are in plans but for a few types.
    """
    found = ((name, _open_in(value, schema[name].nested)) for name, value in values.items() if name in schema)
    return {name: mark for name, mark in found if mark}


def _open_in(value: Json, nested: Schema | None) -> Json:
    if nested is None or not value:
        return False
    if isinstance(value, list):
        return _any([_open_in(part, nested) for part in value])
    if not isinstance(value, dict):
        return False
    open_ = {name for name in nested.may_be_computed | nested.computed if not nested[name].is_block}
    marks: dict[str, Json] = {name: True for name in sorted(open_) if value.get(name) is None}
    below = {name: _open_in(part, nested[name].nested) for name, part in value.items() if name in nested}
    return marks | {name: mark for name, mark in below.items() if mark}


def _unknown_paths(value: Value, path: str) -> Iterator[str]:
    """Yield the paths of the unknown parts of a value, without the indices of lists."""
    raw = value.raw
    if isinstance(raw, Unknown):
        yield path
    elif isinstance(raw, dict):
        for key, part in raw.items():
            yield from _unknown_paths(part, f"{path}.{key}")
    elif isinstance(raw, tuple):
        for part in raw:
            yield from _unknown_paths(part, path)


def json_of(value: Value) -> tuple[Json, Json, Json]:
    """Return a value as JSON, with marks of what is unknown in it and of what is sensitive.

    What is unknown is left out of maps, and null in lists. Its mark is True where a provider will say it, else why it is
    not evaluated.
    """
    raw = value.raw
    told: Json = raw
    mark: Json = False
    secret: Json = bool(value.marks) and not _SECRET.isdisjoint(value.marks)
    if isinstance(raw, Unknown):
        return None, mark_of(raw), secret
    parts: Any
    if isinstance(raw, tuple):
        parts = [json_of(part) for part in raw]
        told = [part for part, _, _ in parts]
        mark = _any([one for _, one, _ in parts])
        secret = secret or _any([one for _, _, one in parts])
    elif isinstance(raw, dict):
        parts = {key: json_of(part) for key, part in raw.items()}
        told = {key: part for key, (part, one, _) in parts.items() if one is not True and not isinstance(one, str)}
        mark = {key: one for key, (_, one, _) in parts.items() if one} or False
        secret = secret or {key: one for key, (_, _, one) in parts.items() if one} or False
    elif not (raw is None or isinstance(raw, str | bool | int)):
        told = float(raw)  # a fraction, exact in the language, is a double in a plan's JSON
    return told, mark, secret


def _any(marks: list[Json]) -> Json:
    return marks if any(marks) else False


def mark_of(unknown: Unknown) -> bool | str:
    """Return the mark of what is unknown: True where it is known after apply, else why it is not evaluated."""
    return True if unknown.cause is Cause.APPLY else reason(unknown)


def reason(unknown: Unknown) -> str:
    """Return why something is not evaluated, with the line where that is needed to find it."""
    why = unknown.why or "it cannot be evaluated"
    return f"{why} ({unknown.where})" if unknown.where else why


def kind_of(unknown: Unknown) -> Reason:
    """Return the reason of the model for what is unknown."""
    return Reason.KNOWN_AFTER_APPLY if unknown.cause is Cause.APPLY else Reason.NOT_EVALUATED


def origins(value: Value) -> tuple[str, ...]:
    """Return the addresses of the resources that a value was read from."""
    return tuple(sorted({mark.address for mark in value.all_marks() if isinstance(mark, Origin)}))


def _secrets_of(told: Json, attribute: Attribute) -> Json:
    """Return the marks of what the provider says is sensitive in a value."""
    if attribute.sensitive:
        return True
    nested = attribute.nested
    if nested is None or not nested.has_sensitive:  # most types have nothing sensitive: their values are not walked
        return False
    if isinstance(told, list):
        return _any([_secrets_of(part, attribute) for part in told])
    if isinstance(told, dict):
        marks = {name: _secrets_of(part, nested[name]) for name, part in told.items() if name in nested}
        return {name: mark for name, mark in marks.items() if mark} or False
    return False


def _joined(one: Json, other: Json) -> Json:
    """Return marks of what either says is sensitive. Lists are of one value, so they are of one length."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _joined(one.get(key, False), other.get(key, False)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_joined(mark, same) for mark, same in zip(one, other, strict=True)]
    return one or other
