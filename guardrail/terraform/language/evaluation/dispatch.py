"""The value of any expression: by its kind, within bounds, and with the place of what fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from guardrail.terraform.language.conversion import ConversionError
from guardrail.terraform.language.operators import InfinityError, OperationError
from guardrail.terraform.language.references import mentions, references
from guardrail.terraform.language.scope import MOST_DEPTH, EvaluationError, InstanceScope, LimitError, Scope
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Binary,
    Call,
    Expression,
    For,
    Invalid,
    Literal,
    Splat,
    Template,
    Unary,
)
from guardrail.terraform.language.types import ANY, BOOL, NUMBER, STRING, Type
from guardrail.terraform.language.values import NOT_SHOWN, Flag, Value, unknown

_EVALUATORS: dict[type, Callable[[Any, Scope], Value]] = {}
_Evaluator = TypeVar("_Evaluator", bound=Callable[[Any, Scope], Value])


def evaluates(kind: type) -> Callable[[_Evaluator], _Evaluator]:
    """Make a function the one that evaluates a kind of expressions: a decorator, for the modules of this package."""

    def register(evaluator: _Evaluator) -> _Evaluator:
        _EVALUATORS[kind] = evaluator
        return evaluator

    return register


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Return the value of an expression. Raises EvaluationError, a LimitError where this program is at fault."""
    if isinstance(expression, Literal):  # costs nothing, so it is no step
        return expression.value
    budget = scope.budget
    if budget.steps <= 0 or budget.depth >= MOST_DEPTH:
        raise budget.exceeded(expression.where)
    # Both are bounds for a stranger's configuration: a check ends, and ends in a message rather than a crash.
    budget.steps -= 1
    budget.depth += 1
    try:
        if type(scope) is InstanceScope and _may_go_through_much(expression):
            return _shared(expression, scope)
        return _EVALUATORS[type(expression)](expression, scope)
    except (OperationError, ConversionError) as error:
        raise _presentable(failure(error, expression), expression, scope) from None
    except EvaluationError as error:
        if not error.where:  # functions and operators do not know their place: the innermost expression that has one
            error.where = expression.where
        _presentable(error, expression, scope)
        raise
    except RecursionError:
        raise LimitError("expressions refer to each other over too many levels", expression.where) from None
    finally:
        budget.depth -= 1


def _may_go_through_much(expression: Expression) -> bool:
    if isinstance(expression, Access):
        return any(isinstance(step, Splat) for step in expression.steps)
    return isinstance(expression, Call | For)


def _shared(expression: Expression, scope: InstanceScope) -> Value:
    """Evaluate what reads nothing of its instance once for all: n instances that go through n others are no n times n steps."""
    evaluator, found = _EVALUATORS[type(expression)], scope.shared
    if expression not in found:
        is_own = any(path[0] in scope.names for path in references(expression))
        found[expression] = None if is_own else evaluator(expression, scope.outer)
    value = found[expression]
    return evaluator(expression, scope) if value is None else value


def _presentable(error: EvaluationError, expression: Expression, scope: Scope) -> EvaluationError:
    """Return the error, without what it says of values where the expression that failed reads sensitive ones."""
    if not error.presentable:
        # Set before the mentions are evaluated: one of them may fail with this very error.
        error.presentable = True
        read = (evaluate_or_unknown(found, scope) for found in mentions(expression) if found is not expression)
        if any(Flag.SENSITIVE in value.all_marks() for value in read):
            error.message = NOT_SHOWN
    return error


def failure(error: OperationError | ConversionError, expression: Expression) -> EvaluationError:
    """Return the error of an expression whose operation fails, with its place."""
    kind = LimitError if isinstance(error, InfinityError) else EvaluationError
    return kind(str(error), expression.where)


def evaluate_or_unknown(expression: Expression, scope: Scope) -> Value:
    """Return the value of an expression; one that cannot be evaluated is unknown, and says why and where."""
    try:
        return evaluate(expression, scope)
    except EvaluationError as error:
        return unknown(ANY, error.as_unknown())


def attempt(expression: Expression, scope: Scope) -> tuple[Value, EvaluationError | None]:
    """Return a value, and the error where there is none, for operands that Terraform may have no need of."""
    try:
        return evaluate(expression, scope), None
    except EvaluationError as error:
        return unknown(type_of_failure(expression), error.as_unknown()), error


def type_of_failure(expression: Expression) -> Type:
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


@evaluates(Invalid)
def _invalid(node: Invalid, scope: Scope) -> Value:
    del scope
    raise LimitError(node.message, node.where)
