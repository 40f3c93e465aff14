"""Newer prices from the vendors' public lists: what is fetched, what is kept, and one new catalog of it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path

import filelock
from msgspec import Struct

from guardrail import data
from guardrail.catalog.building import Building, building
from guardrail.catalog.commitment import may_cover
from guardrail.catalog.query import SAVINGS_PLAN
from guardrail.catalog.rating import Rating
from guardrail.catalog.snapshot import VENDORS
from guardrail.catalog.store import open_catalog, shipped_catalog, synced_catalog
from guardrail.catalog.used_prices import UsedPrices
from guardrail.catalog.vendors import aws, aws_plans, azure, gcp
from guardrail.catalog.vendors.feed import Feed, Folder, Host, KeptPages, clear
from guardrail.catalog.vendors.offer import Offer
from guardrail.errors import CatalogError, ConfigError
from guardrail.http.download import Progress

SOURCES = {"aws": "AWS Price List", "azure": "Azure Retail Prices API", "gcp": "Google Cloud Billing Catalog"}
"""What the rows of a sync name as their source."""
_HOSTS = {"aws": aws.HOST, "azure": azure.HOST, "gcp": gcp.HOST}
_UNREAD = {"aws": aws.UNREAD, "azure": azure.UNREAD, "gcp": gcp.UNREAD}
_CHANGED = "update guardrail if the format has changed; --force takes it as it is"
_SHRUNK = 2  # a list that has less than one in so many of the rows it had is taken for another format


class Order(Struct, frozen=True):
    """What to sync. Empty: everything.

    places  vendor, service and region of each price list that is meant; instead of services and regions
    origin  a mirror's address or a folder, instead of the vendors' hosts
    wait    seconds to wait for another sync that is running
    force   take a list even if most of what it had is gone
    """

    now: datetime
    vendors: Sequence[str] = ()
    services: Sequence[str] = ()
    regions: Sequence[str] = ()
    origin: str = ""
    wait: float = 0.0
    force: bool = False
    places: Collection[tuple[str, str, str]] = ()

    def of(self, vendor: str, known: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return the services to sync among those that are known, each with its regions. Without regions: all of them."""
        if not self.places:
            return {name: self.regions for name in known if not self.services or name in self.services}
        regions: defaultdict[str, list[str]] = defaultdict(list)
        for owner, service, region in sorted(self.places):
            if owner == vendor and service in known:
                regions[service].append(region)
        return dict(regions)


class SyncProgress(Struct, frozen=True):
    """Whom to tell what happens: a line of text, how far a download is, and the new catalog before it is used.

    verify  raises for a catalog that is not to be used; without it every one is
    """

    line: Callable[[str], None]
    download: Callable[[str], Progress]
    verify: Callable[[Path], None] | None = None


def sync(order: Order, used: UsedPrices, progress: SyncProgress) -> Path:
    """Bring the lists that are ordered into a new catalog, and return where it is.

    The old catalog is replaced once the new one is whole, and stays as it is if anything fails.
    Raises NetworkError, CatalogError, ConfigError.
    """
    target = synced_catalog()
    downloads = target.parent / "downloads"
    verify = progress.verify if progress.verify and not order.force else _anything
    with _locked(target, order.wait), building(target, shipped_catalog(), verify) as new:
        old, runs = _Old.of(target), []
        for vendor in order.vendors or VENDORS:
            if order.places and not any(place[0] == vendor for place in order.places):
                continue
            feed = _feed(vendor, order, downloads / vendor, progress)
            if feed is None:
                progress.line(f"{vendor}: left out, there is no {gcp.KEY_VARIABLE} in the environment")
                continue
            runs.append(_Run(new, vendor, feed, order, used, progress, old))
            try:
                runs[-1].all()
            except CatalogError:  # pages that are refused are of no use to the next run
                KeptPages(downloads / vendor).clear()
                raise
        # What this run has not synced comes from the last one; savings plans then find all prices on their shelves.
        if old.path:
            new.carry(old.path)
        for run in runs:
            run.savings_plans()
    clear(downloads)
    return target


