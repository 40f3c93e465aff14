"""Calls of functions; those whose arguments are no plain values are here: `try`, `can`, `convert`."""

from __future__ import annotations

from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluates
from guardrail.terraform.language.operators import undecided
from guardrail.terraform.language.scope import EvaluationError, LimitError, Scope
from guardrail.terraform.language.syntax.nodes import Call
from guardrail.terraform.language.types import ANY, BOOL
from guardrail.terraform.language.values import FALSE, TRUE, Value


@evaluates(Call)
def _call(node: Call, scope: Scope) -> Value:
    name = node.name.removeprefix("core::")
    # Terraform gives these three their arguments unevaluated, as closures; here they get the nodes.
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
        except LimitError:  # Terraform may well evaluate it: taking the next argument would be a wrong answer
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
