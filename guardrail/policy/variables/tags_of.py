"""What a resource brings along and its own tags do not reach: the machines of a group, the volumes of a machine.

A bill has these machines and volumes, and not the group: what allocates their cost are the tags that they get.
- EC2 Auto Scaling: a `tag` block reaches the instances where propagate_at_launch is true, and never their volumes; a launch
  template's tag_specifications reach what they name. The group's own tags win, and default_tags reach neither.
  https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
- aws_instance: volume_tags, else the `tags` of each block, to which the provider adds its default_tags since it has
  `tags_all` there (5.39): https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/instance#tag-guide
- EKS managed node groups: instances get what the launch template says, not the group's tags.
  https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
- Google: an instance has the labels of its template, a node those of node_config.resource_labels, a disk those of its own block.
- On Azure nothing is inherited, and a scale set is billed under its own tags: there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from guardrail.model.plan.launch_template import at_version
from guardrail.model.reason import Reason
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown

if TYPE_CHECKING:
    from guardrail.policy.variables.view import ResourceView

KINDS = ("instances", "volumes")
ELEMENT = ("of", "own", "tags")
"""What each has: `of`, the attribute that its tags come from; `own`, those tags; `tags`, with those of a template, unknown if one may be missing."""

_Tags = Mapping[str, Json]
_NONE: _Tags = {}
_TEMPLATE = "aws_launch_template"
_GOOGLE_TEMPLATES = "google_compute*_instance_template"
_ATTRIBUTES_OF_TEMPLATES = ("launch_template", "mixed_instances_policy")


def tags_of(view: ResourceView, kind: str) -> Json:
    """Return the tags of the instances or volumes that a resource brings along, one entry for each source of tags."""
    tell = _TELL.get((view.change.type, kind))
    return tell(view) if tell and view.side is not None else []


def brings_along(type_: str, kind: str) -> bool:
    """Say whether resources of a type bring along instances, or volumes, whose tags can be told."""
    return (type_, kind) in _TELL


def _group_instances(view: ResourceView) -> Json:
    """Tags of the machines of an aws_autoscaling_group."""
    reached: dict[str, Json] = {}
    for name in ("tag", "tags"):  # `tags` was a list of maps, up to version 4 of the provider
        blocks = view.attribute(view.side, name)
        if isinstance(blocks, Unknown):
            return blocks
        for block in _blocks(blocks):
            reaches, key = _part(block, "propagate_at_launch"), _part(block, "key")
            if isinstance(key, Unknown) or isinstance(reaches, Unknown):
                return key if isinstance(key, Unknown) else reaches
            if str(reaches).lower() in {"true", "1"} and isinstance(key, str):
                reached[key] = _part(block, "value")
    return [_with_template(view, "tag", reached, "instance")]


def _of_template(kind: str, of: str, view: ResourceView) -> Json:
    """Tags of what a launch template alone decides."""
    return [_with_template(view, of, _NONE, kind)]


def _instance_volumes(view: ResourceView) -> Json:
    """Tags of the volumes of an aws_instance: the one that it boots from, and those of its blocks."""
    every = view.configured("volume_tags")
    if isinstance(every, Unknown):
        return every
    if every:
        return [_with_template(view, "volume_tags", every, "volume")]
    found = []
    for name in ("root_block_device", "ebs_block_device"):
        blocks = view.configured(name)
        if isinstance(blocks, Unknown):
            return blocks
        # What is left to the provider is looked at only inside of blocks that are there: `tags_all` says what it adds.
        blocks = _value(view, view.side, name) if blocks and view.side else blocks
        if isinstance(blocks, Unknown):
            return blocks
        for number, block in enumerate(_blocks(blocks) or ([{}] if name.startswith("root") else [])):
            found.append(_with_template(view, f"{name}.{number}", _block_tags(view, block), "volume"))
    return found


def _block_tags(view: ResourceView, block: Json) -> _Tags | Unknown:
    """Tags of a block with those that the provider adds, where it adds any to blocks."""
    if isinstance(block, Unknown):
        return block
    own, everything = _part(block, "tags") or _NONE, _part(block, "tags_all")
    if isinstance(own, Unknown) or isinstance(everything, dict):
        return everything if isinstance(everything, dict) else own
    own = own if isinstance(own, dict) else _NONE
    if not isinstance(everything, Unknown) and not (view.around and view.around.adds_tags_to_blocks()):
        return own
    defaults = view.tags.defaults
    return defaults if isinstance(defaults, Unknown) else {**defaults, **own}


def _batch_instances(view: ResourceView) -> Json:
    """Tags of the machines of an aws_batch_compute_environment."""
    blocks = view.configured("compute_resources")
    if isinstance(blocks, Unknown):
        return blocks
    return [_entry("compute_resources.0.tags", _part(block, "tags")) for block in _blocks(blocks)]


def _nodes(attribute: str, view: ResourceView) -> Json:
    """Labels of the nodes of a node pool, or of the first pool of a cluster."""
    blocks = view.configured(attribute)
    if isinstance(blocks, Unknown):
        return blocks
    found = _blocks(blocks) or ([{}] if view.change.type.endswith("pool") else [])
    return [_entry(f"{attribute}.0.resource_labels", _part(block, "resource_labels")) for block in found]


def _boot_disk(view: ResourceView) -> Json:
    """Labels of the disk that a google_compute_instance boots from; one that is attached is a resource of its own."""
    blocks = view.configured("boot_disk")
    if isinstance(blocks, Unknown):
        return blocks
    return [
        _entry("boot_disk.0.initialize_params.0.labels", _part(_first(_part(block, "initialize_params")), "labels"))
        for block in _blocks(blocks)
        if not _part(block, "source")
    ]


def _managed_group(kind: str, view: ResourceView) -> Json:
    """Labels of the machines, or of their disks, of a google_compute_instance_group_manager: those of its template."""
    templates = _templates(view, _GOOGLE_TEMPLATES)
    if isinstance(templates, Unknown):
        return templates
    if not templates:
        return [_entry("version", _elsewhere(view))]
    if kind == "instance":
        tags = (one.before_tags if view.past else one.tags for one in templates)
        return [_entry("version", one.unknown or one.values) for one in tags]
    sides = (one.before if view.past else one.billed_after for one in templates)
    disks = (side and _value(view, side, "disk") for side in sides)
    return [
        _entry("version", _part(one, "labels"))
        for some in disks
        for one in (some if isinstance(some, list) else [some])
    ]


def _with_template(view: ResourceView, of: str, own: _Tags | Unknown, kind: str) -> Json:
    """Return tags with those that a launch template adds; of the same key a resource's own win."""
    if isinstance(own, Unknown):
        return _entry(of, own)
    given = next((one for name in _ATTRIBUTES_OF_TEMPLATES if (one := view.configured(name))), None)
    if not given:
        return _entry(of, own)
    templates = _templates(view, _TEMPLATE)
    if isinstance(templates, Unknown) or not templates:
        return _entry(of, own, templates if isinstance(templates, Unknown) else _elsewhere(view))
    added: dict[str, Json] = {}
    for number, template in enumerate(templates):
        side = template.before if view.past else template.billed_after
        seen = at_version(given, template, side) if side and not view.past else side
        tags = seen if isinstance(seen, Unknown) else _specified(view, seen, kind)
        if isinstance(tags, Unknown):
            return _entry(of, own, tags)
        # Of several templates, only what all of them add is certain.
        added = {key: value for key, value in tags.items() if not number or key in added}
    return _entry(of, own, added)


