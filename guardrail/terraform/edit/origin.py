"""Where in the text of a configuration a value is written: in its block, or in what the block refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from guardrail.model.unknown import Json
from guardrail.terraform.address import key_value, parse, steps
from guardrail.terraform.blocks import Block
from guardrail.terraform.edit import layout
from guardrail.terraform.edit.code import Code, Expression, Kind
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.layout import Patch

if TYPE_CHECKING:
    from guardrail.terraform.module_tree import Module, ModuleTree

_MAX_DEPTH = 40  # from name to name; Terraform refuses what goes round in circles
_ELSEWHERE = "it is written in a module from elsewhere"

ValuesOf = Callable[[str], Path | None]
"""The file that gives a variable of the root module its value, None for none. Raises CannotEditError for another place."""


@dataclass(frozen=True)
class Frame:
    """A module as it is called: its text, the block that calls it, from where, and the key of the instance."""

    module: Module
    call: Block | None = None
    parent: Frame | None = None
    key: Json = None


@dataclass(frozen=True)
class Spot:
    """Where an expression stands: its file and module, and what `each` is there: an expression, its place and a key."""

    file: Path
    frame: Frame
    each: tuple[Expression, Spot] | None = None
    key: Json = None


@dataclass(frozen=True)
class Place:
    """A patch and the file that it is for."""

    file: Path
    patch: Patch


@dataclass(frozen=True)
class Wanted:
    """What is to be done to a value: set it, add entries to it, or rename one of its entries.

    is_now  what the value is, as evaluated; nothing is done where the text says otherwise
    is_near add entries where the value is used, not where it is written
    """

    value: Json = None
    entries: Mapping[str, Json] | None = None
    rename: tuple[str, str] | None = None
    is_now: Json = None
    is_near: bool = False


class Origins:
    """Finds what to patch in the texts of a configuration. Raises CannotEditError for what cannot be edited there."""

    def __init__(self, tree: ModuleTree, texts: EditedFiles, values_of: ValuesOf) -> None:
        self._tree, self._texts, self._values_of = tree, texts, values_of

    def patches(self, address: str, path: tuple[str, ...], wanted: Wanted) -> list[Place]:
        """Return the patches that do to an attribute of a resource what is wanted; none where it is done already."""
        found = parse(address)
        frame = self._frame(found.module) if found else None
        block = frame.module.find("resource", found.type, found.name) if found and frame else None
        if found is None or frame is None or block is None:
            raise CannotEditError("its block is not in the configuration at hand")
        code, spot = self._block(block, frame, key_value(found.key))
        return self._in_block(code, spot, path, wanted)

    def _frame(self, module: str) -> Frame | None:
        root = self._tree.module("")
        frame = Frame(root) if root else None
        for _, name, key in steps(module):
            call = frame.module.find("module", name) if frame else None
            inner = f"{frame.module.key}.{name}" if frame and frame.module.key else name
            child = self._tree.module(inner)
            frame = Frame(child, call, frame, key_value(key)) if child and call else None
        return frame

    def _block(self, block: Block, frame: Frame, key: Json) -> tuple[Code, Spot]:
        file = Path(block.file)
        code = self._texts.code(file, block.kind, *block.labels)
        spot = Spot(file, frame)
        each = code.attribute("for_each")
        return code, replace(spot, each=(each.value, spot), key=key) if each else spot

    def _in_block(self, code: Code, spot: Spot, path: tuple[str, ...], wanted: Wanted) -> list[Place]:
        name, *rest = path
        attribute, nested = code.attribute(name), code.nested(name)
        if attribute:
            return self._in_value(attribute.value, spot, tuple(rest), wanted)
        if rest and rest[0].isdigit():
            return self._in_nested(code, spot, path, wanted)
        if nested:
            raise CannotEditError(f"{name} is written as a block")
        if wanted.rename:
            raise CannotEditError(f"the block does not set {name}")
        if rest or wanted.entries is not None:
            given = dict(wanted.entries or {}) if not rest else {rest[0]: wanted.value}
            return [self._place(spot, layout.with_attribute(self._texts.text(spot.file), code, name, given))]
        return [self._place(spot, layout.with_attribute(self._texts.text(spot.file), code, name, wanted.value))]

    def _in_nested(self, code: Code, spot: Spot, path: tuple[str, ...], wanted: Wanted) -> list[Place]:
        name, index, *rest = path
        nested = code.nested(name)
        if any(block.is_dynamic for block in nested):
            raise CannotEditError(f"a dynamic block makes {name}")
        if int(index) < len(nested):
            return self._in_block(nested[int(index)].body, spot, tuple(rest), wanted)
        if int(index) > len(nested) or len(rest) != 1 or wanted.rename:
            raise CannotEditError(f"the block has no {name}")
        return [self._place(spot, layout.with_block(self._texts.text(spot.file), code, name, {rest[0]: wanted.value}))]

    def _in_value(
        self, value: Expression, spot: Spot, path: tuple[str, ...], wanted: Wanted, depth: int = 0
    ) -> list[Place]:
        """Go into a value by a path, and do what is wanted to what is there."""
        if depth > _MAX_DEPTH:
            raise CannotEditError("its names go round in circles")
        if value.kind is Kind.REFERENCE and not (wanted.is_near and wanted.entries is not None and not path):
            return self._follow(value, spot, path, wanted, depth + 1)
        if path:
            return self._in_value(_part(value, path[0]), spot, path[1:], wanted, depth)
        if wanted.entries is not None:
            return self._with_entries(value, spot, wanted, depth)
        if wanted.rename:
            return self._with_name(value, spot, wanted)
        return self._with_value(value, spot, wanted)

    def _with_value(self, value: Expression, spot: Spot, wanted: Wanted) -> list[Place]:
        if value.kind is not Kind.LITERAL:
            raise CannotEditError(_why(value, self._texts.text(spot.file)))
        if _same(value.value, wanted.value):
            return []
        if not _same(value.value, wanted.is_now):
            raise CannotEditError(f"{spot.file.name} says {value.value!r} where {wanted.is_now!r} was evaluated")
        return [self._place(spot, layout.replaced(value, wanted.value))]

    def _with_entries(self, value: Expression, spot: Spot, wanted: Wanted, depth: int) -> list[Place]:
        text, entries = self._texts.text(spot.file), dict(wanted.entries or {})
        now = wanted.is_now if isinstance(wanted.is_now, Mapping) else {}
        objects = [value, *(value.parts if value.kind is Kind.CALL and value.name == "merge" else ())]
        places: list[Place] = []
        for part in reversed([one for one in objects if one.kind is Kind.OBJECT]):
            for key in [one for one in entries if part.entry(one)]:
                inner = Wanted(entries.pop(key), is_now=now.get(key))
                entry = part.entry(key)
                places += self._in_value(entry.value, spot, (), inner, depth) if entry else []
        if not entries:
            return places
        return [*places, self._place(spot, _added(text, value, entries))]

    def _with_name(self, value: Expression, spot: Spot, wanted: Wanted) -> list[Place]:
        old, new = wanted.rename or ("", "")
        objects = value.parts if value.kind is Kind.CALL and value.name == "merge" else (value,)
        found = [
            one for part in objects if part.kind is Kind.OBJECT for one in (part.entry(old), part.entry(new)) if one
        ]
        if [entry.key for entry in found] == [new]:
            return []  # done already, for another instance
        if [entry.key for entry in found] == [old]:
            return [self._place(spot, layout.renamed(self._texts.text(spot.file), found[0], new))]
        if found:
            raise CannotEditError(f"{old} and {new} are both there, or more than once: which of them counts?")
        raise CannotEditError(f"{old} is not written where its block sets it")

    def _follow(self, value: Expression, spot: Spot, path: tuple[str, ...], wanted: Wanted, depth: int) -> list[Place]:
        """Go on where a name leads."""
        match value.path:
            case ("local", name, *rest):
                return self._local(name, spot.frame, (*rest, *path), wanted, depth)
            case ("var", name, *rest) if spot.frame.parent is None:
                return self._root_variable(name, spot.frame, (*rest, *path), wanted, depth)
            case ("var", name, *rest):
                return self._variable(name, spot.frame, (*rest, *path), wanted, depth)
            case ("each", "value", *rest) if spot.each:
                every, there = spot.each
                return self._in_value(every, there, (str(spot.key), *rest, *path), wanted, depth)
        raise CannotEditError(f"its value is that of {'.'.join(value.path)}")

    def _local(self, name: str, frame: Frame, path: tuple[str, ...], wanted: Wanted, depth: int) -> list[Place]:
        for file in dict.fromkeys(Path(block.file) for block in frame.module.blocks("locals")):
            for code in self._texts.locals(file):
                if entry := code.attribute(name):
                    return self._in_value(entry.value, Spot(file, frame), path, wanted, depth)
        raise CannotEditError(f"local.{name} is not defined")

    def _variable(self, name: str, frame: Frame, path: tuple[str, ...], wanted: Wanted, depth: int) -> list[Place]:
        """Go to the argument of the call, else to the variable's default; not into modules from elsewhere."""
        if frame.call is None or frame.parent is None:
            raise CannotEditError(f"var.{name} has no value in the configuration")
        code, spot = self._block(frame.call, frame.parent, frame.key)
        if argument := code.attribute(name):
            return self._in_value(argument.value, spot, path, wanted, depth)
        if frame.module.remote and not path and wanted.entries is None and not wanted.rename:
            added = layout.with_attribute(self._texts.text(spot.file), code, name, wanted.value)
            return [self._place(spot, added)]
        return self._default(name, frame, path, wanted, depth)

    def _root_variable(self, name: str, frame: Frame, path: tuple[str, ...], wanted: Wanted, depth: int) -> list[Place]:
        file = self._values_of(name)
        if file is None:
            return self._default(name, frame, path, wanted, depth)
        given = self._texts.values(file).attribute(name)
        if given is None:
            raise CannotEditError(f"var.{name} is not where it was found in {file.name}")
        return self._in_value(given.value, Spot(file, frame), path, wanted, depth)

    def _default(self, name: str, frame: Frame, path: tuple[str, ...], wanted: Wanted, depth: int) -> list[Place]:
        block = frame.module.find("variable", name)
        if block is None:
            raise CannotEditError(f"var.{name} is not declared")
        file = Path(block.file)
        default = self._texts.code(file, "variable", name).attribute("default")
        if default is None:
            raise CannotEditError(f"var.{name} has no value in the configuration")
        return self._in_value(default.value, Spot(file, frame), path, wanted, depth)

    def _place(self, spot: Spot, patch: Patch) -> Place:
        if spot.frame.module.remote:
            raise CannotEditError(_ELSEWHERE)
        return Place(spot.file, patch)


