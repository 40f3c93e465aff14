"""Resources that a proposal adds to a configuration: what is written, and what is known of it before it is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from msgspec import Struct

from guardrail.model.unknown import Json


class Expression(str):
    """An expression of Terraform's language, written as it is.

    planned   what it comes to as far as that is known before it is applied; None where it is not
    mentions  addresses of the resources that it refers to
    """

    __slots__ = ("mentions", "planned")
    planned: Json
    mentions: tuple[str, ...]

    def __new__(cls, text: str, planned: Json = None, mentions: tuple[str, ...] = ()) -> Self:
        """Make an expression of its text."""
        made = super().__new__(cls, text)
        made.planned, made.mentions = planned, mentions
        return made


class NewResource(Struct, frozen=True):
    """A resource to be written after another one, into the same module.

    body  attributes by name, in the order in which they are written; a tuple of mappings is nested blocks of that name
    """

    type: str
    name: str
    body: Mapping[str, Json]


def mentions(value: Json) -> Iterator[str]:
    """Give the addresses of what the expressions in a value refer to."""
    if isinstance(value, Expression):
        yield from value.mentions
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from mentions(part)
