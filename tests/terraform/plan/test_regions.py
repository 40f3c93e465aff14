import pytest

from guardrail.model.unknown import Unknown
from tests.terraform.plans import block, by_address, call, change, document

NO_REGION = {"aws": {"name": "aws", "expressions": {}}}
TWO = {
    "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}},
    "aws.eu": {"name": "aws", "alias": "eu", "expressions": {"region": {"constant_value": "eu-west-1"}}},
}


def region(source: dict, address: str | None = None):
    found = by_address(source)
    return (found[address] if address else next(iter(found.values()))).region


@pytest.mark.parametrize(
    "address, values, expected",
    [
        ("aws_instance.web", {"region": "ap-south-1", "availability_zone": "eu-west-3a"}, "ap-south-1"),
        ("aws_instance.web", {"availability_zone": "eu-west-3a"}, "eu-west-3"),
        ("aws_instance.web", {"availability_zone": "us-gov-west-1b"}, "us-gov-west-1"),
        ("aws_instance.web", {"availability_zone": "us-west-2-lax-1a"}, "us-west-2"),
        ("aws_instance.web", {"availability_zone": "us-east-1-wl1-bos-wlz-1"}, "us-east-1"),
        ("aws_instance.web", {"availability_zone": "somewhere"}, None),
        ("aws_autoscaling_group.web", {"availability_zones": [None, "eu-north-1b"]}, "eu-north-1"),
        ("aws_sqs_queue.jobs", {"arn": "arn:aws:sqs:sa-east-1:123456789012:jobs"}, "sa-east-1"),
        ("aws_sqs_queue.jobs", {"arn": "arn:aws-us-gov:sqs:us-gov-east-1:123456789012:jobs"}, "us-gov-east-1"),
        ("aws_s3_bucket.logs", {"arn": "arn:aws:s3:::logs"}, None),
        ("aws_sqs_queue.jobs", {"kms_key_arn": "arn:aws:kms:sa-east-1:123456789012:key/1"}, None),
        ("google_compute_instance.web", {"zone": "us-central1-a"}, "us-central1"),
        ("google_compute_instance.web", {"zone": "https://www.googleapis.com/compute/v1/projects/p/zones/asia-east1-b"}, "asia-east1"),
        ("google_compute_address.ip", {"region": "europe-west3"}, "europe-west3"),
        ("google_container_cluster.k8s", {"location": "europe-west3-a"}, "europe-west3"),
        ("google_storage_bucket.b", {"location": "EUROPE-WEST3"}, "europe-west3"),
        ("google_storage_bucket.b", {"location": "US"}, "us"),
        ("google_compute_region_instance_group_manager.g", {"distribution_policy_zones": ["us-east4-a"]}, "us-east4"),
        ("azurerm_managed_disk.d", {"location": "West Europe"}, "westeurope"),
        ("azurerm_managed_disk.d", {"location": "eastus2"}, "eastus2"),
        ("digitalocean_droplet.d", {"region": "fra1"}, "fra1"),
        ("random_id.x", {"byte_length": 4}, None),
    ],
)  # fmt: skip
def test_attributes_tell_the_region(address, values, expected):
    source = document(change(address, values), providers={})
    assert region(source) == expected


def test_both_sides_are_told():
    before, after = {"location": "West US"}, {"location": "East US"}
    source = document(change("azurerm_managed_disk.d", after, actions=["delete", "create"], before=before))
    found = by_address(source)["azurerm_managed_disk.d"]
    assert (found.before_region, found.region) == ("westus", "eastus")


def test_a_deleted_resource_is_told_by_what_it_was():
    source = document(change("aws_eip.ip", actions=["delete"], before={"arn": "arn:aws:ec2:sa-east-1:1:eip/x"}))
    found = by_address(source)["aws_eip.ip"]
    assert (found.before_region, found.region) == ("sa-east-1", "sa-east-1")


@pytest.mark.parametrize("providers, expected", [(TWO, None), ({"aws": TWO["aws"]}, "us-east-1")])
def test_whose_block_is_gone_has_the_region_of_all_providers(providers, expected):
    source = document(change("aws_nat_gateway.nat", actions=["delete"], before={}), providers=providers)
    assert by_address(source)["aws_nat_gateway.nat"].before_region == expected


