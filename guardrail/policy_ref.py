"""Settings, rules, waivers, usage and prices are files that a change can edit: reads them as they were before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from guardrail import git
from guardrail.config import Flags, PolicyAt, Settings, settings
from guardrail.config_path import FILE_NAMES, find_config, has_our_keys
from guardrail.errors import ConfigError
from guardrail.paths import followed
from guardrail.policy import LOCK_NAME

HEAD = "head"
_SUFFIXES = (".yaml", ".yml", ".toml", ".sqlite", ".sqlite3", ".db", ".csv", LOCK_NAME)  # what a policy can consist of


@contextmanager
def settings_at(flags: Flags, cwd: Path, revision: str) -> Iterator[Settings]:
    """Give the settings with all that judges as it is in a commit: guardrail.yaml and every file that it, or a flag, names.

    Plans, configuration and variables are those of the working tree, and what lies outside of the repository (an
    organization's policy, prices that the run has fetched) stays what it is. So is everything for the revision "head", and for a
    commit without any guardrail.yaml: there was no policy yet that a change could get around. Raises ConfigError, also
    for a commit that is not there: what was asked for is never silently replaced by what the change brings along.
    """
    if revision == HEAD:
        yield settings(flags, cwd)
        return
    top = git.top_of(cwd)
    if top is None:
        raise ConfigError("not in a git checkout", where=str(cwd), fix="--policy-ref needs one")
    revision = git.commit_of(top, revision)  # a branch may move meanwhile
    files = git.files_of(top, revision)
    own = git.tracked(top).union(files)
    if _is_first(flags.config or find_config(cwd), files, top, revision):
        yield settings(flags, cwd)
        return
    links = git.links_of(top, revision)
    names = [*_policy_files(files), *links]
    is_foreign = flags.config is not None and own.isdisjoint(git.names_of(top, cwd / flags.config))
    config = "" if is_foreign else _config_in(names, flags, followed(cwd), followed(top), revision)
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - most runs read no other commit

    with TemporaryDirectory(prefix="guardrail-policy-") as folder:
        scratch = followed(Path(folder))
        missing = git.check_out(top, revision, scratch, _policy_files, links=True)

        def as_it_was(given: Path | None) -> Path | None:
            """Return a file that a flag names as it is in the commit; one that is no part of the repository stays."""
            if given is None or own.isdisjoint(git.names_of(top, cwd / given)):
                return given
            if (name := git.name_of(cwd / given, top)) not in files:
                raise ConfigError("is not in that commit", where=str(given), fix="use --policy-ref head to add it")
            return scratch / name

        usage, catalog = as_it_was(flags.usage), as_it_was(flags.catalog)
        place = PolicyAt(
            scratch / config if config else None, scratch, (top / config).parent if config else cwd, top, missing
        )
        if is_foreign and flags.config:
            place = PolicyAt(flags.config, scratch, (cwd / flags.config).parent, top, missing)
        found = settings(replace(flags, usage=usage, catalog=catalog), cwd, at=place)
        yield replace(found, snapshot=_snapshot(found.snapshot, scratch, top, revision, own))


def _snapshot(path: Path | None, scratch: Path, top: Path, revision: str, own: frozenset[str]) -> Path | None:
    """Return where the ledger's snapshot lies as it is in a commit. One that is no part of the repository the run has made.

    It is written out by itself: any other JSON of a commit may be a plan.
    """
    if path is None or not path.is_relative_to(scratch):
        return path
    name = path.relative_to(scratch).as_posix()
    if name not in own:
        return top / name
    if data := git.text_of(top, revision, name):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return path


def _policy_files(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.endswith(_SUFFIXES)]


def _is_first(config: Path | None, files: Collection[str], top: Path, revision: str) -> bool:
    """Say whether the working tree has a guardrail.yaml where a commit has none at all, at that place or another."""
    if config is None or not config.is_file() or any(_is_config(name, top, revision) for name in files):
        return False
    return git.name_of(config, top) not in files


def _config_in(names: list[str], flags: Flags, cwd: Path, top: Path, revision: str) -> str:
    """Return the name of the configuration in a commit: the one that is given, else the nearest, "" for none."""
    if flags.config:
        name = git.name_of(cwd / flags.config, top)
        if name not in names:
            raise ConfigError("is not in that commit", where=str(flags.config), fix="use --policy-ref head to add it")
        return name
    there = set(names)
    for folder in (cwd, *cwd.parents):
        if not folder.is_relative_to(top):
            break
        for name in FILE_NAMES:
            path = (folder / name).relative_to(top).as_posix()
            if path in there and _is_config(path, top, revision):
                return path
    if find_config(cwd):
        raise ConfigError("that commit has no guardrail.yaml", fix="use --policy-ref head to add one")
    return ""


def _is_config(name: str, top: Path, revision: str) -> bool:
    """Say whether a file of a commit is a guardrail.yaml."""
    return PurePosixPath(name).name in FILE_NAMES and has_our_keys(git.text_of(top, revision, name))
