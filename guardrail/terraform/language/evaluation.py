"""Expressions to values, by the rules of HCL as Terraform 1.15 has them.

Unknown is decided by value, not by mention: a condition that is known chooses, `false && unknown` is false, a known key
of a partly unknown map has its value. Marks travel with values as they do in Terraform.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from guardrail.terraform.language.conditional import common_type, either
from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.operators import (
    InfinityError,
    OperationError,
    attribute_of,
    binary,
    elements,
    index,
    operand,
    text,
    unary,
    undecided,
)
from guardrail.terraform.language.scope import (
    MOST_DEPTH,
    EvaluationError,
    InnerScope,
    LimitError,
    ResolvedStep,
    Scope,
    TemplateScope,
)
from guardrail.terraform.language.syntax import parse_template
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Binary,
    Call,
    Conditional,
    Expression,
    For,
    Invalid,
    Join,
    Literal,
    ObjectExpression,
    Source,
    Splat,
    Step,
    Template,
    TupleExpression,
    Unary,
    Variable,
)
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    AnyType,
    Collection,
    ListType,
    SetType,
    TupleType,
    Type,
)
from guardrail.terraform.language.values import (
    FALSE,
    NO_MARKS,
    TRUE,
    Marks,
    Unknown,
    Value,
    list_,
    object_,
    string,
    tuple_,
    unknown,
)

__all__ = ["EvaluationError", "LimitError", "evaluate", "evaluate_or_unknown", "render"]

_PREFIX = 128  # characters of a template that are kept of one with an unknown part, as Terraform does


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Return the value of an expression. Raises EvaluationError, a LimitError where this program is at fault."""
    if isinstance(expression, Literal):
        return expression.value
    budget = scope.budget
    if budget.steps <= 0 or budget.depth >= MOST_DEPTH:
        raise budget.exceeded(expression.where)
    budget.steps -= 1
    budget.depth += 1
    try:
        return _EVALUATORS[type(expression)](expression, scope)
    except (OperationError, ConversionError) as error:
        raise _failure(error, expression) from None
    except EvaluationError as error:
        if not error.where:
            error.where = expression.where
        raise
    except RecursionError:
        raise LimitError("expressions refer to each other over too many levels", expression.where) from None
    finally:
        budget.depth -= 1


def _failure(error: OperationError | ConversionError, expression: Expression) -> EvaluationError:
    kind = LimitError if isinstance(error, InfinityError) else EvaluationError
    return kind(str(error), expression.where)


def evaluate_or_unknown(expression: Expression, scope: Scope) -> Value:
    """Return the value of an expression; one that cannot be evaluated is unknown, and says why and where."""
    try:
        return evaluate(expression, scope)
    except EvaluationError as error:
        return unknown(ANY, error.as_unknown())


def render(template: str, variables: Value, name: str, scope: Scope) -> Value:
    """Render a template's text for `templatefile` and `templatestring`; `name` is what messages call it.

    `variables` is an object or a map that is known as a whole. Raises EvaluationError.
    """
    expression = parse_template(Source(name, template.encode()))
    inner = TemplateScope({key: part.marked(variables.marks) for key, part in variables.raw.items()}, scope)
    return evaluate(expression, inner)


def _template(node: Template, scope: Scope) -> Value:
    """Join the parts; a part that is unknown makes the result so, with what comes before it as known prefix."""
    known = ""
    open_: Value | None = None
    marks: Marks = NO_MARKS
    for part in node.parts:
        value = text(evaluate(part, scope))
        marks |= value.marks
        if value.is_unknown:
            open_ = open_ or value
        elif open_ is None:
            known += value.raw
    if open_ is None:
        return string(known).marked(marks)
    return unknown(STRING, _with_prefix(open_, known), marks)


