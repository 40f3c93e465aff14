"""Bills, runs, rules of allocation, budgets and months of a ledger, so many of each."""

import csv
from datetime import date, timedelta
from itertools import pairwise

import pytest

from benchmarks.growth import configured
from tests.dashboard.made import HEAD, charge, months
from tests.growth.work import MORE
from tests.ledger.conftest import result

NOW = ("--now", "2026-11-20")
MONTH = ("--month", "2026-10", "--format", "json")
BY_TAG = "rules:\n  - tag: team\n"


def charges(size, month="2026-10"):
    """Charges of as many teams and resources."""
    return [charge(month, "1.5", team=f"t{number}", resource=f"i-{number}") for number in range(size)]


def daily(size):
    """Charges of as many teams on each of sixty days."""
    days = [(date(2026, 9, 1) + timedelta(number)).isoformat() for number in range(61)]
    for day, after in pairwise(days):
        for currency, begin, end, _, _, *rest in charges(size, day[:7]):
            yield (currency, begin, end, f"{day}T00:00:00Z", f"{after}T00:00:00Z", *rest)


@pytest.fixture
def ledger(command):
    """Write a ledger with a bill: `ledger(folder, rows)`; `rules` of allocation."""

    def write(folder, rows, rules=BY_TAG):
        with (folder / "bill.csv").open("w", newline="") as file:
            csv.writer(file).writerows([HEAD, *rows])
        (folder / "allocation.yaml").write_text("version: 1\n" + rules)
        ran = command("ledger", "import", "bill.csv", "--as", "aws", *NOW, cwd=folder)
        assert ran.exit_code == 0, ran.stderr

    return write


def runs(folder, size):
    """Write results of so many projects."""
    names = [f"run-{number}.json" for number in range(size)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(result(f"p{number}"))
    return names


QUESTIONS = {
    "spend by resource": (40, ("spend", "--by", "resource", *MONTH), BY_TAG),
    "shared costs": (
        30,
        ("spend", "--allocated", *MONTH),
        BY_TAG + "shared:\n  - {name: p, match: {team: t0}, split: proportional}\n",
    ),
    "pages": (4, ("dashboard", "--out", "site", *NOW), BY_TAG),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_three_times_the_teams_and_resources_take_three_times_the_work(name, growth, ledger):
    size, args, rules = QUESTIONS[name]
    assert growth(lambda folder, many: ledger(folder, charges(many), rules) or args, size) < MORE


def test_three_times_the_series_of_days_take_three_times_the_work(growth, ledger):
    asked = ("anomalies", "--format", "json", "--now", "2026-10-31")
    assert growth(lambda folder, size: ledger(folder, daily(size)) or asked, 6) < MORE


def test_three_times_the_rules_of_allocation_take_three_times_the_work(growth, ledger):
    def write(folder, size):
        own = "".join(f"  - {{match: {{service: 'x{number}*'}}, to: t{number}}}\n" for number in range(size))
        shared = "".join(f"  - {{name: p{n}, match: {{service: 'y{n}*'}}, split: even}}\n" for n in range(size))
        ledger(folder, charges(3), f"rules:\n  - tag: team\n{own}shared:\n{shared}")
        return ("spend", "--allocated", *MONTH)

    assert growth(write, 20) < MORE


def test_three_times_the_months_take_three_times_the_work(growth, ledger):
    def write(folder, size):
        ledger(folder, [one for month in months("2024-01", 34)[-size:] for one in charges(2, month)])
        return ("dashboard", "--out", "site", "--months", str(size), *NOW)

    assert growth(write, 3) < MORE


def test_three_times_the_budgets_take_three_times_the_work(growth, ledger):
    def write(folder, size):
        ledger(folder, charges(size))
        match = "{{name: b{0}, spend: 100, period: month, match: {{tags: {{team: t{0}}}}}}}"
        configured(folder, "budgets:\n" + "".join(f"  - {match.format(number)}\n" for number in range(size)))
        return ("budget", "--forecast", "--format", "json", *NOW)

    assert growth(write, 10) < MORE


def test_three_times_the_runs_take_three_times_the_work_to_add(growth):
    assert growth(lambda folder, size: ("ledger", "add", *runs(folder, size), *NOW), 10) < MORE


@pytest.mark.parametrize("args", [("ledger", "show"), ("ledger", "verify"), ("accuracy", *MONTH)], ids=" ".join)
def test_three_times_the_files_take_three_times_the_work(args, growth, command, ledger):
    def write(folder, size):
        ledger(folder, charges(size))
        ran = command("ledger", "add", *runs(folder, size), "--now", "2026-10-01", cwd=folder)
        assert ran.exit_code == 0, ran.stderr
        return args

    assert growth(write, 10) < MORE
