"""Other machine types: newer ones that cost less and have no less of anything, and smaller ones where metrics allow them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.model.cost import UNPRICED_LINES
from guardrail.model.money import ZERO, plain
from guardrail.model.remedy import Assignment
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Unknown
from guardrail.policy.variables.machine import VENDORS, named_types
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.rightsizing.candidates import LEAST_MEMORY, Machine, Market, Needs, runs_alike
from guardrail.recommend.rightsizing.observed import Observed, observed
from guardrail.recommend.rightsizing.projected import projected
from guardrail.recommend.scene import Scene

KIND = "rightsizing"
_NEAR = Decimal("0.95")  # of the most that can be saved: among those, a newer generation is worth more than the rest
_WIDE = 0.5  # of what is allowed: a projection below it leaves a wide margin

# Services that bring the software: another processor needs no other image there, but a version of the engine that runs on it.
MANAGED = (
    *("aws_db_", "aws_rds_", "aws_docdb_", "aws_neptune_", "aws_elasticache_", "aws_memorydb_", "aws_dax_", "aws_mq_"),
    *("aws_msk_", "aws_opensearch_", "aws_elasticsearch_", "aws_redshift_", "aws_dms_"),
    *("azurerm_mysql_", "azurerm_postgresql_", "google_sql_", "google_alloydb_"),
)


class _Place(Struct, frozen=True):
    """A machine type where a resource names it, and what is needed in its stead."""

    change: Change
    path: str
    old: Machine
    needs: Needs
    seen: Observed

    @property
    def is_managed(self) -> bool:
        return self.change.type.startswith(MANAGED)


class _Machines(Struct):
    """Looks for machine types in one project; equal questions are answered once."""

    scene: Scene
    _markets: dict[str, Market] = field(default_factory=dict)
    _savings: dict[Hashable, Decimal | None] = field(default_factory=dict)

    def of(self, change: Change, side: Side) -> Iterator[Proposal | NotJudged]:
        """Give other machine types for a resource."""
        places = list(named_types(change.type, side.configured))
        if not places:
            return
        cost = self.scene.costs[change.address].after
        if cost and any(line.price and line.price.purchase_option.startswith("reserved") for line in cost.lines):
            yield NotJudged(
                KIND, change.address, "is priced as reserved by the usage file: another machine type frees it only"
            )
            return
        lacking = NotJudged(KIND, change.address, "has no complete price: what another machine type saves is not known")
        # What lacks a price may be no part of the machine, and the same with any other: that is seen when one is tried.
        if cost and cost.unpriced and not all(line.sought for line in cost.lines if line.status in UNPRICED_LINES):
            yield lacking
            return
        market = self._market(VENDORS.get(change.provider, change.provider))
        found = list(self._others(change, places, market))
        yield from found
        if cost and cost.unpriced and not found:
            yield lacking

    def _others(
        self, change: Change, places: Sequence[tuple[str, str | Unknown]], market: Market
    ) -> Iterator[Proposal | NotJudged]:
        for path, name in places:
            if isinstance(name, Unknown):
                yield NotJudged(KIND, change.address, "names a machine type that is not known")
            elif (old := market.machine(name)) and old.family.vendor == "aws" and old.family.has_local_disk:
                yield NotJudged(KIND, change.address, "has disks of its own, whose data somebody would have to move")
            elif old:
                yield from self._other(change, path, old, market, is_alone=len(places) == 1)
            else:
                yield NotJudged(KIND, change.address, "runs on a machine type that nothing is known to stand for")

    def _other(
        self, change: Change, path: str, old: Machine, market: Market, *, is_alone: bool
    ) -> Iterator[Proposal | NotJudged]:
        seen = observed(self.scene, change, old) if is_alone else Observed()
        if seen.gap:
            yield NotJudged(KIND, change.address, seen.gap)
        limits = self.scene.config.rightsizing
        place = _Place(change, path, old, seen.needs(old, limits), seen)
        ranked = self._best(place, market)
        alike = [one for one in ranked if place.is_managed or runs_alike(one[0], old)]
        # Windows has no image for servers with Arm processors.
        others = [one for one in ranked if one not in alike and "windows" not in change.type]
        chosen = _chosen(alike, old)
        if chosen:
            yield self._proposal(place, chosen)
        other = _chosen(others, old)
        if other and (not chosen or _saving(ranked, other) > _saving(ranked, chosen)):
            yield self._proposal(place, other)
        if limits.less_memory and seen.cpu and seen.memory_max is None:
            yield from self._with_less_memory(replace(place, needs=replace(place.needs, memory=old.memory / 2)), market)

    def _with_less_memory(self, place: _Place, market: Market) -> Iterator[Proposal]:
        """Give what nobody has measured the memory for, because the organization wants to hear of it."""
        alike = [one for one in self._best(place, market) if runs_alike(one[0], place.old)]
        if (new := _chosen(alike, place.old)) and new.memory < place.old.memory * LEAST_MEMORY:
            found = self._proposal(place, new)
            note = "nobody has measured its memory: look at it before"
            yield replace(
                found, id="machine-memory", counted=False, confidence=Confidence.LOW, notes=(*found.notes, note)
            )

    def _best(self, place: _Place, market: Market) -> list[tuple[Machine, Decimal]]:
        """Return the machine types that fit and cost less, with what each saves; of alike resources, what one of them saves."""
        alike = self.scene.evaluation.priced_alike(place.change.address)
        found = ((new, self._saved(place, new, alike)) for new in market.fitting(place.old, place.needs))
        return [(new, saved) for new, saved in found if saved is not None and saved > ZERO]

    def _saved(self, place: _Place, new: Machine, alike: Hashable) -> Decimal | None:
        key = (place.old.name, place.path, new.name, alike)
        if key not in self._savings:
            try:
                saving = self.scene.evaluation.with_steps(place.change.address, [_step(place, new)]).saving
            except InputError:  # a block that is not as its definition says
                saving = None
            self._savings[key] = saving
        return self._savings[key]

    def _proposal(self, place: _Place, new: Machine) -> Proposal:
        old, seen = place.old, place.seen
        is_smaller = new.vcpu < old.vcpu or new.memory < old.memory * LEAST_MEMORY
        other_processor = not runs_alike(new, old)
        needs_image = other_processor and not place.is_managed
        return Proposal(
            KIND,
            "machine-size" if is_smaller else "machine-processor" if other_processor else "machine-generation",
            place.change.address,
            f"{old.name} -> {new.name}",
            (_step(place, new),),
            on_demand=_on_demand(self.scene, place.change),
            counted=not needs_image,
            confidence=Confidence.LOW if needs_image else self._confidence(place, new, is_smaller=is_smaller),
            effort=Effort.HIGH if needs_image else Effort.MEDIUM,
            evidence=(*_facts(old, new), *seen.evidence(old, new), *_hours(self.scene, place.change)),
            notes=tuple(_notes(place, new)),
        )

    def _confidence(self, place: _Place, new: Machine, *, is_smaller: bool) -> Confidence:
        old = place.old
        if not is_smaller:
            same_maker = new.family.processor in {old.family.processor, "i", ""}
            return Confidence.HIGH if same_maker else Confidence.MEDIUM
        limits = self.scene.config.rightsizing
        cpu, memory = place.seen.cpu, place.seen.memory_max
        is_wide = cpu is None or projected(cpu.p99, old.vcpu, new.vcpu) <= limits.cpu_p99 * _WIDE
        is_wide = is_wide and (memory is None or projected(memory, old.memory, new.memory) <= limits.memory_max)
        is_wide = is_wide and runs_alike(new, old) and not new.family.is_burstable
        return Confidence.HIGH if is_wide else Confidence.MEDIUM

    def _market(self, vendor: str) -> Market:
        if vendor not in self._markets:
            self._markets[vendor] = Market(vendor, self.scene.specs(vendor))
        return self._markets[vendor]


def machines(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give other machine types for whatever names one."""
    found = _Machines(scene)
    for change, side in scene.existing():
        yield from found.of(change, side)


