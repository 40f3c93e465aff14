"""The modules of a configuration, parsed: each folder once, whatever the number of calls and of instances."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import (
    LEADS_OUT,
    MAX_BYTES,
    checkout_of,
    configuration_files,
    is_fetched,
    is_local,
    is_remote,
    leads_out,
    manifest_of,
    reach_of,
    set_aside,
    shown,
)
from guardrail.terraform.configuration.code.overrides import merged
from guardrail.terraform.language.functions.file_reader import FileReader
from guardrail.terraform.language.syntax import ParsedFile, parse_file
from guardrail.terraform.language.syntax.json_syntax import BLOCKS
from guardrail.terraform.language.syntax.nodes import Attribute, Block, Fault, Literal, ObjectExpression
from guardrail.terraform.plan.json.facts import LOCK_FILE

_MAX_DEPTH = 40  # calls within calls: modules that call each other have no end (`refuse_circles` says so)
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}


class ModuleCode(Struct, frozen=True, eq=False, dict=True):
    """The code of one module.

    folder  where its files lie, from the root module's folder ("." for the root module), as `path.module` says it
    files   their names
    remote  whether it comes from elsewhere, so that its files are not the reader's own
    blocks  of all its files, with overrides merged in
    faults  what of it could not be parsed, or not be read: place and reason
    unmerged  what override files say that could not be merged, and what OpenTofu does not read, and why
    broken  the blocks that have faults, without their bodies
    """

    folder: str
    files: tuple[str, ...]
    remote: bool
    blocks: tuple[Block, ...]
    faults: tuple[Fault, ...] = ()
    unmerged: tuple[str, ...] = ()
    broken: tuple[Block, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of it could be read."""
        return not (self.faults or self.unmerged)

    @cached_property
    def _by_type(self) -> Mapping[str, Mapping[tuple[str, ...], Block]]:
        found: defaultdict[str, dict[tuple[str, ...], Block]] = defaultdict(dict)
        for block in self.blocks:
            if len(block.labels) == _LABELS.get(block.type):
                # A second block of the same labels is a fault; the first is the one to look at.
                found[block.type].setdefault(block.labels, block)
        return found

    @property
    def all_blocks(self) -> tuple[Block, ...]:
        """Its blocks, those that have faults too."""
        return (*self.blocks, *self.broken)

    def labelled(self, type_: str) -> Mapping[tuple[str, ...], Block]:
        """Return labels -> block, for the blocks of a type that has labels, in the order in which they are written."""
        return self._by_type.get(type_, {})

    def of(self, type_: str) -> Iterator[Block]:
        """Yield all blocks of a type."""
        return (block for block in self.blocks if block.type == type_)

    @cached_property
    def locals(self) -> Mapping[str, Attribute]:
        """The local values, by name."""
        return {name: part for block in self.of("locals") for name, part in block.body.attributes.items()}

    @cached_property
    def providers(self) -> Mapping[tuple[str, str], Block]:
        """The provider blocks, by name and alias ("" without one)."""
        found: dict[tuple[str, str], Block] = {}
        for block in self.of("provider"):
            if block.labels:
                found.setdefault((block.labels[0], literal(block, "alias")), block)
        return found

    @cached_property
    def provider_sources(self) -> Mapping[str, str]:
        """Local name of a provider -> its source ("hashicorp/aws"), where `required_providers` says it."""
        found = {}
        for block in self.of("terraform"):
            for required in block.body.blocks_of("required_providers"):
                for name, attribute in required.body.attributes.items():
                    # Before Terraform 0.13 a version stood here alone (aws = "~> 2.0"): it says nothing of the source.
                    if isinstance(attribute.expression, ObjectExpression):
                        items = {_text(key): _text(value) for key, value in attribute.expression.items}
                        found[name] = items.get("source", "")
        return {name: source for name, source in found.items() if source}


def literal(block: Block, name: str) -> str:
    """Return a string that a block says without any computing; "" where it does not."""
    attribute = block.body.attributes.get(name)
    return _text(attribute.expression) if attribute else ""


