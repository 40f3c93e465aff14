"""guardrail in a repository that has none: what is found there, what is written, and what is left alone."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

from guardrail import __version__
from guardrail.errors import InputError
from guardrail.files import parse_yaml, read_yaml
from guardrail.starter import KINDS, proposals
from guardrail.starter.config_file import config_file
from guardrail.starter.environments import environment_in
from guardrail.starter.hook_file import hook_file
from guardrail.starter.hosting import Hosting, hosting
from guardrail.starter.projects import find_projects
from guardrail.starter.survey import Survey, survey
from guardrail.starter.text import filled, rounded_up, scalar
from guardrail.starter.workflow_file import EXAMPLE

ROOT = Path(__file__).parents[2]
HOOK = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/guardrail.yml"
RULE = "policies/machine-above-ceiling.yaml"

TF = 'variable "x" {}\n'
AWS = 'provider "aws" { region = "eu-west-1" }\n'
TAGS = 'tags = { Name = "x", team = "a", env = "prod" }'
WEB = f'{AWS}resource "aws_instance" "web" {{\n  instance_type = "m5.large"\n  ami = "x"\n  {TAGS}\n}}\n'
BUCKETS = "".join(f'resource "aws_s3_bucket" "{name}" {{\n  {TAGS}\n}}\n' for name in "abc")
GPU = f'{AWS}resource "aws_instance" "gpu" {{\n  instance_type = "p4d.24xlarge"\n  ami = "x"\n  {TAGS}\n}}\n'
MACHINE = {"instance_type": "p4d.24xlarge", "availability_zone": "us-east-1a", "tags": {}}
PLAN = json.dumps(
    {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "resource_changes": [
            {
                "address": "aws_instance.big",
                "mode": "managed",
                "type": "aws_instance",
                "name": "big",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {"actions": ["create"], "before": None, "after": MACHINE, "after_unknown": {"id": True}},
            }
        ],
        "configuration": {"root_module": {}},
    }
)
LIVE = {
    "live/shop/prod/main.tf": f'{WEB}{BUCKETS}module "net" {{\n  source = "../../../modules/net"\n}}\n',
    "live/shop/dev/main.tf": GPU,
    "live/search/main.tf": f'{AWS}resource "aws_sqs_queue" "q" {{\n  {TAGS}\n}}\n',
    "live/search/terraform.tfvars": 'environment = "production"\n',
    "live/broken/main.tf": 'resource "aws_instance" "x" {\n',
    "modules/net/main.tf": 'resource "aws_vpc" "v" {}\n',
    "modules/unused/main.tf": 'resource "aws_vpc" "v" {}\n',
    "infracost.yml": "version: 0.1\nprojects:\n  - {path: live/shop/dev, name: shop-playground, usage_file: usage.yml}\n",
    "usage.yml": "version: 0.1\nresource_type_default_usage: {}\n",
    "infracost-usage.yml": "nonsense: {}\n",
    HOOK: "# ours\nrepos:\n- repo: local\n  hooks: [{id: x, name: x, entry: x, language: system}]  # one\n\nfail_fast: true\n",
    ".github/CODEOWNERS": "* @platform\n",
}  # fmt: skip


@pytest.fixture
def repository(tmp_path):
    """Write files, as a git repository with a commit if wanted; return the folder."""

    def make(files, *, git=False):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text.encode())
        if git:
            who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
            for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "--allow-empty", "-m", "x"]):
                subprocess.run(["git", "-C", str(tmp_path), *command], check=True, capture_output=True)  # noqa: S607
        return tmp_path

    return make


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def written(folder, before):
    return {name: text for name, text in tree(folder).items() if before.get(name) != text}


def look(folder):
    """Survey a folder without evaluating what is in it, which takes a second."""
    return Survey(folder, hosting(folder), projects=find_projects(folder).projects)


def test_a_repository_with_several_environments(run, repository, golden):
    folder = repository(LIVE, git=True)
    before = tree(folder)
    ran = run("init")
    assert (ran.exit_code, ran.stderr) == (0, "")
    found = written(folder, before)
    assert set(found) == {"guardrail.yaml", RULE, HOOK, WORKFLOW}
    for name in ("guardrail.yaml", RULE, HOOK):
        golden(f"init/{Path(name).name.removeprefix('.')}", found[name].replace(__version__, "VERSION"))
    golden("init/summary.txt", ran.stdout.replace(os.sep, "/"))
    assert run("check", "--base", "HEAD").exit_code == 0
    assert run("rules", "test").exit_code == 0
    assert run("validate").exit_code == 0


def test_a_dry_run_shows_what_the_run_writes_and_a_second_run_writes_nothing(run, repository):
    files = {"build/shop-prod.tfplan.json": PLAN, HOOK: "repos:\n- repo: local\n  hooks: []\n"}
    folder = repository(files)
    shown = run("init", "--dry-run").stdout
    assert tree(folder) == files
    ran = run("init")
    assert (ran.exit_code, ran.stderr) == (0, "")
    found = written(folder, files)
    assert set(found) == {"guardrail.yaml", RULE, HOOK, WORKFLOW}
    added = {line[1:] for line in shown.splitlines() if line.startswith("+")}
    assert {line for text in found.values() for line in text.splitlines()} <= {*added, *files[HOOK].splitlines()}
    assert "--- /dev/null\n+++ guardrail.yaml\n" in shown
    assert f"--- {HOOK}\n+++ {HOOK}\n" in shown
    assert "plan: build/shop-prod.tfplan.json\n    env: prod  # its path says so\n" in found["guardrail.yaml"]
    assert run("check").exit_code == 0
    assert [line[:4] for line in run("init").stdout.splitlines()][1:5] == ["kept"] * 4
    assert tree(folder) == {**files, **found}


VOLUMES = f"""{AWS}
resource "aws_ebs_volume" "large" {{
  availability_zone = "eu-west-1a"
  size              = 500
  type              = "gp2"
}}
resource "aws_ebs_volume" "small" {{
  availability_zone = "eu-west-1a"
  size              = 50
  type              = "gp2"
}}
resource "aws_instance" "gpu" {{
  ami           = "x"
  instance_type = "p4d.24xlarge"
}}
"""


def rules_of(folder):
    return parse_yaml((folder / "guardrail.yaml").read_text("utf-8"), InputError, name="x").data["rules"]


def test_rules_that_find_something_are_proposed_as_advice(run, repository):
    folder = repository({"main.tf": VOLUMES, "broken/main.tf": 'resource "aws_instance" "x" {\n'})
    ran = run("init", "--only", "config")
    assert (ran.exit_code, ran.stderr) == (0, "")
    rules, text = rules_of(folder), (folder / "guardrail.yaml").read_text("utf-8")
    assert {one["enforcement"] for one in rules["set"].values()} == {"advisory"}
    listed = json.loads(run("rules", "list", ".", "--all", "--format", "json").stdout)["rules"]
    found = {one["rule"]: one for one in listed if one["findings"] and one["rule"] != "required-tags"}
    assert set(rules["set"]) == set(found)
    assert {found[name]["pack"] for name in found} <= set(rules["packs"])
    assert (
        "superseded-volume-type: {enforcement: advisory}  # 2 findings, saving $12.10 a month: aws_ebs_volume.large\n"
        in text
    )
    assert "To raise one, write approval" in text
    assert "guardrail rules list --all ." in text
    assert "superseded-volume-type: 2 findings, saving $12.10 a month:" in ran.stdout
    assert "today  nothing that could be evaluated blocks" in ran.stdout
    raised = text.replace("gpu-instance: {enforcement: advisory}", "gpu-instance: {enforcement: mandatory}")
    (folder / "guardrail.yaml").write_text(raised, encoding="utf-8")
    assert run("check").exit_code == 1


def test_what_a_configuration_leaves_out_is_said(run, repository):
    repository({"main.tf": VOLUMES, "guardrail.yaml": "version: 1\nrules: {packs: [instance-sizes]}\n"})
    said = run("init").stdout
    assert "finds " not in said
    _, _, more = said.partition("\nmore   rules that guardrail.yaml does not activate find something here, such as:\n")
    assert "       superseded-volume-type: 2 findings, saving $12.10 a month:\n" in more
    assert "gpu-instance" not in more
    assert more.endswith("       guardrail rules list --all .\n")


def test_rules_that_find_nothing_are_not_listed(run, repository):
    folder = repository({"main.tf": 'resource "aws_vpc" "v" {}\n'})
    said = run("init", "--only", "config").stdout
    assert "finds " not in said
    assert rules_of(folder) == {"packs": ["budget"]}


def test_a_survey_goes_on_where_rules_cannot_be_asked(repository, monkeypatch):
    def refusing(*_, **__):
        raise InputError("no rules")

    monkeypatch.setattr(import_module("guardrail.starter.survey"), "findings_by_rule", refusing)
    seen = survey(repository({"main.tf": VOLUMES}))
    assert seen.notes == ["what rules would find cannot be told: no rules"]
    assert "    - waste  # storage and logs of AWS" in str(config_file(seen, "").after)


def test_an_empty_folder(run, tmp_path):
    ran = run("init")
    assert ran.exit_code == 0
    assert "is this the right folder?" in ran.stdout
    assert set(tree(tmp_path)) == {"guardrail.yaml", "policies/resource-above-ceiling.yaml"}
    assert run("validate").exit_code == 0


def test_a_folder_within_the_repository(run, repository):
    folder = repository({"infra/main.tf": WEB}, git=True)
    ran = run("init", "infra")
    assert set(written(folder, {"infra/main.tf": WEB})) == {"infra/guardrail.yaml", f"infra/{RULE}", HOOK, WORKFLOW}
    assert "args: [--config, infra/guardrail.yaml]\n" in tree(folder)[HOOK]
    assert "config: infra/guardrail.yaml\n" in tree(folder)[WORKFLOW]
    assert "guardrail check --config infra/guardrail.yaml" in ran.stdout
    assert "today  nothing blocks" in ran.stdout


def test_only_what_is_asked_for(run, repository):
    folder = repository({"plan.json": PLAN})
    run("init", "--only", "config")
    assert set(tree(folder)) == {"plan.json", "guardrail.yaml"}
    assert "paths:" not in tree(folder)["guardrail.yaml"]
    run("init", "--only", "hook", "--only", "workflow")
    assert set(tree(folder)) == {"plan.json", "guardrail.yaml", HOOK, WORKFLOW}


def test_no_folder(run):
    ran = run("init", "nope")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "nope: no such folder" in ran.stderr


ALL = ["guardrail.yaml", "policies/resource-above-ceiling.yaml", HOOK, WORKFLOW]
CASES = {
    "a root module": ({}, ALL, ""),
    "GitLab": ({".gitlab-ci.yml": "stages: []\n"}, ALL[:3], "    - guardrail check --base"),
    "GitLab without a pipeline": (
        {".gitlab/CODEOWNERS": ""},
        [*ALL[:3], ".gitlab-ci.yml"],
        "the comment needs GITLAB_TOKEN",
    ),
    "GitLab runs it": ({".gitlab-ci.yml": "script: guardrail check\n"}, ALL[:3], "it runs guardrail"),
    "another system": ({"azure-pipelines.yml": "steps: []\n"}, ALL[:3], "Azure DevOps runs the checks here"),
    "both": ({".gitlab-ci.yml": "stages: []\n", ".github/CODEOWNERS": ""}, ALL, ""),
    "policies of somebody else": (
        {"policies/k.yaml": "kind: ClusterPolicy\n"},
        [ALL[0], "guardrail/resource-above-ceiling.yaml", *ALL[2:]],
        "",
    ),
    "rules that are there": (
        {"policies/sqs.yaml": (ROOT / "examples/shop/policies/log-retention-too-long.yaml").read_text("utf-8")},
        [ALL[0], *ALL[2:]],
        "there are rules in it",
    ),
    "no place for rules": ({"policies": "", "guardrail": ""}, [ALL[0], *ALL[2:]], "something else in it"),
    "configured already, without own rules": (
        {".guardrail.yml": "version: 1\n"},
        ALL[1:],
        "in .guardrail.yml, to activate it: rules: {paths: [policies]}",
    ),
    "configured already": (
        {"guardrail.yaml": "version: 1\nrules: {paths: [own]}\n"},
        ALL[2:],
        "guardrail.yaml names rules of your own",
    ),
    "a broken configuration": ({"guardrail.yaml": "version: [\n"}, ALL[1:], ""),
    "a workflow of ours": ({".github/workflows/cost.yaml": "run: guardrail check x\n"}, ALL[:3], "it runs guardrail"),
    "a workflow of that name": ({WORKFLOW: "name: mine\n"}, ALL[:3], ""),
    "a hook of ours": ({HOOK: "repos: [{repo: local, hooks: [{id: guardrail-check}]}]\n"}, [*ALL[:2], WORKFLOW], ""),
}


@pytest.mark.parametrize("files, expected, says", CASES.values(), ids=CASES.keys())
def test_what_fits_is_proposed(repository, files, expected, says):
    folder = repository({"infra/main.tf": TF, **files})
    found = proposals(look(folder))
    assert [one.path.relative_to(folder).as_posix() for one in found if one.after is not None] == expected
    assert [one.kind for one in found] == list(KINDS)
    assert says in " ".join(f"{one.reason} {one.by_hand}" for one in found)
    rules = any(one.kind == "rule" and (one.after or one.path.exists()) for one in found) and "policies" not in files
    config = next(one.after for one in found if one.kind == "config")
    assert config is None or rules == ("  paths: [" in config)


def test_the_workflow_is_the_example(repository):
    (made,) = proposals(look(repository({"main.tf": TF})), ["workflow"])
    example = (ROOT / "examples" / "workflows" / EXAMPLE).read_text(encoding="utf-8")
    assert made.after == example
    assert f"actions/guardrail@v{__version__}\n" in example
    assert "by its tag" in made.by_hand


def test_what_a_release_writes_is_pinned_to_its_commit(repository, monkeypatch):
    monkeypatch.setattr("guardrail.data.release_commit", lambda: "0123456789abcdef" * 2 + "01234567")
    hook, workflow = proposals(look(repository({"main.tf": TF})), ["hook", "workflow"])
    pin = f"{'0123456789abcdef' * 2}01234567"
    assert f"actions/guardrail@{pin} # v{__version__}\n" in str(workflow.after)
    assert f"    rev: {pin}  # frozen: v{__version__}\n" in str(hook.after)
    assert workflow.by_hand == ""


def test_a_plan_has_no_base_and_one_outside_of_git_no_workflow(repository):
    folder = repository({"plan.json": PLAN}, git=True)
    hook, workflow = proposals(look(folder), ["hook", "workflow"])
    assert "base: $" not in str(workflow.after)
    assert "- id: guardrail-check-plan\n      - id: guardrail-validate" in str(hook.after)
    (folder / "tfplan.json").write_text(PLAN, encoding="utf-8")
    (workflow,) = proposals(look(folder), ["workflow"])
    assert workflow.reason.startswith("tfplan.json is not in git")


ENTRY = f"""\
- repo: https://github.com/guardrail-finops/guardrail
  rev: v{__version__}
  hooks:
    - id: guardrail-check
    - id: guardrail-validate
