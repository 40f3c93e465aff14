"""What git knows of the working tree: which files a change touches, and files as they are in another commit."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from guardrail.errors import ConfigError

_TIMEOUT = 120  # seconds
_AT_ONCE = 500  # paths on one command line


class Missing(ConfigError):  # noqa: N818 - what is missing, in the words of its message
    """A commit that this checkout does not have."""


def top_of(folder: Path) -> Path | None:
    """Return the top of the working tree that a folder is in, None outside of one."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(found).rstrip("\n")) if found else None


def commit_of(top: Path, revision: str) -> str:
    """Return the commit that a revision names. Raises Missing."""
    found = (
        None if revision.startswith("-") else _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    )
    if not found:
        fix = "check out with `fetch-depth: 0`, or fetch it"
        raise Missing(f"commit {revision[:60]!r} is not in this checkout", where=str(top), fix=fix)
    return found.decode().strip()


def has_commit(top: Path) -> bool:
    """Say whether anything has been committed yet."""
    return _git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is not None


def remote_of(top: Path) -> str:
    """Return the address that the working tree was cloned from, "" where there is none."""
    return os.fsdecode(_git(top, "config", "--get", "remote.origin.url") or b"").strip()


def is_tracked(path: Path) -> bool:
    """Say whether a file is part of the repository that it lies in."""
    return _git(path.parent, "ls-files", "--error-unmatch", "--", path.name) is not None


def merge_base(top: Path, revision: str) -> str:
    """Return the commit in which HEAD and a revision last met, else the revision itself. Raises Missing."""
    commit = commit_of(top, revision)
    met = _git(top, "merge-base", commit, "HEAD")  # a shallow checkout may not have it
    return met.decode().strip() if met else commit


def touched(top: Path, base: str, paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the files at or below `paths` that differ from the base, relative to the top. Raises Missing."""
    commit = commit_of(top, base)
    names = [name for path in paths if (name := _relative(path, top))]
    if not names:
        return ()
    command = ("diff", "--name-only", "-z", "--no-renames")
    changed = _git(top, *command, f"{commit}...HEAD", "--", *names)
    if changed is None:  # a shallow checkout may not have what both grew from
        changed = _git(top, *command, commit, "HEAD", "--", *names) or b""
    return tuple(sorted(os.fsdecode(name) for name in changed.split(b"\0") if name))


def files_of(top: Path, revision: str) -> tuple[str, ...]:
    """Return the names of all files in a commit, relative to the top. Raises Missing."""
    listed = _git(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit_of(top, revision)) or b""
    return tuple(os.fsdecode(name) for name in listed.split(b"\0") if name)


def extract(top: Path, revision: str, names: Iterable[str], into: Path) -> None:
    """Write files as they are in a commit below another folder. Raises Missing."""
    commit, left = commit_of(top, revision), list(names)
    while left:
        some, left = left[:_AT_ONCE], left[_AT_ONCE:]
        packed = _git(top, "archive", "--format=tar", commit, "--", *some)
        if packed is None:
            raise ConfigError("git cannot read its files", where=commit[:12], fix="is the checkout complete?")
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(into, filter="data")


def _relative(path: Path, top: Path) -> str:
    """Return a path as git names it, "" for one that is not in the working tree."""
    full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link that is to be looked at
    for root in (top, top.resolve()):
        if full.is_relative_to(root):
            return full.relative_to(root).as_posix()
    return full.resolve().relative_to(top.resolve()).as_posix() if full.resolve().is_relative_to(top.resolve()) else ""


def _git(folder: Path, *args: str) -> bytes | None:
    """Run git and return what it prints, None where it fails or is not there. Paths are taken literally."""
    environ = {**os.environ, "GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        ran = subprocess.run(  # noqa: S603 - no shell; revisions are checked, paths stand behind "--"
            ["git", "-C", str(folder), *args],  # noqa: S607 - the git of the user
            env=environ,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout if ran.returncode == 0 else None
