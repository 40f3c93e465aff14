"""`guardrail ledger` as people type it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.cli.commands.finops.ledger.command import ledger as group
from tests.ledger.conftest import result, state


@pytest.fixture
def ledger(run, tmp_path):
    (tmp_path / "result.json").write_bytes(result())
    (tmp_path / "rates.csv").write_text("month,from,to,rate,source\n2026-10,EUR,USD,1.08,ECB\n")
    (tmp_path / "state.json").write_bytes(state(("aws_nat_gateway.n", {"id": "nat-1"}, {})))
    return lambda *args, **more: run("ledger", *args, **more)


def test_results_and_states_are_added_and_shown(ledger):
    ran = ledger("add", "result.json", "state.json", "--project", "shop", "--now", "2026-11-28")
    assert (ran.exit_code, ran.stdout.count("added  v1/")) == (0, 2)
    assert "nothing is new" in ledger("add", "result.json", "--project", "shop").stdout
    shown = ledger("show")
    assert shown.stdout.splitlines() == [
        "runs   shop: 1 from 2026-11-28 to 2026-11-28, the newest at least 35.04 USD a month, 1 without a price",
        "state  shop: 1 until 2026-11-28, the newest with 1 resources",
    ]
    document = json.loads(ledger("show", "--format", "json").stdout)
    assert document["runs"][0]["monthly"] == "35.04"
    assert ledger("verify").stdout == "2 files are what they were when they were written\n"


def test_standard_input_is_read(ledger):
    assert ledger("add", "-", "--ledger", "other", stdin=result()).exit_code == 0
    assert "runs   shop" in ledger("show", "--ledger", "other").stdout


def test_the_configuration_names_ledger_and_project(ledger, tmp_path):
    (tmp_path / "infra").mkdir()
    text = "version: 1\nledger: {path: facts}\nprojects: [{name: shop, path: infra, env: prod}]\n"
    (tmp_path / "guardrail.yaml").write_text(text)
    assert ledger("add", "result.json", "state.json").exit_code == 0
    assert len([*(tmp_path / "facts").rglob("*.jsonl.gz")]) == 2


def test_an_empty_ledger_says_how_it_is_filled(ledger):
    assert ledger("show").stdout == "the ledger is empty: `guardrail ledger add` and `import` fill it\n"
    assert ledger("verify").stdout == "0 files are what they were when they were written\n"


def test_a_damaged_ledger_is_named_and_not_read(ledger, tmp_path):
    ledger("add", "result.json")
    listed = ledger("verify", "--list").stdout
    (tmp_path / "known").write_text(listed)
    (path,) = (tmp_path / "ledger").rglob("*.gz")
    path.write_bytes(path.read_bytes()[:-9])
    ran = ledger("verify", "--known", "known")
    assert (ran.exit_code, "has been changed or cut" in ran.stdout) == (1, True)
    ran = ledger("show")
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    path.unlink()
    assert "is missing" in ledger("verify", "--known", "known").stdout


@pytest.mark.parametrize(
    "args, said",
    [
        (["add", "absent.json"], "absent.json: cannot be read"),
        (["add", "state.json"], "which project it is of"),
        (["show", "--ledger", "result.json"], "is a file, and has to be a folder"),
        (["add", "result.json", "--ledger", "ftp://x/y"], "ftp://x/y"),
    ],
)
def test_mistakes_are_one_line(ledger, args, said):
    ran = ledger(*args)
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert said in ran.stderr


WRITING = {
    "add": ["result.json"],
    "verify": [],
    "decide": ["done", "gp2-volume", "--project", "shop", "--by", "ana", "--reason", "#42"],
    "import --rates": ["rates.csv"],
}
READING = {
    "show": [],
    "compact": ["--now", "2027-01-01"],
    "close": ["2026-10"],
    "snapshot": [],
    "export": ["--to", "postgresql://x/y"],
    "import": ["result.json"],
    "import --metrics": ["result.json"],
}
NEEDS_DUCKDB = "guardrail: reading a ledger needs DuckDB (pip install 'guardrail-finops[ledger]')\n"
NEEDS_OBSTORE = "guardrail: an object store needs obstore (pip install 'guardrail-finops[cloud]')\n"


def test_each_command_is_tried_without_the_extras():
    assert {name.split()[0] for name in (*WRITING, *READING)} == set(group.commands)


@pytest.mark.parametrize("name", READING)
def test_without_duckdb_facts_are_added_and_reading_says_what_to_install(ledger, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for writing, args in WRITING.items():
        assert ledger(*writing.split(), *args).exit_code == 0
    ran = ledger(*name.split(), *READING[name])
    assert (ran.exit_code, ran.stdout, ran.stderr) == (2, "", NEEDS_DUCKDB)


@pytest.mark.parametrize("name", [*WRITING, *READING])
def test_without_obstore_each_command_says_what_to_install(ledger, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "obstore", None)
    ran = ledger(*name.split(), *{**WRITING, **READING}[name], "--ledger", "s3://bucket/ledger")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (2, "", NEEDS_OBSTORE)


def test_a_check_imports_nothing_of_the_ledger():
    script = (
        "import sys; from guardrail.cli import main;"
        "main(['check', '--config', 'examples/shop/guardrail.yaml', '--format', 'json', '--out', 'json=' + sys.argv[1]]);"
        "print([name for name in sys.modules if name.split('.')[0] in ('duckdb', 'obstore', 'psycopg', 'pyarrow')"
        " or name.startswith(('guardrail.ledger', 'guardrail.bills', 'guardrail.finops', 'guardrail.recommend'))], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, os.devnull],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert '"guardrail.report/v1"' in ran.stdout
    assert ran.stderr == "[]\n"
