"""gp2 volumes as gp3 that give no less: what gp2 gives by its size is set where gp3 does not include it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.scene import Scene

KIND = "rightsizing"
_DOCS = "https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"
_READ = "2026-11"
# Of that page: gp2 has 3 IOPS a GiB, at least 100 and at most 16,000; gp3 includes 3,000, which gp2 below 1,000 GiB reaches
# in bursts only. Throughput of gp2 is 128 MiB/s up to 170 GiB, then 250; gp3 includes 125.
_IOPS_A_GIB, _LEAST_IOPS, _MOST_IOPS, _INCLUDED_IOPS = 3, 100, 16_000, 3_000
_SMALL, _SMALL_THROUGHPUT, _THROUGHPUT, _INCLUDED_THROUGHPUT = 170, 128, 250, 125


class _Place(Struct, frozen=True):
    """Where a resource says what a volume is: the attributes of it, below a block or not.

    block        dotted path of the block, with * for each; "" for the resource itself
    default      the type where none is written; "" where that is the image's to say
    sets_limits  whether IOPS and throughput are set beside the type; else the service includes them by size
    """

    block: str
    type: str = "volume_type"
    size: str = "volume_size"
    default: str = ""
    effort: Effort = Effort.LOW
    confidence: Confidence = Confidence.HIGH
    sets_limits: bool = True
    note: str = ""


_NEXT_VERSION = "it becomes a version of the template: machines have it once they are replaced"
_OF_MACHINE = (_Place("root_block_device.*"), _Place("ebs_block_device.*"))
_OF_CLUSTER = _Place(
    "ebs_options.*",
    effort=Effort.MEDIUM,
    confidence=Confidence.MEDIUM,
    sets_limits=False,
    note="the service replaces the nodes (blue/green deployment); machine types of former generations do not take gp3",
)
PLACES: Mapping[str, tuple[_Place, ...]] = {
    "aws_ebs_volume": (_Place("", "type", "size", "gp2"),),
    "aws_instance": _OF_MACHINE,
    "aws_spot_instance_request": _OF_MACHINE,
    "aws_launch_template": (_Place("block_device_mappings.*.ebs.*", effort=Effort.MEDIUM, note=_NEXT_VERSION),),
    "aws_opensearch_domain": (_OF_CLUSTER,),
    "aws_elasticsearch_domain": (_OF_CLUSTER,),
}
"""By type of resource. Blocks of `ebs_block_device` are a set: nothing tells which is which where there are several."""


def volumes(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give gp3 for gp2, with the IOPS and the throughput that gp2 has by its size."""
    for change, side in scene.existing():
        for place in PLACES.get(change.type, ()):
            yield from _of_place(change, side, place)


def _of_place(change: Change, side: Side, place: _Place) -> Iterator[Proposal | NotJudged]:
    found = list(_blocks(side, place.block))
    if place.block == "ebs_block_device.*" and len(found) > 1:
        if any(block.get(place.type) == "gp2" for _, block in found):
            yield NotJudged(KIND, change.address, "has several blocks ebs_block_device: nothing tells which is which")
        return
    for path, block in found:
        written = block.get(place.type) or place.default
        if written != "gp2":
            continue
        size = block.get(place.size)
        if isinstance(size, int | float) and not isinstance(size, bool):
            yield _proposal(change, place, path, float(size))
        else:
            yield NotJudged(KIND, change.address, "uses gp2 storage of a size that is not known")


def _proposal(change: Change, place: _Place, path: tuple[str, ...], size: float) -> Proposal:
    iops = int(min(_MOST_IOPS, max(_LEAST_IOPS, _IOPS_A_GIB * size)))
    throughput = _SMALL_THROUGHPUT if size <= _SMALL else _THROUGHPUT
    steps = [Assignment((*path, place.type), "gp3")]
    if place.sets_limits and iops > _INCLUDED_IOPS:
        steps.append(Assignment((*path, "iops"), iops))
    if place.sets_limits and throughput > _SMALL_THROUGHPUT:
        steps.append(Assignment((*path, "throughput"), throughput))
    kept = [f"{max(iops, _INCLUDED_IOPS):,} IOPS"]
    kept += [f"{throughput if throughput > _SMALL_THROUGHPUT else _INCLUDED_THROUGHPUT} MiB/s"]
    lower = f"without setting its throughput it has {_INCLUDED_THROUGHPUT} MiB/s and costs less"
    return Proposal(
        *(KIND, "gp2-to-gp3", change.address),
        f"gp2 -> gp3 with {' and '.join(kept)}" if place.sets_limits else "gp2 -> gp3",
        tuple(steps),
        confidence=place.confidence,
        effort=place.effort,
        evidence=(
            Evidence("size", f"{size:,.0f} GiB", "configuration"),
            Evidence("gp2 has by its size", f"{iops:,} IOPS and up to {throughput} MiB/s", _DOCS, _READ),
        ),
        notes=(place.note,) if place.note else (),
        alternatives=(lower,) if len(steps) > 1 and throughput > _SMALL_THROUGHPUT else (),
    )


def _blocks(side: Side, pattern: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Json]]]:
    """Give the path and the attributes of each block that is there."""
    if not pattern:
        yield (), {name: side.configured(name) for name in side.names()}
        return
    name, *steps = pattern.split(".")
    yield from _below((name,), side.configured(name), steps)


def _below(
    path: tuple[str, ...], value: Json, steps: list[str]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Json]]]:
    if isinstance(value, Unknown):
        return
    if not steps:
        if isinstance(value, Mapping):
            yield path, value
    elif steps[0] == "*":
        for index, part in enumerate(value if isinstance(value, list) else []):
            yield from _below((*path, str(index)), part, steps[1:])
    elif isinstance(value, Mapping):
        yield from _below((*path, steps[0]), value.get(steps[0]), steps[1:])