def _specified(view: ResourceView, side: Side | None, kind: str) -> _Tags | Unknown:
    """Return the tags that a launch template gives to instances or volumes."""
    blocks = _value(view, side, "tag_specifications") if side else None
    found: dict[str, Json] = {}
    for block in [blocks] if isinstance(blocks, Unknown) else _blocks(blocks):
        named, tags = _part(block, "resource_type"), _part(block, "tags")
        unknown = next((one for one in (block, named) if isinstance(one, Unknown)), None)
        if unknown or (named == kind and isinstance(tags, Unknown)):
            return unknown or tags
        found |= tags if named == kind and isinstance(tags, dict) else {}
    return found


def _templates(view: ResourceView, pattern: str) -> list[Change] | Unknown:
    if view.around is None:
        return _elsewhere(view)
    return view.around.changes_related(view, "references", pattern)


def _elsewhere(view: ResourceView) -> Unknown:
    why = "not known: its template is not in the plan"
    return Unknown(f"resource.tags_of of {view.change.address}", why, Reason.NOT_EVALUATED, "")


def _value(view: ResourceView, side: Side, name: str) -> Json:
    return side.shown(name) if view.shown else side.get(name)


def _blocks(value: Json) -> list[Json]:
    """Return blocks, each a map or unknown; what is neither, as somebody's JSON may have it, is none."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict | Unknown)]


def _first(blocks: Json) -> Json:
    return blocks[0] if isinstance(blocks, list) and blocks else blocks


def _part(block: Json, name: str) -> Json:
    """Return a part of a block, unknown where the block is."""
    return block if isinstance(block, Unknown) else block.get(name) if isinstance(block, dict) else None


def _entry(of: str, own: Json, added: Json = None) -> dict[str, Json]:
    """Return what rules read of one source of tags. `added` are those of a template, Unknown where nothing tells them."""
    if isinstance(own, Unknown):
        return dict(zip(ELEMENT, (of, own, own), strict=True))
    tags = dict(_texts(own if isinstance(own, dict) else _NONE))
    both = added if isinstance(added, Unknown) else {**dict(_texts(added or _NONE)), **tags}
    return dict(zip(ELEMENT, (of, tags, both), strict=True))


def _texts(tags: _Tags) -> Iterator[tuple[str, Json]]:
    for key, value in tags.items():
        if value is not None:
            yield key, value if isinstance(value, Unknown) else str(value)


_TELL: Mapping[tuple[str, str], Callable[[ResourceView], Json]] = {
    ("aws_autoscaling_group", "instances"): _group_instances,
    ("aws_autoscaling_group", "volumes"): partial(_of_template, "volume", "launch_template"),
    ("aws_eks_node_group", "instances"): partial(_of_template, "instance", "launch_template"),
    ("aws_eks_node_group", "volumes"): partial(_of_template, "volume", "launch_template"),
    ("aws_instance", "volumes"): _instance_volumes,
    ("aws_batch_compute_environment", "instances"): _batch_instances,
    ("google_compute_instance", "volumes"): _boot_disk,
    ("google_container_node_pool", "instances"): partial(_nodes, "node_config"),
    ("google_container_cluster", "instances"): partial(_nodes, "node_config"),
    **{
        (f"google_compute_{scope}instance_group_manager", kind): partial(_managed_group, kind.removesuffix("s"))
        for scope in ("", "region_")
        for kind in KINDS
    },
}
TYPES = tuple(sorted({type_name for type_name, _ in _TELL}))
