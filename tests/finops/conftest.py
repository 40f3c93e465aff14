"""A ledger with the bill of which every total is known, and `guardrail spend` in its folder."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardrail.ledger.importing import Importing
from guardrail.ledger.store import Folder

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger"


@pytest.fixture(scope="session")
def shop_ledger(tmp_path_factory):
    """Return a ledger with the bill, imported once."""
    folder = tmp_path_factory.mktemp("shop") / "ledger"
    Importing("shop", "", datetime(2026, 11, 20, tzinfo=UTC), False).run([SHOP / "bill.csv"], Folder(folder))
    return folder


@pytest.fixture
def spend(run, shop_ledger):
    """Run `guardrail spend` over the bill; each test has a folder of its own for allocation.yaml."""
    return lambda *args: run("spend", "--ledger", str(shop_ledger), *args)


@pytest.fixture
def document(spend):
    """Return the answer as JSON, amounts by the values of its lines."""

    def call(*args):
        ran = spend("--format", "json", *args)
        assert ran.exit_code == 0, ran.stderr
        found = json.loads(ran.stdout)
        found["amounts"] = {tuple(line["keys"].values()): line["amount"] for line in found["lines"]}
        return found

    return call
