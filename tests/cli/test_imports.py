"""What a command loads: start-up is paid at every commit of everybody."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import inspect

from guardrail.config.file import ConfigFile
from guardrail.costs.definitions.definition import Definition
from guardrail.policy import Rule
from guardrail.terraform.plan.json.document import Document
from tests.terraform.plans import change

NOT_NEEDED = {"requests", "urllib3", "ssl", "duckdb", "obstore", "psycopg", "numpy", "starlette", "jinja2"}
NOT_NEEDED |= {"dask", "distributed"}
FOR_WHAT_IS_NEW = {"pydantic", "pydantic_core", "annotated_types", "yaml", "tomllib"}
"""What reads and checks files that no run has found right before."""
NOT_FOR_PLANS = {
    "tree_sitter",
    "tree_sitter_hcl",
    "guardrail.terraform.configuration.code.modules",
    "zipfile",
    "tarfile",
}
ELSEWHERE = {"guardrail.policy.rules.testing", "importlib.metadata", "dataclasses", "zoneinfo", "rich"}
MODULES = 435
"""As many as a check may load; it was 410 when this was written."""
CONFIG = """\
version: 1
rules: {packs: [tagging, waste], paths: [own.yaml], set: {required-tags: {enforcement: advisory}}}
budgets: [{name: all, monthly: 100, increase: 10}]
approvers: [{user: eva}]
projects: [{name: shop, plan: plan.json, env: prod}]
waivers: waivers.yaml
"""
WAIVERS = "waivers: [{rule: own-rule, address: 'aws_*', reason: agreed, expires: 2999-01-31}]"
RULE = """\
id: own-rule
title: A
severity: low
enforcement: advisory
validations: [{expression: 'has(resource.tags.owner)', message: a}]
tests: [{expect: fail, resource: {type: aws_instance}}]
"""


def loaded_by(*args: str, cwd: Path) -> set[str]:
    """Return the modules that a command has loaded when it is done."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['guardrail', *{args!r}]\n"
        "from guardrail.cli import main\n"
        "main()\n"
    )
    given = [sys.executable, "-c", script]
    ran = subprocess.run(given, cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stderr.rpartition("LOADED ")[2].split())


def test_a_check_loads_neither_the_network_nor_an_extra(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": []}))
    loaded = loaded_by("check", "plan.json", cwd=tmp_path)
    assert not {name.partition(".")[0] for name in loaded} & NOT_NEEDED


def test_a_check_of_what_was_checked_before_parses_and_checks_no_file_but_the_plan(tmp_path):
    resources = [change("aws_instance.a", after={"instance_type": "t3.micro"}), change("aws_nat_gateway.a", after={})]
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": resources}))
    for name, text in (("guardrail.yaml", CONFIG), ("own.yaml", RULE), ("waivers.yaml", WAIVERS)):
        (tmp_path / name).write_text(text)
    check = ("check", "plan.json", "--fail-on", "never", "--format", "json")
    assert {"pydantic", "yaml"} <= loaded_by(*check, cwd=tmp_path)
    loaded = loaded_by(*check, cwd=tmp_path)
    assert loaded & (FOR_WHAT_IS_NEW | NOT_FOR_PLANS | ELSEWHERE) == set()
    assert len(loaded) < MODULES


def test_a_commit_hook_loads_no_reader_of_yaml_either(tmp_path):
    (tmp_path / "guardrail.yaml").write_text("version: 1\nprojects: [{name: shop, path: .}]\n")
    (tmp_path / "main.tf").write_text('resource "aws_sqs_queue" "a" {\n  name = lower("A")\n}\n')
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)  # noqa: S607
    hook = ("check", "--hook", "main.tf")
    loaded_by(*hook, cwd=tmp_path)
    assert loaded_by(*hook, cwd=tmp_path) & (FOR_WHAT_IS_NEW | NOT_NEEDED) == set()


def modules_of_structs(*kinds):
    """Return the modules of all structs that are decoded with these."""
    found = set()
    pending: list[Any] = [*inspect.multi_type_info(kinds)]
    while pending:
        kind = pending.pop()
        if isinstance(kind, inspect.StructType):
            if kind.cls in found:
                continue
            found.add(kind.cls)
        parts = [getattr(kind, name) for name in kind.__struct_fields__]
        listed = [part for one in parts for part in (one if isinstance(one, tuple) else (one,))]
        pending += [part for part in listed if isinstance(part, inspect.Type | inspect.Field)]
    return {sys.modules[one.__module__] for one in found}


def test_annotations_of_what_every_run_decodes_are_no_texts():
    modules = modules_of_structs(ConfigFile, Rule, Definition, Document)
    assert len(modules) > 8
    # The name that `from __future__ import annotations` leaves in a module.
    assert [one.__name__ for one in modules if hasattr(one, "annotations")] == []
