"""What bills say was used by the hour, and what open pull requests take away of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guardrail.ledger.queries.hourly import hourly_charges, leaving, told_twice
from guardrail.ledger.views import open_ledger
from guardrail.ledger.writing.importing import Importing
from guardrail.model.report import PullRequest
from tests.finops.conftest import SHOP
from tests.ledger.conftest import NOW, result, state

STATE = state(("aws_instance.old", {"id": "i-0a1b2c3d4e5f60001"}, {}))


def of_shop(store):
    Importing("shop", "", datetime(2026, 11, 20, tzinfo=UTC), False).run([SHOP / "bill.csv"], store)
    return open_ledger(store)


def test_use_on_demand_and_commitments_are_told_apart(store):
    found = hourly_charges(of_shop(store), "2026-10", "2026-10")
    machines = [one for one in found if one.meter == "BoxUsage:m5.large"]
    assert {(one.covered, one.end - one.start) for one in machines} == {(False, 86400), (True, 86400)}
    covered = next(one for one in machines if one.covered)
    assert (covered.on_demand, covered.effective) == (Decimal("2.304"), Decimal("1.44"))
    paid = [one for one in found if one.commitment and not one.covered]
    assert sum(one.effective or 0 for one in paid) == Decimal("29.76")
    assert not [one for one in found if one.meter.startswith(("Requests", "TimedStorage"))]


def test_what_an_open_pull_request_deletes_is_leaving(store, add):
    add(STATE, project="shop")
    add(result())
    ledger = of_shop(store)
    found, addresses = leaving(ledger, "2026-10", "2026-10", NOW - timedelta(days=30))
    assert addresses == ("aws_instance.old",)
    assert sum(one.quantity for one in found) == 744
    assert {one.commitment for one in found} == {None}
    assert leaving(ledger, "2026-10", "2026-10", NOW + timedelta(days=1)) == ([], ())


def test_what_was_merged_is_in_the_bill_and_is_not_leaving(store, add):
    add(STATE, project="shop")
    add(result(), result(days=1, pull_request=PullRequest(7, "a" * 40, "ana", merged_at=NOW)))
    assert leaving(of_shop(store), "2026-10", "2026-10", NOW - timedelta(days=30)) == ([], ())


def test_what_two_sources_tell_of_one_account_counts_once(store):
    ledger = of_shop(store)
    assert told_twice(ledger, "2026-08", "2026-10") == ()
    once = hourly_charges(ledger, "2026-10", "2026-10")
    Importing("again", "", datetime(2026, 11, 20, tzinfo=UTC), False).run([SHOP / "bill.csv"], store)
    ledger = open_ledger(store)
    twice = told_twice(ledger, "2026-10", "2026-10")
    assert {source for source, _, _ in twice} == {"shop"}
    assert len(hourly_charges(ledger, "2026-10", "2026-10", twice)) == len(once)
