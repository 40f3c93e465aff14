"""What a price takes from other resources: before from their before, and from none of several where they differ."""

import json

import pytest

from guardrail.costs import Engine, Library
from guardrail.model.cost import LineStatus
from guardrail.terraform import read_plan
from tests.terraform.plans import block, call, change, document

LIBRARY = Library()
PROVIDERS = {
    "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}},
    "azurerm": {"name": "azurerm"},
    "google": {"name": "google", "expressions": {"region": {"constant_value": "us-central1"}}},
}


@pytest.fixture
def priced(catalog):
    """Price the resources of a plan: address -> its costs."""

    def price(*changes, providers=PROVIDERS, **sections):
        source = document(*changes, providers=providers, **sections)
        (plan,) = read_plan(json.dumps(source).encode(), "plan.json")
        return {one.change.address: one for one in Engine(LIBRARY, catalog).estimate(plan.changes, plan.data)}

    return price


def stays(address, values, **keys):
    return change(address, values, before=values, actions=("no-op",), **keys)


def updated(address, before, after, **keys):
    return change(address, {**before, **after}, before=before, actions=("update",), **keys)


GROUP = {"min_size": 2, "max_size": 4, "desired_capacity": 2, "launch_template": [{"id": "lt-1", "version": "$Latest"}]}
TEMPLATE = {"id": "lt-1", "instance_type": "m5.large"}
ACCOUNT = {"id": "/a", "name": "a", "location": "eastus", "geo_location": [{"location": "eastus"}]}
CONTAINER = {"account_name": "a", "throughput": 1000, "name": "c", "database_name": "d"}
INSTANCE = {"cluster_identifier": "c", "instance_class": "db.r4.large"}
CLUSTER = {"cluster_identifier": "c", "storage_type": ""}
MANAGER = {
    "id": "m",
    "name": "m",
    "zone": "us-central1-a",
    "version": [{"instance_template": "t"}],
    "target_size": None,
}
MACHINE = {"id": "t", "name": "t", "machine_type": "n2-standard-2", "disk": []}
SCALER = {"target": "m", "autoscaling_policy": [{"min_replicas": 1, "max_replicas": 9}]}

CHANGED_NEIGHBOURS = {
    "a group's launch template": (
        ("aws_autoscaling_group.g", GROUP),
        [updated("aws_launch_template.t", TEMPLATE, {"instance_type": "m5.4xlarge"})],
    ),
    "an account's regions": (
        ("azurerm_cosmosdb_sql_container.c", CONTAINER),
        [
            updated(
                "azurerm_cosmosdb_account.a",
                ACCOUNT,
                {"geo_location": [{"location": "eastus"}, {"location": "westus"}]},
            )
        ],
    ),
    "a manager's least instances": (
        ("google_compute_instance_group_manager.m", MANAGER),
        [
            stays("google_compute_instance_template.t", MACHINE),
            updated(
                "google_compute_autoscaler.s",
                SCALER,
                {"autoscaling_policy": [{"min_replicas": 3, "max_replicas": 9}]},
            ),
        ],
    ),
    "a cluster's storage": (
        ("aws_neptune_cluster_instance.i", INSTANCE),
        [updated("aws_neptune_cluster.c", CLUSTER, {"storage_type": "iopt1"})],
    ),
    "a scaler that is gone": (
        ("google_compute_instance_group_manager.m", {**MANAGER, "target_size": 5}),
        [
            stays("google_compute_instance_template.t", MACHINE),
            change("google_compute_autoscaler.s", before=SCALER, actions=("delete",)),
        ],
    ),
}


@pytest.mark.parametrize("keys", [{}, {"previous_address": "old.one"}, {"importing": {"id": "x"}}])
@pytest.mark.parametrize("same, others", CHANGED_NEIGHBOURS.values(), ids=CHANGED_NEIGHBOURS)
def test_what_stays_costs_more_with_what_it_refers_to(priced, same, others, keys):
    address, values = same
    extra = {"change": keys} if "importing" in keys else {}
    grown = priced(stays(address, values, **(keys if not extra else {"importing": keys["importing"]})), *others)[
        address
    ]
    assert grown.before.known < grown.after.known
    assert grown.monthly_delta == grown.total_delta == grown.after.known - grown.before.known
    assert not grown.stays


