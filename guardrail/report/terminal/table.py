"""The report for a terminal."""

from __future__ import annotations

from guardrail.files.excerpt import Excerpts
from guardrail.model.report import Report
from guardrail.report.text import no_line_commands
from guardrail.report.view import View

NARROWEST = 80
"""Columns below which numbers would have to be cut; a narrower terminal wraps lines itself."""


def table(
    report: Report,
    *,
    width: int = NARROWEST,
    color: bool = False,
    details: bool = False,
    excerpts: Excerpts = lambda _: None,
) -> str:
    """Return the report laid out for `width` columns, with ANSI colors if asked for.

    excerpts  finds the line of the configuration that a finding is about
    details  list everything: each resource's cost lines, all accepted findings, no list cut short
    """
    # rich takes longer to import than everything else here, and only this format needs it.
    from guardrail.report.terminal.layout import laid_out  # noqa: PLC0415

    text = laid_out(View(report), width=max(width, NARROWEST), color=color, details=details, excerpts=excerpts)
    return no_line_commands("\n".join(line.rstrip() for line in text.splitlines()).strip("\n") + "\n")
