"""`check --hook`: what belongs to a commit is checked, quietly; what is not checked is said."""

import os
import subprocess
from pathlib import Path

import pytest

PROVIDER = 'provider "aws" { region = "us-east-1" }\n'
FILES = {
    "guardrail.yaml": "version: 1\nprojects:\n  - {name: a, path: a}\n  - {name: b, path: b}\nrules: {packs: [instance-sizes]}\n",
    "a/main.tf": PROVIDER + 'module "m" { source = "../lib" }\n',
    "b/main.tf": PROVIDER
    + 'module "m" { source = "../lib" }\nresource "aws_instance" "b" { instance_type = "t3.micro" }\n',
    "lib/main.tf": 'resource "aws_instance" "l" { instance_type = "t3.micro" }\n',
    "other/main.tf": 'resource "aws_instance" "o" { instance_type = "t3.micro" }\n',
}
GPU = {"lib/main.tf": 'resource "aws_instance" "l" { instance_type = "p4d.24xlarge" }\n'}
LATER = {
    "lib/main.tf": 'variable "t" { default = null }\ndata "x" "y" {}\nresource "aws_instance" "l" { instance_type = data.x.y.z }\n'
}
POLICY = (
    "id: small\ntitle: t\nseverity: low\nenforcement: mandatory\nmatch: {types: [aws_instance], actions: [create, no-op]}\n"
    "validations: [{expression: resource.region == 'eu', message: elsewhere}]\n"
)
OWN = FILES["guardrail.yaml"].replace("packs: [instance-sizes]", "paths: [a/policy.yaml], pre_existing: block")
PLAN = '{"format_version": "1.2", "resource_changes": []}'
PLANNED = {"guardrail.yaml": "version: 1\nprojects: [{name: p, plan: p/plan.json}]\n"}


def git(folder, *args):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", str(folder), *who, *args], check=True, capture_output=True, text=True).stdout  # noqa: S607


def write(folder, files):
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path):
    write(tmp_path, FILES)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "all is well")
    return tmp_path


def test_all_is_well_without_a_word(repository, run):
    ran = run("check", "--hook", "lib/main.tf", "guardrail.yaml")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "files, projects",
    [
        (["lib/main.tf"], {"a", "b"}),
        (["b/main.tf"], {"b"}),
        (["a/main.tf", "other/main.tf"], {"a"}),
        (["b/terraform.tfvars"], {"b"}),
        (["guardrail.yaml"], {"a", "b"}),
        (["policies/own.yaml"], {"a", "b"}),
        ([], {"a", "b"}),
    ],
    ids=lambda value: ",".join(sorted(value)) or "none",
)
def test_what_files_belong_to_is_checked(repository, run, files, projects):
    write(repository, GPU)
    ran = run("check", "--hook", *files, "--format", "csv")
    assert ran.exit_code == 1
    assert {line.split(",")[0] for line in ran.stdout.splitlines()[1:]} == projects


READ = {
    "a/main.tf": PROVIDER
    + 'resource "aws_instance" "a" { instance_type = jsondecode(file("${path.module}/../common/size.json")) }\n',
    "b/main.tf": PROVIDER
    + 'resource "aws_instance" "b" {\n  for_each = fileset("${path.module}/../common/more", "*")\n'
    '  instance_type = file("${path.module}/../common/more/${each.key}")\n}\n',
    "common/size.json": '"t3.micro"',
    "common/more/one": "t3.micro",
}


@pytest.mark.parametrize(
    "changed, args, projects",
    [
        ({"common/size.json": '"p4d.24xlarge"'}, (), {"a"}),
        ({"a/two.json": "{}", "common/more/one": "p4d.24xlarge"}, ("a/main.tf",), {"a", "b"}),
        ({"common/more/two": "p4d.24xlarge"}, (), {"b"}),  # which a folder that is read now has
        ({"a/policy.yaml": POLICY, "guardrail.yaml": OWN}, (), {"a", "b"}),  # in a project's folder, and of all
    ],
    ids=["file", "files", "folder", "policy"],
)
def test_a_file_that_configuration_reads_belongs_to_its_project(repository, run, changed, args, projects):
    write(repository, READ)
    git(repository, "add", "-A")
    write(repository, changed)
    ran = run("check", "--hook", *(name for name in changed if name != "guardrail.yaml"), *args, "--format", "csv")
    assert ran.exit_code == 1
    assert {line.split(",")[0] for line in ran.stdout.splitlines()[1:]} == projects


def test_a_workflow_that_is_called_like_our_file_concerns_no_project(repository, run):
    write(repository, {**GPU, ".github/workflows/guardrail.yml": "on: [push]\njobs: {}\n"})
    ran = run("check", "--hook", ".github/workflows/guardrail.yml")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")


