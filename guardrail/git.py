"""What git knows of the working tree: which files a change touches, and files as they are in another commit."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail.errors import ConfigError, NetworkError
from guardrail.paths import followed

if TYPE_CHECKING:
    import tarfile

_TIMEOUT = 120  # seconds
_FULL_NAME = r"[0-9a-f]{40}|[0-9a-f]{64}"
_AT_ONCE = 500  # paths on one command line
_FOR_GIT = frozenset(
    (
        *(
            "PATH",
            "PATHEXT",
            "HOME",
            "XDG_CONFIG_HOME",
            "USERPROFILE",
            "HOMEDRIVE",
            "HOMEPATH",
            "APPDATA",
            "PROGRAMDATA",
        ),
        *("SYSTEMROOT", "TMPDIR", "TEMP", "TMP"),
    )
)
"""What git needs to run and to find its configuration. No token, and nothing that git tells its hooks of the checkout
that they run for: which one is asked about here, its folder says."""
_FOR_REMOTES = (
    *("GIT_SSH_COMMAND", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE"),
    *("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"),
)
"""What git needs beside that to reach a server, for `guardrail rules fetch` alone."""
_CONFIGURES_GIT = "GIT_CONFIG"  # whose checkouts git trusts is told this way, in containers above all


class Missing(ConfigError):  # noqa: N818 - what is missing, in the words of its message
    """A commit that this checkout does not have."""


def top_of(folder: Path) -> Path | None:
    """Return the top of the working tree that a folder is in, None outside of one."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(found).rstrip("\n")) if found else None


def commit_of(top: Path, revision: str) -> str:
    """Return the commit that a revision names. Raises Missing."""
    # A full name means the same for ever, and is asked for once a file; a branch may move while a process runs (--watch).
    return _commit_of_full_name(top, revision) if re.fullmatch(_FULL_NAME, revision) else _ask_for_commit(top, revision)


@lru_cache(maxsize=1024)
def _commit_of_full_name(top: Path, name: str) -> str:
    return _ask_for_commit(top, name)


def _ask_for_commit(top: Path, revision: str) -> str:
    found = (
        None if revision.startswith("-") else _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    )
    if not found:
        fix = "check out with `fetch-depth: 0`, or fetch it"
        raise Missing(f"commit {revision[:60]!r} is not in this checkout", where=str(top), fix=fix)
    return found.decode().strip()


def is_refused(folder: Path) -> bool:
    """Say whether a folder looks like one of a checkout although git does not say so: of another owner, most often."""
    whole = followed(folder)
    return any((above / ".git").exists() for above in (whole, *whole.parents))


def has_commit(top: Path) -> bool:
    """Say whether anything has been committed yet."""
    return _git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is not None


def remote_of(top: Path) -> str:
    """Return the address that the working tree was cloned from, "" where there is none."""
    return os.fsdecode(_git(top, "config", "--get", "remote.origin.url") or b"").strip()


def is_tracked(path: Path) -> bool:
    """Say whether a file is part of the repository that it lies in."""
    return _git(path.parent, "ls-files", "--error-unmatch", "--", path.name) is not None


def comes_with(path: Path, *, proposed: bool = False) -> bool | None:
    """Say whether a file is part of the repository: git tracks it, what it leads to, or a link on the way there. None: git does not say.

    `proposed`: also what the next `git add` would take, as git does not ignore it.
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links that are to be looked at
    places = [followed(whole), *(one for one in (whole, *whole.parents) if one.is_symlink())]
    which = ("--cached", "--others", "--exclude-standard") if proposed else ("--cached",)
    said = [_git(place.parent, "ls-files", "-z", *which, "--", place.name) for place in places]
    return any(said) if any(one is not None for one in said) else None


def names_of(top: Path, path: Path) -> frozenset[str]:
    """Return what git may know a file of a working tree by: itself, what it leads to, and all folders above either."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links that are to be looked at
    inside = {name_of(one, top) for one in {whole, followed(whole)}} - {""}
    return frozenset(str(one) for name in inside for one in (PurePosixPath(name), *PurePosixPath(name).parents))


def tracked(top: Path) -> frozenset[str]:
    """Return the names of all files that git tracks in a working tree, relative to its top."""
    return _names(_git(top, "ls-files", "-z", "--cached"))


