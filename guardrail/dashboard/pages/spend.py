"""What teams, projects and services come to: a page for each of the three, and one for each of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from guardrail.dashboard.amounts import amount, share
from guardrail.dashboard.blocks import figures, paragraphs, part, to
from guardrail.dashboard.facts import Facts, by_name
from guardrail.dashboard.figures import Figure, Grid, difference, grid, name_of
from guardrail.dashboard.names import file_name
from guardrail.dashboard.page import Page
from guardrail.dashboard.tables import Shown, all_months_table, csv_of, month_chart, month_table, shown
from guardrail.finops.charge import Charge
from guardrail.report.html.element import Child, Html

_LISTED = 50  # rows of each table of a page about one team, project or service


class Kind(Struct, frozen=True):
    """What bills are summed by: `inside` are the dimensions that a page about one of them tells, the first as a chart."""

    dimension: str
    path: str
    title: str
    inside: tuple[str, ...]


KINDS = {
    "team": Kind("team", "teams.html", "Teams", ("service", "project")),
    "project": Kind("project", "projects.html", "Projects", ("service", "team")),
    "service": Kind("service", "services.html", "Services", ("team", "project")),
}


def page_of(dimension: str, key: str | None) -> str | None:
    """Return the page about a name; there is none about an address."""
    return file_name(dimension, key) if dimension in KINDS else None


def looks(dimension: str) -> Shown:
    """Return how names of a dimension stand in a table."""
    return Shown(dimension.capitalize(), lambda key: page_of(dimension, key), is_code=dimension == "address")


def all_of(kind: Kind, facts: Facts) -> Iterator[tuple[Page, Mapping[str, str]]]:
    """Give the page about all of a kind and the page about each, with the files beside them."""
    file = file_name(kind.path.removesuffix(".html"), None, "csv").replace("-none", "")
    parts: list[Html] = []
    for currency in facts.currencies:
        found = grid(facts.charges, kind.dimension, currency)
        parts += _of_currency(f"{kind.title}, {currency}" if facts.currencies[1:] else "", kind, found, facts, file)
    lead = f"{facts.cost} cost by {kind.dimension}, {facts.months[0]} to {facts.newest}"
    files = {file: csv_of(facts.charges, (kind.dimension, "month"))}
    yield Page(kind.path, kind.title, [*parts, _as_csv(f"{kind.title} by month", file)], lead=lead.capitalize()), files
    addresses = by_name(facts.addresses, kind.dimension)
    for key, charges in sorted(
        by_name(facts.charges, kind.dimension).items(), key=lambda one: (one[0] is None, one[0] or "")
    ):
        yield about(kind, key, charges, addresses.get(key, []), facts)


def _of_currency(title: str, kind: Kind, found: Grid, facts: Facts, file: str) -> list[Html]:
    missing, key, look = facts.lacking_bills, found.currency.lower(), looks(kind.dimension)
    chart = month_chart(
        f"{kind.dimension}-{key}", f"By month and {kind.dimension}, {found.currency}", found, facts.months, missing
    )
    newest = month_table(
        *(found, facts.newest, facts.former, look),
        caption=f"{facts.newest} by {kind.dimension}, {found.currency}",
        file=file,
    )
    every = all_months_table(
        found, facts.months, missing, look, caption=f"{kind.title} by month, {found.currency}", file=file
    )
    return [
        part(f"newest-{key}", title or f"{facts.newest}", chart, newest),
        part(f"months-{key}", f"All months{f', {found.currency}' if title else ''}", every),
    ]


def about(
    kind: Kind, key: str | None, charges: Sequence[Charge], addresses: Sequence[Charge], facts: Facts
) -> tuple[Page, Mapping[str, str]]:
    """Return the page about one team, project or service, and the file beside it, with its addresses."""
    path, file = file_name(kind.dimension, key), file_name(kind.dimension, key, "csv")
    parts: list[Html] = []
    for currency in sorted({one.currency for one in charges}):
        parts += _one_currency(kind, charges, addresses, currency, facts, file)
    lead: Child = [f"{kind.dimension.capitalize()}, {facts.cost} cost, {facts.months[0]} to {facts.newest}"]
    page = Page(
        path,
        name_of(kind.dimension, key),
        [*parts, _as_csv(f"{facts.newest} by {' and '.join((*kind.inside, 'address'))}", file)],
        under=kind.path,
        lead=lead,
    )
    return page, {file: csv_of(addresses, (*kind.inside, "address"))}


def _one_currency(
    kind: Kind, charges: Sequence[Charge], addresses: Sequence[Charge], currency: str, facts: Facts, file: str
) -> Iterator[Html]:
    missing, key = facts.lacking_bills, currency.lower()
    grids = [grid(charges, dimension, currency) for dimension in kind.inside]
    first = grids[0]
    yield figures(_figures(first, facts))
    chart = month_chart(f"months-{key}", f"By month and {kind.inside[0]}, {currency}", first, facts.months, missing)
    yield part(f"chart-{key}", f"By month, {currency}", chart)
    of_addresses = grid(addresses, "address", currency)
    for found in (*grids, of_addresses):
        if not found.ordered_by(facts.newest):
            continue
        former = None if found is of_addresses else facts.former
        caption = f"{facts.newest} by {found.dimension}, {currency}"
        told = month_table(
            found, facts.newest, former, looks(found.dimension), caption=caption, file=file, limit=_LISTED
        )
        yield part(f"{found.dimension}-{key}", f"By {found.dimension}, {facts.newest}", told)
    every = [
        all_months_table(
            *(found, facts.months, missing, looks(found.dimension)),
            caption=f"By {found.dimension} and month, {currency}",
            file=file,
            limit=_LISTED,
        )
        for found in grids
    ]
    yield part(f"all-{key}", "All months", every)


def _figures(found: Grid, facts: Facts) -> Iterator[tuple[str, Child]]:
    months, currency = found.total.months, found.currency
    new, old = months.get(facts.newest), months.get(facts.former or "")
    yield facts.newest + (" so far" if facts.newest in facts.open_months else ""), shown(new, currency)
    if facts.former:
        yield facts.former, shown(old, currency)
    if facts.former and facts.newest not in facts.open_months:
        yield "Change", amount(difference(new, old), currency, signed=True, unknown="not known")
    whole = whole_of(facts, facts.newest, currency)
    if part_of := share(new.amount if new else None, whole.amount if whole else None):
        yield f"Share of {facts.newest}", part_of


def whole_of(facts: Facts, month: str, currency: str) -> Figure | None:
    """Return what all charges of a month come to."""
    lines = [one for one in facts.by_cost.get(facts.cost, ()) if one.currency == currency and one.keys == (month,)]
    return Figure(lines[0].amount, lines[0].partial, lines[0].open) if lines else None


def _as_csv(what: str, file: str) -> Html:
    return paragraphs([[f"{what}, all rows with exact amounts: ", to(file, file)]])[0]
