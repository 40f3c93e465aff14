"""Usage files: what only people can know of their resources, in the shape of infracost-usage.yml."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from guardrail.errors import InputError
from guardrail.files import YamlFile, checked, read_yaml
from guardrail.files.section import Section

_GROUPED = r"\d{1,30}(_\d{1,30}){1,20}(\.\d{1,30})?"
_INDEX = r'\[(?:\*|\d+|"(?:[^"\\]|\\.)*")\]'


class UsageFile(Section):
    """The file: usage by type, and by address; an address may say `[*]` where any index is meant."""

    version: str | float = "0.1"
    resource_type_default_usage: dict[str, dict[str, Any] | None] | None = None
    """usage that every resource of a type has"""
    resource_usage: dict[str, dict[str, Any] | None] | None = None
    """usage of single resources by address, laid over `[*]` and over the type's key by key"""


class Usage(Struct, frozen=True, dict=True):
    """Usage by type and by address, as the file has it: a key may be written as a path, `node_pool[0].nodes`."""

    by_type: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_address: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file: YamlFile | None = None

    def of(self, address: str, resource_type: str) -> Mapping[str, Any]:
        """Return what is given for a resource, key by key: by its address, else by wildcards, else by its type."""
        if not self.by_type and not self.by_address:
            return {}
        # Infracost's order: the type's defaults, then wildcards, then the exact address, each key by key.
        given = merged({}, self.by_type.get(resource_type, {}))
        for pattern in self._wildcards.of(address):
            if pattern != address:
                given = merged(given, self.by_address[pattern])
        return merged(given, self.by_address.get(address, {}))

    @cached_property
    def _wildcards(self) -> Wildcards:
        return Wildcards(self.by_address)

    def where(self, *place: str) -> str:
        """Return file and line of an entry, or of a key in it."""
        return self.file.where(place) if self.file else ""


NO_USAGE = Usage()


def load_usage(path: Path) -> Usage:
    """Read a usage file. Raises InputError with file and line."""
    if not path.is_file():
        raise InputError("no such usage file", where=str(path), fix="make one with `guardrail usage init`")
    source = read_yaml(path, InputError)
    file = checked(UsageFile, source, InputError, may_be_empty=True)
    by_type = {name: _read(usage or {}) for name, usage in (file.resource_type_default_usage or {}).items()}
    by_address = {name: _read(usage or {}) for name, usage in (file.resource_usage or {}).items()}
    return Usage(by_type, by_address, source)


def _read(usage: Any) -> Any:
    """Return usage with numbers that YAML takes for text, as those that are grouped: 1_000_000."""
    if isinstance(usage, Mapping):
        return {key: _read(value) for key, value in usage.items()}
    if isinstance(usage, str) and re.fullmatch(_GROUPED, usage):
        plain = usage.replace("_", "")
        return float(plain) if "." in plain else int(plain)
    return usage


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay usage over other usage, key by key at every depth; a key without a value gives nothing."""
    result = dict(base)
    for key, value in over.items():
        head, _, rest = key.partition(".")
        inner = {rest: value} if rest else value
        if isinstance(inner, Mapping):
            below = result.get(head)
            result[head] = merged(below if isinstance(below, Mapping) else {}, inner)
        elif inner is not None:
            result[head] = inner
    return result


def value_at(usage: Any, key: str) -> Any:
    """Return what usage says at a key, `standard.storage_gb` for one that lies deeper; None where it says nothing."""
    for step in key.split("."):
        usage = usage.get(step) if isinstance(usage, Mapping) else None
    return usage


def is_meant(pattern: str, address: str) -> bool:
    """Say whether an address of a usage file, in which `[*]` is any index, means a resource."""
    return pattern == address or ("[*]" in pattern and _pattern(pattern).fullmatch(address) is not None)


class Wildcards:
    """The addresses of a usage file in which `[*]` is any index, looked up by what stands before the first one."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._by_head: defaultdict[str, list[tuple[int, str, re.Pattern[str]]]] = defaultdict(list)
        for number, text in enumerate(addresses):
            if "[*]" in text:
                self._by_head[text.partition("[*]")[0]].append((number, text, _pattern(text)))

    def of(self, address: str) -> list[str]:
        """Return those that mean a resource, in the order of the file."""
        if not self._by_head:
            return []
        heads = (address[: found.start()] for found in re.finditer(r"\[", address))
        fitting = [one for head in heads for one in self._by_head.get(head, ()) if one[2].fullmatch(address)]
        return [text for _, text, _ in sorted(fitting, key=itemgetter(0))]


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    # Only `[*]` is special: keys of for_each may hold any other character of a pattern.
    parts = re.split(r"(\[\*\])", text)
    return re.compile("".join(_INDEX if part == "[*]" else re.escape(part) for part in parts))
