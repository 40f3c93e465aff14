"""Messages are worded in one style, whichever module they come from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
NAMES = ("Terraform", "Google", "AWS", "Azure", "CSV", "JSON", "GITHUB")
"""What a remedy may begin with in capitals."""


def remedies() -> Iterator[tuple[str, str]]:
    """Give file and line, and how it begins, of each `fix` and `remedy` that code hands on as text."""
    for path in sorted((ROOT / "guardrail").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if re.search(r"\b(fix|remedy)=", text) else ():
            if isinstance(node, ast.keyword) and node.arg in {"fix", "remedy"}:
                told = node.value.values[0] if isinstance(node.value, ast.JoinedStr) else node.value
                if isinstance(told, ast.Constant) and isinstance(told.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.value.lineno}", told.value


def test_remedies_of_messages_begin_in_lower_case_and_end_without_a_full_stop():
    found = list(remedies())
    assert len(found) > 150
    assert [one for one in found if one[1][:1].isupper() and not one[1].startswith(NAMES)] == []
    assert [one for one in found if one[1].endswith(".")] == []


def test_fixes_of_shipped_rules_are_sentences():
    rules = [*(ROOT / "rules").rglob("*.yaml"), *(ROOT / "examples").rglob("rules/*.yaml")]
    fixes = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")).get("fix", "") for path in rules}
    assert len(fixes) > 20
    assert {name: fix for name, fix in fixes.items() if fix and not (fix[0].isupper() and fix.endswith("."))} == {}
