"""The report as a table for spreadsheets: one row a cost line, on each side of the change (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from guardrail.model.cost import Cost, Line, ResourceCost, ResourceStatus
from guardrail.model.money import plain
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import Report
from guardrail.report.text import safe

COLUMNS = (
    "project",
    "address",
    "type",
    "module",
    "action",
    "region",
    "component",
    "group",
    "unit",
    "monthly_quantity",
    "unit_price",
    "monthly_cost",
    "status",
    "currency",
    "price_source",
    "price_as_of",
    "side",
    "reason",
    "note",
    "remedy",
    "usage_profile",
    "assumed_usage",
)

# Spreadsheets compute what begins so; build runners obey a line that begins with "::".
_FORMULA = ("=", "+", "-", "@", "::")
_CELL_LIMIT = 32_000  # spreadsheets hold 32,767 characters a cell


def csv_rows(report: Report) -> str:
    """Return the rows with a heading. A resource without cost lines has one row, empty amounts are not known.

    So has, with the status "not-evaluated", what stands for resources that nobody could tell.
    A project that could not be read has one, too, which names nothing but its status.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for project in report.projects:
        name = cell(project.name)
        if project.is_unread:
            writer.writerow({"project": name, "status": "not-read"}.get(column, "") for column in COLUMNS)
        for resource in project.resources:
            for row in _rows(resource, report.currency):
                writer.writerow((name, *row))
        for one in () if project.is_unread else project.not_evaluated:
            writer.writerow((name, *_not_evaluated(one, report.currency)))
    return out.getvalue()


def _rows(resource: ResourceCost, currency: str) -> Iterator[tuple[str, ...]]:
    change = resource.change
    head = tuple(map(cell, (change.address, change.type, change.module, change.action.value)))
    sides = (("before", change.before_region, resource.before), ("after", change.region, resource.after))
    for side, region, cost in sides:
        place = cell(region) if isinstance(region, str) else ""
        for line in _lines(cost):
            yield (*head, place, *line[:7], currency, *line[7:9], side, *line[9:])


def _lines(cost: Cost | None) -> Iterator[tuple[str, ...]]:
    """Give each line's cells from component to status, then source and date of its price, then why it has none."""
    if cost is None:
        return
    for line in cost.lines:
        amounts = (plain(amount) or "" for amount in (line.monthly_quantity, line.unit_price, line.monthly_cost))
        source = (cell(line.price.source), cell(line.price.as_of)) if line.price else ("", "")
        yield (
            cell(line.name),
            cell(line.group),
            cell(line.unit),
            *amounts,
            line.status.value,
            *source,
            *_why(line),
            *_assumed(line),
        )
    if not cost.lines:
        amount = "" if cost.status is ResourceStatus.UNSUPPORTED else "0"
        yield ("", "", "", "", "", amount, cost.status.value, "", "", *_why(cost), "", "")


def _assumed(line: Line) -> tuple[str, str]:
    return (line.usage_profile, plain(line.assumed_usage) or "") if line.usage_profile else ("", "")


def _why(priced: Line | Cost) -> tuple[str, str, str]:
    return (priced.reason or "", cell(priced.note), cell(priced.remedy))


def _not_evaluated(one: NotEvaluated, currency: str) -> tuple[str, ...]:
    head = tuple(map(cell, (one.address, one.type, one.module)))
    side = "after" if one.after else "before" if one.before else ""
    empty = ("",) * 8
    return (
        *head,
        *empty,
        "not-evaluated",
        currency,
        "",
        "",
        side,
        one.reason,
        cell(one.note),
        cell(one.remedy),
        "",
        "",
    )


def cell(text: str) -> str:
    """Return text that stays text: on one line, and nothing that a spreadsheet would compute."""
    text = safe(text, _CELL_LIMIT)
    return f"'{text}" if text.startswith(_FORMULA) else text
