"""The result of a condition: the type that both sides have in common, and what is known while the condition is not."""

from __future__ import annotations

from msgspec.structs import replace

from guardrail.terraform.language.operators import undecided
from guardrail.terraform.language.types import ANY, NUMBER, AnyType, Collection, SetType, Type
from guardrail.terraform.language.unification import unify
from guardrail.terraform.language.values import Unknown, Value, null, number, unknown


def common_type(yes: Value, no: Value) -> Type | None:
    """Return what both results convert to; ANY where that is not known, and nothing is converted. None if there is none."""
    # The keyword null has no type of its own: it takes that of the other side.
    if yes.raw is None and isinstance(yes.type, AnyType):
        return no.type
    if no.raw is None and isinstance(no.type, AnyType):
        return yes.type
    if isinstance(yes.type, AnyType) or isinstance(no.type, AnyType):
        return ANY
    return unify([yes.type, no.type])


def either(condition: Value, yes: Value, no: Value, type_: Type) -> Value:
    """Return what is known of one of two results while the condition is unknown.

    As HCL's ConditionalExpr does, bounds that hold for both are kept: `x ? [1] : [1, 2]` has one element at least.
    """
    if yes.is_null and no.is_null:
        return null(type_)
    if type_ == yes.type == no.type == NUMBER and yes.raw is not None and yes.raw == no.raw and not yes.is_unknown:
        return number(yes.raw)
    both = (yes, no)
    never_null = all(one.raw.not_null if isinstance(one.raw, Unknown) else one.raw is not None for one in both)
    why = undecided((condition,), type_, not_null=never_null).raw
    if isinstance(type_, Collection) and yes.type == no.type:
        bounds = [_length(value) for value in both]
        most = [bound[1] for bound in bounds]
        why = replace(
            why,
            least=min(bound[0] for bound in bounds),
            most=None if None in most else max(bound for bound in most if bound is not None),
        )
    return unknown(type_, why)


def _length(value: Value) -> tuple[int, int | None]:
    """Return how many elements a collection has at least and at most; None for no bound."""
    if isinstance(value.raw, Unknown):
        return value.raw.least, value.raw.most
    count = len(value.raw) if value.raw is not None else 0
    if value.is_null:
        return 0, None
    # Unknown elements of a set may turn out to be equal to each other, so one is all that is sure.
    return (min(count, 1) if isinstance(value.type, SetType) and not value.is_wholly_known() else count), count
