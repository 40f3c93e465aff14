"""From what a user names to plans: a file, standard input, or a folder with a plan in it."""

from __future__ import annotations

import sys
from pathlib import Path

from guardrail.errors import InputError
from guardrail.terraform.plan import Plan, read_plan

PLAN_NAMES = ("plan.json", "tfplan.json")
"""What a plan is called in a folder."""

_MAX_BYTES = 2 * 1024**3


def read_plans(given: str) -> list[Plan]:
    """Read the plan, or the plans, at a path ("-": standard input). Raises InputError in one line."""
    return read_plan(_bytes(given), "standard input" if given == "-" else given)


def _bytes(plan: str) -> bytes:
    if plan == "-":
        return sys.stdin.buffer.read()
    path = Path(plan)
    if path.is_dir():
        path = _plan_in(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError("is larger than 2 GB", where=str(path), fix="is this the right file?")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            "no such file", where=str(path), fix="make it: terraform show -json tfplan > plan.json"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None


def _plan_in(folder: Path) -> Path:
    for name in PLAN_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise InputError(
        f"a folder without a {' or '.join(PLAN_NAMES)}",
        where=str(folder),
        fix="make one there: terraform plan -out=tfplan && terraform show -json tfplan > plan.json",
    )
