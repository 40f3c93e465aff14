"""`guardrail budget` over the bill of which every total is known."""

import csv
import json
import shutil
from decimal import Decimal

import pytest

CONFIG = """\
version: 1
projects: [{name: shop, path: .}]
budgets:
  - {name: all, spend: 500, alerts: [20, 80, {forecast: 80}]}
"""


@pytest.fixture(scope="session")
def usage_alone(shop, command, tmp_path_factory):
    """Return a copy of the example whose bill has charges for usage alone, with the runs and states of the whole."""
    folder = shutil.copytree(shop, tmp_path_factory.mktemp("usage") / "shop", ignore=shutil.ignore_patterns("charges"))
    with (folder / "bill.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        usage = [row for row in rows if row["ChargeCategory"] == "Usage"]
        with (folder / "usage.csv").open("w", encoding="utf-8", newline="") as made:
            writer = csv.DictWriter(made, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows(usage)
    ran = command("ledger", "import", "usage.csv", "--as", "shop", cwd=folder)
    assert ran.exit_code == 0, ran.stderr
    return folder


@pytest.fixture
def budget(command, shop, tmp_path):
    """Run `guardrail budget` with a configuration of the test's own, over the ledger of the example or another."""

    def call(*args, config=CONFIG, folder=shop):
        file = tmp_path / "guardrail.yaml"
        file.write_text(config, encoding="utf-8")
        return command("budget", "--ledger", str(folder / "ledger"), "--config", str(file), *args, cwd=tmp_path)

    return call


@pytest.fixture
def answered(budget):
    """Return the answer as JSON."""

    def call(*args, **more):
        ran = budget("--format", "json", *args, **more)
        assert (ran.exit_code, ran.stderr) == (0, "")
        return json.loads(ran.stdout)["budgets"]

    return call


def cents(text):
    return Decimal(text).quantize(Decimal("0.01"))


def test_usage_alone_after_10_october_comes_to_304_84_and_with_the_merged_change_to_401_61(answered, usage_alone):
    (found,) = answered("--now", "2026-10-11", folder=usage_alone)
    forecast = found["forecast"]
    assert cents(Decimal(forecast["booked"]) + Decimal(forecast["rate"])) == Decimal("304.84")
    assert cents(forecast["amount"]) == Decimal("401.61")
    assert [(one["address"], one["monthly"]) for one in forecast["known_changes"]] == [
        ("aws_instance.search[0]", "140.16")
    ]
    (truth,) = answered(
        "--now",
        "2026-11-01T00:00:00Z",
        folder=usage_alone,
        config=CONFIG.replace("spend: 500", "spend: 500, period: quarter"),
    )
    assert cents(truth["spent"]) == Decimal("482.25")  # 401.25 without the 81.00 that the bucket came to on the 22nd


def test_with_what_is_booked_on_the_first_october_comes_to_420_61(answered):
    (found,) = answered("--now", "2026-10-11")
    assert cents(found["forecast"]["amount"]) == Decimal("420.61")
    assert (found["forecast"]["begin"], found["forecast"]["days"]) == ("2026-10-11", 21)
    assert cents(found["spent"]) == Decimal("117.03")


def test_a_pull_request_that_is_open_is_a_second_figure_and_one_that_a_later_run_has_is_a_known_change(answered):
    (before,) = answered("--now", "2026-10-10")
    (proposal,) = before["open_pull_requests"]
    assert (proposal["number"], proposal["monthly"]) == (12, "140.16")
    assert before["forecast"]["known_changes"] == []
    assert Decimal(before["if_all_merge"]) == Decimal(before["forecast"]["amount"]) + Decimal(proposal["amount"])
    assert cents(proposal["amount"]) == cents(Decimal("0.192") * 24 * 22)
    (after,) = answered("--now", "2026-10-11")
    assert after["open_pull_requests"] == []
    assert after["if_all_merge"] == after["forecast"]["amount"]
