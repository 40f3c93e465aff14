"""`guardrail fleet collect`: all parts together, what only they can tell, and what is missing."""

import csv
import io
import json
import shutil
from datetime import datetime, timedelta

import pytest

from guardrail.fleet.results import Results, path_of
from guardrail.fleet.shape import FleetDocument
from guardrail.fleet.workspaces import Shard
from guardrail.ledger.records.facts import moment
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.views import open_ledger
from tests.fleet.conftest import CONFIG, LARGE, plan


@pytest.fixture
def judged(fleet, folder):
    """The fleet without the workspace that is no plan, judged."""
    (folder / "plans" / "broken.json").unlink()
    fleet("run", "plans")
    return folder


@pytest.mark.usefixtures("judged")
def test_totals_verdicts_and_findings_are_those_of_all_workspaces(document, run):
    found = document()
    FleetDocument.model_validate(found)
    checked = run("check", "plans/shop/plan.json", "plans/bare.json", "plans/größe/ünïcode.json", "--format", "csv")
    assert checked.exit_code == 1
    counts = {"workspaces": 4, "pass": 3, "warn": 0, "fail": 1, "not_evaluated": 0, "missing": 0, "resources": 5}
    assert found["counts"] == counts
    amounts = [float(one["monthly_cost"]) for one in found["workspaces"]]
    assert float(found["totals"]["monthly_cost"]) == pytest.approx(sum(amounts))
    (rule,) = [one for one in found["rules"] if one["rule"] == "team-tag"]
    assert (rule["workspaces"], rule["standings"]) == (1, {"fails": 2})
    assert (rule["example_workspace"], rule["example_message"]) == ("bare", "no team")


def test_amounts_stand_beside_each_other_below_a_name_that_fills_the_line(judged, fleet):
    name = "long" * 30
    (judged / "plans" / f"{name}.json").write_text(plan("t3.micro", team=""))
    fleet("run", "plans")
    lines = fleet("collect").stdout.splitlines()
    changes = lines[lines.index("Largest changes") + 1 :]
    assert [text.split() for text in changes[:2]] == [["workspace"], ["delta", "monthly"]]
    below = changes[changes.index(f"  {name}") + 1].split()
    assert len(below) == 2
    assert below[0] == f"+{below[1]}"
    assert any(line.split()[:4] == ["team-tag", "2", "3", "fail"] for line in lines)


def test_budgets_are_judged_over_the_whole_fleet(judged, fleet, document):
    for name in ("a", "b"):
        (judged / "plans" / f"{name}.json").write_text(plan(*["m5.large"] * 8))  # 560 a month, each below the limit
    fleet("run", "plans")
    found = document()
    (over,) = [one for one in found["findings"] if one["subject"] == "budget:all"]
    assert over["blocking"]
    assert fleet("collect").exit_code == 1
    (all_, _) = found["budgets"]
    assert float(all_["known"]) == pytest.approx(float(found["totals"]["monthly_cost"]))


def test_a_budget_of_an_environment_counts_its_workspaces_alone(judged, fleet, document):
    (judged / "list.csv").write_text("name,place,env\nshop,plans/shop/plan.json,prod\nbare,plans/bare.json,dev\n")
    fleet("run", "--list", "list.csv", "--to", "envs")
    found = document("envs")
    amount = {one["name"]: one["monthly_cost"] for one in found["workspaces"]}
    assert [one["known"] for one in found["budgets"] if one["name"] == "prod"] == [amount["shop"]]


def test_a_workspace_that_could_not_be_read_is_neither_a_pass_nor_0(fleet, document):
    fleet("run", "plans")
    found, ran = document(), fleet("collect")
    assert ran.exit_code == 2
    (broken,) = [one for one in found["workspaces"] if one["name"] == "broken"]
    assert (broken["verdict"], broken["monthly_cost"]) == ("not-evaluated", None)
    assert broken["why"].startswith("plans/broken.json: ")
    assert found["totals"]["lower_bound"]
    assert [one["unpriced"] for one in found["budgets"]] == [1, 0]
    assert found["verdict"] == "not-evaluated"
    assert ran.stdout.startswith("NOT EVALUATED  1 of 5 workspaces not evaluated, 1 of 5 workspaces blocked\n")
    assert " as far as known)\n" in ran.stdout
    assert "not in the sum at all: 1 workspace" in ran.stdout
    (row,) = [
        one
        for one in csv.DictReader(io.StringIO(fleet("collect", "--format", "csv").stdout))
        if one["workspace"] == "broken"
    ]
    assert row["monthly_cost"] == ""


