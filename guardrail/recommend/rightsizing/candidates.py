"""Machine types that could stand for another: what is asked of them, and which of all there are have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from guardrail.model.unknown import Json
from guardrail.policy.variables.machine import plain_name, spec_of
from guardrail.recommend.rightsizing.families import Family, family_of, may_stand_for

# What a cache keeps of a machine's memory for itself differs by some MiB: cache.m5.large has 6.38 GiB, cache.m4.large 6.42.
LEAST_MEMORY = 0.99
# What has more vCPUs does not cost less, but that the smallest of newer families have 2; nor what has more than twice the memory.
_LEAST_VCPU, _MOST_MEMORY = 2, 2

Specs = Mapping[str, Mapping[str, Any]]
"""All machine types of a vendor by name."""


class Machine(Struct, frozen=True):
    """A machine type with what is known of it; memory in GiB."""

    name: str
    family: Family
    vcpu: float
    memory: float
    arch: frozenset[str]
    gpus: float


def runs_alike(new: Machine, old: Machine) -> bool:
    """Say whether a machine runs the other's programs: a processor of the same kind."""
    return bool(new.arch & old.arch - {""}) or new.family.processor == old.family.processor


class Needs(Struct, frozen=True):
    """What a machine has to have: vCPUs, memory in GiB, and a burstable one credits for its load.

    load  what all its vCPUs do together on average, in percent of one; None where nobody measured it
    """

    vcpu: float
    memory: float
    load: float | None = None


class Market:
    """The machine types of a vendor, as its services name them."""

    def __init__(self, vendor: str, specs: Specs) -> None:
        self.vendor, self.specs = vendor, specs
        self._machines: dict[str, Machine | None] = {}
        self._standing: dict[str, list[Machine]] = {}

    def machine(self, name: str) -> Machine | None:
        """Return a machine type; None where its name or the catalog does not tell what it is."""
        if name not in self._machines:
            self._machines[name] = self._machine(self._spelled(name))
        return self._machines[name]

    def _machine(self, name: str) -> Machine | None:
        family = family_of(self.vendor, name)
        # A cache keeps some of its machine's memory for itself: the machine's own facts are not its.
        facts = self.specs.get(name) if name.startswith("cache.") else spec_of(self.vendor, name, self._found)
        vcpu, memory, gpus = (_number((facts or {}).get(fact)) for fact in ("vcpu", "memory_gib", "gpus"))
        if facts is None or family is None or vcpu is None or memory is None:
            return None
        return Machine(name, family, vcpu, memory, frozenset(str(facts.get("arch") or "").split(";")), gpus or 0)

    def fitting(self, old: Machine, needs: Needs) -> Iterator[Machine]:
        """Give the machine types, by the names of the service, that may stand for one and have what is needed."""
        if old.name not in self._standing:
            names = (old.family.around.replace("*", plain) for plain in self._standing_for(old.family))
            standing = ((name, self.machine(name)) for name in names)
            self._standing[old.name] = [new for name, new in standing if new and name != old.name]
        return (new for new in self._standing[old.name] if _fits(new, old, needs))

    def _standing_for(self, old: Family) -> Iterator[str]:
        for family, names in self._families.items():
            if may_stand_for(family, old):
                yield from names

    @cached_property
    def _families(self) -> Mapping[Family, list[str]]:
        """The plain names of current machine types by family, whatever their size."""
        found: dict[Family, list[str]] = {}
        for name, facts in self.specs.items():
            family = family_of(self.vendor, name)
            if family and facts.get("current_generation") is not False and plain_name(name) == name:
                found.setdefault(_of_any_size(family), []).append(name)
        return found

    def _found(self, _vendor: str, name: str) -> Mapping[str, Json] | None:
        return self.specs.get(name)

    def _spelled(self, name: str) -> str:
        """Return a name as the catalog spells it: Azure takes its sizes in any case."""
        plain = plain_name(name)
        return name.replace(plain, self._spellings.get(plain.lower(), plain), 1) if self.vendor == "azure" else name

    @cached_property
    def _spellings(self) -> Mapping[str, str]:
        return {name.lower(): name for name in self.specs}


def _fits(new: Machine, old: Machine, needs: Needs) -> bool:
    if new.vcpu < needs.vcpu or new.memory < needs.memory * LEAST_MEMORY or new.gpus != old.gpus:
        return False
    if new.vcpu > max(old.vcpu, _LEAST_VCPU) or new.memory > old.memory * _MOST_MEMORY:
        return False
    return _has_baseline(new, old, needs)


def _has_baseline(new: Machine, old: Machine, needs: Needs) -> bool:
    """Say whether a burstable type may do for good what the other does, or is measured to do."""
    was, will = old.family.baseline, new.family.baseline
    if was is None or will is None:
        return False
    asked = was * old.vcpu if needs.load is None or not old.family.is_burstable else needs.load
    return will * new.vcpu >= asked if old.family.is_burstable or new.family.is_burstable else True


def _of_any_size(family: Family) -> Family:
    return Family(family.vendor, family.series, family.generation, family.processor, family.has, "", family.around)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
