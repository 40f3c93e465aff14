"""What the report stands on: the files that the verdict depends on, and the prices."""

from __future__ import annotations

from collections import Counter

from guardrail.model.money import HOURS_PER_MONTH
from guardrail.model.report import Report
from guardrail.model.runs.input import InputKind, Origin
from guardrail.report.html.blocks import left_out, table
from guardrail.report.html.element import Child, Html, code, element

_LISTED = 300
_ORIGINS = {
    Origin.BASE: "was there before the change",
    Origin.CHANGE: "the change adds or edits it",
    Origin.OUTSIDE: "from outside the repository",
    Origin.NOT_KNOWN: "not known",
}


def inputs(report: Report) -> list[Html]:
    """Return the files that the verdict depends on, each with who has written it."""
    # The catalog is a file of this machine, whose path says nothing to others; its prices have a section of their own.
    found = [one for one in report.inputs if one.kind is not InputKind.CATALOG]
    rows: list[list[Child]] = [[code(one.path), one.kind.value, _ORIGINS[one.origin]] for one in found[:_LISTED]]
    if not rows:
        return []
    heads = ["File", "What it is", "Who has written it"]
    return [table(heads, rows), *left_out(len(found) - _LISTED, "files are")]


def prices(report: Report) -> list[Html]:
    """Return the catalogs that prices were read from, and the price lists that the amounts stand on, with their dates."""
    basis = f"{report.basis[:1].upper()}{report.basis[1:]} in {report.currency}, months of {HOURS_PER_MONTH} hours."
    introduction = element("p", basis if report.catalog else "No price was used.")
    catalogs: list[list[Child]] = [
        [one.vendor, f"{one.oldest} to {one.as_of}", one.source] for one in report.catalog[:_LISTED]
    ]
    parts = [introduction]
    if catalogs:
        parts.append(table(["Vendor", "Prices of", "Source"], catalogs, caption="Catalogs"))
    lists = _price_lists(report)
    if lists:
        rows: list[list[Child]] = [[*key, f"{number:,}"] for key, number in lists.most_common(_LISTED)]
        heads = ["Service", "Region", "Source", "As of", "Cost lines"]
        parts.append(table(heads, rows, caption="Price lists that the amounts stand on", numbers=1))
        parts += left_out(len(lists) - _LISTED, "price lists are")
    return parts


def _price_lists(report: Report) -> Counter[tuple[str, str, str, str]]:
    """Count the lines that stand on each list."""
    sides = (side for project in report.projects for resource in project.resources for side in resource.sides)
    prices = (line.price for side in sides for line in side.lines if line.price)
    return Counter((one.service, one.region, one.source, one.as_of) for one in prices)
