"""`guardrail budget` over the bill of which every total is known."""

import csv
import json
import shutil
from decimal import Decimal

import pytest

from guardrail.finops.budgets.shape import BudgetsDocument

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


ALL = "version: 1\nprojects: [{name: shop, path: .}]\nbudgets:\n"
SHOWN = (
    ALL
    + """\
  - {name: all, spend: 450, alerts: [20, {forecast: 90, block: true}]}
  - {name: shop, match: {project: shop}, amounts: {2026-10: 300, 2026-11: 300, 2026-12: 400}, period: quarter}
  - {name: search, match: {tags: {team: search}}, spend: 100, cost: billed, alerts: [50]}
  - {name: a year, spend: 5000, period: year}
  - {name: plans alone, monthly: 10}
"""
)


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "json"])
def test_each_format_tells_all_of_several_budgets(budget, golden, format_name):
    ran = budget("--format", format_name, "--with-open-pull-requests", "--now", "2026-10-11", config=SHOWN)
    assert (ran.exit_code, ran.stderr) == (1, "")
    golden(f"budget.{format_name}", ran.stdout)
    if format_name == "json":
        BudgetsDocument.model_validate_json(ran.stdout)


def test_without_options_what_is_spent_is_told_and_what_is_passed(budget):
    ran = budget("--now", "2026-10-11")
    assert ran.exit_code == 0
    assert ran.stdout == (
        "budget  period     spent   amount   used\n"
        "all     2026-10  $117.03  $500.00  23.4%\n"
        "\n"
        "all, 2026-10\n"
        "  alert: more than 20% of $500.00 is spent, $117.03\n"
        "  alert: the forecast is more than 80% of $500.00, $420.61\n"
        "  bills until 2026-10-11 00:00 UTC, effective cost\n"
    )


def test_equal_facts_give_equal_bytes_and_what_comes_after_now_counts_for_nothing(budget):
    first, second = (budget("--format", "json", "--now", "2026-09-15").stdout for _ in range(2))
    assert first == second
    assert "search" not in first


@pytest.mark.parametrize(
    "alert, now, code",
    [
        ("{spent: 100, block: true}", "2026-10-11", 0),
        ("{spent: 20, block: true}", "2026-10-11", 1),
        ("{spent: 20}", "2026-10-11", 0),
        ("{forecast: 80, block: true}", "2026-10-11", 1),
        ("{spent: 100, block: true}", "2026-11-20", 2),  # there is no bill of November
        ("{spent: 100}", "2026-11-20", 0),
        ("{forecast: 100, block: true}", "2027-03-01", 2),
    ],
)
def test_only_an_alert_that_blocks_makes_the_exit_code_1_and_one_that_nothing_tells_2(budget, alert, now, code):
    config = f"{ALL}  - {{name: all, spend: 500, alerts: [{alert}]}}\n"
    assert budget("--now", now, config=config).exit_code == code


@pytest.mark.parametrize(
    "config, said",
    [
        ("version: 1\n", "no budget says what may be billed (add one: budgets: [{name: all, spend: 1000"),
        (ALL + "  - {name: a, monthly: 3}\n", "no budget says what may be billed"),
        (ALL + "  - {name: a, spend: 1, amounts: {2026-10: 1}}\n", "guardrail.yaml:4: budgets.0: spend and amounts are two ways"),
        (ALL + "  - {name: a, alerts: [50]}\n", "guardrail.yaml:4: budgets.0: alerts are shares of what may be billed"),
        (ALL + "  - {name: a, spend: 1, alerts: [{spent: 1, forecast: 2}]}\n", "guardrail.yaml:4: budgets.0.alerts.0: an alert is a share of either"),
        (ALL + "  - {name: a, spend: 1, alerts: [-1]}\n", "guardrail.yaml:4: budgets.0.alerts.0: should be greater than 0, not -1"),
        (ALL + "  - {name: a, amounts: {2026-13: 1}}\n", "guardrail.yaml:4: budgets.0.amounts.2026-13: "),
        (ALL + "  - {name: a, spend: 1, cost: list}\n", "guardrail.yaml:4: budgets.0.cost: "),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_configuration_is_one_line_with_its_place(budget, config, said):
    ran = budget("--now", "2026-10-11", config=config)
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert said in ran.stderr


def test_a_budget_that_is_not_there_and_a_ledger_without_a_bill_are_said(budget, tmp_path):
    ran = budget("--budget", "al")
    assert (ran.exit_code, ran.stderr) == (
        2,
        "guardrail: guardrail.yaml has no budget 'al' (did you mean \"all\"?)\n",
    )
    ran = budget(folder=tmp_path)
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "bill" in ran.stderr


def test_names_with_escape_sequences_and_markup_are_spelled_out(budget):
    config = ALL + '  - {name: "\\e[31m<b>|::error::\\n##[x]", spend: 0, alerts: [5]}\n'
    for format_name in ("terminal", "markdown"):
        text = budget("--now", "2026-10-11", "--format", format_name, config=config).stdout
        assert "\x1b" not in text
        assert "##[" not in text
    assert "<b>" not in text


NOTIFY = "notify: {channels: [{name: costs, slack: {}}]}\n"


def test_people_are_told_of_the_largest_share_that_is_passed_of_what_is_spent_and_of_the_forecast(budget):
    config = ALL + "  - {name: all, spend: 450, alerts: [5, 20, {forecast: 50}, {forecast: 90}]}\n" + NOTIFY
    ran = budget("--now", "2026-10-11", "--notify", "--dry-run", config=config)
    assert ran.exit_code == 0
    told = [line for line in ran.stderr.splitlines() if line.startswith("would send")]
    assert told == [
        "would send to costs: budget all, 2026-10: the forecast is more than 90% of $450.00, $420.61",
        "would send to costs: budget all, 2026-10: more than 20% of $450.00 is spent, $117.03",
    ]
    assert "  how sure: no interval, too little history (n = 4); month totals were off by 0.1%" in ran.stderr


def test_what_could_not_be_sent_is_exit_code_4_after_the_answer(budget):
    ran = budget("--now", "2026-10-11", "--notify", config=CONFIG + NOTIFY)
    assert ran.exit_code == 4
    assert ran.stdout.startswith("budget  period")
    assert "there is no SLACK_WEBHOOK_URL" in ran.stderr


def test_notify_without_a_channel_is_refused_before_anything_is_read(budget, tmp_path):
    ran = budget("--notify", folder=tmp_path)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "guardrail.yaml has no channel" in ran.stderr