def test_what_stays_beside_what_changes_nothing_of_its_cost_is_unchanged(priced):
    template = updated("aws_launch_template.t", TEMPLATE, {"tags": {"team": "a"}})
    group = priced(stays("aws_autoscaling_group.g", GROUP), template)["aws_autoscaling_group.g"]
    assert group.stays
    assert group.monthly_delta == 0


def test_equal_gaps_of_different_neighbours_are_not_unchanged(priced):
    template = updated("aws_launch_template.t", {**TEMPLATE, "instance_type": "x9.a"}, {"instance_type": "x9.b"})
    same = priced(stays("aws_autoscaling_group.g", GROUP), template)["aws_autoscaling_group.g"]
    assert same.delta_unpriced


def test_before_an_update_it_cost_what_it_referred_to_then(priced):
    """The configuration of a plan only tells what is referred to now."""
    small, large = ({"id": f"lt-{size}", "instance_type": size} for size in ("m5.large", "m5.xlarge"))
    group = updated(
        "aws_autoscaling_group.g",
        {**GROUP, "launch_template": [{"id": "lt-m5.large"}]},
        {"launch_template": [{"id": "lt-m5.xlarge"}]},
    )
    root = {"resources": [block("aws_autoscaling_group.g", launch_template=["aws_launch_template.b"])]}
    templates = [stays("aws_launch_template.a", small), stays("aws_launch_template.b", large)]
    found = priced(group, *templates, root=root)["aws_autoscaling_group.g"]
    assert [cost.lines[0].name.split()[-1] for cost in (found.before, found.after)] == ["m5.large)", "m5.xlarge)"]


PLANS = [
    change(
        f'azurerm_service_plan.p["{key}"]', {"location": "eastus", "os_type": "Linux", "sku_name": "P1v3"}, index=key
    )
    for key in ("small", "big")
]
SMALL_OR_LARGE = [
    change(f'aws_launch_template.t["{key}"]', {"instance_type": kind, "block_device_mappings": []}, index=key)
    for key, kind in (("small", "m5.large"), ("large", "m5.4xlarge"))
]
ALIKE = [
    change(f'aws_launch_template.t["{key}"]', {"instance_type": "m5.large", "user_data": key}, index=key)
    for key in ("small", "large")
]
DISKS = [
    change(f'google_compute_disk.d["{key}"]', {"size": size, "type": "pd-ssd", "zone": "us-central1-a"}, index=key)
    for key, size in (("small", 10), ("large", 500))
]
CLUSTERS = [
    change(f'aws_neptune_cluster.c["{key}"]', {"storage_type": kind}, index=key)
    for key, kind in (("small", ""), ("large", "iopt1"))
]
OF_EACH = 'aws_autoscaling_group.g["web"]'
NEW_GROUP = change(
    OF_EACH, {**GROUP, "launch_template": [{}]}, unknown={"launch_template": [{"id": True}]}, index="web"
)


def each(address, attribute, mentioned, path="each.value.size", **keys):
    found = {**block(address), "expressions": {attribute: {"references": [mentioned, path, "each.value"]}}}
    return {"resources": [{**found, **keys}]}


SEVERAL = {
    "launch templates": (
        NEW_GROUP,
        SMALL_OR_LARGE,
        each("aws_autoscaling_group.g", "launch_template", "aws_launch_template.t"),
    ),
    "disks": (
        change(
            'google_compute_snapshot.s["web"]',
            {"name": "s", "zone": "us-central1-a"},
            unknown={"source_disk": True},
            index="web",
        ),
        DISKS,
        each("google_compute_snapshot.s", "source_disk", "google_compute_disk.d"),
    ),
    "clusters": (
        change(
            'aws_neptune_cluster_instance.i["web"]',
            {"instance_class": "db.r4.large"},
            unknown={"cluster_identifier": True},
            index="web",
        ),
        CLUSTERS,
        each("aws_neptune_cluster_instance.i", "cluster_identifier", "aws_neptune_cluster.c"),
    ),
}


