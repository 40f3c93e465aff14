"""How many instances a block has: what `count` and `for_each` come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, field

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.evaluation import evaluate
from guardrail.terraform.language.operators import elements
from guardrail.terraform.language.scope import EvaluationError, InstanceScope, ResolvedStep, Scope
from guardrail.terraform.language.syntax.nodes import Attribute, Body, Expression
from guardrail.terraform.language.types import ANY, NUMBER, STRING, AnyType, MapType, ObjectType, SetType
from guardrail.terraform.language.values import Unknown, Value, number, object_, string, tuple_, unknown

MOST_INSTANCES = 10_000
"""Of one block. More are not evaluated: `count = 1e9` in a pull request must not hold up a check."""

Key = int | str | None


class Repetition(Struct, frozen=True):
    """The instances of a block.

    by       "count", "for_each", or "" for a block that has neither
    scopes   key of each instance -> what its expressions are evaluated in
    unknown  why the number of instances is not known; there are no scopes then
    together  all instances as one value, once a reference has asked for that: each instance of another block may
    """

    by: str = ""
    scopes: dict[Key, Scope] = field(default_factory=dict)
    unknown: Unknown | None = None
    together: list[Value] = field(default_factory=list)


def repetition(body: Body, scope: Scope) -> Repetition:
    """Return the instances of a block. Where their number is not known, `unknown` of the result says why."""
    if "count" in body.attributes and (second := body.attributes.get("for_each")):
        error = EvaluationError("a block cannot have count, too", second.where)
        return Repetition("for_each", unknown=error.as_unknown())
    for by, count in (("count", _by_count), ("for_each", _by_for_each)):
        attribute = body.attributes.get(by)
        if attribute is not None:
            try:
                found = count(attribute, scope)
            except EvaluationError as error:
                found = error.as_unknown()
            return Repetition(by, unknown=found) if isinstance(found, Unknown) else Repetition(by, found)
    return Repetition(scopes={None: scope})


def _by_count(attribute: Attribute, scope: Scope) -> dict[Key, Scope] | Unknown:
    value = evaluate(attribute.expression, scope)
    try:
        value = convert(value, NUMBER)  # "3" is a count as well
    except ConversionError as error:
        raise EvaluationError(str(error), attribute.where) from None
    if isinstance(value.raw, Unknown):
        return value.raw
    if value.raw is None or not isinstance(value.raw, int) or value.raw < 0:
        said = "null" if value.raw is None else "no whole number from 0"
        raise EvaluationError(f"it is {said}", attribute.where)
    _refuse_too_many(value.raw, attribute)
    shared: dict[Expression, Value | None] = {}
    return {
        place: InstanceScope(scope, {"count": object_({"index": number(place).marked(value.marks)})}, shared)
        for place in range(value.raw)
    }


def _by_for_each(attribute: Attribute, scope: Scope) -> dict[Key, Scope] | Unknown:
    value = evaluate(attribute.expression, scope)
    if isinstance(value.raw, Unknown):
        return value.raw
    if value.is_null:
        raise EvaluationError("it is null", attribute.where)
    # Terraform refuses it, too.
    if value.is_sensitive:
        raise EvaluationError("it is sensitive, and addresses would tell its keys", attribute.where)
    if not isinstance(value.type, MapType | ObjectType | SetType):
        raise EvaluationError("it has to be a map, or a set of strings", attribute.where)
    _refuse_too_many(len(value.raw), attribute)
    found: dict[Key, Scope] = {}
    shared: dict[Expression, Value | None] = {}
    for key, part in elements(value):  # the key of an element of a set is the element
        if isinstance(key.raw, Unknown):
            return key.raw
        if not isinstance(key.raw, str):
            raise EvaluationError("the elements of its set have to be strings", attribute.where)
        each = object_({"key": string(key.raw).marked(value.marks), "value": part.marked(value.marks)})
        found[key.raw] = InstanceScope(scope, {"each": each}, shared)
    return found


def _refuse_too_many(count: int, attribute: Attribute) -> None:
    if count > MOST_INSTANCES:
        said = f"it makes {count:,} instances; at most {MOST_INSTANCES:,} of a block are evaluated"
        raise EvaluationError(said, attribute.where)


class Repeated(Protocol):
    """A block with its instances, which references lead to."""

    @property
    def name(self) -> str:
        """How references call it: `aws_instance.a`, `module.m`."""

    @property
    def repetition(self) -> Repetition:
        """Its instances."""

    def whole(self, key: Key) -> Value:
        """Return an instance as an object."""

    def attribute(self, key: Key, name: str) -> Value:
        """Return one attribute of an instance."""


def resolved(block: Repeated, steps: Sequence[ResolvedStep], taken: int, where: str) -> tuple[Value, int]:
    """Return the value of a reference to a block, and how many steps it took; `taken` lead to the block.

    Raises EvaluationError for an instance that is not there.
    """
    found = block.repetition
    if found.unknown is not None:
        return unknown(ANY, found.unknown), taken
    key: Key = None
    if found.by:
        if taken == len(steps):  # `aws_instance.a` of a block with count or for_each: all of them
            if not found.together:
                parts = {str(one): block.whole(one) for one in found.scopes}
                found.together.append(tuple_(parts.values()) if found.by == "count" else object_(parts))
            return found.together[0], taken
        step = steps[taken]
        index = string(step) if isinstance(step, str) else step
        if isinstance(index.raw, Unknown):
            return unknown(ANY, Unknown(index.raw.cause, index.raw.why, index.raw.where), index.all_marks()), taken + 1
        key, taken = _key_of(index, found.by), taken + 1
        if key not in found.scopes:
            raise EvaluationError(f"{block.name} has no instance with this key", where)
    if taken < len(steps) and isinstance(name := steps[taken], str):
        return block.attribute(key, name), taken + 1
    return block.whole(key), taken


def _key_of(index: Value, by: str) -> Key:
    """Return the instance key that an index stands for: `a["0"]` is `a[0]` of a block with count. None where it is none."""
    if isinstance(index.type, AnyType):
        return None
    try:
        key: Key = convert(index, NUMBER if by == "count" else STRING).raw
    except ConversionError:
        return None
    return key
