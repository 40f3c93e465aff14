"""References, the steps into their values, and splats."""

from __future__ import annotations

from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluates
from guardrail.terraform.language.operators import OperationError, attribute_of, index, undecided
from guardrail.terraform.language.scope import ResolvedStep, Scope
from guardrail.terraform.language.syntax.nodes import Access, Splat, Step, Variable
from guardrail.terraform.language.types import ANY, AnyType, Collection, ListType, SetType, TupleType
from guardrail.terraform.language.values import Unknown, Value, list_, tuple_, unknown


@evaluates(Variable)
def _variable(node: Variable, scope: Scope) -> Value:
    return scope.resolve(node.name, (), node.where)[0]


@evaluates(Access)
def _access(node: Access, scope: Scope) -> Value:
    """Follow a reference: its steps up to a splat are handed to the scope, which takes as many as it knows better."""
    if not isinstance(node.origin, Variable):
        return _follow(evaluate(node.origin, scope), node.steps, scope)
    steps: list[ResolvedStep] = []
    for step in node.steps:
        if isinstance(step, Splat):
            break
        steps.append(step if isinstance(step, str) else evaluate(step, scope))
    value, taken = scope.resolve(node.origin.name, steps, node.where)
    for resolved in steps[taken:]:
        value = attribute_of(value, resolved) if isinstance(resolved, str) else index(value, resolved)
    return _follow(value, node.steps[len(steps) :], scope)


def _follow(value: Value, steps: tuple[Step, ...], scope: Scope) -> Value:
    for step in steps:
        if isinstance(step, Splat):
            value = _splat(value, step, scope)
        elif isinstance(step, str):
            value = attribute_of(value, step)
        else:
            value = index(value, evaluate(step, scope))
    return value


def _splat(value: Value, splat: Splat, scope: Scope) -> Value:
    """Apply steps to each element. What is no list, set or tuple counts as one element, null as none."""
    if isinstance(value.type, ListType | SetType | TupleType):
        return _splat_of_many(value, splat, scope)
    if value.is_null:
        return tuple_(()).marked(value.marks)
    if isinstance(value.type, AnyType):
        return undecided((value,), ANY, not_null=False).marked(value.marks)
    found = _follow(value, splat.steps, scope)  # before the next line, so that a step that cannot be taken fails
    if isinstance(value.raw, Unknown) and not value.raw.not_null:
        return undecided((value,), ANY, not_null=False).marked(value.marks)
    return tuple_([found]).marked(value.marks)


def _splat_of_many(value: Value, splat: Splat, scope: Scope) -> Value:
    """Apply steps to each element of a list, a set or a tuple. One that is unknown still tells type and length."""
    if value.is_null:
        raise OperationError("it is null, so a splat cannot go through it")
    if isinstance(value.raw, Unknown):
        if isinstance(value.type, TupleType):
            inner = tuple(_follow(unknown(part), splat.steps, scope).type for part in value.type.elements)
            return undecided((value,), TupleType(inner)).marked(value.marks)
        why, element = value.raw, value.type.element if isinstance(value.type, Collection) else ANY
        bounds = Unknown(why.cause, why.why, why.where, not_null=True, least=why.least, most=why.most)
        return unknown(ListType(_follow(unknown(element), splat.steps, scope).type), bounds, value.marks)
    found = [_follow(part, splat.steps, scope) for part in value.raw]
    if not isinstance(value.type, ListType | SetType):
        return tuple_(found).marked(value.marks)
    # An empty list still has an element type: what the steps make of an unknown element tells it.
    type_ = found[0].type if found else _follow(unknown(value.type.element), splat.steps, scope).type
    if any(part.type != type_ for part in found):
        raise OperationError("the elements of a splat have different types")
    return list_(found, type_).marked(value.marks)