@pytest.mark.parametrize(
    "key, expected",
    [
        ("aws", "us-east-1"),
        ("aws.eu", "eu-west-1"),
        ("module.net:aws", "us-east-1"),
        ("module.net.module.inner:aws.eu", "eu-west-1"),
        ("net:aws", "us-east-1"),
        ("net.inner:aws", "us-east-1"),
        ("module.net:aws.unheard", None),
        ("aws.unheard", None),
    ],
)
def test_provider_configurations_are_found_and_inherited(key, expected):
    root = {"resources": [block("aws_eip.ip", key)]}
    assert region(document(change("aws_eip.ip", {}), root=root, providers=TWO)) == expected


def test_an_alias_that_is_not_traced_is_told_if_all_agree():
    root = {"resources": [block("aws_eip.ip", "module.net:aws.peer")]}
    providers = {**TWO, "aws": TWO["aws.eu"]}
    assert region(document(change("aws_eip.ip", {}), root=root, providers=providers)) == "eu-west-1"


def test_a_module_may_have_its_own_provider():
    own = {"name": "aws", "module_address": "module.net", "expressions": {"region": {"references": ["var.region"]}}}
    inner = call([block("aws_eip.ip", "module.net:aws")], inputs={"region": ["var.main_region"]})
    source = document(
        change("module.net.aws_eip.ip", {}, module_address="module.net"),
        root={"module_calls": {"net": inner}},
        providers={**TWO, "module.net:aws": own},
        variables={"main_region": {"value": "ca-central-1"}},
    )
    assert region(source) == "ca-central-1"


def test_an_empty_provider_block_in_a_module_only_names_it():
    providers = {**TWO, "module.net:aws": {"name": "aws", "module_address": "module.net"}}
    inner = call([block("aws_eip.ip", "module.net:aws")])
    source = document(change("module.net.aws_eip.ip", {}), root={"module_calls": {"net": inner}}, providers=providers)
    assert region(source) == "us-east-1"


@pytest.mark.parametrize(
    "expression, expected",
    [
        ({"constant_value": "eu-south-1"}, "eu-south-1"),
        ({"references": ["var.region"]}, "ca-central-1"),
        ({"references": ["var.site.region", "var.site"]}, "me-south-1"),
        ({"references": ["var.defaulted"]}, "il-central-1"),
        ({"references": ["var.country"]}, None),
        ({"references": ["var.region", "var.country"]}, None),
        ({"references": ["data.aws_region.here.name", "data.aws_region.here"]}, None),
        ({"references": ["var.unset"]}, None),
        ({"references": []}, None),
        ({}, None),
    ],
)
def test_provider_regions_are_constants_or_variables(expression, expected):
    providers = {"aws": {"name": "aws", "expressions": {"region": expression}}}
    variables = {
        "region": {"value": "ca-central-1"},
        "site": {"value": {"region": "me-south-1"}},
        "country": {"value": "ca"},
    }
    root = {"resources": [block("aws_eip.ip")], "variables": {"defaulted": {"default": "il-central-1"}, "unset": {}}}
    assert region(document(change("aws_eip.ip", {}), root=root, providers=providers, variables=variables)) == expected


def test_a_provider_without_region_is_told_by_its_resources():
    changes = [change("aws_eip.ip", {}), change("aws_instance.web", {"availability_zone": "eu-west-3a"})]
    root = {"resources": [block("aws_eip.ip"), block("aws_instance.web")]}
    assert region(document(*changes, root=root, providers=NO_REGION), "aws_eip.ip") == "eu-west-3"
    contradiction = change("aws_instance.other", {"availability_zone": "us-east-1a"})
    assert region(document(*changes, contradiction, root=root, providers=NO_REGION), "aws_eip.ip") is None


def test_the_alias_of_old_providers_is_in_their_name():
    source = document(change("aws_eip.ip", {}, provider_name="aws.eu"), root={}, providers=TWO)
    assert region(source) == "eu-west-1"


