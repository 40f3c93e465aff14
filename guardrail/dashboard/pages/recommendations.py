"""What would lower the cost: what is open with its saving, and what is not followed and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from guardrail.dashboard.amounts import amount
from guardrail.dashboard.blocks import Row, figures, paragraphs, part, table, to
from guardrail.dashboard.page import Page
from guardrail.dashboard.pages.realised import realised
from guardrail.dashboard.recommended import RecommendationFile, Recommended
from guardrail.dashboard.tables import LISTED
from guardrail.finops.savings.answer import Savings
from guardrail.model.money import money, plain
from guardrail.report.csv_rows import cell
from guardrail.report.html.element import Child, Html, code, element, prose

PATH = "recommendations.html"
FILE = "recommendations.csv"
_NONE = (
    "Nothing was evaluated for this page. Where the configuration is, `guardrail recommend --format json > open.json` does so, "
    "and `guardrail dashboard --recommendations open.json` shows it here."
)


def recommendations(files: Sequence[RecommendationFile], found: Savings | None) -> tuple[Page, Mapping[str, str]]:
    """Return the page and the file beside it. Amounts in two currencies are never summed.

    found  what merged changes have saved, None where no bill tells it
    """
    parts: list[Html] = []
    for currency in dict.fromkeys(one.currency for one in files):
        parts += _of_currency([one for one in files if one.currency == currency], currency)
    beside: dict[str, str] = {}
    if files:
        parts += paragraphs([["All of them, with exact amounts: ", to(FILE, FILE)]])
        beside[FILE] = _csv(files)
    else:
        parts.append(part("open", "Open", element("p", prose(_NONE))))
    if found:
        parts += realised(found)
    lead = "What would lower the cost, evaluated at your prices, and what changes have saved by the bill"
    return Page(PATH, "Recommendations", parts, lead=lead), beside


def saving_of(files: Iterable[RecommendationFile], currency: str) -> Decimal:
    """Return what all that are open and counted save a month."""
    return sum((Decimal(one.totals.saving) for one in files if one.currency == currency), Decimal(0))


def open_of(files: Iterable[RecommendationFile], currency: str) -> list[Recommended]:
    """Return what is open, what saves most first, what is in no sum after it."""
    found = [one for each in files if each.currency == currency for one in each.recommendations if one.status == "open"]
    return sorted(found, key=lambda one: (not one.counted, one.amount is None, -(one.amount or 0)))


def _of_currency(files: Sequence[RecommendationFile], currency: str) -> Iterator[Html]:
    found = open_of(files, currency)
    totals = [one.totals for one in files]
    whole = sum((Decimal(one.monthly_cost) for one in totals), Decimal(0))
    bound = "at least " if any(one.lower_bound for one in totals) else ""
    freed = sum((Decimal(one.frees) for one in totals), Decimal(0))
    shown: list[tuple[str, Child]] = [
        ("Would save a month", amount(saving_of(files, currency), currency)),
        ("Of an estimated", [bound, amount(whole, currency)]),
        ("Open", f"{sum(one.open for one in totals):,}"),
        ("Resources looked at", f"{sum(one.resources for one in totals):,}"),
    ]
    if freed:
        shown.insert(1, ("Would free of commitments", amount(freed, currency)))
    yield figures(shown)
    if found:
        rows = [*(_row(one, currency) for one in found[:LISTED]), *_more(found[LISTED:], currency)]
        text = "In no sum are those whose saving is not known, and those of which nothing tells whether they are still needed."
        remark = paragraphs([text]) if any(not one.counted for one in found) else None
        yield part(
            f"open-{currency.lower()}",
            "Open",
            table(f"Open, {currency}", ["Recommendation", "A month"], rows, numbers=1),
            remark,
        )
    else:
        yield part(f"open-{currency.lower()}", "Open", element("p", "Nothing is open."))
    yield from _others(files, currency)
    yield from _not_judged(files, currency)


def _row(one: Recommended, currency: str) -> Row:
    return Row([_name(one, currency), amount(one.amount, currency, unknown="not known")])


def _name(one: Recommended, currency: str) -> Child:
    """Return what is to be done with what, and below it how sure that is, and what its saving lacks."""
    freed = Decimal(one.frees or 0)
    told = [
        one.project,
        one.kind,
        f"confidence {one.confidence}" if one.confidence else "",
        f"effort {one.effort}" if one.effort else "",
        f"frees {money(freed, currency)} of what a commitment covers" if freed else "",
        one.unknown or "",
    ]
    mark: list[Child] = (
        [] if one.status != "open" or one.counted else [" ", element("span", "in no sum", class_="badge")]
    )
    below = element("div", " \N{MIDDLE DOT} ".join(filter(None, told)), class_="below dim")
    return [one.title, " ", code(one.address, 120), mark, below]


def _more(hidden: Sequence[Recommended], currency: str) -> list[Row]:
    if not hidden:
        return []
    known = sum((one.amount for one in hidden if one.amount is not None and one.counted), Decimal(0))
    return [Row([to(f"and {len(hidden):,} more", FILE), amount(known, currency)])]


def _others(files: Sequence[RecommendationFile], currency: str) -> Iterator[Html]:
    """Give what is not to be followed, and why."""
    rows = [
        Row(
            [
                [one.title, " ", code(one.address, 120)],
                one.status,
                _why(one),
                amount(one.amount, currency, unknown="not known"),
            ]
        )
        for each in files
        for one in each.recommendations
        if one.status != "open"
    ]
    if rows:
        hidden = len(rows) - LISTED
        heads = ["Recommendation", "Status", "Why", "A month"]
        held = table(f"Not to be followed, {currency}", heads, rows[:LISTED], numbers=1)
        remark = paragraphs([[to(f"and {hidden:,} more", FILE)]]) if hidden > 0 else None
        yield part(f"others-{currency.lower()}", "Dismissed, withheld and alternatives", held, remark)


def _why(one: Recommended) -> str:
    if one.dismissal is None:
        return one.reason or ""
    by = f" ({one.dismissal.owner})" if one.dismissal.owner else ""
    return f"{one.dismissal.reason}{by}, until {one.dismissal.expires}"


def _not_judged(files: Sequence[RecommendationFile], currency: str) -> Iterator[Html]:
    """Give what nothing could be said of, advice to buy nothing, and what a reader should know."""
    texts = [
        f"{one.vendor} ({one.billed_in}): commit to nothing: {one.reason}"
        for each in files
        for one in each.commitments
        if one.reason
    ]
    for each in files:
        texts += [f"{one.kind}: {one.reason}: {len(one.addresses):,} resources" for one in each.not_judged]
        texts += each.notes
    if texts:
        listed = element("ul", [element("li", text) for text in dict.fromkeys(texts[:LISTED])])
        yield part(f"unknown-{currency.lower()}", "What is not known", listed)


def _csv(files: Sequence[RecommendationFile]) -> str:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(
        [
            "project",
            "kind",
            "address",
            "title",
            "status",
            "currency",
            "saving",
            "counted",
            "frees",
            "confidence",
            "effort",
            "why",
        ]
    )
    for each in files:
        for one in each.recommendations:
            texts = [cell(text) for text in (one.project, one.kind, one.address, one.title, one.status)]
            amounts = [each.currency, plain(one.amount) or "", str(one.counted).lower(), one.frees or ""]
            writer.writerow([*texts, *amounts, cell(one.confidence), cell(one.effort), cell(one.unknown or _why(one))])
    return held.getvalue()