def test_parts_and_workspaces_that_are_missing_are_named(fleet, document, here):
    for number in (1, 3):
        fleet("run", "plans", "--shard", f"{number}/3", "--to", f"part-{number}")
    found = document("part-1", "part-3")
    missing = {one["name"]: one["shard"] for one in found["missing"]}
    assert missing
    assert set(missing.values()) == {2}
    assert found["missing_shards"] == ["2/3"]
    assert {*missing, *here} == {"bare", "broken", "größe/ünïcode", "live", "shop"}
    ran = fleet("collect", "part-1", "part-3")
    assert ran.exit_code == 2
    assert "Parts without any result\n  2/3" in ran.stdout
    assert found["totals"]["lower_bound"]


@pytest.mark.parametrize("place", ["shards/1-of-2.json", "lists"])
def test_what_is_cut_of_what_parts_say_is_named_and_the_rest_is_collected(judged, fleet, document, place):
    (judged / "list.txt").write_text("plans/shop/plan.json\nplans/bare.json\nplans/live.json\n")
    fleet("run", "plans", "--to", "all")
    for number in (1, 2):
        fleet("run", *(["--list", "list.txt"] if number == 1 else ["plans"]), "--shard", f"{number}/2", "--to", "two")
    whole = document("two")
    file = judged / "two" / place
    file = min(file.iterdir(), key=lambda one: one.stat().st_mtime) if file.is_dir() else file
    file.write_bytes(file.read_bytes()[:20])
    found = document("two")
    assert {one["name"] for one in found["workspaces"]} <= {one["name"] for one in whole["workspaces"]}
    assert len(found["workspaces"]) > 1
    assert (found["verdict"], found["totals"]["lower_bound"]) == ("not-evaluated", True)
    assert any(file.name in note and "run that part of the fleet again" in note for note in found["notes"])
    assert all(one["unpriced"] for one in found["budgets"])
    ran = fleet("collect", "two")
    assert ran.exit_code == 2
    assert "1 of the records of parts not read" in ran.stdout
    if place.startswith("shards"):
        compared = fleet("collect", "all", "--against", "two")
        assert (compared.exit_code, file.name in compared.stdout) == (2, True)
        (judged / "two" / "shards" / "2-of-2.json").write_bytes(b"")
        ran = fleet("collect", "two")
        assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert "cannot be read" in ran.stderr


@pytest.fixture
def stopped(fleet, monkeypatch):
    """Run a part of the fleet, and be interrupted after so many results."""

    def call(written, *args):
        write = Results.write
        done: list[str] = []

        def stopping(self, outcome):
            if len(done) == written:
                raise KeyboardInterrupt
            write(self, outcome)
            done.append(outcome.name)

        with monkeypatch.context() as patch:
            patch.setattr(Results, "write", stopping)
            assert fleet("run", "plans", *args).exit_code == 130
        return done

    return call


def test_results_that_an_interrupted_run_did_not_come_to_are_of_what_was_before_and_do_not_count(
    judged, fleet, document, stopped
):
    for name in ("shop/plan.json", "größe/ünïcode.json"):
        (judged / "plans" / name).write_text(plan("t3.micro", team=""))
    done = stopped(1)
    found = document()
    assert found["verdict"] == "not-evaluated"
    assert {one["why"] for one in found["missing"]} == {
        "has a result of an earlier run: the newest one did not come to it"
    }
    assert [one["name"] for one in found["workspaces"]] == done
    assert found["notes"] == ["part 1/1 was not finished: run it again, and it goes on where it was"]
    fleet("run", "plans")
    found = document()
    assert (found["counts"]["fail"], found["missing"], found["notes"]) == (3, [], [])


@pytest.mark.usefixtures("judged")
def test_a_part_that_was_interrupted_loses_nothing_of_its_own_nor_of_others(document, fleet, stopped):
    several = ("--to", "several")
    fleet("run", "plans", "--shard", "1/2", *several)
    first = {one["name"] for one in document("several")["workspaces"]}
    done = stopped(1, "--shard", "2/2", *several)
    found = document("several")
    assert {one["name"] for one in found["workspaces"]} == {*first, *done}
    assert {one["why"] for one in found["missing"]} == {"was not judged"}


@pytest.mark.usefixtures("judged")
def test_results_of_an_earlier_day_beside_an_interrupted_run_do_not_count(document, stopped):
    stopped(0, "--to", "today")
    found = document("fleet", "today")
    assert (found["counts"]["missing"], found["workspaces"]) == (4, [])


