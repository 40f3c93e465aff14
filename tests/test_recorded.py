"""The benchmarks that hold estimates against recorded ones, on a case of their own; and the data that docs/accuracy.md is made of."""

import csv
import json
import sys
from collections import Counter
from decimal import Decimal

import pytest

from benchmarks import accuracy, region_swap
from guardrail.model.cost import Cost, Line, LineStatus, ResourceStatus
from tests.terraform import plans

EXPECTED = {
    "aws_nat_gateway.out": [
        {"name": "NAT gateway", "unit": "hours", "monthly_cost": "35.04"},
        {"name": "Data processed", "unit": "GB", "unit_price": "0.048"},
    ],
    "aws_lb.web": [
        {"name": "Application load balancer", "unit": "hours", "monthly_cost": "99.00"},
        {"name": "Load balancer capacity units", "unit": "LCU", "unit_price": "7.77"},
    ],
    "aws_nothing.known": [{"name": "Something", "unit": "hours", "monthly_cost": "1.00"}],
}


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A folder with one recorded case, and a folder for what the scripts write."""
    changes = [
        plans.change("aws_nat_gateway.out", {"subnet_id": "s"}, type="aws_nat_gateway", name="out"),
        plans.change("aws_lb.web", {"load_balancer_type": "application"}, type="aws_lb", name="web"),
        plans.change("aws_nothing.known", {}, type="aws_nothing", name="known"),
    ]
    case = tmp_path / "cases" / "aws" / "made"
    case.mkdir(parents=True)
    (case / "plan.json").write_text(json.dumps(plans.document(*changes)), encoding="utf-8")
    (case / "expected.json").write_text(json.dumps(EXPECTED), encoding="utf-8")
    reasons = "type,case,resource,line,kind,reason,source\naws_lb,*,*,total,theirs,it is not so,https://example.org\n"
    (tmp_path / "reasons.csv").write_text(reasons, encoding="utf-8")
    for module in (accuracy, region_swap):
        monkeypatch.setattr(module, "DATA", tmp_path)
    monkeypatch.setattr(sys, "argv", ["script", str(tmp_path / "cases")])
    return tmp_path


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_differs_is_written_with_its_reason_and_printed_without(recorded, capsys):
    accuracy.main()
    assert {
        row["type"]: (row["resources"], row["same"], row["prices"], row["same_prices"])
        for row in rows(recorded / "compared.csv")
    } == {
        "aws_lb": ("1", "0", "1", "0"),
        "aws_nat_gateway": ("1", "1", "1", "1"),
        "aws_nothing": ("1", "0", "0", "0"),
    }
    assert [(row["resource"], row["line"], row["kind"], row["reason"]) for row in rows(recorded / "misses.csv")] == [
        ("aws_lb.web", "total", "theirs", "it is not so"),
        ("aws_lb.web", "Load balancer capacity units", "not examined", ""),
        ("aws_nothing.known", "total", "ours", "not defined yet"),
    ]
    told = capsys.readouterr().out
    assert "aws: 1 of 3 (33.3%) resources, 1 of 2 (50.0%) unit prices" in told
    assert "no reason: aws_lb.web: Load balancer capacity units" in told


def test_a_folder_without_cases_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script", str(tmp_path)])
    with pytest.raises(SystemExit, match="no cases in it"):
        accuracy.main()


@pytest.mark.parametrize(
    "price, written, same",
    [
        ("0.112", "0.11", True),  # records round to cents
        ("0.118", "0.11", False),
        ("0.0000002", "0.20", True),  # a request, a million requests
        ("0.044", "0.04", False),  # below 0.1 they do not round
        ("0", "0.00", True),
        ("0.005", "0.00", False),
    ],
)
def test_a_unit_price_is_the_same_whatever_power_of_ten_it_is_for(price, written, same):
    line = Line("x", "requests", LineStatus.USAGE, unit_price=Decimal(price))
    assert accuracy.has_price(Cost((line,), ResourceStatus.PARTIAL), written) is same


def test_a_plan_is_moved_to_other_regions(recorded, capsys):
    with pytest.raises(SystemExit) as ended:
        region_swap.main()
    assert ended.value.code == 0
    found = {row["region"]: (row["resources"], row["priced"]) for row in rows(recorded / "regions.csv")}
    assert found["eu-central-1"] == ("2", "1"), "no load balancers there"
    assert "aws eu-central-1: 1 of 2 (50.0%)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "vendor, region, value, moved",
    [
        ("aws", "sa-east-1", {"zone": "us-east-1a", "arn": "arn:aws:sns:us-gov-west-1:1:x"}, {"zone": "sa-east-1a", "arn": "arn:aws:sns:sa-east-1:1:x"}),
        ("aws", "sa-east-1", ["ap-southeast-2", 7, None, "northeast"], ["sa-east-1", 7, None, "northeast"]),
        ("azure", "uksouth", {"location": "East US", "name": "eastus-app"}, {"location": "uksouth", "name": "eastus-app"}),
        ("gcp", "asia-south1", {"zone": "us-central1-a", "location": "US"}, {"zone": "asia-south1-a", "location": "US"}),
    ],
)  # fmt: skip
def test_regions_and_zones_are_replaced_and_nothing_else(vendor, region, value, moved):
    assert region_swap.swapped(value, region_swap.mover(frozenset({"eastus"}), vendor, region)) == moved


def test_the_data_of_the_page_agrees_with_itself():
    counts, misses = rows(accuracy.DATA / "compared.csv"), rows(accuracy.DATA / "misses.csv")
    differing = Counter((row["type"], row["line"] == accuracy.TOTAL) for row in misses)
    for row in counts:
        assert differing[row["type"], True] == int(row["resources"]) - int(row["same"]), row["type"]
        assert differing[row["type"], False] == int(row["prices"]) - int(row["same_prices"]), row["type"]
    assert {row["kind"] for row in misses} <= set(accuracy.KINDS)
    assert all(row["reason"] for row in misses if row["kind"] != "not examined")
    assert list(accuracy.read_reasons())


def test_every_difference_of_aws_has_been_looked_into():
    misses = [row for row in rows(accuracy.DATA / "misses.csv") if row["vendor"] == "aws"]
    assert {row["kind"] for row in misses} <= {"theirs", "price changed", "gap"}
