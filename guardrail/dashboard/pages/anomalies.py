"""What is far from what it used to cost, and what accounts for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guardrail.dashboard.amounts import amount
from guardrail.dashboard.blocks import Row, part, table
from guardrail.dashboard.page import Page
from guardrail.finops.anomalies import Anomalies, Event, State
from guardrail.finops.anomalies.describing import facts_of, name_of, span_of
from guardrail.finops.anomalies.text import headline, notes
from guardrail.finops.exact import decimal_of
from guardrail.report.html.element import Child, Html, code, element

PATH = "anomalies.html"
_LISTED = 200


def anomalies(found: Anomalies) -> Page:
    """Return the page: what nothing accounts for first."""
    parts: list[Html] = []
    explained = [one for one in found.events if one.state is State.EXPLAINED]
    for key, title, events in (("alarming", "To look into", found.alarming), ("explained", "Explained", explained)):
        if events:
            parts.append(part(key, f"{title} ({len(events):,})", *_events(title, events)))
    if not found.events:
        parts.append(element("p", "No day was far off." if found.series else "No day could be judged."))
    parts.append(part("judged", "What was judged", element("ul", [element("li", one) for one in notes(found)])))
    return Page(PATH, "Anomalies", parts, lead=headline(found))


def _events(title: str, events: Sequence[Event]) -> Iterator[Html]:
    rows = [_row(one) for one in events[:_LISTED]]
    yield table(title, ["What, and when", "Expected", "Was", "Difference"], rows, numbers=3)
    hidden = len(events) - _LISTED
    if hidden > 0:
        yield element("p", f"{hidden:,} more: ", element("code", "guardrail anomalies --format json"), " has all.")


def _row(event: Event) -> Row:
    told = [
        element("li", element("b", name), f" {value}")
        for name, value in facts_of(event)
        if name != "was"  # it has columns
    ]
    name: Child = [code(name_of(event), 120), ", ", span_of(event), element("ul", told, class_="below")]
    amounts = (event.expected, event.was)
    currency = event.key.currency
    difference = amount(decimal_of(event.difference), currency, signed=True)
    return Row([name, *(amount(decimal_of(one), currency) for one in amounts), difference])
