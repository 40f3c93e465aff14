"""Prices a resource: attributes, usage and prices in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from msgspec.structs import replace

from guardrail.catalog import Catalog
from guardrail.costs.attribution import Effects, EffectsKey, explained_by_attributes
from guardrail.costs.bill import Bill
from guardrail.costs.billing import (
    OWN_DEFINITION,
)
from guardrail.costs.definitions.library import Library
from guardrail.costs.definitions.tariff import Tariff
from guardrail.costs.inventory import Inventory
from guardrail.costs.price_key import price_key
from guardrail.costs.pricing import Pricing
from guardrail.costs.referred import Candidates, Found, read_addresses
from guardrail.costs.running_hours import scheduled
from guardrail.costs.subject import Configured, Subject
from guardrail.costs.usage.file import NO_USAGE, Usage, merged
from guardrail.costs.usage.profiles import NO_PROFILE, Profile
from guardrail.errors import LimitError
from guardrail.model.cost import FREE, Cost, ResourceCost, ResourceStatus
from guardrail.model.reason import Reason
from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Unknown
from guardrail.progress import counted

_SET_REGION = "set pricing.default_region in guardrail.yaml"
_OPEN_REGION = Unknown("region", "the plan does not say it", Reason.NOT_EVALUATED, _SET_REGION)
_AS_IT_WAS = frozenset({Action.NO_OP, Action.MOVE, Action.FORGET})
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
        self._effects: dict[EffectsKey, Effects] = {}
        self._pricing = Pricing(library, catalog, profile)

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
        subject = self._subject(change, side, tariff, inventory, before=before)
        return self._pricing.bill(self._pricing.bound(tariff, subject))

    def _resource(self, change: Change, inventory: Inventory) -> ResourceCost:
        tariff = self.library.find(change.type)
        after = self._cost(change, change.billed_after, tariff, inventory, before=False)
        was, will = change.before, change.billed_after
        if change.action in _AS_IT_WAS and was is not None:
            # Only what refers to others can cost another sum without being changed itself.
            alone = tariff is None or not tariff.definition.refs
            if alone or (tariff and will and will.is_as(was) and not self._may_refer(tariff, inventory)):
                return ResourceCost(change, after, after)
        before = self._cost(change, change.before, tariff, inventory, before=True)
        # Equal inputs share one cost: where two costs that lack something are merely alike, the inputs were not equal.
        is_compared = before is after or not (before and before.unpriced and before == after)
        priced = ResourceCost(change, before, after, is_compared)
        if was is None or will is None:
            return priced
        return explained_by_attributes(
            priced,
            tariff,
            lambda tariff: (
                self._subject(change, was, tariff, inventory, before=True),
                self._subject(change, will, tariff, inventory, before=False),
            ),
            lambda subject: self._memoized(tariff, subject) if tariff else _UNSUPPORTED,
            lambda name: self._address(tariff, name, change, inventory) if tariff else "",
            self._effects,
        )

    def cost_of(self, change: Change, side: Side, inventory: Inventory, *, before: bool) -> Cost | None:
        """Return what a resource costs that is as one side says."""
        tariff = self.library.find(change.type)
        return self._cost(change, side, tariff, inventory, before=before)

    def read_by(self, change: Change, inventory: Inventory) -> tuple[str, ...]:
        """Return the addresses of the resources that the price of one reads, after the change."""
        tariff = self.library.find(change.type)
        return read_addresses(tariff.definition.refs, change, inventory) if tariff else ()

    def _cost(
        self, change: Change, side: Side | None, tariff: Tariff | None, inventory: Inventory, *, before: bool
    ) -> Cost | None:
        """Price one side; None where it does not exist."""
        if side is None:
            return None
        if tariff is None:
            return FREE if self.library.is_free(change.type) else _UNSUPPORTED
        if self._may_refer(tariff, inventory):
            return self._memoized(tariff, self._subject(change, side, tariff, inventory, before=before))
        given = self._usage.of(change.address, change.type)
        told, region = self.library.told_by(tariff), self._region(change, tariff, before=before)
        key = (tariff.type, price_key(told, change, side, region, given))
        if key not in self._priced:
            self._priced[key] = self._memoized(tariff, self._subject(change, side, tariff, inventory, before=before))
        return self._priced[key]

    def _may_refer(self, tariff: Tariff, inventory: Inventory) -> bool:
        """Say whether there is anything that references of a definition may lead to."""
        return tariff.refers_to is None or inventory.has_any(tariff.refers_to)

    def _region(self, change: Change, tariff: Tariff, *, before: bool) -> str | Unknown:
        region = change.before_region if before else change.region
        # What stays is where it was: the region of before is that of after, which the configuration tells.
        if region is None and change.action in _AS_IT_WAS:
            region = change.region
        return region or self._default_regions.get(tariff.vendor) or _OPEN_REGION

    def _address(self, tariff: Tariff, name: str, change: Change, inventory: Inventory) -> str:
        """Return what a change refers to by a name of its definition, "" where that is not a single resource."""
        reference = tariff.definition.refs[name]
        if reference.of is not None or reference.alike is not None:
            return ""
        referred = inventory.find(change, reference, before=False)
        return referred[0][0].address if len(referred) == 1 else ""

    def _subject(self, change: Change, side: Side, tariff: Tariff, inventory: Inventory, *, before: bool) -> Subject:
        definition = tariff.definition
        referred = Found(definition.refs, change, inventory, self._usage, before=before)
        given = self._usage.of(change.address, change.type)
        if by := definition.schedule:
            schedules, (type_, *_) = referred.values[by.by], definition.refs[by.by].types
            given = scheduled(given, by.hours, type_, schedules, side.configured)
        subject = Subject(
            Configured(side, definition.defaults),
            self._region(change, tariff, before=before),
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
        bound = self._pricing.bound(tariff, subject)
        key = (tariff.type, self._pricing.key(bound))
        if key not in self._priced:
            try:
                self._priced[key] = self._pricing.bill(bound).cost
            except LimitError as error:
                raise LimitError(
                    f"the definition {error.what}", where=error.where or tariff.where, fix=error.fix
                ) from None
        return self._priced[key]
