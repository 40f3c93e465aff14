"""The resource types that are known: which there are, and what attributes they have."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from guardrail.cel import Shape, joined_shape
from guardrail.errors import nearest
from guardrail.policy.glob import is_pattern, matches


class ResourceTypes(Struct, frozen=True, dict=True):
    """Resource types by name: those of cost definitions, and those of the tables of provider schemas.

    defined  the types of cost definitions, and those that are free; none: nothing is known, and nothing is checked
    shape    gives what is known of a type's attributes, None for a type that no table has
    listed   gives the names of the types that the tables have
    version  says which tables these are: another text for other tables
    """

    defined: frozenset[str] = frozenset()
    shape: Callable[[str], Shape | None] = lambda _: None
    listed: Callable[[], Collection[str]] = frozenset
    version: str = ""

    @cached_property
    def names(self) -> frozenset[str]:
        """All types that are known. Most rules name types in full, and need not have the tables read for a list."""
        return self.defined.union(self.listed())

    def has(self, pattern: str) -> bool:
        """Say whether a known type fits a pattern."""
        if not is_pattern(pattern):
            return pattern in self.defined or self.shape(pattern) is not None
        # Most globs fit a type that has a definition, and need no list of all.
        return _fits_any(pattern, self.defined) or _fits_any(pattern, self.names)

    def matching(self, pattern: str) -> list[str]:
        """Return the known types that fit a pattern."""
        if is_pattern(pattern):
            return sorted(name for name in self.names if matches(pattern, name))
        return [pattern] if self.has(pattern) else []

    def near(self, name: str) -> str:
        """Return `did you mean "x"?` for the known type that is nearest to a name, or ""."""
        vendor = f"{name.partition('_')[0]}_"
        # Of thousands of names, only those of one vendor are compared, unless it is the vendor that is misspelt.
        alike = [one for one in self.names if one.startswith(vendor)] or self.names
        near = nearest(name, sorted(alike))
        return f'did you mean "{near}"?' if near else ""

    def attributes(self, patterns: Sequence[str]) -> Shape | None:
        """Return what resources of the types that fit these patterns have; None where a pattern is for types that no table has.

        Of the types that a glob fits, those count that the tables have.
        """
        if any(not re.match(r"[^*?_]+_", pattern) for pattern in patterns):
            return None  # a glob over all vendors
        known: dict[str, Shape] = {}
        for pattern in patterns:
            found = {name: shape for name in self.matching(pattern) if (shape := self.shape(name)) is not None}
            if not found:
                return None
            known |= found
        shapes = list(known.values())
        return shapes[0] if len(shapes) == 1 else Shape("m", fields=_AnyOf(shapes), of=" or ".join(patterns))


def _fits_any(pattern: str, names: Iterable[str]) -> bool:
    return any(matches(pattern, name) for name in names)


class _AnyOf(Mapping[str, Shape | None]):
    """The attributes of several types: one that only some of them have is null for the others."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._fields = [shape.fields for shape in shapes if shape.fields is not None]

    def __getitem__(self, name: str) -> Shape | None:
        found = [fields[name] for fields in self._fields if name in fields]
        if not found:
            raise KeyError(name)
        return joined_shape(found)

    def __contains__(self, name: object) -> bool:
        return any(name in fields for fields in self._fields)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for fields in self._fields for name in fields))

    def __len__(self) -> int:
        return sum(1 for _ in self)


NO_TYPES = ResourceTypes()
