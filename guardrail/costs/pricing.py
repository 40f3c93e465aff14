"""Prices a subject by its tariff: what it is charged for, line by line, and what its children are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from guardrail.catalog import Catalog, Match, NoPrice, Selector
from guardrail.cel import EvaluationError, Scope
from guardrail.costs.assumptions import annotated, assumption, stated, with_what_is_assumed_away
from guardrail.costs.bill import Bill, Working, failed, label, unfilled
from guardrail.costs.billing import (
    assuming,
    awaits_usage,
    grouped,
    is_usage,
    meter_of,
    multiplied,
    priced,
    unknown,
)
from guardrail.costs.binding import BoundTariff, GivenUsage
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Charge, Part, Tariff
from guardrail.costs.subject import Handed, Subject
from guardrail.costs.usage.assumed_usage import on_assumed_usage
from guardrail.costs.usage.profiles import Profile
from guardrail.errors import DefinitionError
from guardrail.model.cost import Line, LineStatus
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown

# A definition may price children of its own type: a bound ends what would never end.
_MAX_CHILD_DEPTH = 5
_REMEMBERED = 4096  # children and charges: enough for the kinds there are, too few to fill memory


class Pricing:
    """Makes the bills of subjects. What looks alike to a charge, or to a child, is worked out once."""

    def __init__(self, library: Library, catalog: Catalog, profile: Profile) -> None:
        self._library = library
        self._catalog = catalog
        self._profile = profile
        self._usage: dict[tuple[str, str], GivenUsage] = {}
        self._children: dict[tuple[str, bytes], Bill] = {}
        self._charges: dict[tuple[str, int, bool, Hashable], tuple[Working, ...]] = {}
        self._offers: dict[tuple[str, int, Hashable], tuple[Line, Selector | Unknown]] = {}
        self._parts: dict[tuple[str, int, Hashable], tuple[Working, ...]] = {}

    def bound(self, tariff: Tariff, subject: Subject) -> BoundTariff:
        """Bind a subject for a tariff, the usage that many have in common once."""
        key = (tariff.type, repr(subject.usage))
        usage = self._usage.get(key)
        if usage is None:
            usage = GivenUsage.of(tariff, subject.usage)
            if len(self._usage) < _REMEMBERED:
                self._usage[key] = usage
        return BoundTariff(tariff, subject, usage)

    def key(self, bound: BoundTariff) -> bytes:
        """Return what is equal only for subjects of equal price."""
        subject, handed = bound.subject, self._library.read_by_children(bound.tariff)
        names = sorted(subject.attributes.names()) if handed.attributes is None else handed.attributes
        read = subject.attributes.read(names) if names else {}
        return bound.key([read, *(getattr(subject, root) for root in handed.named_by)])

    def bill(self, bound: BoundTariff) -> Bill:
        """Price a subject by the usage that is given, and with a profile once more by that and what it assumes."""
        given, subject = self._by_usage(bound), bound.subject
        if subject.profiled is None or given.free:
            return given
        supplied = replace(subject, usage=subject.profiled, profiled=None, on_profile=True)
        return on_assumed_usage(given, self._by_usage(self.bound(bound.tariff, supplied)), subject.usage, self._profile)

    def _by_usage(self, bound: BoundTariff) -> Bill:
        tariff, subject = bound.tariff, bound.subject
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
        workings = tuple(self._lines(bound)) or tuple(self._lines(bound, rare=True))
        workings = with_what_is_assumed_away(tariff, bound, workings)
        if undecided is not None:
            workings = tuple(replace(working, line=unknown(working.line, undecided)) for working in workings)
        definition = tariff.definition
        return Bill(workings, not_covered=definition.not_covered, remedy=definition.not_covered_remedy)

    def _lines(self, bound: BoundTariff, *, rare: bool = False) -> Iterator[Working]:
        for number in range(len(bound.tariff.charges)):
            yield from self._charged(number, bound, rare=rare)
        for number in range(len(bound.tariff.parts)):
            yield from self._parted(number, bound)

    def _charged(self, number: int, bound: BoundTariff, *, rare: bool) -> tuple[Working, ...]:
        """Return the lines of a charge, remembered by all that it reads: most machines differ in their disks only."""
        tariff = bound.tariff
        key = (tariff.type, number, rare, tariff.seen_by_charges[number](bound.seen))
        workings = None if bound.secret else self._charges.get(key)
        if workings is None:
            charge = tariff.charges[number]
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
        blank, selector = self._offer(tariff, charge, bound)
        if isinstance(exists, Unknown):
            yield Working(unknown(blank, exists), tariff, scope, charge)
            return
        if isinstance(selector, Unknown):
            yield Working(unknown(blank, selector), tariff, scope, charge)
            return
        answer = self._catalog.find(selector)
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

    def _offer(self, tariff: Tariff, charge: Charge, bound: BoundTariff) -> tuple[Line, Selector | Unknown]:
        """Return a line without its amount and what selects its price: once for all that differ in how much it is."""
        key = (tariff.type, id(charge), tariff.seen_by_offers[id(charge)](bound.seen))
        offer = None if bound.secret else self._offers.get(key)
        if offer is None:
            name, unit, group = (label(field, bound) for field in (charge.name, charge.unit, charge.group))
            blank = Line(name, unit, LineStatus.PRICED, group, usage_key=charge.usage_key)
            offer = (blank, self._selector(tariff, charge, bound.scope))
            if not bound.secret and len(self._offers) < _REMEMBERED:
                self._offers[key] = offer
        return offer

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

    def _parted(self, number: int, bound: BoundTariff) -> tuple[Working, ...]:
        """Return the lines of a child, remembered by all that it reads: most machines have the same disk to start from."""
        tariff = bound.tariff
        seen = None if bound.secret else self._seen_by_part(number, bound)
        key = (tariff.type, number, seen)
        workings = None if seen is None else self._parts.get(key)
        if workings is None:
            part = tariff.parts[number]
            lines: list[Working] = []
            try:
                lines.extend(self._part(tariff, part, bound, bound.subject))
            except EvaluationError as error:
                lines.append(failed(part.child.block or part.child.as_, error, tariff, bound))
            workings = tuple(lines)
            if seen is not None and len(self._parts) < _REMEMBERED:
                self._parts[key] = workings
        return workings

    def _seen_by_part(self, number: int, bound: BoundTariff) -> Hashable:
        """Return all that a child and its own children read of their parent; None where its type is not known beforehand."""
        subject, as_ = bound.subject, bound.tariff.parts[number].type
        child = None if as_.reads else self._library.find(str(as_.source))
        if child is None:
            return None
        names = child.parent_names(subject.attributes)
        return (
            bound.tariff.seen_by_parts[number](bound.seen),
            bound.usage.text,
            subject.region,
            repr(subject.attributes.read(names)) if names else "",
            subject.depth,
            subject.on_profile,
            (subject.name, subject.address) if child.named_by or child.parts else (),
        )

    def _part(self, tariff: Tariff, part: Part, bound: BoundTariff, subject: Subject) -> Iterator[Working]:
        if subject.depth >= _MAX_CHILD_DEPTH:
            raise DefinitionError("children are nested too deeply", where=tariff.where, fix="a type prices itself")
        items = part.items.value(bound.scope) if part.items else [None]
        if isinstance(items, Unknown):
            name = part.child.block or str(part.child.as_)
            blank = Line(name, "", LineStatus.UNKNOWN, part.child.block or "")
            yield Working(unknown(blank, items), tariff, bound.scope)
            return
        shown_items = part.items.value(bound.visible) if part.items and bound.secret else items
        items = items if isinstance(items, list) else [] if items is None else [items]
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
        child = None if isinstance(type_name, Unknown) else self._library.find(str(type_name))
        if child is None:
            if isinstance(type_name, Unknown) or not self._library.is_free(str(type_name)):
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
        assumed = "; ".join(filter(None, (assumption(part.assumed, seen), stated(bound, part))))
        for working in bill.workings:
            line = assuming(multiplied(grouped(working.line, heading), times, floor), assumed)
            if isinstance(exists, Unknown):
                line = unknown(line, exists)
            key = part.usage_keys.get(line.usage_key, line.usage_key)
            yield replace(working, line=replace(line, usage_key=key))

    def _remembered(self, tariff: Tariff, subject: Subject) -> Bill:
        """Price a child, or return how an equal one was priced: most volumes look alike."""
        bound = self.bound(tariff, subject)
        key = (tariff.type, self.key(bound))
        bill = self._children.get(key)
        if bill is None:
            bill = self.bill(bound)
            if len(self._children) < _REMEMBERED:
                self._children[key] = bill
        return bill
