"""Tasks on Fargate of another size, where metrics of all services that run them allow it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.recommend.metrics import Window
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.rightsizing.observed import enough
from guardrail.recommend.rightsizing.projected import projected
from guardrail.recommend.scene import Scene

KIND = "rightsizing"
# CPU units -> MiB of memory: least, most and step.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html, read in 2026-11.
_SIZES: Mapping[int, tuple[int, int, int]] = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
SIZES = (
    *((256, 512), (256, 1024), (256, 2048)),
    *((cpu, memory) for cpu, (least, most, step) in _SIZES.items() for memory in range(least, most + 1, step)),
)
"""What a task may have: CPU units and MiB."""


def tasks(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give smaller sizes for the tasks of services on Fargate."""
    changes = {change.address: change for change, _ in scene.existing()}
    for change, side in scene.existing():
        if change.type != "aws_ecs_task_definition":
            continue
        readers = (changes[address] for address in scene.evaluation.readers(change.address) if address in changes)
        services = [one for one in readers if one.type == "aws_ecs_service"]
        cpu, memory = (_whole(side.configured(name)) for name in ("cpu", "memory"))
        if services and (cpu, memory) in SIZES and cpu and memory:
            yield from _smaller(scene, change, side, services, (cpu, memory))


def _smaller(
    scene: Scene, change: Change, side: Side, services: list[Change], size: tuple[int, int]
) -> Iterator[Proposal | NotJudged]:
    limits = scene.config.rightsizing
    seen: dict[str, list[Window]] = {"cpu": [], "memory": []}
    for metric, found in seen.items():
        for service in services:
            window, gap = enough(scene.window(service, metric), metric, "percent", limits.min_days)
            if window is None:
                yield NotJudged(KIND, change.address, f"{service.address} {gap}")
                return
            found.append(window)
    p99, most = max(one.p99 for one in seen["cpu"]), max(one.max for one in seen["memory"])
    least = _least_of_containers(side)
    needs = (
        max(projected(p99, size[0], limits.cpu_p99), least[0]),
        max(projected(most, size[1], limits.memory_max), least[1]),
    )
    fitting = (one for one in SIZES if all(needs[at] <= one[at] <= size[at] for at in (0, 1)) and one != size)
    new = min(fitting, default=None)
    if new is None:
        return
    spans = ", ".join(sorted({f"{one.span}, {one.days} days" for some in seen.values() for one in some}))
    sources = ", ".join(sorted({one.sources for some in seen.values() for one in some}))
    yield Proposal(
        *(KIND, "task-size", change.address),
        f"{size[0]} CPU units and {size[1]} MiB -> {new[0]} and {new[1]}",
        (Assignment(("cpu",), str(new[0])), Assignment(("memory",), str(new[1]))),
        confidence=Confidence.MEDIUM,
        effort=Effort.MEDIUM,
        evidence=(
            Evidence("p99 of cpu", f"{p99:.1f}%, {projected(p99, size[0], new[0]):.1f}% of {new[0]}", sources, spans),
            Evidence(
                "max of memory", f"{most:.1f}%, {projected(most, size[1], new[1]):.1f}% of {new[1]}", sources, spans
            ),
        ),
        notes=("it becomes a revision of the task definition: services replace their tasks",),
    )


def _least_of_containers(side: Side) -> tuple[float, float]:
    """Return what the containers of a task reserve together, and the most that one of them may use: the task has to hold it."""
    text = side.configured("container_definitions")
    try:
        found: Any = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        found = []
    containers = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    cpu = sum(_whole(one.get("cpu")) for one in containers)
    reserved = sum(_whole(one.get("memoryReservation") or one.get("memory")) for one in containers)
    return cpu, max([reserved, *(_whole(one.get("memory")) for one in containers)])


def _whole(value: Any) -> int:
    """Return a number of CPU units or MiB; 0 for what is none, or is written in other units."""
    try:
        return int(str(value))
    except ValueError:
        return 0
