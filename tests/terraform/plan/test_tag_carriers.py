"""Taggable types: what the schemas of their providers say of some."""

from collections import Counter

import pytest

from guardrail.costs import Library
from guardrail.terraform.plan import tag_carriers
from guardrail.terraform.plan.tag_carriers import tag_attribute


@pytest.mark.parametrize(
    "type_name, attribute",
    [
        ("aws_instance", "tags"),
        ("aws_autoscaling_group", "tag"),
        ("aws_dx_gateway", "tags"),
        ("aws_s3_bucket_versioning", None),
        ("aws_security_group_rule", None),
        ("aws_volume_attachment", None),
        ("aws_inspector_resource_group", "-"),
        ("azurerm_resource_group", "tags"),
        ("azurerm_function_app", "tags"),
        ("azurerm_subnet", None),
        ("azurerm_role_assignment", None),
        ("azurerm_api_management_named_value", "-"),
        ("google_compute_instance", "labels"),
        ("google_compute_network", None),
        ("google_project", "labels"),
        ("google_container_cluster", "resource_labels"),
        ("google_container_node_pool", None),
        ("google_cloud_run_service", "metadata.labels"),
        ("google_sql_database_instance", "settings.user_labels"),
        ("google_monitoring_notification_channel", "user_labels"),
        ("google_cloud_identity_group", "-"),
        ("random_id", None),
    ],
)
def test_types_that_are_known(type_name, attribute):
    assert tag_attribute(type_name) == attribute


def test_what_other_versions_say_is_in_order_and_says_what_it_is_from():
    lines = tag_carriers._OTHERS.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith("#")]
    rows = [line.split(",") for line in lines[len(heads) :]]
    assert rows == sorted(rows)
    assert len({name for name, _ in rows}) == len(rows)
    assert all(name in " ".join(heads) for name in ("hashicorp/aws", "azurerm", "google", "google-beta"))
    allowed = {
        "aws": {"tags", "tag", "-"},
        "azurerm": {"tags", "-"},
        "google": {"labels", "resource_labels", "user_labels", "settings.user_labels", "metadata.labels", "-"},
    }
    assert all(attribute in allowed[name.partition("_")[0]] for name, attribute in rows)


def test_most_types_with_a_price_carry_tags():
    vendors = {"aws", "azurerm", "google"}
    priced = [name for name in Library().priced_types() if name.partition("_")[0] in vendors]
    told = Counter(tag_attribute(name) is not None for name in priced)
    assert told[True] > 2 * told[False]
