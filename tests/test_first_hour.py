"""The first hour: `guardrail init` in a repository, `pre-commit install`, the first commit, the first request for review."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.platforms.fake_github import fake_github, pull_request_event
from tests.platforms.test_gitlab import gitlab
from tests.terraform import plans

pytest.importorskip("pre_commit")
builtin_schemas = pytest.importorskip("check_jsonschema.builtin_schemas")

ROOT = Path(__file__).parents[1]
ADDRESS = "https://github.com/guardrail-finops/guardrail"
WORKFLOW = ".github/workflows/guardrail.yml"
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")

AWS = 'variable "region" {}\nprovider "aws" {\n  region = var.region\n}\n'
TAGS = 'tags = {\n    Team = "shop"\n    Env  = "prod"\n  }'
SERVER = 'variable "size" {}\nresource "aws_instance" "web" {\n  ami = "ami-1"\n  instance_type = var.size\n}\n'
VMS = "".join(
    f'resource "azurerm_linux_virtual_machine" "{name}" {{\n  location = "westeurope"\n  size = "Standard_B2s"\n'
    f'  os_disk {{\n    storage_account_type = "Standard_LRS"\n  }}\n  {TAGS}\n}}\n'
    for name in "abc"
)


def saved(size):
    made = plans.change(
        "aws_instance.web",
        {"instance_type": size, "ami": "ami-1", "availability_zone": "eu-west-1a"},
        type="aws_instance",
        name="web",
        provider_name="aws",
    )
    return json.dumps(plans.document(made))


def stack(size):
    resource = {"aws_instance": {"web": {"ami": "ami-1", "instance_type": size}}}
    return json.dumps({"provider": {"aws": [{"region": "eu-west-1"}]}, "resource": resource}, indent=2)


# With `is_committed`, pre-commit runs the hooks; else they run by themselves.
LAYOUTS: dict[str, dict[str, Any]] = {
    "a root module": {
        "files": {
            "main.tf": AWS + SERVER,
            "terraform.tfvars": 'region = "eu-west-1"\nsize = "t3.small"\nenvironment = "production"\n',
            ".github/CODEOWNERS": "* @platform\n",
        },
        "projects": [{"name": "repository", "path": ".", "env": "prod"}],
        "change": ("terraform.tfvars", "t3.small", "m5.large"),
    },
    "a monorepo": {
        "files": {
            "envs/dev/main.tf": AWS + 'module "s" {\n  source = "../../modules/server"\n  size = "t3.small"\n}\n',
            "envs/dev/terraform.tfvars": 'region = "eu-west-1"\n',
            "envs/prod/main.tf": AWS + 'module "s" {\n  source = "../../modules/server"\n  size = "t3.large"\n}\n',
            "envs/prod/terraform.tfvars": 'region = "eu-west-1"\n',
            "search/main.tf": AWS + SERVER,
            "search/vars/common.tfvars": 'region = "eu-central-1"\n',
            "search/vars/eu-prod.tfvars": 'size = "m5.large"\n',
            "search/vars/stage.tfvars": 'size = "t3.small"\n',
            "modules/server/main.tf": SERVER,
            ".pre-commit-config.yaml": "# ours\nrepos: []\n",
        },
        "projects": [
            {"name": "dev", "path": "envs/dev", "env": "dev"},
            {"name": "prod", "path": "envs/prod", "env": "prod"},
            {
                "name": "search-eu-prod",
                "path": "search",
                "var_files": ["search/vars/common.tfvars", "search/vars/eu-prod.tfvars"],
                "env": "prod",
            },
            {
                "name": "search-stage",
                "path": "search",
                "var_files": ["search/vars/common.tfvars", "search/vars/stage.tfvars"],
                "env": "staging",
            },
        ],
        "change": ("search/vars/stage.tfvars", "t3.small", "m5.large"),
        "is_committed": True,
    },
    "GitLab with Azure": {
        "files": {"infra/main.tf": 'provider "azurerm" {\n  features {}\n}\n' + VMS},
        "remote": "https://gitlab.com/octo/shop.git",
        "projects": [{"name": "infra", "path": "infra"}],
        "change": ("infra/main.tf", "Standard_B2s", "Standard_B2ms"),
    },
    "Terragrunt with saved plans": {
        "files": {
            "root.hcl": "",
            "live/prod/app/terragrunt.hcl": 'terraform {\n  source = "../../../modules/app"\n}\n',
            "modules/app/main.tf": SERVER,
            "plans/prod/app/tfplan.json": saved("t3.small"),
            "plans/dev/app/tfplan.json": saved("t3.micro"),
        },
        "projects": [
            {"name": "dev-app", "plan": "plans/dev/app/tfplan.json", "env": "dev"},
            {"name": "prod-app", "plan": "plans/prod/app/tfplan.json", "env": "prod"},
        ],
        "change": ("plans/prod/app/tfplan.json", "t3.small", "m5.large"),
        "is_committed": True,
    },
    "CDK for Terraform": {
        "files": {
            "cdktf.json": '{"language": "typescript", "app": "npx ts-node main.ts"}\n',
            "main.ts": "",
            "cdktf.out/stacks/shop/cdk.tf.json": stack("t3.small"),
        },
        "projects": [{"name": "shop", "path": "cdktf.out/stacks/shop"}],
        "change": ("cdktf.out/stacks/shop/cdk.tf.json", "t3.small", "m5.large"),
    },
}


class Machine:
    """A machine with git, pre-commit and nothing of guardrail's but the program; and a release, at the address that hooks name.

    The release's hooks run this program, where those of a real one are installed first.
    """

    def __init__(self, folder: Path, guardrail: str) -> None:
        self.release = folder / "release"
        self.release.mkdir()
        hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
        for hook in hooks:
            command = hook["entry"].removeprefix("guardrail")
            hook |= {"language": "system", "entry": f"{guardrail}{command}"}
        (self.release / ".pre-commit-hooks.yaml").write_text(yaml.safe_dump(hooks), encoding="utf-8")
        config = {f"url.{self.release.as_uri()}.insteadOf": ADDRESS, "protocol.file.allow": "always"}
        self.environ = os.environ | {"PRE_COMMIT_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        self.environ["GIT_CONFIG_COUNT"] = str(len(config))
        for number, (key, value) in enumerate(config.items()):
            self.environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        self.git(self.release, "init", "-q")
        self.commit = self.committed(self.release)

    def run(self, folder: Path, *command: str) -> tuple[int, str]:
        ran = subprocess.run(command, cwd=folder, env=self.environ, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    def git(self, folder: Path, *args: str) -> str:
        code, said = self.run(folder, "git", *WHO, *args)
        assert code == 0, said
        return said

    def committed(self, folder: Path) -> str:
        self.git(folder, "add", "-A")
        self.git(folder, "commit", "-q", "-m", "x")
        return self.git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture(scope="module")
def machine(tmp_path_factory, warm):
    return Machine(tmp_path_factory.mktemp("machine"), warm)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def loaded(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_first_hour(machine, command, tmp_path, monkeypatch, golden, name):
    layout = LAYOUTS[name]
    folder = tmp_path / "repository"
    write(folder, layout["files"])
    machine.git(folder, "init", "-q", "-b", "main")
    machine.git(folder, "remote", "add", "origin", layout.get("remote", "https://github.com/octo/shop.git"))
    base = machine.committed(folder)

    # init: what it finds, what it says, what it writes
    monkeypatch.setattr("guardrail.data.release_commit", lambda: machine.commit)
    ran = command("init", cwd=folder)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert loaded(folder / "guardrail.yaml")["projects"] == layout["projects"]
    assert max(map(len, ran.stdout.splitlines())) <= 80
    golden(f"first-hour/{name.replace(' ', '-')}.txt", ran.stdout.replace(os.sep, "/"))
    assert command("validate", cwd=folder).exit_code == 0

    # the first commit
    machine.git(folder, "add", "-A")
    if "is_committed" in layout:
        code, said = machine.run(folder, sys.executable, "-m", "pre_commit", "install")
        assert code == 0, said
        code, said = machine.run(folder, "git", *WHO, "commit", "-m", "guardrail")
        assert code == 0, said
        assert "guardrail validate" in said
        assert "Failed" not in said
    else:
        for hook in hooked(folder, machine.git(folder, "ls-files").splitlines()):
            assert command(*hook, cwd=folder).exit_code == 0, hook

    # the first request for review: the one that brings guardrail in, and makes something dearer
    file, before, after = layout["change"]
    write(folder, {file: layout["files"][file].replace(before, after)})
    machine.git(folder, "commit", "-q", "--no-verify", "-a", "-m", "larger")
    review = on_gitlab if "remote" in layout else on_github
    comment = review(command, folder, tmp_path, monkeypatch, base)
    assert re.search(r"\+\$\d", comment.splitlines()[1] + comment.splitlines()[2]), comment
    assert "judged by the one that it brings along" in comment


def hooked(folder, names):
    """Return what the hooks that init has written run over these files."""
    shipped = {hook["id"]: hook for hook in loaded(ROOT / ".pre-commit-hooks.yaml")}
    (wanted,) = [one["hooks"] for one in loaded(folder / ".pre-commit-config.yaml")["repos"] if one["repo"] == ADDRESS]
    for hook in [shipped[one["id"]] | one for one in wanted]:
        files = [n for n in names if re.search(hook["files"], n) and not re.search(hook.get("exclude", "^$"), n)]
        if files:
            yield [*hook["entry"].split()[1:], *hook.get("args", []), *files]


def on_github(command, folder, outside, monkeypatch, base):
    """Run the workflow's check and report for a pull request, and return the comment."""
    workflow = loaded(folder / WORKFLOW)
    schema = builtin_schemas.get_builtin_schema("vendor.github-workflows")
    jsonschema.validate(
        json.loads(json.dumps({("on" if key is True else key): one for key, one in workflow.items()})), schema
    )
    assert zizmor(folder / ".github") == []
    (step,) = [one for one in workflow["jobs"]["check"]["steps"] if "guardrail" in one["uses"]]
    action, given = loaded(ROOT / ".github/actions/guardrail/action.yml"), step["with"]
    assert set(given) <= set(action["inputs"])
    compared = ["--base", base] if "pull_request.base.sha" in given.get("base", "") else []
    policy = ["--config", given["config"], "--policy-ref", given["policy-ref"]]
    (outside / "event.json").write_text(
        json.dumps(pull_request_event(base={"sha": base, "repo": {"full_name": "octo/shop"}})), encoding="utf-8"
    )
    with fake_github() as fake, monkeypatch.context() as patch:
        for key, value in fake.environ(GITHUB_EVENT_PATH=str(outside / "event.json")).items():
            patch.setenv(key, value)
        checked = command("check", *policy, *compared, "--out", f"json={outside / 'result.json'}", cwd=folder)
        assert checked.exit_code == 0, checked.stderr
        assert command("report", outside / "result.json", *policy, cwd=folder).exit_code == 0
        (comment,) = fake.comments
    return comment["body"]


def on_gitlab(command, folder, _outside, monkeypatch, base):
    """Run the script of the job for a merge request, and return the note."""
    pipeline = loaded(folder / ".gitlab-ci.yml")
    jsonschema.validate(pipeline, builtin_schemas.get_builtin_schema("vendor.gitlab-ci"))
    script = [line for line in pipeline["guardrail"]["script"] if not line.startswith("pip install")]
    with gitlab() as fake, monkeypatch.context() as patch:
        for key, value in {**fake.environ, "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}.items():
            patch.setenv(key, value)
        for line in script:
            program, *args = (os.path.expandvars(word) for word in shlex.split(line))
            assert program == "guardrail"
            ran = command(*args, cwd=folder)
            assert ran.exit_code == 0, ran.stderr
        (note,) = fake.notes
    return note["body"]


def zizmor(folder):
    """Return what zizmor finds in workflows, by its own rules."""
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-config", "--format=json", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [(one["ident"], one["desc"]) for one in json.loads(ran.stdout)]
