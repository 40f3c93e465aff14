"""KPIs of the newest month, each with what it was divided from and what is to be reached."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.dashboard.blocks import Row, paragraphs, part, table
from guardrail.dashboard.page import Page
from guardrail.finops.kpis.answer import KpiAnswer, Kpis, KpiValue
from guardrail.finops.kpis.text import divided, shown, status, target
from guardrail.model.money import plain
from guardrail.report.html.element import Child, Html, element, prose

PATH = "kpis.html"
_LISTED = 20  # values of one KPI, which may tell one for each service
_LOOKS = {"met": "good", "missed": "bad"}


def kpis(found: Kpis) -> Page:
    """Return the page. What has no value has its reason in its place, and is not 0."""
    rows = [row for one in found.answers for row in _rows(one, found)]
    heads = ["KPI", "Target", "Month before", found.month]
    told = table(f"KPIs of {found.month}", heads, rows, numbers=2)
    remarks = paragraphs(found.notes)
    text = prose("Each is a file with its SQL, its target and its tests: `guardrail kpi --list` names them.")
    return Page(PATH, "KPIs", [part("all", found.month, told, remarks)], lead=text)


def _rows(one: KpiAnswer, found: Kpis) -> Iterator[Row]:
    """Give a row for each value, below one of the KPI's own where there are several."""
    name: Child = [one.kpi.title, element("div", prose(one.kpi.why), class_="dim below")]
    if len(one.values) == 1 and one.values[0].of is None:
        yield _row(name, one, one.values[0], found.currency)
        return
    yield Row([name, "", "", ""])
    for value in one.values[:_LISTED]:
        yield _row(element("div", value.of or "(all)", class_="inner"), one, value, found.currency)
    if hidden := one.values[_LISTED:]:
        yield Row([f"and {len(hidden):,} more: guardrail kpi {one.kpi.id}", "", "", ""])


def _row(name: Child, one: KpiAnswer, value: KpiValue, currency: str) -> Row:
    if value.missing:
        why = element("div", prose(value.missing), class_="dim below")
        return Row([[name, why], _target(one, currency), "", element("span", "not known", class_="dim")])
    word = status(one, value)
    badge: Child = [element("div", element("span", word, class_=f"badge {_LOOKS[word]}"))] if word else None
    before = shown(one.kpi, value.previous, currency) if value.previous is not None else "not known"
    exact = _exact(shown(one.kpi, value.value, currency), value)
    parts: Child = [element("div", divided(value), class_="dim below")] if divided(value) else None
    return Row([[name, parts], _target(one, currency), before, [exact, badge]])


def _target(one: KpiAnswer, currency: str) -> Html:
    return element("span", target(one, currency), class_="together")


def _exact(text: str, value: KpiValue) -> Html:
    return element("data", text, value=plain(value.value) or "")
