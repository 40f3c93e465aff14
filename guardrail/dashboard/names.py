"""Names of files for what people call as they like: teams, projects, services."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_OTHER = re.compile(r"[^a-z0-9]+")
_READABLE = 40
_DIGITS = 12  # hexadecimal digits of SHA-256: two of a million names would collide once in 500 sites


def file_name(kind: str, name: str | None, ending: str = "html") -> str:
    """Return the name of a file that is about something: readable, safe on every file system, and the same each time.

    What tells names apart is a part of their hash, so that those that differ in case, in a slash or in another script
    are two files. `name` None is nobody's.
    """
    if name is None:
        return f"{kind}-none.{ending}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    readable = _OTHER.sub("-", plain).strip("-")[:_READABLE].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{'-'.join(filter(None, (kind, readable, digest)))}.{ending}"
