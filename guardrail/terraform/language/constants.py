"""What an expression says that computes nothing: literals, and tuples and objects of them."""

from __future__ import annotations

from fractions import Fraction

from guardrail.model.unknown import Json
from guardrail.terraform.language.syntax.nodes import (
    Expression,
    Literal,
    ObjectExpression,
    TupleExpression,
    Unary,
)


class NotConstantError(Exception):
    """An expression that has to be evaluated."""


def constant(expression: Expression) -> Json:
    """Return what an expression says. Raises NotConstantError for one that refers to anything, or computes."""
    match expression:
        case Literal():
            raw = expression.value.raw
            return float(raw) if isinstance(raw, Fraction) else raw
        case TupleExpression():
            return [constant(part) for part in expression.items]
        case ObjectExpression():
            return {str(constant(name)): constant(part) for name, part in expression.items}
        case Unary(operator="-"):  # HCL has no negative literals: -1 is an operation
            said = constant(expression.operand)
            if isinstance(said, int | float) and not isinstance(said, bool):
                return -said
    raise NotConstantError