def _text(expression: object) -> str:
    value = expression.value.raw if isinstance(expression, Literal) else None
    return value if isinstance(value, str) else ""


class Modules(Protocol):
    """Finds the modules of a configuration by key: the names of the calls that lead to them, joined by dots."""

    def module(self, key: str) -> ModuleCode | None:
        """Return a module; None for one whose code is not at hand."""


class SavedModules:
    """The modules of a saved plan.

    folders  where the modules lie, by key, from the root module's folder
    texts    of their files, by key and name
    shown    where the root module is shown to lie
    """

    def __init__(self, folders: Mapping[str, str], texts: Mapping[str, Mapping[str, bytes]], shown_at: str) -> None:
        self._folders, self._texts, self._shown_at = folders, texts, shown_at
        self._code: dict[str, ModuleCode] = {}

    def module(self, key: str) -> ModuleCode | None:
        """Return a module; None for one whose text is not in the plan."""
        if key not in self._folders:
            return None
        if key not in self._code:
            folder = self._folders[key]
            at = posixpath.normpath(posixpath.join(self._shown_at, folder))
            texts = {
                posixpath.join(at, name).removeprefix("./"): text for name, text in self._texts.get(key, {}).items()
            }
            self._code[key] = _code(texts, folder)
        return self._code[key]


class FolderModules:
    """The modules that a folder calls: local ones, and those that `terraform init` has fetched.

    `added` are files that stand beside those of the root module, or in their place, by name: what messages call them,
    and their text.
    """

    def __init__(self, root: Path, added: Mapping[str, tuple[str, bytes]] | None = None) -> None:
        self.root, self._added = root, added or {}
        self.checkout = checkout_of(root)
        self._manifest = manifest_of(root)
        self._code: dict[Path, ModuleCode] = {}
        self._paths: dict[str, Path | None] = {"": root}
        self._outside: set[str] = set()

    def module(self, key: str) -> ModuleCode | None:
        """Return a module; None for one whose code is not at hand."""
        path = self.path(key)
        if path is None:
            return None
        if path not in self._code:
            self._code[path] = _read(path, self.root, {} if key else self._added)
        return self._code[path]

    def path(self, key: str) -> Path | None:
        """Return the folder of a module; None where it is not at hand."""
        if key not in self._paths:
            self._paths[key] = self._found(key)
        return self._paths[key]

    def _found(self, key: str) -> Path | None:
        parent, _, name = key.rpartition(".")
        path = self.path(parent)
        above = self.module(parent) if key.count(".") < _MAX_DEPTH else None
        call = above.labelled("module").get((name,)) if above else None
        if call is None or path is None:
            return None
        source = literal(call, "source")
        if is_local(source):
            found = Path(os.path.normpath(path / source))
            # Links are followed first: a pull request may not make a check read, and show, files beside the checkout.
            if not followed(found).is_relative_to(self.checkout or reach_of(self.root)):
                self._outside.add(key)
                return None
        elif is_fetched(folder := self._manifest.get(key, "")):
            found = self.root / folder
        else:
            return None
        return found if found.is_dir() else None

    def leads_out(self, key: str) -> bool:
        """Return whether a module lies where nothing is read: outside of the checkout; without one, of the current folder."""
        return self.path(key) is None and key in self._outside  # `path` is what fills `_outside`

    def readable(self) -> FileReader:
        """Return a reader of the files that configuration may read: those of its checkout, and of its modules.

        Outside of a checkout, they are those of the root module's folder and of the modules that it calls.
        """
        paths = (path for key, path in self.folders() if key and path)
        others = {path for path in paths if not self.checkout or is_remote(os.path.relpath(path, self.root))}
        return FileReader(self.checkout or self.root, self.root, tuple(others))

    def folders(self) -> Iterator[tuple[str, Path | None]]:
        """Yield the key and the folder of each module that is called, from the root module down; None for one that is not at hand."""
        waiting = [""]
        while waiting:
            key = waiting.pop()
            yield key, self.path(key)
            code = self.module(key)
            names = [name for (name,) in code.labelled("module")] if code else []
            waiting += [f"{key}.{name}" if key else name for name in names]


