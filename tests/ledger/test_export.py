"""The views in a real PostgreSQL, where one is installed."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from guardrail.errors import ConfigError
from guardrail.ledger.queries.export import export
from guardrail.ledger.views import VIEWS, open_ledger
from guardrail.ledger.writing.importing import Importing
from tests.ledger.conftest import result, state

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger" / "bill.csv"


def programs():
    """Return where PostgreSQL's programs are, None where they are not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else next((Path(p).parent for p in [shutil.which("initdb")] if p), None)


@pytest.fixture(scope="module")
def server():
    """Start a server that listens on a socket of its own, and return its address."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("PostgreSQL is not installed")
    user = None
    if os.geteuid() == 0:
        if "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        user = "postgres"
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)

    def call(*args):
        subprocess.run([bin_folder / args[0], *args[1:]], user=user, cwd=folder, check=True, capture_output=True)

    data = folder / "data"
    call("initdb", "-D", data, "-U", "ana", "-A", "trust", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    log = ["-l", folder / "log"]
    call("pg_ctl", "-D", data, "-w", "-o", options, *log, "start")
    yield f"postgresql://ana@/postgres?host={folder}"
    call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_tables_hold_what_the_views_say(server, add, store):
    add(result(), state(("aws_nat_gateway.n", {"id": "nat-1", "tags": {"a": "b"}}, {})), project="shop")
    Importing("shop", "", datetime(2026, 11, 28, tzinfo=UTC)).run([SHOP], store)
    for _ in range(2):
        counts = export(open_ledger(store), server, "guardrail")
    assert counts["charges"] == 1040
    assert set(counts) == set(VIEWS)
    with psycopg.connect(server) as connection:
        told = "select month, sum(effective_cost) from guardrail.charges group by month order by month"
        assert connection.execute(told).fetchall()[-1] == ("2026-10", Decimal("501.2469999994933"))
        assert connection.execute(told).fetchall() == open_ledger(store).rows(told.replace("guardrail.", ""))
        assert connection.execute("select tags from guardrail.inventory").fetchall() == [({"a": "b"},)]
        assert connection.execute("select ids from guardrail.inventory").fetchall() == [(["nat-1"],)]


@pytest.mark.parametrize(
    "address, said",
    [
        ("mysql://x/y", "is no address of PostgreSQL"),
        ("postgresql://ana:secret@127.0.0.1:1/x", "postgresql://127.0.0.1/x: the export failed"),
    ],
)
def test_a_server_that_is_not_there_is_one_line_without_a_password(store, address, said):
    with pytest.raises(ConfigError) as caught:
        export(open_ledger(store), address, "guardrail")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_without_psycopg_it_says_what_to_install(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"pip install 'guardrail-finops\[postgres\]'"):
        export(open_ledger(store), "postgresql://x/y", "guardrail")
