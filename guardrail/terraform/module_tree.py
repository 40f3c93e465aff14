"""The modules of a configuration and their files: of a folder, or of a saved plan that carries their text."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from guardrail import git
from guardrail.terraform.blocks import Block, SourceFile, read_blocks
from guardrail.terraform.overrides import merged

SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")
"""What Terraform and OpenTofu read as configuration."""

MANIFEST = ".terraform/modules/modules.json"
"""Where `terraform init` writes down which module lies where."""

_MAX_BYTES = 16 * 1024**2
_MAX_DEPTH = 40  # a module that calls itself has no end; Terraform refuses it


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
        self._manifest = _manifest(root)
        self._modules: dict[str, Module | None] = {}
        self._folders: dict[Path, Module] = {}
        self._paths: dict[str, Path | None] = {}

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
        if key not in self._paths:
            self._paths[key] = self._found(key) if key else self.root
        return self._paths[key]

    def _found(self, key: str) -> Path | None:
        parent, _, name = key.rpartition(".")
        call = above.find("module", name) if key.count(".") < _MAX_DEPTH and (above := self.module(parent)) else None
        source = call.body().get("source") if call else None
        path = self.path(parent)
        if isinstance(source, str) and is_local(source) and path:
            found = Path(os.path.normpath(path / source.strip('"')))
        elif call and _is_fetched(folder := self._manifest.get(key, "")):
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
            module = self.module(key)
            names = [call.labels[0] for call in module.blocks("module")] if module else []
            waiting += [f"{key}.{name}" if key else name for name in names]

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
        return _module(key, folder, texts, names, remote=_is_remote(self._folders[key]))


def is_local(source: str) -> bool:
    """Say whether the source of a module is a folder beside its caller."""
    return source.strip('"').startswith(("./", "../"))


def is_configuration(name: str) -> bool:
    """Say whether a file is one of configuration, by its name; those of `terraform test` are none."""
    return name.endswith(SUFFIXES) and not name.startswith((".", "#")) and not name.endswith("~")


def configuration_files(folder: Path) -> list[Path]:
    """Return the files of configuration in a folder, by name; OpenTofu's wins over its namesake of Terraform."""
    try:
        names = sorted(path.name for path in folder.iterdir() if is_configuration(path.name) and path.is_file())
    except OSError:
        return []
    replaced = {name.replace(".tofu", ".tf") for name in names if ".tofu" in name}
    return [folder / name for name in names if name not in replaced]


def shown(path: Path) -> str:
    """Return how a path is shown: from the current folder where it lies in it, else as it is."""
    whole = os.path.normpath(path)
    near = os.path.relpath(whole)
    return Path(whole if near.startswith("..") and not whole.startswith("..") else near).as_posix()


def _read_folder(path: Path, root: Path) -> Module:
    files = [file for file in configuration_files(path) if file.stat().st_size <= _MAX_BYTES]
    texts = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in files}
    names = {file.name: shown(file) for file in files}
    return _module("", shown(path), texts, names, remote=_is_remote(os.path.relpath(path, root)))


def _module(key: str, folder: str, texts: Mapping[str, str], names: Mapping[str, str], *, remote: bool) -> Module:
    """Make a module of the texts of its files; `names` is how the files are shown."""
    found = merged(texts, {name: read_blocks(text, names[name]) for name, text in texts.items()})
    return Module(key, folder, found.files, remote, found.changed, found.left)


def _is_remote(folder: str) -> bool:
    return ".terraform" in Path(folder).parts


def _is_fetched(folder: str) -> bool:
    """Say whether a folder of the manifest is one that `terraform init` fetches modules to."""
    return os.path.normpath(folder).replace(os.sep, "/").startswith(f"{posixpath.dirname(MANIFEST)}/")


def _manifest(root: Path) -> Mapping[str, str]:
    try:
        text = (root / MANIFEST).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    return {} if is_committed_manifest(root) else folders_of(text, "Modules")


def is_committed_manifest(root: Path) -> bool:
    """Say whether the manifest is part of the repository: then it says what its author wants of the modules, and is not believed."""
    try:
        return _comes_with(root / MANIFEST, (root / MANIFEST).stat().st_mtime_ns)
    except OSError:
        return False


@lru_cache(maxsize=4096)
def _comes_with(path: Path, _changed: int) -> bool:
    return git.comes_with(path)


def folders_of(text: str, section: str = "") -> Mapping[str, str]:
    """Return key -> folder of a manifest of modules; empty for one that is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    entries = document.get(section) if section and isinstance(document, dict) else document
    named = (one for one in entries if isinstance(one, dict)) if isinstance(entries, list) else ()
    return {
        one["Key"]: one["Dir"] for one in named if isinstance(one.get("Key"), str) and isinstance(one.get("Dir"), str)
    }
