"""The SQL of a KPI reads the views, and nothing else: whatever it says, it ends in a value or in one line."""

import time
from decimal import Decimal

import pytest

from guardrail.errors import ConfigError
from guardrail.ledger.kpis.running import Query, run
from guardrail.ledger.kpis.statement import statement


def where(line):
    return f"own.yaml:{line + 10}"


def query(sql, needs=(), **rows):
    return Query(sql, "2026-10", {"month": "2026-10"}, needs, where, rows=rows)


def answer(sql, seconds=5.0, **rows):
    (found,) = run([query(sql, **rows)], None, seconds)
    return found


REFUSED = {
    "select * from read_csv('/etc/passwd')": "sql reads read_csv()",
    "select * from read_text('/etc/passwd')": "sql reads read_text()",
    "select * from read_blob('facts.duckdb')": "sql reads read_blob()",
    "select * from glob('/*')": "sql reads glob()",
    "select * from '/etc/passwd'": "which is no view",
    'select * from "bill.parquet"': "which is no view",
    "select * from duckdb_settings()": "sql reads duckdb_settings()",
    "select * from information_schema.tables": "which is no view",
    "select * from facts.charges": "which is no view",
    "select * from query('select 1')": "sql reads query()",
    "select * from sniff_csv('/etc/passwd')": "sql reads sniff_csv()",
    "copy charges to '/tmp/x.csv'": "sql is not a SELECT",
    "attach '/tmp/x.db' as x": "sql is not a SELECT",
    "pragma database_list": "sql is not a SELECT",
    "install httpfs": "sql is not a SELECT",
    "load httpfs": "sql is not a SELECT",
    "set memory_limit = '100GB'": "sql is not a SELECT",
    "call pragma_version()": "sql is not a SELECT",
    "export database '/tmp/x'": "sql is not a SELECT",
    "insert into charges values (1)": "sql is not a SELECT",
    "create table t as select 1": "sql is not a SELECT",
    "select 1 as value; select 2 as value": "sql has 2 statements",
    "select 1 as value; drop table charges": "sql is not a SELECT",
    "describe charges": "sql describes tables",
    "show tables": "sql describes tables",
    "with recursive r as (select 1 as x union all select x + 1 from r) select count(*) from r": "sql is recursive",
    "select current_setting('temp_directory') as missing": "sql calls current_setting",
    "select now() as value": "sql calls now",
    "select current_date as of": "sql calls current_date",
    "select random() as value": "sql calls random",
    "select sleep_ms(1000000) as value": "sql calls sleep_ms",
    "": "sql has 0 statements",
    "selec 1": "sql: ",
    f"select {'(' * 5000}1{')' * 5000} as value": "sql: Max expression depth",
    f"select '{'x' * 20_000}' as value": "sql has 20,0",
    "select $password as value": "$password is no parameter",
}


@pytest.mark.parametrize("sql, what", REFUSED.items(), ids=[sql[:40] for sql in REFUSED])
def test_what_is_no_select_over_the_views_is_refused_before_it_runs(sql, what):
    with pytest.raises(ConfigError) as error:
        statement(sql, where)
    assert what in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("own.yaml:11: ")


def test_a_mistake_has_its_line():
    with pytest.raises(ConfigError, match=r"^own.yaml:13: sql reads read_csv"):
        statement("select\n  count(*) as value\nfrom read_csv('/etc/passwd')", where)
    found = answer("select\n  sum(no_such_column) as value\nfrom charges")
    assert str(found.fault).startswith("own.yaml:12: sql: Binder Error: ")
    assert "\n" not in str(found.fault)


def test_views_and_parameters_are_told():
    found = statement("with a as (select * from charges where month = $month) select 1 as value from a, runs", where)
    assert sorted(found.inputs) == ["charges", "runs"]
    assert sorted(found.parameters) == ["month"]


def test_a_cross_join_without_end_ends():
    began = time.monotonic()
    # Small enough to need no memory: which of the two bounds comes first is for the machine to say otherwise.
    each = ", ".join(f"range(100000) as {name}" for name in "abc")
    found = answer(f"select sum(a.range * b.range % (c.range + 1)) as value from {each}", seconds=0.5)
    assert str(found.fault) == "own.yaml:11: takes longer than 0.5 seconds"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', 4000000000) as of, 1 as value",
        "select list(range) as value from range(2000000000)",
        f"select {'repeat(' * 6}'xxxxxxxxxx'{', 1000)' * 6} as of",
    ],
)
def test_what_takes_all_memory_is_given_up(sql):
    found = run([query(sql), query("select 7 as value")], None, 1.0)
    assert found[0].fault is not None
    assert str(found[0].fault).startswith("own.yaml:11: ")
    assert found[1].rows == ({"value": Decimal(7)},)


def test_more_rows_than_a_hundred_are_no_answer():
    assert answer("select range::varchar as of, 1 as value from range(100)").fault is None
    assert str(answer("select 1 as value from range(101)").fault) == "own.yaml:11: sql gives more than 100 rows"
    assert "a column twice" in str(answer("select 1 as value, 2 as value").fault)


def test_numbers_are_exact_and_what_is_none_is_a_text():
    found = answer(
        "select sum(effective_cost) as value, 'nan'::double as numerator, 'inf'::double as denominator, null as of from charges",
        charges=[{"effective_cost": "0.1"}, {"effective_cost": "99999999999999999999.200000000000000001"}],
    )
    assert found.rows == (
        {
            "value": Decimal("99999999999999999999.300000000000000001"),
            "numerator": "nan",
            "denominator": "inf",
            "of": None,
        },
    )


def test_a_view_that_is_needed_and_empty_is_told():
    rows = {"charges": [{"month": "2026-09", "effective_cost": "1"}]}
    (found,) = run([query("select count(*) as value from charges", needs=("charges",), **rows)], None)
    assert found.lacking == ("charges",)


def test_files_of_the_folder_are_no_modules(tmp_path, monkeypatch):
    for name in ("duckdb.py", "json.py", "guardrail.py"):
        (tmp_path / name).write_text("raise SystemExit('run by a pull request')\n")
    monkeypatch.chdir(tmp_path)
    assert answer("select 1 as value").rows == ({"value": Decimal(1)},)


def test_a_test_with_a_wrong_value_is_told():
    found = answer("select count(*) as value from charges", charges=[{"effective_cost": "many"}])
    assert str(found.fault).startswith("own.yaml:11: a row of its test: ")
