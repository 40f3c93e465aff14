"""Evaluations that are remembered: the same files and variables need no second one, and nothing else is ever taken for them."""

import sqlite3
import zlib

import pytest

from guardrail.data import CACHE_VARIABLE
from guardrail.model.resource import SourceLine
from guardrail.terraform import evaluation, inputs
from guardrail.terraform.choices import NO_CHOICES, Choices
from guardrail.terraform.kept import Evaluated, evaluated
from guardrail.terraform.module_tree import FolderTree
from guardrail.terraform.configuration.variables import given_variables, workspace_of

FILES = {
    "main.tf": 'variable "v" { default = 1 }\nmodule "m" {\n  source = "./m"\n  v = var.v\n}\n',
    "m/main.tf": 'variable "v" {}\nresource "terraform_data" "r" { input = "${var.v} ${file("${path.module}/t.txt")}" }\n',
    "m/t.txt": "text",
    "README.md": "",
}


class Repository:
    """A folder of configuration, and a memory of its own."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.memory, self.runs = folder / "repository", folder / "memory", 0
        monkeypatch.setenv(CACHE_VARIABLE, str(self.memory))
        monkeypatch.chdir(folder)

    def write(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def is_evaluated(self, choices=NO_CHOICES):
        """Say whether reading the configuration takes an evaluation."""
        before, tree = self.runs, FolderTree(self.folder)
        root = tree.module("")
        assert root
        given = given_variables(self.folder, root, choices)
        evaluated(tree, given, workspace_of(self.folder, choices), self._evaluate)
        return self.runs > before

    def _evaluate(self):
        self.runs += 1
        return Evaluated('{"resource_changes": []}', ())

    def kept(self):
        with sqlite3.connect(self.memory / "configuration-v1.sqlite") as store:
            return b"\n".join(zlib.decompress(packed) for (packed,) in store.execute("SELECT packed FROM kept"))


@pytest.fixture
def repository(tmp_path, monkeypatch):
    made = Repository(tmp_path, monkeypatch)
    made.write(FILES)
    return made


def test_an_evaluation_is_remembered_as_it_was(repository, monkeypatch):
    first = inputs.read_plans("repository")
    monkeypatch.setattr(evaluation, "_run", None)
    assert inputs.read_plans("repository") == first
    moved = repository.folder.rename(repository.folder.with_name("moved"))
    (plan,) = inputs.read_plans(str(moved))
    assert [change.after for change in plan.changes] == [change.after for change in first[0].changes]
    assert plan.changes[0].source == SourceLine("moved/m/main.tf", 2, (SourceLine("moved/main.tf", 2),))


@pytest.mark.parametrize(
    "files",
    [
        {"main.tf": FILES["main.tf"].replace("1", "2")},
        {"m/main.tf": FILES["m/main.tf"] + "# nothing"},
        {"m/t.txt": "other"},
        {"terraform.tfvars": "v = 3"},
        {"more.tf": 'resource "terraform_data" "s" {}'},
        {".terraform/environment": "other"},
        {".terraform/modules/modules.json": '{"Modules": []}'},
    ],
    ids=lambda files: next(iter(files)),
)
def test_whatever_it_depends_on_makes_another(repository, files):
    assert repository.is_evaluated()
    repository.write(files)
    assert [repository.is_evaluated() for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    "choices", [Choices(variables=("v=9",)), Choices(environ={"TF_VAR_v": "9"}), Choices(workspace="w")]
)
def test_so_do_flags_and_the_environment(repository, choices):
    said = [repository.is_evaluated(one) for one in (NO_CHOICES, choices, choices, NO_CHOICES)]
    assert said == [True, True, False, False]


def test_what_it_does_not_depend_on_makes_none(repository):
    assert repository.is_evaluated()
    repository.write({"README.md": "more", "m/unused.txt": "x"})
    assert not repository.is_evaluated()


@pytest.mark.parametrize(
    "text",
    [
        'locals { f = fileset(path.module, "*.txt") }',
        'locals { f = file("${path.module}/${local.name}.txt") }',
        'locals { f = templatefile("t.txt", {}) }',
        'locals { f = filemd5("../t.txt") }',
        "locals { f = abspath(path.root) }",
        'variable "pw" { sensitive = true }',
    ],
)
def test_what_depends_on_more_than_can_be_told_is_never_kept(repository, text):
    repository.write({"more.tf": text})
    assert [repository.is_evaluated() for _ in range(2)] == [True, True]


def test_nothing_sensitive_is_written(repository):
    secrets = 'variable "pw" { sensitive = true }\nresource "terraform_data" "s" { input = [var.pw, sensitive("y")] }\n'
    repository.write({"more.tf": secrets, "terraform.tfvars": 'pw = "canary-51b9"\n'})
    choices = Choices(environ={"TF_VAR_pw": "canary-env"}, variables=("pw=canary-flag",))
    (plan,) = inputs.read_plans("repository", None, choices)
    assert any(change.after and change.after.has_secrets("input") for change in plan.changes)
    assert b"terraform_data" in repository.kept() or b"var.pw" in repository.kept()
    assert b"canary" not in repository.kept()
    repository.write(
        {"more.tf": 'resource "terraform_data" "s" { input = sensitive("canary-in-text") }\n', "terraform.tfvars": ""}
    )
    inputs.read_plans("repository")
    assert b"resource_changes" not in repository.kept()