@pytest.mark.usefixtures("judged")
def test_two_fleets_are_collected_together(fleet, document):
    for name in ("bare", "live"):
        fleet("run", f"plans/{name}.json", "--to", name)
    assert [one["name"] for one in document("bare", "live")["workspaces"]] == ["plans/bare", "plans/live"]


def test_a_part_of_another_day_is_told(judged, fleet, document):
    for number in (1, 2):
        fleet("run", "plans", "--shard", f"{number}/2")
    file = judged / "fleet" / "shards" / "1-of-2.json"
    told = json.loads(file.read_text())
    begun = datetime.fromisoformat(told["begun"]) - timedelta(days=1)
    file.write_text(json.dumps({**told, "begun": moment(begun)}))
    (note,) = document()["notes"]
    assert note.startswith(f"part 1/2 was run at {moment(begun)}, and the newest part at ")


def test_results_that_were_judged_by_other_rules_do_not_count(judged, fleet, document):
    for number in (1, 2):
        fleet("run", "plans", "--shard", f"{number}/2")
    (judged / "policies" / "large.yaml").write_text(LARGE)
    fleet("run", "plans", "--shard", "2/2")
    found = document()
    assert {one["shard"] for one in found["missing"]} == {1}
    assert {one["why"] for one in found["missing"]} == {"was judged by other rules or prices than the newest part"}
    assert found["notes"] == ["part 1/2 was judged by other rules or prices than the newest part: run it again"]


def test_a_part_that_was_judged_again_by_other_rules_in_another_place_is_not_asked_for(judged, fleet, document):
    (judged / "policies" / "large.yaml").write_text(LARGE)
    fleet("run", "plans", "--to", "anew")
    found = document("fleet", "anew")
    assert (found["notes"], found["missing"]) == ([], [])


def test_a_fleet_that_is_divided_anew_leaves_its_former_parts_behind(judged, fleet, document):
    (judged / "policies" / "large.yaml").write_text(LARGE)
    for number in (1, 2):
        fleet("run", "plans", "--shard", f"{number}/2")
    found = document()
    assert (found["notes"], found["missing"]) == ([], [])
    assert found["counts"]["fail"] == 2


def test_rules_that_are_others_than_those_of_the_run_are_told(judged, document):
    (judged / "policies" / "large.yaml").write_text(LARGE)
    assert document()["notes"] == [
        "workspaces were judged by other rules than those of guardrail.yaml: run the fleet again"
    ]


def test_a_result_that_was_changed_is_missing_and_named(judged, fleet, document):
    place = judged / "fleet" / path_of("shop")
    place.write_bytes(place.read_bytes()[:-3])
    (lost,) = document()["missing"]
    assert lost["name"] == "shop"
    assert lost["why"].startswith("its result has been changed or cut")
    assert fleet("collect").exit_code == 2


def test_what_is_in_two_places_counts_once(judged, document):
    shutil.copytree(judged / "fleet", judged / "copy")
    alone, twice = document("fleet"), document("fleet", "copy")
    assert twice["notes"] == ["4 workspaces with two results, of which the newer one counts"]
    assert {**twice, "notes": []} == alone


def test_a_workspace_that_is_named_no_more_does_not_count(judged, fleet, document):
    (judged / "plans" / "live.json").unlink()
    fleet("run", "plans")
    found = document()
    assert found["counts"]["workspaces"] == 3
    assert found["notes"] == ["1 result of workspaces that the newest lists do not name: not counted"]


def test_the_facts_go_into_a_ledger_once(judged, fleet):
    for _ in range(2):
        fleet("collect", "--ledger", "ledger")
    ledger = open_ledger(Folder(judged / "ledger"))
    assert ledger.rows("select project, verdict from runs order by 1") == [
        *[("bare", "fail"), ("größe/ünïcode", "pass"), ("live", "pass"), ("shop", "pass")]
    ]


def test_one_run_and_three_parts_leave_the_same_facts(judged, fleet):
    for number in (1, 2, 3):
        fleet("run", "plans", "--shard", f"{number}/3", "--to", f"part-{number}")
    fleet("collect", "part-1", "part-2", "part-3", "--ledger", "parts")
    fleet("collect", "--ledger", "whole")
    assert sorted(Folder(judged / "parts").paths()) == sorted(Folder(judged / "whole").paths())


