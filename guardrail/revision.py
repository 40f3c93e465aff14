"""Rules and waivers are files that a change can edit: says so, or reads them as they were before the change."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guardrail import git
from guardrail.config import FILE_NAMES, Flags, PolicyAt, Settings, find_config, settings
from guardrail.errors import ConfigError

HEAD = "head"
_SUFFIXES = (".yaml", ".yml", ".toml", ".sqlite")  # what a policy can consist of
_SHOWN = 5


@contextmanager
def settings_at(flags: Flags, cwd: Path, revision: str) -> Iterator[Settings]:
    """Give the settings with configuration, rules, waivers and definitions as they are in a commit.

    Plans and usage are those of the working tree; so is everything for the revision "head". Raises ConfigError, also
    for a commit that is not there: what was asked for is never silently replaced by what the change brings along.
    """
    if revision == HEAD:
        yield settings(flags, cwd)
        return
    top = git.top_of(cwd)
    if top is None:
        raise ConfigError("not in a git checkout", where=str(cwd), fix="--policy-ref needs one")
    names = [name for name in git.files_of(top, revision) if name.endswith(_SUFFIXES)]
    config = _config_in(names, flags, cwd.resolve(), top.resolve())
    with tempfile.TemporaryDirectory(prefix="guardrail-policy-") as folder:
        git.extract(top, revision, names, Path(folder))
        place = PolicyAt(Path(folder) / config, (top / config).parent) if config else PolicyAt(None, cwd)
        yield settings(flags, cwd, at=place)


def edited_policy(chosen: Settings, base: str) -> str:
    """Return a line that names the rules, waivers and settings which the change edits; "" if it edits none.

    Raises git.Missing where the base is not there to compare with.
    """
    if chosen.config_file is None or (top := git.top_of(chosen.base)) is None:
        return ""
    rules = [chosen.base / path for path in chosen.rules.paths]
    paths = [chosen.config_file, *rules, *chosen.definitions, *([chosen.waivers] if chosen.waivers else [])]
    names = git.touched(top, base, paths)
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"this change edits the rules it is judged by: {', '.join(names[:_SHOWN])}{more}" if names else ""


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
