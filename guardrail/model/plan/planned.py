"""A hash of what is planned for a resource, by which an approval knows it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from hashlib import sha256
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from guardrail.model.cost import ResourceCost
from guardrail.model.money import plain
from guardrail.model.resource import Change
from guardrail.model.unknown import Json, Unknown

_DIGITS = 32  # 128 bits: nobody finds two plans with one hash


def planned_of(change: Change) -> str:
    """Return the hash of what a resource will be. What is sensitive is left out, since short secrets could be found by their hash."""
    side = change.after
    values = None if side is None else side.all_shown()
    where = change.region if isinstance(change.region, str) else None
    return _hash([change.type, change.provider_config, where, values])


def planned_of_open(resources: Iterable[tuple[str, ResourceCost]], *, with_costs: bool) -> str:
    """Return the hash of resources of which something has no amount, each with its project; "" where there is none.

    `with_costs`: also of what all others cost that change, for sums of which nothing can be compared.
    """
    found = [
        [project, one.change.address, one.planned, *(map(plain, (one.monthly_before, one.monthly_cost)))]
        for project, one in resources
        if one.changes and (with_costs or one.planned)
    ]
    return _hash(sorted(found, key=str)) if found else ""


def _hash(value: Json) -> str:
    return sha256(_tagged(value).encode()).hexdigest()[:_DIGITS]


def _tagged(value: Json) -> str:
    """Spell a value with its kinds told apart, so that nothing can be written that looks like something else."""
    return _SPELLED[type(value)](value)


def _map(value: Json) -> str:
    parts = [f"{_quoted(str(key))}:{_tagged(value[key])}" for key in sorted(value, key=str)]
    return '["map",{' + ",".join(parts) + "}]"


def _list(value: Json) -> str:
    return "[" + ",".join(['"list"', *map(_tagged, value)]) + "]"


def _single(value: Json) -> str:
    return f'["{type(value).__name__}",{_quoted(str(value))}]'


_SPELLED: defaultdict[type, Callable[[Any], str]] = defaultdict(
    lambda: _single,
    {
        str: lambda text: f'["str",{_quoted(text)}]',
        type(None): lambda _: '["NoneType","None"]',
        Unknown: lambda _: '["unknown"]',
        dict: _map,
        list: _list,
        tuple: _list,
    },
)
"""by kind of value; a table, since a plan may have a million of them"""
