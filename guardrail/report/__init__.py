"""Renders a report: one pure function a format, each from `Report` to `str`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from guardrail.files.excerpt import Excerpts
from guardrail.model.report import Report
from guardrail.report.ci.annotations import annotate
from guardrail.report.ci.code_quality import code_quality
from guardrail.report.ci.junit import junit
from guardrail.report.ci.sarif import sarif
from guardrail.report.csv_rows import csv_rows
from guardrail.report.frame import NO_FRAME, Frame
from guardrail.report.json.document import report_schema
from guardrail.report.json.infracost import infracost_json
from guardrail.report.json.read import MAX_ARTIFACT_BYTES, read_result
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from guardrail.report.terminal.concise import concise
from guardrail.report.terminal.table import table

Renderer = Callable[[Report], str]


def html_page(report: Report, *, excerpts: Excerpts = lambda _: None, frame: Frame = NO_FRAME) -> str:
    """Return the report as one HTML file.

    excerpts  finds the line of the configuration that a finding is about
    frame     addresses of lines, where it is read by people who can open them
    """
    from guardrail.report.html.document import page  # noqa: PLC0415 - loaded for those who ask for it

    return page(report, excerpts, frame)


FORMATS: dict[str, Renderer] = {
    "table": table,
    "concise": concise,
    "json": json_v1,
    "markdown": markdown,
    "html": html_page,
    "csv": csv_rows,
    "sarif": sarif,
    "sarif-suppressed": partial(sarif, waived=True),
    "junit": junit,
    "github": annotate,
    "gitlab": code_quality,
    "markdown-gitlab": partial(markdown, limit_bytes=1_000_000),
    "markdown-azure": partial(markdown, limit_bytes=140_000, chart=False),
    "markdown-bitbucket": partial(markdown, limit_bytes=32_000, html=False),
    "infracost-json": infracost_json,
}
"""Format name, as `--format` takes it, to its renderer. Some have options beside the report."""

POINTING = frozenset({"sarif", "sarif-suppressed", "junit", "github", "gitlab"})
"""The formats that point at files, and want a report whose files are told from the repository's top."""

__all__ = [
    "FORMATS",
    "MAX_ARTIFACT_BYTES",
    "POINTING",
    "Frame",
    "Renderer",
    "annotate",
    "code_quality",
    "concise",
    "csv_rows",
    "html_page",
    "infracost_json",
    "json_v1",
    "junit",
    "markdown",
    "read_result",
    "report_schema",
    "sarif",
    "table",
]
