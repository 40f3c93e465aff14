"""Which types carry tags or labels, and in which attribute: what the schemas of their providers say.

`taggable.csv` holds it for AWS, Azure and Google Cloud; docs/taggable_types.py renews it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

SOMETHING_ELSE = "-"
"""Told of a type whose `tags` or `labels` are no tags of its own: what it selects, or what it configures."""

_FILE = Path(__file__).with_name("taggable.csv")


def tag_attribute(type_name: str) -> str | None:
    """Return the attribute in which resources of a type carry tags; None for a type that no schema gives any.

    `settings.user_labels` lies in a block, `tag` are blocks with a key and a value each.
    """
    return _attributes().get(type_name)


@cache
def _attributes() -> Mapping[str, str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split(",") for line in lines if not line.startswith("#"))