def _with_prefix(open_: Value, known: str) -> Unknown:
    found = undecided((open_,), STRING).raw
    # The last character may combine with what follows it, unless it is no letter.
    prefix = known[:_PREFIX]
    if prefix and (len(known) > _PREFIX or not prefix[-1].isascii() or prefix[-1].isalnum()):
        prefix = prefix[:-1]
    result: Unknown = replace(found, prefix=prefix)
    return result


def _join(node: Join, scope: Scope) -> Value:
    items = evaluate(node.items, scope)
    if items.is_unknown:
        return undecided((items,), STRING).marked(items.marks)
    parts = [text(part) for part in items.raw]
    open_ = next((part for part in parts if part.is_unknown), None)
    if open_ is not None:
        return undecided((open_,), STRING, not_null=False).marked(items.marks.union(*(part.marks for part in parts)))
    return string("".join(part.raw for part in parts)).marked(items.marks.union(*(part.marks for part in parts)))


def _variable(node: Variable, scope: Scope) -> Value:
    return scope.resolve(node.name, (), node.where)[0]


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
    found = _follow(value, splat.steps, scope)
    if isinstance(value.raw, Unknown) and not value.raw.not_null:
        return undecided((value,), ANY, not_null=False).marked(value.marks)
    return tuple_([found]).marked(value.marks)


def _splat_of_many(value: Value, splat: Splat, scope: Scope) -> Value:
    if value.is_null:
        raise OperationError("it is null, so a splat cannot go through it")
    if isinstance(value.raw, Unknown):
        return _splat_of_unknown(value, value.raw, splat, scope)
    found = [_follow(part, splat.steps, scope) for part in value.raw]
    if not isinstance(value.type, ListType | SetType):
        return tuple_(found).marked(value.marks)
    type_ = found[0].type if found else _follow(unknown(value.type.element), splat.steps, scope).type
    if any(part.type != type_ for part in found):
        raise OperationError("the elements of a splat have different types")
    return list_(found, type_).marked(value.marks)


def _splat_of_unknown(value: Value, why: Unknown, splat: Splat, scope: Scope) -> Value:
    if isinstance(value.type, TupleType):
        inner = tuple(_follow(unknown(part), splat.steps, scope).type for part in value.type.elements)
        return undecided((value,), TupleType(inner)).marked(value.marks)
    element = value.type.element if isinstance(value.type, Collection) else ANY
    found = ListType(_follow(unknown(element), splat.steps, scope).type)
    plain = Unknown(why.cause, why.why, why.where, not_null=True, least=why.least, most=why.most)
    return unknown(found, plain, value.marks)


def _call(node: Call, scope: Scope) -> Value:
    name = node.name.removeprefix("core::")
    if name == "try":
        return _try(node, scope)
    if name == "can":
        return _can(node, scope)
    if name == "convert":
        return _convert(node, scope)
    arguments = [evaluate(argument, scope) for argument in node.arguments]
    if not node.expands:
        return scope.call(node.name, arguments, node.where)
    last = arguments.pop()
    if last.is_null:
        raise EvaluationError("arguments after `...` are null", node.where)
    if last.is_unknown:
        return undecided((last,), ANY, not_null=False).marked(last.marks)
    if not isinstance(last.raw, tuple):
        raise EvaluationError("arguments after `...` have to be a list, a set or a tuple", node.where)
    return scope.call(node.name, [*arguments, *last.raw], node.where).marked(last.marks)


def _try(node: Call, scope: Scope) -> Value:
    """Return the first argument that does not fail. One with an unknown part might still fail, so it is unknown."""
    failed: EvaluationError | None = None
    for argument in node.arguments:
        try:
            value = evaluate(argument, scope)
        except LimitError:
            raise
        except EvaluationError as error:
            failed = error
            continue
        if not value.is_wholly_known():
            return undecided((value,), ANY, not_null=False).marked(value.all_marks())
        return value
    raise EvaluationError(f"no argument of try can be evaluated ({failed.message if failed else 'there is none'})")


