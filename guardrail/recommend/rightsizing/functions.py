"""Functions of AWS Lambda with less memory, where metrics allow it, and on Arm processors."""

from __future__ import annotations

import math
from collections.abc import Iterator

from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.rightsizing.observed import NO_METRICS, enough
from guardrail.recommend.rightsizing.projected import projected
from guardrail.recommend.scene import Scene

KIND = "rightsizing"
_LEAST, _STEP = 128, 64  # MB
# Runtimes that Lambda has for x86 alone: https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html, read in 2026-11.
_X86_ONLY = (
    "go1.",
    "java8",
    "provided",
    "python3.7",
    "python3.6",
    "nodejs10",
    "ruby2.5",
    "dotnetcore2",
    "dotnetcore3.0",
)
_NEWER = ("java8.al2", "provided.al")


def functions(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give less memory and Arm for functions; neither is in the sum, as the duration of an invocation may change with it."""
    for change, side in scene.existing():
        if change.type != "aws_lambda_function":
            continue
        cost = scene.costs[change.address].after
        if cost is None or cost.is_lower_bound:
            yield NotJudged(
                KIND, change.address, "depends on usage that is not given: what less memory saves is not known"
            )
            continue
        yield from _memory(scene, change, side)
        if _may_be_arm(side):
            yield Proposal(
                *(KIND, "function-processor", change.address, "x86_64 -> arm64"),
                (Assignment(("architectures",), ["arm64"]),),
                counted=False,
                confidence=Confidence.LOW,
                effort=Effort.HIGH,
                notes=("another processor: layers, extensions and compiled libraries have to be built for arm64",),
            )


def _memory(scene: Scene, change: Change, side: Side) -> Iterator[Proposal | NotJudged]:
    size = side.configured("memory_size") or _LEAST
    limits = scene.config.rightsizing
    window = scene.window(change, "memory")
    memory, gap = enough(window, "memory", "percent", limits.min_days)
    if memory is None or not isinstance(size, int | float):
        yield NotJudged(KIND, change.address, NO_METRICS if window is None else gap)
        return
    needed = max(_LEAST, math.ceil(projected(memory.max, size, limits.memory_max) / _STEP) * _STEP)
    if needed < size:
        there = projected(memory.max, size, needed)
        yield Proposal(
            *(KIND, "function-memory", change.address, f"{size:g} MB -> {needed} MB"),
            (Assignment(("memory_size",), needed),),
            counted=False,
            confidence=Confidence.LOW,
            effort=Effort.LOW,
            evidence=(
                Evidence("memory", f"max {memory.max:.1f}%", memory.sources, f"{memory.span}, {memory.days} days"),
                Evidence(f"max of memory with {needed} MB", f"{there:.1f}%", "calculated by MB"),
            ),
            notes=("its CPU shrinks with its memory: the saving is that of invocations that take no longer than now",),
        )


def _may_be_arm(side: Side) -> bool:
    runtime = side.configured("runtime")
    is_x86 = side.configured("architectures") in (None, [], ["x86_64"])
    if not is_x86 or side.configured("package_type") == "Image" or not isinstance(runtime, str):
        return False
    return runtime.startswith(_NEWER) or not runtime.startswith(_X86_ONLY)
