"""Blocks that a provider fills in from resources that are managed by themselves, and that are not there twice.

After an apply the state of a GKE cluster lists the node pools that google_container_node_pool made, that of an EC2
instance the volumes that aws_volume_attachment attached: in the plan they look as if the resource had them itself. Its
configuration does not tell: the JSON of a plan leaves out dynamic blocks (hashicorp/terraform#28346). So an element of
such a block is left out where another resource of the plan is that very thing, and stays where none is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.resource import Side
from guardrail.model.unknown import Json
from guardrail.terraform.plan.regions import Located


class _Separate(Struct, frozen=True):
    """A type of which each resource is an element of a block of another one.

    owner   its attribute that says of which
    same    attribute of the element -> the one of the resource that has the same value; without any, all elements are
    within  likewise for lists that the provider joins from several resources, which have all of their items together
    when    an attribute of the resource, and the value that it has if it is one
    """

    type: str
    owner: str
    same: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    when: tuple[str, Json] | None = None


_NAME = {"name": "name"}
_PORTS = {"from_port": "from_port", "to_port": "to_port"}
_PEERS = {
    "cidr_blocks": "cidr_blocks",
    "ipv6_cidr_blocks": "ipv6_cidr_blocks",
    "prefix_list_ids": "prefix_list_ids",
    "security_groups": "source_security_group_id",
    "self": "self",
}
_PEER = {
    "cidr_blocks": "cidr_ipv4",
    "ipv6_cidr_blocks": "cidr_ipv6",
    "prefix_list_ids": "prefix_list_id",
    "security_groups": "referenced_security_group_id",
    "self": "",
}


def _rules(way: str) -> tuple[_Separate, ...]:
    """Return the types of which each resource is a rule of a security group: others of it may be its own."""
    old, group = {**_PORTS, "protocol": "protocol"}, "security_group_id"
    return (
        _Separate("aws_security_group_rule", group, old, _PEERS, ("type", way)),
        _Separate(f"aws_vpc_security_group_{way}_rule", group, {**_PORTS, "protocol": "ip_protocol"}, _PEER),
    )


_DISKS = (_Separate("aws_volume_attachment", "instance_id", {"device_name": "device_name"}),)
_BLOCKS: Mapping[str, Mapping[str, tuple[_Separate, ...]]] = {
    "google_container_cluster": {"node_pool": (_Separate("google_container_node_pool", "cluster", _NAME),)},
    "aws_instance": {"ebs_block_device": _DISKS},
    "aws_spot_instance_request": {"ebs_block_device": _DISKS},
    "aws_dynamodb_table": {
        "replica": (_Separate("aws_dynamodb_table_replica", "global_table_arn", {"region_name": "region"}),)
    },
    "aws_route_table": {"route": (_Separate("aws_route", "route_table_id"),)},
    "aws_security_group": {"ingress": _rules("ingress"), "egress": _rules("egress")},
    "google_compute_instance": {
        "attached_disk": (_Separate("google_compute_attached_disk", "instance", {"device_name": "device_name"}),)
    },
    "azurerm_virtual_machine": {
        "storage_data_disk": (
            _Separate("azurerm_virtual_machine_data_disk_attachment", "virtual_machine_id", {"lun": "lun"}),
        )
    },
    "azurerm_virtual_network": {"subnet": (_Separate("azurerm_subnet", "virtual_network_name", _NAME),)},
    "azurerm_network_security_group": {
        "security_rule": (_Separate("azurerm_network_security_rule", "network_security_group_name", _NAME),)
    },
    "azurerm_route_table": {"route": (_Separate("azurerm_route", "route_table_name", _NAME),)},
}
"""type -> block -> what an element of it may be"""

_IDENTITIES = ("id", "name", "arn", "self_link")  # what others name a resource by, once it exists
_Owned = Sequence[tuple[_Separate, Side]]


class SeparateResources:
    """Finds the elements of blocks that are resources of their own."""

    def __init__(self, resources: Mapping[str, Located]) -> None:
        self._owned: defaultdict[tuple[str, str], list[Located]] = defaultdict(list)  # type, what it says of its owner
        owners = {one.type: one.owner for found in _BLOCKS.values() for several in found.values() for one in several}
        if any(one.type in _BLOCKS for one in resources.values()):
            for one in resources.values():
                if one.type in owners:
                    for name in _owners(one, owners[one.type]):
                        self._owned[one.type, name].append(one)

    def without(self, address: str, resource: Located) -> Located:
        """Return a resource without what other resources of the plan are, on both sides."""
        if resource.type not in _BLOCKS or not self._owned:
            return resource
        before, after = resource.before, resource.after
        sides = [side for side in (before, after) if side]
        blocks = [name for name in _BLOCKS[resource.type] if any(side.values.get(name) for side in sides)]
        if not blocks:
            return resource
        names = {
            address,
            *(text for side in sides for key in _IDENTITIES if isinstance(text := side.values.get(key), str)),
        }
        for block in blocks:
            # One that is deleted still stands in the block, of which nobody plans anything: both of its sides tell.
            owned = [
                (one, side)
                for one in _BLOCKS[resource.type][block]
                for own in sorted(names)
                for other in self._owned.get((one.type, own), ())
                for side in (other.before, other.after)
                if side
            ]
            if owned and not (resource.is_set and resource.is_set(block)):
                before = before and _without_elements(before, block, owned)
                after = after and _without_elements(after, block, owned)
        if before is resource.before and after is resource.after:
            return resource
        return replace(resource, before=before, after=after)


def _owners(other: Located, owner: str) -> set[str]:
    """Return what a separate resource says of its owner: its address, and its id or name."""
    values = [side.values.get(owner) for side in (other.before, other.after) if side]
    return {*other.references.get(owner, ()), *(text for text in values if isinstance(text, str) and text)}


def _without_elements(side: Side, name: str, owned: _Owned) -> Side:
    """Return a side with the elements of a block that no other resource is, and the marks that belong to them."""
    elements = side.values.get(name)
    if not isinstance(elements, list):
        return side
    # Marks of unknown and sensitive values are lists beside the values, which have to lose the same places.
    kept = [index for index, element in enumerate(elements) if not _is_separate(element, owned)]
    if len(kept) == len(elements):
        return side

    def picked(marks: Json) -> Json:
        return [marks[index] for index in kept if index < len(marks)] if isinstance(marks, list) else marks

    sensitive = side.sensitive
    if isinstance(sensitive, Mapping) and name in sensitive:
        sensitive = {**sensitive, name: picked(sensitive[name])}
    unknown = {**side.unknown, name: picked(side.unknown[name])} if name in side.unknown else side.unknown
    return replace(
        side, values={**side.values, name: [elements[index] for index in kept]}, unknown=unknown, sensitive=sensitive
    )


def _is_separate(element: Json, owned: _Owned) -> bool:
    """Return whether other resources are an element: one that is alike, or several that have all of its list's items."""
    if not isinstance(element, dict):
        return False
    alike = [(separate, other) for separate, other in owned if _is_same(separate, element, other)]
    joined = {key for separate, _ in alike for key in separate.within}
    return bool(alike) and all(
        any(item in _items(other.values.get(separate.within[key])) for separate, other in alike)
        for key in joined
        for item in _items(element.get(key))
    )


def _is_same(separate: _Separate, element: Mapping[str, Json], other: Side) -> bool:
    """Return whether an element may be that resource; what the resource does not say of itself does not tell them apart."""
    pairs = [(element.get(mine), other.values.get(theirs)) for mine, theirs in separate.same.items()]
    fits = separate.when is None or other.values.get(separate.when[0]) == separate.when[1]
    return fits and all(mine == theirs for mine, theirs in pairs if theirs is not None)


def _items(value: Json) -> list[Json]:
    """Return a value as the list that a rule of a security group may have in its place."""
    return value if isinstance(value, list) else [value] if value else []
