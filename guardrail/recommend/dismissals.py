"""Decisions against recommendations, as a file under review states them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from guardrail.errors import ConfigError, did_you_mean
from guardrail.files.checked import checked
from guardrail.files.section import Section
from guardrail.files.yaml_file import read_yaml
from guardrail.policy.glob import matches
from guardrail.policy.waivers import WARN_DAYS, Day, Text
from guardrail.recommend.recommendation import Dismissal, Recommendation, Status


class DismissalEntry(Section):
    """One decision as the file states it."""

    kind: Text
    """kind of recommendation (rightsizing), its id (gp2-to-gp3), or a glob of either"""
    address: Text
    """address of a resource, or a glob of addresses"""
    reason: Text
    expires: Day
    """the last day on which it holds"""
    owner: str = ""


class DismissalList(Section):
    """A file of dismissals."""

    dismissals: tuple[DismissalEntry, ...] = ()


def read_dismissals(path: Path) -> tuple[Dismissal, ...]:
    """Read a file of dismissals. Raises ConfigError with file and line."""
    file = read_yaml(path, ConfigError)
    entries = checked(DismissalList, file, ConfigError, may_be_empty=True).dismissals
    return tuple(
        Dismissal(
            *(entry.kind, entry.address, entry.reason, entry.expires, entry.owner), file.where(("dismissals", index))
        )
        for index, entry in enumerate(entries)
    )


def dismissed(
    found: Sequence[Recommendation], dismissals: Sequence[Dismissal], today: date
) -> tuple[list[Recommendation], list[Dismissal]]:
    """Return recommendations, those that somebody has decided against marked, and the dismissals that were of use.

    An expired one counts no more, but as used.
    """
    result, used = [], []
    for one in found:
        fitting = [
            each
            for each in dismissals
            if (matches(each.kind, one.proposal.kind) or matches(each.kind, one.proposal.id))
            and matches(each.address, one.subject)
        ]
        used += fitting
        good = next((each for each in fitting if today <= each.expires), None)
        result.append(replace(one, status=Status.DISMISSED, dismissal=good) if good else one)
    return result, used


def remarks(
    dismissals: Sequence[Dismissal], used: Sequence[Dismissal], today: date, kinds: Sequence[str], *, complete: bool
) -> Iterator[str]:
    """Give what is to be said of the dismissals themselves. `complete`: all kinds and projects were looked at."""
    for one in dismissals:
        about = f"{one.where}: the dismissal of {one.kind} for {one.address}"
        days = (one.expires - today).days
        if days < 0:
            yield f"{about} expired on {one.expires}: renew it, or follow the recommendation"
        elif days <= WARN_DAYS and one in used:
            left = "today" if not days else f"in {days} day{'s' if days > 1 else ''}"
            yield f"{about} expires {left}"
        elif complete and one not in used:
            hint = did_you_mean(one.kind, kinds)
            yield f"{about} dismisses nothing: {hint or 'remove it'}"
