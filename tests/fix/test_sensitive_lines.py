"""What is marked as sensitive is in no diff and no suggestion, wherever near an edit it is written."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from guardrail.terraform.edit.sensitive_lines import SensitiveLines
from tests.test_canaries import canary

GIT = shutil.which("git") or "git"
CONFIG = "version: 1\nrules: {packs: [waste], set: {superseded-volume-type: {enforcement: mandatory}}}\n"
VOLUME = 'resource "aws_ebs_volume" "v" {\n  availability_zone = "us-east-1a"\n  size = 8\n  type = TYPE\n}\n'
BY_VARIABLE = VOLUME.replace("TYPE", "var.type") + 'variable "type" {}\nvariable "password" {\n  sensitive = true\n}\n'
BESIDE = VOLUME.replace("TYPE", '"gp2"')

PLACES = {
    "before the edit": {"main.tf": BY_VARIABLE, "terraform.tfvars": 'password = "S"\ntype = "gp2"\n'},
    "three lines after": {"main.tf": BY_VARIABLE, "terraform.tfvars": 'type = "gp2"\n\n\npassword = "S"\n'},
    "a map over lines": {
        "main.tf": BY_VARIABLE,
        "x.auto.tfvars": 'password = {\n  a = 1\n  b = "S"\n}\ntype = "gp2"\n',
    },
    "a heredoc": {"main.tf": BY_VARIABLE, "terraform.tfvars": 'password = <<E\nS\nE\ntype = "gp2"\n'},
    "nobody declares it": {"main.tf": BY_VARIABLE, "terraform.tfvars": 'other = "S"\ntype = "gp2"\n'},
    "ephemeral": {
        "main.tf": BY_VARIABLE.replace("sensitive", "ephemeral"),
        "terraform.tfvars": 'password = "S"\ntype = "gp2"\n',
    },
    "a default": {"main.tf": BESIDE + 'variable "x" {\n  default = "S"\n  sensitive = true\n}\n'},
    "an argument of a module": {
        "main.tf": 'module "m" {\n  source = "./m"\n  type = "gp2"\n  password = "S"\n}\n',
        "m/main.tf": BY_VARIABLE,
    },
    "a function": {"main.tf": BESIDE + 'locals {\n  a = sensitive("S")\n}\n'},
    "an output": {"main.tf": BESIDE + 'output "x" {\n  value = "S"\n  sensitive = true\n}\n'},
    "the same line": {"main.tf": 'locals { t = [sensitive("S"), "gp2"] }\n' + VOLUME.replace("TYPE", "local.t[1]")},
    "what the provider marks": {
        "main.tf": 'resource "aws_db_instance" "d" {\n  instance_class = "db.t3.micro"\n  engine = "mysql"\n'
        '  allocated_storage = 9\n  password = "S"\n  storage_type = "gp2"\n}\n'
    },
}


SHOWN = ("before the edit", "an argument of a module", "the same line")
"""Those of which every command is looked at; of the others, which lines are found."""


def written(folder, place):
    for name, text in {"guardrail.yaml": CONFIG, **PLACES[place]}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        secret = text.replace('"S"', f'"{canary(place)}"').replace("\nS\n", f"\n{canary(place)}\n")
        (folder / name).write_text(secret, encoding="utf-8")
    return {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.tf*")}


@pytest.mark.parametrize("place", PLACES)
def test_its_lines_are_found_and_no_others(tmp_path, place):
    texts = written(tmp_path, place)
    sensitive = SensitiveLines([tmp_path])
    found = [text.split("\n")[line - 1] for path, text in texts.items() for line in sensitive.of(path, text)]
    assert any(canary(place) in line for line in found)
    assert len(found) <= 4
    assert not any("type = " in line for line in found)


@pytest.mark.parametrize("place", SHOWN)
def test_no_diff_and_no_suggestion_shows_it_and_git_takes_the_rest(run, tmp_path, place):
    before = written(tmp_path, place)
    ran = run("check", "--fix-diff")
    outs = [f"--out={name}={tmp_path / name}" for name in ("markdown", "sarif", "table")]
    suggested = run("check", "--suggest", "--format", "json", *outs)
    reports = [(tmp_path / name).read_text(encoding="utf-8") for name in ("markdown", "sarif", "table")]
    assert canary(place) not in "".join([ran.stdout, ran.stderr, suggested.stdout, suggested.stderr, *reports])
    assert "fixes superseded-volume-type" in ran.stderr
    if place == "the same line":
        assert "not in the diff, as the edited lines hold sensitive values" in ran.stderr
        assert ran.stdout == ""
        return
    assert "apply it with `git apply --unidiff-zero" in ran.stderr
    command = [GIT, "apply", "--unidiff-zero"]
    subprocess.run(command, input=ran.stdout.encode(), cwd=tmp_path, check=True, capture_output=True)
    by_diff = {path: path.read_text(encoding="utf-8") for path in before}
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
    run("check", "--fix")
    assert by_diff == {path: path.read_text(encoding="utf-8") for path in before}
    assert by_diff != before


@pytest.mark.parametrize("mark", ["", "sensitive = false"])
def test_what_is_not_sensitive_is_none_of_them(tmp_path, mark):
    (tmp_path / "main.tf").write_text(BY_VARIABLE.replace("sensitive = true", mark), encoding="utf-8")
    assert not SensitiveLines([tmp_path]).of(tmp_path / "terraform.tfvars", 'password = "shown"\ntype = "gp2"\n')
