"""Months as they come: of AWS's own reports, of resources that come, go and are replaced, of projects known by a tag alone."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.adding import Adding
from guardrail.ledger.writing.importing import Importing
from tests.ledger.bills import CUR, FOCUS, table
from tests.ledger.conftest import state

TF = """
resource "aws_instance" "a" {{
  instance_type = "{type}"
  launch_template {{
    id = aws_launch_template.t.id
  }}
}}
resource "aws_launch_template" "t" {{
  name = "t"
  block_device_mappings {{
    device_name = "/dev/xvda"
    no_device   = "true"
  }}
}}
provider "aws" {{
  region = "us-east-1"
}}
"""


@pytest.fixture
def shop(run, tmp_path):
    """A ledger to be filled with estimates of a machine, states and bills, and the answer to be asked for."""

    class Shop:
        store = Folder(tmp_path / "ledger")

        def estimate(self, at, kind="m5.large", project="shop"):
            (tmp_path / "tf").mkdir(exist_ok=True)
            (tmp_path / "tf" / "main.tf").write_text(TF.format(type=kind))
            ran = run("estimate", "tf", "--project", project, "--now", at, "--format", "json")
            assert ran.exit_code == 0, ran.stderr
            self.add(ran.stdout.encode(), at, project)

        def state(self, at, identifier, address="aws_instance.a", project="shop"):
            self.add(state((address, {"id": identifier}, {})), at, project)

        def add(self, data, at, project):
            adding = Adding(datetime.fromisoformat(at).replace(tzinfo=UTC), project, {})
            for fact in adding.facts(data, where="input", store=self.store):
                self.store.put(fact.path, fact.data)

        def bill(self, text, source="aws"):
            (tmp_path / "bill.csv").write_text(text)
            Importing(source, "", datetime(2026, 11, 20, tzinfo=UTC), False).run([tmp_path / "bill.csv"], self.store)

        def parts(self, *args):
            ran = run("accuracy", "--format", "json", "--by", "project,address", *args)
            assert (ran.exit_code, ran.stderr) == (0, "")
            found = json.loads(ran.stdout)
            assert {line["residual"] for line in [*found["lines"], *found["totals"]]} <= {"0"}
            return {
                line["keys"]["address"]: {name: amount for name, amount in line["parts"].items() if amount != "0"}
                for line in found["lines"]
            }

    return Shop()


def days(first, last, price="0.096", meter="BoxUsage:m5.large", **more):
    """Return rows of FOCUS for a machine that runs on days of October."""
    for day in range(first, last + 1):
        begin = datetime(2026, 10, day, tzinfo=UTC)
        cost = str(24 * Decimal(price))
        yield {
            "ResourceId": "i-1",
            "ConsumedQuantity": "24",
            "ListUnitPrice": price,
            "x_UsageType": meter,
            "ListCost": cost,
            "ContractedCost": cost,
            "BilledCost": cost,
            "EffectiveCost": cost,
            "ChargePeriodStart": f"{begin:%FT%TZ}",
            "ChargePeriodEnd": f"{begin + timedelta(days=1):%FT%TZ}",
            **more,
        }


def focus(*rows):
    return table(FOCUS, *rows)


def test_a_machine_that_is_replaced_in_mid_month_has_both_ids(shop):
    shop.estimate("2026-09-30")
    shop.state("2026-09-30", "i-1")
    shop.state("2026-10-15", "i-2")
    shop.bill(focus(*days(1, 15), *days(16, 31, ResourceId="i-2")))
    assert shop.parts() == {"aws_instance.a": {"time": "1.344"}}


def test_a_machine_that_is_resized_in_mid_month(shop):
    shop.estimate("2026-09-30")
    shop.estimate("2026-10-16", "m5.xlarge")
    shop.state("2026-09-30", "i-1")
    shop.bill(focus(*days(1, 15), *days(16, 31, "0.192", "BoxUsage:m5.xlarge")))
    # 744 hours of the new one are 142.848, 384 are 73.728; 360 hours of the old one are 34.56.
    assert shop.parts() == {"aws_instance.a": {"time": "2.688", "existence": "-34.56"}}


def test_a_machine_that_is_deleted_and_one_that_is_only_in_the_state(shop):
    shop.estimate("2026-09-30")
    shop.state("2026-09-30", "i-1")
    shop.state("2026-10-11", "i-9", "aws_instance.other")
    shop.add(b'{"format_version":"1.0","values":{"root_module":{}}}', "2026-10-12", "shop")
    shop.bill(focus(*days(1, 10)))
    assert shop.parts() == {"aws_instance.a": {"time": "1.344", "existence": "-48.384"}}


def test_a_machine_that_is_estimated_and_never_billed(shop):
    shop.estimate("2026-09-30")
    shop.state("2026-09-30", "i-1")
    shop.bill(focus(*days(1, 31, ResourceId="i-9")))
    assert shop.parts() == {"aws_instance.a": {"not_billed": "-70.08"}, None: {"not_modelled": "71.424"}}


def test_charges_that_a_tag_says_the_project_of_are_compared_as_a_sum(shop, tmp_path):
    (tmp_path / "guardrail.yaml").write_text("version: 1\nledger: {project_tag: app}\n")
    shop.estimate("2026-09-30")
    shop.bill(focus(*days(1, 31, ResourceId="i-9", Tags='{"app": "shop"}')))
    assert shop.parts() == {None: {"unexplained": "1.344"}}
    (tmp_path / "guardrail.yaml").write_text("version: 1\nledger: {address_tag: app}\n")
    shop.bill(focus(*days(1, 31, ResourceId="i-9", Tags='{"app": "aws_instance.a"}')))
    assert shop.parts() == {"aws_instance.a": {"time": "1.344"}}


def test_two_projects_that_share_an_account(shop):
    for name, number in (("shop", 1), ("search", 2)):
        shop.estimate("2026-09-30", project=name)
        shop.state("2026-09-30", f"i-{number}", project=name)
    shop.bill(focus(*days(1, 31), *days(1, 31, ResourceId="i-2", ListCost="3", EffectiveCost="3")))
    assert shop.parts("--project", "shop") == {"aws_instance.a": {"time": "1.344"}}
    assert shop.parts("--project", "search") == {"aws_instance.a": {"time": "1.344", "price": "21.576"}}


def cur(*rows):
    """Return a report of AWS's own: each row is a day of a kind of line, with its amounts."""
    columns = (
        "lineItem/UnblendedCost",
        "pricing/publicOnDemandCost",
        "savingsPlan/SavingsPlanEffectiveCost",
        "lineItem/UsageAmount",
    )
    found = []
    for kind, day, resource, amounts, *more in rows:
        begin = f"2026-10-{day:02}T00:00:00Z"
        end = f"{datetime(2026, 10, day, tzinfo=UTC) + timedelta(days=1):%FT%TZ}"
        told = dict(zip(columns, amounts, strict=True)) | {
            "lineItem/LineItemType": kind,
            "lineItem/ResourceId": resource,
        }
        found.append(
            {**CUR, **told, "lineItem/UsageStartDate": begin, "lineItem/UsageEndDate": end, **(more[0] if more else {})}
        )
    held = io.StringIO()
    writer = csv.DictWriter(
        held, list(dict.fromkeys(name for row in found for name in row)), restval="", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(found)
    return held.getvalue()


def test_a_report_of_aws_with_a_savings_plan(shop):
    shop.estimate("2026-09-30")
    shop.state("2026-09-30", "i-1")
    plan = {"savingsPlan/SavingsPlanARN": "arn:aws:savingsplans::1:savingsplan/a", "pricing/unit": "Hrs"}
    shop.bill(
        cur(
            *(("SavingsPlanCoveredUsage", day, "i-1", ("2.304", "2.304", "1.44", "24"), plan) for day in range(1, 32)),
            *(("SavingsPlanNegation", day, "i-1", ("-2.304", "0", "", "24"), plan) for day in range(1, 32)),
        )
    )
    assert shop.parts() == {"aws_instance.a": {"time": "1.344", "commitments": "-26.784"}}