def _step(place: _Place, new: Machine) -> Assignment:
    return Assignment(tuple(place.path.split(".")), new.name)


def _chosen(ranked: list[tuple[Machine, Decimal]], old: Machine) -> Machine | None:
    """Return what saves most, or of those that save nearly as much the newest, with a processor of the same maker."""
    if not ranked:
        return None
    most = max(saved for _, saved in ranked)
    near = [(new, saved) for new, saved in ranked if saved >= most * _NEAR]

    def worth(one: tuple[Machine, Decimal]) -> tuple[int, bool, Decimal, str]:
        new, saved = one
        return new.family.generation, new.family.processor == old.family.processor, saved, new.name

    return max(near, key=worth)[0]


def _saving(ranked: list[tuple[Machine, Decimal]], machine: Machine) -> Decimal:
    return next(saved for new, saved in ranked if new is machine)


def _facts(*machines: Machine) -> Iterator[Evidence]:
    for one in machines:
        vcpu, memory = (f"{number:g}" for number in (one.vcpu, one.memory))
        yield Evidence(one.name, f"{vcpu} vCPU, {memory} GiB", "machine catalog")


def _on_demand(scene: Scene, change: Change) -> Decimal:
    hours = scene.hours(change)
    return hours.share if hours else Decimal(1)


def _hours(scene: Scene, change: Change) -> Iterator[Evidence]:
    if hours := scene.hours(change):
        value = f"{plain(hours.on_demand)} of {plain(hours.hours)} on demand"
        yield Evidence("hours", value, f"bill of {hours.source}", hours.month)


def _notes(place: _Place, new: Machine) -> Iterator[str]:
    old = place.old
    if not runs_alike(new, old):
        if place.is_managed:
            yield "another processor: check that the version of the engine runs on it"
        else:
            yield f"another processor ({', '.join(sorted(new.arch))}): needs an image, and programs, built for it"
    elif new.family.processor != old.family.processor and "a" in {new.family.processor, old.family.processor}:
        yield "a processor of another maker: test what is compiled for special instructions"
    if place.is_managed and runs_alike(new, old) and new.family.generation != old.family.generation:
        yield "check that the version of the engine runs on it"
    if not place.is_managed and old.family.needs_no_drivers and not new.family.needs_no_drivers:
        yield "check that the image has the drivers of newer machines (NVMe, ENA)"
    if new.family.is_burstable:
        yield "CPU credits are not modelled: above its baseline it is slowed down, or costs more"
