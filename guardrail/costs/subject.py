"""What the engine prices: attributes, where they are read from, and all that an expression may ask beside them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from guardrail.model.resource import Side
from guardrail.model.unknown import Json, Unknown


class Attributes(Protocol):
    """Where attributes are read from: one side of a resource, or what a parent hands to a child."""

    def get(self, name: str) -> Json:
        """Return an attribute: Unknown where it is not known yet, None where it is null or absent."""

    def read(self, names: Iterable[str]) -> dict[str, Json]:
        """Return several attributes."""

    def shown(self, name: str) -> Json:
        """Return it as it may leave the process."""

    def secrets(self, names: Iterable[str]) -> list[str]:
        """Return those of which anything is sensitive."""

    def names(self) -> set[str]:
        """Return the names of all attributes."""


class Configured(Struct, frozen=True):
    """One side of a resource as its configuration says it: what that leaves to the provider is null where it has a default."""

    side: Side
    defaults: Container[str]

    def get(self, name: str) -> Json:
        """Return an attribute."""
        return self.side.configured(name, keep=name not in self.defaults)

    def read(self, names: Iterable[str]) -> dict[str, Json]:
        """Return several attributes."""
        if self.side.unknown:
            return {name: self.get(name) for name in names}
        values = self.side.values
        return {name: values.get(name) for name in names}

    def shown(self, name: str) -> Json:
        """Return it as it may leave the process."""
        return self.side.shown(name)

    def secrets(self, names: Iterable[str]) -> list[str]:
        """Return those of which anything is sensitive."""
        return [name for name in names if self.side.has_secrets(name)] if self.side.sensitive else []

    def names(self) -> set[str]:
        """Return the names of all attributes."""
        return self.side.names()


class Handed(Struct, frozen=True):
    """Attributes that a parent hands to a child; `visible` without what is sensitive, if anything is."""

    values: Mapping[str, Json]
    visible: Mapping[str, Json] | None = None

    def get(self, name: str) -> Json:
        """Return an attribute."""
        return self.values.get(name)

    def read(self, names: Iterable[str]) -> dict[str, Json]:
        """Return several attributes."""
        return {name: self.values.get(name) for name in names}

    def shown(self, name: str) -> Json:
        """Return it as it may leave the process."""
        return (self.values if self.visible is None else self.visible).get(name)

    def secrets(self, names: Iterable[str]) -> list[str]:
        """Return those of which anything may be sensitive: that is known only as a whole."""
        return [] if self.visible is None else list(names)

    def names(self) -> set[str]:
        """Return the names of all attributes."""
        return set(self.values)


class Subject(Struct, frozen=True):
    """What is priced: attributes and all that an expression may ask beside them.

    assume  what a parent wants to stand for an attribute that it hands on and that is not known yet
    absent  references that an assumption stands for, and why they are not known
    visible "ref" and "parent" without what is sensitive, where something of them is
    profiled    the usage with what a profile assumes where none is given; None where no profile plays
    on_profile  `usage` itself is of that kind: what it lacks for a child, the profile assumes, too
    """

    attributes: Attributes
    region: str | Unknown
    usage: Mapping[str, Any]
    name: str
    address: str
    refs: Mapping[str, Json] = field(default_factory=dict)
    parent: Mapping[str, Json] | None = None
    depth: int = 0
    assume: Mapping[str, Json] = field(default_factory=dict)
    absent: Mapping[str, Unknown] = field(default_factory=dict)
    visible: Mapping[str, Json] = field(default_factory=dict)
    profiled: Mapping[str, Any] | None = None
    on_profile: bool = False