@pytest.mark.parametrize(
    "expressions, expected", [({"region": "us-east1"}, "us-east1"), ({"zone": "us-west1-b"}, "us-west1"), ({}, None)]
)
def test_google_falls_back_to_the_region_of_its_provider(expressions, expected):
    parts = {name: {"constant_value": value} for name, value in expressions.items()}
    providers = {"google": {"name": "google", "expressions": parts}}
    source = document(
        change("google_compute_instance.web", {}, unknown={"zone": True}),
        root={"resources": [block("google_compute_instance.web", "google")]},
        providers=providers,
    )
    assert region(source) == expected


def test_a_location_that_is_set_and_unknown_is_unknown():
    disk = block("azurerm_managed_disk.d", "azurerm", location=["azurerm_x.y.z"])
    found = region(
        document(change("azurerm_managed_disk.d", {}, unknown={"location": True}), root={"resources": [disk]})
    )
    assert found == Unknown("location")


def test_what_the_provider_computes_is_its_own_region():
    bucket = change("aws_s3_bucket.b", {}, unknown={"region": True, "arn": True})
    root = {"resources": [block("aws_s3_bucket.b")]}
    assert region(document(bucket, root=root)) == "eu-west-1"
    assert region(document(bucket, root=root, providers=NO_REGION)) is None


GROUP = change("azurerm_resource_group.rg", {"name": "rg-1", "location": "West Europe"})
SERVER = change("azurerm_mssql_server.s", {"name": "s-1", "location": "North Europe"})


@pytest.mark.parametrize(
    "values, expressions, expected",
    [
        ({}, {"resource_group_name": ["azurerm_resource_group.rg.name"]}, "westeurope"),
        (
            {},
            {"resource_group_name": ["azurerm_resource_group.rg.name"], "server_id": ["azurerm_mssql_server.s.id"]},
            "northeurope",
        ),
        ({"resource_group_name": "rg-1"}, {}, "westeurope"),
        ({"resource_group_name": "rg-2"}, {}, None),
        ({"mssql_server_name": "s-1", "resource_group_name": "rg-1"}, {}, "northeurope"),
        ({}, {"remote_server_id": ["azurerm_mssql_server.s.id"]}, None),
        ({}, {"peer": ["azurerm_mssql_database.d.id"]}, None),
    ],
)
def test_azure_resources_lie_where_their_parent_does(values, expressions, expected):
    database = "azurerm_mssql_database.d"
    root = {"resources": [block(database, "azurerm", **expressions)]}
    assert region(document(change(database, values), GROUP, SERVER, root=root), database) == expected


def test_an_unknown_parent_makes_its_children_unknown():
    root = {
        "resources": [
            block("azurerm_mssql_database.d", "azurerm", server_id=["azurerm_mssql_server.s.id"]),
            block("azurerm_mssql_server.s", "azurerm", location=["data.x.y.z"]),
        ]
    }
    server = change("azurerm_mssql_server.s", {}, unknown={"location": True})
    assert region(document(change("azurerm_mssql_database.d", {}), server, root=root)) == Unknown("location")


@pytest.mark.parametrize(
    "address, expressions, source, found, expected",
    [
        (
            "azurerm_mssql_database.d",
            {"server_id": ["data.azurerm_mssql_server.s[0].id"]},
            "data.azurerm_mssql_server.s[0]",
            {"location": "North Europe"},
            "northeurope",
        ),
        (
            "google_compute_router.r",
            {"network": ["data.google_compute_subnetwork.n.network"]},
            "data.google_compute_subnetwork.n",
            {"region": "europe-west4"},
            "europe-west4",
        ),
        (
            "aws_lb.l",
            {"subnets": ["data.aws_subnet.s.id"]},
            "data.aws_subnet.s",
            {"availability_zone": "us-east-1a"},
            None,
        ),
    ],
)
def test_a_resource_lies_where_the_data_source_of_its_parent_does(address, expressions, source, found, expected):
    """Not on AWS, where the provider decides and a data source may look elsewhere."""
    root = {"resources": [block(address, address.partition("_")[0], **expressions)]}
    state = {"values": {"root_module": {"resources": [{"address": source, "mode": "data", "values": found}]}}}
    plan = document(change(address, {}), root=root, providers=NO_REGION, prior_state=state)
    assert region(plan, address) == expected
