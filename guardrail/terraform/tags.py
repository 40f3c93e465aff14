"""Effective tags: a resource's own and what its provider adds, and which resources can carry any."""

from __future__ import annotations

import json
from collections.abc import Mapping

from guardrail.model.resource import NO_TAGS, Side, Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.provider import NO_DEFAULT_TAGS, DefaultTags

_GOOGLE = {"google", "google-beta"}
# What the resource says itself, and what the provider computes from that and its defaults; the first that is there.
_OWN = {"google": ("labels", "resource_labels", "user_labels"), "other": ("tags", "labels")}
_ALL = {"google": ("effective_labels", "terraform_labels"), "other": ("tags_all",)}
_BLOCKS = "tag"  # aws_autoscaling_group, which takes no default tags either

# Types whose attribute of such a name is something else.
_UNTAGGABLE = {
    "aws_autoscaling_group_tag": "the tag that it sets on a group",
    "aws_resourcegroupstaggingapi_resources": "a search",
}


def is_taggable(type_name: str, vendor: str, *sides: Side | None) -> bool:
    """Say whether resources of a type carry tags.

    Providers write each attribute of a type, as null or as unknown where it is not set: what has no attribute for
    tags cannot be tagged. A list under such a name is something else (the network tags of Google, say).
    """
    if type_name in _UNTAGGABLE:
        return False
    names = (*_names(vendor, _OWN), *_names(vendor, _ALL))
    for side in sides:
        if side is None:
            continue
        known = side.names()
        if any(name in known and not isinstance(side.values.get(name), list) for name in names):
            return True
        if type_name == "aws_autoscaling_group" or "user_labels" in _settings(side):
            return True
    return False


def effective_tags(type_name: str, vendor: str, side: Side | None, defaults: DefaultTags = NO_DEFAULT_TAGS) -> Tags:
    """Return the tags that a resource has. `defaults` counts where the plan does not hold the sum itself."""
    if side is None:
        return NO_TAGS
    if type_name == "aws_autoscaling_group":
        return _block_tags(side)
    own = _first(side, _names(vendor, _OWN))
    if own is None and vendor in _GOOGLE:
        own = _settings(side).get("user_labels")
    everything = _first(side, _names(vendor, _ALL))
    if isinstance(everything, dict):
        return _sum(everything, own, defaults)
    if isinstance(own, Unknown):
        return Tags(unknown=own)
    mine = own if isinstance(own, dict) else {}
    inherited = defaults if isinstance(everything, Unknown) or _inherits(vendor, side) else NO_DEFAULT_TAGS
    merged = {**inherited.values, **mine}
    origins = {key: "resource" if key in mine else inherited.origin for key in merged}
    return _tags(merged, origins, inherited.unknown)


def _sum(everything: Mapping[str, Json], own: Json, defaults: DefaultTags) -> Tags:
    mine = own if isinstance(own, dict) else {}
    provider = defaults.origin or "provider"
    return _tags(everything, {key: "resource" if key in mine else provider for key in everything})


def _inherits(vendor: str, side: Side) -> bool:
    """Say whether the provider would add its defaults to a resource for which the plan holds no sum."""
    return any(name in side.names() for name in _names(vendor, _OWN))


def _block_tags(side: Side) -> Tags:
    values: dict[str, Json] = {}
    for name in (_BLOCKS, "tags"):
        blocks = side.get(name)
        if isinstance(blocks, Unknown):
            return Tags(unknown=Unknown("tags", blocks.reason))
        for block in blocks if isinstance(blocks, list) else ():
            key = block.get("key") if isinstance(block, dict) else block
            if isinstance(key, Unknown):
                return Tags(unknown=Unknown("tags", key.reason))
            if isinstance(key, str) and isinstance(block, dict):
                values[key] = block.get("value")
    return _tags(values, dict.fromkeys(values, "resource"))


def _tags(values: Mapping[str, Json], origins: Mapping[str, str], unknown: Unknown | None = None) -> Tags:
    texts = {key: text for key, value in values.items() if (text := _text(value)) is not None}
    return Tags(texts, {key: origins[key] for key in texts}, unknown)


def _text(value: Json) -> str | Unknown | None:
    if value is None or isinstance(value, str | Unknown):
        return value
    return json.dumps(value, default=lambda part: f"({part.reason})")


def _first(side: Side, names: tuple[str, ...]) -> Json:
    """Return the first of the attributes that says something; a known one before an unknown one."""
    unknown = None
    for name in names:
        value = side.get(name)
        if isinstance(value, dict):
            return value
        if isinstance(value, Unknown):
            unknown = unknown or value
    return unknown


def _settings(side: Side) -> Mapping[str, Json]:
    """Return the first `settings` block, where google_sql_database_instance has its labels."""
    settings = side.get("settings") if "settings" in side.names() else None
    block = settings[0] if isinstance(settings, list) and settings else None
    return block if isinstance(block, dict) else {}


def _names(vendor: str, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return names["google" if vendor in _GOOGLE else "other"]