def _anything(_catalog: Path) -> None:
    """Take a catalog as it is."""


class _Old(Struct, frozen=True):
    """What the last sync brought: rows by shelf, versions by list, rates by shelf and purchase option.

    Without a path: nothing that can be read.
    """

    path: Path | None
    rows: Mapping[tuple[str, ...], int]
    versions: Mapping[tuple[str, ...], str]
    rates: Mapping[tuple[str, ...], int]

    @classmethod
    def of(cls, target: Path) -> _Old:
        try:
            catalog = open_catalog(target)
        except CatalogError:
            return cls(None, {}, {}, {})
        rows: dict[tuple[str, ...], int] = {
            (shelf.vendor, shelf.service, shelf.region): shelf.rows for shelf in catalog.synced()
        }
        return cls(target, rows, catalog.fetched(), catalog.rated())


class _Run(Struct, frozen=True):
    """The lists of one vendor on their way into the new catalog."""

    new: Building
    vendor: str
    feed: Feed
    order: Order
    used: UsedPrices
    progress: SyncProgress
    old: _Old

    def all(self) -> None:
        """Read every list that is ordered."""
        services = self._services()
        {"aws": self._aws, "azure": self._azure, "gcp": self._gcp}[self.vendor](services)
        options = self.used.options(self.vendor)
        listed = [name for name in options if self.vendor != "aws" or not name.startswith(SAVINGS_PLAN)]
        self.new.shelve(self.vendor, _UNREAD[self.vendor], listed, f"{self.order.now:%Y-%m-%dT%H:%M:%SZ}")
        if not self.order.force:
            self._check()

    def _check(self) -> None:
        """Refuse what looks like another format than that of the last sync."""
        if self.old.path:
            for service, key in self.new.lost_keys(self.old.path, self.vendor):
                raise CatalogError(
                    f"the price list no longer has the attribute {key!r}",
                    where=f"{self.vendor} {service}",
                    fix=_CHANGED,
                )
        for shelf, before in sorted(self.old.rows.items()):
            rows = self.new.rows_of(shelf)
            if rows is not None and rows * _SHRUNK < before:
                raise CatalogError(
                    f"the price list had {before} prices that definitions use, and now has {rows}: has its format changed?",
                    where=" ".join(shelf),
                    fix=_CHANGED,
                )

    def _services(self) -> dict[str, Sequence[str]]:
        """Return the services that are ordered, each with its regions."""
        return self.order.of(self.vendor, self.used.services(self.vendor))

    def _aws(self, services: Mapping[str, Sequence[str]]) -> None:
        lists = sorted(aws.lists(self.feed, services))
        for service, group in groupby(lists, key=lambda found: found[0]):
            files = [(region, path, f"{path} {self.used.fingerprint('aws', service)}") for _, region, path in group]
            # The fingerprint is of what definitions select: a new definition needs the list read again.
            if all(self.old.versions.get(("aws", service, region)) == version for region, _, version in files):
                self.progress.line(f"aws {service}: unchanged")
                continue
            for region, path, version in files:
                offers = aws.read(aws.fetch(self.feed, path), service, self.used)
                count = self._stage(offers, service, region)
                if count:
                    self.new.remember("aws", service, region, version)

    def savings_plans(self) -> None:
        """Put the rates of AWS's savings plans beside the prices on demand, once all of these are on their shelves."""
        services = self._services() if self.vendor == "aws" else {}
        options_by_plan = aws_plans.codes([one for one in self.used.options("aws") if may_cover(one, services)])
        places: defaultdict[str, list[str]] = defaultdict(list)
        for service, region in self.new.synced_places("aws"):
            if service in services and (not services[service] or region in services[service]):
                places[region].append(service)
        for code, options in options_by_plan.items():
            sold = dict(aws_plans.lists(self.feed, code, places))
            for region, here in places.items():
                self._rate(code, options, Rating(self.new.database, region, SOURCES["aws"]), here, sold.get(region, ""))

    def _rate(self, code: str, options: Sequence[str], rating: Rating, services: Sequence[str], path: str) -> None:
        """Bring the rates of a region; without a path there are none."""
        name = f"aws {code} {rating.region}"
        if rating.is_of(path, options, services):
            self.progress.line(f"{name}: unchanged")
            return
        rates = aws_plans.read(aws.fetch(self.feed, path), code, options) if path else iter(())
        read = rating.put(rates, options, path, services)
        counts = rating.counts(options, services)
        self.progress.line(f"{name}: {sum(counts.values()):,} rates" if path else f"{name}: not sold there")
        if self.order.force or not path:
            return
        if not read:
            raise CatalogError(f"the list has no rates of {' or '.join(options)}", where=name, fix=_CHANGED)
        for (service, option), count in counts.items():
            before = self.old.rates.get(("aws", service, rating.region, option), 0)
            if count * _SHRUNK < before:
                what = f"the list had {before} rates of {option} for {service}, and now has {count}: has its format changed?"
                raise CatalogError(what, where=name, fix=_CHANGED)

    def _azure(self, services: Mapping[str, Sequence[str]]) -> None:
        for service, path in azure.lists(services):
            self._stage(azure.read(self.feed, service, path, self.used), service)

    def _gcp(self, services: Mapping[str, Sequence[str]]) -> None:
        for service, identity, path in gcp.lists(self.feed, tuple(services)):
            self._stage(gcp.read(self.feed, service, (identity, path), services[service], self.used), service)

    def _stage(self, offers: Iterator[Offer], service: str, region: str = "") -> int:
        """Take what a list has. One that had prices at the last sync and has none now is taken for another format."""
        count = self.new.stage(self.vendor, SOURCES[self.vendor], offers)
        name = f"{self.vendor} {service} {region}".rstrip()
        if not count and not self.order.force and self._had(service, region):
            raise CatalogError(
                "the price list has no prices that definitions use, but had some before", where=name, fix=_CHANGED
            )
        nothing = "no price that definitions use: the old prices are kept"
        self.progress.line(f"{name}: {f'{count:,} prices' if count else nothing}")
        return count

    def _had(self, service: str, region: str) -> bool:
        regions = (region,) if region else self._services()[service]
        return any(
            (owner, name) == (self.vendor, service) and (not regions or place in regions)
            for owner, name, place in self.old.rows
        )


