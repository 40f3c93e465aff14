"""Infracost's JSON: the fields that scripts read, and sums that fit."""

import json
from decimal import Decimal

import pytest

from guardrail.report import FORMATS
from tests.report import samples


def read(report):
    return json.loads(FORMATS["infracost-json"](report))


def by_name(breakdown):
    return {resource["name"]: resource for resource in breakdown["resources"]}


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.report()])
def test_the_totals_are_the_report_s_and_the_parts_add_up(report):
    data = read(report)
    assert data["version"] == "0.2"
    assert data["currency"] == report.currency
    sides = (
        ("totalMonthlyCost", "breakdown"),
        ("pastTotalMonthlyCost", "pastBreakdown"),
        ("diffTotalMonthlyCost", "diff"),
    )
    totals = (report.totals.monthly_cost, report.totals.monthly_before, report.totals.monthly_delta)
    for (name, side), total in zip(sides, totals, strict=True):
        assert Decimal(data[name]) == total
        assert sum(Decimal(project[side]["totalMonthlyCost"]) for project in data["projects"]) == total
        parts = [resource["monthlyCost"] for project in data["projects"] for resource in project[side]["resources"]]
        assert sum(Decimal(part) for part in parts if part is not None) == total
    for resource in (one for project in data["projects"] for one in project["breakdown"]["resources"]):
        lines = resource["costComponents"] + [
            line for part in resource["subresources"] for line in part["costComponents"]
        ]
        known = [Decimal(line["monthlyCost"]) for line in lines if line["monthlyCost"] is not None]
        assert (resource["monthlyCost"] is None and not known) or Decimal(resource["monthlyCost"]) == sum(known)


def test_a_component_has_the_fields_that_scripts_read():
    (project,) = read(samples.shop())["projects"]
    web = by_name(project["breakdown"])['module.web["eu"].aws_instance.app[0]']
    (component,) = web["costComponents"]
    assert component["name"] == "Instance usage"
    assert (component["hourlyQuantity"], component["monthlyQuantity"]) == ("1", "730")
    assert (component["monthlyCost"], component["priceNotFound"]) == ("242.94", False)
    assert [(part["name"], part["monthlyCost"]) for part in web["subresources"]] == [("root_block_device", "0.64")]
    assert web["metadata"] == {"filename": "main.tf", "startLine": 12}
    assert web["tags"] == {"team": "shop", "owner": "(known after apply)"}


def test_a_change_is_now_less_before_and_what_stays_is_not_in_it():
    (project,) = read(samples.shop())["projects"]
    changes = by_name(project["diff"])
    assert changes['module.web["eu"].aws_instance.app[0]']["costComponents"][0]["monthlyCost"] == "182.2"
    assert changes["aws_ebs_volume.old"]["monthlyCost"] == "-50"
    assert changes["aws_db_instance.main"]["costComponents"][1]["monthlyQuantity"] == "730"
    assert not changes.keys() & {"aws_instance.stays", "aws_instance.retagged"}


def test_what_has_no_price_is_null_and_never_0():
    (project,) = read(samples.shop())["projects"]
    found = by_name(project["breakdown"])
    unpriced = found["aws_nat_gateway.this"]["costComponents"][1]
    assert (unpriced["price"], unpriced["monthlyCost"], unpriced["priceNotFound"]) == (None, None, True)
    usage = found["aws_lambda_function.resize"]["costComponents"][0]
    assert (usage["price"], usage["monthlyCost"], usage["usageBased"]) == ("0.2", None, True)
    assert found["aws_lambda_function.resize"]["monthlyCost"] is None


def test_the_summary_counts_what_will_exist():
    summary = read(samples.shop())["summary"]
    assert summary == {
        "totalDetectedResources": 10,
        "totalSupportedResources": 7,
        "totalUnsupportedResources": 2,
        "totalUsageBasedResources": 1,
        "totalNoPriceResources": 1,
        "unsupportedResourceCounts": {"aws_foo_bar": 2},
        "noPriceResourceCounts": {"aws_iam_role": 1},
        "notEvaluated": 0,
        "lowerBound": True,
    }
