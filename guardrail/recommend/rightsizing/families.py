"""Machine types by what their names say: which may stand for another, apart from vCPUs and memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from guardrail.policy.variables.machine import plain_name

# Of https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html and
# https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions, read in 2026-11.
_AWS = re.compile(
    r"(?P<series>[a-z]+?)(?P<generation>\d+)(?P<processor>[agi]?)(?P<rest>[a-z]*)(?:-(?P<flex>flex))?\.(?P<size>[a-z0-9]+)"
)
_AZURE = re.compile(r"Standard_(?P<series>[A-Z]+?)(?P<premium>S?)(?P<size>\d+)(?P<rest>[a-z]*)(?:_v(?P<version>\d))?")
_GOOGLE = re.compile(r"(?P<series>[a-z]\d[a-z]?)-(?P<kind>standard|highmem|highcpu)-(?P<size>\d+)")

_GENERAL = {"aws": frozenset("mcr"), "azure": frozenset("DEF")}
"""Series that differ in memory by vCPU alone."""
_BURSTABLE = {"aws": frozenset("t"), "azure": frozenset("B")}
# Families of Google's that take the same disks and images, and are no slower: its documentation of machine families
# (https://cloud.google.com/compute/docs/machine-resource, read in 2026-11).
_GOOGLE_NEXT = {
    "n1": ("n1", "n2", "n2d"),
    "n2": ("n2", "n2d"),
    "c2": ("c2", "c2d"),
    "c3": ("c3", "c3d"),
    "n4": ("n4", "n4d"),
}
# AWS's other series have accelerators, or disks without a letter that says so, as m1 to m3, c1, c3, r3 and x1 have.
_WITHOUT_DISKS_FROM = {"m": 4, "c": 4, "r": 4, "x": 2, "t": 1}
_LAST_WITH_DISK = 3  # Azure: up to version 3 every size has a temporary disk, later ones only with a d
_NEW_IMAGE = 6  # Azure: from version 6 on disks are NVMe, and the image is of generation 2

# What a vCPU of a burstable type earns credits for, in percent:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html, read in 2026-11.
_T3 = {"nano": 5, "micro": 10, "small": 20, "medium": 20, "large": 30, "xlarge": 40, "2xlarge": 40}
_BASELINES: Mapping[str, Mapping[str, float]] = {
    "t2": {"nano": 5, "micro": 10, "small": 20, "medium": 20, "large": 30, "xlarge": 22.5, "2xlarge": 17},
    **dict.fromkeys(("t3", "t3a", "t4g"), _T3),
}


class Family(Struct, frozen=True):
    """What a machine type's name says of it.

    series      m, c, r, t; D, E, F, B; n2, c3
    generation  0 where the vendor's names have none
    processor   "a" (AMD), "g" or "p" (Arm), "" or "i" (Intel)
    has         what it has beside: "d" a local disk, "n" more network, "b" more for volumes, "s" premium disks
    size        as the name says it
    around      what a service has put before and after the name, with * in its place
    """

    vendor: str
    series: str
    generation: int
    processor: str
    has: frozenset[str]
    size: str
    around: str

    @property
    def is_general(self) -> bool:
        """Whether it is of a series that others of its vendor may stand for."""
        return self.series in _GENERAL.get(self.vendor, ())

    @property
    def is_burstable(self) -> bool:
        """Whether it earns CPU credits."""
        return self.series in _BURSTABLE.get(self.vendor, ())

    @property
    def has_local_disk(self) -> bool:
        """Whether there are disks of its own, whose data would be gone."""
        return "d" in self.has

    @property
    def needs_no_drivers(self) -> bool:
        """Whether an image without NVMe and ENA starts on it: AWS's machines before the Nitro system."""
        return self.vendor == "aws" and self.generation < (3 if self.series == "t" else 5)

    @property
    def baseline(self) -> float | None:
        """What each vCPU may do for good, in percent: 100 where it is not burstable, None where that is not known."""
        if not self.is_burstable:
            return 100
        name = f"{self.series}{self.generation}{self.processor}"
        return _BASELINES.get(name, {}).get(self.size) if self.vendor == "aws" else None


@lru_cache(maxsize=8192)
def family_of(vendor: str, name: str) -> Family | None:
    """Return what a name says; None for one that is put together otherwise: custom, with GPUs, bare metal, constrained."""
    plain = plain_name(name)
    around = name.replace(plain, "*", 1)
    if vendor == "aws" and (found := _AWS.fullmatch(plain)) and not found["size"].startswith("metal"):
        return _of_aws(found, around)
    if vendor == "azure" and (found := _AZURE.fullmatch(plain)):
        return _of_azure(found, around)
    if vendor == "gcp" and (found := _GOOGLE.fullmatch(plain)):
        return Family(vendor, found["series"], 0, "", frozenset(), found["size"], around)
    return None


def _of_aws(found: re.Match[str], around: str) -> Family | None:
    series, generation = found["series"], int(found["generation"])
    if series not in _WITHOUT_DISKS_FROM:
        return None
    has = set(found["rest"]) | ({"flex"} if found["flex"] else set())
    if generation < _WITHOUT_DISKS_FROM[series]:
        has |= {"d"}
    return Family("aws", series, generation, found["processor"], frozenset(has), found["size"], around)


def _of_azure(found: re.Match[str], around: str) -> Family:
    version = int(found["version"] or 1)
    letters = set(found["rest"]) | ({"s"} if found["premium"] else set())
    processor = "a" if "a" in letters else "p" if "p" in letters else ""
    has = letters - {"a", "p", "l", "m", "t"}  # memory by vCPU, which the facts tell
    if version <= _LAST_WITH_DISK:
        has |= {"d"}
    return Family("azure", found["series"], version, processor, frozenset(has), found["size"], around)


def may_stand_for(new: Family, old: Family) -> bool:
    """Say whether a machine type has all that the other's name promises beside vCPUs and memory, whatever its processor."""
    if new.vendor != old.vendor or new.generation < old.generation:
        return False
    if old.vendor == "gcp":
        return new.series in _GOOGLE_NEXT.get(old.series, (old.series,))
    same_series = new.series == old.series
    general = old.is_general and new.is_general and not _is_bound(old.around)
    if not (same_series or general) or not old.has - {"flex"} <= new.has - {"flex"}:
        return False
    if "flex" in new.has and "flex" not in old.has:  # has its full speed for a part of the time
        return False
    if "i" in new.has and "i" not in old.has:  # isolated
        return False
    if old.vendor == "azure" and new.generation >= _NEW_IMAGE > old.generation:
        return False
    # A temporary disk of Azure's is empty after every stop; what is on AWS's somebody would have to move.
    return not old.has_local_disk or old.vendor == "azure"


def _is_bound(around: str) -> bool:
    """Say whether a service's name has the series in it: GP_ is of D, MO_ of E."""
    return around.startswith(("GP_", "MO_", "B_"))
