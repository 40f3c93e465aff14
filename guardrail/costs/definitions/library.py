"""All definitions: which one prices a type, and which types cost nothing."""

import os
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from glob import glob
from pathlib import Path

from msgspec import Struct

from guardrail import data
from guardrail.cel.compiled_expressions import CompiledExpressions
from guardrail.cel.engine.engines import Engine, engine
from guardrail.costs.definitions.definition import read_definition
from guardrail.costs.definitions.tariff import Tariff
from guardrail.errors import DefinitionError
from guardrail.files.remembered import remember, remembered


class _FreeTypes(Struct, frozen=True):
    """The vendor of each type that costs nothing."""

    vendors: dict[str, str]


class ReadByChildren(Struct, frozen=True):
    """What children of a type read of it.

    attributes  their names, None where it may be any
    named_by    "name" and "address", as far as a child, or one of its own children, reads them
    """

    attributes: tuple[str, ...] | None
    named_by: tuple[str, ...]


class ToldBy(Struct, frozen=True):
    """What resources of a type, whose references lead to nothing, are told apart by for their price and that of their children.

    names     of attributes, None where it may be any
    named_by  "name" and "address", as far as either is read
    """

    names: tuple[str, ...] | None
    named_by: tuple[str, ...]


class Library:
    """Definitions by resource type: those of `folders` first, in their order, then the shipped ones.

    A folder holds `<vendor>/<type>.toml`, and may hold a `free.toml` beside them. What begins with an underscore is no type, but
    what types are `like`.
    """

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = (*folders, data.pricing_dir() / "definitions")
        self._tariffs: dict[str, Tariff] = {}
        self._read_by_children: dict[str, ReadByChildren] = {}
        self._told_by: dict[str, ToldBy] = {}

    @cached_property
    def _files(self) -> Mapping[str, tuple[Path, str]]:
        """Type that is priced -> the folder that has its definition, and its vendor."""
        files: dict[str, tuple[Path, str]] = {}
        for folder in self._folders:
            if not folder.is_dir():
                raise DefinitionError("no such folder of cost definitions", where=str(folder))
            for name in sorted(glob("*/*.toml", root_dir=folder)):  # noqa: PTH207 - paths of hundreds of files take longer
                vendor, _, file = name.partition(os.sep)
                if not file.startswith("_"):
                    files.setdefault(file.removesuffix(".toml"), (folder, vendor))
        return files

    @cached_property
    def _free(self) -> Mapping[str, str]:
        """Type that costs nothing -> vendor."""
        own = [folder / "free.toml" for folder in self._folders[:-1]]
        lists = [_free_types(path) for path in own if path.is_file()]
        return dict(item for types in (*lists, _shipped_free_types()) for item in types.items())

    def find(self, type_name: str) -> Tariff | None:
        """Return how a type is priced; None if nothing says so. Raises DefinitionError."""
        if type_name not in self._files:
            return None
        if type_name not in self._tariffs:
            folder, vendor = self._files[type_name]
            path = folder / vendor / f"{type_name}.toml"
            is_shipped = folder == self._folders[-1]
            self._tariffs[type_name] = _shipped_tariff(path, engine()) if is_shipped else _tariff(path)
        return self._tariffs[type_name]

    def read_by_children(self, tariff: Tariff) -> ReadByChildren:
        """Return what children of a type read of it. Raises DefinitionError."""
        if tariff.type not in self._read_by_children:
            children = self._children(tariff)
            below, pending = dict(children), list(filter(None, children.values()))
            while pending:
                found = self._children(pending.pop())
                pending += [child for name, child in found.items() if child and name not in below]
                below |= found
            names = [child.parents if child else None for child in children.values()]
            self._read_by_children[tariff.type] = ReadByChildren(
                None if None in names else tuple(sorted(frozenset().union(*filter(None, names)))),
                tuple(
                    root
                    for root in ("name", "address")
                    if any(not one or root in one.named_by for one in below.values())
                ),
            )
        return self._read_by_children[tariff.type]

    def told_by(self, tariff: Tariff) -> ToldBy:
        """Return what resources of a type are told apart by. Raises DefinitionError."""
        if tariff.type not in self._told_by:
            handed = self.read_by_children(tariff)
            reads_all = tariff.told_by is None or handed.attributes is None
            names = None if reads_all else tuple(sorted({*(tariff.told_by or ()), *(handed.attributes or ())}))
            self._told_by[tariff.type] = ToldBy(names, (*tariff.named_by, *handed.named_by))
        return self._told_by[tariff.type]

    def _children(self, tariff: Tariff) -> dict[str, Tariff | None]:
        """Return the types of a tariff's children; "" -> None where one is not known beforehand."""
        children = {"" if part.type.reads else str(part.type.source): part for part in tariff.parts}
        return {name: child for name in children if (child := self.find(name)) or not name}

    def keep_compiled(self) -> None:
        """Keep for the next run what this one has compiled."""
        for tariff in self._tariffs.values():
            if tariff.kept:
                tariff.kept.keep()

    def is_free(self, type_name: str) -> bool:
        """Say whether a type is known to cost nothing by itself."""
        return type_name in self._free

    def priced_types(self) -> Mapping[str, str]:
        """Return every type that has a definition, and its vendor."""
        return {name: vendor for name, (_, vendor) in sorted(self._files.items())}

    def free_types(self) -> Mapping[str, str]:
        """Return every type that is free, and its vendor."""
        return dict(sorted(self._free.items()))


def _tariff(path: Path) -> Tariff:
    definition, texts = read_definition(path)
    kept = CompiledExpressions(b"definition", path.stem.encode(), *(text.encode() for text in texts))
    return Tariff(path.stem, path.parent.name, definition, str(path), kept)


@cache
def _shipped_tariff(path: Path, _engine: Engine) -> Tariff:
    """Compile a definition once a process and engine: a server, and a run over many projects, reads it again and again."""
    return _tariff(path)


@cache
def _shipped_free_types() -> Mapping[str, str]:
    return _free_types(data.pricing_dir() / "free.toml")


def _free_types(path: Path) -> Mapping[str, str]:
    """Read a list of free types: type -> vendor. Raises DefinitionError."""
    text = path.read_text(encoding="utf-8")
    if read := remembered(_FreeTypes, text):
        return read.vendors
    import tomllib  # noqa: PLC0415 - for a list that has not been read before

    try:
        content = tomllib.loads(text)
        found = {
            name: vendor for vendor, listed in content.items() if isinstance(listed, dict) for name in listed["types"]
        }
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DefinitionError(f"not a list of free types: {error}", where=str(path)) from None
    remember(_FreeTypes(found), text)
    return found
