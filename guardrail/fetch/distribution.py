"""A pack in an installed Python distribution: its data files, found by its records. None of its code is run."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from guardrail.errors import InputError, did_you_mean
from guardrail.fetch.content import Content, Entry, chosen, read
from guardrail.policy.rules.packs.selection import PackSource

GROUP = "guardrail.rules"
"""Entry points in it name packages whose data files are packs: `base = "acme_rules.base"`."""


def from_distribution(source: PackSource) -> Content:
    """Read a pack that is installed beside guardrail. Raises InputError."""
    name = source.python or ""
    try:
        found = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        fix = "install it in the environment of guardrail"
        raise InputError("no such distribution is installed", where=name, fix=fix) from None
    folder = _folder(found, source)
    recorded = [file for file in found.files or () if file.as_posix().startswith(folder)]
    paths = {file.as_posix(): Path(str(found.locate_file(file))) for file in recorded}
    # An installer may link to its cache: what counts is what is read, which is copied and hashed.
    entries = [Entry(one, path.stat().st_size, is_file=True) for one, path in paths.items() if path.is_file()]
    if not entries:
        what = f"its records list no file in {folder.rstrip('/')}"
        raise InputError(what, where=name, fix="is it installed as editable? Name its folder instead: {folder: ...}")
    inside = [Entry(one.name.removeprefix(folder), one.size, one.is_file) for one in entries]
    names = chosen(inside, source.subfolder, name)
    return Content(read(names, lambda one: paths[folder + one].read_bytes(), name), version=found.version)


def _folder(found: metadata.Distribution, source: PackSource) -> str:
    """Return the folder that the entry point names, from where distributions are installed."""
    entries = {entry.name: entry.value for entry in found.entry_points if entry.group == GROUP}
    listed = ", ".join(sorted(entries)) or "none"
    if source.entry is None and len(entries) != 1:
        what, fix = f"it has these entry points in {GROUP}: {listed}", "name one: entry: NAME" if entries else ""
        raise InputError(what, where=source.python or "", fix=fix)
    chosen_one = source.entry or next(iter(entries))
    if chosen_one not in entries:
        what = f"it has no entry point {chosen_one} in {GROUP}, but {listed}"
        raise InputError(what, where=source.python or "", fix=did_you_mean(chosen_one, entries))
    package = entries[chosen_one].partition(":")[0].strip()
    if not all(part.isidentifier() for part in package.split(".")):
        raise InputError(f"its entry point {chosen_one} names no package: {package[:60]!r}", where=source.python or "")
    return package.replace(".", "/") + "/"
