"""A configuration with everything that an edit has to cope with, before and after: `tests/data/golden/fixes`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GOLDEN

GIT, PATCH = (shutil.which(name) or name for name in ("git", "patch"))
FIXES = GOLDEN / "fixes"


def texts(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def shop(tmp_path):
    """A copy to edit."""
    folder = tmp_path / "shop"
    shutil.copytree(FIXES / "before", folder)
    return folder


def test_what_can_be_fixed_is_fixed_and_the_rest_says_why(run, shop, golden, request):
    ran = run("check", "--fix", "--format", "json", "--now", "2026-11-26", cwd=shop)
    assert ran.exit_code == 0
    golden("fixes/said.txt", ran.stderr)
    if request.config.getoption("--update-golden"):
        shutil.copytree(shop, FIXES / "after", dirs_exist_ok=True)
    assert texts(shop) == texts(FIXES / "after")
    assert ran.stdout.count('"status":"fail"') == 4, "what is left, as the state afterwards has it"


def test_the_diff_applies_with_git_and_with_patch_and_is_what_fix_does(run, shop):
    before = texts(shop)
    subprocess.run([GIT, "init", "-q", shop.parent], check=True)
    ran = run("check", "--fix-diff", "--now", "2026-11-26", cwd=shop)
    assert ran.exit_code == 1, "the verdict on what is there now"
    assert ran.stderr == (FIXES / "said.txt").read_text(encoding="utf-8")
    assert texts(shop) == before, "a diff changes nothing"
    assert ran.stdout.startswith(
        "diff --git a/shop/crlf.tf b/shop/crlf.tf\n--- a/shop/crlf.tf\n+++ b/shop/crlf.tf\n@@ "
    )
    diff = ran.stdout.encode()
    subprocess.run(
        [PATCH, "-p1", "--dry-run", "--binary"], input=diff, cwd=shop.parent, check=True, capture_output=True
    )
    subprocess.run([GIT, "apply"], input=diff, cwd=shop, check=True)
    assert texts(shop) == texts(FIXES / "after")
