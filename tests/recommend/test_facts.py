"""What recommendations stand on beside plans: files of metrics, also hostile ones, and a ledger."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.importing import Importing
from guardrail.metrics.day import MetricDay
from guardrail.recommend.facts import facts_of_ledger
from guardrail.recommend.metrics import p99_bound, windows
from tests.recommend.conftest import COLUMNS, days_of, state_of

EAST = {"availability_zone": "us-east-1a"}
MACHINE = {"aws_instance.a": {"id": "i-1", "instance_type": "m6a.2xlarge", **EAST}}
HEAD = ",".join(COLUMNS)


def day_of(values, number=0):
    """A day of samples with the quantiles that they have."""
    some = sorted(values)

    def quantile(share):
        place = share * (len(some) - 1)
        return some[int(place)] + (some[min(int(place) + 1, len(some) - 1)] - some[int(place)]) * (place - int(place))

    at = date(2026, 1, 1) + timedelta(days=number)
    mean = sum(some) / len(some)
    p50, p95, p99 = map(quantile, (0.5, 0.95, 0.99))
    return MetricDay("x", "i", "cpu", at, len(some), mean, some[0], p50, p95, p99, some[-1], "percent")


@given(st.lists(st.lists(st.floats(0, 100), min_size=24, max_size=60), min_size=1, max_size=8))
def test_no_more_than_1_percent_of_all_samples_are_above_the_bound(samples):
    bound = p99_bound([day_of(one, number) for number, one in enumerate(samples)])
    values = [value for one in samples for value in one]
    # a quantile that lies between two samples has one of them above it that its share does not count
    assert sum(value > bound for value in values) <= 0.01 * len(values) + len(samples)
    assert bound <= max(values)


def test_days_without_percentiles_count_by_their_maximum():
    days = [
        MetricDay("x", "i", "cpu", date(2026, 1, one), 1, 5, None, None, None, None, 40.0, "percent") for one in (1, 2)
    ]
    assert windows(days).by_id["i", "cpu"].p99 == 40


def test_days_in_two_units_are_no_window():
    days = [
        MetricDay("x", "i", "cpu", date(2026, 1, 1), 1, 5, None, None, None, None, 40.0, unit)
        for unit in ("percent", "")
    ]
    assert not windows(days)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "lacks the columns"),
        (f"{HEAD}\ni-1,cpu,2026-13-01,1,1,1,1,1,1,percent\n", "line 2"),
        (f"{HEAD}\ni-1,cpu,2026-10-01,1,nan,1,1,1,1,percent\n", "is no number"),
        (f"{HEAD}\ni-1,cpu,2026-10-01,1,1e999,1,1,1,1,percent\n", "is no number"),
        (f"{HEAD}\ni-1,cpu\n", "line 2"),
        ("\x00\xff\x00", "metrics.csv"),
        ("[" * 100_000, "metrics.csv"),
        ('{"MetricDataResults": 5}', "metrics.csv"),
    ],
    ids=["empty", "no day", "not a number", "infinite", "cut", "binary", "deep", "another shape"],
)
def test_a_file_of_metrics_that_cannot_be_read_is_one_line_of_error(run, tmp_path, text, said):
    (tmp_path / "state.json").write_text(state_of(MACHINE))
    (tmp_path / "metrics.csv").write_bytes(text.encode("latin-1"))
    ran = run("recommend", "state.json", "--metrics", "metrics.csv")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("guardrail: ")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "rows, reason",
    [
        (days_of("i-1", "cpu", p99=0.1, unit="fraction"), "has a metric cpu in fraction, not in percent"),
        ([[*row[:2], "2026-10-01", *row[3:]] for row in days_of("i-1", "cpu", p99=1)], "has 1 day of the metric cpu"),
        (days_of("i-2", "cpu", p99=1), "has no metrics"),
        (
            [*days_of("i-1", "cpu", p99=1), *days_of("i-1", "memory", p99=2, most=200)],
            "has a memory metric that is no share of its memory",
        ),
    ],
    ids=["another unit", "one day many times", "another resource", "more than all memory"],
)
def test_metrics_that_say_nothing_of_a_machine_never_make_it_smaller(recommended, rows, reason):
    found = recommended(MACHINE, list(rows))
    assert any(one.startswith(reason) for one in found["reasons"])
    assert all("r6a.large" not in one["title"] for one in found["recommendations"])


def test_a_ledger_tells_metrics_by_the_ids_of_its_newest_state_and_hours_under_commitments(run, tmp_path):
    rows = "\n".join(",".join(map(str, row)) for row in days_of("i-1", "cpu", p99=12))
    (tmp_path / "m.csv").write_text(f"{HEAD}\n{rows}\n")
    (tmp_path / "state.json").write_text(state_of(MACHINE))
    assert run("ledger", "import", "--metrics", "m.csv", "--as", "prod").exit_code == 0
    assert run("ledger", "add", "state.json", "--project", "shop", "--now", "2026-10-20").exit_code == 0
    (tmp_path / "main.tf").write_text(
        'provider "aws" {\n  region = "us-east-1"\n}\nresource "aws_instance" "a" {\n  ami = "ami-1"\n'
        '  instance_type = "m6a.2xlarge"\n}\n'
    )
    ran = run("recommend", ".", "--project", "shop", "--ledger", "ledger")
    assert "aws_instance.a: m6a.2xlarge -> r6a.xlarge" in ran.stdout, "the folder does not tell the id, the state does"


def test_hours_that_a_commitment_covers_are_told_by_the_bill(tmp_path):
    bill = (
        "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
        "CommitmentDiscountId,CommitmentDiscountStatus,BilledCost,EffectiveCost,ConsumedQuantity,ConsumedUnit,ResourceId,ServiceName,ProviderName\n"
    )
    period = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
    bill += f"1,USD,{period},Usage,,,5,5,500,Hours,i-1,EC2,AWS\n"
    bill += f"1,USD,{period},Usage,sp-1,Used,0,2,244,Hours,i-1,EC2,AWS\n"
    (tmp_path / "bill.csv").write_text(bill)
    ledger = Folder(tmp_path / "ledger")
    Importing("aws", "", datetime(2026, 11, 20, tzinfo=UTC), False).run([tmp_path / "bill.csv"], ledger)
    hours = facts_of_ledger(str(tmp_path / "ledger")).hours["i-1"]
    assert (hours.hours, hours.on_demand, hours.month) == (Decimal(744), Decimal(500), "2026-10")
    assert hours.share == Decimal(500) / 744
