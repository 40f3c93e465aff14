"""What is not in a report's sums, or stands there by assumption: by reason, with whom it concerns and what to do."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from guardrail.model.cost import SYNC, Line, LineStatus, ResourceStatus
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import ProjectReport
from guardrail.report.format import rate, reasons
from guardrail.report.format import remedies as remedies_of
from guardrail.report.parts.rows import Row, named
from guardrail.report.text import safe

_LIMIT = 80
_ADDRESS_LIMIT = 160
_NOTE_LIMIT = 400
_PLANS = 3  # that a command names


class Gap(Struct, frozen=True):
    """Why some resources have no cost: the reason, whom it concerns, and how many they are."""

    reason: str
    subject: str
    count: int


def unpriced(rows: Iterable[Row], currency: str) -> list[Gap]:
    """Return what has no price, by reason: unsupported types are counted, everything else is named."""
    unsupported: Counter[tuple[str, str]] = Counter()
    others = []
    for row in filter(_is_unpriced, rows):
        why = "; ".join(reasons(row.resource, currency))
        if row.side and row.side.status is ResourceStatus.UNSUPPORTED:
            unsupported[why, safe(row.resource.change.type, _LIMIT)] += 1
        else:
            others.append(Gap(why, named(row), 1))
    return others + [Gap(why, kind, number) for (why, kind), number in unsupported.most_common()]


def not_evaluated(labels: Sequence[str], projects: Sequence[ProjectReport]) -> list[Gap]:
    """Return what stands for resources that nobody could tell, each with its place and what to do.

    Leaves out projects of which nothing was read: reports tell them as such.
    """
    return [
        Gap(_why(one), f"{label}: {_subject(one)}" if len(labels) > 1 else _subject(one), 1)
        for label, project in zip(labels, projects, strict=True)
        for one in project.not_evaluated
        if not project.is_unread
    ]


def remedies(rows: Iterable[Row], projects: Iterable[ProjectReport]) -> list[str]:
    """Return what to do so that what has no price gets one, each once, what helps most resources first.

    One command stands for all prices that a sync may bring, if the run is of plans that can be named.
    """
    counts = Counter(remedy for row in filter(_is_unpriced, rows) for remedy in remedies_of(row.resource))
    found = [remedy for remedy, _ in counts.most_common()]
    syncs = [remedy for remedy in found if SYNC in remedy]
    paths = list(dict.fromkeys(project.path for project in projects if _can_be_synced(project)))
    if not syncs or not 0 < len(paths) <= _PLANS or not all(paths) or "-" in paths:
        return found
    plans = "".join(f" --for {shlex.quote(safe(path, _NOTE_LIMIT))}" for path in paths)
    # Google's price list is the only one that needs a key.
    key = " with a key in GOOGLE_API_KEY" if any(remedy.endswith("GOOGLE_API_KEY") for remedy in syncs) else ""
    together = f"run `{SYNC}{plans}`{key}"
    return [together if remedy == syncs[0] else remedy for remedy in found if remedy not in syncs[1:]]


def usage_based(rows: Iterable[Row], currency: str) -> list[Gap]:
    """Return the lines that depend on usage which nobody gave, by resource type."""
    found: Counter[tuple[str, tuple[Line, ...]]] = Counter()
    for row in rows:
        side = row.resource.after
        lines = tuple(_bare(line) for line in side.lines if line.status is LineStatus.USAGE) if side else ()
        if lines:
            found[row.resource.change.type, lines] += 1
    merged: Counter[tuple[str, str]] = Counter()
    for (kind, lines), number in found.items():
        phrases = dict.fromkeys(
            f"{safe(line.name, _LIMIT)}: {rate(line, currency)}".removesuffix(": ") for line in lines
        )
        merged["; ".join(phrases), safe(kind, _LIMIT)] += number
    return [Gap(why, kind, number) for (why, kind), number in merged.most_common()]


def assumed(rows: Iterable[Row]) -> list[Gap]:
    """Return each assumption once, with the types and the number of the resources that stand on it."""
    resources: Counter[str] = Counter()
    types: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        lines = row.side.lines if row.side else ()
        for note in {line.note for line in lines if line.status is LineStatus.ASSUMED}:
            resources[note] += 1
            types[note][row.resource.change.type] = None
    return [
        Gap(safe(note, _NOTE_LIMIT) or "assumed", ", ".join(safe(kind, _LIMIT) for kind in types[note]), number)
        for note, number in sorted(resources.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _is_unpriced(row: Row) -> bool:
    return row.resource.unpriced or row.resource.delta_unpriced


def _can_be_synced(project: ProjectReport) -> bool:
    return any(SYNC in remedy for resource in project.resources for remedy in remedies_of(resource))


def _subject(one: NotEvaluated) -> str:
    where = f" ({safe(one.source.file, _ADDRESS_LIMIT)}:{one.source.line})" if one.source else ""
    return f"{safe(one.address, _ADDRESS_LIMIT) or 'the input'}{where}"


def _why(one: NotEvaluated) -> str:
    note = safe(one.note, _NOTE_LIMIT)
    return f"{note} ({safe(one.remedy, _NOTE_LIMIT)})" if one.remedy else note


def _bare(line: Line) -> Line:
    """Reduce a line to what its rate depends on, so that equal ones can be counted together."""
    return Line(line.name, line.unit, line.status, unit_price=line.unit_price, note=line.note)
