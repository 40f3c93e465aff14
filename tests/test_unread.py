"""One root module or plan that cannot be read: it is named, the others are judged, and the run was not evaluated."""

import json

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
