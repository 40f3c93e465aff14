"""What a function declares of itself, and what every function needs: its errors, and results that are unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.terraform.language.numbers import Number
from guardrail.terraform.language.scope import EvaluationError
from guardrail.terraform.language.types import ANY, ListType, MapType, ObjectType, SetType, TupleType, Type
from guardrail.terraform.language.values import (
    AFTER_APPLY,
    NO_MARKS,
    Cause,
    Marks,
    Unknown,
    Value,
    list_,
    unknown,
)

if TYPE_CHECKING:
    from guardrail.terraform.language.functions.file_reader import FileReader

MOST_CHARACTERS = 4_000_000
"""Of a text that is read or made. Longer ones are not evaluated, so that nothing fills the memory."""

MOST_ELEMENTS = 100_000
"""Of a collection that a function multiplies (setproduct, YAML's aliases), or of a folder that it goes through."""


class FunctionError(EvaluationError):
    """Terraform refuses this call: the plan fails with this message."""


class NotEvaluated(Exception):  # noqa: N818 - it is not an error, but the limit of this program
    """This program cannot say what Terraform would; the result is unknown for this reason."""

    def __init__(self, why: str, cause: Cause = Cause.NOT_EVALUATED) -> None:
        super().__init__(why)
        self.why = why
        self.cause = cause


class FunctionContext(Struct, frozen=True):
    """Where a call stands.

    files   reads the files of the configuration
    render  renders a template's text with variables (an object or a map, known as a whole, their values perhaps not);
            the third argument names the template
    where   the file and line of the call
    """

    files: FileReader
    render: Callable[[str, Value, str], Value]
    where: str = ""


class Parameter(Struct, frozen=True):
    """What an argument is converted to, and which arguments the function looks at itself.

    unknown  it takes unknown values; else the result is unknown where the argument is
    null     it takes null; else null is an error
    marked   it carries marks on itself; else all marks of the argument, and of its parts, are moved to the result
    dynamic  it takes values of whose type nothing is known; else the result is unknown, and of no known type
    """

    type: Type = ANY
    unknown: bool = False
    null: bool = False
    marked: bool = False
    dynamic: bool = False


class Function(Struct, frozen=True):
    """A function of the language.

    returns   the type of the result, as far as it is known where an argument is not, or a function of the arguments
    body      takes the arguments, after the context where `in_context` is set
    variadic  what any number of further arguments are
    not_null  whether the result is never null
    """

    parameters: tuple[Parameter, ...]
    returns: Type | Callable[[list[Value]], Type]
    body: Callable[..., Value]
    variadic: Parameter | None = None
    not_null: bool = True
    in_context: bool = False


def undecided(values: Iterable[Value], type_: Type = ANY, *, marks: Marks = NO_MARKS, **known: Any) -> Value:
    """Return unknown of a type, for the reason for which the first unknown of some values is.

    `known` is what is known of it all the same (the fields of Unknown).
    """
    found = next((why for value in values if (why := value.first_unknown())), AFTER_APPLY)
    plain = Unknown(found.cause, found.why, found.where)
    why = replace(plain, **{"not_null": True, **known})
    if isinstance(type_, ListType) and why.not_null and why.least == why.most and why.least <= MOST_ELEMENTS:
        # A list whose length is known is known, with elements that are not.
        return list_([unknown(type_.element, plain)] * why.least, type_.element).marked(marks)
    return unknown(type_, why, marks)


def whole(value: Value) -> int:
    """Return a number as int. Raises FunctionError where it is not whole, or beyond 64 bits."""
    number: Number = value.raw
    if not isinstance(number, int):
        raise FunctionError("value must be a whole number")
    if not -(2**63) <= number < 2**63:  # Terraform's functions take Go's int
        raise FunctionError(f"value must be a whole number, between {-(2**63)} and {2**63 - 1} inclusive")
    return number


def friendly(type_: Type) -> str:
    """Return a type as messages name it: "list of string", "object"."""
    match type_:
        case ListType(element):
            return f"list of {friendly(element)}"
        case SetType(element):
            return f"set of {friendly(element)}"
        case MapType(element):
            return f"map of {friendly(element)}"
        case TupleType():
            return "tuple"
        case ObjectType():
            return "object"
        case _:
            return "dynamic" if type_ == ANY else str(getattr(type_, "name", "any"))


def check_length(size: int) -> None:
    """Raise NotEvaluated where a text of this many characters would be too long to make. Call it before making the text."""
    if size > MOST_CHARACTERS:
        raise NotEvaluated(f"a text of {size:,} characters")
