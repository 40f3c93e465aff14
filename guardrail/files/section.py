"""Parts of files that people write, and what their keys may hold, in the words of pydantic.

Nothing here loads pydantic: it checks a file that is new (`model.py`), and what it has checked before is read as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, dataclass_transform

from msgspec import Struct, field

Checking = TypeVar("Checking", bound="Callable[..., Any] | classmethod[Any, ..., Any]")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Section(Struct, frozen=True):
    """A part of a file: a closed set of keys, frozen once read."""

    further: ClassVar[str] = ""
    """The field that takes the keys that are no fields; "": there may be none."""


class Constraint:
    """What pydantic asks of a value, by the name and with the arguments that it has there."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.given, self.options = given, options


class Field(Constraint):
    """Bounds of numbers, lengths and patterns of texts."""


class StringConstraints(Constraint):
    """What a text must be, once the space around it is gone."""


class AfterValidator(Constraint):
    """A function that takes a value of the right type and returns it, or raises ValueError."""


class BeforeValidator(Constraint):
    """A function that takes a value as the file has it."""


class PlainSerializer(Constraint):
    """How a value is written in the JSON Schema."""


class WithJsonSchema(Constraint):
    """What the JSON Schema says of a value."""


class WrittenAs(Constraint):
    """A section, given as "module:Section", that is kept as a map of the keys that the file has: `dict[str, Any]` stands for it."""


class Asked(Struct, frozen=True):
    """When a method of a section is asked: of `fields`, before or after their types are checked, or, without any, of the whole."""

    fields: tuple[str, ...] = ()
    mode: str = "after"
    with_keys: bool = False


def field_validator(*fields: str, mode: str = "after") -> Callable[[Checking], Checking]:
    """Mark a class method that takes the value of one of these fields and returns it, or raises ValueError."""

    def marked(method: Checking) -> Checking:
        method.asked = Asked(fields, mode)  # type: ignore[union-attr] # functions and class methods take attributes
        return method

    return marked


def model_validator(method: Checking) -> Checking:
    """Mark a method that raises ValueError for a section whose fields do not fit together."""
    method.asked = Asked()  # type: ignore[union-attr] # as above
    return method


def keys_validator(method: Checking) -> Checking:
    """Mark a method that is a model_validator, and is told as well which keys the file has."""
    method.asked = Asked(with_keys=True)  # type: ignore[union-attr] # as above
    return method
