"""One root module or plan that cannot be read: it is named, the others are judged, and the run was not evaluated."""

import json
import sys

import pytest

from guardrail.cli.output import FORMAT_NAMES

GOOD = 'provider "aws" { region = "us-east-1" }\nresource "aws_instance" "a" { instance_type = "m5.large" }\n'
BAD = 'resource "aws_instance" "x" {\n  instance_type = "m5.large\n}\n'
PLAN = '{"format_version": "1.2", "resource_changes": []}'
BUDGET = "budgets: [{name: all, monthly: 1}]\n"
PROJECTS = "version: 1\nprojects: [{name: one, path: good}, {name: two, path: bad}]\n"

CASES = {
    "roots below a folder": ({"good/main.tf": GOOD, "bad/main.tf": BAD}, ["."], "./bad", "bad/main.tf"),
    "folders named": ({"good/main.tf": GOOD, "bad/main.tf": BAD}, ["good", "bad"], "bad", "bad/main.tf"),
    "projects": ({"good/main.tf": GOOD, "bad/main.tf": BAD, "guardrail.yaml": PROJECTS}, [], "two", "bad/main.tf"),
    "a folder without anything": ({"good/main.tf": GOOD, "bad/README.md": "x"}, ["good", "bad"], "bad", "bad"),
    "a plan": ({"good/main.tf": GOOD, "bad.json": '{"format_version"'}, ["good", "bad.json"], "bad.json", "bad.json"),
    "no such plan": ({"good/main.tf": GOOD}, ["good", "none.json"], "none.json", "none.json"),
    "no match of a pattern": ({"good/main.tf": GOOD}, ["good", "plans/*.json"], "plans/*.json", "plans/*.json"),
    "JSON syntax": ({"good/main.tf": GOOD, "bad/main.tf.json": "{"}, ["."], "./bad", "bad/main.tf.json"),
}


