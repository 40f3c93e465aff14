"""Which version of a launch template a resource means: the one that is planned, or the one that it is pinned to.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/autoscaling_group#launch_template-1:
`version` is a number, `$Latest` or `$Default`, which is also meant where it is left out.
"""

from __future__ import annotations

from guardrail.model.reason import Reason
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown

_NO_TELLING = "an older version of its launch template, which the plan does not have"


def at_version(attribute: Json, template: Change, side: Side) -> Side | Unknown:
    """Return the template as a resource sees it whose attribute names it; `side` is what it would be at the latest version.

    A change makes a new version. What is pinned to the one before stays as it was; what is pinned to one before that is
    not in the plan.
    """
    before, after = template.before, template.after
    if before is None or after is None or before.values == after.values:
        return side
    version, latest = _version(attribute), before.values.get("latest_version")
    if isinstance(version, Unknown) or version == "$Latest":
        return side
    if version in {None, "", "$Default"}:
        if after.get("update_default_version") is True:
            return side
        version = before.values.get("default_version")
    if not isinstance(latest, int | float) or version is None:
        return side
    if str(version) == str(int(latest)):
        return before
    return side if str(version) == str(int(latest) + 1) else Unknown("version", _NO_TELLING, Reason.NOT_EVALUATED, "")


def _version(value: Json) -> Json:
    """Return the first `version` in an attribute, which may have it some blocks deep."""
    if isinstance(value, list):
        return next((found for part in value if (found := _version(part)) is not None), None)
    if isinstance(value, dict):
        if value.get("version") is not None:
            return value["version"]
        return next((found for part in value.values() if (found := _version(part)) is not None), None)
    return None
