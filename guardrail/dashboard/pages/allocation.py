"""Whose the costs are: what has an owner, what nobody owns, and what shared costs come to once they are split."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from guardrail.dashboard.amounts import amount, share
from guardrail.dashboard.blocks import Row, figures, paragraphs, part, table, to
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.figures import Grid, grid, name_of
from guardrail.dashboard.page import Page
from guardrail.dashboard.pages import kpis as measures
from guardrail.dashboard.pages.spend import KINDS, looks, page_of, whole_of
from guardrail.dashboard.tables import month_chart, month_table, shown
from guardrail.finops.charge import Charge
from guardrail.finops.exact import decimal_of, units
from guardrail.finops.kpis.answer import Kpis
from guardrail.finops.kpis.text import shown as kpi_text
from guardrail.model.money import ZERO
from guardrail.report.html.element import Child, Html, element

PATH = "allocation.html"
_OWNED = "With a team"
_KPIS = ("tag-coverage", "allocated-share", "managed-share")
_EVIDENCE = {
    "id": "the id of a resource in a state or a plan",
    "tag": "a tag that names the address",
    "group": "a tag that names the project alone",
    "none": "nothing",
}


def allocation(facts: Facts) -> Page:
    """Return the page. What nobody owns is a line of its own, and is never spread."""
    parts: list[Html] = [*_measures(facts.executive.kpis)] if facts.executive else []
    for currency in facts.currencies:
        parts += _of_currency(facts, currency)
    return Page(
        PATH, "Owners", parts, lead="How much of the cost has an owner, by tags and the rules of allocation.yaml"
    )


def _measures(found: Kpis) -> Iterator[Html]:
    """Give the KPIs that tell how much has an owner, with their values."""
    told = {one.kpi.id: one for one in found.answers}
    shown_kpis = [told[name] for name in _KPIS if name in told and not told[name].values[0].missing]
    if shown_kpis:
        values = [(one.kpi.title, kpi_text(one.kpi, one.values[0].value, found.currency)) for one in shown_kpis]
        yield figures(values)
        yield from paragraphs([to("How they are measured, with their targets", measures.PATH)])


def _of_currency(facts: Facts, currency: str) -> Iterator[Html]:
    key = currency.lower()
    found = grid([_owned(one) for one in facts.charges], "owner", currency)
    chart = month_chart(
        f"owned-{key}", f"With and without a team, {currency}", found, facts.months, facts.lacking_bills
    )
    yield part(f"owners-{key}", f"With and without a team, {currency}", chart, _months(found, facts))
    nobody = [one for one in facts.charges if one.of["team"] is None]
    tables: list[Html] = []
    for dimension in ("service", "project"):
        of_nobody = grid(nobody, dimension, currency)
        if of_nobody.ordered_by(facts.newest):
            caption = f"{facts.newest} of nobody by {dimension}, {currency}"
            file = page_of("team", None) or ""
            tables.append(
                month_table(
                    of_nobody, facts.newest, facts.former, looks(dimension), caption=caption, file=file, limit=20
                )
            )
    if tables:
        more = paragraphs([to("All that nobody owns, by address", page_of("team", None) or "")])
        yield part(f"nobody-{key}", f"What nobody owns, {facts.newest}", tables, more)
    else:
        yield part(f"nobody-{key}", f"What nobody owns, {facts.newest}", element("p", "All of it has a team."))
    yield from _shared(facts, currency)
    yield from _matched(facts, currency)


def _owned(one: Charge) -> Charge:
    owner = None if one.of["team"] is None else _OWNED
    return replace(one, of={"owner": owner, "month": one.month})


def _months(found: Grid, facts: Facts) -> Html:
    by_owner = {row.key: row for row in found.rows}
    missing = facts.lacking_bills
    rows = []
    for month in facts.months:
        cells = [by_owner[key].months.get(month) if key in by_owner else None for key in (_OWNED, None)]
        whole = found.total.months.get(month)
        known = cells[0].amount if cells[0] else ZERO
        part_of = share(known, whole.amount if whole else None)
        shown_cells = [shown(one, found.currency, missing.get(month, "")) for one in cells]
        rows.append(Row([month, *shown_cells, part_of or missing.get(month, "not known")]))
    heads = ["Month", _OWNED, "Nobody", "With a team, share"]
    return table(f"Cost with and without a team, {found.currency}", heads, rows, numbers=3)


def _shared(facts: Facts, currency: str) -> Iterator[Html]:
    """Give what falls on each team once shared costs are split, where allocation.yaml splits any."""
    if facts.shared is None:
        return
    team = KINDS["team"].dimension
    there = {one.of["team"] for one in facts.charges}
    rows = []
    for line in facts.shared.lines:
        if line.currency != currency:
            continue
        (key,) = line.keys
        where = page_of(team, key) if key in there else None
        name: Child = to(name_of(team, key), where) if where else name_of(team, key)
        whole, direct = units(line.amount), units(line.direct)
        split = None if whole is None or direct is None else decimal_of(whole - direct)
        rows.append(Row([name, *(amount(one, currency) for one in (line.direct, split, line.amount))]))
    if rows:
        total = [one for one in facts.shared.totals if one.currency == currency]
        rows += [Row(["Total", "", "", amount(one.amount, currency)], "total") for one in total]
        heads = ["Team", "Own", "Shared", "Together"]
        caption = f"{facts.newest} by team with shared costs split, {currency}"
        remarks = paragraphs(f"{note[:1].upper()}{note[1:]}." for note in facts.shared.notes)
        yield part(
            f"shared-{currency.lower()}",
            f"With shared costs split, {facts.newest}",
            table(caption, heads, rows, numbers=3),
            remarks,
        )


def _matched(facts: Facts, currency: str) -> Iterator[Html]:
    whole = whole_of(facts, facts.newest, currency)
    rows = [
        Row(
            [
                _EVIDENCE[one.evidence],
                f"{one.rows:,}",
                amount(one.amount, currency),
                share(one.amount, whole.amount if whole else None),
            ]
        )
        for one in facts.matched
        if one.currency == currency
    ]
    if rows:
        told = table(
            f"{facts.newest} by what charges are matched by, {currency}",
            ["Matched by", "Rows", "Cost", "Share"],
            rows,
            numbers=3,
        )
        text = "Which Terraform resource a charge is of, and how that is known."
        yield part(f"matched-{currency.lower()}", f"Matched with Terraform, {facts.newest}", element("p", text), told)
