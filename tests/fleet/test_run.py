"""`guardrail fleet run`: each workspace by itself, once, and again only where something has changed."""

import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.check.run import check
from guardrail.fleet.outcome import Outcome, decoded, encoded
from guardrail.fleet.results import Results, path_of
from guardrail.ledger.storage.store import Folder
from guardrail.model.money import plain
from tests.fleet.conftest import LARGE, machine_state, plan
from tests.test_project_variables import git

ALL = ["bare", "broken", "größe/ünïcode", "live", "shop"]


@pytest.fixture
def again(fleet, here):
    """Run once more, and return the workspaces that were judged, not kept."""

    def call(*args):
        here.clear()
        ran = fleet("run", "plans", *args)
        kept = ran.stdout.partition(" of them before")[0].rpartition(", ")[2]
        return ran, int(kept) if kept.isdecimal() else 0

    return call


def outcomes(folder, name="fleet"):
    """Return what became of each workspace, whichever run has judged it."""
    found = Results(Folder(folder / name)).outcomes()
    return {one.name: replace(one, run="") for one in found if isinstance(one, Outcome)}


def test_each_workspace_is_judged_and_one_that_cannot_be_read_stops_none(fleet, folder):
    ran = fleet("run", "plans")
    assert ran.exit_code == 2
    assert ran.stdout.startswith("NOT EVALUATED  5 workspaces judged: 3 pass, 0 warn, 1 fail, 1 not evaluated\n")
    assert "not evaluated: broken: plans/broken.json: " in ran.stdout
    found = outcomes(folder)
    assert {name: one.verdict for name, one in found.items()} == {
        **dict.fromkeys(("shop", "live", "größe/ünïcode"), "pass"),
        "bare": "fail",
        "broken": "not-evaluated",
    }
    assert found["broken"].totals is None
    assert not found["broken"].facts


def test_amounts_are_those_of_a_check(fleet, run, folder):
    fleet("run", "plans")
    checked = json.loads(run("check", "plans/bare.json", "--now", "2026-11-28", "--format", "json").stdout)
    bare = outcomes(folder)["bare"]
    assert plain(bare.totals.monthly_cost) == checked["totals"]["monthly_cost"]
    assert bare.budgets["all"].known == bare.totals.monthly_cost


def test_what_is_done_is_not_done_again(fleet, again):
    fleet("run", "plans")
    ran, kept = again()
    assert kept == 4  # what could not be evaluated is tried each time
    assert ran.exit_code == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda top: (top / "policies" / "large.yaml").write_text(LARGE),
        lambda top: (top / "policies" / "team.yaml").write_text(
            (top / "policies" / "team.yaml").read_text().replace("mandatory", "advisory")
        ),
        lambda top: (top / "guardrail.yaml").write_text("version: 1\n"),
    ],
)
def test_other_rules_judge_everything_again(fleet, again, folder, change):
    fleet("run", "plans")
    change(folder)
    assert again()[1] == 0


def test_another_build_of_the_same_version_judges_everything_again(fleet, again, monkeypatch):
    fleet("run", "plans")
    monkeypatch.setattr("guardrail.data.release_commit", lambda: "0" * 40)
    assert again()[1] == 0


def test_a_workspace_that_has_changed_is_judged_again(fleet, again, folder):
    fleet("run", "plans")
    (folder / "plans" / "shop" / "plan.json").write_text(plan("t3.micro", team=""))
    ran, kept = again()
    assert kept == 3
    assert "2 pass, 0 warn, 2 fail" in ran.stdout


ROOT = """\
locals {
  sizes = yamldecode(file("${path.module}/sizes.yaml"))
  more  = fileset(path.module, "machines/*.yaml")
}
resource "aws_instance" "web" {
  instance_type     = terraform.workspace == "prod" ? "m5.large" : local.sizes.web
  availability_zone = "us-east-1a"
  tags              = { team = "core" }
}
resource "aws_instance" "more" {
  for_each          = local.more
  instance_type     = "t3.micro"
  availability_zone = "us-east-1a"
  tags              = { team = "core" }
}
"""


