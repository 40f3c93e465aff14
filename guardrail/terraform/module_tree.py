"""The modules of a configuration and their files: of a folder, or of a saved plan that carries their text."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from guardrail.terraform.blocks import Block, SourceFile, read_blocks
from guardrail.terraform.configuration.files import configuration_files, is_remote, shown
from guardrail.terraform.configuration.modules import FolderModules
from guardrail.terraform.overrides import merged

_MAX_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Module:
    """One module of a configuration, whatever the number of its instances.

    key     the names of the calls that lead to it, joined by dots; "" for the root module
    folder  where its files lie, as they are shown
    remote  whether it comes from elsewhere, so that its files are not the reader's own
    changed the text of files that override files changed, by name
    left    what of its override files could not be merged, and why
    """

    key: str
    folder: str
    files: tuple[SourceFile, ...]
    remote: bool = False
    changed: Mapping[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def find(self, kind: str, *labels: str) -> Block | None:
        """Return the block with these labels."""
        return self._named.get((kind, *labels))

    @cached_property
    def _named(self) -> Mapping[tuple[str, ...], Block]:
        return {(block.kind, *block.labels): block for file in reversed(self.files) for block in reversed(file.blocks)}

    def blocks(self, kind: str) -> list[Block]:
        """Return all blocks of a kind."""
        return [block for file in self.files for block in file.blocks if block.kind == kind]


class ModuleTree(Protocol):
    """Finds the modules of a configuration."""

    def module(self, key: str) -> Module | None:
        """Return a module; None for one whose text is not at hand."""


class FolderTree:
    """The modules that a folder calls: local ones, and those that `terraform init` has fetched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.code = FolderModules(root)
        self._modules: dict[str, Module | None] = {}
        self._folders: dict[Path, Module] = {}

    def module(self, key: str) -> Module | None:
        """Return a module; None for one whose text is not at hand."""
        if key not in self._modules:
            path = self.path(key)
            self._modules[key] = replace(self._folder(path), key=key) if path else None
        return self._modules[key]

    def _folder(self, path: Path) -> Module:
        """Read a folder, once for all calls of the module in it."""
        if path not in self._folders:
            self._folders[path] = _read_folder(path, self.root)
        return self._folders[path]

    def path(self, key: str) -> Path | None:
        """Return the folder of a module; None where it is not at hand."""
        return self.code.path(key)

    def folders(self) -> Iterator[tuple[str, Path | None]]:
        """Walk the modules: their keys, and the folders they lie in; None for one that is not at hand."""
        return self.code.folders()

    def all(self, key: str = "") -> Iterator[Module]:
        """Walk the modules that are at hand, each before those that it calls."""
        module = self.module(key)
        if module:
            yield module
            for call in module.blocks("module"):
                yield from self.all(f"{key}.{call.labels[0]}" if key else call.labels[0])


class TextTree:
    """The modules of a saved plan: their folders by key, and the text of their files."""

    def __init__(self, folders: Mapping[str, str], texts: Mapping[str, Mapping[str, str]], shown: str) -> None:
        self._folders, self._texts, self._shown = folders, texts, shown
        self._modules: dict[str, Module | None] = {}

    def module(self, key: str) -> Module | None:
        """Return a module; None for one whose text is not in the plan."""
        if key not in self._modules:
            self._modules[key] = self._read(key) if key in self._folders else None
        return self._modules[key]

    def _read(self, key: str) -> Module:
        folder = posixpath.normpath(posixpath.join(self._shown, self._folders[key]))
        texts = dict(sorted(self._texts.get(key, {}).items()))
        names = {name: posixpath.join(folder, name).removeprefix("./") for name in texts}
        return _module(key, folder, texts, names, remote=is_remote(self._folders[key]))


def _read_folder(path: Path, root: Path) -> Module:
    files = [file for file in configuration_files(path) if file.stat().st_size <= _MAX_BYTES]
    texts = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in files}
    names = {file.name: shown(file) for file in files}
    return _module("", shown(path), texts, names, remote=is_remote(os.path.relpath(path, root)))


def _module(key: str, folder: str, texts: Mapping[str, str], names: Mapping[str, str], *, remote: bool) -> Module:
    """Make a module of the texts of its files; `names` is how the files are shown."""
    found = merged(texts, {name: read_blocks(text, names[name]) for name, text in texts.items()})
    return Module(key, folder, found.files, remote, found.changed, found.left)
