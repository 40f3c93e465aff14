"""Projects that share a folder and differ in their variables: each is read, compared, chosen and mended as itself."""

import json
import subprocess
from pathlib import Path

import pytest

from guardrail.cli.check.watch import folders_of
from guardrail.config import Flags, settings

FILES = {
    "guardrail.yaml": """\
version: 1
projects:
  - {name: dev, path: live, var_files: [env/common.tfvars, live/dev.tfvars], workspace: dev}
  - {name: prod, path: live, var_files: [env/common.tfvars, env/prod.tfvars], vars: {n: 3, tags: {team: a}}}
rules: {packs: [instance-sizes]}
""",
    "live/main.tf": """\
variable "type" {}
variable "n" { default = 1 }
variable "tags" { default = {} }
provider "aws" { region = "us-east-1" }
resource "aws_instance" "x" {
  count         = var.n
  instance_type = var.type
  tags          = merge(var.tags, { workspace = terraform.workspace })
}
""",
    "live/dev.tfvars": 'type = "t3.micro"\n',
    "env/common.tfvars": 'type = "m5.xlarge"\nn = 2\n',
    "env/prod.tfvars": 'type = "m5.large"\n',
    "env/nobody.tfvars": "n = 7\n",
}
LARGER = {"env/prod.tfvars": 'type = "m5.2xlarge"\n'}
PRICE = {"t3.micro": 8.392, "m5.large": 70.88, "m5.2xlarge": 281.12}  # with 8 GB of disk


def git(folder, *args):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *args], check=True, capture_output=True)  # noqa: S607


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


def costs(run, *args):
    """Return before and after of each project."""
    ran = run("estimate", *args, "--format", "json")
    assert (ran.exit_code, ran.stderr) == (0, "")
    totals = {one["name"]: one["totals"] for one in json.loads(ran.stdout)["projects"]}
    return {name: (float(one["monthly_before"]), float(one["monthly_cost"])) for name, one in totals.items()}


