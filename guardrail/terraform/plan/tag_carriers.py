"""Which types carry tags or labels, and in which attribute: what the schemas of their providers say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from guardrail.terraform.language.types import STRING, MapType
from guardrail.terraform.schemas import Attribute, Nesting, resource_schema

SOMETHING_ELSE = "-"
"""Told of a type whose `tags` or `labels` are no tags of its own: what it selects, or what it configures."""

_NAMES = {"aws": ("tags",), "azurerm": ("tags",), "google": ("labels", "resource_labels")}
_SUMS = frozenset({"tags_all", "effective_labels"})
_HOLDERS = ("settings", "metadata")  # blocks of Google's that have the labels of their resource
_OTHERS = Path(__file__).parents[1] / "schemas" / "tags_of_other_versions.csv"


@cache
def tag_attribute(type_name: str) -> str | None:
    """Return the attribute in which resources of a type carry tags; None for a type that no schema gives any.

    `settings.user_labels` lies in a block, `tag` are blocks with a key and a value each.
    """
    schema, vendor = resource_schema(type_name), type_name.partition("_")[0]
    if schema is None or type_name in _others():
        return _others().get(type_name)
    # `tag` blocks with propagate_at_launch are the tags of an aws_autoscaling_group; those of others mean something else.
    tag = schema.get("tag")
    if vendor == "aws" and tag and tag.nesting is Nesting.SET and tag.nested and "propagate_at_launch" in tag.nested:
        return "tag"
    if own := _own(schema, vendor):
        return own
    for holder in _HOLDERS:
        block = schema.get(holder)
        if block and block.nested and (own := _own(block.nested, vendor)):
            return f"{holder}.{own}"
    other = schema.get(_NAMES[vendor][0])
    return SOMETHING_ELSE if other and not other.computed else None


def _own(attributes: Mapping[str, Attribute], vendor: str) -> str | None:
    """Return the attribute that is a map of texts, and that the provider adds its default tags to (Azure's adds none)."""
    has_sum = vendor == "azurerm" or not _SUMS.isdisjoint(attributes)
    for name in _NAMES[vendor] if has_sum else ("user_labels",):
        found = attributes.get(name)
        if found and found.type == MapType(STRING) and not found.computed:
            return name
    return None


@cache
def _others() -> Mapping[str, str]:
    lines = _OTHERS.read_text(encoding="utf-8").splitlines()
    return dict(line.split(",") for line in lines if not line.startswith("#"))
