"""What machine types a resource runs on, and what is known of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown

Specs = Callable[[str, str], Mapping[str, Json] | None]
"""(vendor, machine type) -> vcpu, memory_gib, family, current_generation, gpus, arch; None for one not in the catalog."""

FACTS = ("vcpu", "memory_gib", "family", "current_generation", "gpus", "arch")
_NAMES = {
    "memory_gib": "memory",
    "vcpu": "the number of vCPUs",
    "current_generation": "the generation",
    "families": "family",
}

VENDORS = {"aws": "aws", "azurerm": "azure", "google": "gcp", "google-beta": "gcp"}

# Where each type names its machine types; "*" stands for every block of that name.
_OVERRIDES = "mixed_instances_policy.*.launch_template.*.override.*.instance_type"
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "aws_instance": ("instance_type",),
    "aws_spot_instance_request": ("instance_type",),
    "aws_launch_template": ("instance_type",),
    "aws_launch_configuration": ("instance_type",),
    "aws_autoscaling_group": (_OVERRIDES,),
    "aws_ec2_fleet": ("launch_template_config.*.override.*.instance_type",),
    "aws_spot_fleet_request": ("launch_specification.*.instance_type",),
    "aws_eks_node_group": ("instance_types.*",),
    "aws_emr_cluster": ("master_instance_group.*.instance_type", "core_instance_group.*.instance_type"),
    "aws_sagemaker_notebook_instance": ("instance_type",),
    "aws_mq_broker": ("host_instance_type",),
    "aws_db_instance": ("instance_class",),
    "aws_rds_cluster": ("db_cluster_instance_class",),
    "aws_rds_cluster_instance": ("instance_class",),
    "aws_docdb_cluster_instance": ("instance_class",),
    "aws_neptune_cluster_instance": ("instance_class",),
    "aws_elasticache_cluster": ("node_type",),
    "aws_elasticache_replication_group": ("node_type",),
    "aws_memorydb_cluster": ("node_type",),
    "aws_redshift_cluster": ("node_type",),
    "aws_dax_cluster": ("node_type",),
    "aws_msk_cluster": ("broker_node_group_info.*.instance_type",),
    "aws_opensearch_domain": ("cluster_config.*.instance_type", "cluster_config.*.dedicated_master_type"),
    "aws_elasticsearch_domain": ("cluster_config.*.instance_type", "cluster_config.*.dedicated_master_type"),
    "azurerm_linux_virtual_machine": ("size",),
    "azurerm_windows_virtual_machine": ("size",),
    "azurerm_virtual_machine": ("vm_size",),
    "azurerm_linux_virtual_machine_scale_set": ("sku",),
    "azurerm_windows_virtual_machine_scale_set": ("sku",),
    "azurerm_orchestrated_virtual_machine_scale_set": ("sku_name",),
    "azurerm_kubernetes_cluster": ("default_node_pool.*.vm_size",),
    "azurerm_kubernetes_cluster_node_pool": ("vm_size",),
    "azurerm_postgresql_flexible_server": ("sku_name",),
    "azurerm_mysql_flexible_server": ("sku_name",),
    "google_compute_instance": ("machine_type",),
    "google_compute_instance_template": ("machine_type",),
    "google_compute_region_instance_template": ("machine_type",),
    "google_container_cluster": ("node_config.*.machine_type",),
    "google_container_node_pool": ("node_config.*.machine_type",),
    "google_sql_database_instance": ("settings.*.tier",),
    "google_notebooks_instance": ("machine_type",),
}

# What services put before or after the name of a virtual machine's type.
_DECORATION = re.compile(
    r"^(?:db\.|cache\.|ml\.|kafka\.|mq\.|dax\.|B_|GP_|MO_|db-)|\.(?:search|elasticsearch)$", re.IGNORECASE
)
_FAMILY = {"aws": re.compile(r"^([a-z0-9-]+)\."), "gcp": re.compile(r"^([a-z][a-z0-9]*)-")}

Attribute = Callable[[str], Json]
"""Reads one attribute of a resource by name."""


def machine_types(type_: str, attribute: Attribute) -> list[str | Unknown]:
    """Return the machine types that a resource of this type names, in order; empty if it names none."""
    return list(dict.fromkeys(found for _, found in named_types(type_, attribute)))


def named_types(type_: str, attribute: Attribute) -> Iterator[tuple[str, str | Unknown]]:
    """Walk the places where a resource of this type names machine types: the dotted path of each, and the type."""
    for path in ATTRIBUTES.get(type_, ()):
        name, *steps = path.split(".")
        yield from _below(name, attribute(name), steps)


def _below(path: str, value: Json, steps: list[str]) -> Iterator[tuple[str, str | Unknown]]:
    if isinstance(value, Unknown):
        yield path, value
    elif not steps:
        if isinstance(value, str) and value:
            yield path, value.rpartition("/")[2]  # Google takes the type's URL, too
    elif steps[0] == "*":
        for index, part in enumerate(value if isinstance(value, list) else [value] if isinstance(value, dict) else []):
            yield from _below(f"{path}.{index}", part, steps[1:])
    elif isinstance(value, dict):
        yield from _below(f"{path}.{steps[0]}", value.get(steps[0]), steps[1:])


def facts(provider: str, types: list[str | Unknown], specs: Specs, *, called: str | None = None) -> dict[str, Json]:
    """Return what a rule reads below `resource.instance`.

    Where a resource names several types, the facts are those of the largest. All are null where it names none, and
    unknown where a type is, or where the catalog does not say; `called` stands for names that are sensitive.
    """
    unknown = next((one for one in types if isinstance(one, Unknown)), None)
    if not types or unknown:
        return {"type": unknown, "types": types, "families": unknown or [], **dict.fromkeys(FACTS, unknown)}
    vendor = VENDORS.get(provider, provider)
    known = [(name, _spec(vendor, name, specs)) for name in types if isinstance(name, str)]
    name, spec = max(known, key=lambda one: (one[1] is None, float((one[1] or {}).get("vcpu") or 0)))
    said = {fact: (spec or {}).get(fact) for fact in FACTS}
    said["family"] = said["family"] or family(vendor, name)
    families = [
        family(vendor, one) or (spec or {}).get("family") or _gap("families", vendor, called or one)
        for one, spec in known
    ]
    gaps = {fact: _gap(fact, vendor, called or name) for fact in FACTS if said[fact] is None}
    return {"type": name, "types": types, "families": families, **said, **gaps}


def _gap(fact: str, vendor: str, name: str) -> Unknown:
    why = f"the machine catalog lacks {_NAMES.get(fact, fact)} of {name}"
    remedy = f"judge the type by its name, or have it added to pricing/specs/{vendor}.csv"
    return Unknown(f"resource.instance.{fact}", why, Reason.NO_MACHINE_FACT, remedy)


def family(vendor: str, name: str) -> str | None:
    """Return the family that a machine type's name tells: m5 of db.m5.large, n2 of n2-standard-4."""
    pattern = _FAMILY.get(vendor)
    found = pattern.match(_DECORATION.sub("", name)) if pattern else None
    return found.group(1) if found else None


def _spec(vendor: str, name: str, specs: Specs) -> Mapping[str, Json] | None:
    spec = specs(vendor, name)
    return spec if spec is not None else specs(vendor, _DECORATION.sub("", name))
