"""`for`, and the making of tuples and objects."""

from __future__ import annotations

from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluates
from guardrail.terraform.language.operators import OperationError, elements, operand, undecided
from guardrail.terraform.language.scope import EvaluationError, InnerScope, Scope
from guardrail.terraform.language.syntax.nodes import Expression, For, ObjectExpression, TupleExpression
from guardrail.terraform.language.types import ANY, BOOL, STRING
from guardrail.terraform.language.values import NO_MARKS, TRUE, Marks, Value, flags_of, object_, tuple_


@evaluates(For)
def _for(node: For, scope: Scope) -> Value:
    """Go through a collection. A condition or key that is unknown makes the whole unknown; values may be."""
    collection = evaluate(node.collection, scope)
    marks = collection.marks
    if collection.is_null:
        raise EvaluationError("a for expression cannot go through null", node.where)
    if collection.is_unknown:
        return undecided((collection,), ANY, not_null=False).marked(marks)
    undetermined: Value | None = None
    keys: list[str] = []
    values: list[Value] = []
    for key, part in elements(collection):
        scope.budget.steps -= 1
        if scope.budget.steps <= 0:
            raise scope.budget.exceeded(node.where)
        names = {node.value_name: part}
        if node.key_name:
            names[node.key_name] = key
        inner = InnerScope(scope, names)
        what = "the condition of a for expression"
        wanted = operand(evaluate(node.condition, inner), BOOL, what) if node.condition else TRUE
        name = _key_of(node.key, inner, undetermined) if node.key and wanted.raw is True else None
        deciding = wanted.marks | name.marks if name else wanted.marks
        # Flags of conditions and keys are the whole result's, as in Terraform. Of what they were read from, that holds
        # only where they are unknown: an element that is there has not been read from the conditions of others.
        marks |= flags_of(deciding)
        if wanted.is_unknown or (name and name.is_unknown):
            marks |= deciding
            undetermined = undetermined or (wanted if wanted.is_unknown else name)
        elif wanted.raw:
            keys += [name.raw] if name else []
            values.append(evaluate(node.value, inner).marked(deciding - marks))
    if undetermined is not None:
        return undecided((undetermined,), ANY, not_null=False).marked(marks)
    if node.key is None:
        return tuple_(values).marked(marks)
    return _keyed(node, keys, values).marked(marks)


def _key_of(expression: Expression, scope: Scope, undetermined: Value | None) -> Value:
    value = evaluate(expression, scope)
    try:
        return value if value.is_unknown else operand(value, STRING, "the key of a for expression")
    except OperationError:
        if undetermined is None:
            raise
        return undetermined  # as in Terraform, which looks for no more faults of keys once the result is unknown


def _keyed(node: For, keys: list[str], values: list[Value]) -> Value:
    """Make the object of `{for … : key => value}`, which `...` after the value makes one of tuples."""
    groups: dict[str, list[Value]] = {}
    for key, value in zip(keys, values, strict=True):
        if key in groups and not node.groups:
            raise EvaluationError(f'two elements of a for expression have the key "{key}"', node.where)
        groups.setdefault(key, []).append(value)
    return object_({key: tuple_(groups[key]) if node.groups else groups[key][0] for key in sorted(groups)})


@evaluates(TupleExpression)
def _tuple(node: TupleExpression, scope: Scope) -> Value:
    return tuple_([evaluate(item, scope) for item in node.items])


@evaluates(ObjectExpression)
def _object(node: ObjectExpression, scope: Scope) -> Value:
    """Make an object; a key that is unknown makes the whole unknown."""
    found: dict[str, Value] = {}
    undetermined: Value | None = None
    marks: Marks = NO_MARKS
    for key_node, value_node in node.items:
        key = operand(evaluate(key_node, scope), STRING, "the key of an object")
        value = evaluate(value_node, scope)
        marks |= flags_of(key.marks)
        if key.is_unknown:
            marks |= key.marks
            undetermined = undetermined or key
        else:
            found[key.raw] = value.marked(key.marks - marks)  # of a key given twice the last one counts, as in HCL
    if undetermined is not None:
        return undecided((undetermined,), ANY, not_null=False).marked(marks)
    return object_(found).marked(marks)