def test_tables_of_parquet_hold_the_facts(judged, fleet):
    import duckdb  # noqa: PLC0415

    for _ in range(2):
        fleet("collect", "--parquet", "tables")
    counted = {
        table: len(duckdb.connect().execute(f"select * from '{judged}/tables/{table}/*.parquet'").fetchall())
        for table in ("runs", "lines", "findings")
    }
    assert counted == {"runs": 4, "lines": 12, "findings": 2}
    assert sorted(path.name for path in (judged / "tables").iterdir()) == ["findings", "lines", "runs", "workspaces"]


def test_the_table_of_workspaces_has_those_that_were_not_read_without_an_amount(fleet, folder):
    import duckdb  # noqa: PLC0415

    fleet("run", "plans")
    (folder / "fleet" / path_of("shop")).unlink()
    fleet("collect", "--parquet", "tables")
    table = f"'{folder}/tables/workspaces/*.parquet'"
    found = (
        duckdb.connect()
        .execute(f'select workspace, verdict, "after", after_bound, part from {table} order by 1')
        .fetchall()
    )
    assert found[1:2] == [("broken", "not-evaluated", None, None, None)]
    assert found[-1] == ("shop", "missing", None, None, 1)
    assert [(name, verdict, bound) for name, verdict, _, bound, _ in found if bound] == [
        *[("bare", "fail", "exact"), ("größe/ünïcode", "pass", "exact"), ("live", "pass", "exact")]
    ]
    assert duckdb.connect().execute(f'select typeof("after") from {table}').fetchone() == ("DECIMAL(38,18)",)


def test_a_new_rule_is_tried_on_the_whole_fleet(judged, fleet, document):
    (judged / "policies" / "large.yaml").write_text(LARGE)
    fleet("run", "plans", "--to", "stricter")
    found = document("stricter", "--against", "fleet")["comparison"]
    assert (found["compared"], found["newly_blocked"], found["no_longer_blocked"]) == (4, 1, 0)
    (one,) = found["workspaces"]
    assert (one["name"], one["verdict_before"], one["verdict"]) == ("größe/ünïcode", "pass", "fail")
    assert found["rules"] == [{"rule": "no-large", "kind": "newly fails", "findings": 1, "workspaces": 1}]
    assert (found["edited"], found["prices_differ"]) == (0, False)
    ran = fleet("collect", "stricter", "--against", "fleet")
    assert ran.exit_code == 1
    assert "Newly blocked: 1 of 4 workspaces" in ran.stdout
    assert "no-large: aws_instance.m0: too large" in ran.stdout
    other_way = fleet("collect", "fleet", "--against", "stricter")
    assert other_way.exit_code == 0
    assert "Newly blocked: 0 of 4 workspaces\n\n" in other_way.stdout
    assert "No longer blocked" in other_way.stdout


def test_what_fails_now_and_was_not_evaluated_before_is_neither_newly_blocked_nor_passed(judged, fleet, document):
    (judged / "policies" / "large.yaml").write_text(LARGE)
    fleet("run", "plans", "--to", "stricter")
    place = judged / "fleet" / path_of("größe/ünïcode")
    place.write_bytes(place.read_bytes()[:-3])
    found = document("stricter", "--against", "fleet")
    assert (found["verdict"], found["comparison"]["newly_blocked"]) == ("not-evaluated", 0)
    assert found["comparison"]["perhaps_blocked"] == found["comparison"]["not_compared"] == ["größe/ünïcode"]
    ran = fleet("collect", "stricter", "--against", "fleet")
    assert ran.exit_code == 2
    assert ran.stdout.startswith("NOT EVALUATED  1 blocked now, and not known whether they were before\n")
    assert "Blocked now, and not evaluated before\n  größe/ünïcode\n" in ran.stdout
    assert fleet("collect", "fleet", "--against", "stricter").exit_code == 2  # a result is missing


def test_a_former_run_whose_parts_were_judged_otherwise_is_compared_with_its_newest_part(judged, fleet, document):
    for number in (1, 2):
        fleet("run", "plans", "--shard", f"{number}/2", "--to", "mixed")
    (judged / "policies" / "large.yaml").write_text(LARGE)
    fleet("run", "plans", "--shard", "2/2", "--to", "mixed")
    fleet("run", "plans", "--to", "stricter")
    comparison = document("stricter", "--against", "mixed")["comparison"]
    assert comparison["compared"] == sum(Shard(2, 2).has(name) for name in ("bare", "größe/ünïcode", "live", "shop"))
    assert comparison["newly_blocked"] == 0


