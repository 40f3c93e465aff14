"""Usage profiles: what a small, a medium and a large workload is assumed to use where nobody says what is used.

The values are assumptions under review, in pricing/usage, each with the workload that it stands for. They are no prices, and
no measurements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from msgspec import Struct

from guardrail import data
from guardrail.costs.usage.file import merged


class ProfileName(StrEnum):
    """How large a workload is assumed to be."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Assumed(Struct, frozen=True):
    """What the profiles assume of one usage key of one type.

    basis   the workloads that the values stand for
    values  by profile; None where the key is left out, and `basis` says why
    """

    type: str
    key: str
    basis: str
    values: Mapping[ProfileName, float | int] | None


class Profile(Struct, frozen=True):
    """One profile: its usage by type, in the shape of a usage file, nested."""

    name: str = ""
    by_type: Mapping[str, Mapping[str, Any]] | None = None

    def of(self, type_name: str) -> Mapping[str, Any]:
        """Return what is assumed for a resource type; nothing for one without usage, or without a profile."""
        return self.by_type.get(type_name, {}) if self.by_type else {}

    def under(self, given: Mapping[str, Any], type_name: str) -> Mapping[str, Any]:
        """Return usage that is given, with what the profile assumes below it, key by key."""
        return merged(self.of(type_name), given)


NO_PROFILE = Profile()


@cache
def profile(name: str) -> Profile:
    """Return a shipped profile; "" is none."""
    if not name:
        return NO_PROFILE
    chosen = ProfileName(name)
    by_type: dict[str, dict[str, Any]] = {}
    for one in assumptions():
        if one.values is not None:
            by_type[one.type] = merged(by_type.get(one.type, {}), {one.key: one.values[chosen]})
    return Profile(chosen.value, by_type)


@cache
def assumptions() -> tuple[Assumed, ...]:
    """Return what the shipped profiles assume of every usage key, and which keys they leave out, by type and key."""
    return tuple(sorted(_read(), key=lambda one: (one.type, one.key)))


@cache
def of_type(type_name: str) -> tuple[Assumed, ...]:
    """Return what is assumed of the usage keys of one type, and which are left out."""
    return tuple(one for one in assumptions() if one.type == type_name)


def _read() -> Iterator[Assumed]:
    import tomllib  # noqa: PLC0415 - only for a profile

    for path in sorted((data.pricing_dir() / "usage").glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        for table in tables.get("assumption", ()):
            values = {name: table[name] for name in ProfileName}
            yield from (Assumed(*_type_and_key(key), table["basis"], values) for key in table["keys"])
        for table in tables.get("left_out", ()):
            yield from (Assumed(*_type_and_key(key), table["reason"], None) for key in table["keys"])


def _type_and_key(name: str) -> tuple[str, str]:
    type_name, _, key = name.partition(".")
    return type_name, key
