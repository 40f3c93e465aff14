"""The JSON contract."""

import json
from datetime import date
from decimal import Decimal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.model.unknown import Unknown
from guardrail.report.json.document import report_schema
from guardrail.report.json.v1 import json_v1
from tests.report import samples
from tests.report.schemas import exact_report_validator, report_validator


def read(report):
    document = json.loads(json_v1(report))
    exact_report_validator().validate(document)
    return document


def test_the_schema_is_one():
    assert report_schema()["properties"]["schema"] == {"enum": ["guardrail.report/v1"]}


def test_the_schema_refuses_what_is_not_a_report():
    document = read(samples.shop())
    document["projects"][0]["resources"][0]["monthly_cost"] = 12.5
    with pytest.raises(jsonschema.ValidationError, match="exact decimal; null where"):
        report_validator().validate(document)


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.report()])
def test_reports_keep_the_contract(report):
    document = read(report)
    assert document["verdict"] == report.verdict
    assert len(document["projects"]) == len(report.projects)


def test_amounts_are_exact_and_null_where_they_are_not_known():
    by_address = {r["address"]: r for r in read(samples.shop())["projects"][0]["resources"]}
    assert by_address["aws_ebs_volume.old"]["monthly_delta"] == "-50"
    assert by_address["aws_ebs_volume.old"]["monthly_cost"] == "0"
    assert by_address["aws_foo_bar.a"]["monthly_cost"] is None
    assert by_address["aws_foo_bar.a"]["status"] == "unsupported"
    assert by_address["aws_lambda_function.resize"]["monthly_cost"] is None
    assert by_address["aws_lambda_function.resize"]["components"][0]["monthly_cost"] is None
    assert by_address["aws_iam_role.app"]["monthly_cost"] == "0"


def test_prices_tags_evidence_and_waivers_are_carried():
    project = read(samples.shop())["projects"][0]
    app = project["resources"][0]
    assert app["components"][0]["price"] == {
        "sku": "SKU1",
        "source": "aws-bulk",
        "as_of": "2026-08-14",
        "service": "AmazonEC2",
        "region": "eu-west-1",
        "purchase_option": "on_demand",
    }
    assert app["components_before"][0]["monthly_cost"] == "60.74"
    assert (app["tags"], app["tags_unknown"], app["file"], app["line"]) == (
        {"team": "shop", "owner": None},
        False,
        "main.tf",
        12,
    )
    findings = {finding["rule"]: finding for finding in project["findings"]}
    assert findings["required-tags"]["evidence"] == {"missing": ["team"], "region": None}
    assert findings["oversized-instance"]["waiver"]["expires"] == "2026-12-31"


@pytest.mark.parametrize(
    "value, written",
    [
        (Unknown("a.b"), None),
        (Decimal("1.50"), "1.5"),
        (float("inf"), "inf"),
        pytest.param(10**400, 10**400, id="large"),
        pytest.param(10**5000, "a number of more than 4,000 digits", id="huge"),
        (date(2026, 1, 2), "2026-01-02"),
        ({"a": (1, Unknown("x"))}, {"a": [1, None]}),
        (True, True),
    ],
)
def test_evidence_is_json(value, written):
    report = samples.report(findings=[samples.finding(evidence={"it": value})])
    assert json.loads(json_v1(report))["projects"][0]["findings"][0]["evidence"] == {"it": written}


def test_evidence_may_be_nested_without_end():
    deep: object = "bottom"
    for _ in range(5_000):
        deep = [deep]
    text = json_v1(samples.report(findings=[samples.finding(evidence={"it": deep})]))
    assert "bottom" not in text
    assert json.loads(text)["projects"][0]["findings"][0]["rule"] == "required-tags"


@given(st.lists(st.text(), max_size=6), st.lists(st.text(), max_size=6))
def test_every_resource_and_finding_is_there_once_and_in_order(addresses, rules):
    report = samples.report(
        [samples.resource(address) for address in addresses], [samples.finding(rule) for rule in rules]
    )
    text = json_v1(report)
    assert text.isascii()
    project = json.loads(text)["projects"][0]
    assert [resource["address"] for resource in project["resources"]] == addresses
    assert [finding["rule"] for finding in project["findings"]] == rules


def test_half_a_character_is_replaced_and_whole_ones_are_kept():
    name = "\ud83d half, 🎉 whole, \\ud83d spelled, C:\\\\\\udc00"
    assert (
        read(samples.report(name=name))["projects"][0]["name"]
        == "\ufffd half, 🎉 whole, \\ud83d spelled, C:\\\\\\udc00"
    )
