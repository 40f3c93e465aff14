"""The kind `spot`: groups of machines that may be interrupted, at what Spot costs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.model.resource import Change
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.scene import Scene
from guardrail.recommend.spot.advisor import BANDS, SOURCE, Advice, advice, as_of
from guardrail.recommend.spot.groups import Group, group_of, with_template

KIND = "spot"
_SHOWN = 6  # other machine types
_TEMPLATES = ("aws_launch_template", "google_compute_instance_template", "google_compute_region_instance_template")


def spot(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give groups of machines that may be Spot. Databases and machines alone never are, and are not mentioned."""
    config = scene.config.spot
    for change, side in scene.existing():
        group = group_of(change, side)
        if group is None:
            continue
        group = _with_template(scene, change, group)
        if group.is_spot:
            continue
        reason = group.unfit or _lacks(group, config.min_machines) or _elsewhere(scene, config.environments)
        yield NotJudged(KIND, change.address, reason) if reason else _proposal(scene, change, group)


def _lacks(group: Group, least: int) -> str:
    if group.runs_jobs:
        return ""
    if group.least is None:
        return "how many machines it has is not known"
    return f"fewer than {least} machines: an interruption stops it" if group.least < least else ""


def _elsewhere(scene: Scene, environments: tuple[str, ...]) -> str:
    env = scene.project.env
    if not environments or env in environments:
        return ""
    return f"its environment, {env or 'which is not known'}, is not in recommend.spot.environments"


def _with_template(scene: Scene, change: Change, group: Group) -> Group:
    """Return a group with what the one template that it refers to says, where there is one in the plan."""
    named = {name for names in change.references.values() for name in names}
    found = [(one, side) for one, side in scene.existing() if one.address in named and one.type in _TEMPLATES]
    return with_template(group, *found[0]) if len(found) == 1 else group


def _proposal(scene: Scene, change: Change, group: Group) -> Proposal | NotJudged:
    region = change.region if isinstance(change.region, str) else ""
    known: Mapping[str, Advice] = advice(region) if group.vendor == "aws" else {}
    most = scene.config.spot.max_band
    told = [(name, known[name]) for name in group.machines if name in known]
    if told and all(one.band > most for _, one in told):
        name, one = told[0]
        others = _others(scene, name, known, most)
        beside = f"; of the same size are less interrupted: {', '.join(others)}" if others else ""
        what = f"{BANDS[one.band]} of {name} are interrupted in a month ({as_of()}), more than recommend.spot.max_band {most}"
        return NotJudged(KIND, change.address, f"{what}{beside}")
    named = bool(scene.config.spot.environments)
    steps, unknown = group.steps, "no single attribute makes it Spot, so that it cannot be priced as such"
    if steps:
        # Without a price, an edit could not be told from one that leaves something unpriced.
        unknown = scene.evaluation.with_steps(change.address, steps).gap
    return Proposal(
        kind=KIND,
        id="on-demand-to-spot",
        address=change.address,
        title=f"on demand -> Spot{f', {_list(group.machines)}' if group.machines else ''}",
        steps=() if unknown else steps,
        unknown=unknown,
        counted=named,
        confidence=Confidence.MEDIUM if named and (told or group.vendor != "aws") else Confidence.LOW,
        effort=Effort.MEDIUM,
        evidence=tuple(_evidence(told, group)),
        notes=tuple(_notes(scene, group, known, told, named=named, is_unknown=bool(unknown))),
    )


def _evidence(told: list[tuple[str, Advice]], group: Group) -> Iterator[Evidence]:
    if group.least is not None:
        yield Evidence(
            "batch vCPUs at most" if group.runs_jobs else "machines at least", str(group.least), "configuration"
        )
    for name, one in told:
        value = f"{one.saving}% below on demand (indicative: no price), {BANDS[one.band]} interrupted in a month"
        yield Evidence(f"Spot of {name}", value, SOURCE, as_of())


def _notes(
    scene: Scene,
    group: Group,
    known: Mapping[str, Advice],
    told: list[tuple[str, Advice]],
    *,
    named: bool,
    is_unknown: bool,
) -> Iterator[str]:
    if group.how:
        yield group.how
    elif is_unknown:
        yield "by hand: " + ", ".join(f"{'.'.join(step.path)} = {step.value}" for step in group.steps)
    if len(told) == 1 and (others := _others(scene, told[0][0], known, scene.config.spot.max_band)):
        yield f"spread it over several types of the same size: {', '.join(others)}"
    if group.zones == 1:
        yield "it has one subnet or zone alone: add others, so that one that runs short does not stop it"
    if not named:
        yield "not in the sum: recommend.spot.environments does not say where interruptions may be"


def _others(scene: Scene, name: str, known: Mapping[str, Advice], most: int) -> list[str]:
    """Return machine types with the same vCPUs, memory and architecture that are interrupted no more than allowed."""
    specs = scene.specs("aws")
    own = specs.get(name)
    if own is None:
        return []
    alike = [
        (known[other].band, -known[other].saving, other)
        for other, spec in specs.items()
        if other != name
        and other in known
        and known[other].band <= most
        and _size(spec) == _size(own)
        and _is_burstable(other) == _is_burstable(name)
    ]
    return [other for _, _, other in sorted(alike)[:_SHOWN]]


def _size(spec: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(spec.get(key) for key in ("vcpu", "memory_gib", "arch", "gpus"))


def _is_burstable(name: str) -> bool:
    return name.startswith("t")


def _list(names: tuple[str, ...]) -> str:
    hidden = len(names) - 3
    return ", ".join(names[:3]) + (f" and {hidden} more" if hidden > 0 else "")
