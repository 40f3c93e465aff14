"""The keys of Infracost's example usage file, and what guardrail makes of each: read as it is, by another name, or why not.

The names are facts of infracost-usage-example.yml in infracost/infracost as of 2026-08-21, in pricing/usage/infracost-keys.csv.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache

from msgspec import Struct

from guardrail import data


class KnownKey(Struct, frozen=True):
    """A key of a type in Infracost's file.

    ours  the key that guardrail reads instead, with what to give; the same if it is read as it is, "" if nothing is
    why   why nothing is read
    """

    type: str
    key: str
    ours: str
    why: str

    @property
    def is_read(self) -> bool:
        """Whether the key is read as it is."""
        return self.ours == self.key


@cache
def known_keys() -> tuple[KnownKey, ...]:
    """Return all keys, by type and key."""
    path = data.pricing_dir() / "usage" / "infracost-keys.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(KnownKey(**row) for row in csv.DictReader(file))


def answer(type_name: str, key: str) -> str:
    """Say what to give instead of a key that is not read, or why it is not; "" for one that Infracost does not know, either."""
    found = next(_below(type_name, key), None)
    if found is None or found.is_read:
        return ""
    return f"guardrail reads {found.ours}" if found.ours else found.why


def _below(type_name: str, key: str) -> Iterator[KnownKey]:
    """Give the entry of a key, or those below it."""
    return (one for one in known_keys() if one.type == type_name and f"{one.key}.".startswith(f"{key}."))
