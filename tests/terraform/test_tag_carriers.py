"""Taggable types: what the list says of some, that it is in order, and how it is read from a provider's schema."""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest

from guardrail.costs import Library
from guardrail.terraform import tag_carriers
from guardrail.terraform.tag_carriers import tag_attribute

ROOT = Path(__file__).parents[2]


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


def test_the_list_is_in_order_and_says_what_it_is_from():
    lines = tag_carriers._FILE.read_text(encoding="utf-8").splitlines()
    heads = [line for line in lines if line.startswith("#")]
    rows = [line.split(",") for line in lines[len(heads) :]]
    assert rows == sorted(rows)
    assert len({name for name, _ in rows}) == len(rows)
    assert {f"hashicorp/{name}" for name in ("aws", "azurerm", "google", "google-beta")} <= {
        head.split()[1] for head in heads
    }
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


MAP = {"type": ["map", "string"], "optional": True}
SCHEMAS = {
    "aws_of_tomorrow": ({"tags": MAP, "tags_all": {"type": ["map", "string"], "computed": True}}, {}, "tags"),
    "aws_selects": ({"tags": MAP}, {}, "-"),
    "aws_without": ({"name": {"type": "string", "required": True}}, {}, None),
    "google_nested": ({}, {"settings": {"block": {"attributes": {"user_labels": MAP}}}}, "settings.user_labels"),
    "google_group": (
        {},
        {"tag": {"nesting_mode": "set", "block": {"attributes": {"propagate_at_launch": {"type": "bool"}}}}},
        None,
    ),
    "google_network_tags": ({"tags": {"type": ["list", "string"], "optional": True}}, {}, None),
    "google_listed": ({"labels": {"type": ["list", "string"], "optional": True}}, {}, "-"),
    "aws_group": (
        {},
        {"tag": {"nesting_mode": "set", "block": {"attributes": {"propagate_at_launch": {"type": "bool"}}}}},
        "tag",
    ),
}


def test_the_list_is_renewed_from_schemas(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("taggable_types", ROOT / "docs" / "taggable_types.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    providers: dict = {"registry.terraform.io/hashicorp/random": {"resource_schemas": {"random_id": {"block": {}}}}}
    for name, (attributes, blocks, _) in SCHEMAS.items():
        provider = providers.setdefault(f"registry.terraform.io/hashicorp/{name.partition('_')[0]}", {})
        provider.setdefault("resource_schemas", {})[name] = {"block": {"attributes": attributes, "block_types": blocks}}
    for file, content in (
        ("schema.json", {"provider_schemas": providers}),
        ("version.json", {"provider_selections": dict.fromkeys(providers, "9.1.0")}),
    ):
        (tmp_path / file).write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(script, "FILE", tmp_path / "taggable.csv")
    monkeypatch.setattr("sys.argv", ["", str(tmp_path / "schema.json"), str(tmp_path / "version.json")])
    (tmp_path / "taggable.csv").write_text("# head\naws_of_old,tags\naws_without,tags\n", encoding="utf-8")
    script.main()
    lines = (tmp_path / "taggable.csv").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "9.1.0" in line]
    assert dict(line.split(",") for line in lines if not line.startswith("#")) == {
        "aws_of_old": "tags",
        **{name: attribute for name, (*_, attribute) in SCHEMAS.items() if attribute},
    }
