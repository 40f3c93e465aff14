"""What the documentation shows works as shown."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
import yaml
from jsonschema import Draft202012Validator

from guardrail.cel.functions import FUNCTIONS
from guardrail.cli import cli
from guardrail.cli.output import FORMAT_NAMES

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)]*)?\)")
OWN = re.compile(r"https://github\.com/guardrail-finops/guardrail/(?:blob|tree)/main/([^)#\s]+)")
"""What the pages of the site say of files that are not on it."""


def yaml_blocks(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def rules(page: str) -> list[str]:
    return [block for block in yaml_blocks(page) if block.startswith("id:")]


@pytest.mark.parametrize("page", ["README.md", "docs/rules.md"])
def test_rules_in_the_documentation_pass_their_own_tests(page, run, tmp_path):
    (tmp_path / "rules").mkdir()
    for number, text in enumerate(rules(page)):
        (tmp_path / "rules" / f"{number}.yaml").write_text(text, encoding="utf-8")
    tests = sum(len(yaml.safe_load(text)["tests"]) for text in rules(page))
    (tmp_path / "guardrail.yaml").write_text("{version: 1, rules: {packs: [], paths: [rules]}}", encoding="utf-8")
    ran = run("rules", "test")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert f"{tests} passed" in ran.stdout


SCHEMAS = {
    name: {**json.loads((ROOT / f"docs/schemas/{name}.json").read_text(encoding="utf-8")), "required": []}
    for name in ("config", "rule", "usage", "waivers", "approvals", "allocation", "overlay", "rates", "kpi")
}
"""What the files of a user are, by the kind. A page may show a part of one, so no key of the whole is required."""
FOREIGN = {"on", "jobs", "steps", "permissions", "include", "pipelines", "repos", "workflows", "containers"}
"""Keys that tell the file of a CI system, and those of the few others that have no schema."""
FOREIGN |= {"guardrail", "stack_defaults", "deploy", "packs", "dismissals"}


YAML_PAGES = [
    page for page in PAGES if page.name != "rules-reference.md" and "```yaml" in page.read_text(encoding="utf-8")
]
REST_OF_A_RULE = {
    "id": "shown",
    "title": "t",
    "severity": "low",
    "enforcement": "advisory",
    "match": {"types": ["aws_instance"]},
    "params": {"alternative": "m7g.large"},
    "variables": {"missing": "[]"},
    "validations": [{"expression": "true", "message": "m"}],
}


@pytest.mark.parametrize("page", YAML_PAGES, ids=lambda page: page.name)
def test_yaml_on_a_page_can_be_pasted(page, run, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/rest.yaml").write_text(yaml.safe_dump(REST_OF_A_RULE), encoding="utf-8")
    for number, block in enumerate(yaml_blocks(page.relative_to(ROOT).as_posix())):
        shown = yaml.load(block, _Dateless)  # noqa: S506
        if isinstance(shown, list) or FOREIGN & shown.keys():
            continue
        fits = [name for name, schema in SCHEMAS.items() if Draft202012Validator(schema).is_valid(shown)]
        assert fits, block
        if fits == ["rule"]:
            rule = {**({} if "title" in shown else REST_OF_A_RULE), **shown, "tests": []}
            rule["params"] = REST_OF_A_RULE["params"] | rule.get("params", {})
            (tmp_path / "rules" / f"{number}.yaml").write_text(yaml.safe_dump({**rule, "id": f"shown-{number}"}))
    (tmp_path / "guardrail.yaml").write_text("{version: 1, rules: {packs: [], paths: [rules]}}", encoding="utf-8")
    ran = run("validate")
    assert ran.exit_code == 0, ran.stdout + ran.stderr


class _Dateless(yaml.SafeLoader):
    """Reads YAML 1.2: `on` and dates are texts."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] not in {"timestamp", "bool"}]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Dateless.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


def test_the_rule_in_the_readme_is_the_example_s():
    (shown,) = rules("README.md")
    example = (ROOT / "examples/shop/policies/log-retention-too-long.yaml").read_text(encoding="utf-8")
    full, short = yaml.safe_load(example), yaml.safe_load(shown)
    assert [test for test in short.pop("tests") if test not in full["tests"]] == []
    assert short.items() <= full.items()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = [page.parent / match[1] for match in LINK.finditer(text)] + [ROOT / name for name in OWN.findall(text)]
    assert [target for target in targets if not target.exists()] == []


def test_every_page_is_on_the_site():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = {page if isinstance(page, str) else next(iter(page.values())) for page in walk(site["nav"])}
    assert named == {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}


def walk(nav):
    for entry in nav:
        for pages in entry.values():
            yield from [pages] if isinstance(pages, str) else pages


def test_the_configuration_in_the_readme_names_what_the_example_s_does():
    (shown,) = [yaml.safe_load(block) for block in yaml_blocks("README.md") if block.startswith("version:")]
    example = yaml.safe_load((ROOT / "examples/shop/guardrail.yaml").read_text(encoding="utf-8"))
    assert shown["rules"]["packs"] == example["rules"]["packs"]
    assert shown["rules"]["paths"] == example["rules"]["paths"]


def test_every_format_has_its_row():
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    table = page.split("| name | for | limits |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(FORMAT_NAMES)


def test_commands_and_flags_that_people_migrate_to_exist():
    page = (ROOT / "docs/migrating-from-infracost.md").read_text(encoding="utf-8")
    shown = re.findall(r"(?:`|^)guardrail ([^`#|\n]+)", page, re.MULTILINE)
    assert len(shown) > 20
    for line in shown:
        command: click.Command = cli
        for word in shlex.split(line):
            if isinstance(command, click.Group):
                command = _loaded(command, word)
            elif word.startswith("--"):
                assert word in {flag for option in command.params for flag in option.opts}, line


def _loaded(group: click.Group, name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None, name
    return command


COUNTS = ["X11", "P6", "A8", "C10", "E8", "F4", "L8", "T7", "H9", "S8", "J1", "G4", "Z4", "B3", "Y1", "R1", "M7"]


def test_every_requirement_has_a_test_that_exists_or_a_reason():
    text = (ROOT / "docs" / "ci-requirements.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z]-\d\d) \| [^|]+ \| ([^|]{20,}) \|$", text, re.MULTILINE))
    assert rows.keys() == {f"{one[0]}-{n:02}" for one in COUNTS for n in range(1, int(one[1:]) + 1)}
    named = set(re.findall(r"`(tests/[^`]+::[^`]+)`", text))
    missing = [
        name
        for name in named
        for path, _, test in [name.partition("::")]
        if f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert len(named) > 100
    assert missing == []


def test_every_function_of_expressions_is_documented():
    page = (ROOT / "docs/cel.md").read_text(encoding="utf-8")
    missing = [name for name, _ in FUNCTIONS if name[0] != "_" and not re.search(rf"`{re.escape(name)}[`(]", page)]
    missing = [name for name in missing if not re.search(rf"\b{re.escape(name)}\(", page)]
    assert missing == []
