"""Catalogs that somebody has damaged, or made to do harm: one line that names the file, and exit code 2."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from guardrail.catalog import open_catalog
from guardrail.catalog.store import shipped_catalog
from guardrail.errors import CatalogError

PLAN = Path(__file__).parents[2] / "examples" / "shop" / "plan.json"
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"

OF_EC2 = "where shelf in (select id from shelf where service = 'AmazonEC2')"

DAMAGE = {
    "a price that is no number": f"update price set price = 'NaN' {OF_EC2}",
    "an infinite price": f"update price set price = 'Infinity' {OF_EC2}",
    "a price beyond all bounds": f"update price set price = '1e999' {OF_EC2}",
    "a negative price": f"update price set price = '-' || price {OF_EC2}",
    "bytes for a price": f"update price set price = x'00ff' {OF_EC2}",
    "a tier that is no number": f"update or replace price set tier_start = 'x' {OF_EC2}",
    "bytes for attributes": "update product set attributes = attributes || x'ff'",
    "attributes of another shape": "update product set attributes = '[' || attributes || ']'",
    "facts that are no JSON": "update spec set facts = 'oops'",
    "facts of another shape": "update spec set facts = '[]'",
    "a day that is none": "update source set as_of = 'day ' || rowid",
    "prices without a source": "delete from source",
    "a table that is not there": "drop table price",
    "a view in place of a table": f"drop table price; create view price as {ENDLESS}",
    "a trigger": "create trigger t after insert on price begin delete from price; end",
    "another version": "update meta set value = '0' where key = 'schema'",
    "no version": "delete from meta",
}


@pytest.fixture
def copied(compiled_catalog, tmp_path):
    return shutil.copy(compiled_catalog, tmp_path / "catalog.sqlite")


@pytest.mark.parametrize("statements", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_in_one_line(copied, statements, run):
    database = sqlite3.connect(copied)
    database.executescript(statements)
    database.close()
    ran = run("check", str(PLAN), "--catalog", str(copied))
    assert ran.exit_code == 2
    assert ran.stdout == ""
    assert str(copied) in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_file_cut_anywhere_is_named(copied, run):
    whole = copied.read_bytes()
    for length in (0, 50, len(whole) // 3, len(whole) - 5_000):
        copied.write_bytes(whole[:length])
        ran = run("check", str(PLAN), "--catalog", str(copied))
        assert ran.exit_code == 2
        assert ran.stderr.count("\n") == 1


def test_a_question_without_end_is_ended(copied, monkeypatch):
    monkeypatch.setattr("guardrail.catalog.store._MAX_ROUNDS", 20)
    catalog = open_catalog(copied)
    with pytest.raises(CatalogError, match="interrupted"):
        catalog._select(ENDLESS)


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("database or disk is full"), OSError(30, "Read-only file system")]
)
def test_a_cache_that_takes_no_catalog_is_one_line(monkeypatch, tmp_path, error):
    """In a checkout the catalog is compiled into the cache, which may be full."""

    def full(*_):
        raise error

    monkeypatch.setattr("guardrail.catalog.store.data.pricing_dir", lambda: tmp_path)
    monkeypatch.setattr("guardrail.catalog.store.snapshot.compile", full)
    with pytest.raises(CatalogError, match=r"cannot write the compiled catalog: .+ \(set GUARDRAIL_CACHE_DIR"):
        shipped_catalog()
