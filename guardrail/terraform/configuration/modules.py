"""The modules of a configuration, parsed: each folder once, whatever the number of calls and of instances."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from guardrail.terraform.configuration.files import (
    configuration_files,
    is_fetched,
    is_local,
    is_remote,
    manifest_of,
    shown,
)
from guardrail.terraform.configuration.overrides import merged
from guardrail.terraform.language.syntax import ParsedFile, parse_file
from guardrail.terraform.language.syntax.nodes import Attribute, Block, Literal, ObjectExpression

_MAX_BYTES = 16 * 1024**2
_MAX_DEPTH = 40  # a module that calls itself has no end; Terraform refuses it
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}


@dataclass(frozen=True, eq=False)
class ModuleCode:
    """The code of one module.

    folder  where its files lie, from the root module's folder ("." for the root module), as `path.module` says it
    remote  whether it comes from elsewhere, so that its files are not the reader's own
    blocks  of all its files, with overrides merged in
    left    what of it could not be read, or not be merged, and why
    """

    folder: str
    remote: bool
    blocks: tuple[Block, ...]
    left: tuple[str, ...] = ()

    @cached_property
    def _by_type(self) -> Mapping[str, Mapping[tuple[str, ...], Block]]:
        found: defaultdict[str, dict[tuple[str, ...], Block]] = defaultdict(dict)
        for block in self.blocks:
            if len(block.labels) == _LABELS.get(block.type):
                found[block.type].setdefault(block.labels, block)
        return found

    def labelled(self, type_: str) -> Mapping[tuple[str, ...], Block]:
        """Return the blocks of a type that has labels, by these, in the order in which they are written."""
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


class FolderModules:
    """The modules that a folder calls: local ones, and those that `terraform init` has fetched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._manifest = manifest_of(root)
        self._code: dict[Path, ModuleCode] = {}
        self._paths: dict[str, Path | None] = {"": root}

    def module(self, key: str) -> ModuleCode | None:
        """Return a module; None for one whose code is not at hand."""
        path = self.path(key)
        if path is None:
            return None
        if path not in self._code:
            self._code[path] = _read(path, self.root)
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
        elif is_fetched(folder := self._manifest.get(key, "")):
            found = self.root / folder
        else:
            return None
        return found if found.is_dir() else None

    def folders(self) -> Iterator[tuple[str, Path | None]]:
        """Walk the modules: their keys, and the folders they lie in; None for one that is not at hand."""
        waiting = [""]
        while waiting:
            key = waiting.pop()
            yield key, self.path(key)
            code = self.module(key)
            names = [name for (name,) in code.labelled("module")] if code else []
            waiting += [f"{key}.{name}" if key else name for name in names]


def _read(path: Path, root: Path) -> ModuleCode:
    bodies, left = {}, []
    for file in configuration_files(path):
        name = shown(file)
        try:
            text = file.read_bytes() if file.stat().st_size <= _MAX_BYTES else None
        except OSError as error:
            left.append(f"{name}: cannot be read: {error.strerror}")
            continue
        if text is None:
            left.append(f"{name}: is larger than {_MAX_BYTES // 1024**2} MB")
            continue
        parsed = _parsed(name, text)
        left += [f"{fault.where}: {fault.message}" for fault in parsed.faults]
        bodies[file.name] = parsed.body
    folder = posixpath.normpath(Path(os.path.relpath(path, root)).as_posix())
    blocks, unmerged = merged(bodies)
    return ModuleCode(folder, is_remote(folder), tuple(blocks), (*left, *unmerged))


@lru_cache(maxsize=4096)
def _parsed(name: str, text: bytes) -> ParsedFile:
    return parse_file(name, text)
