"""The values of a block's body: its attributes and nested blocks, dynamic ones expanded, as hcldec and dynblock do it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.evaluation import evaluate, evaluate_or_unknown
from guardrail.terraform.language.operators import elements
from guardrail.terraform.language.scope import EvaluationError, InnerScope, Scope
from guardrail.terraform.language.syntax.nodes import (
    Attribute,
    Block,
    Body,
    Expression,
    ObjectExpression,
    TupleExpression,
    Variable,
)
from guardrail.terraform.language.types import ANY, AnyType, ListType, MapType, ObjectType, Primitive, SetType, Type
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import (
    NO_MARKS,
    Cause,
    Marks,
    Unknown,
    Value,
    list_,
    map_,
    null,
    object_,
    set_,
    tuple_,
    unknown,
)


class AttributeSchema(Protocol):
    """What a provider says of an attribute, or of a type of nested blocks."""

    @property
    def type(self) -> Type:
        """Its type; of blocks, that of the value which stands for all of them."""

    @property
    def is_block(self) -> bool:
        """Whether it is written as blocks."""

    @property
    def never_computed(self) -> bool:
        """Whether there is nothing where the configuration does not set it; False where that is not known."""

    @property
    def nested(self) -> Mapping[str, AttributeSchema] | None:
        """The attributes of its objects, where it has any."""


BodySchema = Mapping[str, AttributeSchema]


class Instance(Struct, frozen=True):
    """A nested block as it comes out: a static one, or one that a dynamic block makes.

    `keys` are its labels. With `uncounted`, the dynamic block may make any number of it, none as well, for the reason given,
    and its iterator is unknown.
    """

    keys: tuple[str, ...]
    body: Body | Expression
    scope: Scope
    marks: Marks = NO_MARKS
    uncounted: Unknown | None = None


def body_values(
    body: Body, scope: Scope, schema: BodySchema | None = None, *, leave_out: Container[str] = ()
) -> dict[str, Value]:
    """Return the values of a body: attributes, and under the type of nested blocks what stands for all of them.

    With a schema, values are converted to its types, and blocks become the object, list, set or map that it says.
    Without one, the blocks of a type are a tuple of objects. Blocks are unknown as a whole where a dynamic block may
    make any number of them; at least as many as are static are known to be there. What cannot be evaluated, or does not
    convert, is unknown, and says why and where. `leave_out` names attributes and types of blocks that are not wanted
    (meta-arguments, `lifecycle`). What the body does not set is not in the result; within nested blocks that a schema
    describes it is null.
    """
    found: dict[str, Value] = {}
    for name, attribute in body.attributes.items():
        if name not in leave_out:
            found[name] = _attribute_value(attribute, scope, schema)
    for name, instances in instances_of(body, scope).items():
        described = schema.get(name) if schema else None
        # Where a dynamic block makes none, it is as if it were not there: the provider may have blocks of its own.
        if name not in leave_out and (instances or described is None or described.never_computed):
            found[name] = _blocks_value(instances, described)
    return found


def _attribute_value(attribute: Attribute, scope: Scope, schema: BodySchema | None) -> Value:
    described = schema.get(attribute.name) if schema else None
    if described is not None and described.is_block:
        # In JSON, blocks look like attributes; in the native syntax, `ingress = []` is how to say that there are none.
        expression = attribute.expression
        items = expression.items if isinstance(expression, TupleExpression) else (expression,)
        if all(isinstance(item, ObjectExpression) for item in items):
            return _blocks_value([Instance((), item, scope) for item in items], described)
    value = evaluate_or_unknown(attribute.expression, scope)
    return _converted(value, described.type, attribute.expression.where) if described is not None else value


def _converted(value: Value, type_: Type, where: str) -> Value:
    try:
        return convert(value, _any_may_be_absent(type_))
    except ConversionError as error:  # the schema may be of another version of the provider than the configuration
        return unknown(type_, Unknown(Cause.NOT_EVALUATED, str(error), where), value.all_marks())


def _any_may_be_absent(type_: Type) -> Type:
    """Return a type all of whose attributes are optional: what is required is for Terraform to refuse, not for us."""
    match type_:
        case ObjectType():
            parts = {name: _any_may_be_absent(part) for name, part in type_.attributes.items()}
            return ObjectType(parts, frozenset(parts))
        case ListType(element):
            return ListType(_any_may_be_absent(element))
        case SetType(element):
            return SetType(_any_may_be_absent(element))
        case MapType(element):
            return MapType(_any_may_be_absent(element))
        case _:
            return type_


def instances_of(body: Body, scope: Scope) -> dict[str, list[Instance]]:
    """Return the nested blocks of a body by type, in the order in which they are written, dynamic ones expanded."""
    found: dict[str, list[Instance]] = {}
    for block in body.blocks:
        if block.type == "dynamic" and block.labels:
            found.setdefault(block.labels[0], []).extend(_expanded(block, scope))
        else:
            found.setdefault(block.type, []).append(Instance(block.labels, block.body, scope))
    return found


def _expanded(block: Block, scope: Scope) -> Iterator[Instance]:
    """Yield the blocks that a dynamic block makes. One that cannot be expanded makes an uncounted one, with the reason."""
    attributes = block.body.attributes
    content = next(block.body.blocks_of("content"), None)
    if content is None or "for_each" not in attributes:
        missing = "content" if content is None else "for_each"
        fault = Unknown(Cause.NOT_EVALUATED, f"the dynamic block has no {missing}", block.where)
        yield Instance((), block.body if content is None else content.body, scope, uncounted=fault)
        return
    iterator = block.labels[0]  # the name of the block's type, unless `iterator` says another
    if "iterator" in attributes and isinstance(attributes["iterator"].expression, Variable):
        iterator = attributes["iterator"].expression.name
    labels = attributes.get("labels")
    try:
        collection = _collection(attributes["for_each"], scope)
        if not isinstance(collection.raw, Unknown):
            for key, part in elements(collection):
                inner = _with_iterator(scope, iterator, key, part)
                keys = _labels(evaluate(labels.expression, inner), labels) if labels else ()
                yield Instance(keys, content.body, inner, collection.marks)
            return
        why, marks = collection.raw, collection.marks
    except EvaluationError as error:
        why, marks = error.as_unknown(), NO_MARKS
    # One block stands for all that there may be, so that what its content refers to is still found.
    plain = Unknown(why.cause, why.why, why.where)
    inner = _with_iterator(scope, iterator, unknown(ANY, plain), unknown(ANY, plain))
    yield Instance((), content.body, inner, marks, plain)


def _collection(for_each: Attribute, scope: Scope) -> Value:
    """Return what a dynamic block goes through. Raises EvaluationError for what is no collection."""
    value = evaluate(for_each.expression, scope)
    if value.is_null:
        raise EvaluationError("for_each of the dynamic block is null", for_each.where)
    if isinstance(value.type, Primitive):
        raise EvaluationError(f"for_each of the dynamic block is a {value.type.name}", for_each.where)
    return value


def _with_iterator(scope: Scope, name: str, key: Value, value: Value) -> Scope:
    return InnerScope(scope, {name: object_({"key": key, "value": value})})


def _labels(value: Value, labels: Attribute) -> tuple[str, ...]:
    if (
        value.is_wholly_known()
        and isinstance(value.raw, tuple)
        and all(isinstance(part.raw, str) for part in value.raw)
    ):
        return tuple(part.raw for part in value.raw)
    raise EvaluationError("the labels of the dynamic block are no known texts", labels.where)


def _blocks_value(instances: list[Instance], described: AttributeSchema | None) -> Value:
    """Return what stands for all blocks of one type."""
    nested = described.nested if described else None
    values = [_instance_value(instance, nested) for instance in instances]
    marks: Marks = NO_MARKS.union(*(instance.marks for instance in instances))
    uncounted = next((instance.uncounted for instance in instances if instance.uncounted), None)
    type_ = _any_may_be_absent(described.type) if described else ANY
    if uncounted is not None:
        # What the content refers to, it refers to in every block that there may be.
        marks = marks.union(*(value.all_marks() for value in values))
        least = sum(instance.uncounted is None for instance in instances)
        why = Unknown(uncounted.cause, uncounted.why, uncounted.where, not_null=True, least=least)
        if described:
            return unknown(described.type, why, marks)
        element = unify([value.type for value in values])
        return unknown(ListType(element) if element is not None else ANY, why, marks)
    if described is None or isinstance(type_, AnyType):
        return tuple_(values).marked(marks)
    where = next((part.body.where for part in instances), "")
    match type_:
        case ObjectType():
            # Terraform refuses a second block of what there is one of at most.
            return _converted(values[-1], described.type, where).marked(marks) if values else null(described.type)
        case MapType(element):
            named = {part.keys[0] if part.keys else "": value for part, value in zip(instances, values, strict=True)}
            return map_({key: _converted(value, element, where) for key, value in named.items()}, element).marked(marks)
        case SetType(element):
            return set_([_converted(value, element, where) for value in values], element).marked(marks)
        case ListType(element):
            return list_([_converted(value, element, where) for value in values], element).marked(marks)
        case _:
            return tuple_(values).marked(marks)


def _instance_value(instance: Instance, nested: BodySchema | None) -> Value:
    if isinstance(instance.body, Body):
        return object_(body_values(instance.body, instance.scope, nested))
    if not isinstance(instance.body, ObjectExpression):
        return evaluate_or_unknown(instance.body, instance.scope)
    found: dict[str, Value] = {}
    for key, expression in instance.body.items:
        name = evaluate_or_unknown(key, instance.scope)
        if isinstance(name.raw, str):
            attribute = Attribute(key.source, key.start, expression.end, name.raw, expression)
            found[name.raw] = _attribute_value(attribute, instance.scope, nested)
    found.pop("//", None)  # a comment, in the JSON syntax
    return object_(found)
