"""What a reader should know of the prices that a report stands on, one line each."""

from __future__ import annotations

from datetime import date

from guardrail.config import Settings
from guardrail.model.money import ZERO, rounded
from guardrail.model.report import CatalogInfo, ProjectReport
from guardrail.reading import terms_of


def price_notes(projects: tuple[ProjectReport, ...], used: tuple[CatalogInfo, ...], settings: Settings) -> list[str]:
    """Return what is to be said of prices: that they are old, or that they are not the list in US dollars."""
    return [*_stale(used, settings), *_basis(projects, settings)]


def _basis(projects: tuple[ProjectReport, ...], settings: Settings) -> list[str]:
    """Say what amounts stand on where that is not the list in US dollars, and what the list makes of the bill."""
    terms = terms_of(settings)
    if terms is None:
        return []
    sides = [resource.after for project in projects for resource in project.resources if resource.after]
    listed = sum((line.list_cost or ZERO for side in sides for line in side.lines), ZERO)
    said = f"at list prices the month after the change costs {rounded(listed, 2)} {settings.currency}"
    return [*terms.notes, said] if settings.overlay else list(terms.notes)


def _stale(used: tuple[CatalogInfo, ...], settings: Settings) -> list[str]:
    """Say which prices are older than the configuration finds good."""
    limit = settings.now.date() - settings.max_age
    return [
        f"some {info.vendor} prices are of {info.oldest}, older than {settings.max_age.days} days"
        for info in used
        if info.oldest and date.fromisoformat(info.oldest) < limit
    ]
