"""Settings, rules, waivers, usage and prices are files that a change can edit: reads them as they were before it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from guardrail import git
from guardrail.config import FILE_NAMES, Flags, PolicyAt, Settings, find_config, settings
from guardrail.errors import ConfigError

HEAD = "head"
_SUFFIXES = (".yaml", ".yml", ".toml", ".sqlite", ".sqlite3", ".db")  # what a policy can consist of


@contextmanager
def settings_at(flags: Flags, cwd: Path, revision: str) -> Iterator[Settings]:
    """Give the settings with all that judges as it is in a commit: guardrail.yaml and every file that it, or a flag, names.

    Plans, configuration and variables are those of the working tree; so is everything for the revision "head", and for a
    commit without any guardrail.yaml: there was no policy yet that a change could get around. Raises ConfigError, also
    for a commit that is not there: what was asked for is never silently replaced by what the change brings along.
    """
    if revision == HEAD:
        yield settings(flags, cwd)
        return
    top = git.top_of(cwd)
    if top is None:
        raise ConfigError("not in a git checkout", where=str(cwd), fix="--policy-ref needs one")
    files = git.files_of(top, revision)
    if _is_first(flags.config or find_config(cwd), files, top.resolve()):
        yield settings(flags, cwd)
        return
    links = git.links_of(top, revision)
    names = [name for name in files if name.endswith(_SUFFIXES) or name in links]
    config = _config_in(names, flags, cwd.resolve(), top.resolve())
    with tempfile.TemporaryDirectory(prefix="guardrail-policy-") as folder:
        scratch = Path(folder).resolve()
        git.extract(top, revision, names, scratch)
        usage, catalog = (_counterpart(given, cwd, top, scratch) for given in (flags.usage, flags.catalog))
        place = PolicyAt(scratch / config if config else None, scratch, (top / config).parent if config else cwd)
        yield settings(replace(flags, usage=usage, catalog=catalog), cwd, at=place)


def _is_first(config: Path | None, files: Collection[str], top: Path) -> bool:
    """Say whether the working tree has a guardrail.yaml where a commit has none at all, at that place or another."""
    if config is None or not config.is_file() or any(PurePosixPath(name).name in FILE_NAMES for name in files):
        return False
    return not _inside(config, top) or config.resolve().relative_to(top).as_posix() not in files


def _counterpart(given: Path | None, cwd: Path, top: Path, scratch: Path) -> Path | None:
    """Return a file that a flag names as it is in the commit; one that is no part of the repository stays what it is."""
    if given is None or not git.comes_with(cwd / given):
        return given
    whole = (cwd / given).absolute()
    name = next((whole.relative_to(one) for one in (top, top.resolve()) if whole.is_relative_to(one)), None)
    if name is None or not (scratch / name).is_file():
        raise ConfigError("is not in that commit", where=str(given), fix="use --policy-ref head to add it")
    return scratch / name


def _config_in(names: list[str], flags: Flags, cwd: Path, top: Path) -> str:
    """Return the name of the configuration in a commit: the one that is given, else the nearest, "" for none."""
    if flags.config:
        name = (cwd / flags.config).resolve().relative_to(top).as_posix() if _inside(cwd / flags.config, top) else ""
        if name not in names:
            raise ConfigError("is not in that commit", where=str(flags.config), fix="use --policy-ref head to add it")
        return name
    there = set(names)
    for folder in (cwd, *cwd.parents):
        if not folder.is_relative_to(top):
            break
        for name in FILE_NAMES:
            path = (folder / name).relative_to(top).as_posix()
            if path in there:
                return path
    if find_config(cwd):
        raise ConfigError("that commit has no guardrail.yaml", fix="use --policy-ref head to add one")
    return ""


def _inside(path: Path, top: Path) -> bool:
    return path.resolve().is_relative_to(top)
