"""The hooks as pre-commit runs them: in a scratch repository, from our own manifest, with the network cut."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
GOOD = 'provider "aws" { region = "us-east-1" }\nresource "aws_instance" "i" { instance_type = "t3.micro" }\n'
BAD = GOOD.replace("t3.micro", "p4d.24xlarge")
CONFIG = "version: 1\nrules: {packs: [instance-sizes]}\n"
# Every Python that the hook starts refuses to go online.
CUT = """\
import sys


def refuse(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"} and sys.argv[0].endswith("guardrail/__main__.py"):
        raise RuntimeError(f"{event} although the network is cut")


sys.addaudithook(refuse)
"""

pytest.importorskip("pre_commit")


class Scratch:
    """A repository in which our hooks run as `language: system`: what they are installed by is pre-commit's own affair."""

    def __init__(self, folder):
        self.folder = folder / "repository"
        hooks = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
        for hook in hooks:
            command = hook["entry"].removeprefix("guardrail")
            hook |= {"language": "system", "entry": f'"{sys.executable}" -m guardrail{command}'}
        cut = folder / "cut"
        cut.mkdir()
        (cut / "sitecustomize.py").write_text(CUT, encoding="utf-8")
        path = os.pathsep.join([str(cut), str(ROOT)])
        self.environ = {**os.environ, "PRE_COMMIT_HOME": str(folder / "home"), "PYTHONPATH": path}
        self.write({".pre-commit-config.yaml": yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]})})
        self.git("init", "-q", "-b", "main")

    def write(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def git(self, *args):
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", self.folder, *who, *args]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.environ).stdout

    def command(self, *args):
        return [sys.executable, "-m", "pre_commit", "run", "--color", "never", *args]

    def run(self, *args, **environ):
        """Run the hooks on what is staged: exit code and output."""
        self.git("add", "-A")
        ran = subprocess.run(
            self.command(*args),
            cwd=self.folder,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return Scratch(tmp_path_factory.mktemp("pre-commit"))


def test_the_manifest_is_one():
    from pre_commit.clientlib import load_manifest  # noqa: PLC0415 - only where it is installed

    hooks = {hook["id"]: hook for hook in load_manifest(str(MANIFEST))}
    assert set(hooks) == {"guardrail-check", "guardrail-check-plan", "guardrail-validate"}
    assert all(hook["require_serial"] and not hook["additional_dependencies"] for hook in hooks.values())
    assert {hook["language"] for hook in hooks.values()} == {"python"}


FILES = {
    "guardrail-check": ["main.tf", "a/b.tofu", "x.tf.json", "p/terraform.tfvars", "q.auto.tfvars.json", "guardrail.yaml", "x/.guardrail.yml",
                        "guardrail.waivers.yaml"],
    "guardrail-check-plan": ["plan.json", "a/tfplan.json", "prod-plan.json", "prod.plan.json"],
    "guardrail-validate": ["guardrail.yaml", "x/.guardrail.yml", "guardrail.waivers.yaml", "policies/own.yaml", "a/policies/b/c.yml",
                           "infracost-usage.yml"],
    "": ["main.tf.bak", "explanation.json", "notguardrail.yaml", ".terraform/modules/m/main.tf", "package.json", "policies.md", "tf"],
}  # fmt: skip


def test_files_of_ours_are_told_by_their_names():
    hooks = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    names = {name for files in FILES.values() for name in files}
    for hook in hooks:
        found = {n for n in names if re.search(hook["files"], n) and not re.search(hook.get("exclude", "^$"), n)}
        assert found == set(FILES[hook["id"]])


def test_a_repository_lives_with_the_hooks(scratch):
    """First run, nothing to check, a refusal, in NO_COLOR too, two at once, and a commit that only deletes."""
    scratch.write(
        {
            "guardrail.yaml": CONFIG,
            "infra/main.tf": GOOD,
            "plans/plan.json": '{"format_version": "1.2", "resource_changes": []}',
        }
    )
    code, said = scratch.run()
    assert (code, said.count("Passed")) == (0, 3), said
    scratch.git("commit", "-q", "-m", "all is well")

    scratch.write({"README.md": "nothing of ours"})
    code, said = scratch.run()
    assert (code, said.count("(no files to check)Skipped")) == (0, 3), said

    scratch.write({"infra/main.tf": BAD})
    code, said = scratch.run(NO_COLOR="1")
    assert code == 1, said
    assert "infra/main.tf:2: needs approval: gpu-instance: aws_instance.i: p4d.24xlarge has 8 GPUs" in said
    assert "files were modified" not in said
    assert len(said.splitlines()) <= 40 + 6
    assert "\x1b" not in said

    hook = [sys.executable, "-m", "guardrail", "check", "--hook", "infra/main.tf"]  # pre-commit splits long lists
    both = [
        subprocess.Popen(
            hook, cwd=scratch.folder, env=scratch.environ, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        for _ in range(2)
    ]
    (one, _), (other, _) = (process.communicate() for process in both)
    assert [process.returncode for process in both] == [1, 1]
    assert one == other
    assert one in said.replace("\r", "")

    scratch.git("rm", "-q", "-f", "infra/main.tf")
    code, said = scratch.run("guardrail-check")
    assert (code, said.count("(no files to check)Skipped")) == (0, 1), said
    assert scratch.git("status", "--porcelain", "--untracked-files=all").splitlines() == [
        "A  README.md",
        "D  infra/main.tf",
    ]