@pytest.mark.parametrize("one, several, root", SEVERAL.values(), ids=SEVERAL)
def test_one_of_several_that_differ_is_unknown_and_names_them(priced, one, several, root):
    cost = priced(one, *several, root=root)[one["address"]].after
    assert cost.unpriced
    said = " ".join(line.note for line in cost.lines)
    assert all(other["address"] in said for other in several)


@pytest.mark.parametrize(
    "one, several, root",
    [
        *((one, several[:1], root) for one, several, root in SEVERAL.values()),
        (NEW_GROUP, ALIKE, SEVERAL["launch templates"][2]),
        *(
            (one, several, {"resources": [{**root["resources"][0], "for_each_expression": {"constant_value": given}}]})
            for given in ({"web": {"size": "small"}}, {"web": {"size": "large"}})
            for one, several, root in SEVERAL.values()
        ),
    ],
)
def test_one_that_can_be_told_is_priced(priced, one, several, root):
    cost = priced(one, *several, root=root)[one["address"]].after
    assert not any(line.status is LineStatus.UNKNOWN for line in cost.lines)


def test_a_value_of_each_is_followed_to_the_instance_it_names(priced):
    one, several, root = SEVERAL["launch templates"]
    costs = []
    for size in ("small", "large"):
        for_each = {"references": ["var.groups"]}
        given = {"groups": {"value": {"web": {"size": size}}}}
        resources = [{**root["resources"][0], "for_each_expression": for_each}]
        there = {"resources": resources, "variables": {"groups": {}}}
        costs.append(priced(one, *several, root=there, variables=given)[OF_EACH].after.known)
    assert costs[1] > costs[0] > 0


THROUGH_LOCALS = {
    "a launch template": (
        change(
            "aws_autoscaling_group.g", {**GROUP, "launch_template": [{}]}, unknown={"launch_template": [{"id": True}]}
        ),
        change("aws_launch_template.t", {"instance_type": "m5.large"}),
        {"launch_template": [{"id": {"references": ["local.which"]}}]},
    ),
    "a cluster": (
        change(
            "aws_neptune_cluster_instance.i",
            {"instance_class": "db.r4.large"},
            unknown={"cluster_identifier": True},
        ),
        change("aws_neptune_cluster.c", {"storage_type": "iopt1"}),
        {"cluster_identifier": {"references": ["local.which"]}},
    ),
    "an account": (
        change(
            "azurerm_cosmosdb_sql_container.c",
            {"throughput": 1000},
            unknown={"account_name": True},
        ),
        change("azurerm_cosmosdb_account.a", {"location": "eastus", "geo_location": [{"location": "eastus"}]}),
        {"account_name": {"references": ["local.which"]}},
    ),
}


def in_module(source, name="m"):
    return {**source, "address": f"module.{name}.{source['address']}"}


@pytest.mark.parametrize("one, other, expressions", THROUGH_LOCALS.values(), ids=THROUGH_LOCALS)
def test_what_a_local_value_means_is_the_only_candidate_of_its_module(priced, one, other, expressions):
    kind = {
        "address": one["address"],
        "provider_config_key": one["address"].partition("_")[0],
        "expressions": expressions,
    }
    root = {"module_calls": {"m": call([kind]), "n": call([])}}
    address = f"module.m.{one['address']}"
    directly = {name: {"references": [other["address"]]} for name in expressions}
    plain = {"module_calls": {"m": call([{**kind, "expressions": directly}])}}
    expected = priced(in_module(one), in_module(other), root=plain)[address].after
    elsewhere = in_module(other, "n")
    assert priced(in_module(one), in_module(other), elsewhere, root=root)[address].after == expected
    assert expected.known
    assert priced(in_module(one), elsewhere, root=root)[address].after != expected


def test_a_known_id_is_not_taken_for_the_only_candidate(priced):
    """The version comes from a local value, the template is another one."""
    expressions = {"launch_template": [{"id": {"constant_value": "lt-9"}, "version": {"references": ["local.which"]}}]}
    root = {
        "resources": [{"address": "aws_autoscaling_group.g", "provider_config_key": "aws", "expressions": expressions}]
    }
    group = change(
        "aws_autoscaling_group.g",
        {**GROUP, "launch_template": [{"id": "lt-9", "version": "1"}]},
        unknown={"launch_template": [{"name": True}]},
    )
    found = priced(group, change("aws_launch_template.t", {"instance_type": "m5.large"}), root=root)
    assert found["aws_autoscaling_group.g"].after.unpriced


