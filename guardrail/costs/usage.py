"""Usage files: what only people can know of their resources, in the shape of infracost-usage.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from guardrail.errors import InputError
from guardrail.files import Section, checked, read_yaml

_INDEX = re.compile(r'\[(?:\*|\d+|"(?:[^"\\]|\\.)*")\]')


class UsageFile(Section):
    """The file: usage by type, and by address; an address may say `[*]` where any index is meant."""

    version: str | float = "0.1"
    resource_type_default_usage: dict[str, dict[str, Any] | None] | None = None
    """usage that every resource of a type has"""
    resource_usage: dict[str, dict[str, Any] | None] | None = None
    """usage of single resources by address, which wins over the type's key by key"""


@dataclass(frozen=True)
class Usage:
    """Usage by type and by address."""

    by_type: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_address: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    where: str = ""

    def of(self, address: str, resource_type: str) -> Mapping[str, Any]:
        """Return what is given for a resource: an exact address wins over wildcards, both over the type, key by key."""
        given = dict(self.by_type.get(resource_type, {}))
        if address in self.by_address:
            return _merged(given, self.by_address[address])
        for pattern, usage in self.by_address.items():
            if "[*]" in pattern and _pattern(pattern).fullmatch(address):
                given = _merged(given, usage)
        return given

    def unused(self, addresses: Iterable[str], types: Iterable[str]) -> list[str]:
        """Return the entries that fit no resource of a plan: most often a typing error."""
        known, known_types = set(addresses), set(types)
        stale = [name for name in self.by_type if name not in known_types]
        given = [pattern for pattern in self.by_address if pattern not in known]
        return stale + [pattern for pattern in given if not any(map(_pattern(pattern).fullmatch, known))]


NO_USAGE = Usage()


def load_usage(path: Path) -> Usage:
    """Read a usage file. Raises InputError with file and line."""
    if not path.is_file():
        raise InputError("no such usage file", where=str(path), fix="make one with `guardrail usage init`")
    source = read_yaml(path, InputError)
    file = UsageFile() if source.data is None else checked(UsageFile, source, InputError)
    by_type = {name: usage or {} for name, usage in (file.resource_type_default_usage or {}).items()}
    by_address = {name: usage or {} for name, usage in (file.resource_usage or {}).items()}
    return Usage(by_type, by_address, str(path))


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"(\[\*\])", text)
    return re.compile("".join(_INDEX.pattern if part == "[*]" else re.escape(part) for part in parts))
