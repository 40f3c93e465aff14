"""What a person at a terminal is told once, beside the report."""

from __future__ import annotations

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from guardrail import data
from guardrail.report.text import safe

if TYPE_CHECKING:
    from guardrail.model.report import Report

_TOLD = "told-of-sync"


def tell_of_sync(report: Report) -> None:
    """Say how missing prices are brought: the first time that some are missing, and nobody has synced yet."""
    is_watched = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("CI")
    folder = data.cache_dir() / "pricing"
    if not is_watched or not report.lacking or (folder / "catalog.sqlite").exists() or (folder / _TOLD).exists():
        return
    paths = dict.fromkeys(project.path for project in report.projects if project.path not in {"", "-"})
    named = "".join(f" --for {shlex.quote(safe(path))}" for path in list(paths)[:1])
    click.echo(f"guardrail: prices are missing; `guardrail pricing sync{named}` downloads just these", err=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _TOLD).touch()
    except OSError:
        return  # then it is said again
