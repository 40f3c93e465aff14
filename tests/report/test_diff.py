"""Diffs have the spelling that git has, for names and for the ends of files, and lines are replaced as a whole."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.report.diff import replacements, unified_diff

GIT = shutil.which("git") or "git"
NAMES = {
    "main.tf": "a/main.tf",
    "a b.tf": "a/a b.tf\t",
    "ä.tf": "a/ä.tf",
    'a"b\\c.tf': '"a/a\\"b\\\\c.tf"',
    "tab\there.tf": '"a/tab\\there.tf"',
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    assert unified_diff({name: ("a\n", "b\n")}).splitlines()[1] == f"--- {NAMES[name]}"


def test_git_takes_every_name_and_every_end(tmp_path):
    files = dict.fromkeys(NAMES, ("one\r\ntwo", "one\r\nthree\n")) | {"b.tf": ("x\n", "x\ny"), "c.tf": ("x", "y")}
    for name, (old, _) in files.items():
        (tmp_path / name).write_bytes(old.encode())
    diff = unified_diff(files).encode()
    subprocess.run(
        [GIT, "apply"], input=diff, cwd=tmp_path, check=True, env={"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    )
    assert {name: (tmp_path / name).read_bytes().decode() for name in files} == {
        name: new for name, (_, new) in files.items()
    }


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n"]), min_size=1, max_size=8).map("".join)


@settings(max_examples=100)
@given(LINES, LINES)
def test_replaced_lines_make_the_one_of_the_other(old, new):
    lines = old.replace("\r", "").split("\n")
    for one in reversed(list(replacements("main.tf", old, new))):
        assert 1 <= one.first_line <= one.last_line + 1 <= len(lines) + 1
        assert "\n".join(lines[one.first_line - 1 : one.last_line]) == one.was
        lines[one.first_line - 1 : one.last_line] = one.text.split("\n")
    assert "\n".join(lines) == new.replace("\r", "")