def _read(path: Path, root: Path, added: Mapping[str, tuple[str, bytes]]) -> ModuleCode:
    # A file that cannot be read is a fault of the module, not its end: what the others say is still evaluated.
    texts = dict(added.values())
    faults: list[Fault] = []
    files = [file for file in configuration_files(path) if file.name not in added]
    for file in files:
        name = shown(file)
        if leads_out(file):
            faults.append(Fault(LEADS_OUT, name))
            continue
        try:
            text = file.read_bytes() if file.stat().st_size <= MAX_BYTES else None
        except OSError as error:
            faults.append(Fault(f"cannot be read: {error.strerror}", name))
            continue
        if text is None:
            faults.append(Fault(f"is larger than {MAX_BYTES // 1024**2} MB", name))
            continue
        texts[name] = text
    code = _code(texts, posixpath.normpath(Path(os.path.relpath(path, root)).as_posix()), faults)
    aside = [] if code.remote or _is_of_opentofu(root) else set_aside(path)
    unread = (
        f"{shown(file)}: not read, as {file.name.replace('.tf', '.tofu')} stands in its place for OpenTofu"
        for file in aside
    )
    return replace(code, files=(*(file.name for file in files), *added), unmerged=(*code.unmerged, *unread))


def _is_of_opentofu(root: Path) -> bool:
    """Say whether OpenTofu has chosen the providers of a root module, and Terraform none."""
    try:
        text = (root / LOCK_FILE).read_bytes()
    except OSError:
        return False
    return b"registry.opentofu.org/" in text and b"registry.terraform.io/" not in text


def _code(texts: Mapping[str, bytes], folder: str, faults: Iterable[Fault] = ()) -> ModuleCode:
    """Parse the files of a module, given by how they are shown. `faults` are those of files that could not be read."""
    files = [_parsed(name, texts[name]) for name in sorted(texts)]
    blocks, unmerged = merged({posixpath.basename(file.source.name): file.body for file in files})
    return ModuleCode(
        folder,
        tuple(posixpath.basename(name) for name in texts),
        is_remote(folder),
        tuple(blocks),
        (*faults, *(fault for file in files for fault in file.faults), *_misnamed(blocks)),
        tuple(unmerged),
        tuple(block for file in files for block in file.broken),
    )


def _misnamed(blocks: Iterable[Block]) -> Iterator[Fault]:
    """Yield the blocks that Terraform refuses: of no type that it has, with other labels than it asks for, or declared twice."""
    first: dict[tuple[str, ...], Block | Attribute] = {}
    for block in blocks:
        named: dict[tuple[str, ...], Block | Attribute] = {}
        if block.type not in BLOCKS[""]:
            yield Fault(f'"{block.type}" is not a block of Terraform', block.where)
        if block.type == "locals":
            named = {("local", name): attribute for name, attribute in block.body.attributes.items()}
        elif len(block.labels) != _LABELS.get(block.type, len(block.labels)):
            yield Fault(f"{block.type} has {len(block.labels)} labels instead of {_LABELS[block.type]}", block.where)
        elif block.type in _LABELS:
            alias = literal(block, "alias") if block.type == "provider" else ""
            named[block.type, *block.labels, *filter(None, [alias])] = block
        for name, node in named.items():
            if name in first:
                other = posixpath.basename(first[name].where)
                yield Fault(f"{'.'.join(name)} is declared twice (first in {other})", node.where)
            first.setdefault(name, node)


# Both sides of a comparison, each instance of a module and each root that calls it have most files in common.
@lru_cache(maxsize=4096)
def _parsed(name: str, text: bytes) -> ParsedFile:
    return parse_file(name, text)