@pytest.fixture
def tree(tmp_path):
    def put(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")

    return put


@pytest.mark.parametrize("files, inputs, name, file", CASES.values(), ids=CASES)
@pytest.mark.parametrize("verb", ["check", "estimate"])
def test_it_is_named_and_the_others_are_priced(tree, run, verb, files, inputs, name, file):
    tree(files)
    ran = run(verb, *inputs, "--format", "json")
    assert (ran.exit_code, ran.stderr) == (2, "")
    projects = {project["name"]: project for project in json.loads(ran.stdout)["projects"]}
    assert [resource["address"] for p in projects.values() for resource in p["resources"]] == ["aws_instance.a"]
    (finding,) = projects[name]["findings"]
    assert (finding["rule"], finding["status"], finding["file"]) == ("unreadable-input", "error", file)


@pytest.mark.parametrize("format_name", sorted(FORMAT_NAMES))
@pytest.mark.parametrize("verb", ["check", "estimate"])
def test_every_format_names_it(tree, run, verb, format_name):
    tree(CASES["roots below a folder"][0])
    ran = run(verb, ".", "--format", format_name)
    assert ran.exit_code == 2
    assert "bad" in ran.stdout


def test_no_row_shows_it_as_free_and_no_test_as_passed(tree, run):
    tree(CASES["roots below a folder"][0])
    text = run("check", ".").stdout
    assert text.startswith("WARN  1 project not read")
    (row,) = [line.split() for line in text.splitlines() if line.startswith("./bad")]
    assert row == ["./bad", "not", "read"]
    assert "<code>./bad</code> | ⚠️\u00a01 | **not read** |  |  |" in run("check", ".", "--format", "markdown").stdout
    (suite,) = [part for part in run("check", ".", "--format", "junit").stdout.split("<testsuite ") if "./bad" in part]
    assert 'tests="1" failures="0" errors="1"' in suite


def test_one_alone_is_one_line(tree, run):
    tree({"bad/main.tf": BAD})
    ran = run("check", "bad")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "bad/main.tf:2: what is opened here is never closed" in ran.stderr


def test_a_result_of_it_is_read_back_and_is_no_base(tree, run):
    tree(CASES["roots below a folder"][0])
    run("check", ".", "--out", "json=result.json")
    ran = run("report", "result.json", "--format", "json")
    assert (ran.exit_code, json.loads(ran.stdout)["projects"][0]["findings"][0]["status"]) == (2, "error")
    tree({"bad/main.tf": GOOD})
    ran = run("check", ".", "--base", "result.json")
    assert (ran.exit_code, "'./bad' could not be read in that run" in ran.stderr) == (2, True)


def test_what_has_become_unreadable_is_not_deleted(tree, run):
    tree({"old/a/main.tf": GOOD, "old/b/main.tf": GOOD, "new/a/main.tf": GOOD, "new/b/main.tf": BAD})
    ran = run("check", "new", "--base", "old", "--format", "json")
    found = json.loads(ran.stdout)["projects"]
    assert ran.exit_code == 2
    assert [[one["action"] for one in project["resources"]] for project in found] == [["no-op"], []]


def test_what_was_unreadable_is_not_new(tree, run):
    tree({"old/a/main.tf": GOOD, "old/b/main.tf": BAD, "new/a/main.tf": GOOD, "new/b/main.tf": GOOD})
    ran = run("check", "new", "--base", "old", "--format", "json")
    found = json.loads(ran.stdout)["projects"]
    assert ran.exit_code == 2
    assert [[one["action"] for one in project["resources"]] for project in found] == [["no-op"], []]
    assert found[1]["findings"][0]["message"].startswith("not read: --base old: old/b/main.tf:2: ")


def test_a_project_without_its_plan_does_not_keep_others_from_being_judged(tree, run):
    projects = "version: 1\nprojects: [{name: one, path: good}, {name: two, plan: 'plans/*.json'}]\n"
    tree({"good/main.tf": GOOD, "guardrail.yaml": projects})
    ran = run("check", "--format", "json")
    found = {project["name"]: len(project["resources"]) for project in json.loads(ran.stdout)["projects"]}
    assert (ran.exit_code, found) == (2, {"one": 1, "two": 0})
    assert run("check", "--allow-no-plans").exit_code == 0


def test_explain_says_why_an_address_is_not_found(tree, run):
    tree(CASES["roots below a folder"][0])
    assert run("explain", "aws_instance.a", ".").exit_code == 0
    assert "bad/main.tf:" in run("explain", "aws_instance.x", ".").stderr
    for command in (["usage", "init"], ["pricing", "status"]):
        ran = run(*command, ".")
        assert (ran.exit_code, "bad/main.tf:" in ran.stderr) == (2, True)


@pytest.mark.parametrize("base, head", [("old", "new"), ("new", "old")])
def test_a_difference_with_what_cannot_be_read_is_none(tree, run, tmp_path, base, head):
    tree({"old/a/main.tf": GOOD, "old/b/main.tf": GOOD, "new/a/main.tf": GOOD, "new/b/main.tf": BAD})
    for side in (base, head):
        run("estimate", ".", "--out", f"json=../{side}.json", cwd=tmp_path / side)
    ran = run("diff", f"{base}.json", f"{head}.json", "--format", "json")
    found = json.loads(ran.stdout)["projects"]
    assert ran.exit_code == 2
    assert [[one["action"] for one in project["resources"]] for project in found] == [["no-op"], []]
    assert found[1]["findings"][0]["rule"] == "unreadable-input"


LINKS = ["x.tf", "nowhere.tf", "../good", "main.tf"]
"""Where a link x.tf leads: to itself, to nothing, to a folder, and to another file."""


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("target", LINKS)
@pytest.mark.parametrize("place", ["bad", "module"])
def test_a_link_hides_nothing_of_the_configuration_beside_it(tree, run, tmp_path, place, target):
    machine = GOOD.replace("m5.large", "m5.24xlarge").replace('"a"', '"b"')
    tree({"good/main.tf": GOOD, f"{place}/main.tf": machine})
    if place == "module":
        tree({"good/main.tf": GOOD + 'module "m" { source = "../module" }\n'})
    (tmp_path / place / "x.tf").symlink_to(target)
    ran = run("check", ".", "--format", "json")
    told = json.loads(ran.stdout)
    if target == "main.tf":  # read twice, as Terraform would
        assert told["verdict"] != "pass"
        return
    assert f"{place}/x.tf" in ran.stdout
    assert (ran.exit_code, told["verdict"] == "pass") == (2 if place == "bad" else 1, False)
    assert (ran.stderr, told["totals"]["lower_bound"]) == ("", True)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("target", ["guardrail.yaml", "nowhere"])
@pytest.mark.parametrize("args", [["check", "good"], ["check", "--hook", "good/main.tf"], ["validate"]])
def test_a_guardrail_yaml_that_leads_nowhere_is_not_none(tree, run, tmp_path, target, args):
    tree({"good/main.tf": GOOD})
    (tmp_path / "guardrail.yaml").symlink_to(target)
    ran = run(*args)
    assert (ran.exit_code, ran.stdout.count("\n") + ran.stderr.count("\n") <= 2) == (2, True)
    assert "guardrail.yaml: " in ran.stdout + ran.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize(
    "args", [["check", "loop"], ["check", "--hook", "loop"], ["diff", "loop", "loop"], ["check", "."]]
)
def test_a_link_that_leads_to_itself_is_one_line(tree, run, tmp_path, args):
    tree({"good/main.tf": GOOD + 'module "m" { source = "../loop" }\n'})
    (tmp_path / "loop").symlink_to("loop")
    ran = run(*args)
    assert ran.exit_code in {0, 2}
    assert "internal error" not in ran.stderr
    assert ("loop" in ran.stdout + ran.stderr) or args == ["check", "--hook", "loop"]


LOCK = 'provider "registry.%s/hashicorp/aws" {\n  version = "6.0.0"\n}\n'


@pytest.mark.parametrize(
    "lock, is_told",
    [(None, True), (LOCK % "opentofu.org", False), (LOCK % "opentofu.org" + LOCK % "terraform.io", True)],
)
@pytest.mark.parametrize("name", ["main.tf", "main.tf.json"])
def test_what_opentofu_alone_leaves_out_is_told(tree, run, name, lock, is_told):
    text = '{"resource": {"aws_instance": {"x": {"instance_type": "m5.24xlarge"}}}}' if name.endswith("json") else GOOD
    tree({f"good/{name}": text, f"good/{name.replace('.tf', '.tofu')}": "{}" if name.endswith("json") else ""})
    if lock:
        tree({"good/.terraform.lock.hcl": lock})
    ran = run("check", "good", "--format", "json")
    told = json.loads(ran.stdout)
    assert (told["verdict"] != "pass", f"good/{name}: not read" in ran.stdout) == (is_told, is_told)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("target", ["nowhere", "plan.json"])
@pytest.mark.parametrize("args", [["plans"], ["plans/*/plan.json"], []])
def test_a_plan_that_a_link_does_not_lead_to_is_missed(tree, run, tmp_path, args, target):
    config = "version: 1\nprojects: [{name: all, plan: plans/*/plan.json}]\n"
    tree({"plans/a/plan.json": PLAN, "plans/b/x": "", **({} if args else {"guardrail.yaml": config})})
    (tmp_path / "plans/b/plan.json").symlink_to(target)
    ran = run("check", *args, "--format", "json")
    assert (ran.exit_code, "plans/b/plan.json" in ran.stdout, ran.stderr) == (2, True, "")
    assert len(json.loads(ran.stdout)["projects"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize(
    "target, said",
    [
        ("nowhere", "cannot be read: No such file"),
        ("more.yaml", "cannot be read"),
        ("../other", "is a link to a folder"),
    ],
)
def test_a_rule_that_a_link_does_not_lead_to_is_missed(tree, run, tmp_path, target, said):
    rule = "id: own\ntitle: t\nseverity: low\nenforcement: advisory\nvalidations: [{expression: 'true', message: m}]\n"
    tree({"plan.json": PLAN, "rules/own.yaml": rule, "other/x.yaml": rule})
    tree({"guardrail.yaml": "version: 1\nrules: {packs: [], paths: [rules]}\n"})
    (tmp_path / "rules/more.yaml").symlink_to(target)
    (tmp_path / "rules/.#own.yaml").symlink_to("eva@host.1234")  # an editor's
    ran = run("check", "plan.json")
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert f"more.yaml: {said}" in ran.stderr
    (tmp_path / "rules/more.yaml").unlink()
    assert run("check", "plan.json").exit_code == 0
