"""A folder as it would be with other texts in some of its files: links to everything else, in a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

Changed = Mapping[Path, Mapping[str, str]]
"""Folder -> name of a file in it -> the text that it is to have."""


class Overlay:
    """Lays out the folders below a common one once more. `at` tells where one of them is then."""

    def __init__(self, folders: list[Path], changed: Changed, scratch: Path) -> None:
        self._top = Path(os.path.commonpath([folder.resolve() for folder in folders]))
        self._changed = {folder.resolve(): texts for folder, texts in changed.items()}
        self._scratch = scratch
        if self._changed:
            self._lay_out(self._top)

    def at(self, folder: Path) -> Path:
        """Return where a folder is laid out; the folder itself where nothing is changed at all."""
        return self._scratch / folder.resolve().relative_to(self._top) if self._changed else folder

    def _lay_out(self, folder: Path) -> None:
        place, texts = self.at(folder), self._changed.get(folder, {})
        place.mkdir(exist_ok=True)
        for entry in folder.iterdir():
            if entry.name in texts:
                (place / entry.name).write_text(texts[entry.name], encoding="utf-8")
            elif any(entry == changed or entry in changed.parents for changed in self._changed):
                self._lay_out(entry)
            else:
                _link(entry, place / entry.name)


def _link(entry: Path, place: Path) -> None:
    try:
        place.symlink_to(entry, target_is_directory=entry.is_dir())
    except OSError:  # there are machines where that takes a privilege
        (shutil.copytree if entry.is_dir() else shutil.copy)(entry, place)