@pytest.mark.parametrize(
    "args, found",
    [
        ((), {"dev": 2 * PRICE["t3.micro"], "prod": 3 * PRICE["m5.large"]}),
        (("live",), {"dev": 2 * PRICE["t3.micro"], "prod": 3 * PRICE["m5.large"]}),
        (("live", "--project", "prod"), {"prod": 3 * PRICE["m5.large"]}),
        (("--project", "dev", "--var", "n=1"), {"dev": PRICE["t3.micro"]}),
        (("--project", "prod", "--var-file", "env/nobody.tfvars"), {"prod": 7 * PRICE["m5.large"]}),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("repository")
def test_each_project_has_its_own_variables_and_flags_win(run, args, found):
    assert costs(run, *args) == {name: (0, pytest.approx(cost)) for name, cost in found.items()}


@pytest.mark.parametrize("checked_out", [False, True])
def test_a_base_is_read_with_its_own_files_of_variables(repository, run, checked_out, tmp_path_factory):
    base = tmp_path_factory.mktemp("base") / "before" if checked_out else "HEAD"
    if checked_out:
        git(repository, "worktree", "add", "-q", str(base))
    write(repository, LARGER)
    small, large = 2 * PRICE["t3.micro"], 3 * PRICE["m5.large"]
    assert costs(run, "--base", str(base)) == {
        "dev": (pytest.approx(small), pytest.approx(small)),
        "prod": (pytest.approx(large), pytest.approx(3 * PRICE["m5.2xlarge"])),
    }


def test_a_file_of_variables_that_is_new_was_not_there_before(repository, run):
    write(
        repository,
        {
            "env/new.tfvars": 'type = "m5.large"\nn = 1\n',
            "guardrail.yaml": "version: 1\nprojects: [{name: new, path: live, var_files: [env/prod.tfvars, env/new.tfvars]}]\n",
        },
    )
    assert costs(run, "--base", "HEAD")["new"] == (pytest.approx(PRICE["m5.large"]), pytest.approx(PRICE["m5.large"]))
    write(repository, {"env/new.tfvars": "n = 4\n"})
    before, after = costs(run, "--base", "HEAD")["new"]
    assert (before, after) == (pytest.approx(PRICE["m5.large"]), pytest.approx(4 * PRICE["m5.large"]))


@pytest.mark.parametrize(
    "files, projects, said",
    [
        (["env/prod.tfvars"], ["prod"], ""),
        (["live/dev.tfvars"], ["dev"], ""),
        (["env/common.tfvars"], ["dev", "prod"], ""),
        (["live/main.tf"], ["dev", "prod"], ""),
        (["live/terraform.tfvars"], ["dev", "prod"], ""),
        (
            ["env/prod.tfvars", "env/nobody.tfvars"],
            ["prod"],
            "guardrail: env/nobody.tfvars: not checked, no project uses it\n",
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else None,
)
def test_the_hook_checks_the_projects_that_a_file_of_variables_is_for(repository, run, files, projects, said):
    write(repository, LARGER)
    ran = run("check", "--hook", *files, "--format", "json")
    assert [one["name"] for one in json.loads(ran.stdout)["projects"]] == projects
    assert ran.stderr == said


def test_a_watch_looks_at_files_of_variables(repository):
    assert {repository / "env", repository / "live"} <= folders_of(settings(Flags(), repository))


@pytest.mark.usefixtures("repository")
def test_the_files_of_each_project_are_inputs_of_the_verdict(run):
    found = json.loads(run("check", "--format", "json").stdout)["inputs"]
    assert [one["path"] for one in found if one["kind"] == "variables"] == [
        "env/common.tfvars",
        "env/prod.tfvars",
        "live/dev.tfvars",
    ]


def test_files_that_configuration_reads_are_inputs_of_the_verdict(repository, run):
    read = 'locals {\n  a = file("${path.module}/../sizes/a")\n  b = fileset("${path.module}/../sizes/more", "*.json")\n}\n'
    used = 'resource "aws_instance" "y" {\n  for_each = local.b\n  instance_type = local.a\n}\n'
    write(repository, {"live/read.tf": read + used, "sizes/a": "t3.micro", "sizes/more/b.json": "", "sizes/other": ""})
    found = json.loads(run("check", "--format", "json").stdout)["inputs"]
    assert [one["path"] for one in found if one["path"].startswith("sizes/")] == ["sizes/a", "sizes/more/b.json"]
    assert {one["kind"] for one in found if one["path"].startswith("sizes/")} == {"configuration"}


@pytest.mark.usefixtures("repository")
def test_explain_asks_which_project_is_meant(run):
    ran = run("explain", "aws_instance.x[0]")
    assert ran.exit_code == 2
    assert "aws_instance.x[0] is in several projects: dev, prod (choose one: --project NAME)" in ran.stderr
    assert "m5.large" in run("explain", "aws_instance.x[0]", "--project", "prod").stdout


def test_a_fix_edits_the_file_that_the_projects_value_comes_from(repository, run):
    write(repository, {"env/prod.tfvars": 'type = "m4.large"\n'})
    run("check", "--fix")
    assert (repository / "env/prod.tfvars").read_text() == 'type = "m7i.large"\n'
    assert (repository / "live/dev.tfvars").read_text() == FILES["live/dev.tfvars"]


def test_the_policys_projects_read_the_files_of_variables_of_the_change(repository, run):
    write(repository, {**LARGER, "guardrail.yaml": "version: 1\n"})
    assert run("check", "--policy-ref", "HEAD", "--format", "json").exit_code == 0
    found = json.loads(run("check", "--policy-ref", "HEAD", "--format", "json").stdout)["projects"]
    assert {one["name"]: float(one["totals"]["monthly_cost"]) for one in found} == {
        "dev": pytest.approx(2 * PRICE["t3.micro"]),
        "prod": pytest.approx(3 * PRICE["m5.2xlarge"]),
    }


@pytest.mark.parametrize(
    "project, said",
    [
        ("path: live, var_files: [env/prd.tfvars]", "guardrail.yaml:3: projects.0.var_files.0: no such file: env/prd.tfvars"),
        ("path: live, var_files: [../x.tfvars]", "guardrail.yaml:3: projects.0.var_files.0: ../x.tfvars is outside of the"),
        ("path: live, var_files: [live/main.tf]", "live/main.tf: not as Terraform writes values"),
        ("path: live, vars: {tpye: a}", "guardrail.yaml:3: no variable 'tpye' in live (did you mean"),
        ("plan: live/plan.json, vars: {type: a}", "guardrail.yaml:3: project 'p' has a plan, which contains its variables"),
        ("plan: live/plan.json, workspace: a", "guardrail.yaml:3: project 'p' has a plan, which contains its variables"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_projects_variables_is_one_line(repository, run, project, said):
    write(repository, {"guardrail.yaml": f"version: 1\nprojects:\n  - {{name: p, {project}}}\n", "../x.tfvars": ""})
    ran = run("check")
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


REMOTE = {
    "cloud": 'terraform {\n  cloud {\n    organization = "o"\n    %s\n  }\n}\n',
    "remote": 'terraform {\n  backend "remote" {\n    organization = "o"\n    %s\n  }\n}\n',
}


@pytest.mark.parametrize(
    "kind, names, args, workspace",
    [
        ("cloud", 'workspaces {\n name = "shop"\n }', (), "shop"),
        ("remote", 'workspaces {\n prefix = "shop-"\n }', (), None),
        ("cloud", "", ("--workspace", "mine"), "mine"),
    ],
)
def test_what_hcp_terraform_holds_is_named_and_not_guessed(tmp_path, run, kind, names, args, workspace):
    config = "version: 1\nrules: {packs: []}\nprojects: [{name: live, path: live}]\n"
    write(tmp_path, {"live/main.tf": REMOTE[kind] % names + FILES["live/main.tf"], "guardrail.yaml": config})
    ran = run("estimate", *args, "--format", "json")
    (resource,) = json.loads(ran.stdout)["projects"][0]["resources"]
    (line, *_) = resource["components"]
    assert "variable type has no value: it may be set in the HCP workspace" in line["note"]
    assert "`var_files` or `vars` of its project" in line["remedy"]
    assert resource["tags"].get("workspace") == workspace


def test_plans_below_a_folder_are_checked_but_for_those_of_the_repository(tmp_path, run):
    plan = '{"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": []}'
    names = [f"plans/{folder}/tfplan.json" for folder in ("app-10", "app-2", "net", ".hidden", "committed")]
    write(tmp_path, dict.fromkeys(names, plan))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "plans/committed")
    found = json.loads(run("check", "plans", "--format", "json").stdout)["projects"]
    assert [one["name"] for one in found] == ["plans/app-2", "plans/app-10", "plans/net"]
    write(tmp_path, {"plans/net/tfplan.json": "no plan"})
    ran = run("check", "plans", "--format", "json")
    assert ran.exit_code == 2
    (fault,) = [one for project in json.loads(ran.stdout)["projects"] for one in project["findings"]]
    assert (fault["rule"], "plans/net/tfplan.json" in fault["message"]) == ("unreadable-input", True)


@pytest.mark.parametrize("left", ["live/README.md", "README.md"], ids=["the folder stays", "the folder is gone"])
def test_a_folder_of_which_all_terraform_is_removed_is_a_report_of_what_goes(repository, run, left):
    git(repository, "rm", "-q", "-r", "live")
    write(
        repository,
        {
            left: "",
            "guardrail.yaml": "version: 1\nrules: {packs: []}\nprojects: [{name: live, path: live, vars: {type: t3.micro}}]\n",
        },
    )
    ran = run("check", "--base", "HEAD", "--format", "json")
    (project,) = json.loads(ran.stdout)["projects"]
    assert (ran.exit_code, [one["action"] for one in project["resources"]]) == (0, ["delete"])
    assert run("check", "lvie", "--base", "HEAD").exit_code == 2
