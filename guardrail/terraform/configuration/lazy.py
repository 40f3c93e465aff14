"""Objects whose attributes are evaluated when somebody asks for them: a resource has hundreds, and few are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from guardrail.terraform.language.types import ANY, ObjectType, Type
from guardrail.terraform.language.values import Value


class _Attributes(dict[str, Value]):
    """The raw of an object. `names` are what going through it finds; others may be asked for where it is open."""

    def __init__(self, names: Iterable[str], evaluate: Callable[[str], Value]) -> None:
        super().__init__()
        self._known, self._evaluate = dict.fromkeys(names), evaluate

    def __missing__(self, name: str) -> Value:
        found = self[name] = self._evaluate(name)
        return found

    def _all(self) -> dict[str, Value]:
        return {name: self[name] for name in self._known}

    def __contains__(self, name: object) -> bool:
        return name in self._known or super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - it is what dict.get would not do

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def keys(self) -> Any:
        return self._known.keys()

    def values(self) -> Any:
        return self._all().values()

    def items(self) -> Any:
        return self._all().items()


class _Types(dict[str, Type]):
    """The types of such an object."""

    def __init__(self, values: _Attributes, *, is_open: bool) -> None:
        super().__init__()
        self._parts, self._is_open = values, is_open

    def __missing__(self, name: str) -> Type:
        return self._parts[name].type if name in self._parts else ANY

    def __contains__(self, name: object) -> bool:
        return self._is_open or name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, dict) and dict(self.items()) == dict(other.items()))

    __hash__ = None

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - it is what dict.get would not do

    def keys(self) -> Any:
        return self._parts.keys()

    def values(self) -> Any:
        return {name: self[name] for name in self._parts}.values()

    def items(self) -> Any:
        return {name: self[name] for name in self._parts}.items()


def lazy_object(names: Iterable[str], evaluate: Callable[[str], Value], *, is_open: bool = False) -> Value:
    """Return an object. `is_open` says that it may have attributes beside `names`, of which nothing is known."""
    raw = _Attributes(names, evaluate)
    return Value(ObjectType(_Types(raw, is_open=is_open)), raw)
