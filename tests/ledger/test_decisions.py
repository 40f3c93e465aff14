"""What was decided about findings, and exchange rates, as the ledger keeps and tells them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.ledger.records.decisions import Decided, Decision, add_rates, fact_of_decision
from guardrail.ledger.storage.verify import verify
from guardrail.ledger.writing.compact import compact
from guardrail.model.approval import Approvable, Approval, ApprovalSource
from guardrail.model.finding import FindingStatus, Waiver
from tests.ledger.conftest import NOW, result
from tests.report import samples

APPROVED = Decision(NOW, Decided.APPROVED, "shop", "required-tags", "aws_instance.web", "ana", "until June")


@pytest.fixture
def decide(store):
    def call(**changes):
        fact = fact_of_decision(replace(APPROVED, **changes))
        return store.put(fact.path, fact.data)

    return call


def test_a_decision_is_told_by_a_view(decide, rows):
    assert decide(amount=Decimal("2.50"), currency="USD", pull_request=7, expires=date(2027, 6, 1))
    assert not decide(amount=Decimal("2.50"), currency="USD", pull_request=7, expires=date(2027, 6, 1))
    told = 'kind, project, rule, address, "by", reason, expires, amount, currency, pull_request'
    assert rows(f"select {told} from decisions") == [
        (
            *("approved", "shop", "required-tags", "aws_instance.web", "ana", "until June"),
            *(date(2027, 6, 1), Decimal("2.5"), "USD", 7),
        )
    ]


@pytest.mark.parametrize(
    "changes, approval",
    [
        ({}, "ana"),
        ({"kind": Decided.DISMISSED}, None),
        ({"at": NOW + timedelta(seconds=1)}, None),
        ({"expires": NOW.date()}, "ana"),
        ({"expires": NOW.date() - timedelta(days=1)}, None),
        ({"project": "search"}, None),
        ({"address": "aws_instance.other"}, None),
        ({"rule": "other"}, None),
    ],
)
def test_an_approval_is_of_its_finding_from_then_on_until_it_ends(add, decide, rows, changes, approval):
    add(result())
    decide(**changes)
    assert rows("select approval from findings") == [(approval,)]


def test_the_newest_approval_is_the_one_that_is_named(add, decide, rows):
    add(result())
    decide(at=NOW - timedelta(days=9), by="bob")
    decide(at=NOW - timedelta(days=1), by="eve")
    assert rows("select approval from findings") == [("eve",)]


def test_waivers_that_runs_have_seen_are_decisions(add, rows):
    waiver = Waiver("required-tags", "aws_instance.*", "legacy", date(2027, 1, 1), "ana")
    finding = replace(samples.finding(), status=FindingStatus.WAIVED, waiver=waiver)
    for days in (0, 1):
        add(result(days=days, findings=(finding,)))
    assert rows('select "at", kind, "by", reason, expires, pull_request from decisions') == [
        (NOW, "waived", "ana", "legacy", date(2027, 1, 1), 7)
    ]


def test_approvals_that_runs_have_seen_are_decisions(add, rows, store):
    given = Approval("cfo", ApprovalSource.REVIEW, Decimal(200), Decimal(210), commit="c" * 40, at=NOW)
    finding = replace(samples.finding(blocking=False), status=FindingStatus.APPROVED, approval=Approvable(given=given))
    for days in (0, 1):
        add(result(days=days, findings=(finding,)))
    told = [(NOW, "approved", "cfo", "review", Decimal(200), "USD", None, 7)]
    columns = '"at", kind, "by", reason, amount, currency, expires, pull_request'
    assert rows(f"select {columns} from decisions") == told
    assert set(rows("select approval, approved_in, approval_amount from findings where blocking = false")) == {
        ("cfo", "review", Decimal(200))
    }
    compact(store, NOW + timedelta(days=90))
    assert rows(f"select {columns} from decisions") == told


def test_decisions_stay_as_they_are_when_past_months_are_compacted(add, decide, rows, store):
    add(result())
    decide()
    add_rates([("2026-11", "EUR", "USD", Decimal("1.1"), "ECB")], store, NOW)
    compact(store, NOW + timedelta(days=90))
    assert rows("select approval from findings") == [("ana",)]
    assert rows("select count(*) from rates") == [(1,)]
    assert list(verify(store)) == []
    compact(store, NOW + timedelta(days=900), 2)
    assert store.paths() == []


def test_the_rate_that_was_said_last_holds(store, rows):
    def add(rate, days):
        at = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=days)
        return add_rates([("2026-11", "EUR", "USD", Decimal(rate), "ECB")], store, at)

    assert add("1.1", 0) == {"2026-11": (1, True)}
    assert add("1.1", 1) == {"2026-11": (1, False)}
    assert add("1.2", 2) == {"2026-11": (1, True)}
    assert rows('select month, "from", "to", rate, source from rates') == [
        ("2026-11", "EUR", "USD", Decimal("1.2"), "ECB")
    ]


def test_decisions_are_recorded_by_a_command(run, tmp_path):
    args = ("ledger", "decide", "done", "gp2-volume", "aws_ebs_volume.a", "--by", "ana", "--reason", "#42")
    ran = run(*args)
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "which project" in ran.stderr
    (tmp_path / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, path: .}]\n", encoding="utf-8")
    more = ("--amount", "2.00", "--expires", "2027-01-01", "--now", "2026-11-28")
    assert run(*args, *more).stdout.startswith("added  v1/decisions/project=shop/month=2026-11/20261128T000000Z-")
    assert run(*args, *more).stdout.startswith("known  ")
    ran = run(*args, "--amount", "NaN")
    assert (ran.exit_code, "no amount like 12.50" in ran.stderr) == (2, True)


def test_rates_are_imported_by_a_command(run, tmp_path):
    (tmp_path / "rates.csv").write_text(
        "month,from,to,rate,source\n2026-10,EUR,USD,1.1,ECB\n2026-11,EUR,USD,1.2,ECB\n", encoding="utf-8"
    )
    args = ("ledger", "import", "--rates", "rates.csv")
    assert run(*args).stdout == "added  2026-10: 1 rates\nadded  2026-11: 1 rates\n"
    assert run(*args).stdout == "known  2026-10: 1 rates\nknown  2026-11: 1 rates\n"
    assert "two files have a rate" in run(*args, "rates.csv").stderr
    assert "is for bills and metrics" in run(*args, "--as", "x").stderr
    (tmp_path / "rates.csv").write_text("month,from,to,rate,source\nOct,EUR,USD,1.1,ECB\n", encoding="utf-8")
    assert "rates.csv:2: 'Oct' is no month" in run(*args).stderr


def test_amounts_are_converted_at_the_rates_of_the_ledger(run, tmp_path):
    head = "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory"
    time = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
    (tmp_path / "bill.csv").write_text(f"{head}\n10,10,EUR,{time},{time},Usage\n", encoding="utf-8")
    (tmp_path / "rates.csv").write_text("month,from,to,rate,source\n2026-10,EUR,USD,1.1,ECB\n", encoding="utf-8")
    assert run("ledger", "import", "bill.csv", "--as", "x").exit_code == 0
    ran = run("spend", "--currency", "USD")
    assert (ran.exit_code, "no rate of 2026-10 from EUR to USD" in ran.stderr) == (2, True)
    run("ledger", "import", "--rates", "rates.csv")
    shown = run("spend", "--currency", "USD").stdout
    assert "$11.00" in shown
    assert "EUR of 2026-10 at 1.1" in shown
