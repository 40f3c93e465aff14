"""The recipes of docs/other-ci.md: their commands are run in a shell, with stand-ins for the programs of other systems."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.test_action import PLAN

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "other-ci.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(yaml|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FAILS = "version: 1\nbudgets: [{name: all, increase: 10}]\n"
VARIABLES = {
    "REPO_REL_DIR": "infra/shop",
    "WORKSPACE": "default",
    "SHOWFILE": "plan.json",
    "TF_VAR_spacelift_stack_id": "shop",
    "ENV0_TF_PLAN_JSON": "plan.json",
    "ENV0_ENVIRONMENT_NAME": "shop",
    "DIGGER_PLANFILE": "shop.tfplan",
}
STAND_INS = {
    "terraform": 'test "$1 $2" = "show -json" && cat "$SAVED"',
    "terragrunt": 'mkdir -p "$4/prod/db" "$4/prod/web" && cp "$SAVED" "$4/prod/db/tfplan.json" && cp "$SAVED" "$4/prod/web/tfplan.json"',
    "pip": "exit 0",
}  # fmt: skip

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the recipes are for shells")


def blocks(heading):
    """Return the blocks of a section, YAML as what it says."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = BLOCK.findall(section)
    assert found, heading
    return [yaml.safe_load(text) if kind == "yaml" else text for kind, text in found]


def component(**given):
    """Return the job of the GitLab component with its inputs, as GitLab makes it."""
    head, job = (ROOT / "templates" / "guardrail.yml").read_text(encoding="utf-8").split("\n---\n")
    inputs = yaml.safe_load(head)["spec"]["inputs"]
    assert given.keys() <= inputs.keys()
    values = {name: given.get(name, one.get("default")) for name, one in inputs.items()}
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", job))
    assert used == inputs.keys()
    return yaml.safe_load(re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda m: str(values[m[1]]), job))["guardrail"]


def atlantis():
    server = blocks("Atlantis")[0]
    return [step["run"] for step in server["workflows"]["guardrail"]["plan"]["steps"] if "run" in step]


def digger():
    return [step["run"] for step in blocks("Digger")[0]["workflows"]["guardrail"]["plan"]["steps"] if "run" in step]


def env0():
    (step,) = blocks("env0")[0]["deploy"]["steps"]["terraformPlan"]["after"]
    return [step["run"].replace("/tmp/guardrail/bin/", "").replace("python3 -m venv /tmp/guardrail", "")]  # noqa: S108


def azure():
    steps = [step["script"] for step in blocks("Azure DevOps")[0]["steps"] if "script" in step]
    return [step.replace("$(Agent.TempDirectory)", ".") for step in steps]


HEAD = {"policy-ref": "head"}  # a job outside of a merge request knows no base
RECIPES = {
    "GitLab": lambda: [line.replace("--policy-ref base", "") for line in blocks("GitLab")[1]["guardrail"]["script"]],
    "GitLab's component": lambda: component(input="plan.json", **HEAD)["script"],
    "Azure DevOps": azure,
    "Bitbucket": lambda: [
        line.replace("--policy-ref base", "")
        for line in blocks("Bitbucket")[0]["pipelines"]["pull-requests"]["**"][0]["step"]["script"]
    ],
    "Atlantis": atlantis,
    "Terragrunt": lambda: [blocks("Terragrunt")[0]],
    "Spacelift": lambda: blocks("Spacelift")[0]["stack_defaults"]["after_plan"],
    "env0": env0,
    "Digger": digger,
}
KEEPS_THE_PLAN = {"Atlantis"}
"""The recipes that never stop, since a status blocks."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory, warm):
    folder = tmp_path_factory.mktemp("programs")
    for name, script in {**STAND_INS, "guardrail": f'exec {warm} "$@"'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def checkout(tmp_path):
    for command in (
        ["init", "-q"],
        *[["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x"]] * 2,
    ):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)  # noqa: S607
    (tmp_path / "plan.json").write_text(PLAN, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name, policy", [*((name, FAILS) for name in RECIPES), ("GitLab's component", "version: 1\n")])
def test_a_recipe_stops_where_something_blocks_and_only_there(name, policy, checkout, programs):
    (checkout / "guardrail.yaml").write_text(policy, encoding="utf-8")
    saved = checkout.parent / f"{checkout.name}.saved"
    saved.write_text(PLAN, encoding="utf-8")
    environ = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        **VARIABLES,
        "SAVED": str(saved),
        "CI_PROJECT_DIR": str(checkout),
        "HOME": str(checkout.parent),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    ran = subprocess.run(
        [shutil.which("bash") or "bash", "-e", "-c", "\n".join(RECIPES[name]())],
        cwd=checkout, env=environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    expected = 1 if policy == FAILS and name not in KEEPS_THE_PLAN else 0
    assert ran.returncode == expected, ran.stdout + ran.stderr
    results = [path for path in checkout.rglob("*.json") if '"guardrail.report/v1"' in path.read_text(encoding="utf-8")]
    for path in results:
        assert json.loads(path.read_text(encoding="utf-8"))["verdict"] == ("fail" if policy == FAILS else "pass")
    assert results or "monthly" in ran.stdout.lower()


def test_the_component_compares_folders_with_a_base():
    shown = component(base="$CI_MERGE_REQUEST_DIFF_BASE_SHA", **HEAD)
    assert shown["variables"]["GUARDRAIL_BASE"] == "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
    echo = shown["script"][1].replace("guardrail check", "echo")
    for base, option in {"": "", "abc": "--base=abc "}.items():
        command = [shutil.which("bash") or "bash", "-c", echo]
        said = subprocess.run(command, env={"GUARDRAIL_BASE": base}, capture_output=True, text=True, check=True)
        assert said.stdout.startswith(f"{option}--policy-ref head --fail-on never")


def test_the_example_of_the_component_gives_inputs_that_there_are():
    (included,) = blocks("GitLab")[0]["include"]
    job = component(**included["inputs"])
    assert job["needs"] == ["plan"]
    assert "plan.json" in job["script"][1]
    builtin_schemas = pytest.importorskip("check_jsonschema.builtin_schemas")
    jsonschema.validate({"guardrail": job}, builtin_schemas.get_builtin_schema("vendor.gitlab-ci"))


def test_the_job_that_init_writes_for_gitlab_is_made_of_commands():
    text = (ROOT / "guardrail" / "starter" / "templates" / "gitlab-ci.yml").read_text(encoding="utf-8")
    assert all(isinstance(line, str) for line in yaml.safe_load(text)["guardrail"]["script"])
