"""What a usage file says and nothing reads: keys that a type does not have, and values that are not of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.costs.definitions.definition import UsageKey
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import nested_usage
from guardrail.costs.usage.file import Usage
from guardrail.costs.usage.infracost_keys import answer
from guardrail.errors import InputError, did_you_mean

# As deep as the engine prices children.
_MAX_DEPTH = 5
_INDEX = r"\[\d+\]$"


def keys_of(type_name: str, library: Library, depth: int = 0) -> dict[str, Any]:
    """Return the usage keys of a type and of the blocks in it, nested; `block[]` holds those of each of several blocks."""
    tariff = library.find(type_name) if depth <= _MAX_DEPTH else None
    if tariff is None:
        return {}
    keys: dict[str, Any] = {}
    for child in tariff.definition.child:
        is_named = not child.as_.startswith("=")
        # A type that an expression chooses is one of the texts in it.
        names = [child.as_] if is_named else re.findall(r"'(\w+)'", child.as_)
        for inner in (keys_of(name, library, depth + 1) for name in names):
            keys = {**inner, **keys, **({f"{child.block}[]": inner} if child.block else {})}
    return keys | nested_usage(tariff.definition.usage)


def unread_keys(usage: Usage, types: Mapping[str, str], library: Library) -> Iterator[tuple[str, str]]:
    """Give what nothing reads of the entries for resources of a run, as (file and line, what is wrong).

    `types` are the types of the run's entries: by type, and by address, as the file names them. Raises InputError for a
    value of another kind than its key's, which would have been priced as something that nobody meant.
    """
    groups = (("resource_type_default_usage", usage.by_type), ("resource_usage", usage.by_address))
    for section, entries in groups:
        for name, given in entries.items():
            if given and name in types:
                place = (section, name)
                yield from _unread(usage, given, keys_of(types[name], library), place, types[name])


def _unread(
    usage: Usage, given: Mapping[str, Any], known: Mapping[str, Any], place: tuple[str, ...], type_name: str
) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        entry: Any = known
        for step in key.split("."):
            # Below a key there may be values by region, under names that nobody can list.
            below = entry if isinstance(entry, UsageKey) else None
            entry = entry.get(re.sub(_INDEX, "[]", step)) if isinstance(entry, Mapping) else below
        where = usage.where(*place, key)
        if entry is None:
            # The first two of a place are the section and the entry.
            told = answer(type_name, ".".join((*place[2:], key)))
            fix = told or did_you_mean(key, known) or f"it has {', '.join(sorted(known)) or 'none'}"
            yield where, f"{type_name} has no usage key {key} ({fix})"
        elif isinstance(entry, Mapping) and isinstance(value, Mapping):
            yield from _unread(usage, value, entry, (*place, key), type_name)
        elif value is not None and (problem := _misfit(value, entry)):
            raise InputError(f"{key}: {problem}", where=where, fix=f"usage of {type_name}")


def _misfit(value: Any, entry: UsageKey | Mapping[str, Any]) -> str:
    """Say how a value differs from what its key takes; "" where it does not."""
    if isinstance(entry, Mapping):
        return f"must hold keys ({', '.join(sorted(entry))}), not {value!r}"
    if entry.one_of:
        return "" if value in entry.one_of else f"must be one of {', '.join(map(repr, entry.one_of))}, not {value!r}"
    if isinstance(entry.default, bool):
        return "" if isinstance(value, bool) else f"must be true or false, not {value!r}"
    if isinstance(value, str) and isinstance(entry.default, str):
        return ""
    if isinstance(value, Mapping):  # by region: a definition may read names that nobody can list
        return next(filter(None, (_misfit(part, entry) for part in value.values())), "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"must be a number of {entry.unit}, not {value!r}"
    return f"must not be negative, not {value!r}" if value < 0 else ""
