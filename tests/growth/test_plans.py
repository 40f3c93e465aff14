"""Plans that grow in one direction each: checked in proportion to their size."""

import pytest

from benchmarks import growth as made
from benchmarks.growth import created, machine, planned, written
from tests.growth.work import MORE

CHECK = ("check", "--format", "json", "--now", "2026-11-28")
DISK = {"size": 10, "type": "gp3", "availability_zone": "us-east-1a", "tags": {"team": "core"}}


def check(write):
    """Make what writes a plan give the command line that checks it, too."""
    return lambda folder, size: (*CHECK, *write(folder, size))


def chain(folder, size):
    """Disks, each made from the one before."""
    names = [f"disk{number}" for number in range(size)]
    changes = [created("aws_ebs_volume", name, None, DISK, ["snapshot_id"]) for name in names]
    mentioned = [{}, *({"snapshot_id": {"references": [f"aws_ebs_volume.{name}"]}} for name in names)]
    blocks = [written("aws_ebs_volume", name, found) for name, found in zip(names, mentioned, strict=False)]
    return planned(folder, changes, {"resources": blocks})


def attached(folder, size):
    """Instances, each with a disk that a third resource attaches."""
    kinds = {
        "aws_instance": machine("core"),
        "aws_ebs_volume": DISK,
        "aws_volume_attachment": {"device_name": "/dev/sdf"},
    }
    changes = [created(kind, "web", number, values, ["id"]) for kind, values in kinds.items() for number in range(size)]
    counted = {"count_expression": {"constant_value": size}}
    mentions = {
        "instance_id": {"references": ["aws_instance.web", "count.index"]},
        "volume_id": {"references": ["aws_ebs_volume.web", "count.index"]},
    }
    blocks = [written(kind, "web", mentions if kind == "aws_volume_attachment" else {}, **counted) for kind in kinds]
    return planned(folder, changes, {"resources": blocks})


def inside(change, module):
    """Put a resource into a module."""
    return {**change, "address": f"{module}.{change['address']}", "module_address": module}


PART = {
    "resources": [written("aws_instance", "web", {"ami": {"references": ["var.ami"]}})],
    "outputs": {"id": {"expression": {"references": ["aws_instance.web.id", "aws_instance.web"]}}},
    "variables": {"ami": {}},
}


def modules(folder, size):
    """Calls of a module, each with what the one before has put out."""
    changes = [
        inside(created("aws_instance", "web", None, machine("core"), ["ami"]), f"module.m{n}") for n in range(size)
    ]
    calls = {
        f"m{n}": {"source": "./m", "module": PART, "expressions": {"ami": {"references": [f"module.m{n - 1}.id"]}}}
        for n in range(size)
    }
    return planned(folder, changes, {"module_calls": calls})


def instances_of_a_module(folder, size):
    """One call of a module with a count, and disks that mention all of them by a key that is computed."""
    changes = [
        inside(created("aws_instance", "web", None, machine("core"), ["ami"]), f"module.m[{n}]") for n in range(size)
    ]
    changes += [created("aws_ebs_volume", "disk", str(number), DISK, ["snapshot_id"]) for number in range(size)]
    call = {"source": "./m", "module": PART, "count_expression": {"constant_value": size}}
    mention = {"snapshot_id": {"references": ["module.m", "each.key"]}}
    return planned(
        folder, changes, {"module_calls": {"m": call}, "resources": [written("aws_ebs_volume", "disk", mention)]}
    )


def deep(folder, size):
    """Modules within modules, through which an id is handed up."""
    module, path = {**PART}, ""
    for _ in range(size):
        outputs = {"id": {"expression": {"references": ["module.m.id", "module.m"]}}}
        module = {"module_calls": {"m": {"source": "./m", "module": module}}, "outputs": outputs}
        path = f"{path}.module.m".removeprefix(".")
    module["resources"] = [written("aws_ebs_volume", "disk", {"snapshot_id": {"references": ["module.m.id"]}})]
    disk = created("aws_ebs_volume", "disk", None, DISK, ["snapshot_id"])
    return planned(folder, [inside(created("aws_instance", "web", None, machine("core")), path), disk], module)


def blocks(folder, size):
    """One instance with so many disks of its own."""
    disks = [
        {"device_name": f"/dev/{number}", "volume_size": number + 1, "volume_type": "gp3"} for number in range(size)
    ]
    return planned(folder, [created("aws_instance", "web", None, {**machine("core"), "ebs_block_device": disks})])


def tags(folder, size):
    """Instances with so many tags each."""
    many = {**machine("core"), "tags": {f"key{number}": "value" for number in range(size)}}
    return planned(folder, [created("aws_instance", "web", number, many) for number in range(5)])


def moved(folder, size):
    """Instances that have been moved, and others that go."""
    stay, go = ([created("aws_instance", name, number, machine("core")) for number in range(size)] for name in "ab")
    for number, one in enumerate(stay):
        one["change"] |= {"actions": ["no-op"], "before": one["change"]["after"]}
        one["previous_address"] = f"aws_instance.old[{number}]"
    for one in go:
        one["change"] |= {"actions": ["delete"], "before": one["change"]["after"], "after": None}
    return planned(folder, [*stay, *go])


CASES = {
    "resources": (20, made.budgets),
    "instances over another resource's": (20, made.keyed_plan),
    "instances that mention all of another": (30, made.mentioned_by_all),
    "a chain of references": (30, chain),
    "machines with disks attached": (12, attached),
    "modules": (20, modules),
    "instances of a module": (30, instances_of_a_module),
    "modules within modules": (6, deep),
    "blocks in a resource": (40, blocks),
    "tags of a resource": (60, tags),
    "what is moved, and what goes": (20, moved),
}


@pytest.mark.parametrize("name", CASES)
def test_three_times_the_plan_takes_three_times_the_work(name, growth):
    size, write = CASES[name]
    assert growth(check(write), size) < MORE
