"""What machine types a resource runs on, and what is known of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.variables.machine_attributes import GPUS, MACHINE_TYPES

FROM_TEMPLATES = frozenset({"google_compute_instance_from_template"})
"""Types whose attributes, where they are left out, are those of a template."""

Specs = Callable[[str, str], Mapping[str, Json] | None]
"""(vendor, machine type) -> vcpu, memory_gib, family, current_generation, gpus, arch; None for one not in the catalog."""

FACTS = ("vcpu", "memory_gib", "family", "current_generation", "gpus", "arch")
_OF_ALL = ("vcpu", "memory_gib", "current_generation", "gpus")
_NAMES = {
    "memory_gib": "memory",
    "vcpu": "the number of vCPUs",
    "current_generation": "the generation",
    "families": "family",
}

VENDORS = {"aws": "aws", "azurerm": "azure", "google": "gcp", "google-beta": "gcp"}

# What services put before or after the name of a virtual machine's type.
_DECORATION = re.compile(
    r"^(?:db\.|cache\.|ml\.|kafka\.|express\.|mq\.|dax\.|dms\.|B_|GP_|MO_|db-)|\.(?:search|elasticsearch)$",
    re.IGNORECASE,
)
_FAMILY = {"aws": re.compile(r"^([a-z]+-?[0-9][a-z0-9-]*)(?:\.|$)"), "gcp": re.compile(r"^([a-z][a-z0-9]*)-")}
# What stands in the place of a machine type and is none: capacity without machines, applications on shared ones.
_NO_MACHINE = frozenset({"db.serverless", "system"})
# A machine of one's own measure: vCPUs, and memory in MiB. Without a family it is N1.
_CUSTOM = r"(?:(?P<family>[a-z][a-z0-9]*)-)?custom-(?P<vcpu>\d+)-(?P<memory>\d+)(?:-ext)?"
_MIB_OF_GIB = 1024

Attribute = Callable[[str], Json]
"""Reads one attribute of a resource by name."""


def names_machines(type_: str) -> bool:
    """Say whether resources of a type name machine types, or attach GPUs."""
    return type_ in MACHINE_TYPES or type_ in GPUS


def machine_types(type_: str, attribute: Attribute) -> list[str | Unknown]:
    """Return the machine types that a resource of this type names, in order; empty if it names none."""
    return list(dict.fromkeys(found for _, found in named_types(type_, attribute)))


def named_types(type_: str, attribute: Attribute) -> Iterator[tuple[str, str | Unknown]]:
    """Walk the places where a resource of this type names machine types: the dotted path of each, and the type."""
    for path in MACHINE_TYPES.get(type_, ()):
        for place, value in _below_attribute(path, attribute):
            if isinstance(value, Unknown):
                yield place, value
            elif isinstance(value, str) and value and value.lower() not in _NO_MACHINE:
                yield place, value.rpartition("/")[2]  # Google takes the type's URL, too


def attached_gpus(type_: str, attribute: Attribute) -> float | Unknown:
    """Return how many GPUs are attached to the machines of a resource of this type, beside those that they come with."""
    counts = [value for path in GPUS.get(type_, ()) for _, value in _below_attribute(path, attribute)]
    unknown = next((one for one in counts if isinstance(one, Unknown)), None)
    return unknown or sum(float(one) for one in counts if isinstance(one, int | float))


def _below_attribute(path: str, attribute: Attribute) -> Iterator[tuple[str, Json]]:
    name, *steps = path.split(".")
    yield from _below(name, attribute(name), steps)


def _below(path: str, value: Json, steps: list[str]) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Unknown) or not steps:
        yield path, value
    elif steps[0] == "*":
        for index, part in enumerate(value if isinstance(value, list) else [value] if isinstance(value, dict) else []):
            yield from _below(f"{path}.{index}", part, steps[1:])
    elif isinstance(value, dict):
        yield from _below(f"{path}.{steps[0]}", value.get(steps[0]), steps[1:])


def facts(
    provider: str,
    types: Sequence[str | Unknown],
    specs: Specs,
    *,
    called: str | None = None,
    attached: float | Unknown = 0,
) -> dict[str, Json]:
    """Return what a rule reads below `resource.instance`.

    Where a resource names several types, `type` is the largest by vCPUs, numbers are the largest of any, and the generation
    is current if that of all is. All are null where it names none, and unknown where a type is, or where the catalog does not say;
    `called` stands for names that are sensitive, `attached` are GPUs that do not come with the machine.
    """
    unknown = next((one for one in types if isinstance(one, Unknown)), None)
    if not types or unknown:
        return {"type": unknown, "types": types, "families": unknown or [], **dict.fromkeys(FACTS, unknown)}
    vendor = VENDORS.get(provider, provider)
    known = [(name, spec_of(vendor, name, specs) or {}) for name in types if isinstance(name, str)]
    # One that the catalog does not know goes before all: it may be the largest, so its facts are the unknown ones.
    name, spec = max(known, key=lambda one: (not one[1], float(one[1].get("vcpu") or 0)))

    def gap(fact: str, of: str) -> Unknown:
        return _gap(fact, vendor, called or of)

    joined = {fact: _joined(fact, [(of, one.get(fact)) for of, one in known], gap) for fact in _OF_ALL}
    if not isinstance(joined["gpus"], Unknown) or isinstance(attached, Unknown):
        joined["gpus"] = attached if isinstance(attached, Unknown) else max(attached, joined["gpus"])
    arch = spec.get("arch")
    return {
        "type": name,
        "types": types,
        "families": [family(vendor, one) or facts_.get("family") or gap("families", one) for one, facts_ in known],
        "family": spec.get("family") or family(vendor, name) or gap("family", name),
        "arch": gap("arch", name) if arch is None else arch,
        **joined,
    }


def _joined(fact: str, values: Iterable[tuple[str, Json]], gap: Callable[[str, str], Unknown]) -> Json:
    """Return one fact about several machine types: the largest number, or whether all are of the current generation."""
    by_type = list(values)
    # One of a previous generation decides, whatever the unknown ones are.
    if fact == "current_generation" and any(value is False for _, value in by_type):
        return False
    lacking = next((name for name, value in by_type if value is None), None)
    if lacking is not None:
        return gap(fact, lacking)
    return True if fact == "current_generation" else max(value for _, value in by_type)


def _gap(fact: str, vendor: str, name: str) -> Unknown:
    path, of = f"resource.instance.{fact}", "" if name.startswith("(") else name
    if of and vendor == "aws" and "." not in of:
        why = f"{of} names no size: the service chooses the machine type"
        return Unknown(path, why, Reason.NO_MACHINE_FACT, "name machine types with their size", machine_type=of)
    why = f"the machine catalog lacks {_NAMES.get(fact, fact)} of {name}"
    remedy = f"judge the type by its name, or have it added to pricing/specs/{vendor}.csv"
    return Unknown(path, why, Reason.NO_MACHINE_FACT, remedy, machine_type=of)


def family(vendor: str, name: str) -> str | None:
    """Return the family that a machine type's name tells: m5 of db.m5.large, n2 of n2-standard-4."""
    pattern = _FAMILY.get(vendor)
    plain = plain_name(name)
    found = pattern.match(plain) if pattern and plain[:7] != "custom-" else None
    return found.group(1) if found else None


