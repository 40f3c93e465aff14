"""Objects whose attributes are evaluated when somebody asks for them: a resource has hundreds, and few are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from guardrail.terraform.language.types import Type

if TYPE_CHECKING:
    from guardrail.terraform.language.values import Value


class LazyAttributes(dict[str, "Value"]):
    """The raw of an object. `names` are what going through it finds; others may be asked for where it is open."""

    def __init__(self, names: Iterable[str], evaluate: Callable[[str], Value], *, is_open: bool) -> None:
        super().__init__()
        self._names, self._evaluate, self._is_open = dict.fromkeys(names), evaluate, is_open

    def each(self, change: Callable[[Value], Value]) -> LazyAttributes:
        """Return the attributes with a change to each; it is made to those not evaluated yet when they are."""
        return LazyAttributes(self._names, lambda name: change(self[name]), is_open=self._is_open)

    def __missing__(self, name: str) -> Value:
        found = self[name] = self._evaluate(name)
        return found

    def __contains__(self, name: object) -> bool:
        # Of a type without a schema, any attribute may be there: only its provider knows.
        return self._is_open or name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is asked for, which is evaluated."""
        return self[name] if name in self else default  # noqa: SIM401 - it is what dict.get would not do

    def keys(self) -> Any:
        """Return the names that are known."""
        return self._names.keys()

    def values(self) -> Any:
        """Return the values of these names, all of them evaluated."""
        return {name: self[name] for name in self._names}.values()

    def items(self) -> Any:
        """Return these names with their values, all of them evaluated."""
        return {name: self[name] for name in self._names}.items()


class LazyTypes(dict[str, Type]):
    """The types of such an object."""

    def __init__(self, parts: LazyAttributes) -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, name: str) -> Type:
        return self._parts[name].type

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, dict) and dict(self.items()) == dict(other.items()))

    __hash__ = None  # which is that of a dict, and would be taken away by __eq__ in any case

    def get(self, name: str, default: Any = None) -> Any:
        """Return the type of what is asked for, which is evaluated."""
        return self[name] if name in self else default  # noqa: SIM401 - it is what dict.get would not do

    def keys(self) -> Any:
        """Return the names that are known."""
        return self._parts.keys()

    def values(self) -> Any:
        """Return the types of these names, all of them evaluated."""
        return {name: self[name] for name in self._parts}.values()

    def items(self) -> Any:
        """Return these names with their types, all of them evaluated."""
        return {name: self[name] for name in self._parts}.items()
