"""Which keys of a map, or texts of a list, an expression looks at, so that what it does not look at need not be compared."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import product

from msgspec import Struct

from guardrail.cel.analysis.names import Path
from guardrail.cel.expression.tree import Binary, Call, Index, ListOf, Literal, Macro, MapOf, Name, Select, Tree, parts


class KeyAccess(Struct, frozen=True):
    """What an expression's value depends on of one map, or of one list.

    keys   names of the entries that it looks at, there or not; of a list, the texts that it looks for
    names  whether it depends on which keys there are, or may look for any text
    whole  whether it may look at anything
    """

    keys: frozenset[str] = frozenset()
    names: bool = False
    whole: bool = False

    def __or__(self, other: KeyAccess) -> KeyAccess:
        return KeyAccess(self.keys | other.keys, self.names or other.names, self.whole or other.whole)


_NAMES = KeyAccess(names=True)
_WHOLE = KeyAccess(whole=True)
_Words = Mapping[str, frozenset[str] | None]
"""A macro's variable -> the only texts that it can stand for, None if there is no telling."""


def key_access(tree: Tree, path: Path) -> KeyAccess:
    """Return what an expression looks at of the map, or the list, at `path`."""
    return reduce(operator.or_, _AccessFinder(path).accesses(tree, {}), KeyAccess())


class _AccessFinder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def accesses(self, tree: Tree, words: _Words) -> Iterator[KeyAccess]:
        """Yield what each part of the tree looks at."""
        place = place_of(tree)
        if place is not None:
            yield from self._at_place(place)
        elif isinstance(tree, Index) and place_of(tree.operand) == self.path:
            texts = _texts(tree.key, words)
            yield _WHOLE if texts is None else KeyAccess(texts)
            yield from self.accesses(tree.key, words)
        elif isinstance(tree, Binary) and tree.operator == "in" and place_of(tree.right) == self.path:
            texts = _texts(tree.left, words)
            yield _NAMES if texts is None else KeyAccess(texts)
            yield from self.accesses(tree.left, words)
        elif isinstance(tree, Call) and tree.name == "get" and place_of(tree.args[0]) == self.path:
            texts = _texts(tree.args[1], {})
            keys = frozenset(text.partition(".")[0] for text in texts or ())
            # A number may be a place in a list.
            yield _WHOLE if texts is None or any(map(str.isdecimal, keys)) else KeyAccess(keys)
            for part in tree.args[1:]:
                yield from self.accesses(part, words)
        elif isinstance(tree, Macro):
            yield from self._macro(tree, words)
        else:
            for part in parts(tree):
                yield from self.accesses(part, words)

    def _at_place(self, place: Path) -> Iterator[KeyAccess]:
        if self.path[: len(place)] == place:
            yield _WHOLE
        elif place[: len(self.path)] == self.path:
            yield KeyAccess(frozenset({place[len(self.path)]}))

    def _macro(self, macro: Macro, words: _Words) -> Iterator[KeyAccess]:
        place = place_of(macro.target)
        if place == self.path and len(macro.variables) == 1 and macro.name != "bind":
            yield _NAMES  # a macro goes through the keys of a map
        # With two variables a macro sees the values as well as the keys.
        elif place == self.path:
            yield _WHOLE
        else:
            yield from self.accesses(macro.target, words)
        inner = {**words, **dict.fromkeys(macro.variables), macro.variables[0]: _elements(macro.target, words)}
        for body in macro.bodies:
            yield from self.accesses(
                body, inner if len(macro.variables) == 1 else {**words, **dict.fromkeys(macro.variables)}
            )


def place_of(tree: Tree) -> Path | None:
    """Return the path of the context that a tree spells; None for anything else, a computed key included."""
    steps: list[str] = []
    while isinstance(tree, Select | Index):
        if isinstance(tree, Select):
            steps.append(tree.field)
        elif isinstance(tree.key, Literal) and isinstance(tree.key.value, str):
            steps.append(tree.key.value)
        else:
            return None
        tree = tree.operand
    return (tree.name, *reversed(steps)) if isinstance(tree, Name) else None


def _texts(tree: Tree, words: _Words) -> frozenset[str] | None:
    """Return the only texts that a tree can stand for, None if there is no telling."""
    match tree:
        case Literal(str() as text):
            return frozenset({text})
        case Name(name):
            return words.get(name)
        case Binary("+", left, right):
            begins, ends = _texts(left, words), _texts(right, words)
            return None if begins is None or ends is None else frozenset(map("".join, product(begins, ends)))
        case _:
            return None


def _elements(tree: Tree, words: _Words) -> frozenset[str] | None:
    """Return the texts that a macro goes through: those of a constant list or the keys of a constant map, filtered or not."""
    if isinstance(tree, Macro) and tree.name == "filter":
        return _elements(tree.target, words)
    if isinstance(tree, ListOf):
        items: Iterable[Tree] = tree.items
    elif isinstance(tree, MapOf):
        items = (key for key, _ in tree.entries)
    else:
        return None
    found = [_texts(item, words) for item in items]
    return None if None in found else frozenset().union(*(texts for texts in found if texts))