def test_several_candidates_of_a_module_are_named(priced):
    one, _, expressions = THROUGH_LOCALS["a launch template"]
    root = {"resources": [{"address": one["address"], "provider_config_key": "aws", "expressions": expressions}]}
    others = [change(f"aws_launch_template.{kind}", {"instance_type": f"m5.{kind}"}) for kind in ("large", "xlarge")]
    cost = priced(one, *others, root=root)[one["address"]].after
    assert "one of aws_launch_template.large, aws_launch_template.xlarge" in cost.lines[0].note


WINDOWS = {"platform_details": "Windows", "name": "Windows_Server-2022", "platform": "windows"}
LINUX = {"platform_details": "Linux/UNIX", "name": "al2023-ami"}


def read_while_planning(address, values):
    found = {"address": address, "mode": "data", "values": values}
    return {"prior_state": {"values": {"root_module": {"resources": [found]}}}}


def named(pattern):
    """The block of a data source with a filter on the name of the AMI."""
    filters = [{"name": {"constant_value": "name"}, "values": {"constant_value": [pattern]}}]
    return {
        "address": "data.aws_ami.a",
        "mode": "data",
        "provider_config_key": "aws",
        "expressions": {"filter": filters},
    }


MACHINES = {
    "aws_instance.i": (change("aws_instance.i", {"instance_type": "m5.large"}, unknown={"ami": True}), "ami", []),
    "aws_autoscaling_group.g": (
        change(
            "aws_autoscaling_group.g", {**GROUP, "launch_template": [{}]}, unknown={"launch_template": [{"id": True}]}
        ),
        "launch_template",
        [change("aws_launch_template.t", {"instance_type": "m5.large"}, unknown={"image_id": True})],
    ),
    "aws_spot_instance_request.s": (
        change("aws_spot_instance_request.s", {"instance_type": "m5.large"}, unknown={"ami": True}),
        "ami",
        [],
    ),
}