"""
DEEP = "".join(f"  {line}" for line in ENTRY.splitlines(keepends=True))
FLAT = ENTRY.replace("    - id", "  - id")
WIDE = (
    ENTRY.replace("    - id", "    -   id")
    .replace("  rev", "    rev")
    .replace("  hooks", "    hooks")
    .replace("- repo", "-   repo")
)
FLOW = f"{{repo: https://github.com/guardrail-finops/guardrail, rev: v{__version__}, hooks: [{{id: guardrail-check}}, {{id: guardrail-validate}}]}}"
LOCAL = "- repo: local\n  hooks:\n  - id: x\n"


def hook(folder, text):
    (folder / HOOK).write_bytes(text if isinstance(text, bytes) else text.encode())
    return hook_file(Survey(folder, Hosting(folder, "", in_git=False, commits=False)), "guardrail.yaml")


@pytest.mark.parametrize(
    "before, after",
    [
        ("", f"repos:\n{DEEP}"),
        ("# nothing yet\n", f"# nothing yet\nrepos:\n{DEEP}"),
        ("# nothing yet", f"# nothing yet\nrepos:\n{DEEP}"),
        ("fail_fast: true\n", f"fail_fast: true\nrepos:\n{DEEP}"),
        ("repos: []\n", f"repos:\n{DEEP}"),
        ("repos:\n", f"repos:\n{DEEP}"),
        (f"repos:\n{LOCAL}", f"repos:\n{LOCAL}{FLAT}"),
        (f"repos:\n{LOCAL}"[:-1], f"repos:\n{LOCAL}{FLAT}"),
        (f"\ufeffrepos:\n{LOCAL}", f"\ufeffrepos:\n{LOCAL}{FLAT}"),
        (f"repos:\n{LOCAL}\n\nci: {{}}\n", f"repos:\n{LOCAL}{FLAT}\n\nci: {{}}\n"),
        (f"repos:\n{LOCAL}  # - id: y\n# end\n", f"repos:\n{LOCAL}  # - id: y\n{FLAT}# end\n"),
        (f"repos:\n{LOCAL}".replace("id: x", "id: x  # why"), f"repos:\n{LOCAL}{FLAT}".replace("id: x", "id: x  # why")),
        ("repos:\n  - repo: local\n    hooks: [{id: x}]\n", f"repos:\n  - repo: local\n    hooks: [{{id: x}}]\n{DEEP}"),
        (
            "repos:\n-   repo: local\n    hooks:\n    -   id: 'x'\n\n# end\n",
            f"repos:\n-   repo: local\n    hooks:\n    -   id: 'x'\n{WIDE}\n# end\n",
        ),
        (
            f"repos:\n{LOCAL}    files: |\n      a\n      # b\n",
            f"repos:\n{LOCAL}    files: |\n      a\n      # b\n{FLAT}",
        ),
        (f"repos:\n{LOCAL}".replace("\n", "\r\n"), f"repos:\n{LOCAL}{FLAT}".replace("\n", "\r\n")),
    ],
)  # fmt: skip
def test_one_entry_is_put_into_an_existing_hook_file(tmp_path, before, after):
    assert hook(tmp_path, before).after == after


@pytest.mark.parametrize(
    "before, after",
    [
        ("{repos: []}\n", f"{{repos: [{FLOW}]}}\n"),
        ("repos: [{repo: local, hooks: [{id: x}]}]\n", f"repos: [{{repo: local, hooks: [{{id: x}}]}}, {FLOW}]\n"),
        (f"---\nrepos:\n{LOCAL}...\n", f"---\nrepos:\n{LOCAL}{FLAT}"),
        (f"repos:\n{LOCAL}    args: [a,\n      b]  # c\n", f"repos:\n{LOCAL}    args: [a, b] # c\n{FLAT}"),
    ],
)
def test_a_hook_file_whose_other_lines_change_says_so(tmp_path, before, after):
    found = hook(tmp_path, before)
    assert found.after == after
    assert found.reason == "one entry added; some lines are laid out anew"


@pytest.mark.parametrize(
    "before",
    [
        "repos: 7\n",
        "[]\n",
        "repos:\n\t- repo: local\n",
        "repos: [\n",
        f"repos:\n{LOCAL}---\nrepos:\n{LOCAL}",
        f"repos:\n{LOCAL}repos:\n{LOCAL}",
        "repos: &a\n- *a\n",
        "[" * 10_000,
        b"repos:\n\xff\xfe\n",
        b"r\x00\n",
    ],
)
def test_a_hook_file_of_another_form_is_left_to_its_owner(tmp_path, before):
    found = hook(tmp_path, before)
    assert found.after is None
    assert found.reason
    assert found.by_hand == f"add to its repos:\n{ENTRY}"


@pytest.mark.parametrize(
    "text", [f"repos:\n{ENTRY}", "repos: [{repo: 'git@github.com:guardrail-finops/guardrail.git', hooks: []}]\n"]
)
def test_a_hook_that_is_there_is_kept(tmp_path, text):
    found = hook(tmp_path, text)
    assert (found.after, found.by_hand, found.reason) == (None, "", "guardrail is in it")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_nothing_is_written_through_links(repository, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "hook.yaml").write_text(f"repos:\n{LOCAL}", encoding="utf-8")
    (outside / "more").mkdir()
    (outside / "more" / "main.tf").write_text(TF, encoding="utf-8")
    folder = repository({"infra/main.tf": TF})
    links = {HOOK: "hook.yaml", ".github": "", "policies": "", "more": "more", "guardrail.yaml": "nowhere"}
    for name, target in links.items():
        (folder / name).symlink_to(outside / target)
    seen = look(folder)
    assert [project.path for project in seen.projects] == ["infra"]
    assert [one.path.relative_to(folder).as_posix() for one in proposals(seen) if one.after is not None] == [
        "guardrail/resource-above-ceiling.yaml"
    ]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not bind here")
def test_what_cannot_be_read_is_left_alone(repository):
    folder = repository({"infra/main.tf": TF, HOOK: "repos: []\n", "secret/main.tf": TF})
    for name in (HOOK, "secret"):
        (folder / name).chmod(0)
    seen = look(folder)
    (hook,) = proposals(seen, ["hook"])
    (folder / "secret").chmod(0o700)
    assert [project.path for project in seen.projects] == ["infra"]
    assert hook.reason.startswith("it cannot be read: ")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes there")
def test_the_mode_of_a_hook_file_stays(run, repository):
    folder = repository({"plan.json": PLAN, HOOK: f"repos:\n{LOCAL}"})
    (folder / HOOK).chmod(0o640)
    run("init", "--only", "hook")
    assert "guardrail" in (folder / HOOK).read_text(encoding="utf-8")
    assert (folder / HOOK).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"prod/main.tf": TF, "dev/main.tf": TF}, [("dev", "dev", "dev"), ("prod", "prod", "prod")]),
        ({"terraform/envs/stage/main.tf": TF}, [("stage", "terraform/envs/stage", "staging")]),
        ({"a/infra/main.tf": TF, "b/infra/main.tf": TF}, [("a", "a/infra", ""), ("b", "b/infra", "")]),
        ({"infra/a/main.tf": TF, "live/a/main.tf": TF}, [("infra-a", "infra/a", ""), ("live-a", "live/a", "")]),
        ({"infra/main.tf": TF}, [("infra", "infra", "")]),
        ({"modules/a/main.tf": TF, "node_modules/b/main.tf": TF}, [("modules-a", "modules/a", "")]),
        ({"app/main.tf": TF, "app/dev.auto.tfvars": 'env="dev"\n'}, [("app", "app", "dev")]),
        ({"app/main.tf": TF, "app/prod.tfvars": "x = 1\n"}, [("app", "app", "prod")]),
        (
            {"app/main.tf": TF, "app/prod.tfvars": "", "app/dev.tfvars": ""},
            [("app-dev", "app", "dev"), ("app-prod", "app", "prod")],
        ),
        ({"true/main.tf": TF, "a b/main.tf": TF}, [("a b", "a b", ""), ("true", "true", "")]),
        (
            {"app/main.tf": TF, "infracost.yml": "projects: [{path: ./app, terraform_workspace: prod}, 7]\n"},
            [("app", "app", "prod")],
        ),
        ({"app/main.tf": TF, "infracost.yml": "projects: [\n"}, [("app", "app", "")]),
        ({"dev.plan.json": "{}", "x.json": PLAN, "shop.tfplan.json": PLAN}, [("shop", "", "")]),
        ({"b/plan.json": PLAN, "out/plan-dev.json": PLAN}, [("b", "", ""), ("dev", "", "dev")]),
    ],
)
def test_projects_by_their_folders(repository, files, expected):
    found = find_projects(repository(files)).projects
    assert [(one.name, one.path, one.env) for one in found] == expected
    assert len({one.name for one in found}) == len(found)


VARIED = {
    "files side by side": (
        {"app/dev.tfvars": "", "app/prod.tfvars.json": "{}", "app/terraform.tfvars": "", "app/a.auto.tfvars": "", "app/x.tfvars": ""},
        [("app-dev", ["app/dev.tfvars"], "", {}), ("app-prod", ["app/prod.tfvars.json"], "", {})],
    ),
    "a folder of files": (
        {"app/env/acme.tfvars": "", "app/env/eu-prod.tfvars": "", "app/env/backend-prod.tfvars": "", "app/env/common.tfvars": ""},
        [
            ("app-acme", ["app/env/common.tfvars", "app/env/acme.tfvars"], "", {}),
            ("app-eu-prod", ["app/env/common.tfvars", "app/env/eu-prod.tfvars"], "", {}),
        ],
    ),
    "a folder each": (
        {"app/envs/dev/terraform.tfvars": "", "app/envs/prod/a.tfvars": "", "app/envs/prod/b.tfvars": ""},
        [
            ("app-dev", ["app/envs/dev/terraform.tfvars"], "", {}),
            ("app-prod", ["app/envs/prod/a.tfvars", "app/envs/prod/b.tfvars"], "", {}),
        ],
    ),
    "beside the only root module": (
        {"envs/dev.tfvars": "", "envs/prod.tfvars": "", "examples/envs/qa.tfvars": ""},
        [("app-dev", ["envs/dev.tfvars"], "", {}), ("app-prod", ["envs/prod.tfvars"], "", {})],
    ),
    "one environment": ({"app/prod.tfvars": ""}, [("app", ["app/prod.tfvars"], "", {})]),
    "another root module's": ({"app/envs/prod/main.tf": TF, "app/envs/prod/terraform.tfvars": ""}, [("app", [], "", {})]),
    "workspaces": (
        {"app/terraform.tfstate.d/a/x": "", "app/terraform.tfstate.d/b/x": ""},
        [("app-a", [], "a", {}), ("app-b", [], "b", {})],
    ),
    "infracost.yml": (
        {
            "app/dev.tfvars": "",
            "infracost.yml": "projects:\n  - {path: app, name: shop, terraform_var_files: [../shared.tfvars, dev.tfvars], usage_file: u.yml}\n"
            "  - {path: app, terraform_workspace: blue, env: {TF_VAR_size: t3.small, HOME: x}, terraform_vars: {count: 2}}\n",
            "shared.tfvars": "",
            "u.yml": "version: 0.1\nresource_type_default_usage: {}\n",
        },
        [("shop", ["shared.tfvars", "app/dev.tfvars"], "", {}), ("app-blue", [], "blue", {"size": "t3.small", "count": 2})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("files, expected", VARIED.values(), ids=VARIED.keys())
def test_a_project_for_each_environment_of_a_root_module(repository, files, expected):
    folder = repository({"app/main.tf": 'resource "null_resource" "x" {}\n', **files})
    seen = Survey(folder, hosting(folder), projects=find_projects(folder).projects)
    of_app = [one for one in seen.projects if one.path == "app"]
    assert [(one.name, list(one.var_files), one.workspace, one.vars) for one in of_app] == expected
    written = parse_yaml(str(config_file(seen, "").after), InputError, name="x").data["projects"]
    assert [one.get("var_files", []) for one in written if one["path"] == "app"] == [one[1] for one in expected]


def test_units_of_terragrunt_are_a_project_for_each_environment(run, repository):
    unit = 'terraform {\n  source = "../../../../modules/app"\n}\ninputs = { size = "t3.micro" }\n'
    main = AWS + 'variable "size" {}\nresource "aws_instance" "a" {\n  ami = "x"\n  instance_type = var.size\n}\n'
    folder = repository(
        {
            "root.hcl": "",
            "live/prod/eu/app/terragrunt.hcl": unit,
            "live/dev/eu/app/terragrunt.hcl": unit,
            "modules/app/main.tf": main,
        }
    )
    said = run("init").stdout
    assert "found  2 projects (dev, prod), 2 resources of AWS\n" in said
    assert "Terragrunt" not in said
    assert parse_yaml((folder / "guardrail.yaml").read_text("utf-8"), InputError, name="x").data["projects"] == [
        {"name": "dev", "path": "live/dev", "terragrunt": True, "env": "dev"},
        {"name": "prod", "path": "live/prod", "terragrunt": True, "env": "prod"},
    ]
    assert run("check").exit_code == 0


@pytest.mark.parametrize(
    "name, env",
    [
        ("live/eu/payments-prod", "prod"),
        ("prod/non-prod", "nonprod"),
        ("non_production", "nonprod"),
        ("shop-pre-prod", "preprod"),
        ("preprod.tfvars", "preprod"),
        ("products", ""),
        ("prod-eu-stage", "staging"),
    ],
)
def test_the_environment_that_a_name_tells(name, env):
    assert environment_in(name) == env


REGIONS = {
    "the files' own": ({"app/terraform.tfvars": 'region = "eu-west-1"\n'}, "pricing: {default_region: {aws: eu-west-1}}"),
    "several": (
        {"app/dev.tfvars": 'region = "eu-west-1"\n', "app/prod.tfvars": 'aws_region = "eu-west-2"\n'},
        "# pricing: {default_region: {aws: us-east-1}}",
    ),
    "none": ({}, "# pricing: {default_region: {aws: us-east-1}}"),
}  # fmt: skip


@pytest.mark.parametrize("files, line", REGIONS.values(), ids=REGIONS.keys())
def test_the_region_is_that_of_the_variables(run, repository, files, line):
    main = 'variable "region" { default = "" }\nvariable "aws_region" { default = "" }\n' + WEB.removeprefix(AWS)
    folder = repository({"app/main.tf": main, **files})
    run("init", "--only", "config")
    assert line in (folder / "guardrail.yaml").read_text(encoding="utf-8").splitlines()


def test_tags_are_spelled_as_most_resources_spell_them(run, repository):
    """Their keys are agreed on for both rules of tags, whatever the rules' own are; a key in other letters is reported."""
    buckets = "".join(
        f'resource "aws_s3_bucket" "b{n}" {{\n  tags = {{ Team = "a", {env} = "prod", Name = "x" }}\n}}\n'
        for n, env in enumerate(["Env", "Env", "Env", "ENV"])
    )
    folder = repository({"main.tf": AWS + buckets})
    run("init", "--only", "config")
    text = (folder / "guardrail.yaml").read_text(encoding="utf-8")
    assert (
        "    mis-cased-tag-key: {enforcement: advisory, params: {keys: [Env, Team]}}  # 1 finding: aws_s3_bucket.b3\n"
        in text
    )
    found = json.loads(run("check", "--format", "json").stdout)["projects"][0]["findings"]
    tags = [(one["rule"], one["address"]) for one in found if "tag" in one["rule"]]
    assert tags == [("mis-cased-tag-key", "aws_s3_bucket.b3"), ("required-tags", "aws_s3_bucket.b3")]


