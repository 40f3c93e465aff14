"""What `guardrail pricing` says of catalogs, as lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from guardrail.catalog import Catalog, Match, Pattern
from guardrail.catalog.compare import PriceChange, Prices
from guardrail.costs import Library
from guardrail.costs.definitions.used_prices import price_patterns
from guardrail.model.cost import UNPRICED_LINES, ResourceCost, ResourceStatus
from guardrail.model.money import rounded, unit_price
from guardrail.model.report import Report
from guardrail.report.text import safe


def status_lines(catalog: Catalog, kind: str) -> Iterator[str]:
    """Say which catalog it is, what each vendor's prices are, and what was synced."""
    yield f"catalog: {catalog.path} ({kind}, {catalog.path.stat().st_size / 1e6:.1f} MB)"
    for stock in catalog.stock():
        days = f", of {stock.oldest} to {stock.newest}" if stock.newest else ""
        yield f"{stock.vendor:<6} {stock.rows:,} prices{days}"
    synced = catalog.synced()
    if not synced:
        yield "synced: nothing (`guardrail pricing sync` brings newer prices)"
    services: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for shelf in synced:
        services[shelf.vendor, shelf.service].append((shelf.at, shelf.rows))
    for (vendor, service), shelves in sorted(services.items()):
        rows = sum(count for _, count in shelves)
        oldest = min(at for at, _ in shelves)[:10]
        yield f"synced: {vendor} {service}: {rows:,} prices in {_regions(len(shelves))}, {oldest}"
    rates: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for (vendor, _service, _region, option), count in sorted(catalog.rated().items()):
        rates[vendor, option].append(count)
    for (vendor, option), counts in rates.items():
        yield f"plans: {vendor} {option}: {sum(counts):,} rates"


def _regions(count: int) -> str:
    return f"{count} region{'s' if count != 1 else ''}"


def gap_lines(report: Report) -> Iterator[str]:
    """Say what the resources of a plan find no price for, by type."""
    gaps: Counter[tuple[str, str]] = Counter()
    for project in report.projects:
        for resource in project.resources:
            gaps.update((resource.change.type, why) for why in dict.fromkeys(_gaps(resource)))
    if not gaps:
        yield "gaps: none, everything in the plan has a price"
    for (type_name, why), count in sorted(gaps.items()):
        yield safe(f"gap: {type_name} ({count}): {why}")


def _gaps(resource: ResourceCost) -> Iterator[str]:
    side = resource.after or resource.before
    if side is None:
        return
    if side.status is ResourceStatus.UNSUPPORTED:
        yield side.note
    for line in side.lines:
        if line.status in UNPRICED_LINES:
            yield f"{line.name}: {line.note}"


def type_lines(library: Library, type_name: str) -> Iterator[str]:
    """Say what each component of a type asks of the catalog."""
    tariff = library.find(type_name)
    yield f"{type_name} ({tariff.where if tariff else ''})"
    for name, charge, pattern in price_patterns(library):
        if name == type_name:
            asked = [f"{key} {_condition(match)}" for key, match in (("family", pattern.family), *pattern.attributes)]
            option = pattern.purchase_option or "of the resource's"
            yield f"  {charge.component.name}: {pattern.service}, {', '.join(asked)}, purchase option {option}"


def _condition(match: Match | None) -> str:
    if match is None:
        return "of the resource's"
    return f"~ {match.text}" if isinstance(match, Pattern) else f"= {match}"


def row_lines(rows: Sequence[Sequence[str]], limit: int) -> Iterator[str]:
    """Show rows of the catalog."""
    if not rows:
        yield "no price found"
    for vendor, service, region, family, attributes, unit, option, start, end, price, sku, source, as_of, *_ in rows[
        :limit
    ]:
        tier = f" from {start} to {end}" if start else ""
        yield safe(
            f"{vendor} {service} {region}: {family} {attributes} {option}: {unit_price(Decimal(price), 'USD')} per {unit}{tier}"
        )
        yield safe(f"    SKU {sku or 'not known'}, {source}, {as_of}")
    if len(rows) > limit:
        yield f"there are more: add words to narrow the search, or give --limit {limit * 5}"


def change_line(change: PriceChange) -> str:
    """Show one price that changed."""
    attributes = " ".join(change.product.attributes.values())
    option = "" if change.product.purchase_option == "on_demand" else f" {change.product.purchase_option}"
    factor = change.factor
    percent = f" ({rounded((factor - 1) * 100, 1):+}%)" if factor else ""
    what = f"{change.vendor} {change.service} {change.region}: {change.product.family} {attributes}{option}"
    return safe(f"{what}: {_shown(change.before)} -> {_shown(change.after)} per {change.product.unit}{percent}")


def _shown(prices: Prices) -> str:
    return " | ".join(unit_price(price, "USD") for price in prices) or "none"


def change_lines(changes: Iterable[PriceChange], limit: int) -> Iterator[str]:
    """Show what came, went and changed: the first so many of each, and how many there are."""
    counts: Counter[str] = Counter()
    for change in changes:
        kind = "changed" if change.before and change.after else "new" if change.after else "gone"
        counts[kind] += 1
        if counts[kind] <= limit:
            yield f"{kind:<8} {change_line(change)}"
    yield f"{counts['changed']:,} prices changed, {counts['new']:,} new, {counts['gone']:,} gone"


def effect_lines(before: Report, after: Report) -> Iterator[str]:
    """Say what the one catalog makes of a plan's estimate and the other."""
    for old, new in zip(before.projects, after.projects, strict=True):
        yield safe(
            f"{new.name}: {_month(old.totals.monthly_cost)} -> {_month(new.totals.monthly_cost)} {after.currency}"
        )
        for was, now in zip(old.resources, new.resources, strict=True):
            if was.monthly_cost != now.monthly_cost:
                yield safe(f"  {now.change.address}: {_month(was.monthly_cost)} -> {_month(now.monthly_cost)}")


def _month(amount: Decimal | None) -> str:
    return "not known" if amount is None else f"{rounded(amount, 2)} a month"