def _can(node: Call, scope: Scope) -> Value:
    """Return whether an expression does not fail; with an unknown part it might."""
    if len(node.arguments) != 1:
        raise EvaluationError("can takes one argument", node.where)
    try:
        value = evaluate(node.arguments[0], scope)
    except LimitError:
        raise
    except EvaluationError:
        return FALSE
    if value.is_wholly_known():
        return TRUE
    return undecided((value,), BOOL, not_null=False).marked(value.all_marks())


def _convert(node: Call, scope: Scope) -> Value:
    """Convert a value to the type that the second argument writes, which is no value."""
    from guardrail.terraform.language.type_expressions import constrained, type_constraint  # noqa: PLC0415 - a circle

    if len(node.arguments) != 2 or node.expands:  # noqa: PLR2004
        raise EvaluationError("convert takes a value and a type", node.where)
    value = evaluate(node.arguments[0], scope)
    return constrained(value, *type_constraint(node.arguments[1], scope))


def _conditional(node: Conditional, scope: Scope) -> Value:
    """Choose a result, converted to the type that both have in common.

    Both are evaluated, since the type hangs on both; only the one that is chosen may fail.
    """
    yes, yes_failed = _attempt(node.yes, scope)
    no, no_failed = _attempt(node.no, scope)
    type_ = common_type(yes, no)
    condition = evaluate(node.condition, scope)
    if condition.is_null:
        raise EvaluationError("the condition is null", node.condition.where)
    marks = condition.marks | yes.marks | no.marks
    if condition.is_unknown:
        if type_ is None:
            raise EvaluationError("the two results of a condition have different types", node.where)
        return either(condition, yes, no, type_).marked(marks)
    chosen, failed = (yes, yes_failed) if convert(condition, BOOL).raw else (no, no_failed)
    if failed is not None:
        raise failed
    if type_ is None:
        raise EvaluationError("the two results of a condition have different types", node.where)
    return convert(chosen, type_).marked(marks)


def _attempt(expression: Expression, scope: Scope) -> tuple[Value, EvaluationError | None]:
    try:
        return evaluate(expression, scope), None
    except EvaluationError as error:
        return unknown(_type_of_failure(expression), error.as_unknown()), error


def _type_of_failure(expression: Expression) -> Type:
    """Return the type that Terraform knows of an expression even where it fails."""
    match expression:
        case Template():
            return STRING
        case Unary(operator="-") | Binary(operator="+" | "-" | "*" | "/" | "%"):
            return NUMBER
        case Unary() | Binary():
            return BOOL
        case _:
            return ANY


def _unary(node: Unary, scope: Scope) -> Value:
    return unary(node.operator, evaluate(node.operand, scope))


def _binary(node: Binary, scope: Scope) -> Value:
    """Apply an operator. Long chains, which nest to the left, are followed without nesting here."""
    chain: list[Binary] = [node]
    while isinstance(chain[-1].left, Binary):
        chain.append(chain[-1].left)
    value, failed = _attempt(chain[-1].left, scope)
    for part in reversed(chain):
        try:
            if part.operator in {"&&", "||"}:
                value, failed = _logical(part, value, failed, scope)
            elif failed is None:
                value = binary(part.operator, value, evaluate(part.right, scope))
        except (OperationError, ConversionError) as error:
            failed = _failure(error, part)
        except EvaluationError as error:
            failed = error
        if failed is not None:
            value = unknown(_type_of_failure(part), failed.as_unknown())
    if failed is not None:
        raise failed
    return value


def _logical(
    node: Binary, left: Value, left_failed: EvaluationError | None, scope: Scope
) -> tuple[Value, EvaluationError | None]:
    """Apply `&&` or `||`: the side that decides hides what the other one is, even that it fails."""
    right, right_failed = _attempt(node.right, scope)
    one, other = convert(left, BOOL), convert(right, BOOL)
    marks = one.marks | other.marks
    decides = node.operator == "||"
    for side, failed in ((one, left_failed), (other, right_failed)):
        # As it happens in Terraform, null is as good as false to decide.
        if failed is None and (side.raw is decides or (side.is_null and not decides)):
            return (TRUE if decides else FALSE).marked(marks), None
    if one.is_unknown and other.is_unknown:
        return undecided((one, other), BOOL).marked(marks), left_failed
    if one.is_unknown or other.is_unknown:
        return undecided((one, other), BOOL).marked(marks), left_failed or right_failed
    if one.is_null or other.is_null:
        return one, EvaluationError("an operand is null", node.where)
    return (FALSE if decides else TRUE).marked(marks), None


