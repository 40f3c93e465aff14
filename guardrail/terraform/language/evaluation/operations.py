"""Operators and conditions, of which one side may hide what the other one is, even that it fails."""

from __future__ import annotations

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.evaluation.conditional import common_type, either
from guardrail.terraform.language.evaluation.dispatch import attempt, evaluate, evaluates, failure, type_of_failure
from guardrail.terraform.language.operators import OperationError, binary, unary, undecided
from guardrail.terraform.language.scope import EvaluationError, Scope
from guardrail.terraform.language.syntax.nodes import Binary, Conditional, Unary
from guardrail.terraform.language.types import BOOL
from guardrail.terraform.language.values import FALSE, TRUE, Value, flags_of, unknown


@evaluates(Conditional)
def _conditional(node: Conditional, scope: Scope) -> Value:
    """Choose a result, converted to the type that both have in common.

    Both are evaluated, since the type hangs on both; only the one that is chosen may fail.
    """
    yes, yes_failed = attempt(node.yes, scope)
    no, no_failed = attempt(node.no, scope)
    type_ = common_type(yes, no)
    condition = evaluate(node.condition, scope)
    if condition.is_null:
        raise EvaluationError("the condition is null", node.condition.where)
    if condition.is_unknown:
        if type_ is None:
            raise EvaluationError("the two results of a condition have different types", node.where)
        return either(condition, yes, no, type_).marked(condition.marks | yes.marks | no.marks)
    is_yes = convert(condition, BOOL).raw
    chosen, failed, other = (yes, yes_failed, no) if is_yes else (no, no_failed, yes)
    if failed is not None:
        raise failed
    if type_ is None:
        raise EvaluationError("the two results of a condition have different types", node.where)
    # As in Terraform, what is not chosen marks the result as well; but it was not read from there.
    return convert(chosen, type_).marked(condition.marks | chosen.marks | flags_of(other.marks))


@evaluates(Unary)
def _unary(node: Unary, scope: Scope) -> Value:
    return unary(node.operator, evaluate(node.operand, scope))


@evaluates(Binary)
def _binary(node: Binary, scope: Scope) -> Value:
    """Apply an operator. Long chains, which nest to the left, are followed without nesting here."""
    # One level of Python for each of hundreds of operands would take its whole stack.
    chain: list[Binary] = [node]
    while isinstance(chain[-1].left, Binary):
        chain.append(chain[-1].left)
    value, failed = attempt(chain[-1].left, scope)
    for part in reversed(chain):
        try:
            if part.operator in {"&&", "||"}:
                value, failed = _logical(part, value, failed, scope)
            elif failed is None:
                value = binary(part.operator, value, evaluate(part.right, scope))
        except (OperationError, ConversionError) as error:
            failed = failure(error, part)
        except EvaluationError as error:
            failed = error
        if failed is not None:
            # Not raised yet: an || further up in the chain may decide without this operand.
            value = unknown(type_of_failure(part), failed.as_unknown())
    if failed is not None:
        raise failed
    return value


def _logical(
    node: Binary, left: Value, left_failed: EvaluationError | None, scope: Scope
) -> tuple[Value, EvaluationError | None]:
    """Apply `&&` or `||`: the side that decides hides what the other one is, even that it fails."""
    right, right_failed = attempt(node.right, scope)
    one, other = convert(left, BOOL), convert(right, BOOL)
    marks = one.marks | other.marks
    decides = node.operator == "||"
    for side, failed in ((one, left_failed), (other, right_failed)):
        # As it happens in Terraform, null is as good as false to decide.
        if failed is None and (side.raw is decides or (side.is_null and not decides)):
            return (TRUE if decides else FALSE).marked(marks), None
    # A side that failed is unknown here, too.
    if one.is_unknown and other.is_unknown:
        return undecided((one, other), BOOL).marked(marks), left_failed
    if one.is_unknown or other.is_unknown:
        return undecided((one, other), BOOL).marked(marks), left_failed or right_failed
    if one.is_null or other.is_null:
        return one, EvaluationError("an operand is null", node.where)
    return (FALSE if decides else TRUE).marked(marks), None
