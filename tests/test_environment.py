"""What a run reads of its environment: what docs/security.md lists, and nothing else."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_, _, PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("## Environment variables")
PAGE = PAGE.partition("\n## ")[0]
ROWS = {
    cells[0].strip(): re.findall(r"`([A-Z_*0-9]+)`", cells[1])
    for cells in (
        line.strip("| \n").split(" | ", 1) for line in PAGE.splitlines() if line.startswith("| ") and " | " in line
    )
}
LISTED = {name for names in ROWS.values() for name in names}
VARIABLE = re.compile(r"_?[A-Z][A-Z0-9]*_[A-Z0-9_]+|CI|TERM|PATH|HOME")
SET_BY_US = {
    "GIT_LITERAL_PATHSPECS",
    "GIT_ALLOW_PROTOCOL",
    "GIT_TERMINAL_PROMPT",
    "GIT_OPTIONAL_LOCKS",
    "LC_ALL",
    "PYDANTIC_DISABLE_PLUGINS",
}
NO_VARIABLES = {"SC_PAGE_SIZE", "FILE_NAMES", "CODE_SMELL", "FETCH_HEAD"}
PLATFORM = {"XDG_CACHE_HOME", "LOCALAPPDATA"}  # where platformdirs finds the cache
OF_OTHERS = re.compile(
    r"LANG|LC_|PYTEST_|PYTHON|RICH_|PYDANTIC_|MSGSPEC|XDG_|JPY_|UNICODE_VERSION|COVERAGE|TTY_|TMPDIR|TEMP|TMP"
)


def is_listed(name):
    return any(re.fullmatch(one.replace("*", ".*"), name) for one in LISTED)


def spelled():
    """Every name of a variable in the modules that read the environment."""
    for path in sorted((ROOT / "guardrail").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"environ\b|envvar|_VARIABLE|getenv", text):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                yield node.value


def test_the_page_lists_what_the_code_reads_and_nothing_else():
    read = set(spelled()) - SET_BY_US - NO_VARIABLES
    assert {name for name in read if not is_listed(name) and not is_listed(f"{name}X")} == set()
    exact = {name for name in LISTED if "*" not in name} - {"COLUMNS", "LINES"}
    unread = {name for name in exact if name not in read}
    assert unread <= set(ROWS["git"])


def test_the_environment_is_read_in_few_places():
    uses = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "guardrail").rglob("*.py"))
        if re.search(r"os\.environ|getenv", path.read_text(encoding="utf-8"))
    ]
    rooms = {name.split("/")[1].removesuffix(".py") for name in uses}
    assert rooms <= {"cli", "starter", "http", "git", "catalog", "cel", "data"}, uses
    assert [name for name in uses if "/catalog/" in name] == ["guardrail/catalog/sync.py"]
    assert [name for name in uses if "/cel/" in name] == ["guardrail/cel/engine/engines.py"]


class Recorder(dict):
    """An environment that remembers which values it was asked for."""

    asked: set

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = set()

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)

    def items(self):
        self.asked.update(self)
        return super().items()

    values = items
    copy = items


SECRETS = (
    "AWS_SECRET_ACCESS_KEY",
    "ARM_CLIENT_SECRET",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "SSH_AUTH_SOCK",
    "TF_TOKEN_app_terraform_io",
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "main.tf").write_text(
        'variable "size" {}\nresource "aws_instance" "a" {\n  instance_type = var.size\n}\n', encoding="utf-8"
    )
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)  # noqa: S607
    return tmp_path


def test_a_check_asks_for_nothing_else(folder, run, monkeypatch):
    environ = Recorder({**os.environ, **dict.fromkeys(SECRETS, "canary"), "TF_VAR_size": "t3.micro"})
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", environ)
        ran = run("check", "--base", "HEAD", "--format", "json", cwd=folder)
    assert ran.exit_code == 0
    assert "TF_VAR_size" in environ.asked
    strange = {name for name in environ.asked if not is_listed(name) and not OF_OTHERS.match(name)}
    assert strange - PLATFORM == set()
    assert "canary" not in ran.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for git")
def test_git_is_given_no_secret(folder, run, tmp_path, monkeypatch):
    stand_in = tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    seen = tmp_path / "seen.txt"
    stand_in.write_text(f'#!/bin/sh\n/usr/bin/env >> "{seen}"\nexit 1\n', encoding="utf-8")
    stand_in.chmod(0o755)
    for name in SECRETS:
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    monkeypatch.setenv("PATH", f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}")
    assert json.loads(run("check", "--format", "json", cwd=folder).stdout)["judged"]
    told = seen.read_text(encoding="utf-8")
    assert "canary" not in told
    assert "GIT_DIR" not in told
    assert "GIT_CONFIG_COUNT=0" in told
