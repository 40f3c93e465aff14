"""What a shell offers when somebody presses tab, asked as the shell asks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.cli import COMMANDS, COMPLETE
from guardrail.cli.output import FORMAT_NAMES

ROOT = Path(__file__).parents[2]
OWN = {
    "guardrail.yaml": "version: 1\nprojects: [{name: shop, path: infra}]\nrules: {paths: [policies, one.yaml]}\n",
    "policies/deep/late.yml": "# a rule\nid: too-late\n",
    "policies/notes.yaml": "nothing: here\n",
    "one.yaml": 'id: "required-sleep"\n',
}


@pytest.fixture
def complete(run, monkeypatch):
    """Return what is offered for the last word: `complete("rules", "sh")`."""

    def ask(*words, **options):
        monkeypatch.setenv(COMPLETE, "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["guardrail", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        ran = run(**options)
        assert (ran.exit_code, ran.stderr) == (0, "")
        return [tuple(line.split(",", 1)) for line in ran.stdout.splitlines() if line]

    return ask


@pytest.fixture
def own(tmp_path):
    for name, text in OWN.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "words, offered",
    [
        ([""], list(COMMANDS)),
        (["e"], ["estimate", "explain"]),
        (["rules", "s"], ["show"]),
        (["schema", "wai"], ["waivers"]),
        (["completion", "z"], ["zsh"]),
        (["check", "--format", "markdown-"], [name for name in FORMAT_NAMES if name.startswith("markdown-")]),
        (["check", "--out", "js"], ["json="]),
        (["check", "--policy-ref", ""], ["head", "base"]),
        (["check", "--project", ""], ["shop"]),
        (["check", "--pol"], ["--policy-ref"]),
        (["explain", "required-"], ["required-sleep", "required-tags"]),
        (["rules", "show", "too"], ["too-late"]),
        (["rules", "show", "no-such"], []),
    ],
)
@pytest.mark.usefixtures("own")
def test_words_are_offered(complete, words, offered):
    assert complete(*words) == [("plain", word) for word in offered]


@pytest.mark.parametrize(
    "words",
    [
        ["check", "pl"],
        ["estimate", ""],
        ["report", "result"],
        ["usage", "init", ""],
        ["explain", "aws_instance.web", ""],
        ["check", "--config", ""],
        ["check", "--out", "json=re"],
        ["rules", "test", "pol"],
    ],
)
def test_files_and_folders_are_left_to_the_shell(complete, words):
    assert [kind for kind, _ in complete(*words)] == ["file"]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe broken", b"rules: [", b"rules: {paths: 7}", b"- a\n", b"projects: [1, {path: x}]", b"[" * 5000],
)
def test_a_broken_configuration_says_nothing_at_the_prompt(complete, tmp_path, content):
    (tmp_path / "guardrail.yaml").write_bytes(content)
    assert complete("explain", "required-t") == [("plain", "required-tags")]
    assert complete("check", "--project", "") == []


def test_the_configuration_that_is_named_is_asked(complete, own, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    config = str(own / "guardrail.yaml")
    assert complete("rules", "show", "--config", config, "too", cwd=elsewhere) == [("plain", "too-late")]


@pytest.mark.parametrize("name", ["guardrail", "guardrail-finops"])
@pytest.mark.parametrize(
    "shell, says",
    [
        ("bash", "complete -o nosort -F {function} {name}"),
        ("zsh", "compdef {function} {name}"),
        ("fish", "complete --no-files --command {name}"),
    ],
)
def test_the_script_is_for_the_name_that_was_called(run, monkeypatch, name, shell, says):
    monkeypatch.setattr(sys, "argv", [f"/usr/bin/{name}", "completion", shell])
    ran = run("completion", shell)
    function = f"_{name.replace('-', '_')}_completion"
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert says.format(name=name, function=function) in ran.stdout
    assert f"{COMPLETE}={shell}_complete" in ran.stdout


def test_help_says_how_to_install_it(run):
    shown = run("completion", "--help").stdout
    for place in ("~/.bashrc", "~/.zshrc", "~/.config/fish/completions/guardrail.fish"):
        assert place in shown
    assert run("completion", "tcsh").exit_code == 2


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="needs bash")
def test_bash_itself_completes(tmp_path):
    shim = tmp_path / "guardrail"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m guardrail "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    script = (
        'eval "$(guardrail completion bash)" && complete -p guardrail && '
        "COMP_WORDS=(guardrail est) COMP_CWORD=1 && _guardrail_completion guardrail && "
        'echo "${COMPREPLY[*]}"'
    )
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    bash = str(shutil.which("bash"))
    ran = subprocess.run([bash, "-c", script], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.splitlines() == ["complete -o nosort -F _guardrail_completion guardrail", "estimate"], ran.stderr
