"""`guardrail recommend --only commitments` from the command line."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from guardrail.recommend.output.shape import RecommendationsDocument
from tests.finops.commitments.conftest import catalog_file as _catalog_file
from tests.finops.conftest import shop_ledger as _shop_ledger

catalog_file, shop_ledger = _catalog_file, _shop_ledger
HEADER = "hour,vendor,region,name,quantity"


@pytest.fixture
def usage(tmp_path):
    """Two m5.large for thirty days."""
    start = datetime(2026, 9, 1, tzinfo=UTC)
    rows = [f"{(start + timedelta(hours=hour)).isoformat()},aws,us-east-1,m5.large,2" for hour in range(720)]
    path = tmp_path / "usage.csv"
    path.write_text("\n".join([HEADER, *rows]))
    return path


@pytest.fixture
def planned(run, catalog_file, monkeypatch):
    """Run `guardrail recommend --only commitments` at made rates."""
    monkeypatch.setenv("COLUMNS", "200")
    (catalog,) = [catalog_file]
    return lambda *args: run(
        "recommend", "--only", "commitments", "--now", "2026-11-20", "--catalog", str(catalog), *map(str, args)
    )


def test_shop_loses_by_its_plan_and_is_told_to_buy_nothing(planned, shop_ledger):
    ran = planned("--ledger", shop_ledger)
    assert ran.exit_code == 0, ran.stderr
    assert "60.0% used in 2026-10, loses $2.98" in ran.stdout
    assert "buy nothing: what is committed already costs more than it saves" in ran.stdout
    document = json.loads(planned("--ledger", shop_ledger, "--format", "json").stdout)
    (found,) = document["commitments"]
    months = found["existing"][0]["months"]
    assert [(one["month"], one["used"], one["saving"]) for one in months] == [
        ("2026-08", "0.6", "-2.976"),
        ("2026-09", "0.6", "-2.88"),
        ("2026-10", "0.6", "-2.976"),
    ]
    assert found["buy"] is None
    assert document["recommendations"] == []


def test_a_purchase_is_a_recommendation_with_what_it_risks(planned, usage):
    ran = planned("--usage-by-hour", usage)
    assert ran.exit_code == 0, ran.stderr
    assert "1 recommendation: $73.00 of what accounts spend" in ran.stdout
    assert "commit to 2 m5.large of reservation (m5 (Linux) in us-east-1) for 1 year, no upfront" in ran.stdout
    assert "$0.10 an hour, 100.0% used · pays if 50.0% is used · paid for after 6.0 of 12 months" in ran.stdout
    assert "100%: $73.00, 90%: $58.40, 80%: $43.80, 70%: $29.20" in ran.stdout
    assert "worst of 1 months: 2026-09, $73.00 a month" in ran.stdout
    assert "2026-11-20 to 2027-11-20, 2027-02-20 to 2028-02-20" in ran.stdout
    assert planned("--usage-by-hour", usage).stdout == ran.stdout


def test_markdown_and_json_say_the_same(planned, usage):
    ran = planned("--usage-by-hour", usage, "--format", "markdown")
    assert "buy for 1 year, no upfront: saves &#36;73.00 of &#36;146.00 a month on demand" in ran.stdout
    document = json.loads(planned("--usage-by-hour", usage, "--format", "json").stdout)
    (recommendation,) = document["recommendations"]
    assert (recommendation["id"], recommendation["saving"]) == ("aws-1yr-no-upfront", "73")
    (found,) = document["commitments"]
    assert found["buy"]["purchases"] == [
        {
            "kind": "reservation",
            "scope": "m5 (Linux) in us-east-1",
            "amount": "2",
            "unit": "m5.large",
            "hourly": "0.1",
            "upfront": "0",
            "source": "made",
            "as_of": "2026-11-01",
        }
    ]
    assert found["buy"]["at"]["70"]["saving"] == "29.2"
    assert len(found["ladder"]) == 4


def test_a_purchase_can_be_dismissed(planned, usage, tmp_path):
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrecommend: {dismissals: no.yaml}\n")
    (tmp_path / "no.yaml").write_text(
        "dismissals: [{kind: commitments, address: 'aws*', reason: moving away, expires: 2027-01-01}]\n"
    )
    ran = planned("--usage-by-hour", usage)
    assert ran.exit_code == 0, ran.stderr
    assert "Dismissed" in ran.stdout
    assert "moving away (until 2027-01-01)" in ran.stdout


def test_the_shipped_catalog_has_no_rate_and_says_what_brings_one(run, usage):
    ran = run("recommend", "--only", "commitments", "--usage-by-hour", usage)
    assert ran.exit_code == 0, ran.stderr
    assert "buy nothing: no rate" in ran.stdout
    assert (
        "`guardrail pricing sync --commitments --vendor aws --service AmazonEC2 --region us-east-1` may" in ran.stdout
    )


def test_without_a_bill_it_is_said_what_to_import(planned, tmp_path):
    (tmp_path / "ledger").mkdir()
    ran = planned("--ledger", "ledger")
    assert ran.exit_code == 2
    assert ran.stderr.startswith("guardrail: ledger: no bill with hours of use: nothing to plan commitments from")
    assert "guardrail ledger import" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "row, said",
    [
        ("2026-09-01T00:00:00,aws,us-east-1,m5.large,2", "does not say its offset from UTC"),
        ("noon,aws,us-east-1,m5.large,2", "is no hour like 2026-10-25T13:00:00Z"),
        ("2026-09-01T00:00:00Z,was,us-east-1,m5.large,2", 'is no vendor; did you mean "aws"?'),
        ("2026-09-01T00:00:00Z,aws,us-east-1,m5.large,-2", "'-2' is no quantity"),
        ("2026-09-01T00:00:00Z,aws,us-east-1,m5.large,NaN", "'NaN' is no quantity"),
        ("2026-09-01T00:00:00Z,aws,us-east-1,m5.large,1e-30", "more than 18 decimals"),
        ("2026-09-01T00:00:00Z,aws,us-east-1,db.m5.large,2", "needs its engine in the column `what`"),
        ("2026-09-01T00:00:00Z,aws,us-east-1,,2", "a row has hour, vendor, region, name, quantity"),
    ],
)
def test_a_usage_file_is_refused_with_its_line(planned, tmp_path, row, said):
    path = tmp_path / "usage.csv"
    path.write_text(f"{HEADER}\n{row}\n")
    ran = planned("--usage-by-hour", path)
    assert ran.exit_code == 2
    assert "usage.csv:2: " in ran.stderr
    assert said in ran.stderr


def test_hours_of_both_sides_of_a_clock_change_are_two(planned, tmp_path):
    # 01:00 comes twice in Berlin on 25 October: the offsets tell them apart
    hours = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    path = tmp_path / "usage.csv"
    path.write_text("\n".join([HEADER, *(f"{hour},aws,us-east-1,m5.large,1" for hour in hours)]))
    assert "from 0 days" in planned("--usage-by-hour", path).stdout


def test_a_commitment_that_ends_is_planned_for_again(planned, shop_ledger):
    plan = "arn:aws:savingsplans::111111111111:savingsplan/00000000-0000-4000-8000-000000000001"
    ran = planned("--ledger", shop_ledger, "--ending", plan, "--format", "json")
    assert ran.exit_code == 0, ran.stderr
    document = json.loads(ran.stdout)
    (found,) = document["commitments"]
    assert found["existing"] == []
    # the machine that was covered is on demand now, beside the other: 2 x 92 days x 24 hours x 0.096
    assert (found["not_planned"][0]["name"], found["not_planned"][0]["on_demand"]) == ("m5.large", "423.936")
    assert f"planned for as if it had ended: {plan}" in document["notes"]
    other = planned("--ledger", shop_ledger, "--ending", plan[:-1] + "2")
    assert other.exit_code == 2
    assert f'did you mean "{plan}"' in other.stderr


FLEET = """
provider "aws" {
  region = "us-east-1"
}
resource "aws_instance" "web" {
  count         = 3
  ami           = "ami-1"
  instance_type = "c5.xlarge"
}
resource "aws_instance" "job" {
  ami           = "ami-1"
  instance_type = "c5.xlarge"

  instance_market_options {
    market_type = "spot"
  }
}
"""


def test_without_a_bill_what_plans_have_is_planned_for_as_if_it_always_ran(run, tmp_path):
    (tmp_path / "main.tf").write_text(FLEET)
    ran = run("recommend", ".", "--only", "commitments", "--now", "2026-11-20", "--format", "json")
    RecommendationsDocument.model_validate_json(ran.stdout)
    assert ran.exit_code == 0, ran.stderr
    document = json.loads(ran.stdout)
    (found,) = document["commitments"]
    assert found["of_plans"]
    (purchase,) = found["buy"]["purchases"]
    assert (purchase["scope"], purchase["amount"]) == ("c5 (Linux) in us-east-1", "3")
    assert document["recommendations"][0]["confidence"] == "low"
    text = run("recommend", ".", "--only", "commitments", "--now", "2026-11-20").stdout
    assert "without a bill: as if what plans and states have ran in every hour" in text
    assert "rates are of 2025-01-14" in text


def test_a_plan_without_machines_says_what_to_import(run, tmp_path):
    (tmp_path / "main.tf").write_text('resource "aws_kms_key" "this" {}\n')
    ran = run("recommend", ".", "--only", "commitments")
    assert ran.exit_code == 0, ran.stderr
    assert "no bill with hours of use: nothing to plan commitments from; import bills with hours" in ran.stdout


POOL = """
resource "google_container_node_pool" "p" {
  cluster    = "c"
  location   = "us-central1"
  node_count = 2
  node_config {
    machine_type = "n2-standard-2"
  }
}
"""


def test_beside_what_lowers_the_use_a_purchase_is_in_no_sum(run, tmp_path, usage):
    (tmp_path / "main.tf").write_text(POOL)
    config = "version: 1\nprojects: [{name: shop, path: ., env: dev}]\nrecommend: {spot: {environments: [dev]}}\n"
    (tmp_path / "guardrail.yaml").write_text(config)
    usage.write_text(usage.read_text().replace("m5.large", "c5.xlarge"))
    ran = run("recommend", "--usage-by-hour", str(usage), "--now", "2026-11-20", "--format", "json")
    RecommendationsDocument.model_validate_json(ran.stdout)
    assert ran.exit_code == 0, ran.stderr
    found = {one["kind"]: one for one in json.loads(ran.stdout)["recommendations"]}
    assert found["spot"]["counted"]
    assert not found["commitments"]["counted"]
    assert found["commitments"]["notes"][-1].startswith("not in the sum: other recommendations lower the use")
