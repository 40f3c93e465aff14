"""What commands say beside their report, and what a debug run logs."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator

import click


def tell(level: str, text: str) -> None:
    """Say something beside the report; on GitHub Actions as an annotation of the run."""
    from guardrail.report.text import safe

    shown = safe(text)
    on_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    line = f"::{level} title=guardrail::{shown.replace('%', '%25')}" if on_actions else f"guardrail: {level}: {shown}"
    click.echo(line, err=True)


@contextlib.contextmanager
def logged_if_asked() -> Iterator[None]:
    """Log each call where a debug run asks for it; addresses and codes only, never what is sent."""
    if os.environ.get("RUNNER_DEBUG") != "1" and os.environ.get("ACTIONS_STEP_DEBUG") != "true":
        yield
        return
    log, handler = logging.getLogger("guardrail"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("guardrail: %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
