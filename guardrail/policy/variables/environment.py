"""The environment that a resource's tags tell: production, staging and the like."""

from __future__ import annotations

from collections.abc import Mapping

from guardrail.model.unknown import Json, Unknown

ENVIRONMENT_TAGS = ("env", "environment")


def tagged_environment(tags: Mapping[str, Json] | Unknown) -> str | Unknown | None:
    """Return the environment that tags tell; None where they tell none."""
    if isinstance(tags, Unknown):
        return tags
    named = {key.lower(): value for key, value in tags.items()}
    value = next((named[key] for key in ENVIRONMENT_TAGS if named.get(key)), None)
    return value if isinstance(value, str | Unknown) else None
