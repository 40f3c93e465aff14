"""What metrics say of a machine: how much CPU and memory it needs, or why that is not known."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from guardrail.config.file import RightsizingConfig
from guardrail.model.resource import Change
from guardrail.recommend.metrics import Window
from guardrail.recommend.proposal import Evidence
from guardrail.recommend.rightsizing.candidates import Machine, Needs
from guardrail.recommend.rightsizing.projected import projected
from guardrail.recommend.scene import Scene

_GIB = 1024**3
NO_METRICS = "has no metrics: nothing smaller was looked for"


class Observed(Struct, frozen=True):
    """Metrics of a machine over enough days.

    cpu         None where there are none, or of too few days
    memory      the window of memory used (percent), or of free memory (bytes); None likewise
    memory_max  the most memory in use, in percent
    gap         why nothing smaller was looked for; "" where it was
    """

    cpu: Window | None = None
    memory: Window | None = None
    memory_max: float | None = None
    gap: str = ""

    def needs(self, old: Machine, limits: RightsizingConfig) -> Needs:
        """Return what has to be there in a machine's stead: no less of what nobody has measured."""
        if self.cpu is None:
            return Needs(old.vcpu, old.memory)
        vcpu = min(old.vcpu, projected(self.cpu.p99, old.vcpu, limits.cpu_p99))
        memory = old.memory
        if self.memory_max is not None:
            memory = min(memory, projected(self.memory_max, old.memory, limits.memory_max))
        return Needs(vcpu, memory, self.cpu.mean * old.vcpu)

    def evidence(self, old: Machine, new: Machine) -> Iterator[Evidence]:
        """Give what was measured, and what it comes to on another machine."""
        if self.cpu:
            source, span = self.cpu.sources, f"{self.cpu.span}, {self.cpu.days} days"
            yield Evidence(
                "cpu", f"mean {self.cpu.mean:.1f}%, p99 {self.cpu.p99:.1f}%, max {self.cpu.max:.1f}%", source, span
            )
            if new.vcpu != old.vcpu:
                there = projected(self.cpu.p99, old.vcpu, new.vcpu)
                yield Evidence(f"p99 of cpu on {new.name}", f"{there:.1f}%", "calculated by vCPUs")
        if self.memory and self.memory_max is not None:
            source, span = self.memory.sources, f"{self.memory.span}, {self.memory.days} days"
            yield Evidence("memory", f"max {self.memory_max:.1f}%", source, span)
            if new.memory != old.memory:
                there = projected(self.memory_max, old.memory, new.memory)
                yield Evidence(f"max of memory on {new.name}", f"{there:.1f}%", "calculated by GiB")
        elif self.cpu:
            yield Evidence("memory", "no metric: no less memory than there is", "")


def observed(scene: Scene, change: Change, machine: Machine) -> Observed:
    """Return what metrics say of a machine."""
    least = scene.config.rightsizing.min_days
    cpu, gap = enough(scene.window(change, "cpu"), "cpu", "percent", least)
    used, used_gap = enough(scene.window(change, "memory"), "memory", "percent", least)
    free, _ = enough(scene.window(change, "memory_free"), "memory_free", "bytes", least)
    if used:
        memory, most = used, used.max
    elif free and free.min is not None:
        memory, most = free, 100 * (1 - free.min / (machine.memory * _GIB))
    else:
        memory, most = None, None
    if most is not None and not 0 <= most <= 100:  # noqa: PLR2004 - percent
        return Observed(cpu, None, None, gap or "has a memory metric that is no share of its memory")
    return Observed(cpu, memory, most, gap or (used_gap if scene.window(change, "memory") else ""))


def enough(window: Window | None, metric: str, unit: str, least: int) -> tuple[Window | None, str]:
    """Return a window, or why it says nothing."""
    if window is None:
        return None, NO_METRICS
    if window.unit != unit:
        return (
            None,
            f"has a metric {metric} in {window.unit or 'no unit'}, not in {unit}: nothing smaller was looked for",
        )
    if window.days < least:
        days = f"{window.days} day{'' if window.days == 1 else 's'}"
        return None, f"has {days} of the metric {metric}, fewer than {least}: nothing smaller was looked for"
    return window, ""
