"""KPIs for a terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from guardrail.finops.kpis.answer import KpiAnswer, Kpis, KpiValue
from guardrail.finops.kpis.kpi_file import Direction, Kpi, KpiFile, Unit
from guardrail.finops.kpis.shape import FORMAT
from guardrail.model.money import SCIENTIFIC_FROM, money, plain, rounded
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_UNKNOWN = "-"
_NAME = 40  # characters of a name in a table
_WIDE = 100  # columns that the value of the month before and the longest names have room in
_NARROW = 80
_SHORTEST = 24  # columns of a name
_ARROWS = {Direction.UP: "\N{GREATER-THAN OR EQUAL TO}", Direction.DOWN: "\N{LESS-THAN OR EQUAL TO}"}


def as_json(found: Kpis) -> str:
    """Return all of it: numbers as decimal strings, null where there is none, with the reason."""
    document = {
        "schema": FORMAT,
        "month": found.month,
        "currency": found.currency,
        "by": found.by or None,
        "open": [{"source": source, "month": month} for source, month in found.open],
        "kpis": [_document(one, found.by) for one in found.answers],
        "notes": found.notes,
    }
    return json.dumps(document, indent=2) + "\n"


def _document(one: KpiAnswer, by: str) -> dict[str, Any]:
    kpi = one.kpi
    return {
        "id": kpi.id,
        "title": kpi.title,
        "unit": kpi.unit,
        "per": kpi.per or None,
        "direction": kpi.direction,
        "target": plain(one.target),
        "shipped": one.is_shipped,
        "values": [
            {
                **({by: value.group} if by else {}),
                "of": value.of,
                "value": plain(value.value),
                "numerator": plain(value.numerator),
                "denominator": plain(value.denominator),
                "previous": plain(value.previous),
                "meets_target": one.meets(value),
                "missing": value.missing or None,
            }
            for value in one.values
        ],
    }


def shown(kpi: Kpi, value: Decimal | None, currency: str) -> str:
    """Return a value as people read it: 60.0%, $501.25, 3 days."""
    if value is None:
        return _UNKNOWN
    if kpi.unit is Unit.MONEY:
        small = kpi.per and value and abs(value) < 1
        return f"{sign(value)}{_symbol(currency)}{_significant(abs(value))}" if small else money(value, currency)
    if kpi.unit is Unit.SHARE:
        return f"{_number(value * 100, 2 if abs(value) < Decimal('0.1') else 1)}%"
    places = 0 if value == value.to_integral_value() else 1
    return _number(value, places) + ("" if kpi.unit is Unit.COUNT else f" {kpi.unit.value}")


def sign(value: Decimal) -> str:
    """Return the sign of what is below 0."""
    return "-" if value < 0 else ""


def _symbol(currency: str) -> str:
    return "$" if currency == "USD" else f"{currency} "


def _significant(value: Decimal) -> str:
    """Return a number below 1 with three digits that count: what an order costs may be a hundredth of a cent."""
    return plain(rounded(value, 2 - value.adjusted())) or "0"


def _number(value: Decimal, places: int) -> str:
    if abs(value) >= SCIENTIFIC_FROM:
        return f"{value:.3E}"
    shown = rounded(value, places)
    return f"{shown or abs(shown):,f}"


def divided(one: KpiValue) -> str:
    """Return what a value was divided from, "" where there is nothing to tell."""
    if one.numerator is None and one.denominator is None:
        return ""
    parts = (one.numerator, one.denominator)
    return " / ".join(
        _UNKNOWN if part is None else _number(part, 0 if part == part.to_integral_value() else 2) for part in parts
    )


def target(one: KpiAnswer, currency: str) -> str:
    """Return what is to be reached, "" for nothing."""
    if one.target is None or one.kpi.direction is Direction.NONE:
        return ""
    return f"{_ARROWS[one.kpi.direction]} {shown(one.kpi, one.target, currency)}"


def status(one: KpiAnswer, value: KpiValue) -> str:
    """Return whether a value reaches its target, in a word; "" where it has none."""
    return {True: "met", False: "missed", None: ""}[one.meets(value)]


def as_table(found: Kpis, width: int) -> str:
    """Return lines of text for a terminal so wide. A KPI without a value has its reason in its place."""
    is_narrow = width < _WIDE
    head = ["value", "before", "numerator / denominator" if not is_narrow else "of", "target", ""]
    body = [(name, cells) for one in found.answers for name, cells in _rows(found, one)]
    columns = [0, 2, 3, 4] if is_narrow else [0, 1, 2, 3, 4]
    full = [cells for _, cells in body if len(cells) == len(head)]
    sizes = [max((len(cells[at]) for cells in (head, *full)), default=0) for at in columns]
    room = max(width, _NARROW) - sum(sizes) - 2 * len(sizes)
    names = max(min(max((len(name) for name, _ in body), default=0), room), _SHORTEST)
    lines = [f"KPIs of {found.month}{f', by {found.by}' if found.by else ''}", ""]
    for name, cells in (("", head), *body):
        begin = _cut(name, names).ljust(names)
        if len(cells) == 1:
            indent = " " * (names + 2)
            lines += textwrap.wrap(cells[0], max(width, _NARROW), initial_indent=f"{begin}  ", subsequent_indent=indent)
        else:
            told = (cells[at].rjust(size) for at, size in zip(columns, sizes, strict=True)) if cells else ()
            lines.append("  ".join([begin, *told]).rstrip())
    notes = list(_notes(found))
    return "".join(f"{line}\n" for line in (*lines, *([""] if notes else []), *notes))


def _cut(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def _rows(found: Kpis, one: KpiAnswer) -> Iterator[tuple[str, list[str]]]:
    """Give a line for each value, below one of the title where there are several; one without a value has its reason alone."""
    reasons = {value.missing for value in one.values}
    if len(one.values) > 1 and len(reasons) == 1 and "" not in reasons:
        yield safe(one.kpi.title), [safe(reasons.pop(), 300)]
        return
    alone = len(one.values) == 1 and one.values[0].of is None and not (found.by and one.is_told)
    if not alone:
        yield safe(one.kpi.title), []
    for value in one.values:
        group = [] if not found.by else [safe(value.group, _NAME) if value.group is not None else "(nobody)"]
        name = (
            safe(one.kpi.title) if alone else "  " + ", ".join([*group, *([safe(value.of, _NAME)] if value.of else [])])
        )
        if value.missing:
            yield name, [safe(value.missing, 300)]
            continue
        before = shown(one.kpi, value.previous, found.currency) if value.previous is not None else ""
        parts = divided(value)
        yield (
            name,
            [
                shown(one.kpi, value.value, found.currency),
                before,
                parts,
                target(one, found.currency),
                status(one, value),
            ],
        )


def _notes(found: Kpis) -> Iterator[str]:
    if any(value.missing for one in found.answers for value in one.values):
        yield "A KPI with a reason in place of a value has none: it is not 0."
    for source, month in found.open:
        yield safe(f"open: the bill of {source} {month} may still change")
    yield from map(safe, found.notes)


def as_markdown(found: Kpis) -> str:
    """Return the same as a table of Markdown."""
    head = ["KPI", "value", "month before", "numerator / denominator", "target", ""]
    rule = ["---"] + ["--:"] * (len(head) - 1)
    rows = []
    for one in found.answers:
        for name, cells in _rows(found, one):
            told = cells if len(cells) != 1 else ["", "", cells[0], "", ""]
            rows.append([prose(name.strip()), *(map(prose, told or [""] * (len(head) - 1)))])
    lines = [f"## KPIs of {found.month}{f', by {found.by}' if found.by else ''}", ""]
    lines += [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    notes = [f"- {prose(note)}" for note in _notes(found)]
    return "".join(f"{line}\n" for line in (*lines, *([""] if notes else []), *notes))


def listed(files: Sequence[KpiFile]) -> str:
    """Return KPIs a line each, without their values."""
    width = max((len(one.kpi.id) for one in files), default=0)
    return "".join(
        f"{one.kpi.id:<{width}}  {one.kpi.unit:<7}  {'shipped' if one.is_shipped else 'own':<7}  {safe(one.kpi.title)}\n"
        for one in files
    )
