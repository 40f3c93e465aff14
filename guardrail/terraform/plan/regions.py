"""Where a resource lies: by its own attributes, its parent's, or its provider's configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from guardrail.model.resource import Side
from guardrail.model.unknown import Unknown
from guardrail.terraform.plan.providers import ProviderConfigurations, region_of_zone

Region = str | Unknown | None

_ARN = re.compile(r"arn:[^:]+:[^:]*:([a-z]{2,4}(?:-[a-z]+)+-\d+):")
_ATTRIBUTES = {
    "aws": ("region", "availability_zone", "availability_zones", "arn"),
    "azurerm": ("location",),
    "google": ("region", "zone", "location", "distribution_policy_zones", "node_locations"),
}
_ATTRIBUTES["google-beta"] = _ATTRIBUTES["google"]
# Attributes that decide on the region, so that it is unknown where they are: the others only tell.
_DECIDING = {"region", "zone", "location"}
# References to another place than the resource's own: both ends of a peering, what is copied from.
_ELSEWHERE = ("remote_", "source_", "target_", "destination_")


class Located(Struct, frozen=True):
    """What is known about one resource that may tell where it lies.

    is_set  tells whether the configuration sets an attribute; None where there is no configuration of it
    """

    type: str
    vendor: str
    provider_key: str
    before: Side | None
    after: Side | None
    is_set: Callable[[str], bool | None] | None
    references: Mapping[str, tuple[str, ...]]
    through_locals: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    is_data: bool = False


class Regions:
    """Finds the regions of the resources of a plan."""

    def __init__(self, located: Mapping[str, Located], providers: ProviderConfigurations) -> None:
        self._located = located
        self._providers = providers
        self._told: dict[tuple[str, bool], Region] = {}
        self._own = {address: _own_regions(resource) for address, resource in located.items()}
        self._seen = self._seen_by_provider()
        self._named = self._azure_names()

    def after(self, address: str) -> Region:
        """Return the region after the change."""
        own = self._own[address][1]
        return own if isinstance(own, str) else self._region(address, before=False)

    def before(self, address: str) -> Region:
        """Return the region before the change."""
        own = self._own[address][0]
        return own if isinstance(own, str) else self._region(address, before=True)

    def _region(self, address: str, *, before: bool) -> Region:
        memo = (address, before)
        if memo not in self._told:
            self._told[memo] = None  # while it is being found: resources may refer to each other in a circle
            self._told[memo] = self._find(address, before=before)
        return self._told[memo]

    def _find(self, address: str, *, before: bool) -> Region:
        """Return the region by the resource's own attributes, else its parent's, else its provider's, else that of its provider's others."""
        resource = self._located[address]
        side = resource.before if before else resource.after or resource.before
        if side is None:
            return None
        own = self._own[address][not before]
        # An unknown region that the configuration does not set is the provider's to choose: it takes its own.
        if isinstance(own, str):
            return own
        if own is not None and not before and (resource.is_set is None or resource.is_set(own.path.partition(".")[0])):
            return own
        if resource.vendor != "aws":  # whose resources lie in the region of their provider, whatever they belong to
            found = self._of_parent(resource, side, before=before)
            if found is not None:
                return found
        return self._of_provider(resource) or self._seen.get(resource.provider_key)

    def _of_provider(self, resource: Located) -> str | None:
        """Return the region of the provider; nothing says which configuration a resource without a block had."""
        if resource.is_set is None and "." not in resource.provider_key:
            return self._providers.common_region(resource.provider_key)
        return self._providers.region(resource.provider_key)

    def _of_parent(self, resource: Located, side: Side, *, before: bool) -> Region:
        """Return the location of what the resource belongs to; its resource group is asked last."""
        names = [name for name in {**resource.references, **side.values} if not name.startswith(_ELSEWHERE)]
        for name in sorted(names, key=lambda name: name == "resource_group_name"):
            value = side.values.get(name)
            by_name = self._named.get((name, value), ()) if isinstance(value, str) else ()
            for address in resource.references.get(name) or by_name:
                if address in self._located and self._located[address].vendor == resource.vendor:
                    region = self._region(address, before=before)
                    if region is not None:
                        return region
        return None

    def _azure_names(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return (attribute, value) -> address of the resource that Azure's attributes name, such as
        `virtual_network_name`, for configurations that spell names out instead of referring to resources.
        """
        named: dict[tuple[str, str], tuple[str, ...]] = {}
        for address, resource in self._located.items():
            if resource.vendor == "azurerm" and (side := resource.after or resource.before):
                name, kind = side.values.get("name"), resource.type.removeprefix("azurerm_")
                if isinstance(name, str):
                    named[f"{kind}_name", name] = (address,)
        return named

    def _seen_by_provider(self) -> Mapping[str, str]:
        """Return provider key -> region for AWS where its resources all say the same, in zones and ARNs.

        An AWS provider that gets its region from the environment is told that way. Data sources may look elsewhere.
        """
        seen: dict[str, set[str]] = {}
        for address, resource in self._located.items():
            if resource.vendor == "aws" and not resource.is_data and self._of_provider(resource) is None:
                regions = seen.setdefault(resource.provider_key, set())
                regions.update(region for region in self._own[address] if isinstance(region, str))
        return {key: regions.pop() for key, regions in seen.items() if len(regions) == 1}


def _own_regions(resource: Located) -> tuple[Region, Region]:
    """Return what the attributes of a resource tell before the change, and after it: as before where it will not be there."""
    before, after = resource.before, resource.after
    was = _own(before, resource.vendor) if before else None
    if after is None or (before and after.is_as(before)):
        return was, was
    return was, _own(after, resource.vendor)


def _own(side: Side, vendor: str) -> Region:
    """Return what the attributes of the resource tell; Unknown if one that decides is known only after apply."""
    unknown = None
    for name in _ATTRIBUTES.get(vendor, ("region", "location", "zone")):
        value = side.get(name)
        if value is None:
            continue
        if isinstance(value, Unknown):
            unknown = unknown or (value if name in _DECIDING else None)
            continue
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and text and (region := _region_in(name, text, vendor)):
                return region
    return unknown


def _region_in(name: str, text: str, vendor: str) -> str | None:
    """Return the region that the text of an attribute says; None for one that says none."""
    if vendor == "azurerm":
        return text.replace(" ", "").lower()  # "West Europe" is westeurope
    if name == "arn":
        return found[1] if (found := _ARN.match(text)) else None
    last = text.rpartition("/")[2].lower()  # Google's may be URLs
    if "zone" in name:
        return region_of_zone(last)
    return (region_of_zone(last) or last) if vendor.startswith("google") else text