def test_what_nobody_may_read_is_named(repository, monkeypatch):
    folder = repository({"app/main.tf": TF, "secret/main.tf": TF})
    scan = os.scandir

    def refusing(path="."):
        if Path(os.fspath(path)).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = find_projects(folder)
    assert "cannot be read: secret (Permission denied)" in found.notes


def test_files_of_variables_that_git_ignores_are_named_and_not_used(repository):
    files = {"main.tf": WEB, "dev.tfvars": "", "prod.tfvars": "", ".gitignore": "prod.tfvars\n"}
    folder = repository(files, git=True)
    found = find_projects(folder)
    assert [(one.var_files, one.env) for one in found.projects] == [(("dev.tfvars",), "dev")]
    assert found.notes == ["prod.tfvars is not in git, so that no project can name it"]


def test_a_file_of_our_name_that_is_something_else_stays(run, repository):
    manifest = "apiVersion: v1\nkind: ConfigMap\n"
    folder = repository({"main.tf": WEB, "guardrail.yaml": manifest})
    run("init", "--only", "config")
    assert (folder / "guardrail.yaml").read_text(encoding="utf-8") == manifest
    assert (folder / "guardrail.yml").is_file()


@pytest.mark.parametrize(
    "files, note",
    [
        ({"infracost.yml": "projects: [\n"}, "infracost.yml:2: not valid YAML"),
        ({"infracost-usage.yml": "nonsense: {}\n"}, "infracost-usage.yml:1: unknown key 'nonsense'"),
        ({"infracost.yml": "projects: [{path: gone}, {path: app}]\n"}, "infracost.yml names gone, which is not there"),
        ({"modules/m/main.tf": TF}, "no projects of their own, by their folders' names: modules/m"),
    ],
)
def test_what_is_left_out_is_said(repository, files, note):
    notes = find_projects(repository({"app/main.tf": TF, **files})).notes
    assert len(notes) == 1
    assert note in notes[0]