def _added(text: str, value: Expression, entries: Mapping[str, Json]) -> Patch:
    """Add entries to an object, to a `merge(...)`, or to whatever else gives a map."""
    if value.kind is Kind.OBJECT:
        return layout.with_entries(text, value, entries)
    if value.kind is Kind.CALL and value.name == "merge" and "..." not in text[value.start : value.end]:
        objects = [part for part in value.parts if part.kind is Kind.OBJECT]
        return (
            layout.with_entries(text, objects[-1], entries) if objects else layout.with_argument(text, value, entries)
        )
    if value.kind is Kind.LITERAL:
        return layout.replaced(value, dict(entries))
    return layout.merged(text, value, entries)


def _part(value: Expression, step: str) -> Expression:
    """Return a part of an object or a list that is written out."""
    entry = value.entry(step) if value.kind is Kind.OBJECT else None
    if entry:
        return entry.value
    if value.kind is Kind.LIST and step.isdigit() and int(step) < len(value.parts):
        return value.parts[int(step)]
    raise CannotEditError(f"{step} is not written out where its value comes from")


def _why(value: Expression, text: str) -> str:
    said = " ".join(text[value.start : value.end].split())
    shown = said if len(said) <= 60 else f"{said[:59]}…"  # noqa: PLR2004 - a line
    reasons = {Kind.CONDITION: "a condition decides", Kind.CALL: "a function computes it"}
    return f"{reasons.get(value.kind, 'it is an expression')}: {shown}"


def _same(one: Json, other: Json) -> bool:
    """Say whether two values are the same to Terraform, to which "1" and 1 are where a number is asked for."""
    return one == other or _spelled(one) == _spelled(other)


def _spelled(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def each_file(places: Iterable[Place]) -> dict[Path, list[Patch]]:
    """Return patches by file."""
    found: dict[Path, list[Patch]] = {}
    for place in places:
        found.setdefault(place.file, []).append(place.patch)
    return found
