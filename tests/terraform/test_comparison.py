"""Configuration against its base: actions, both sides and their cost, from git and from folders."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEPT = 'resource "aws_instance" "kept" {\n  instance_type = "t3.micro"\n}\n'
BEFORE = (
    'provider "aws" { region = "us-east-1" }\n'
    + KEPT
    + 'resource "aws_instance" "grown" { instance_type = "m5.large" }\n'
    + 'resource "aws_instance" "gone" { instance_type = "m5.large" }\n'
)
AFTER = (
    BEFORE.replace('"grown" { instance_type = "m5.large"', '"grown" { instance_type = "m5.xlarge"').replace(
        '"gone"', '"new"'
    )
    + "# nothing\n"
)
ACTIONS = {"kept": "no-op", "grown": "update", "gone": "delete", "new": "create"}


def git(folder, *args):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", str(folder), *who, *args], check=True, capture_output=True, text=True).stdout  # noqa: S607


def commit(folder, message, **files):
    for name, text in files.items():
        path = Path(folder, name, "main.tf")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "before", infra=BEFORE)
    git(tmp_path, "checkout", "-q", "-b", "change")
    commit(tmp_path, "after", infra=AFTER)
    git(tmp_path, "checkout", "-q", "main")
    commit(tmp_path, "main goes on", infra=BEFORE.replace("t3.micro", "t3.large"))
    git(tmp_path, "checkout", "-q", "change")
    return tmp_path


def compared(run, *args, **more):
    ran = run("estimate", *args, "--format", "json", **more)
    assert (ran.exit_code, ran.stderr) == (0, "")
    return json.loads(ran.stdout)["projects"]


def test_a_change_has_before_after_and_delta(repository, run):
    ((project,), status) = (compared(run, "infra", "--base", "main"), git(repository, "status", "--porcelain"))
    resources = {resource["address"].rpartition(".")[2]: resource for resource in project["resources"]}
    assert {name: resource["action"] for name, resource in resources.items()} == ACTIONS
    was, will, more = (float(resources["grown"][f"monthly_{side}"]) for side in ("before", "cost", "delta"))
    assert more == pytest.approx(will - was)
    assert 0 < was < will
    assert float(resources["gone"]["monthly_delta"]) == -float(resources["new"]["monthly_delta"]) < 0
    assert {name: resource["line"] for name, resource in resources.items()} == {
        "kept": 2,
        "grown": 5,
        "new": 6,
        "gone": None,
    }
    assert status == ""


READS = (
    BEFORE
    + """