def test_a_refusal_is_short_and_says_where_and_what_to_do(repository, run):
    write(repository, GPU)
    lines = run("check", "--hook", "b/main.tf").stdout.splitlines()
    assert lines[0].startswith("FAIL  1 blocking finding, 1 needs approval · monthly cost +$16,021")
    assert lines[1].startswith(
        "lib/main.tf:1: blocking: oversized-instance: module.m.aws_instance.l: p4d.24xlarge has 96 "
    )
    assert lines[2].startswith("  fix: ")
    gpu = "gpu-instance: module.m.aws_instance.l: p4d.24xlarge has 8 GPUs and needs approval"
    assert [line for line in lines if line.endswith(gpu)] == [f"lib/main.tf:1: needs approval: {gpu}"]
    write(repository, {f"b/{n}.tf": GPU["lib/main.tf"].replace('"l"', f'"l{n}"') for n in range(60)})
    lines = run("check", "--hook", "b/main.tf").stdout.splitlines()
    assert len(lines) == 40
    assert lines[-1].endswith("more: `guardrail check` lists them")


def test_what_was_there_before_does_not_stop_a_commit(repository, run):
    write(repository, GPU)
    git(repository, "commit", "-q", "-a", "-m", "a GPU")
    write(repository, {"b/main.tf": FILES["b/main.tf"].replace("t3.micro", "t3.small")})
    assert run("check", "--hook", "b/main.tf").exit_code == 0
    assert run("check", "--hook", "b/main.tf", "--base", "HEAD~1").exit_code == 1


def test_what_cannot_be_known_is_no_pass(repository, run):
    write(repository, LATER)
    ran = run("check", "--hook", "a/main.tf")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("WARN  ")
    assert "unknown" in ran.stdout
    assert ran.stdout.count("\n") == 1
    assert run("check", "--hook", "a/main.tf", "--fail-on", "warn").exit_code == 1


def test_a_repository_without_commits_is_checked_too(tmp_path, run):
    git(tmp_path, "init", "-q")
    write(tmp_path, FILES | GPU)
    assert run("check", "--hook", "lib/main.tf").exit_code == 1


def test_without_guardrail_yaml_root_modules_are_found(repository, run):
    (repository / "guardrail.yaml").unlink()
    write(repository, GPU)
    ran = run("check", "--hook", "a/main.tf", "--format", "csv")
    assert {line.split(",")[0] for line in ran.stdout.splitlines()[1:]} == {"./a"}
    assert run("check", "--hook", "other/main.tf").exit_code == 0


@pytest.mark.parametrize(
    "files, args, said",
    [
        ({}, (), ".: no configuration and no plan in it"),
        ({}, ("p/plan.json",), "p/plan.json: no plan: terraform plan -out=tfplan"),
        (PLANNED, ("p/main.tf",), "no plan: terraform plan -out=tfplan"),
        (FILES, ("other/main.tf",), "other/main.tf: not checked, no project uses it"),
    ],
)
def test_what_is_not_checked_is_said_and_does_not_stop_a_commit_unless_strict(tmp_path, run, files, args, said):
    write(tmp_path, files)
    for flag, code in (("--hook", 0), ("--hook-strict", 2)):
        ran = run("check", flag, *args)
        assert (ran.exit_code, ran.stdout) == (code, "")
        assert f"guardrail: {said}" in ran.stderr


def test_plans_are_checked_and_told_if_they_are_old(tmp_path, run):
    write(tmp_path, PLANNED | {"p/main.tf": "", "p/plan.json": PLAN})
    assert run("check", "--hook", "p/plan.json").stderr == ""
    assert run("check", "--hook-strict", "p/main.tf").exit_code == 0
    os.utime(tmp_path / "p/plan.json", (1_000_000_000, 1_000_000_000))
    for args in (("--hook", "p/plan.json"), ("--hook", "p/main.tf"), ("--hook",)):
        ran = run("check", *args)
        assert ran.exit_code == 0
        assert "plan.json is older than main.tf" in ran.stderr
    assert run("check", "--hook-strict", "p/main.tf").exit_code == 2


def test_a_broken_file_is_one_line(repository, run):
    write(repository, {"b/main.tf": 'resource "aws_instance" {'})
    ran = run("check", "--hook", "b/main.tf")
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "main.tf" in ran.stderr


def test_files_are_written_all_the_same(repository, run):
    assert run("check", "--hook", "b/main.tf", "--out", "json=out.json").stdout == ""
    assert (repository / "out.json").is_file()
