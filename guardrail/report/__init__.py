"""Renders a report: one pure function a format, each from `Report` to `str`."""

from __future__ import annotations

from collections.abc import Callable

from guardrail.model.report import Report
from guardrail.report.csv_rows import csv_rows
from guardrail.report.json_schema import report_schema
from guardrail.report.json_v1 import json_v1
from guardrail.report.markdown import Frame, markdown
from guardrail.report.read_json import MAX_ARTIFACT_BYTES, read_result
from guardrail.report.table import table

Renderer = Callable[[Report], str]

FORMATS: dict[str, Renderer] = {
    "table": table,
    "json": json_v1,
    "markdown": markdown,
    "csv": csv_rows,
}
"""Format name, as `--format` takes it, to its renderer. `table` and `markdown` have options beside the report."""

__all__ = [
    "FORMATS",
    "MAX_ARTIFACT_BYTES",
    "Frame",
    "Renderer",
    "csv_rows",
    "json_v1",
    "markdown",
    "read_result",
    "report_schema",
    "table",
]
