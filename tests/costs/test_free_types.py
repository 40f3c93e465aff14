"""The list of types that cost nothing: in order, of the right vendor, and at odds with no definition."""

from __future__ import annotations

import tomllib

import pytest

from guardrail import data
from guardrail.costs import Engine, Library
from guardrail.model.cost import ResourceStatus
from guardrail.model.resource import Action, Change, Side

FREE = tomllib.loads((data.pricing_dir() / "free.toml").read_text(encoding="utf-8"))
PREFIXES = {"aws": "aws_", "azure": "azurerm_", "gcp": "google_"}


@pytest.mark.parametrize("vendor", [*PREFIXES, "other"])
def test_types_are_listed_once_and_in_order(vendor):
    types = FREE[vendor]["types"]
    assert types == sorted(set(types))


@pytest.mark.parametrize("vendor, prefix", PREFIXES.items())
def test_types_stand_under_their_vendor(vendor, prefix):
    assert [name for name in FREE[vendor]["types"] if not name.startswith(prefix)] == []
    assert [name for name in FREE["other"]["types"] if name.startswith(prefix)] == []


def test_no_type_is_both_free_and_priced():
    library = Library()
    assert library.free_types().keys() & library.priced_types().keys() == set()


def test_what_a_vendor_charges_for_is_not_on_the_list():
    charged = {
        "aws_instance",
        "azurerm_managed_disk",
        "google_compute_disk",
        "aws_scheduler_schedule",
        "google_bigquery_job",
    }
    assert charged & Library().free_types().keys() == set()


# each names something that is not in the plan, or has an attribute that makes a free type cost
NEVER_FREE = [
    ("azurerm_cosmosdb_sql_container", {"account_name": "elsewhere", "throughput": 10000}),
    ("azurerm_cosmosdb_mongo_collection", {"account_name": "elsewhere", "throughput": 10000}),
    ("azurerm_cosmosdb_gremlin_graph", {"account_name": "elsewhere", "throughput": 10000}),
    ("azurerm_cosmosdb_table", {"account_name": "elsewhere", "throughput": 10000}),
    ("google_compute_instance_group_manager", {"target_size": 3, "version": [{"instance_template": "elsewhere"}]}),
    ("google_compute_region_instance_group_manager", {"target_size": 3, "version": [{"instance_template": "there"}]}),
    ("aws_autoscaling_group", {"min_size": 2, "launch_template": [{"id": "lt-1"}]}),
    ("aws_ecs_service", {"launch_type": "FARGATE", "desired_count": 2, "task_definition": "elsewhere:1"}),
    ("aws_eks_node_group", {"launch_template": [{"id": "lt-1"}], "scaling_config": [{"desired_size": 2}]}),
    ("azurerm_linux_function_app", {"service_plan_id": "elsewhere"}),
    ("azurerm_lb_rule", {"loadbalancer_id": "elsewhere"}),
    ("azurerm_virtual_network_gateway", {"type": "ExpressRoute", "sku": "ErGw1AZ"}),
    ("azurerm_service_plan", {"sku_name": "EP1", "os_type": "Linux"}),
    ("azurerm_service_plan", {"sku_name": "WS1", "os_type": "Windows"}),
    ("azurerm_static_site", {"sku_size": "Standard"}),
    ("azurerm_lb", {"sku": "Gateway"}),
    ("aws_dx_gateway_association", {"associated_gateway_id": "unheard-of"}),
    ("aws_vpc_endpoint", {"vpc_endpoint_type": "Resource"}),
    ("aws_sns_topic_subscription", {"protocol": "sms"}),
    ("aws_acm_certificate", {"domain_name": "a.example", "options": [{"export": "ENABLED"}]}),
    ("aws_ssm_parameter", {"tier": "Intelligent-Tiering"}),
    ("aws_vpc_endpoint_subnet_association", {"vpc_endpoint_id": "vpce-1", "subnet_id": "subnet-1"}),
    ("aws_lambda_event_source_mapping", {"provisioned_poller_config": [{"minimum_pollers": 1}]}),
    ("google_compute_backend_service", {"enable_cdn": True}),
    ("aws_sagemaker_endpoint", {"endpoint_config_name": "elsewhere"}),
    ("aws_quicksight_account_subscription", {"edition": "ENTERPRISE_AND_Q"}),
    ("aws_fsx_ontap_volume", {"snaplock_configuration": [{"snaplock_type": "COMPLIANCE"}]}),
]
REGIONS = {"aws": "us-east-1", "azurerm": "eastus", "google": "us-central1"}


@pytest.mark.parametrize("type_name, attributes", NEVER_FREE, ids=[f"{n}-{i}" for i, (n, _) in enumerate(NEVER_FREE)])
def test_what_costs_something_is_never_free(catalog, type_name, attributes):
    region = REGIONS[type_name.partition("_")[0]]
    change = Change(f"{type_name}.a", type_name, "a", Action.CREATE, None, Side(attributes), region=region)
    cost = Engine(Library(), catalog).estimate([change])[0].after
    assert cost is not None
    assert cost.status is not ResourceStatus.FREE
    assert cost.known or cost.unpriced or cost.usage_based