def plain_name(name: str) -> str:
    """Return a machine type's name without what services put around it: m5.large of db.m5.large and of m5.large.search."""
    return _DECORATION.sub("", name)


# What a service sells of one generation alone, so that there is nothing newer to move to, whatever virtual machines have come to:
# https://cloud.google.com/sql/docs/postgres/instance-settings (shared core),
# https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-compute (burstable)
_ONLY_GENERATION = re.compile(r"db-(?:f1-micro|g1-small)|B_Standard_B\w+", re.IGNORECASE)


def spec_of(vendor: str, name: str, specs: Specs) -> Mapping[str, Json] | None:
    """Return the facts of a machine type, as a service calls it or by its plain name; None where they are not known."""
    plain = plain_name(name)
    spec = specs(vendor, name) or specs(vendor, plain)
    if spec is not None and _ONLY_GENERATION.fullmatch(name):
        return {**spec, "current_generation": True}
    custom = re.fullmatch(_CUSTOM, plain) if vendor == "gcp" and spec is None else None
    if custom is None:
        return spec
    of_family = custom["family"] or "n1"
    alike = specs(vendor, f"{of_family}-standard-4") or {}
    return {
        "vcpu": float(custom["vcpu"]),
        "memory_gib": float(custom["memory"]) / _MIB_OF_GIB,
        "family": of_family,
        "gpus": 0.0,
        **{fact: alike[fact] for fact in ("arch", "current_generation") if fact in alike},
    }
