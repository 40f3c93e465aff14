"""Where each fact lies, and how its file is called."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from guardrail.errors import InputError

VERSION = "v1"
SCHEMA = f"guardrail.ledger/{VERSION}"
"""What every file of facts says it is, in its first line."""

KINDS = ("runs", "inventory", "charges", "metrics", "decisions", "rates", "closed")
COMPACTED = ("compact/runs", "compact/lines", "compact/findings", "compact/inventory")

_DIGEST = 12  # hexadecimal digits of SHA-256: two of a million files would collide once in 500 ledgers
_LONGEST = 180  # bytes of a name in a path: file systems take 255
_NAME = re.compile(r"(?:(?P<head>[0-9A-Za-z-]+)-)?(?P<digest>[0-9a-f]{12})\.(?P<ending>jsonl\.gz|parquet)")
_KEY = re.compile(
    rf"{VERSION}/(?P<kind>{'|'.join((*KINDS, *COMPACTED))})/(?P<of>project|source)=(?P<owner>[^/]+)"
    r"/month=(?P<month>\d{4}-(?:0[1-9]|1[0-2]))/(?P<name>[^/]+)"
)


class Key(Struct, frozen=True):
    """A file of the ledger, by its path below the ledger's root.

    owner   the project, or the source of bills or metrics, as it is written in the path
    head    what its name begins with: the time and commit of a run, the generation of a bill, the digest of points
    digest  the first digits of the SHA-256 of its bytes
    """

    path: str
    kind: str
    owner: str
    month: str
    head: str
    digest: str
    ending: str

    @property
    def generation(self) -> int:
        """Which import of the month it is, counted from 1; 0 for what is no bill."""
        return int(self.head) if self.kind == "charges" and self.head.isdecimal() else 0


def parsed(path: str) -> Key | None:
    """Return what a path says of its file, None for one that is no fact's."""
    found = _KEY.fullmatch(path)
    name = found and _NAME.fullmatch(found["name"])
    if not found or not name:
        return None
    return Key(path, found["kind"], found["owner"], found["month"], name["head"] or "", name["digest"], name["ending"])


def path_of(kind: str, owner: str, month: str, head: str, data: bytes, ending: str) -> str:
    """Return where a fact with these bytes lies."""
    name = f"{head}-{digest(data)}" if head else digest(data)
    return f"{folder_of(kind, owner, month)}/{name}.{ending}"


def folder_of(kind: str, owner: str, month: str) -> str:
    """Return the folder that the facts of a project or a source lie in, by month."""
    of = "source" if kind in {"charges", "metrics", "rates", "closed"} else "project"
    return f"{VERSION}/{kind}/{of}={written(owner)}/month={month}"


def digest(data: bytes) -> str:
    """Return what names bytes."""
    return hashlib.sha256(data).hexdigest()[:_DIGEST]


def written(name: str) -> str:
    """Return a project's name as part of a path: percent-encoded, as Hive does it. Raises InputError for a longer one."""
    text = quote(name, safe="")
    if len(text) > _LONGEST:
        raise InputError(
            f"the name {name[:40]!r}... is too long for a path",
            fix=f"at most {_LONGEST} bytes, as an address writes them: give it a shorter one",
        )
    return text


def month_of(at: datetime) -> str:
    """Return the month of a time, as folders are called."""
    return f"{at:%Y-%m}"
