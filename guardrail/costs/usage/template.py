"""A usage file to fill in: the keys that the definitions of a plan's resources ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from guardrail.costs.definitions.definition import UsageKey
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import nested_usage
from guardrail.costs.usage.profiles import ProfileName, of_type
from guardrail.model.resource import Change

_HEAD = """\
# Usage, which a plan does not contain. Fill in what you know, and remove the # before it. Costs whose usage you leave out
# are reported as depending on usage, never as 0. A key of resource_usage (by address; [*] stands for any index) overrides
# the same key of resource_type_default_usage (by type).
version: 0.1
"""


def usage_template(changes: Iterable[Change], library: Library, *, by_address: bool, profile: str = "") -> str:
    """Return the text of a usage file with an entry for each type (or address) that some usage belongs to.

    With a profile, the keys that are commented out have its values, each with what it stands for.
    """
    entries: dict[str, Mapping[str, UsageKey]] = {}
    types: dict[str, str] = {}
    for change in changes:
        tariff = library.find(change.type)
        if tariff and tariff.definition.usage and change.billed_after:
            name = change.address if by_address else change.type
            entries[name], types[name] = tariff.definition.usage, change.type
    if not entries:
        return f"{_HEAD}# Nothing in this plan depends on usage.\n"
    lines = ["resource_usage:" if by_address else "resource_type_default_usage:"]
    for name in sorted(entries):
        lines.append(f"  {json.dumps(name) if by_address else name}:")
        lines += _keys(nested_usage(entries[name]), "    ", _assumed(types[name], profile))
    return _HEAD + "\n".join(lines) + "\n"


def _assumed(type_name: str, profile: str) -> Mapping[str, str]:
    """Return usage key -> "value  # basis" of a profile."""
    if not profile:
        return {}
    name = ProfileName(profile)
    return {one.key: f"{one.values[name]}  # {name} profile: {one.basis}" for one in of_type(type_name) if one.values}


def _keys(declared: Mapping[str, Any], indent: str, assumed: Mapping[str, str], path: str = "") -> list[str]:
    lines = []
    for key, entry in declared.items():
        if isinstance(entry, dict):
            lines += [f"{indent}{key}:", *_keys(entry, f"{indent}  ", assumed, f"{path}{key}.")]
            continue
        empty = '""'
        choices = f"; one of {', '.join(str(one) or empty for one in entry.one_of)}" if entry.one_of else ""
        comment = f"  # {entry.unit}: {entry.help}{choices}"
        value = "" if entry.default is None else f" {json.dumps(entry.default)}"
        if not value and (found := assumed.get(f"{path}{key}")):
            lines.append(f"{indent}# {key}: {found}; {entry.unit}: {entry.help}")
        else:
            lines.append(f"{indent}{key}:{value}{comment}" if value else f"{indent}# {key}: 0{comment}")
    return lines