@pytest.mark.parametrize(
    "name, text",
    [
        ("sizes.yaml", "web: m5.large\n"),
        ("machines/b.yaml", ""),
        (".terraform/environment", "prod"),
        (".terraform.lock.hcl", 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.0.0"\n}\n'),
        ("main.tf", ROOT.replace("local.sizes.web", '"m5.large"')),
        ("prod.auto.tfvars", ""),
    ],
)
def test_a_folder_is_judged_again_where_anything_that_it_reads_has_changed(fleet, folder, name, text):
    root = folder / "infra" / "web"
    (root / "machines").mkdir(parents=True)
    (root / ".terraform").mkdir()
    (root / "machines" / "a.yaml").touch()
    (root / "main.tf").write_text(ROOT)
    (root / "sizes.yaml").write_text("web: t3.micro\n")
    fleet("run", "infra")
    assert ", 1 of them before" in fleet("run", "infra").stdout
    (root / name).write_text(text)
    assert "before" not in fleet("run", "infra").stdout
    former = outcomes(folder)["web"]
    fleet("run", "infra", "--again")
    assert outcomes(folder)["web"] == former
    assert ", 1 of them before" in fleet("run", "infra").stdout


CALLS = 'module "a" {\n  source = "./a"\n  count = 2\n}\nmodule "b" { source = "./b" }\n'
MACHINE = 'resource "aws_instance" "x" {\n  instance_type = "%s"\n  availability_zone = "us-east-1a"\n}\n'


@pytest.mark.parametrize("one, other", [("web/a/main.tf", "web/b/main.tf"), ("a.auto.tfvars", "b.auto.tfvars")])
def test_files_that_change_places_are_another_configuration(fleet, folder, one, other):
    root = folder / "infra" / "web"
    for name, machine in (("a", "t3.micro"), ("b", "m5.large")):
        (root / name).mkdir(parents=True)
        (root / name / "main.tf").write_text(MACHINE % machine)
        (root / f"{name}.auto.tfvars").write_text(f'type = "{machine}"\n')
    (root / "main.tf").write_text(CALLS + 'variable "type" {}\n' + (MACHINE % "@").replace('"@"', "var.type"))
    fleet("run", "infra")
    first, second = root / one.removeprefix("web/"), root / other.removeprefix("web/")
    texts = first.read_text(), second.read_text()
    second.write_text(texts[0])
    first.write_text(texts[1])
    assert "before" not in fleet("run", "infra").stdout
    former = outcomes(folder)["web"]
    fleet("run", "infra", "--again")
    assert outcomes(folder)["web"] == former


def test_what_the_environment_says_of_variables_is_told_to_be_left_out(fleet, folder, monkeypatch):
    (folder / "infra").mkdir()
    (folder / "infra" / "main.tf").write_text(MACHINE % "t3.micro")
    monkeypatch.setenv("TF_VAR_type", "m5.large")
    assert "TF_VAR" not in fleet("run", "plans").stderr
    assert (
        "guardrail: TF_VAR_type: not read in a fleet, which is judged alike on every machine"
        in fleet("run", "infra").stderr
    )


def test_a_plan_is_judged_again_with_other_versions_of_its_providers(fleet, again, folder):
    fleet("run", "plans")
    (folder / "plans" / "shop" / ".terraform.lock.hcl").write_text("")
    assert again()[1] == 3


def test_the_name_of_the_repository_counts_where_a_rule_reads_it(fleet, again, folder):
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", "https://example.com/a/b.git")
    rule = LARGE.replace("resource.after.instance_type", "project.repository")
    (folder / "policies" / "repository.yaml").write_text(rule)
    fleet("run", "plans")
    assert again()[1] == 4
    git(folder, "remote", "set-url", "origin", "https://example.com/a/c.git")
    assert again()[1] == 0


def test_a_state_of_a_format_that_is_not_known_is_not_evaluated(fleet, folder):
    (folder / "plans" / "live.json").write_text(machine_state().replace('"1.0"', '"9.0"'))
    ran = fleet("run", "plans")
    assert "not evaluated: live: plans/live.json: format_version 9.0 is not supported (update guardrail)" in ran.stdout


def test_again_judges_what_has_not_changed(fleet, again):
    fleet("run", "plans")
    assert again("--again")[1] == 0


def test_another_day_changes_only_what_depends_on_it(fleet, run, folder):
    (folder / "waivers.yaml").write_text(
        "waivers: [{rule: team-tag, address: aws_instance.m0, reason: agreed, expires: 2026-11-30}]\n"
    )
    (folder / "guardrail.yaml").write_text((folder / "guardrail.yaml").read_text() + "waivers: waivers.yaml\n")
    fleet("run", "plans")
    assert {one.day for one in outcomes(folder).values()} == {"", "2026-11-28"}
    later = run("fleet", "run", "plans", "--now", "2026-12-05")
    assert ", 3 of them before" in later.stdout
    waived = [one.standing for one in outcomes(folder)["bare"].findings if one.rule == "team-tag"]
    assert waived == ["fails", "fails"]


OVERLAY = "version: 1\ndiscounts: [{vendor: aws, percent: 50, until: 2026-11-30}]\ncoverage: []\n"


def test_an_entry_of_the_overlay_that_ends_is_another_price(fleet, run, folder):
    (folder / "overlay.yaml").write_text(OVERLAY)
    (folder / "guardrail.yaml").write_text(
        (folder / "guardrail.yaml").read_text() + "pricing: {overlay: overlay.yaml}\n"
    )
    fleet("run", "plans")
    costs = {name: one.totals.monthly_cost for name, one in outcomes(folder).items() if one.totals}
    assert ", 4 of them before" in run("fleet", "run", "plans", "--now", "2026-11-30").stdout
    assert "before" not in run("fleet", "run", "plans", "--now", "2026-12-01").stdout
    assert outcomes(folder)["bare"].totals.monthly_cost > costs["bare"] * Decimal("1.5")


def test_a_waiver_of_something_else_binds_no_workspace_to_its_day(fleet, folder):
    (folder / "waivers.yaml").write_text(
        "waivers: [{rule: team-tag, address: aws_instance.other, reason: agreed, expires: 2026-11-01}]\n"
    )
    (folder / "guardrail.yaml").write_text((folder / "guardrail.yaml").read_text() + "waivers: waivers.yaml\n")
    fleet("run", "plans")
    assert {one.day for one in outcomes(folder).values()} == {""}


def test_parts_together_are_the_whole(fleet, folder, here):
    for number in (1, 2, 3):
        fleet("run", "plans", "--shard", f"{number}/3", "--to", "parts")
    assert sorted(here) == ALL
    fleet("run", "plans", "--to", "whole")
    assert outcomes(folder, "parts") == outcomes(folder, "whole")


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-5], lambda _data: b"", lambda data: data[:90] + b"\0" + data[91:]]
)
def test_a_result_that_was_changed_or_cut_is_judged_again(fleet, again, folder, damage):
    fleet("run", "plans")
    place = folder / "fleet" / path_of("shop")
    whole = place.read_bytes()
    place.write_bytes(damage(whole))
    assert again()[1] == 3
    judged, before = decoded(place.read_bytes()), decoded(whole)
    assert replace(judged, run="") == replace(before, run="")


