"""Blocks that a provider fills in from resources that are managed by themselves, and that are not there twice.

After an apply the state of a GKE cluster lists the node pools that google_container_node_pool made, that of an EC2
instance the volumes that aws_volume_attachment attached: in the plan they look as if the resource had them itself. Its
configuration does not tell: the JSON of a plan leaves out dynamic blocks (hashicorp/terraform#28346). So an element of
such a block is left out where another resource of the plan is that very thing, and stays where none is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from guardrail.model.resource import Side
from guardrail.model.unknown import Json
from guardrail.terraform.region import Located


@dataclass(frozen=True, slots=True)
class _Separate:
    """A type of which each resource is an element of a block of another one.

    owner   its attribute that says of which
    same    attribute of the element -> the one of the resource that has the same value; without any, all elements are
    """

    type: str
    owner: str
    same: Mapping[str, str] = field(default_factory=dict)


_NAME = {"name": "name"}
_RULES = (
    _Separate("aws_security_group_rule", "security_group_id"),
    _Separate("aws_vpc_security_group_ingress_rule", "security_group_id"),
    _Separate("aws_vpc_security_group_egress_rule", "security_group_id"),
)
_BLOCKS: Mapping[tuple[str, str], tuple[_Separate, ...]] = {
    ("google_container_cluster", "node_pool"): (_Separate("google_container_node_pool", "cluster", _NAME),),
    ("aws_instance", "ebs_block_device"): (
        _Separate("aws_volume_attachment", "instance_id", {"device_name": "device_name"}),
    ),
    ("aws_spot_instance_request", "ebs_block_device"): (
        _Separate("aws_volume_attachment", "instance_id", {"device_name": "device_name"}),
    ),
    ("aws_dynamodb_table", "replica"): (
        _Separate("aws_dynamodb_table_replica", "global_table_arn", {"region_name": "region"}),
    ),
    ("aws_route_table", "route"): (_Separate("aws_route", "route_table_id"),),
    ("aws_security_group", "ingress"): _RULES,
    ("aws_security_group", "egress"): _RULES,
    ("google_compute_instance", "attached_disk"): (
        _Separate("google_compute_attached_disk", "instance", {"device_name": "device_name"}),
    ),
    ("azurerm_virtual_machine", "storage_data_disk"): (
        _Separate("azurerm_virtual_machine_data_disk_attachment", "virtual_machine_id", {"lun": "lun"}),
    ),
    ("azurerm_virtual_network", "subnet"): (_Separate("azurerm_subnet", "virtual_network_name", _NAME),),
    ("azurerm_network_security_group", "security_rule"): (
        _Separate("azurerm_network_security_rule", "network_security_group_name", _NAME),
    ),
    ("azurerm_route_table", "route"): (_Separate("azurerm_route", "route_table_name", _NAME),),
}
_TYPES = frozenset(kind for kind, _ in _BLOCKS)
_IDENTITIES = ("id", "name", "arn", "self_link")


class SeparateResources:
    """Finds the elements of blocks that are resources of their own."""

    def __init__(self, resources: Mapping[str, Located]) -> None:
        self._by_type: defaultdict[str, list[Located]] = defaultdict(list)
        wanted = {one.type for found in _BLOCKS.values() for one in found}
        if any(one.type in _TYPES for one in resources.values()):
            for one in resources.values():
                if one.type in wanted:
                    self._by_type[one.type].append(one)

    def without(self, address: str, resource: Located) -> Located:
        """Return a resource without what other resources of the plan are, on both sides."""
        if resource.type not in _TYPES or not self._by_type:
            return resource
        before, after = resource.before, resource.after
        for (kind, name), separate in _BLOCKS.items():
            if kind != resource.type or (resource.block and resource.block.expression(name) is not None):
                continue
            owned = [
                (one, other)
                for one in separate
                for other in self._by_type[one.type]
                if _owns(address, resource, one, other)
            ]
            before = before and _left(before, name, [(one, other.before) for one, other in owned])
            after = after and _left(after, name, [(one, other.after) for one, other in owned])
        return replace(resource, before=before, after=after)


def _owns(address: str, resource: Located, separate: _Separate, other: Located) -> bool:
    if address in other.references.get(separate.owner, ()):
        return True
    named = {side.values.get(separate.owner) for side in (other.before, other.after) if side}
    own = {side.values.get(key) for side in (resource.before, resource.after) if side for key in _IDENTITIES}
    return bool({text for text in named if isinstance(text, str) and text} & own)


def _left(side: Side, name: str, owned: Iterable[tuple[_Separate, Side | None]]) -> Side:
    """Return a side with the elements of a block that no other resource is, and the marks that belong to them."""
    elements = side.values.get(name)
    if not isinstance(elements, list):
        return side
    there = [(separate, other) for separate, other in owned if other is not None]
    kept = [
        index
        for index, element in enumerate(elements)
        if not any(_is_same(separate, element, other) for separate, other in there)
    ]
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


def _is_same(separate: _Separate, element: Json, other: Side) -> bool:
    """Say whether an element is that resource; what the resource does not say of itself does not tell them apart."""
    if not isinstance(element, dict):
        return False
    pairs = [(element.get(mine), other.values.get(theirs)) for mine, theirs in separate.same.items()]
    return all(mine == theirs for mine, theirs in pairs if theirs is not None)
