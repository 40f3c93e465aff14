"""What to move to from a machine type of a previous generation."""

from __future__ import annotations

import re
from collections.abc import Mapping

from guardrail.model.unknown import Json
from guardrail.policy.variables.machine import Specs

# Of https://aws.amazon.com/ec2/previous-generation/ ("Upgrade paths"), those with an x86 processor like the family's
# own, in order of preference; then what came between, for regions that do not have the first. Databases and caches
# (db., cache.) take them the other way round: what came first is offered for every engine, the last often is not.
# Families with disks of their own (d2, i2) are left out: what is on the disks has to be moved by somebody.
_GENERAL = ("m7i", "m6i", "m5")
_COMPUTE = ("c7i", "c6i", "c5")
_MEMORY = ("r7i", "r6i", "r5")
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("t1", "t2"), ("t3",)),
    **dict.fromkeys(("m1", "m3", "m4"), _GENERAL),
    **dict.fromkeys(("c1", "c3", "c4"), _COMPUTE),
    **dict.fromkeys(("m2", "r3", "r4"), _MEMORY),
}
_SIZES = (
    *("nano", "micro", "small", "medium", "large", "xlarge"),
    *(f"{number}xlarge" for number in (2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48)),
)
# What a cache keeps of a machine's memory for itself differs by some MiB: cache.m5.large has 6.38 GiB, cache.m4.large 6.42.
_LEAST_MEMORY = 0.99
_NAME = r"((?:db|cache)\.)?([a-z0-9-]+)\.([a-z0-9]+)"


def successor(vendor: str, name: str, specs: Specs) -> str | None:
    """Return the machine type to move to: of the first family that has one, the smallest that has no less of anything.

    It runs the same programs (architecture), the catalog of machine types lists it by its whole name, with db. or cache.
    before it, and it is of a current generation. None where there is none, or where that cannot be told.
    """
    found = re.fullmatch(_NAME, name)
    old = specs(vendor, name)
    if vendor != "aws" or found is None or old is None:
        return None
    prefix, family = found[1] or "", found[2]
    families = _FAMILIES.get(family, ())
    for newer in reversed(families) if prefix else families:
        for size in _SIZES:
            candidate = f"{prefix}{newer}.{size}"
            if (spec := specs(vendor, candidate)) and _serves(old, spec):
                return candidate
    return None


def _serves(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Say whether a machine has no less than another of what is known of both, and runs the same programs."""
    if new.get("current_generation") is False:
        return False
    if not set(str(old.get("arch") or "").split(";")) & set(str(new.get("arch") or "?").split(";")):
        return False
    least = {"vcpu": 1.0, "memory_gib": _LEAST_MEMORY}
    pairs = [(old.get(fact), new.get(fact), share) for fact, share in least.items()]
    return all(was is not None and will is not None and will >= was * share for was, will, share in pairs)