resource "aws_instance" "sized" {
  for_each      = fileset("${path.module}/../common", "*.txt")
  instance_type = file("${path.module}/../common/${each.key}")
}
resource "aws_instance" "chosen" { instance_type = fileexists("${path.module}/../common/a.txt") ? "m5.large" : "m5.24xlarge" }
"""
)


def test_files_apart_from_configuration_are_read_as_they_were(repository, run):
    (repository / "common").mkdir()
    (repository / "common/a.txt").write_text("t3.micro", encoding="utf-8")
    commit(repository, "sizes lie apart", infra=READS)
    (repository / "common/a.txt").write_text("m5.large", encoding="utf-8")
    (project,) = compared(run, "infra", "--base", "HEAD")
    found = {one["address"]: one for one in project["resources"]}
    sized, chosen = found['aws_instance.sized["a.txt"]'], found["aws_instance.chosen"]
    assert 0 < float(sized["monthly_before"]) < float(sized["monthly_cost"])
    assert float(chosen["monthly_delta"]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_lead_at_the_base_where_they_lead_here(repository, run):
    for folder in ("common", "links", "modules/m"):
        (repository / folder).mkdir(parents=True)
    (repository / "common/text").write_text(KEPT.replace("kept", "file"), encoding="utf-8")
    (repository / "common/again").symlink_to("text")
    (repository / "infra/linked.tf").symlink_to("../common/again")
    (repository / "links/m").symlink_to("../modules/m")
    commit(repository, "links", infra=AFTER + 'module "m" { source = "../links/m" }\n', **{"modules/m": KEPT})
    (project,) = compared(run, "infra", "--base", "HEAD")
    assert {one["action"] for one in project["resources"]} == {"no-op"}
    assert {"aws_instance.file", "module.m.aws_instance.kept"} < {one["address"] for one in project["resources"]}


def test_a_folder_may_be_the_base(repository, run):
    (repository / "old").mkdir()
    (repository / "old/main.tf").write_text(BEFORE, encoding="utf-8")
    (project,) = compared(run, "infra", "--base", "old")
    assert {r["address"].rpartition(".")[2]: r["action"] for r in project["resources"]} == ACTIONS


def test_moved_and_removed_blocks_are_followed(repository, run):
    text = AFTER.replace('"grown"', '"renamed"').replace(
        'resource "aws_instance" "kept" {', 'resource "aws_instance" "kept" {\n  count = 1'
    )
    text += "moved {\n  from = aws_instance.grown\n  to   = aws_instance.renamed\n}\n"
    text += "removed {\n  from = aws_instance.gone\n  lifecycle { destroy = false }\n}\n"
    commit(repository, "renamed", infra=text)
    (project,) = compared(run, "infra", "--base", "main")
    found = {r["address"].partition(".")[2]: (r["action"], r["previous_address"]) for r in project["resources"]}
    assert found == {
        "kept[0]": ("move", "aws_instance.kept"),
        "renamed": ("update", "aws_instance.grown"),
        "new": ("create", None),
        "gone": ("forget", None),
    }


def test_several_folders_are_compared_with_those_of_the_same_path(tmp_path, run):
    for name, size in (
        ("old/a", "t3.micro"),
        ("old/b", "t3.small"),
        ("new/a", "t3.micro"),
        ("new/b", "t3.large"),
        ("new/c", "t3.nano"),
    ):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "main.tf").write_text(KEPT.replace("t3.micro", size), encoding="utf-8")
    found = {
        p["name"]: [r["action"] for r in p["resources"]]
        for p in compared(run, "a", "b", "c", "--base", "../old", cwd=tmp_path / "new")
    }
    assert found == {"a": ["no-op"], "b": ["update"], "c": ["create"]}
    (tmp_path / "old.json").write_text('{"format_version": "1.2", "resource_changes": []}', encoding="utf-8")
    ran = run("estimate", "a", "b", "--base", "../old.json", cwd=tmp_path / "new")
    assert (ran.exit_code, "one plan cannot be the base of several projects" in ran.stderr) == (2, True)


def test_violations_from_before_do_not_block(repository, run):
    gpu = 'provider "aws" { region = "us-east-1" }\nresource "aws_instance" "gpu" { instance_type = "p4d.24xlarge" }\n'
    git(repository, "checkout", "-q", "main")
    commit(repository, "gpu", infra=gpu)
    git(repository, "checkout", "-q", "-b", "more")
    commit(repository, "more", infra=gpu + KEPT)
    assert run("check", "infra").exit_code == 1
    assert run("check", "infra", "--base", "main").exit_code == 0


def test_root_modules_come_and_go(repository, run):
    git(repository, "rm", "-q", "-r", "infra")
    commit(repository, "moved", **{"tree/a": KEPT, "tree/b": KEPT})
    git(repository, "branch", "-f", "main")
    git(repository, "rm", "-q", "-r", "tree/a")
    commit(repository, "c", **{"tree/c": KEPT})
    projects = compared(run, "tree", "--base", "main")
    assert {p["name"]: [r["action"] for r in p["resources"]] for p in projects} == {
        "tree/a": ["delete"],
        "tree/b": ["no-op"],
        "tree/c": ["create"],
    }


@pytest.mark.parametrize(
    "there, inputs",
    [
        ({"README.md": "x"}, ["."]),
        ({"README.md": "x"}, ["infra"]),
        ({"infra/README.md": "x"}, ["infra"]),
        ({"infra/prod.tfvars": "a = 1", "notes.txt": ""}, ["infra", "other"]),
        ({"versions.tf": "terraform {}"}, ["infra"]),
    ],
)
def test_a_base_without_configuration_is_an_empty_one(tmp_path, run, there, inputs):
    git(tmp_path, "init", "-q", "-b", "main")
    for name, text in there.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "before")
    git(tmp_path, "checkout", "-q", "-b", "first")
    commit(tmp_path, "first", infra=KEPT, other=KEPT)
    for base in ("main", "first"):
        projects = compared(run, *inputs, "--base", base)
        actions = {resource["action"] for project in projects for resource in project["resources"]}
        said = [warning for project in projects for warning in project["warnings"] if "no configuration" in warning]
        assert (actions, bool(said)) == (({"create"}, True) if base == "main" else ({"no-op"}, False))


def test_a_base_that_cannot_be_read_is_an_error(repository, run):
    git(repository, "checkout", "-q", "main")
    commit(repository, "broken", infra=KEPT.rstrip("}\n"))
    git(repository, "checkout", "-q", "-b", "mended")
    commit(repository, "mended", infra=KEPT)
    ran = run("check", "infra", "--base", "main")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "--base main: infra/main.tf:1: what is opened here is never closed" in ran.stderr


def test_a_folder_that_was_not_there_is_new(repository, run):
    commit(repository, "new", fresh=KEPT)
    (project,) = compared(run, "fresh", "--base", "main")
    assert [resource["action"] for resource in project["resources"]] == ["create"]


@pytest.mark.parametrize(
    "args, said",
    [
        (("infra", "--base", "nowhere"), "commit 'nowhere' is not in this checkout"),
        (("infra", "--base", "-x"), "commit '-x' is not in this checkout"),
        (("plan.json", "--base", "main"), "a plan already holds the state before the change"),
    ],
)
def test_what_cannot_be_compared_says_so(repository, run, args, said):
    plan = {"format_version": "1.2", "resource_changes": []}
    (repository / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    ran = run("estimate", *args)
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_outside_of_git_a_base_is_a_folder(tmp_path, run):
    (tmp_path / "main.tf").write_text(KEPT, encoding="utf-8")
    ran = run("estimate", ".", "--base", "main")
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "not in a git checkout" in ran.stderr


def fates(run, *args, **more):
    return {r["address"].rpartition(".")[2]: r["action"] for p in compared(run, *args, **more) for r in p["resources"]}


def test_moved_resources_stay_what_they_are(repository, run):
    usage = "version: 0.1\nresource_usage: {aws_lambda_function.after: {monthly_requests: 100000000}}\n"
    (repository / "usage.yml").write_text(usage, encoding="utf-8")
    function = 'resource "aws_lambda_function" "{}" {{}}\n'
    git(repository, "checkout", "-q", "main")
    commit(repository, "f", infra=BEFORE + function.format("before"))
    text = AFTER.replace('"kept"', '"stays"') + function.format("after")
    for name, old, new in (("aws_instance", "kept", "stays"), ("aws_lambda_function", "before", "after")):
        text += f"moved {{\n  from = {name}.{old}\n  to   = {name}.{new}\n}}\n"
    (repository / "infra/main.tf").write_text(text, encoding="utf-8")
    (project,) = compared(run, "infra", "--base", "main", "--usage-file", "usage.yml")
    found = {r["address"]: (r["action"], r["previous_address"], r["monthly_delta"]) for r in project["resources"]}
    assert found["aws_instance.stays"] == ("move", "aws_instance.kept", "0")
    assert found["aws_lambda_function.after"] == ("move", "aws_lambda_function.before", "0")
    assert run("explain", "aws_instance.stays", "infra", "--base", "main").stdout.count("Instance usage") == 2


def test_what_is_forgotten_goes_on_costing(repository, run):
    gone = "removed {\n  from = aws_instance.gone\n  lifecycle { destroy = false }\n}\n"
    (repository / "infra/main.tf").write_text(AFTER + gone, encoding="utf-8")
    (project,) = compared(run, "infra", "--base", "main")
    (forgotten,) = [r for r in project["resources"] if r["address"] == "aws_instance.gone"]
    assert (forgotten["action"], forgotten["monthly_delta"]) == ("forget", "0")
    assert float(forgotten["monthly_cost"]) > 0


def test_a_resource_whose_reference_costs_more_costs_more(tmp_path, run):
    template = 'resource "aws_launch_template" "t" {{ instance_type = "{}" }}\n'
    group = (
        'resource "aws_autoscaling_group" "g" {\n  desired_capacity = 2\n  min_size = 2\n  max_size = 2\n'
        "  launch_template { id = aws_launch_template.t.id }\n}\n"
    )
    for name, size in (("old", "m5.large"), ("new", "m5.xlarge")):
        (tmp_path / name).mkdir()
        text = 'provider "aws" { region = "us-east-1" }\n' + template.format(size) + group
        (tmp_path / name / "main.tf").write_text(text, encoding="utf-8")
    (project,) = compared(run, "new", "--base", "old")
    (found,) = [r for r in project["resources"] if r["type"] == "aws_autoscaling_group"]
    assert found["action"] == "no-op"
    assert float(found["monthly_delta"]) > 0


def test_the_folder_may_be_the_top_of_a_worktree_with_a_detached_head(repository, run):
    git(repository, "mv", "infra/main.tf", "main.tf")
    commit(repository, "at the top")
    tree = repository / "a tr\N{LATIN SMALL LETTER E WITH ACUTE}e"
    git(repository, "worktree", "add", "-q", "--detach", tree, "change")
    (tree / "main.tf").write_text(BEFORE, encoding="utf-8")  # nobody has committed that
    assert fates(run, ".", "--base", "HEAD", cwd=tree) == ACTIONS | {"new": "delete", "gone": "create"}


def test_links_and_hooks_lead_to_the_folder_that_is_meant(repository, run, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(repository / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", "index.lock")
    (repository / "link to it").symlink_to(repository / "infra", target_is_directory=True)
    assert fates(run, "link to it", "--base", "main") == ACTIONS


def test_a_commit_is_read_as_it_is_checked_out(repository, tmp_path_factory, run):
    """Submodules are filled, `export-ignore` hides nothing, and a link out of the repository does no harm."""
    library = tmp_path_factory.mktemp("library")
    git(library, "init", "-q", "-b", "main")
    commit(library, "one", machine=KEPT)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "library")
    (repository / ".gitattributes").write_text("infra export-ignore\n", encoding="utf-8")
    (repository / "outside").symlink_to("/nowhere")
    call = 'module "m" { source = "../library/machine" }\n'
    commit(repository, "with a submodule", infra=AFTER + call)
    (repository / "infra/main.tf").write_text(AFTER, encoding="utf-8")
    (project,) = compared(run, "infra", "--base", "HEAD")
    assert {r["address"]: r["action"] for r in project["resources"]} == {
        **{f"aws_instance.{name}": "no-op" for name in ("kept", "grown", "new")},
        "module.m.aws_instance.kept": "delete",
    }
    assert project["warnings"] == []


def test_a_shallow_checkout_says_what_it_lacks(repository, run):
    git(repository, "clone", "-q", "--depth", "1", "--no-single-branch", repository.as_uri(), "shallow")
    ran = run("estimate", "infra", "--base", "origin/main", cwd=repository / "shallow")
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    assert "does not reach back to where HEAD left 'origin/main' (check out with `fetch-depth: 0`" in ran.stderr