def _feed(vendor: str, order: Order, downloads: Path, progress: SyncProgress) -> Feed | None:
    """Return where a vendor's lists come from; None if there is no key and the vendor was not asked for."""
    if order.origin and "://" not in order.origin:
        root = Path(order.origin)
        if not root.is_dir():
            raise ConfigError(
                "no such folder of price lists",
                where=order.origin,
                fix="name an existing folder, or an address, with --from",
            )
        return Folder(root)
    secrets = {}
    if vendor == "gcp":
        key = os.environ.get(gcp.KEY_VARIABLE, "")
        # Without a key Google is left out with a line; only who asks for it by name gets an error.
        if not key and vendor in order.vendors:
            fix = f"put a key for the Cloud Billing API into {gcp.KEY_VARIABLE}"
            raise ConfigError("Google's price list needs a key", fix=fix)
        if not key:
            return None
        secrets = {"X-Goog-Api-Key": key}
    base = order.origin.rstrip("/") or _HOSTS[vendor]
    return Host.at(base, downloads, order.now, secrets, progress.download)


@contextmanager
def _locked(target: Path, wait: float) -> Iterator[None]:
    """Let one sync at a time run. The lock ends with the process that has it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.parent / "sync.lock", timeout=wait):
            yield
    except filelock.Timeout:
        raise CatalogError(
            "another sync is running", where=str(target.parent), fix="--wait 600 waits for it, for up to ten minutes"
        ) from None
    except PermissionError:
        raise CatalogError(
            "cannot be written",
            where=str(target.parent),
            fix=f"set {data.CACHE_VARIABLE} to a folder that can be written",
        ) from None
