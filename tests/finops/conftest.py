"""Ledgers with the bill of which every total is known: alone, and with runs and states of what it is for."""

import json
import re
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardrail.ledger.storage.store import Folder
from guardrail.ledger.writing.importing import Importing

SHOP = Path(__file__).parents[2] / "examples" / "shop-ledger"


@pytest.fixture(scope="session")
def shop_ledger(once):
    """Return a ledger with the bill, imported once."""
    importing = Importing("shop", "", datetime(2026, 11, 20, tzinfo=UTC), False)
    return once("shop-ledger", lambda folder: importing.run([SHOP / "bill.csv"], Folder(folder)))


@pytest.fixture(scope="session")
def shop(command, once):
    """Return a copy of the example with its ledger, which the commands of its README make once. Tests only read it."""

    def write(folder):
        shutil.copytree(SHOP, folder, dirs_exist_ok=True)
        (commands,) = re.findall(
            r"^```sh\n(.*?)^```", (SHOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        for line in commands.splitlines():
            words = [sorted(map(str, folder.glob(word))) if "*" in word else [word] for word in shlex.split(line)[1:]]
            ran = command(*(word for each in words for word in each), cwd=folder)
            assert (ran.exit_code, ran.stderr) == (0, "")

    return once("shop", write)


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
