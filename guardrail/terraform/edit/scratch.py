"""A copy of configuration folders in which some files say something else, to see what comes of that."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from guardrail.terraform.configuration.code.files import is_configuration
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.configuration.variable_files import is_variables

Moved = Callable[[str], str]
"""Where a path of the original is in the copy; the path itself where it is not in it."""


@contextmanager
def scratch(roots: Sequence[Path], texts: Mapping[Path, str]) -> Iterator[Moved]:
    """Make a temporary copy of root modules and of the folders that they call, in which some files have other texts.

    It lies in a temporary folder; what stands beside the configuration is linked to, so that functions find it.
    """
    whole = {_whole(file): text for file, text in texts.items()}
    folders = {file.parent for file in whole}
    for modules in map(FolderModules, roots):
        for key, path in modules.folders():
            code = modules.module(key)
            if path and code and not code.remote:
                folders.add(_whole(path))
    common = Path(os.path.commonpath(folders))
    # From the checkout on, if they are in one: file("../../x") may lead to its top, and is refused outside of it.
    base = next((folder for folder in (common, *common.parents) if (folder / ".git").exists()), common)
    with tempfile.TemporaryDirectory(prefix="guardrail-") as name:
        copy = Path(os.path.realpath(name), "copy")  # macOS' /tmp is a link
        _mirror(base, copy, folders)
        for file, text in whole.items():
            there = copy / file.relative_to(base)
            there.unlink(missing_ok=True)  # it may be a link to the original, which stays as it is
            there.write_text(text, encoding="utf-8", newline="")

        def moved(path: str) -> str:
            place = _whole(Path(path))
            inside = place in whole or any(place == folder or place in folder.parents for folder in folders)
            return str(copy / place.relative_to(base)) if inside and place.is_relative_to(base) else path

        yield moved


def _mirror(source: Path, target: Path, folders: set[Path]) -> None:
    """Copy what leads to the folders and the configuration in them; link to all else."""
    target.mkdir()
    for entry in os.scandir(source):
        path, there = Path(entry.path), target / entry.name
        if entry.is_dir() and any(path == folder or path in folder.parents for folder in folders):
            _mirror(path, there, folders)
        elif source in folders and entry.is_file() and (is_configuration(entry.name) or is_variables(entry.name)):
            shutil.copyfile(path, there)
        elif entry.name != ".git":
            there.symlink_to(path, target_is_directory=entry.is_dir())


def _whole(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would leave the folder by its links