@pytest.mark.parametrize(
    "name", ["a", "1.0", "true", "no", "a: b", "#x", "é\u2028x", '"', ".", "a/b-c", "~", "- x", "a\nb"]
)
def test_names_are_spelled_so_that_they_are_read_back(name):
    assert parse_yaml(f"name: {scalar(name)}  # why", InputError, name="x").data == {"name": name}


def test_a_hostile_name_is_a_name_and_a_comment_one_line(tmp_path):
    evil = "x\u2028projects: []\n# \x1b[31m"
    seen = Survey(tmp_path, Hosting(tmp_path, "", in_git=False, commits=False))
    seen.projects = find_projects(tmp_path).projects
    seen.tags, seen.taggable = (evil,), 3
    text = str(config_file(seen, "").after)
    path = tmp_path / "guardrail.yaml"
    path.write_text(text, encoding="utf-8")
    data = read_yaml(path, InputError).data
    assert data["rules"]["set"]["required-tags"]["params"]["required"] == [evil]
    assert "\x1b" not in text
    assert "\u2028" not in re.sub(r'"[^"]*"', "", text)


@pytest.mark.parametrize(
    "amount, shown", [("0", "0"), ("0.3", "1"), ("7", "7"), ("99.01", "100"), ("1034.2", "1100"), ("100", "100")]
)
def test_ceilings_are_round(amount, shown):
    assert rounded_up(Decimal(amount)) == shown


def test_the_job_for_gitlab_is_the_documentation_s():
    job = filled("gitlab-ci.yml", options=' --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --policy-ref base')
    assert job in (ROOT / "docs" / "other-ci.md").read_text(encoding="utf-8")
