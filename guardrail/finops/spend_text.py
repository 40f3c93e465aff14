"""What was spent, as a table, as Markdown, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from guardrail.finops.exact import CENT, apportioned, decimal_of, units
from guardrail.finops.lines import Line
from guardrail.finops.spend import Matched, Spend, Total, months_between
from guardrail.model.money import money, plain
from guardrail.report.columns import aligned, wrapped
from guardrail.report.csv_rows import cell
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_BELOW_A_CENT = Decimal("0.001")
_NOT_HERE = "not in this export"
_NAMELESS = {"team": "(nobody)"}
Cells = list[str]


def as_table(found: Spend, width: int = 100) -> str:
    """Return lines of text: cents that come to the total shown, and below them what they lack."""
    head, body = _cells(found)
    rows = aligned([head, *body], len(head) - _amounts(found))
    title, notes = (
        [part for line in lines for part in wrapped(line, width)] for lines in (_title(found), _notes(found))
    )
    return "".join(f"{line}\n" for line in (*title, "", *rows, *([""] if notes else []), *notes))


def as_markdown(found: Spend) -> str:
    """Return the same as a table of Markdown."""
    head, body = _cells(found)
    amounts = _amounts(found)
    rule = ["---"] * (len(head) - amounts) + ["--:"] * amounts
    rows = [f"| {' | '.join(map(prose, row))} |" for row in (head, rule, *body)]
    notes = [f"- {prose(note)}" for note in _notes(found)]
    return "".join(f"{line}\n" for line in (*map(prose, _title(found)), "", *rows, *([""] if notes else []), *notes))


def as_csv(found: Spend) -> str:
    """Return the lines for spreadsheets: exact amounts, an empty cell for what there is not. The total is no row."""
    asked = found.asked
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow([*asked.by, "from", "to", "cost", "currency", "amount", "direct", "shared", "partial", "open"])
    for line in found.lines:
        amounts = [plain(amount) or "" for amount in (line.amount, line.direct, _shared(line))]
        flags = [str(flag).lower() for flag in (line.partial, line.open)]
        names = [cell(key or "") for key in line.keys]
        writer.writerow([*names, asked.first, asked.last, asked.cost, line.currency, *amounts, *flags])
    return held.getvalue()


def as_json(found: Spend) -> str:
    """Return all of it for programs: exact amounts as texts, null for what there is not."""
    asked = found.asked
    document = {
        "schema": "guardrail.spend/v1",
        "cost": asked.cost,
        "from": asked.first,
        "to": asked.last,
        "by": asked.by,
        "allocated": asked.allocated,
        "team": asked.team,
        "totals": [_document(one) for one in found.totals],
        "lines": [
            {"keys": dict(zip(asked.by, line.keys, strict=True)), **_document(line), "open": line.open}
            | {"direct": plain(line.direct), "shared": plain(_shared(line))}
            for line in found.lines
        ],
        "matched": [
            {"evidence": one.evidence, "currency": one.currency, "amount": plain(one.amount), "rows": one.rows}
            for one in found.matched
        ],
        "open": [{"source": source, "month": month} for source, month in found.open],
        "without_amount": [{"source": source, "month": month, "rows": rows} for source, month, rows in found.missing],
        "no_bill": [{"source": source, "month": month} for source, month in found.absent],
        "notes": found.notes,
    }
    return json.dumps(document, indent=2) + "\n"


def _document(one: Line | Total) -> dict[str, object]:
    return {"currency": one.currency, "amount": plain(one.amount), "partial": one.partial}


def _shared(line: Line) -> Decimal | None:
    """Return what of a line is a share of somebody else's cost."""
    whole, direct = units(line.amount), units(line.direct)
    return None if whole is None or direct is None else decimal_of(whole - direct)


def _tells_shares(found: Spend) -> bool:
    """Whether a line has what is direct and what is shared beside its amount; by origin, each is a line of its own."""
    return found.asked.allocated and "origin" not in found.asked.by


def _amounts(found: Spend) -> int:
    return 3 if _tells_shares(found) else 1


def _title(found: Spend) -> Iterator[str]:
    asked = found.asked
    if found.matched:
        yield f"matched with addresses: {'; '.join(_matched(found))}"
    months = asked.first if asked.first == asked.last else f"{asked.first} to {asked.last}"
    whose = f"{safe(asked.team)}: " if asked.team is not None else ""
    split = ", shared costs split" if asked.allocated else ""
    yield f"{whose}{asked.cost} cost by {', '.join(map(safe, asked.by))}, {months}{split}"


