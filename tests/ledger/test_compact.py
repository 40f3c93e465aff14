"""Past months put together: the views stay what they are."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from guardrail.ledger.storage.verify import verify
from guardrail.ledger.views import VIEWS, open_ledger
from guardrail.ledger.writing.compact import compact, month_before
from tests.ledger.conftest import NOW, result, state

NEXT_MONTH = datetime(2026, 12, 3, tzinfo=UTC)
NAT = state(("aws_nat_gateway.n", {"id": "nat-1", "tags": {"a": "b"}}, {"depends_on": ["aws_vpc.v"]}))


@pytest.fixture
def contents(store):
    def call():
        ledger = open_ledger(store)
        return {view: sorted(map(repr, ledger.rows(f"select * from {view}"))) for view in (*VIEWS, "states")}

    return call


def fill(add):
    add(*(result(name, days, str(30 + days)) for name in ("shop", "a/b") for days in (0, 1)))
    add(NAT, project="shop")
    add(state(), project="a/b", now=NOW + timedelta(hours=1))


def test_views_stay_what_they_are(add, store, contents):
    fill(add)
    before = contents()
    done = compact(store, NEXT_MONTH)
    assert (done.replaced, done.outdated) == (6, 0)
    assert contents() == before
    assert {path.split("/")[1] for path in store.paths()} == {"compact"}
    assert list(verify(store)) == []
    assert compact(store, NEXT_MONTH).replaced == 0


def test_what_is_added_to_a_past_month_later_counts_once(add, store, contents):
    fill(add)
    before = contents()
    compact(store, NEXT_MONTH)
    fill(add)  # the same facts, whose files are gone
    assert contents() == before


def test_a_compaction_that_is_killed_before_it_removes_anything_changes_nothing(add, store, contents, monkeypatch):
    fill(add)
    before = contents()
    monkeypatch.setattr(store, "remove", lambda _path: None)
    compact(store, NEXT_MONTH)
    assert contents() == before
    monkeypatch.undo()
    compact(store, NEXT_MONTH)  # and again
    assert contents() == before


def test_the_month_that_runs_stays_as_it_is(add, store):
    fill(add)
    assert compact(store, NOW).replaced == 0


def test_files_are_partitioned_as_others_read_them(add, store):
    fill(add)
    compact(store, NEXT_MONTH)
    found = (
        duckdb.connect()
        .execute(f"""select project, month, count(*) from read_parquet('{store.root}/v1/compact/runs/*/*/*.parquet',
        hive_partitioning = true, hive_types_autocast = false) group by all order by all""")
        .fetchall()
    )
    assert found == [("a/b", "2026-11", 2), ("shop", "2026-11", 2)]


def test_what_is_older_than_is_kept_is_removed(add, store, rows):
    add(result(days=-800), result())
    done = compact(store, NEXT_MONTH, keep=25)
    assert (done.outdated, done.replaced) == (1, 1)
    assert rows("select count(*) from runs") == [(1,)]


def test_months_are_counted_over_years():
    assert month_before(datetime(2026, 1, 31, tzinfo=UTC), 1) == "2025-12"
    assert month_before(datetime(2026, 11, 1, tzinfo=UTC), 25) == "2024-10"


def test_it_says_what_it_did(run, tmp_path):
    (tmp_path / "result.json").write_bytes(result())
    run("ledger", "add", "result.json")
    ran = run("ledger", "compact", "--keep", "25mo", "--now", "2026-12-03")
    assert ran.stdout == "1 files of past months are 3 files now, 0 were too old and are gone\n"
    ran = run("ledger", "compact", "--keep", "forever")
    assert (ran.exit_code, "months like 25mo" in ran.stderr) == (2, True)
