"""Metrics in a ledger: what is kept, and what the views make of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.errors import InputError
from guardrail.ledger.records.metrics import import_metrics
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from tests.ledger.conftest import NOW, state


@pytest.fixture
def measured(tmp_path, store):
    """Import rows of CSV, and return what became of them."""

    def call(rows, head="id,metric,at,value", now=NOW, **more):
        path = tmp_path / "metrics.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return import_metrics([path], store, now, **more)[0]

    return call


def five_minutes(values, metric="cpu", day="2026-11-01"):
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [f"i-1,{metric},{(begin + timedelta(minutes=5 * n)).isoformat()},{value}" for n, value in enumerate(values)]


def test_a_day_is_told_by_its_points(measured, rows):
    (one,) = measured(five_minutes(range(288)), source="prod")
    assert (one.source, one.month, one.points, one.resources, one.metrics) == ("prod", "2026-11", 288, 1, ("cpu",))
    assert one.path.startswith("v1/metrics/source=prod/month=2026-11/")
    found = rows('select source, id, metric, day, points, mean, "min", p50, p95, p99, "max", unit from metrics')
    assert found == [("prod", "i-1", "cpu", date(2026, 11, 1), 288, 143.5, 0, 143.5, 272.65, 284.13, 287, "percent")]


def test_percentiles_of_a_few_points_are_not_known(measured, rows):
    measured(five_minutes([1] * 23))
    assert rows('select points, mean, p50, p95, p99, "max" from metrics') == [(23, 1, None, None, None, 1)]


def test_a_day_with_percentiles_of_its_own_keeps_them(measured, rows):
    measured(["i-1,cpu,2026-11-01,288,10,9,40,64,99"], "id,metric,day,n,mean,p50,p95,p99,max")
    assert rows('select points, n, mean, p50, p95, p99, "max" from metrics') == [(1, 288, 10, 9, 40, 64, 99)]


def test_points_that_are_imported_twice_count_once(measured, rows, store):
    assert measured(five_minutes([1, 2]))[0].path
    assert measured(five_minutes([1, 2]), now=NOW + timedelta(days=1))[0].path == ""
    assert len(store.paths()) == 1
    measured(five_minutes([1, 5, 6]), now=NOW + timedelta(days=2))
    assert rows("select points, mean from metrics") == [(3, 4)]


def test_averages_and_maxima_of_two_exports_go_together(measured, rows):
    measured(["i-1,cpu,2026-11-01T00:00:00Z,300,10"], "id,metric,at,period,mean")
    measured(["i-1,cpu,2026-11-01T00:00:00Z,300,90"], "id,metric,at,period,max")
    assert rows('select mean, "max" from measurements') == [(10, 90)]


def test_an_hour_is_not_counted_beside_its_minutes(measured, rows):
    head = "id,metric,at,period,mean,max,sum"
    minutes = [f"i-1,cpu,2026-11-01T00:{n:02}:00Z,60,10,20,10" for n in range(60)]
    measured([*minutes, "i-1,cpu,2026-11-01T00:00:00Z,3600,99,100,600"], head)
    assert rows('select points, period, mean, "sum", "max" from metrics') == [(60, 60, 10, 600, 100)]


def test_points_are_of_the_month_and_day_of_utc(measured, rows, store):
    measured(["i-1,cpu,2026-10-31T23:59:59-05:00,1", "i-1,cpu,2026-10-31T23:59:59Z,2"])
    assert [path.split("/")[3] for path in store.paths()] == ["month=2026-10", "month=2026-11"]
    assert rows("select day, mean from metrics order by day") == [(date(2026, 10, 31), 2), (date(2026, 11, 1), 1)]


def test_a_resource_is_found_by_its_id(measured, rows, add):
    add(state(("aws_instance.a", {"id": "i-1"}, {}), ("aws_instance.b", {"id": "i-2"}, {})), project="shop")
    measured(["i-1,cpu,2026-11-01,1", "i-9,cpu,2026-11-01,1"])
    assert rows("select id, project, address from metrics order by id") == [
        ("i-1", "shop", "aws_instance.a"),
        ("i-9", None, None),
    ]


def test_what_another_name_of_the_ledger_begins_with_is_refused(measured):
    with pytest.raises(Exception, match="no name of a source"):
        measured(["i-1,cpu,2026-11-01,1"], source="../x")


def test_nothing_is_imported_of_files_of_which_one_is_faulty(tmp_path, store):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("id,metric,at,value\ni,cpu,2026-11-01,1\n", encoding="utf-8")
    bad.write_text("id,metric,at,value\ni,cpu,2026-11-01,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.csv: line 2"):
        import_metrics([good, bad], store, NOW)
    bad.write_text("id,metric,at,value\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no points"):
        import_metrics([good, bad], store, NOW)
    assert store.paths() == []


def test_texts_come_back_as_they_were(measured, rows):
    measured(['"a ""b"", c",cpu,2026-11-01,1', "é\N{SNOWMAN},cpu,2026-11-01,2"])
    assert rows("select id from metrics order by mean") == [('a "b", c',), ("é\N{SNOWMAN}",)]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40), st.integers(1, 4), st.randoms(use_true_random=False))
def test_however_points_are_divided_among_files_the_day_is_the_same(tmp_path_factory, values, parts, shuffled):
    def day(files):
        folder = tmp_path_factory.mktemp("ledger")
        store = Folder(folder / "ledger")
        for number, file in enumerate(files):
            path = folder / f"{number}.csv"
            path.write_text("id,metric,at,value\n" + "\n".join(file) + "\n", encoding="utf-8")
            import_metrics([path], store, NOW)
        return open_ledger(store).rows('select points, "min", p50, p95, p99, "max" from metrics')

    whole = five_minutes(values)
    mixed = [*whole]
    shuffled.shuffle(mixed)
    assert day([whole]) == day([file for n in range(parts) if (file := mixed[n::parts])])


def test_the_command_tells_what_it_has_imported(run, tmp_path):
    (tmp_path / "cpu.csv").write_text("timestamp,value\n2026-11-01,1\n2026-11-02,3\n", encoding="utf-8")
    args = ("ledger", "import", "--metrics", "cpu.csv", "--id", "i-1", "--metric", "cpu")
    assert run(*args).stdout == "added  csv 2026-11: 2 points of 1 resources: cpu\n"
    assert run(*args).stdout == "known  csv 2026-11: 2 points of 1 resources: cpu\n"
    assert (
        run("ledger", "show").stdout == "metric csv 2026-11: 2 points of 1 resources, 0 of them with an address: cpu\n"
    )
    assert run("ledger", "verify").exit_code == 0
    assert run("ledger", "compact", "--keep", "1mo", "--now", "2027-03-01").stdout.endswith(
        "1 were too old and are gone\n"
    )


@pytest.mark.parametrize(
    "args, said",
    [
        (["--id", "i-1"], "--id: is for metrics"),
        (["--metrics", "--round"], "--round: is for bills"),
        (["--metrics"], "cpu.csv: line 1: lacks the columns id, metric"),
    ],
)
def test_mistakes_are_one_line(run, tmp_path, args, said):
    (tmp_path / "cpu.csv").write_text("timestamp,value\n2026-11-01,1\n", encoding="utf-8")
    ran = run("ledger", "import", "cpu.csv", *args)
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert said in ran.stderr