@pytest.fixture
def waivers(judged):
    """Write waivers for these addresses, of a rule that finds machines without a team in one workspace."""

    def write(*addresses, expires="2027-01-31"):
        lines = (f"  - {{rule: team-tag, address: '{one}', reason: agreed, expires: {expires}}}\n" for one in addresses)
        (judged / "waivers.yaml").write_text("".join(("waivers:\n", *lines)))
        (judged / "guardrail.yaml").write_text(f"{CONFIG}waivers: waivers.yaml\n")

    return write


def about_waivers(found):
    return [(one["rule"], one["message"].partition(" for ")[2]) for one in found["findings"] if "waiver" in one["rule"]]


def test_a_waiver_that_no_workspace_uses_is_told_once(waivers, fleet, document):
    waivers("aws_instance.m0", "aws_instance.gone")
    for number in (1, 2, 3):
        fleet("run", "plans", "--shard", f"{number}/3")
    assert about_waivers(document()) == [("waiver-unused", "aws_instance.gone excuses nothing")]
    waivers("aws_instance.m0", expires="2026-12-01")
    fleet("run", "plans")
    assert about_waivers(document()) == [("waiver-expiring", "aws_instance.m0 expires in 3 days")]


@pytest.mark.parametrize("lost", ["bare", "live"])
def test_which_waivers_are_unused_is_not_told_where_a_workspace_is_missing(waivers, judged, fleet, document, lost):
    waivers("aws_instance.gone")
    fleet("run", "plans")
    (judged / "fleet" / path_of(lost)).unlink()
    found = document()
    assert about_waivers(found) == []
    assert found["notes"] == ["not all workspaces are evaluated: which waivers none of them uses is not told"]


def test_where_nothing_could_be_read_nothing_costs_0(fleet, document):
    fleet("run", "plans/broken.json")
    found, ran = document(), fleet("collect")
    assert (found["verdict"], found["totals"]["lower_bound"]) == ("not-evaluated", True)
    assert "monthly cost after all changes: not known (these changes: not known)" in ran.stdout
    assert "  all     not known  $1,000.00  1 resource or workspace" in ran.stdout
    (row,) = csv.DictReader(io.StringIO(fleet("collect", "--format", "csv").stdout))
    assert (row["monthly_cost"], row["lower_bound"]) == ("", "")


def test_an_amount_of_which_part_is_missing_says_so(fleet, judged, document):
    unpriced = plan("t3.micro").replace("aws_instance", "acme_thing").replace('"aws"', '"registry.terraform.io/a/acme"')
    (judged / "plans" / "acme.json").write_text(unpriced)
    fleet("run", "plans")
    assert {one["name"]: one["lower_bound"] for one in document()["workspaces"]}["acme"]
    assert document()["totals"]["lower_bound"]


@pytest.mark.parametrize("width", [80, 120])
def test_tables_are_as_wide_as_the_terminal(fleet, folder, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    (folder / "plans" / "broken.json").write_text("[]")
    fleet("run", "plans")
    lines = fleet("collect").stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert any(len(line) > width - 20 for line in lines)


@pytest.mark.parametrize("format_name", ["table", "markdown", "csv", "json"])
def test_every_format_names_every_workspace_that_is_blocked(judged, fleet, format_name):
    ran = fleet("collect", "--format", format_name, "--out", f"{format_name}=out/report")
    assert (judged / "out" / "report").read_bytes() == ran.stdout.encode()
    assert "bare" in ran.stdout


@pytest.mark.parametrize(
    "args, said",
    [
        (["nowhere"], "nowhere: no results of a fleet in it"),
        (["--against", "nowhere"], "nowhere: no results of a fleet in it"),
        (["--out", "xml=a"], "'xml=a' is not FORMAT=PATH"),
    ],
)
@pytest.mark.usefixtures("judged")
def test_what_cannot_be_collected_is_told_in_one_line(fleet, args, said):
    ran = fleet("collect", *args)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr


@pytest.mark.parametrize("config", ["version: 1\n", f"{CONFIG}pricing: {{currency: EUR, rates: rates.toml}}\n"])
def test_other_budgets_and_another_currency_than_those_of_the_run_are_refused(judged, fleet, config):
    (judged / "rates.toml").write_text("")
    (judged / "guardrail.yaml").write_text(config)
    ran = fleet("collect")
    assert ran.exit_code == 2
    assert "guardrail.yaml has other budgets, or another currency, than the run was made with" in ran.stderr