@pytest.mark.parametrize("machine, attribute, templates", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize(
    "known, configured, said",
    [
        (read_while_planning("data.aws_ami.a", WINDOWS), None, "Windows"),
        (read_while_planning("data.aws_ami.a", LINUX), None, "Linux/UNIX"),
        ({}, named("Windows_Server-2022-English-Full-Base-*"), "Windows"),
        ({}, named("RHEL-9*"), "RHEL"),
        ({}, named("suse-sles-15*"), "SUSE"),
        (read_while_planning("data.aws_ami.a", LINUX), named("Windows_Server*"), "Linux/UNIX"),
    ],
)
def test_the_ami_that_a_data_source_finds_tells_the_system(
    priced, machine, attribute, templates, known, configured, said
):
    source = ["data.aws_ami.a.id", "data.aws_ami.a"]
    mentioned = {attribute: {"references": ["aws_launch_template.t"] if templates else source}}
    blocks = [{**block(machine["address"]), "expressions": mentioned}]
    blocks += [block(template["address"], image_id=source) for template in templates]
    root = {"resources": [*blocks, *([configured] if configured else [])]}
    line = priced(machine, *templates, root=root, **known)[machine["address"]].after.lines[0]
    assert f"({said}, " in line.name
    assert "Linux, as" not in line.note


def test_children_lie_where_the_data_source_of_their_parent_does(priced):
    server = read_while_planning("data.azurerm_mssql_server.s", {"id": "/s", "name": "s", "location": "North Europe"})
    database = change("azurerm_mssql_database.d", {"server_id": "/s", "sku_name": "S0"})
    root = {"resources": [block("azurerm_mssql_database.d", "azurerm", server_id=["data.azurerm_mssql_server.s.id"])]}
    assert priced(database, root=root, **server)["azurerm_mssql_database.d"].change.region == "northeurope"


def test_a_folder_tells_the_system_and_the_neighbours_of_its_base(tmp_path, run):
    text = """
        provider "aws" {{ region = "us-east-1" }}
        data "aws_ami" "a" {{
          filter {{
            name   = "name"
            values = ["{name}"]
          }}
        }}
        resource "aws_launch_template" "t" {{
          image_id      = data.aws_ami.a.id
          instance_type = "m5.large"
        }}
        resource "aws_autoscaling_group" "g" {{
          min_size         = 2
          max_size         = 2
          desired_capacity = 2
          launch_template {{ id = aws_launch_template.{template}.id }}
        }}
        resource "aws_launch_template" "other" {{
          image_id      = data.aws_ami.a.id
          instance_type = "m5.4xlarge"
        }}
    """

    def group(**new):
        for name, given in (("old", {"name": "al2023-*", "template": "t"}), ("new", new)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "main.tf").write_text(text.format(**given), encoding="utf-8")
        result = json.loads(run("estimate", "new", "--base", "old", "--format", "json").stdout)
        (found,) = (one for one in result["projects"][0]["resources"] if one["type"] == "aws_autoscaling_group")
        parts = [found[key][0]["name"] for key in ("components_before", "components")]
        return found["action"], *parts

    usage = "Instance usage ({}, on-demand, m5.{})"
    linux = usage.format("Linux/UNIX", "large")
    assert group(name="Windows_Server*", template="t") == ("no-op", linux, usage.format("Windows", "large"))
    assert group(name="al2023-*", template="other")[1:] == (linux, usage.format("Linux/UNIX", "4xlarge"))
    assert group(name="al2023-*", template="t") == ("no-op", linux, linux)


WEST = {"aws.west": {"name": "aws", "alias": "west", "expressions": {"region": {"constant_value": "us-west-2"}}}}
TABLE = {"name": "orders", "billing_mode": "PROVISIONED", "read_capacity": 5, "write_capacity": 20}
TARGET = {
    "resource_id": "table/orders",
    "scalable_dimension": "dynamodb:table:WriteCapacityUnits",
    "min_capacity": 7,
    "max_capacity": 7,
}
NAMED = ["aws_dynamodb_table.a.name", "aws_dynamodb_table.a"]


@pytest.mark.parametrize(
    "blocks",
    [
        [block("aws_dynamodb_table.a"), block("aws_dynamodb_table.b"), block("aws_appautoscaling_target.t", resource_id=NAMED)],
        [block("aws_dynamodb_table.a"), block("aws_dynamodb_table.b", "aws.west"), block("aws_appautoscaling_target.t")],
    ],
    ids=["its expression names one of them", "one is in another region"],
)  # fmt: skip
def test_of_two_resources_of_one_name_a_target_scales_its_own(blocks, priced):
    changes = [change("aws_dynamodb_table.a", TABLE), change("aws_dynamodb_table.b", TABLE)]
    target = change("aws_appautoscaling_target.t", TARGET)
    costs = priced(*changes, target, providers={**PROVIDERS, **WEST}, root={"resources": blocks})
    writes = {name: costs[f"aws_dynamodb_table.{name}"].after.lines[0].monthly_quantity for name in "ab"}
    assert writes == {"a": 7, "b": 20}


@pytest.mark.parametrize("provider, size", [("aws", "m5.large"), ("aws.west", "t3.medium")])
def test_of_two_resources_of_one_name_the_one_in_the_same_region_is_meant(provider, size, priced):
    """A group that names its template as a text, which the configuration does not lead to."""
    templates = [
        change(f"aws_launch_template.{name}", {"name": "web", "instance_type": kind})
        for name, kind in (("east", "m5.large"), ("west", "t3.medium"))
    ]
    blocks = [
        block("aws_launch_template.east"),
        block("aws_launch_template.west", "aws.west"),
        block("aws_autoscaling_group.g", provider),
    ]
    group = {**GROUP, "desired_capacity": 1, "launch_template": [{"name": "web", "version": "$Latest"}]}
    group = change("aws_autoscaling_group.g", group)
    costs = priced(*templates, group, providers={**PROVIDERS, **WEST}, root={"resources": blocks})
    assert costs["aws_autoscaling_group.g"].after.lines[0].name == f"Instance usage (Linux/UNIX, on-demand, {size})"
