"""Calls a function of Terraform's language: arguments converted, what is unknown and marks carried over."""

from __future__ import annotations

from msgspec.structs import replace

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.registry import FUNCTIONS, REMOVED, UNKNOWABLE
from guardrail.terraform.language.functions.signature import (
    Function,
    FunctionContext,
    FunctionError,
    NotEvaluated,
    Parameter,
    undecided,
)
from guardrail.terraform.language.types import ANY, STRING, Type
from guardrail.terraform.language.values import (
    NO_MARKS,
    NOT_SHOWN,
    Cause,
    Flag,
    Marks,
    Unknown,
    Value,
    unknown,
    without_marks,
)


def call(name: str, arguments: list[Value], context: FunctionContext) -> Value:
    """Call a function of the language as Terraform does.

    Arguments are converted to the types of the parameters; where one is unknown and the function does not look at it
    itself, so is the result; marks are carried over. A function that is not known here, or whose result depends on the
    machine or the moment, gives unknown. Raises FunctionError where Terraform would refuse the call.
    """
    plain = name.removeprefix("core::")
    if plain in REMOVED:
        raise FunctionError(REMOVED[plain])
    function = FUNCTIONS.get(plain)
    if function is not None and plain not in UNKNOWABLE:
        return _called(function, arguments, context)
    marks: Marks = NO_MARKS.union(*(argument.all_marks() for argument in arguments))
    if plain in UNKNOWABLE:
        cause, why = UNKNOWABLE[plain]
        return unknown(STRING, Unknown(cause, why, context.where, not_null=True), marks)
    # A provider's own (provider::x::f), or one that is newer than this list.
    return unknown(ANY, Unknown(Cause.NOT_EVALUATED, f"the function {name}", context.where), marks)


def _called(function: Function, arguments: list[Value], context: FunctionContext) -> Value:
    """Convert the arguments, and call the function unless one of them is unknown (cty's Function.Call does the same)."""
    marks: Marks = NO_MARKS
    taken: list[Value] = []
    waiting: list[Value] = []
    typeless = False
    for position, (argument, parameter) in enumerate(
        zip(arguments, _parameters(function, len(arguments)), strict=True)
    ):
        value = _converted(argument, parameter, position)
        if value.type == ANY and not parameter.dynamic:
            typeless = True
            waiting.append(value)
        elif value.is_unknown and not parameter.unknown:
            waiting.append(value)
        if not parameter.marked:
            marks |= value.all_marks()
            value = without_marks(value)
        taken.append(value)
    if waiting:
        # What the function would carry on itself, it must not lose here.
        marks = marks.union(*(value.all_marks() for value in taken))
    if typeless:
        return undecided(waiting, ANY, marks=marks, not_null=False)
    type_ = function.returns if isinstance(function.returns, Type) else function.returns(taken)
    if waiting:
        return undecided(waiting, type_, marks=marks, not_null=function.not_null and type_ != ANY)
    try:
        result = function.body(context, *taken) if function.in_context else function.body(*taken)
    except NotEvaluated as limit:
        marks = marks.union(*(value.all_marks() for value in taken))
        # The reason may quote an argument.
        why = NOT_SHOWN if Flag.SENSITIVE in marks else limit.why
        return unknown(type_, Unknown(limit.cause, why, context.where, not_null=function.not_null), marks)
    if function.not_null and isinstance(result.raw, Unknown) and result.type != ANY and not result.raw.not_null:
        result = replace(result, raw=replace(result.raw, not_null=True))
    return result.marked(marks)


def _parameters(function: Function, given: int) -> list[Parameter]:
    """Return the parameter of each argument. Raises FunctionError for a wrong number of arguments."""
    required = len(function.parameters)
    if given < required or (given > required and function.variadic is None):
        least = "at least " if function.variadic else ""
        raise FunctionError(f"wrong number of arguments ({least}{required} required; {given} given)")
    return [*function.parameters, *([function.variadic] * (given - required) if function.variadic else [])]


def _converted(argument: Value, parameter: Parameter, position: int) -> Value:
    try:
        value = convert(argument, parameter.type)
    except ConversionError as error:
        raise FunctionError(f"invalid value for argument {position + 1}: {error}") from None
    if value.is_null and not parameter.null:
        raise FunctionError(f"argument {position + 1} must not be null")
    return value
