"""A pack in a git repository: one commit of it, without history, read without a working tree."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from guardrail import git
from guardrail.errors import NetworkError
from guardrail.fetch.content import Content, Entry, chosen, read
from guardrail.policy.rules.packs.selection import PackSource

_WHOLE_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def from_repository(source: PackSource, pinned: str) -> Content:
    """Fetch a pack at the commit that guardrail.lock pins, "" for the one that its ref names now. Raises NetworkError."""
    address = source.git or ""
    with tempfile.TemporaryDirectory(prefix="guardrail-rules-") as folder:
        bare = Path(folder)
        commit = _pinned(bare, source, pinned) if pinned else git.fetch(bare, address, source.ref)
        if _WHOLE_COMMIT.fullmatch(source.ref) and commit != source.ref:
            raise NetworkError(f"{source.ref} is not a commit there", where=address)
        entries = [Entry(one.name, one.size, one.is_file) for one in git.entries_of(bare, commit)]
        names = chosen(entries, source.subfolder, f"{address} at {commit[:12]}")
        blobs = dict(git.blobs(bare, commit, names.values()))
        return Content(read(names, lambda name: blobs[name], address), commit=commit)


def _pinned(bare: Path, source: PackSource, commit: str) -> str:
    """Fetch a commit by its name; where a server gives out branches and tags only, by what the ref names.

    (uploadpack.allowReachableSHA1InWant is off by default; GitHub and GitLab have it on.)
    """
    try:
        return git.fetch(bare, source.git or "", commit)
    except NetworkError:
        now = git.fetch(bare, source.git or "", source.ref)
    if now != commit:
        what = f"{source.ref} is now {now[:12]}, and the server does not give out {commit[:12]} of guardrail.lock"
        raise NetworkError(what, where=source.git or "", fix="`guardrail rules fetch --update` takes what is there now")
    return now