def _matched(found: Spend) -> Iterator[str]:
    whole = {
        currency: sum(units(one.amount) or 0 for one in alike)
        for currency, alike in groupby(found.matched, lambda one: one.currency)
    }
    for one in found.matched:
        evidence = "nothing" if one.evidence == "none" else one.evidence
        yield f"by {evidence} {_of(one, whole[one.currency])}"


def _of(one: Matched, whole: int) -> str:
    """Return an amount and its part of the whole, where there is one: credits can leave less than nothing."""
    if one.amount is None:
        return f"{one.rows:,} rows, whose amount is {_NOT_HERE}"
    part = units(one.amount) or 0
    percent = f" ({part / whole:.1%})" if whole > 0 and 0 <= part <= whole else ""
    return f"{money(one.amount, one.currency)}{percent}"


def _cells(found: Spend) -> tuple[Cells, list[Cells]]:
    """Return the head of the table and its rows, the totals last."""
    asked = found.asked
    head = [*map(safe, asked.by), *(["direct", "shared", "total"] if _tells_shares(found) else [asked.cost])]
    body: list[Cells] = []
    for total in found.totals:
        lines = [line for line in found.lines if line.currency == total.currency]
        cents = apportioned([whole for line in lines if (whole := units(line.amount)) is not None], CENT)
        of_line = iter(cents)
        for line in lines:
            names = [
                safe(key) if key is not None else _NAMELESS.get(name, "(none)")
                for name, key in zip(asked.by, line.keys, strict=True)
            ]
            body.append([*names, *_money(found, line, next(of_line) if line.amount is not None else None)])
        body.append(_total(found, total, sum(cents)))
    return head, body


def _money(found: Spend, line: Line, cents: int | None) -> Cells:
    if cents is None:
        return [*[""] * (_amounts(found) - 1), _NOT_HERE]
    marks = f"{' partial' if line.partial else ''}{' open' if line.open else ''}"
    whole = f"{_shown(line.amount, cents, line.currency)}{marks}"
    if not _tells_shares(found):
        return [whole]
    direct = apportioned([units(line.direct) or 0], CENT)[0]
    shared = _shared(line)
    return [_shown(line.direct, direct, line.currency), _shown(shared, cents - direct, line.currency), whole]


def _shown(amount: Decimal | None, cents: int, currency: str) -> str:
    """Return an amount in cents; of one that is less than a cent, that it is."""
    if amount and not cents:
        return money(_BELOW_A_CENT.copy_sign(amount), currency)
    return money(decimal_of(cents), currency)


def _total(found: Spend, total: Total, cents: int) -> Cells:
    name = "total" if len(found.totals) == 1 else f"total {total.currency}"
    marks = " partial" if total.partial and total.amount is not None else ""
    amount = _NOT_HERE if total.amount is None else f"{_shown(total.amount, cents, total.currency)}{marks}"
    return [name, *[""] * (len(found.asked.by) + _amounts(found) - 2), amount]


def _notes(found: Spend) -> Iterator[str]:
    """Tell what the amounts lack, and what may change."""
    cost = found.asked.cost
    for source, alike in groupby(found.missing, lambda one: one[0]):
        rows = list(alike)
        months = spans([month for _, month, _ in rows])
        yield safe(f"{cost}: not in this export: {sum(number for *_, number in rows):,} rows of {source} {months}")
    yield from notes_of_bills(found)
    if len(found.totals) > 1:
        yield "amounts in several currencies are not summed without --currency and --rates"


def notes_of_bills(found: Spend) -> Iterator[str]:
    """Tell which bills are not there, which may change, and what could not be done as asked."""
    for source, months in groupby(found.absent, lambda one: one[0]):
        yield safe(f"no bill of {source} for {spans([month for _, month in months])} is in the ledger")
    for source, months in groupby(found.open, lambda one: one[0]):
        yield safe(f"open: the bill of {source} for {spans([month for _, month in months])} may still change")
    yield from map(safe, found.notes)


def spans(months: Sequence[str]) -> str:
    """Return months, in order and each once, with those that follow each other as one: 2026-08 to 2026-10, 2026-12."""
    spans: list[list[str]] = []
    for month in dict.fromkeys(months):
        if spans and len(months_between(spans[-1][-1], month)) == 2:  # noqa: PLR2004 - both ends
            spans[-1].append(month)
        else:
            spans.append([month])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)
