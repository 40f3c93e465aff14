"""What a plan costs by tag and by module, as rules read it: `plan.cost.by_tag("team")["shop"].monthly`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from guardrail.cel import Path
from guardrail.model.cost import ResourceCost
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.spend import Spend, added, missing, spend

COST: Path = ("plan", "cost")
BY_TAG, BY_MODULE = "by_tag", "by_module"
FIELDS = ("monthly", "known", "with_usage", "before", "delta", "known_delta", "delta_percent", "unpriced")
"""What each group has, by the names and with the meaning that they have below `plan`."""

_KEYS = r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]'


class _Groups(dict[str, Json]):
    """Amounts by name of the group. A name that is not there costs nothing, unless something may belong to any group."""

    def __init__(self, name: str, groups: Mapping[str, Spend], anywhere: Spend) -> None:
        super().__init__({key: _values(name, sums) for key, sums in sorted(groups.items())})
        self._open = _values(name, anywhere) if anywhere != Spend() else None

    def __missing__(self, key: str) -> Json:
        return self._open


def cost_groups(
    reads: Iterable[Path],
    resources: Sequence[ResourceCost],
    not_evaluated: Sequence[NotEvaluated],
    *,
    past: bool = False,
) -> dict[str, Json]:
    """Return what these paths read below `plan.cost`; `past`: as it was before the change.

    Each side of a change counts by its own tags. What has no such tag is in the group "". A resource whose tag is known after apply, and
    a block that was not evaluated, leave every group that they may belong to open.
    """
    asked = {path[2:4] for path in reads if path[:2] == COST}
    found: dict[str, Json] = {}
    if (BY_MODULE,) in {one[:1] for one in asked}:
        found[BY_MODULE] = _by_module(resources, not_evaluated, past=past)
    keys = sorted({one[1] for one in asked if one[:1] == (BY_TAG,) and one[1:]})
    if keys:
        missed = [missing(one) for one in not_evaluated]
        found[BY_TAG] = {key: _by_tag(key, resources, missed, past=past) for key in keys}
    return found


def _by_tag(key: str, resources: Sequence[ResourceCost], missed: Sequence[Spend], *, past: bool) -> _Groups:
    groups: defaultdict[str, list[Spend]] = defaultdict(list)
    anywhere = list(missed)
    for resource in resources:
        change = resource.change
        before, after = _value(change.before_tags, key), _value(change.tags, key)
        if change.before is None or change.after is None or before == after:
            parts = [(before if change.after is None else after, spend(resource))]
        else:
            parts = [(before, spend(resource, after=False)), (after, spend(resource, before=False))]
        for value, sums in parts:
            if isinstance(value, Unknown):
                anywhere.append(_any_of(sums))
            else:
                groups[value].append(sums)
    return _summed(f"plan.cost.by_tag({key})", groups, added(anywhere), past=past)


def _by_module(resources: Sequence[ResourceCost], not_evaluated: Sequence[NotEvaluated], *, past: bool) -> _Groups:
    groups: defaultdict[str, list[Spend]] = defaultdict(list)
    for resource in resources:
        groups[re.sub(_KEYS, "", resource.change.module)].append(spend(resource))
    anywhere = []
    for one in not_evaluated:
        if one.type:  # a resource block, whose module is told
            groups[re.sub(_KEYS, "", one.module)].append(missing(one))
        else:
            anywhere.append(missing(one))
    return _summed("plan.cost.by_module", groups, added(anywhere), past=past)


def _summed(name: str, groups: Mapping[str, Sequence[Spend]], anywhere: Spend, *, past: bool) -> _Groups:
    side: Callable[[Spend], Spend] = (lambda sums: sums.as_before) if past else (lambda sums: sums)
    sums = {key: side(added(parts) + anywhere) for key, parts in groups.items()}
    return _Groups(name, sums, side(anywhere))


def _value(tags: Tags, key: str) -> str | Unknown:
    return tags.unknown or tags.values.get(key, "")


def _any_of(sums: Spend) -> Spend:
    """Return what a resource leaves open of every group that it may belong to, where it costs anything."""
    was = int(bool(sums.before or sums.before_unpriced))
    will = int(bool(sums.known or sums.unpriced or sums.usage_open))
    return Spend(
        before_unpriced=was,
        unpriced=will,
        delta_unpriced=max(was, will),
        delta_open_below=was,
        tags_unknown=max(was, will),
    )


def _values(name: str, sums: Spend) -> dict[str, Json]:
    values = sums.values(name)
    return {field: values[field] for field in FIELDS}
