"""All pages of a ledger, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guardrail.dashboard.facts import Facts
from guardrail.dashboard.page import Entry, Frame, Page, document
from guardrail.dashboard.pages import allocation as owners
from guardrail.dashboard.pages import anomalies as events
from guardrail.dashboard.pages import budgets as spending_limits
from guardrail.dashboard.pages import executive as in_short
from guardrail.dashboard.pages import kpis as measures
from guardrail.dashboard.pages import overview as first
from guardrail.dashboard.pages import recommendations as advice
from guardrail.dashboard.pages.spend import KINDS, all_of


def files_of(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give name and text of each file, one in memory at a time. Equal facts give equal bytes."""
    frame = Frame(entries_of(facts), _fresh(facts), _made(facts))
    yield first.PATH, document(first.overview(facts), frame)
    for page, beside in _pages(facts):
        yield page.path, document(page, frame)
        yield from beside.items()


def entries_of(facts: Facts) -> list[Entry]:
    """Return the navigation: an entry for each page that there is, without those about one team, project or service."""
    found = [Entry(first.PATH, "Overview")]
    if facts.executive:
        found.append(Entry(in_short.PATH, "In short"))
    if facts.months:
        found += [Entry(kind.path, kind.title) for kind in KINDS.values()]
        found.append(Entry(owners.PATH, "Owners"))
    if facts.budgets:
        found.append(Entry(spending_limits.PATH, "Budgets"))
    if facts.anomalies:
        found.append(Entry(events.PATH, "Anomalies"))
    if facts.months or facts.recommendations:
        found.append(Entry(advice.PATH, "Recommendations"))
    if facts.executive:
        found.append(Entry(measures.PATH, "KPIs"))
    return found


def _pages(facts: Facts) -> Iterator[tuple[Page, Mapping[str, str]]]:
    """Give each page but the first, with the files beside it."""
    if facts.executive:
        yield in_short.executive(facts, facts.executive), {}
    if facts.months:
        for kind in KINDS.values():
            yield from all_of(kind, facts)
        yield owners.allocation(facts), {}
    if facts.budgets:
        yield spending_limits.budgets(facts.budgets, facts), {}
    if facts.anomalies:
        yield events.anomalies(facts.anomalies), {}
    if facts.months or facts.recommendations:
        yield advice.recommendations(facts.recommendations, facts.executive.savings if facts.executive else None)
    if facts.executive:
        yield measures.kpis(facts.executive.kpis), {}


def _fresh(facts: Facts) -> str:
    if not facts.months:
        return "no bill"
    state = " (may still change)" if facts.newest in facts.open_months else ""
    return f"bills to {facts.newest}{state}"


def _made(facts: Facts) -> str:
    return f"Guardrail {facts.version}, {facts.now:%Y-%m-%d %H:%M} UTC"
