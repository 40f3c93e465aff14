"""Effective tags: a resource's own and what its provider adds, and which resources can carry any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from guardrail.model.resource import NO_TAGS, Side, Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.provider import NO_DEFAULT_TAGS, DefaultTags

_GOOGLE = {"google", "google-beta"}


@dataclass(frozen=True, slots=True)
class _Names:
    """Attributes with the tags that the resource says itself, and with their sum with the provider's defaults."""

    own: tuple[str, ...]
    everything: tuple[str, ...] = ()


# Where both are there, `labels` are something else: those of Kubernetes on an aws_eks_node_group.
_TAGS = _Names(("tags",), ("tags_all",))
_LABELS = _Names(("labels", "resource_labels", "user_labels"), ("effective_labels", "terraform_labels"))
_NAMES = {"aws": _TAGS, "azurerm": _TAGS, "google": _LABELS, "google-beta": _LABELS}
_OTHERS = _Names(("tags", "labels"))

# Types whose `labels` say something else: what they configure, or what they put on other resources.
_OTHER_LABELS = {
    "google_cloud_identity_group": _Names(()),
    "google_monitoring_notification_channel": _Names(("user_labels",)),
    "kubernetes_labels": _Names(()),
}


def is_taggable(type_name: str, vendor: str, *sides: Side | None) -> bool:
    """Say whether resources of a type carry tags.

    Providers write each attribute of a type, as null or as unknown where it is not set: what has no attribute for
    tags cannot be tagged. A list under such a name is something else (the network tags of Google, say).
    """
    attributes = _names(type_name, vendor)
    names = attributes.own + attributes.everything
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
    names = _names(type_name, vendor)
    own = _first(side, names.own)
    if own is None and vendor in _GOOGLE:
        own = _settings(side).get("user_labels")
    mine = {key: value for key, value in own.items() if value is not None} if isinstance(own, dict) else {}
    everything = _first(side, names.everything)
    if isinstance(everything, dict):
        provider = defaults.origin or "provider"
        return _tags(everything, {key: "resource" if key in mine else provider for key in everything})
    if isinstance(own, Unknown):
        return Tags(unknown=own)
    has_defaults = isinstance(everything, Unknown) or not side.names().isdisjoint(names.own)
    inherited = defaults if has_defaults else NO_DEFAULT_TAGS
    merged = {**inherited.values, **mine}
    origins = {key: "resource" if key in mine else inherited.origin for key in merged}
    return _tags(merged, origins, inherited.unknown)


def _block_tags(side: Side) -> Tags:
    """Return the tags of an aws_autoscaling_group, which are blocks; it takes no default tags."""
    values: dict[str, Json] = {}
    for name in ("tag", "tags"):
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
            return _without_secrets(value, side, name)
        if isinstance(value, Unknown):
            unknown = unknown or value
    return unknown


def _without_secrets(tags: Mapping[str, Json], side: Side, name: str) -> Mapping[str, Json]:
    """Return tags of which those with a sensitive value are there, but not what they say."""
    if not side.has_secrets(name):
        return tags
    shown = side.shown(name)
    plain = shown if isinstance(shown, dict) else {}
    return {
        key: value if plain.get(key) == value else Unknown(f"{name}.{key}", "sensitive") for key, value in tags.items()
    }


def _settings(side: Side) -> Mapping[str, Json]:
    """Return the first `settings` block, where google_sql_database_instance has its labels."""
    settings = side.get("settings") if "settings" in side.names() else None
    block = settings[0] if isinstance(settings, list) and settings else None
    return block if isinstance(block, dict) else {}


def _names(type_name: str, vendor: str) -> _Names:
    return _OTHER_LABELS.get(type_name) or _NAMES.get(vendor, _OTHERS)
