"""Which files are configuration, where modules lie, and how paths are shown."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from guardrail import git
from guardrail.paths import followed

SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")
"""What Terraform and OpenTofu read as configuration."""

NO_ROOTS = frozenset(("example", "examples", "fixture", "fixtures", "module", "modules", "test", "testdata", "tests"))
"""Folders whose name says that what lies in them belongs to something else, and is not planned by itself."""

INLINE_WAIVER = "guardrail:ignore"
"""What a waiver in a comment begins with."""

MAX_BYTES = 16 * 1024**2  # of one file: what is checked may be a stranger's pull request

MANIFEST = ".terraform/modules/modules.json"
"""Where `terraform init` writes down which module lies where."""


def is_local(source: str) -> bool:
    """Return whether the source of a module is a folder beside its caller."""
    return source.strip('"').startswith(("./", "../"))


def is_remote(folder: str) -> bool:
    """Return whether a module's folder is where `terraform init` puts modules from elsewhere."""
    return ".terraform" in Path(folder).parts


def is_configuration(name: str) -> bool:
    """Return whether a file is one of configuration, by its name; those of `terraform test` are none."""
    # As Terraform's IsIgnoredFile: hidden files, and those that editors leave behind (#x#, x~).
    return name.endswith(SUFFIXES) and not name.startswith((".", "#")) and not name.endswith("~")


LEADS_OUT = "is a link that leads out of the checkout, and is not read"
"""Why a file is refused: what a pull request links to is on the machine that checks it, and messages quote what is read."""


def configuration_files(folder: Path) -> list[Path]:
    """Return the files of configuration in a folder, by name; OpenTofu's wins over its namesake of Terraform.

    A link is one wherever it leads, as to Terraform: one that leads to no file cannot be read, and is not left out.
    """
    names = _names(folder)
    replaced = _replaced(names)
    return [folder / name for name in names if name not in replaced]


def set_aside(folder: Path) -> list[Path]:
    """Return the files that Terraform reads, and OpenTofu does not, as a namesake stands beside them."""
    names = _names(folder)
    return [folder / name for name in names if name in _replaced(names)]


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return sorted(
                entry.name
                for entry in found
                if is_configuration(entry.name) and (entry.is_symlink() or entry.is_file())
            )
    except OSError:
        return []


def _replaced(names: Iterable[str]) -> set[str]:
    # OpenTofu reads x.tofu instead of x.tf; who has both writes the first for it.
    return {name.replace(".tofu", ".tf") for name in names if ".tofu" in name}


def checkout_of(folder: Path) -> Path | None:
    """Return the top of the git checkout that a folder lies in; None outside of one."""
    whole = followed(folder)
    return next((path for path in (whole, *whole.parents) if (path / ".git").exists()), None)


def reach_of(folder: Path) -> Path:
    """Return what a folder's configuration may read in: its checkout, else the current folder, else itself."""
    whole, here = followed(folder), Path.cwd()
    return checkout_of(folder) or (here if whole.is_relative_to(here) else whole)


def leads_out(file: Path) -> bool:
    """Return whether a file, links followed, is outside of the checkout of the folder it is named in, or outside this folder."""
    if not file.is_symlink():
        return False  # its folder is inside of the checkout that this folder lies in
    top = checkout_of(file.parent) or followed(file.parent)
    return not followed(file).is_relative_to(top)


def holds(file: Path, text: re.Pattern[bytes]) -> bool:
    """Return whether a file of configuration has a text in it. One that cannot be read is told of where it is evaluated."""
    try:
        return text.search(file.read_bytes()) is not None
    except OSError:
        return False


def shown(path: Path) -> str:
    """Return how a path is shown: from the current folder where it lies in it, else as it is."""
    whole = os.path.normpath(path)
    near = os.path.relpath(whole)
    return Path(whole if near.startswith("..") and not whole.startswith("..") else near).as_posix()


def is_fetched(folder: str) -> bool:
    """Return whether a folder of the manifest is one that `terraform init` fetches modules to."""
    return os.path.normpath(folder).replace(os.sep, "/").startswith(f"{posixpath.dirname(MANIFEST)}/")


def manifest_of(root: Path) -> Mapping[str, str]:
    """Return key -> folder of the modules that `terraform init` has fetched; empty where it has not run."""
    try:
        text = (root / MANIFEST).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    return {} if is_committed_manifest(root) else folders_of(text, "Modules")


def is_committed_manifest(root: Path) -> bool:
    """Return whether the manifest is part of the repository, and so not believed.

    `terraform init` writes it and people ignore it; one that is committed can send the check to other modules than those
    that Terraform will use.
    """
    try:
        return _comes_with(root / MANIFEST, (root / MANIFEST).stat().st_mtime_ns)
    except OSError:
        return False


# Asking git takes a process. The time of the last change is a part of the key, as `--watch` and `serve` live long.
@lru_cache(maxsize=4096)
def _comes_with(path: Path, _changed: int) -> bool:
    said = git.comes_with(path)
    return git.is_refused(path.parent) if said is None else said  # where git does not say, it may well be


def folders_of(text: str, section: str = "") -> Mapping[str, str]:
    """Return key -> folder of a manifest of modules; empty for one that is none.

    `section` is where its entries are: "Modules" in Terraform's own, "" where they are the document (in saved plans).
    """
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    entries = document.get(section) if section and isinstance(document, dict) else document
    named = (one for one in entries if isinstance(one, dict)) if isinstance(entries, list) else ()
    return {
        one["Key"]: one["Dir"] for one in named if isinstance(one.get("Key"), str) and isinstance(one.get("Dir"), str)
    }