def test_two_runs_of_one_part_do_not_write_to_one_folder_at_once(fleet, folder):
    from filelock import FileLock  # noqa: PLC0415

    (folder / "fleet").mkdir()
    with FileLock(folder / "fleet" / ".run-1-of-1.lock"):
        ran = fleet("run", "plans")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("guardrail: fleet: another run is writing its results here")


def test_a_run_that_is_interrupted_says_how_far_it_is_and_goes_on_from_there(fleet, again, monkeypatch):
    write = Results.write
    count: list[Outcome] = []

    def interrupted(self, outcome):
        if len(count) == 2:
            raise KeyboardInterrupt
        count.append(outcome)
        write(self, outcome)

    with monkeypatch.context() as patch:
        patch.setattr(Results, "write", interrupted)
        ran = fleet("run", "plans")
    assert ran.exit_code == 130
    assert "2 of 5 workspaces are done; the same command goes on from there" in ran.stderr
    assert again()[1] == len([one for one in count if one.is_evaluated])


def test_a_full_disk_ends_the_run_in_one_line(fleet, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ran = fleet("run", "plans")
    assert ran.exit_code == 2
    assert ran.stderr.strip().endswith("cannot be written: No space left on device")
    assert "Traceback" not in ran.stderr


def test_a_bug_that_one_workspace_meets_does_not_stop_the_others(fleet, monkeypatch):
    def buggy(settings, **more):
        if settings.sources[0].name == "shop":
            raise ZeroDivisionError("oh")
        return check(settings, **more)

    monkeypatch.setattr("guardrail.fleet.judging.check", buggy)
    ran = fleet("run", "plans")
    assert "not evaluated: shop: a bug in guardrail: ZeroDivisionError: oh" in ran.stdout
    assert "2 pass, 0 warn, 1 fail, 2 not evaluated" in ran.stdout


def test_rules_that_cannot_be_loaded_stop_the_run_before_the_first_workspace(fleet, folder, here):
    (folder / "policies" / "team.yaml").write_text("id: [")
    ran = fleet("run", "plans")
    assert (ran.exit_code, here) == (2, [])
    assert not (folder / "fleet").exists()


def test_an_outcome_is_the_same_bytes_and_reads_back(fleet, folder):
    fleet("run", "plans")
    data = (folder / "fleet" / path_of("shop")).read_bytes()
    shop = decoded(data)
    assert encoded(shop) == data
    assert decoded(encoded(shop)) == shop
