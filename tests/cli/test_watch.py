"""`check --watch`: again on every save, whatever was saved, until somebody interrupts."""

import threading
import time
from pathlib import Path

import pytest

from guardrail.cli.check import watch as module
from guardrail.config import Flags, settings

FILES = {
    "guardrail.yaml": "version: 1\nprojects: [{name: a, path: a, usage: usage/u.yml}]\nrules: {packs: [instance-sizes], paths: [policies]}\nwaivers: w/waivers.yaml\n",
    "a/main.tf": 'provider "aws" { region = "us-east-1" }\nmodule "m" { source = "../lib/m" }\n',
    "lib/m/main.tf": 'resource "aws_instance" "i" { instance_type = "t3.micro" }\n',
    "policies/deep/cheap.yaml": "id: cheap\ntitle: t\nseverity: low\nenforcement: advisory\n"
    "validations: [{expression: resource.cost.monthly < 500.0, message: dear}]\n",
    "usage/u.yml": "version: 0.1\n",
    "w/waivers.yaml": "",
    "elsewhere/x.tf": "",
}


@pytest.fixture
def repository(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_each_save_is_a_report_and_a_comparison_and_a_broken_file_is_no_end(repository, run, monkeypatch):
    texts = iter(["t3.large", "t3.micro", '" {', "t3.micro"])

    def edit(*_):
        text = next(texts, None)
        if text is None:
            raise KeyboardInterrupt
        (repository / "lib/m/main.tf").write_text(FILES["lib/m/main.tf"].replace("t3.micro", text), encoding="utf-8")
        return ["main.tf"]

    monkeypatch.setattr(module, "saved", edit)
    ran = run("check", "--watch", "--format", "concise")
    assert ran.exit_code == 130, ran.stderr
    amounts = [line.partition(":")[2].strip() for line in ran.stdout.splitlines()]
    assert [line for line in amounts if line.startswith("$")] == [
        "$0 → $8.39",
        "$0 → $61.54",
        "$0 → $8.39",
        "$0 → $8.39",
    ]
    said = [line for line in ran.stderr.splitlines() if "since" in line or "closed" in line]
    assert said == [
        "guardrail: since the last save: monthly cost +$53.14, blocking findings +0",
        "guardrail: since the last save: monthly cost -$53.14, blocking findings +0",
        "guardrail: since the last save: monthly cost -$8.39, blocking findings +0",
        "guardrail: since the last save: monthly cost +$8.39, blocking findings +0",
    ]


def test_all_that_a_check_depends_on_is_watched(repository, monkeypatch):
    monkeypatch.chdir(repository)
    folders = module.folders_of(settings(Flags(), repository))
    names = {folder.relative_to(repository.resolve()).as_posix() for folder in folders}
    assert names == {".", "a", "lib/m", "policies", "policies/deep", "usage", "w"}


def test_a_save_is_seen_also_one_that_nobody_watched(repository):
    pytest.importorskip("watchfiles")
    folder, began = repository / "a", time.time() - 60
    assert module.saved([folder], began, ()) == ["main.tf"]
    (folder / "size").write_text("m5.large", encoding="utf-8")
    assert module.saved([folder], began, (), {folder / "size"}) == ["main.tf", "size"]
    soon = time.time() + 60
    own = folder / "own.json"
    names: list[str] = []
    watcher = threading.Thread(target=lambda: names.extend(module.saved([folder], soon, {own})))
    watcher.start()
    while watcher.is_alive():
        own.write_text(str(time.time()), encoding="utf-8")
        Path(folder, "new.tf").write_text(str(time.time()), encoding="utf-8")
        watcher.join(0.05)
    assert names == ["new.tf"]


def test_what_the_configuration_reads_is_watched_whatever_it_is_called(repository, run, monkeypatch):
    read = 'resource "aws_instance" "i" { instance_type = file("${path.module}/../../sizes/web") }\n'
    (repository / "lib/m/main.tf").write_text(read, encoding="utf-8")
    (repository / ".git").mkdir()  # as far as configuration may read
    (repository / "sizes").mkdir()
    (repository / "sizes/web").write_text("t3.micro", encoding="utf-8")
    seen = []

    def look(folders, _since, _own, looked):
        seen.append((repository / "sizes" in folders, repository / "sizes/web" in looked))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "saved", look)
    assert run("check", "--watch").exit_code == 130
    assert seen == [(True, True)]


def test_what_cannot_be_watched_is_said(run, monkeypatch):
    ran = run("check", "--watch", "-")
    assert (ran.exit_code, "standard input cannot be watched" in ran.stderr) == (2, True)
    monkeypatch.setitem(__import__("sys").modules, "watchfiles", None)
    ran = run("check", "--watch")
    assert ran.exit_code == 2
    assert "pip install 'guardrail-finops[watch]'" in ran.stderr
