"""A hash of what is planned for a resource, by which an approval knows it again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

import msgspec

from guardrail.model.cost import ResourceCost
from guardrail.model.money import plain
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown

_DIGITS = 32  # 128 bits: nobody finds two plans with one hash

_Tagged = list[Any]
"""The name of a kind, and what spells the value."""
_NULL: _Tagged = ["NoneType", "None"]
_UNKNOWN: _Tagged = ["unknown"]

_encode = msgspec.json.Encoder(order="deterministic").encode
_in_ascii = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


def planned_of(change: Change) -> str:
    """Return the hash of what a resource will be. What is sensitive is left out, since short secrets could be found by their hash."""
    where = change.region if isinstance(change.region, str) else None
    values = _NULL if change.after is None else _attributes(change.after)
    return _hash(["list", *map(_tagged, (change.type, change.provider_config, where)), values])


def planned_of_open(resources: Iterable[tuple[str, ResourceCost]], *, with_costs: bool) -> str:
    """Return the hash of resources of which something has no amount, each with its project; "" where there is none.

    `with_costs`: also of what all others cost that change, for sums of which nothing can be compared.
    """
    found = [
        [project, one.change.address, one.planned, *(map(plain, (one.monthly_before, one.monthly_cost)))]
        for project, one in resources
        if one.changes and (with_costs or one.planned)
    ]
    return _hash(_tagged(sorted(found, key=str))) if found else ""


def _hash(tagged: _Tagged) -> str:
    try:
        text = _encode(tagged)
    except UnicodeEncodeError:  # half a character
        text = b""
    # msgspec is many times faster, but writes what is not ASCII, and a DEL, as it is.
    if not text or not text.isascii() or b"\x7f" in text:
        text = _in_ascii(tagged).encode()
    return sha256(text).hexdigest()[:_DIGITS]


def _attributes(side: Side) -> _Tagged:
    """Tag all attributes as they may leave the process."""
    tagged = _map(side.values)
    for name, mark in side.unknown.items():
        if mark or name not in tagged:  # most marks of what has parts mark none
            tagged[name] = _UNKNOWN if mark is True else _tagged(side.get(name))
    secret = side.sensitive
    for name in tagged if secret is True else secret or ():
        if name in tagged:
            tagged[name] = _tagged(side.shown(name))
    return ["map", tagged]


def _tagged(value: Json) -> _Tagged:
    """Return a value with its kinds told apart, so that nothing can be written that looks like something else."""
    return _TAGGED[type(value)](value)


def _map(value: Json) -> dict[str, _Tagged]:
    # Most of a million values are texts: the table is not asked for these.
    return {key: ["str", part] if type(part) is str else _TAGGED[type(part)](part) for key, part in value.items()}


def _list(value: Iterable[Json]) -> _Tagged:
    return ["list", *map(_tagged, value)]


def _single(value: Json) -> _Tagged:
    return [type(value).__name__, str(value)]


_TAGGED: defaultdict[type, Callable[[Any], _Tagged]] = defaultdict(
    lambda: _single,
    {
        type(None): lambda _: _NULL,
        Unknown: lambda _: _UNKNOWN,
        dict: lambda value: ["map", _map(value)],
        list: _list,
        tuple: _list,
    },
)
"""by kind of value; a table, since a plan may have a million of them"""
