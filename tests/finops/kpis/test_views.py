"""What KPIs read of budgets and anomalies: what the commands say."""

import json
from decimal import Decimal

import pytest

CONFIG = """\
version: 1
budgets:
  - {name: all, spend: 450, period: month}
  - {name: storage, spend: 50, period: quarter, match: {types: [aws_s3_bucket]}}
"""


NAMES = ("forecast-error", "budgets-kept", "cost-under-budget", "anomalies-told", "anomaly-minutes-to-owner")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the configuration."""
    found = tmp_path_factory.mktemp("configured")
    (found / "guardrail.yaml").write_text(CONFIG)
    return found


@pytest.fixture(scope="module")
def values(command, shop, folder):
    """Return the values of KPIs of October by what they are of."""
    where = ("--ledger", str(shop / "ledger"))
    ran = command("kpi", *NAMES, *where, "--month", "2026-10", "--format", "json", cwd=folder)
    assert ran.exit_code == 0, ran.stderr
    found = {one["id"]: {value["of"]: value for value in one["values"]} for one in json.loads(ran.stdout)["kpis"]}
    return found.__getitem__


def test_the_error_of_a_forecast_is_that_of_the_15th_against_the_month(values, command, shop, folder):
    """The outlier of 22 October, 80.99 above what was expected, nobody could forecast."""
    found = values("forecast-error")
    asked = ("budget", "--ledger", str(shop / "ledger"), "--now", "2026-10-15", "--format", "json")
    forecast = Decimal(json.loads(command(*asked, cwd=folder).stdout)["budgets"][0]["forecast"]["amount"])
    assert Decimal(found["all"]["numerator"]) == abs(forecast - Decimal(found["all"]["denominator"]))
    assert found["all"]["denominator"] == "501.2469999994933"
    assert round(Decimal(found["all"]["value"]), 3) == Decimal("0.161")
    assert found["storage"]["missing"] == "its period is not over, or bills do not tell all of it"


def test_budgets_that_are_kept_and_the_cost_that_they_count(values):
    (kept,) = values("budgets-kept").values()
    assert (kept["numerator"], kept["denominator"]) == ("0", "2")
    (counted,) = values("cost-under-budget").values()
    assert (counted["value"], counted["denominator"]) == ("1", "501.2469999994933")


def test_the_alarm_of_october_was_told_to_nobody_though_the_explained_one_does_not_count(values):
    (told,) = values("anomalies-told").values()
    assert (told["numerator"], told["denominator"]) == ("0", "1")
    (minutes,) = values("anomaly-minutes-to-owner").values()
    assert minutes["missing"].startswith("nobody was told of any")


def test_without_budgets_there_is_no_value(run, shop):
    ran = run("kpi", "cost-under-budget", "--ledger", str(shop / "ledger"), "--format", "json")
    (one,) = json.loads(ran.stdout)["kpis"][0]["values"]
    assert one["missing"] == "needs a bill of 2026-10, and a budget in guardrail.yaml that says what may be billed"
