"""Anomalies for a terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from guardrail.finops.anomalies.answer import Anomalies
from guardrail.finops.anomalies.describing import facts_of, name_of, not_judged_text, span_of, title_of
from guardrail.finops.anomalies.event import Cause, Event, State
from guardrail.finops.exact import decimal_of
from guardrail.model.money import plain
from guardrail.report.columns import wrapped
from guardrail.report.format import count
from guardrail.report.markdown.text import code, prose
from guardrail.report.text import safe

SHOWN = 50
"""Events of each kind that people are shown; JSON has all."""
_NAME = 14  # columns of a fact's name
_LONGEST = 600  # characters of a fact


def as_terminal(found: Anomalies, width: int = 100) -> str:
    """Return blocks of lines: an event with what is known of it."""
    lines = [*wrapped(headline(found), width)]
    for heading, events in _sections(found):
        lines += ["", heading]
        for event in events[:SHOWN]:
            lines += ["", *wrapped(f"  {safe(title_of(event), 300)}", width, "    ")]
            for name, value in facts_of(event):
                lines += wrapped(f"    {name:<{_NAME}}{safe(value, _LONGEST)}", width, " " * (_NAME + 4))
        if len(events) > SHOWN:
            lines += ["", f"  and {len(events) - SHOWN:,} more: --format json has all"]
    lines += ["", *(line for note in notes(found) for line in wrapped(safe(note, _LONGEST), width, "  "))]
    return "".join(f"{line}\n" for line in lines)


def as_markdown(found: Anomalies) -> str:
    """Return a list of events for each heading."""
    lines = [f"**{prose(headline(found))}**"]
    for heading, events in _sections(found):
        lines += ["", f"### {heading}", ""]
        for event in events[:SHOWN]:
            amount = title_of(event).partition(" ")[0]
            lines.append(f"- **{prose(amount)}** {code(name_of(event), 300)}, {prose(span_of(event))}")
            lines += [f"  - {name}: {prose(value)}" for name, value in facts_of(event)]
        if len(events) > SHOWN:
            lines.append(f"- and {len(events) - SHOWN:,} more")
    lines += ["", *(f"- {prose(note)}" for note in notes(found))]
    return "".join(f"{line}\n" for line in lines)


def as_json(found: Anomalies) -> str:
    """Return all of it for programs: exact amounts as texts, null for what there is not."""
    asked = found.asked
    document = {
        "schema": "guardrail.anomalies/v1",
        "since": f"{asked.since}",
        "until": f"{found.until}",
        "cost": asked.cost,
        "projects": asked.projects or None,
        "provisional_from": f"{found.provisional}" if found.provisional else None,
        "judged": {"series": found.series, "days": found.days},
        "events": [_event(one) for one in found.events],
        "not_judged": [
            {
                "reason": one.reason.value,
                "number": one.number,
                "amounts": [{"currency": currency, "amount": _plain(amount)} for currency, amount in one.amounts],
                "names": one.names,
                "text": not_judged_text(one),
            }
            for one in found.not_judged
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def headline(found: Anomalies) -> str:
    """Return the answer in one line."""
    explained = len(found.events) - len(found.alarming)
    days = f"{found.asked.since} to {found.until}"
    numbers = f"{len(found.alarming):,} to look into, {explained:,} explained" if found.events else "none"
    if not found.series:
        numbers += ", as nothing could be judged" if not found.events else ""
    of = f" of {', '.join(map(safe, found.asked.projects))}" if found.asked.projects else ""
    return f"Anomalies{of} from {days} ({found.asked.cost} cost): {numbers}"


def notes(found: Anomalies) -> Iterator[str]:
    """Give what was judged, what may change, and what could not be judged."""
    yield f"judged: {count(found.series, 'series', 'series')} (owner, service, address), {count(found.days, 'day')} of them"
    if found.provisional:
        yield f"provisional: from {found.provisional} on, charges may still be added"
    yield from (f"not judged: {not_judged_text(one)}" for one in found.not_judged)


def _sections(found: Anomalies) -> Iterator[tuple[str, Sequence[Event]]]:
    alarming = found.alarming
    explained = [one for one in found.events if one.state is State.EXPLAINED]
    for heading, events in (("To look into", alarming), ("Explained", explained)):
        if events:
            yield f"{heading} ({len(events):,})", events


def _event(event: Event) -> dict[str, Any]:
    key = event.key
    return {
        "state": event.state.value,
        "owner": key.owner or None,
        "service": key.service or None,
        "project": key.project or None,
        "address": key.address or None,
        "currency": key.currency,
        "first": f"{event.first}",
        "last": f"{event.last}",
        "days": event.days,
        "expected": _plain(event.expected),
        "was": _plain(event.was),
        "difference": _plain(event.difference),
        "explained": _plain(event.known),
        "rest": _plain(event.rest),
        "causes": [_cause(one) for one in event.causes],
        "evidence": {"weeks": event.weeks, "median": _plain(event.first_expected)} if event.weeks else None,
        "provisional_days": event.provisional,
        "no_charge": event.is_gone,
        "running": event.is_running,
        "first_spend": event.new,
        "title": title_of(event),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "what": cause.what,
        "name": cause.name or None,
        "pull_request": cause.pull_request,
        "since": f"{cause.since}",
        "until": f"{cause.until}" if cause.until else None,
        "daily": None if cause.daily is None else _plain(cause.daily),
        "at_least": cause.at_least,
    }


def _plain(amount: int) -> str | None:
    return plain(decimal_of(amount))
