"""Conversion to a type (tostring, toset ...) and the marks of values (sensitive, ephemeral)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.signature import Function, FunctionError, Parameter, friendly, undecided
from guardrail.terraform.language.types import ANY, BOOL, NUMBER, STRING, ListType, MapType, SetType, Type
from guardrail.terraform.language.values import FALSE, TRUE, Flag, Value, each, null

_ANYTHING = Parameter(unknown=True, null=True, marked=True, dynamic=True)


def _converted_to(want: Type) -> Function:
    def body(value: Value) -> Value:
        try:
            found = convert(value, want)
        except ConversionError as error:
            raise FunctionError(f"cannot convert {friendly(value.type)} to {friendly(want)}: {error}") from None
        # Unlike conversion as such, the functions keep nothing of what is known of an unknown value.
        return undecided((value,), want, marks=found.marks, not_null=False) if value.is_unknown else found

    return Function((_ANYTHING,), want, body, not_null=False)


def sensitive(value: Value) -> Value:
    """Mark a value as sensitive."""
    return value.marked([Flag.SENSITIVE])


def nonsensitive(value: Value) -> Value:
    """Take that mark off the whole; parts keep their own."""
    return replace(value, marks=value.marks - {Flag.SENSITIVE})


def issensitive(value: Value) -> Value:
    """Return whether the whole is sensitive; an unknown value may turn out to be."""
    if value.is_sensitive:  # parts that are sensitive do not make the whole so
        return TRUE
    return undecided((value,), BOOL, not_null=False) if value.is_unknown else FALSE


def ephemeralasnull(value: Value) -> Value:
    """Put null in the place of all that is ephemeral."""
    if Flag.EPHEMERAL in value.marks:
        return null(value.type).marked(value.marks - {Flag.EPHEMERAL})
    if isinstance(value.raw, tuple):
        return replace(value, raw=tuple(map(ephemeralasnull, value.raw)))
    if isinstance(value.raw, dict):
        return replace(value, raw=each(value.raw, ephemeralasnull))
    return value


def _same(body: Callable[[Value], Value]) -> Function:
    return Function((_ANYTHING,), lambda arguments: arguments[0].type, body, not_null=False)


FUNCTIONS = {
    "tobool": _converted_to(BOOL),
    "tolist": _converted_to(ListType(ANY)),
    "tomap": _converted_to(MapType(ANY)),
    "tonumber": _converted_to(NUMBER),
    "toset": _converted_to(SetType(ANY)),
    "tostring": _converted_to(STRING),
    "ephemeralasnull": _same(ephemeralasnull),
    "nonsensitive": _same(nonsensitive),
    "sensitive": _same(sensitive),
    "issensitive": Function((_ANYTHING,), BOOL, issensitive, not_null=False),
}
