"""Renders a report: one pure function a format, each from `Report` to `str`, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from guardrail.files.excerpt import Excerpts
from guardrail.model.report import Report
from guardrail.report.frame import NO_FRAME, Frame

Renderer = Callable[[Report], str]


def html_page(report: Report, *, excerpts: Excerpts = lambda _: None, frame: Frame = NO_FRAME) -> str:
    """Return the report as one HTML file.

    excerpts  finds the line of the configuration that a finding is about
    frame     addresses of lines, where it is read by people who can open them
    """
    from guardrail.report.html.document import page  # noqa: PLC0415 - loaded for those who ask for it

    return page(report, excerpts, frame)


def _renderer(module: str, name: str, **options: Any) -> Renderer:
    """Return a format that is imported when it is first written: a run writes one or two."""

    def rendered(report: Report) -> str:
        text: str = getattr(import_module(f"{__name__}.{module}"), name)(report, **options)
        return text

    return rendered


FORMATS: dict[str, Renderer] = {
    "table": _renderer("terminal.table", "table"),
    "concise": _renderer("terminal.concise", "concise"),
    "json": _renderer("json.v1", "json_v1"),
    "markdown": _renderer("markdown.document", "markdown"),
    "html": html_page,
    "csv": _renderer("csv_rows", "csv_rows"),
    "sarif": _renderer("ci.sarif", "sarif"),
    "sarif-suppressed": _renderer("ci.sarif", "sarif", waived=True),
    "junit": _renderer("ci.junit", "junit"),
    "github": _renderer("ci.annotations", "annotate"),
    "gitlab": _renderer("ci.code_quality", "code_quality"),
    "markdown-gitlab": _renderer("markdown.document", "markdown", limit_bytes=1_000_000),
    "markdown-azure": _renderer("markdown.document", "markdown", limit_bytes=140_000, chart=False),
    "markdown-bitbucket": _renderer("markdown.document", "markdown", limit_bytes=32_000, html=False),
    "infracost-json": _renderer("json.infracost", "infracost_json"),
}
"""Format name, as `--format` takes it, to its renderer. Some have options beside the report."""

POINTING = frozenset({"sarif", "sarif-suppressed", "junit", "github", "gitlab"})
"""The formats that point at files, and want a report whose files are told from the repository's top."""
