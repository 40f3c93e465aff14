"""Effective tags: a resource's own and what its provider adds, and which resources can carry any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.resource import NO_TAGS, Side, Tags
from guardrail.model.unknown import Json, Unknown, is_written
from guardrail.terraform.plan.providers import NO_DEFAULT_TAGS, DefaultTags
from guardrail.terraform.plan.tag_carriers import SOMETHING_ELSE, tag_attribute


class _Names(Struct, frozen=True):
    """Where a type has its tags: the attributes that the resource sets, and those with the provider's defaults added.

    block     the block that they lie in; "" for the resource itself
    inherits  whether the provider adds its defaults
    """

    own: tuple[str, ...]
    everything: tuple[str, ...] = ()
    block: str = ""
    inherits: bool = True


_TAGS_ALL = ("tags_all",)
_ALL_LABELS = ("effective_labels", "terraform_labels")
_SUMS = {"tags": _TAGS_ALL, "labels": _ALL_LABELS, "resource_labels": _ALL_LABELS}
_BLOCKS = "tag"
_ONLY_TEXTS = frozenset({str})

# What a type that no schema tells of has, by provider. Where AWS has both, `labels` are something else: those of
# Kubernetes on an aws_eks_node_group.
_LABELS = _Names(("labels", "resource_labels", "user_labels"), _ALL_LABELS)
_NAMES = {"aws": _Names(("tags",), _TAGS_ALL), "azurerm": _Names(("tags",)), "google": _LABELS, "google-beta": _LABELS}
_OTHERS = _Names(("tags", "labels"))
_NONE = _Names(())


def is_taggable(type_name: str, vendor: str, *sides: Side | None) -> bool:
    """Return whether resources of a type carry tags.

    Providers write each attribute of a type, as null or as unknown where it is not set: what has no attribute for
    tags cannot be tagged, in this version of the provider. A list under such a name is something else (the network
    tags of Google, say).
    """
    attributes = _names(type_name, vendor)
    names = attributes.own + attributes.everything
    for side in sides:
        if side is None:
            continue
        if attributes.block or attributes.own == (_BLOCKS,):  # the schema has said it
            return True
        for name in names:
            if side.has(name) and not isinstance(side.values.get(name), list):
                return True
    return False


def effective_tags(type_name: str, vendor: str, side: Side | None, defaults: DefaultTags = NO_DEFAULT_TAGS) -> Tags:
    """Return the tags that a resource has. `defaults` counts where the plan does not hold the sum itself."""
    if side is None:
        return NO_TAGS
    names = _names(type_name, vendor)
    if names.own == (_BLOCKS,):
        return _block_tags(side)
    whole, side = side, _holder(side, names)
    own = _first(side, names.own)
    # Where the provider adds defaults, it does not choose the tags themselves: what is unknown there is written.
    if isinstance(own, Unknown) and not names.everything and _is_left_out(own, whole, names.block):
        own = None
    mine = _set(own) if isinstance(own, dict) else {}
    # What the provider has added up itself (`tags_all`) needs no defaults added here.
    everything = _first(side, names.everything)
    if isinstance(everything, dict):
        values = _texts(everything)
        added = {key: value for key, value in values.items() if key not in mine}
        origins = dict.fromkeys(values, "resource") | dict.fromkeys(added, defaults.origin or "provider")
        return Tags(values, origins, None, _defaults(defaults) if defaults.origin else added)
    if isinstance(own, Unknown):
        return Tags(unknown=own, defaults=_defaults(defaults))
    has_defaults = isinstance(everything, Unknown) or any(map(side.has, names.own))
    inherited = defaults if has_defaults and names.inherits else NO_DEFAULT_TAGS
    texts = _texts({**inherited.values, **mine})
    origins = {key: "resource" if key in mine else inherited.origin for key in texts}
    return Tags(texts, origins, inherited.unknown, _defaults(inherited))


def _defaults(defaults: DefaultTags) -> Mapping[str, str | Unknown] | Unknown:
    return defaults.unknown or _texts(defaults.values)


def tag_path(type_name: str, vendor: str, side: Side | None) -> tuple[str, ...] | None:
    """Return where a resource says its own tags; None where they are blocks, or where it has none."""
    names = _names(type_name, vendor)
    if not names.own or names.own == (_BLOCKS,):
        return None
    if names.block:
        return (names.block, "0", names.own[0])
    return (next((name for name in names.own if side and side.has(name)), names.own[0]),)


def _is_left_out(own: Unknown, whole: Side, block: str) -> bool:
    """Say whether the configuration leaves unknown tags out, so that the resource gets none."""
    if whole.written is None or whole.unknown.get(block) is True:  # nothing tells what lies in a block that is unknown
        return False
    return not is_written(f"{block}.{own.path}" if block else own.path, whole.written)


def _block_tags(side: Side) -> Tags:
    """Return the tags of an aws_autoscaling_group, which are blocks; it takes no default tags."""
    values: dict[str, Json] = {}
    for name in ("tag", "tags"):  # `tags` was an attribute with a list of maps, up to version 4 of the AWS provider
        blocks = side.get(name)
        if isinstance(blocks, Unknown):
            return Tags(unknown=replace(blocks, path="tags"))
        shown = side.shown(name)
        if isinstance(blocks, list) and not isinstance(shown, list):
            return Tags(unknown=Unknown("tags", "sensitive", None))
        for block, safe in zip(blocks, shown, strict=True) if isinstance(blocks, list) else ():
            key = block.get("key") if isinstance(block, dict) else block
            if isinstance(key, Unknown):
                return Tags(unknown=replace(key, path="tags"))
            if isinstance(key, str) and isinstance(block, dict):
                if not isinstance(safe, dict) or safe.get("key") != key:  # the key itself is sensitive
                    return Tags(unknown=Unknown("tags", "sensitive", None))
                value = block.get("value")
                values[key] = value if safe.get("value") == value else Unknown(f"tags.{key}", "sensitive", None)
    texts = _texts(values)
    return Tags(texts, dict.fromkeys(texts, "resource"))


def _set(tags: Mapping[str, Json]) -> Mapping[str, Json]:
    """Leave out tags that are null, which are none: a provider leaves them out, too."""
    return {key: value for key, value in tags.items() if value is not None} if None in tags.values() else tags


def _texts(tags: Mapping[str, Json]) -> Mapping[str, str | Unknown]:
    """Return the tags that are set as texts."""
    if _ONLY_TEXTS.issuperset(map(type, tags.values())):  # as nearly all are
        return tags
    return {
        key: value if isinstance(value, str | Unknown) else json.dumps(value, default=lambda part: f"({part.reason})")
        for key, value in _set(tags).items()
    }


def _first(side: Side, names: tuple[str, ...]) -> Json:
    """Return the first of the attributes that says something; a known one before an unknown one."""
    unknown = None
    for name in names:
        value = side.get(name)
        if isinstance(value, dict):
            return _without_secrets(value, side, name) if side.has_secrets(name) else value
        if isinstance(value, Unknown):
            unknown = unknown or value
    return unknown


def _without_secrets(tags: Mapping[str, Json], side: Side, name: str) -> Mapping[str, Json] | Unknown:
    """Return tags of which those with a sensitive value are there, but not what they say; unknown where keys are, too."""
    shown = side.shown(name)
    if not isinstance(shown, dict):
        return Unknown(name, "sensitive", None)
    return {
        key: value if shown.get(key) == value else Unknown(f"{name}.{key}", "sensitive", None)
        for key, value in tags.items()
    }


def _holder(side: Side, names: _Names) -> Side:
    """Return the part of a resource that holds its tags: all of it, or the first block of a name."""
    if not names.block:
        return side
    if side.unknown.get(names.block) is True:
        return Side({}, dict.fromkeys(names.own, True))
    secrets = side.sensitive if isinstance(side.sensitive, bool) else _first_block(side.sensitive, names.block)
    return Side(_first_block(side.values, names.block), _first_block(side.unknown, names.block), secrets)


def _first_block(values: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    blocks = values.get(name)
    block = blocks[0] if isinstance(blocks, list) and blocks else None
    return block if isinstance(block, dict) else {}


@cache
def _names(type_name: str, vendor: str) -> _Names:
    attribute = tag_attribute(type_name)
    if attribute == SOMETHING_ELSE or type_name == "kubernetes_labels":
        return _NONE
    if attribute is None:
        return _NAMES.get(vendor, _OTHERS)
    block, _, name = attribute.rpartition(".")
    return _Names((name,), _SUMS.get(name, ()), block, inherits=name in _SUMS)
