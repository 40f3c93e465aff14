"""examples/shop-ledger: its files fit each other, and its commands make the ledger that they say."""

import csv
import json
import runpy
import shutil

from tests.finops.conftest import SHOP

UNMANAGED = "arn:aws:kms:us-east-1:111111111111:key/0a1b"


def test_all_that_is_billed_is_in_the_state_but_for_a_key_and_the_savings_plan():
    state = json.loads((SHOP / "states" / "2026-10-11.json").read_text(encoding="utf-8"))
    known = {one["values"].get(name) for one in state["values"]["root_module"]["resources"] for name in ("id", "arn")}
    with (SHOP / "bill.csv").open(encoding="utf-8") as file:
        billed = {row["ResourceId"] for row in csv.DictReader(file)} - {""}
    missing = {one for one in billed if known.isdisjoint({one, one.split("/")[-1]})}
    assert sorted(one.split("/")[0] for one in missing) == [
        UNMANAGED.split("/", maxsplit=1)[0],
        "arn:aws:savingsplans::111111111111:savingsplan",
    ]


def test_its_runs_are_what_guardrail_says_of_it(command, monkeypatch, tmp_path):
    made = runpy.run_path(str(SHOP / "make_runs.py"))
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    for day in made["RUNS"]:
        for name, value in made["environment"](day, tmp_path / "event.json").items():
            monkeypatch.setenv(name, value)
        ran = command(*made["arguments"](day), cwd=folder)
        assert (ran.exit_code, ran.stderr) == (0, "")
        assert _without_versions(ran.stdout) == _without_versions((SHOP / "runs" / f"{day}.json").read_text("utf-8"))
        # Later runs are compared with it: by today's prices, too, so that none says that they may differ.
        (folder / "runs" / f"{day}.json").write_text(ran.stdout, encoding="utf-8")


def _without_versions(text):
    return {name: value for name, value in json.loads(text).items() if name not in {"tool_version", "catalog"}}


def test_its_commands_make_the_ledger(command, shop):
    assert command("ledger", "show", cwd=shop).stdout.splitlines() == [
        "runs   shop: 3 from 2026-07-31 to 2026-10-11, the newest at least 321.17 USD a month",
        "state  shop: 2 until 2026-10-11, the newest with 7 resources",
        "bill   shop 2026-08: generation 1, final, 343 rows, billed 340.6039999994933, effective 340.6039999994933 USD",
        "bill   shop 2026-09: generation 1, final, 332 rows, billed 334.919999998943, effective 334.919999998943 USD",
        "bill   shop 2026-10: generation 1, final, 365 rows, billed 501.2469999994933, effective 501.2469999994933 USD",
    ]


def test_the_bill_is_matched_by_id_but_for_what_no_resource_has(command, shop):
    ran = command("spend", "--by", "evidence", "--month", "2026-10", "--format", "json", cwd=shop)
    found = {line["keys"]["evidence"]: line["amount"] for line in json.loads(ran.stdout)["lines"]}
    assert found == {"id": "451.4869999999933", "none": "49.7599999995"}