def _for(node: For, scope: Scope) -> Value:
    """Go through a collection. A condition or key that is unknown makes the whole unknown; values may be."""
    collection = evaluate(node.collection, scope)
    marks = collection.marks
    if collection.is_null:
        raise EvaluationError("a for expression cannot go through null", node.where)
    if collection.is_unknown:
        return undecided((collection,), ANY, not_null=False).marked(marks)
    open_: Value | None = None
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
        # Marks of conditions and keys tell what the result consists of, so that they are the result's.
        wanted = _bool_of(node.condition, inner) if node.condition else TRUE
        marks |= wanted.marks
        name = _key_of(node.key, inner, open_) if node.key and wanted.raw is True else None
        marks |= name.marks if name else NO_MARKS
        if wanted.is_unknown or (name and name.is_unknown):
            open_ = open_ or (wanted if wanted.is_unknown else name)
        elif wanted.raw:
            keys += [name.raw] if name else []
            values.append(evaluate(node.value, inner))
    if open_ is not None:
        return undecided((open_,), ANY, not_null=False).marked(marks)
    if node.key is None:
        return tuple_(values).marked(marks)
    return _keyed(node, keys, values).marked(marks)


def _bool_of(expression: Expression, scope: Scope) -> Value:
    return operand(evaluate(expression, scope), BOOL, "the condition of a for expression")


def _key_of(expression: Expression, scope: Scope, open_: Value | None) -> Value:
    value = evaluate(expression, scope)
    try:
        return value if value.is_unknown else operand(value, STRING, "the key of a for expression")
    except OperationError:
        if open_ is None:
            raise
        return open_  # as in Terraform, which looks for no more faults of keys once the result is unknown


def _keyed(node: For, keys: list[str], values: list[Value]) -> Value:
    groups: dict[str, list[Value]] = {}
    for key, value in zip(keys, values, strict=True):
        if key in groups and not node.groups:
            raise EvaluationError(f'two elements of a for expression have the key "{key}"', node.where)
        groups.setdefault(key, []).append(value)
    return object_({key: tuple_(groups[key]) if node.groups else groups[key][0] for key in sorted(groups)})


def _tuple(node: TupleExpression, scope: Scope) -> Value:
    return tuple_([evaluate(item, scope) for item in node.items])


def _object(node: ObjectExpression, scope: Scope) -> Value:
    """Make an object; a key that is unknown makes the whole unknown."""
    found: dict[str, Value] = {}
    open_: Value | None = None
    marks: Marks = NO_MARKS
    for key_node, value_node in node.items:
        key = operand(evaluate(key_node, scope), STRING, "the key of an object")
        value = evaluate(value_node, scope)
        marks |= key.marks
        if key.is_unknown:
            open_ = open_ or key
        else:
            found[key.raw] = value
    if open_ is not None:
        return undecided((open_,), ANY, not_null=False).marked(marks)
    return object_(found).marked(marks)


def _invalid(node: Invalid, scope: Scope) -> Value:
    del scope
    raise LimitError(node.message, node.where)


_EVALUATORS: dict[type, Callable[[Any, Scope], Value]] = {
    Template: _template,
    Join: _join,
    Variable: _variable,
    Access: _access,
    Call: _call,
    Conditional: _conditional,
    Unary: _unary,
    Binary: _binary,
    For: _for,
    TupleExpression: _tuple,
    ObjectExpression: _object,
    Invalid: _invalid,
}