def differing(top: Path, commit: str) -> frozenset[str]:
    """Return what of a working tree is not as in a commit, new files included, ignored ones not; relative to its top."""
    changed = _git(top, "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", commit, "--")
    if changed is None:
        raise ConfigError("git cannot compare with it", where=commit[:12], fix="is the checkout complete?")
    return _names(changed) | _names(_git(top, "ls-files", "-z", "--others", "--exclude-standard"))


def _names(listed: bytes | None) -> frozenset[str]:
    return frozenset(os.fsdecode(name) for name in (listed or b"").split(b"\0") if name)


def merge_base(top: Path, revision: str) -> str:
    """Return the commit in which HEAD and a revision last met; the revision itself if they never did. Raises Missing."""
    commit = commit_of(top, revision)
    met = _git(top, "merge-base", commit, "HEAD")
    if met:
        return met.decode().strip()
    if (_git(top, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true":
        what = f"this shallow checkout does not reach back to where HEAD left {revision[:60]!r}"
        raise Missing(what, where=str(top), fix="check out with `fetch-depth: 0`, or `git fetch --unshallow`")
    return commit


def files_of(top: Path, revision: str) -> tuple[str, ...]:
    """Return the names of all files in a commit, relative to the top. Raises Missing."""
    return tuple(name for _, _, name in _tree(top, commit_of(top, revision)))


@lru_cache(maxsize=4)
def _tree(top: Path, commit: str) -> tuple[tuple[str, str, str], ...]:
    """Return mode, object and name of all files of a commit, links and submodules among them. Raises ConfigError."""
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit)
    if listed is None:
        raise _unreadable(commit)
    entries = (os.fsdecode(line).partition("\t") for line in listed.split(b"\0") if line)
    return tuple((about[:6], about.split()[2], name) for about, _, name in entries)


def _unreadable(commit: str) -> ConfigError:
    return ConfigError("git cannot read its files", where=commit[:12], fix="is the checkout complete?")


def text_of(top: Path, revision: str, name: str) -> bytes:
    """Return what a file says in a commit; nothing where there is none. Raises Missing."""
    return _git(top, "cat-file", "blob", f"{commit_of(top, revision)}:{name}") or b""


def links_of(top: Path, revision: str) -> frozenset[str]:
    """Return the names of the symbolic links in a commit, relative to the top. Raises Missing."""
    return frozenset(name for mode, _, name in _tree(top, commit_of(top, revision)) if mode == "120000")


def check_out(
    top: Path, revision: str, into: Path, choose: Callable[[Sequence[str]], Iterable[str]], *, links: bool = False
) -> dict[str, str]:
    """Write files as they are in a commit into an empty folder, those of submodules that are here too.

    `choose` is given the names of all files, and returns those that are wanted; `links`: all links are wanted as well.
    Returns the submodules that are not here, each with its commit. Raises Missing.
    """
    commit = commit_of(top, revision)
    chosen = choose(files_of(top, commit))
    extract(top, commit, {*chosen, *links_of(top, commit)} if links else chosen, into)
    missing: dict[str, str] = {}
    for name, its in _submodules(top, commit):
        if (top / name / ".git").exists() and _git(top / name, "cat-file", "-e", f"{its}^{{commit}}") is not None:
            below = check_out(top / name, its, into / name, choose, links=links)
            missing |= {f"{name}/{inner}": one for inner, one in below.items()}
        else:
            missing[name] = its
    return missing


def extract(top: Path, revision: str, names: Iterable[str], into: Path) -> None:
    """Write files as they are in a commit below another folder; links that lead out of it are left out.

    Raises Missing.
    """
    commit, left = commit_of(top, revision), list(names)
    while left:
        some, left = left[:_AT_ONCE], left[_AT_ONCE:]
        packed = _git(top, "archive", "--format=tar", commit, "--", *some)
        if packed is None:
            raise _unreadable(commit)
        _write(top, commit, set(some).difference(_unpack(packed, into)), into)


def _unpack(packed: bytes, into: Path) -> list[str]:
    """Unpack an archive and return the names in it."""
    import tarfile  # noqa: PLC0415 - only for files of another commit

    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            tar.extractall(into, filter=_harmless)  # noqa: S202 - nothing leaves the folder
            return tar.getnames()
    except tarfile.ReadError:  # empty: .gitattributes keeps everything out
        return []


def _write(top: Path, commit: str, names: Iterable[str], into: Path) -> None:
    """Write what an archive leaves out since .gitattributes says so (`export-ignore`)."""
    for name, text in blobs(top, commit, names):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes(text)


def blobs(top: Path, commit: str, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Give the files of a commit that have these names, as they are stored: no attribute changes them."""
    wanted = [name for name in names if "\n" not in name]
    asked = os.fsencode("".join(f"{commit}:{name}\n" for name in wanted))
    told = io.BytesIO((_git(top, "cat-file", "--batch", stdin=asked) or b"") if wanted else b"")
    for name in wanted:
        match told.readline().split():
            case [_, kind, size]:
                text = told.read(int(size))
                told.readline()
                if kind == b"blob":
                    yield name, text


class TreeEntry(Struct, frozen=True):
    """A file or a link in a commit."""

    name: str
    size: int
    is_file: bool


def entries_of(top: Path, commit: str) -> list[TreeEntry]:
    """Return all files and links of a commit, relative to the top; submodules are left out."""
    listed = _git(top, "ls-tree", "-r", "-z", "-l", "--full-tree", commit) or b""
    lines = (line.partition(b"\t") for line in listed.split(b"\0") if line)
    entries = ((about.split(), os.fsdecode(name)) for about, _, name in lines)
    return [
        TreeEntry(name, int(about[3]), about[0] in {b"100644", b"100755"})
        for about, name in entries
        if about[1] == b"blob"
    ]


def fetch(bare: Path, address: str, ref: str) -> str:
    """Fetch one commit without its history into a folder, as a repository of its own, and return which it is.

    No hook runs, nothing is asked at the terminal, and no protocol but https, ssh and file is spoken, wherever a server or
    a configuration leads. Raises NetworkError.
    """
    if not (bare / "HEAD").exists() and _git(bare, "init", "--quiet", "--bare", "--template=") is None:
        raise NetworkError("git is not installed, or cannot create a repository", where=str(bare), fix="install git")
    options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
    environ = {name: os.environ[name] for name in _FOR_REMOTES if name in os.environ}
    environ = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes", **environ, "GIT_TERMINAL_PROMPT": "0"}
    environ |= {"GIT_ALLOW_PROTOCOL": "https:ssh:file"}
    ran = _run(bare, "-c", "core.hooksPath=/dev/null", "fetch", *options, "--", address, ref, environ=environ)
    if ran is None or ran.returncode:
        said = os.fsdecode(ran.stderr).splitlines() if ran else [f"no answer within {_TIMEOUT} s"]
        why = next((line for line in reversed(said) if line.startswith(("fatal:", "error:"))), said[-1] if said else "")
        raise NetworkError(f"git cannot fetch {ref}: {why[:200]}", where=address, fix="may this machine read it?")
    return commit_of(bare, "FETCH_HEAD")


def _harmless(member: tarfile.TarInfo, into: str) -> tarfile.TarInfo | None:
    import tarfile  # noqa: PLC0415

    try:
        return tarfile.data_filter(member, into)
    except tarfile.FilterError:
        return None


def _submodules(top: Path, commit: str) -> list[tuple[str, str]]:
    """Return folder and commit of each submodule in a commit."""
    return [(name, found) for mode, found, name in _tree(top, commit) if mode == "160000"]


def name_of(path: Path, top: Path) -> str:
    """Return a path as git names it, "" for one that is not in the working tree."""
    full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link that is to be looked at
    if full.is_relative_to(top):
        return full.relative_to(top).as_posix()
    whole = followed(top)
    inside = (one for one in (full, followed(full)) if one.is_relative_to(whole))
    return next((one.relative_to(whole).as_posix() for one in inside), "")


def _git(folder: Path, *args: str, stdin: bytes = b"") -> bytes | None:
    """Run git and return what it prints, None where it fails or is not there. Paths are taken literally."""
    ran = _run(folder, *args, stdin=stdin)
    return ran.stdout if ran and ran.returncode == 0 else None


def _run(
    folder: Path, *args: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes] | None:
    """Run git with few variables and those that are given; None where it is not there, or takes too long."""
    outside = {name: os.environ[name] for name in os.environ if name in _FOR_GIT or name.startswith(_CONFIGURES_GIT)}
    ours = {"GIT_LITERAL_PATHSPECS": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603 - no shell; revisions are checked, paths stand behind "--"
            ["git", "-C", str(folder), *args],  # noqa: S607 - the git of the user
            env={**outside, **ours, **(environ or {})},
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
