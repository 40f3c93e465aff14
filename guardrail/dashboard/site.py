"""All pages of a ledger, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.dashboard.facts import Facts
from guardrail.dashboard.page import Entry, Frame, Page, document
from guardrail.dashboard.pages import allocation as owners
from guardrail.dashboard.pages import overview as first
from guardrail.dashboard.pages.spend import KINDS, all_of


def files_of(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give name and text of each file, one in memory at a time. Equal facts give equal bytes."""
    frame = Frame(entries_of(facts), _fresh(facts), _made(facts))
    yield first.PATH, document(first.overview(facts), frame)
    if not facts.months:
        return
    for kind in KINDS.values():
        for page, beside in all_of(kind, facts):
            yield page.path, document(page, frame)
            yield from beside.items()
    for page in _single(facts):
        yield page.path, document(page, frame)


def entries_of(facts: Facts) -> list[Entry]:
    """Return the navigation: an entry for each page that there is, without those about one team, project or service."""
    found = [Entry(first.PATH, "Overview")]
    if facts.months:
        found += [Entry(kind.path, kind.title) for kind in KINDS.values()]
        found.append(Entry(owners.PATH, "Owners"))
    return found


def _single(facts: Facts) -> Iterator[Page]:
    yield owners.allocation(facts)


def _fresh(facts: Facts) -> str:
    if not facts.months:
        return "no bill"
    state = " (may still change)" if facts.newest in facts.open_months else ""
    return f"bills to {facts.newest}{state}"


def _made(facts: Facts) -> str:
    return f"Guardrail {facts.version}, {facts.now:%Y-%m-%d %H:%M} UTC"
