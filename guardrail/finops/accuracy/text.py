"""Estimate and bill side by side, as a table, as Markdown, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

from guardrail.finops.accuracy.answer import Accuracy, Line
from guardrail.finops.accuracy.compare import Part
from guardrail.finops.exact import Amount, apportioned, decimal_of
from guardrail.model.money import money, plain
from guardrail.report.columns import aligned, wrapped
from guardrail.report.csv_rows import cell
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_AT_LEAST = "†"
_AMOUNTS = 3  # estimate, bill and difference, which every line has
_SHOWN = 10  # reasons for people; JSON has all
Cells = list[str]


def as_table(found: Accuracy, width: int = 120) -> str:
    """Return lines of text; each amount is rounded to the cent by itself.

    Where a column for each part leaves no room for addresses, the parts stand below their line.
    """
    head, body = _cells(found)
    names = len(found.asked.by)
    rows = [*aligned([head, *body], names)]
    if max(map(len, rows)) > width:
        rows = [*_narrow(head, body, names + _AMOUNTS, width)]
    title, notes = (
        [part for line in lines for part in wrapped(line, width)] for lines in (_title(found), _notes(found))
    )
    return "".join(f"{line}\n" for line in (*title, "", *rows, *([""] if notes else []), *notes))


def _narrow(head: Cells, body: Sequence[Cells], first: int, width: int) -> Iterator[str]:
    """Give rows as far as the column `first`, each with the parts that it has below it."""
    heading, *lines = aligned([row[:first] for row in (head, *body)], first - _AMOUNTS)
    yield heading
    for line, row in zip(lines, body, strict=True):
        yield line
        parts = [f"{name} {amount}" for name, amount in zip(head[first:], row[first:], strict=True) if amount]
        if parts:
            yield from wrapped(f"    {', '.join(parts)}", width)


def as_markdown(found: Accuracy) -> str:
    """Return the same as a table of Markdown."""
    head, body = _cells(found)
    names = len(found.asked.by)
    rule = ["---"] * names + ["--:"] * (len(head) - names)
    rows = [f"| {' | '.join(map(prose, row))} |" for row in (head, rule, *body)]
    notes = [f"- {prose(note)}" for note in _notes(found)]
    return "".join(f"{line}\n" for line in (*map(prose, _title(found)), "", *rows, *([""] if notes else []), *notes))


def as_csv(found: Accuracy) -> str:
    """Return the lines for spreadsheets, with exact amounts. The total is no row."""
    asked = found.asked
    held = io.StringIO()
    writer = csv.writer(held)
    amounts = ["estimate", "bill", "difference", *Part, "residual"]
    writer.writerow([*asked.by, "month", "cost", "currency", *amounts, "at_least"])
    for line in found.lines:
        told = _amounts(line).values()
        names = [cell(key or "") for key in line.keys]
        writer.writerow([*names, asked.month, asked.cost, line.currency, *told, str(line.partial).lower()])
    return held.getvalue()


def as_json(found: Accuracy) -> str:
    """Return all of it for programs: exact amounts as texts."""
    asked = found.asked
    document = {
        "schema": "guardrail.accuracy/v1",
        "month": asked.month,
        "hours": plain(Decimal(found.hours.numerator) / found.hours.denominator),
        "cost": asked.cost,
        "by": asked.by,
        "project": asked.project or None,
        "totals": [_document(line) for line in found.totals],
        "lines": [{"keys": dict(zip(asked.by, line.keys, strict=True)), **_document(line)} for line in found.lines],
        "matched": [
            {"evidence": evidence, "currency": currency, "amount": _plain(amount)}
            for currency, by_evidence in found.matched.items()
            for evidence, amount in by_evidence.items()
        ],
        "estimates": [
            {"project": one.project, "run": one.sides[0][0], "at": one.at.isoformat(), "note": one.note or None}
            for one in found.estimates
        ],
        "reasons": [
            {"part": one.part, "why": one.why, "of": one.what, "currency": one.currency, "amount": _plain(one.amount)}
            for one in found.reasons
        ],
        "awaiting_usage": found.awaits,
        "open": [{"source": source, "until": until} for source, until in found.open],
        "without_amount": [{"source": source, "month": month, "rows": rows} for source, month, rows in found.missing],
        "notes": found.notes,
    }
    return json.dumps(document, indent=2) + "\n"


def _document(line: Line) -> dict[str, object]:
    told = _amounts(line)
    parts = {part.value: told.pop(part) for part in Part}
    return {"currency": line.currency, **told, "parts": parts, "at_least": line.partial}


def _amounts(line: Line) -> dict[str, str]:
    named = {"estimate": line.estimate, "bill": line.bill, "difference": line.difference}
    named |= {part.value: line.parts.get(part, 0) for part in Part} | {"residual": line.residual}
    return {name: _plain(amount) for name, amount in named.items()}


def _plain(amount: Amount) -> str:
    return plain(_decimal(amount)) or "0"


def _decimal(amount: Amount) -> Decimal:
    """Return an amount as the ledger keeps it, rounded at its 18th decimal: a third of a month has no last one."""
    return decimal_of(apportioned([amount])[0])


def _title(found: Accuracy) -> Iterator[str]:
    asked = found.asked
    for currency, by_evidence in found.matched.items():
        whole = sum(by_evidence.values())
        told = (
            f"by {'nothing' if evidence == 'none' else evidence} {money(_decimal(amount), currency)}{_percent(amount, whole)}"
            for evidence, amount in by_evidence.items()
        )
        yield f"matched with addresses: {'; '.join(told)}"
    whose = f" of {safe(asked.project)}" if asked.project else ""
    yield f"estimate and {asked.cost} cost{whose} in {asked.month} ({found.hours} hours), by {', '.join(asked.by)}"


def _percent(amount: Amount, whole: Amount) -> str:
    return f" ({float(amount / whole):.1%})" if whole > 0 and 0 <= amount <= whole else ""


def _cells(found: Accuracy) -> tuple[Cells, list[Cells]]:
    """Return the head of the table and its rows, the totals last; a part that is 0 throughout has no column."""
    parts = [part for part in Part if any(part in line.parts for line in (*found.lines, *found.totals))]
    head = [*found.asked.by, "estimate", "bill", "difference", *(part.replace("_", " ") for part in parts)]
    body = [
        [safe(key) if key is not None else "(none)" for key in line.keys] + _money(line, parts) for line in found.lines
    ]
    for line in found.totals:
        name = "total" if len(found.totals) == 1 else f"total {line.currency}"
        body.append([name, *[""] * (len(found.asked.by) - 1), *_money(line, parts)])
    return head, body


def _money(line: Line, parts: Sequence[Part]) -> Cells:
    estimate = money(_decimal(line.estimate), line.currency) + (_AT_LEAST if line.partial else "")
    signed = [line.difference, *(line.parts.get(part, 0) for part in parts)]
    shown = [money(_decimal(amount), line.currency, signed=True) if amount else "" for amount in signed]
    return [
        estimate,
        money(_decimal(line.bill), line.currency),
        shown[0] or money(Decimal(0), line.currency),
        *shown[1:],
    ]


def _notes(found: Accuracy) -> Iterator[str]:
    """Tell what the amounts lack, and of what those are that no other part explains."""
    if any(line.partial for line in (*found.lines, *found.totals)):
        yield f"{_AT_LEAST} at least: part of the estimate has no price, or depends on usage that was not given"
    for part in (Part.NOT_MODELLED, Part.UNEXPLAINED):
        reasons = [one for one in found.reasons if one.part is part]
        if reasons:
            yield f"{part.replace('_', ' ')}:"
        for one in reasons[:_SHOWN]:
            amount = money(_decimal(one.amount), one.currency, signed=True)
            yield safe(f"  {amount} {one.what}" + (f": {one.why}" if one.why != one.what.lower() else ""))
        if len(reasons) > _SHOWN:
            yield f"  and {len(reasons) - _SHOWN:,} more: --format json has all"
    if found.awaits:
        more = f" and {len(found.awaits) - 1:,} more" if len(found.awaits) > 1 else ""
        yield safe(f"usage was not given for {found.awaits[0]}{more}: `guardrail usage learn` takes it from the bill")
    for source, month, rows in found.missing:
        yield safe(f"{found.asked.cost}: not in this export: {rows:,} rows of {source} {month}, which are in no amount")
    for source, until in found.open:
        yield safe(f"open: the bill of {source} may still change; it is compared up to {until}")
    yield from map(safe, found.notes)
