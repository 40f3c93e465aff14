"""Prices a resource: attributes, usage and prices in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from guardrail.catalog import Catalog, Match, NoPrice, Selector
from guardrail.cel import EvaluationError, Scope
from guardrail.costs.assumptions import annotated, assumption, stated, with_what_is_assumed_away
from guardrail.costs.attribution import Effects, explained_by_attributes
from guardrail.costs.bill import Bill, Working, failed, label, unfilled
from guardrail.costs.billing import (
    OWN_DEFINITION,
    assuming,
    awaits_usage,
    grouped,
    is_usage,
    meter_of,
    multiplied,
    priced,
    unknown,
)
from guardrail.costs.binding import BoundTariff, bind
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Charge, Part, Tariff
from guardrail.costs.inventory import Inventory
from guardrail.costs.referred import Candidates, Found, read_addresses
from guardrail.costs.running_hours import scheduled
from guardrail.costs.subject import Configured, Handed, Subject
from guardrail.costs.usage.assumed_usage import on_assumed_usage
from guardrail.costs.usage.file import NO_USAGE, Usage, merged
from guardrail.costs.usage.profiles import NO_PROFILE, Profile
from guardrail.errors import DefinitionError, LimitError
from guardrail.model.cost import FREE, Cost, Line, LineStatus, ResourceCost, ResourceStatus
from guardrail.model.reason import Reason
from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.progress import counted

_NO_REGION = "the plan does not say it"
_SET_REGION = "set pricing.default_region in guardrail.yaml"
_AS_IT_WAS = frozenset({Action.NO_OP, Action.MOVE, Action.FORGET})
# A definition may price children of its own type: a bound ends what would never end.
_MAX_CHILD_DEPTH = 5
_REMEMBERED = 4096  # children and charges: enough for the kinds there are, too few to fill memory
_UNSUPPORTED = Cost(
    (),
    ResourceStatus.UNSUPPORTED,
    "no definition says what this type costs",
    Reason.NOT_COVERED,
    OWN_DEFINITION,
)


class Engine:
    """Prices the resources of plans. Equal inputs are priced once, in all plans of a run together."""

    def __init__(
        self,
        library: Library,
        catalog: Catalog,
        *,
        usage: Usage = NO_USAGE,
        default_regions: Mapping[str, str] | None = None,
        profile: Profile = NO_PROFILE,
    ) -> None:
        self.library = library
        self.catalog = catalog
        self._usage = usage
        self._default_regions = default_regions or {}
        self._profile = profile
        self._priced: dict[tuple[str, bytes], Cost] = {}
        self._effects: dict[tuple[int, int], Effects] = {}
        self._children: dict[tuple[str, bytes], Bill] = {}
        self._charges: dict[tuple[str, int, bool, str], tuple[Working, ...]] = {}

    def with_usage(self, usage: Usage) -> Engine:
        """Return an engine for plans with this usage, which remembers together with this one what has been priced."""
        other = copy(self)
        other._usage = usage  # noqa: SLF001 - of the same class
        return other

    def with_usage_of(self, address: str, given: Mapping[str, Any]) -> Engine:
        """Return an engine for which a resource has this usage beside its own."""
        by_address = {**self._usage.by_address, address: merged(self._usage.by_address.get(address, {}), given)}
        return self.with_usage(replace(self._usage, by_address=by_address))

    def is_free(self, type_name: str) -> bool:
        """Say whether a type costs nothing by itself."""
        return self.library.is_free(type_name)

    def estimate(self, changes: Iterable[Change], data: Iterable[Change] = ()) -> tuple[ResourceCost, ...]:
        """Price every change, before and after; `data` are data sources that definitions may refer to.

        Raises DefinitionError for a definition that cannot be loaded.
        """
        changes = tuple(changes)
        inventory = Inventory(changes, data)
        return tuple(self._resource(change, inventory) for change in counted("resources priced", changes))

    def bill(self, change: Change, inventory: Inventory, *, before: bool) -> Bill:
        """Return how each line of one side came about."""
        side = change.before if before else change.billed_after
        tariff = self.library.find(change.type)
        if side is None or tariff is None:
            return Bill()
        return self._bill(tariff, self._subject(change, side, tariff, inventory, before=before))

    def _resource(self, change: Change, inventory: Inventory) -> ResourceCost:
        tariff = self.library.find(change.type)
        will = self._seen(change, change.billed_after, tariff, inventory, before=False)
        after = self._cost(change, change.billed_after, tariff, will)
        # Only what refers to others can cost another sum without being changed itself.
        alone = tariff is None or not tariff.definition.refs
        if alone and change.action in _AS_IT_WAS and change.before is not None:
            return ResourceCost(change, after, after)
        was = self._seen(change, change.before, tariff, inventory, before=True)
        before = self._cost(change, change.before, tariff, was)
        # Equal inputs share one cost: where two costs that lack something are merely alike, the inputs were not equal.
        is_compared = before is after or not (before and before.unpriced and before == after)
        priced = ResourceCost(change, before, after, is_compared)
        if before is None or after is None:
            return priced
        return explained_by_attributes(
            priced,
            tariff,
            (was, will) if was and will else None,
            lambda subject: self._memoized(tariff, subject) if tariff else _UNSUPPORTED,
            lambda name: self._address(tariff, name, change, inventory) if tariff else "",
            self._effects,
        )

    def cost_of(self, change: Change, side: Side, inventory: Inventory, *, before: bool) -> Cost | None:
        """Return what a resource costs that is as one side says."""
        tariff = self.library.find(change.type)
        return self._cost(change, side, tariff, self._seen(change, side, tariff, inventory, before=before))

    def read_by(self, change: Change, inventory: Inventory) -> tuple[str, ...]:
        """Return the addresses of the resources that the price of one reads, after the change."""
        tariff = self.library.find(change.type)
        return read_addresses(tariff.definition.refs, change, inventory) if tariff else ()

    def _seen(
        self, change: Change, side: Side | None, tariff: Tariff | None, inventory: Inventory, *, before: bool
    ) -> Subject | None:
        """Return one side as it is priced; None where it does not exist, or no tariff prices it."""
        if side is None or tariff is None:
            return None
        return self._subject(change, side, tariff, inventory, before=before)

    def _cost(self, change: Change, side: Side | None, tariff: Tariff | None, subject: Subject | None) -> Cost | None:
        if tariff is None or subject is None:
            unpriced = FREE if self.library.is_free(change.type) else _UNSUPPORTED
            return None if side is None else unpriced
        return self._memoized(tariff, subject)

    def _address(self, tariff: Tariff, name: str, change: Change, inventory: Inventory) -> str:
        """Return what a change refers to by a name of its definition, "" where that is not a single resource."""
        reference = tariff.definition.refs[name]
        if reference.of is not None or reference.alike is not None:
            return ""
        referred = inventory.find(change, reference, before=False)
        return referred[0][0].address if len(referred) == 1 else ""

    def _subject(self, change: Change, side: Side, tariff: Tariff, inventory: Inventory, *, before: bool) -> Subject:
        region = change.before_region if before else change.region
        # What stays is where it was: the region of before is that of after, which the configuration tells.
        if region is None and change.action in _AS_IT_WAS:
            region = change.region
        definition = tariff.definition
        referred = Found(definition.refs, change, inventory, self._usage, before=before)
        given = self._usage.of(change.address, change.type)
        if by := definition.schedule:
            schedules, (type_, *_) = referred.values[by.by], definition.refs[by.by].types
            given = scheduled(given, by.hours, type_, schedules, side.configured)
        subject = Subject(
            Configured(side, definition.defaults),
            region
            or self._default_regions.get(tariff.vendor)
            or Unknown("region", _NO_REGION, Reason.NOT_EVALUATED, _SET_REGION),
            given,
            change.name,
            change.address,
            referred.values,
            absent=referred.assumed,
            visible={"ref": referred.visible} if referred.visible else {},
            profiled=self._profile.under(given, change.type) if self._profile.name else None,
        )
        for name, candidates in referred.open.items():
            subject = self._decided(tariff, subject, name, candidates)
        return subject

    def _decided(self, tariff: Tariff, subject: Subject, name: str, candidates: Candidates) -> Subject:
        """Let a reference mean one of several resources if the price is the same with each; else it is not known."""
        costs = [
            self._memoized(tariff, replace(subject, refs={**subject.refs, name: one})) for one in candidates.different
        ]
        if not costs or any(cost != costs[0] for cost in costs):
            return subject
        visible = subject.visible and {"ref": {**subject.visible["ref"], name: candidates.shown}}
        return replace(subject, refs={**subject.refs, name: candidates.different[0]}, visible=visible)

    def _memoized(self, tariff: Tariff, subject: Subject) -> Cost:
        key = (tariff.type, self._fingerprint(tariff, subject))
        if key not in self._priced:
            try:
                self._priced[key] = self._bill(tariff, subject).cost
            except LimitError as error:
                raise LimitError(
                    f"the definition {error.what}", where=error.where or tariff.where, fix=error.fix
                ) from None
        return self._priced[key]

    def _remembered(self, tariff: Tariff, subject: Subject) -> Bill:
        """Price a child, or return how an equal one was priced: most volumes look alike."""
        key = (tariff.type, self._fingerprint(tariff, subject))
        bill = self._children.get(key)
        if bill is None:
            bill = self._bill(tariff, subject)
            if len(self._children) < _REMEMBERED:
                self._children[key] = bill
        return bill

    def _fingerprint(self, tariff: Tariff, subject: Subject) -> bytes:
        """Return what is equal only for equal inputs: a hash, since the inputs themselves are long and many."""
        attributes = subject.attributes
        names = attributes.names() if tariff.attributes is None or tariff.derive else tariff.attributes
        read = [
            (name, attributes.get(name), attributes.shown(name) if attributes.has_secrets(name) else None)
            for name in sorted(names)
        ]
        own = [getattr(subject, root) for root in ("name", "address") if (root,) in tariff.reads]
        inputs = (
            read,
            subject.region,
            subject.usage,
            subject.refs,
            subject.visible,
            subject.parent,
            subject.depth,
            subject.assume,
            sorted(subject.absent),
            own,
            subject.profiled,
            subject.on_profile,
        )
        return blake2b(repr(inputs).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def _bill(self, tariff: Tariff, subject: Subject) -> Bill:
        """Price a subject by the usage that is given, and with a profile once more by that and what it assumes."""
        given = self._by_usage(tariff, subject)
        if subject.profiled is None or given.free:
            return given
        supplied = replace(subject, usage=subject.profiled, profiled=None, on_profile=True)
        return on_assumed_usage(given, self._by_usage(tariff, supplied), subject.usage, self._profile)

    def _by_usage(self, tariff: Tariff, subject: Subject) -> Bill:
        bound = bind(tariff, subject)
        undecided: Unknown | None = None
        try:
            for condition, reason in tariff.free_when:
                holds = condition.value(bound.scope)
                # No resource is free by an assumption; what is assumed of a child (no local SSD) its parent has stated.
                if holds is True and not subject.depth and bound.decided(condition):
                    holds = condition.value(bound.open)
                if holds is True:
                    return Bill(free=reason)
                undecided = holds if undecided is None and isinstance(holds, Unknown) else undecided
        except EvaluationError as error:
            return Bill((failed(tariff.type, error, tariff, bound),))
        # Where all that it may cost is of the rarer kind, that is better shown than nothing.
        workings = tuple(self._lines(tariff, subject, bound)) or tuple(self._lines(tariff, subject, bound, rare=True))
        workings = with_what_is_assumed_away(tariff, bound, workings)
        if undecided is not None:
            workings = tuple(replace(working, line=unknown(working.line, undecided)) for working in workings)
        definition = tariff.definition
        return Bill(workings, not_covered=definition.not_covered, remedy=definition.not_covered_remedy)

    def _lines(self, tariff: Tariff, subject: Subject, bound: BoundTariff, *, rare: bool = False) -> Iterator[Working]:
        for number in range(len(tariff.charges)):
            yield from self._charged(tariff, number, bound, rare=rare)
        for part in tariff.parts:
            try:
                yield from self._part(tariff, part, bound, subject)
            except EvaluationError as error:
                yield failed(part.child.block or part.child.as_, error, tariff, bound)

    def _charged(self, tariff: Tariff, number: int, bound: BoundTariff, *, rare: bool) -> tuple[Working, ...]:
        """Return the lines of a charge, remembered by all that it reads: most machines differ in their disks only."""
        charge = tariff.charges[number]
        key = (tariff.type, number, rare, "" if bound.secret else bound.seen_by(tariff.looks[number]))
        workings = None if bound.secret else self._charges.get(key)
        if workings is None:
            try:
                workings = tuple(self._charge(tariff, charge, bound, rare=rare))
            except EvaluationError as error:
                workings = (failed(unfilled(charge.component.name), error, tariff, bound),)
            if not bound.secret and len(self._charges) < _REMEMBERED:
                self._charges[key] = workings
        return workings

    def _charge(self, tariff: Tariff, charge: Charge, bound: BoundTariff, *, rare: bool) -> Iterator[Working]:
        scope = bound.scope
        exists = charge.when.value(scope) if charge.when else True
        if exists is False:
            return
        if not rare and charge.optional.value(scope) is not False and (is_usage(exists) or awaits_usage(charge, scope)):
            return
        name, unit, group = (label(field, bound) for field in (charge.name, charge.unit, charge.group))
        blank = Line(name, unit, LineStatus.PRICED, group, usage_key=charge.usage_key)
        selector = self._selector(tariff, charge, scope)
        if isinstance(exists, Unknown):
            yield Working(unknown(blank, exists), tariff, scope, charge)
            return
        if isinstance(selector, Unknown):
            yield Working(unknown(blank, selector), tariff, scope, charge)
            return
        answer = self.catalog.find(selector)
        # The other way to sell it counts only as a whole: half of its prices would read as the full amount.
        if isinstance(answer, NoPrice) and charge.otherwise:
            other = tuple(self._charge(tariff, charge.otherwise, bound, rare=rare))
            if not any(isinstance(working.answer, NoPrice) for working in other):
                yield from other
                return
        if not bound.secret:  # a usage type can name the machine type
            blank = replace(blank, meter=meter_of(answer, tariff.vendor))
        for line in priced(blank, charge, scope, selector, answer):
            yield Working(annotated(line, tariff, charge, bound), tariff, scope, charge, selector, answer)

    def _selector(self, tariff: Tariff, charge: Charge, scope: Scope) -> Selector | Unknown:
        region = (charge.region or tariff.region).value(scope)
        service, option = charge.service.value(scope), charge.purchase_option.value(scope)
        for value in (region, service, option):
            if isinstance(value, Unknown):
                return value
        family: Match | None = None
        attributes: list[tuple[str, Match]] = []
        for key, wanted in charge.attributes:
            match = wanted.match(scope)
            if isinstance(match, Unknown):
                return match
            attributes.append((key, match))
        if charge.family:
            match = charge.family.match(scope)
            if isinstance(match, Unknown):
                return match
            family = match
        unit = charge.component.price.unit
        return Selector(tariff.vendor, str(service), str(region), family, tuple(attributes), str(option), unit)

    def _part(self, tariff: Tariff, part: Part, bound: BoundTariff, subject: Subject) -> Iterator[Working]:
        if subject.depth >= _MAX_CHILD_DEPTH:
            raise DefinitionError("children are nested too deeply", where=tariff.where, fix="a type prices itself")
        items = part.items.value(bound.scope) if part.items else [None]
        if isinstance(items, Unknown):
            name = part.child.block or str(part.child.as_)
            blank = Line(name, "", LineStatus.UNKNOWN, part.child.block or "")
            yield Working(unknown(blank, items), tariff, bound.scope)
            return
        items = items if isinstance(items, list) else [] if items is None else [items]
        shown_items = part.items.value(bound.visible) if part.items else [None]
        for index, item in enumerate(items):
            visible = shown_items[index] if isinstance(shown_items, list) and index < len(shown_items) else item
            group = part.child.block or ""
            group = f"{group}[{index}]" if group and len(items) > 1 else group
            given = subject.usage.get(f"{part.child.block}[{index}]")
            inner = replace(subject, usage={**subject.usage, **given}) if isinstance(given, Mapping) else subject
            yield from self._child(tariff, part, bound, inner, (item, visible), group)

    def _child(
        self, tariff: Tariff, part: Part, bound: BoundTariff, subject: Subject, item: tuple[Json, Json], group: str
    ) -> Iterator[Working]:
        scope = tariff.environment.rebind(bound.scope, {"each": item[0]})
        exists = part.when.value(scope) if part.when else True
        if exists is False:
            return
        type_name = part.type.value(scope)
        child = None if isinstance(type_name, Unknown) else self.library.find(str(type_name))
        if child is None:
            if isinstance(type_name, Unknown) or not self.library.is_free(str(type_name)):
                raise DefinitionError(f"no definition of {type_name} to price a child with", where=tariff.where)
            return
        values = part.attributes_for(scope)
        seen = tariff.environment.rebind(bound.visible, {"each": item[1]}) if bound.secret else scope
        names = child.parent_names(subject.attributes)
        usage: Mapping[str, Any] = {**subject.usage, **{key: given.value(scope) for key, given in part.usage}}
        if subject.on_profile:
            usage = self._profile.under(usage, child.type)
        times, floor = part.times.value(scope), part.floor.value(scope)
        inner = replace(
            subject,
            attributes=Handed(values, part.attributes_for(seen) if bound.secret else None),
            usage=usage,
            profiled=None,
            parent={name: subject.attributes.get(name) for name in names},
            depth=subject.depth + 1,
            # A child is no resource of the plan: nothing refers to it, and it refers to nothing.
            refs={name: [] if sought.all else None for name, sought in child.definition.refs.items()},
            assume={key: stands.value(scope) for key, stands in part.assume},
            absent={},
            visible={"parent": {name: subject.attributes.shown(name) for name in names}} if bound.secret else {},
        )
        heading = part.group.text(seen) if part.group else group
        bill = self._remembered(child, inner)
        # A child without a line is a gap of its parent, which would otherwise look complete.
        if not bill.workings and not bill.free:
            blank = Line(child.type, "", LineStatus.NO_PRICE, heading, note=bill.cost.note, reason=Reason.NOT_COVERED)
            blank = replace(blank, remedy=bill.cost.remedy)
            yield Working(blank, tariff, scope)
        assumed = "; ".join(filter(None, (assumption(part.assumed, seen), stated(part.reads, bound))))
        for working in bill.workings:
            line = assuming(multiplied(grouped(working.line, heading), times, floor), assumed)
            if isinstance(exists, Unknown):
                line = unknown(line, exists)
            key = part.usage_keys.get(line.usage_key, line.usage_key)
            yield replace(working, line=replace(line, usage_key=key))
