"""A new catalog, built beside the old one: nothing of the old is touched until the new one is whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path

from msgspec import Struct, field

from guardrail.catalog import snapshot
from guardrail.catalog.vendors.offer import Offer
from guardrail.errors import CatalogError
from guardrail.model.money import decimal

_BATCH = 5_000
_STAGE = """
create table stage (vendor text, service text, region text, family text, attributes text, unit text,
    purchase_option text, ladder text, tier_start text, tier_end text, price text, sku text, as_of text, source text,
    primary key (vendor, service, region, family, attributes, unit, purchase_option, ladder, tier_start)) without rowid
"""
_CARRIED = """
select shelf.vendor, shelf.service, shelf.region, product.family, product.attributes, product.unit,
    product.purchase_option, '', price.tier_start, price.tier_end, price.price, price.sku, source.as_of, source.name
from old.synced join old.shelf on shelf.vendor = synced.vendor and shelf.service = synced.service
    and shelf.region = synced.region
join old.price on price.shelf = shelf.id join old.product on product.id = price.product
join old.source on source.id = price.source
where not exists (select 1 from main.synced as newer where newer.vendor = synced.vendor
    and newer.service = synced.service and newer.region = synced.region)
"""
Tier = tuple[str, str, str, str, str, str]


class Building(Struct):
    """The new catalog, from the shipped one on. Offers are staged, and put on their shelves at the end."""

    path: Path
    database: sqlite3.Connection
    shelves: set[tuple[str, str, str]] = field(default_factory=set)

    def stage(self, vendor: str, source: str, offers: Iterable[Offer]) -> int:
        """Take the offers of one list and return how many there were."""
        count = 0
        rows = (_staged(vendor, source, offer) for offer in offers)
        while batch := list(islice(rows, _BATCH)):
            self.database.executemany(f"insert or replace into stage values ({', '.join('?' * 14)})", batch)  # noqa: S608
            self.shelves.update((vendor, row[1], row[2]) for row in batch)
            count += len(batch)
        return count

    def shelve(self, vendor: str, unread: Collection[str], options: Collection[str], at: str) -> None:
        """Put what is staged of a vendor on its shelves, each instead of all that was on it.

        unread   attributes that the vendor's list does not have: rows with one of them stay
        options  purchase options of savings plans and reservations that its lists were read for
        """
        mine = sorted(shelf for shelf in self.shelves if shelf[0] == vendor)
        for shelf in mine:
            self._empty(shelf, unread)
        self._fill(vendor)
        counts = dict(self._counts(vendor))
        self.database.executemany(
            "insert or replace into synced values (?, ?, ?, ?, ?)",
            ((*shelf, at, counts.get(shelf[1:], 0)) for shelf in mine),
        )
        self.database.executemany(
            """insert or replace into rated select ?1, ?2, ?3, ?4, ?5, count(*) from shelf
            join price on price.shelf = shelf.id join product on product.id = price.product
            where vendor = ?1 and service = ?2 and region = ?3 and purchase_option = ?4""",
            ((*shelf, option, at) for shelf in mine for option in options),
        )
        self.database.execute("delete from stage")

    def rows_of(self, shelf: tuple[str, ...]) -> int | None:
        """Return how many rows a shelf has that this sync filled; None if it did not."""
        found = self.database.execute(
            "select rows from synced where vendor = ? and service = ? and region = ?", shelf
        ).fetchone()
        return int(found[0]) if found else None

    def lost_keys(self, old: Path, vendor: str) -> list[tuple[str, str]]:
        """Return service and attribute where a service's rows had it at the last sync, and none of this one's has."""
        # SQLite attaches no database within a transaction.
        self.database.commit()
        self.database.execute("attach ? as old", (f"{old.resolve().as_uri()}?mode=ro",))
        keys = """select distinct shelf.service, attribute.key from {0}.shelf
            join {0}.price on price.shelf = shelf.id join {0}.product on product.id = price.product,
            json_each(product.attributes) as attribute
            where vendor = ?1 and attribute.key != 'sku' and (service, region) in
            (select old.synced.service, old.synced.region from old.synced join main.synced using (vendor, service, region)
            where vendor = ?1)"""
        query = f"{keys.format('old')} except {keys.format('main')} order by 1, 2"
        found = [(service, key) for service, key in self.database.execute(query, (vendor,))]
        self.database.execute("detach old")
        return found

    def synced_places(self, vendor: str) -> list[tuple[str, str]]:
        """Return service and region of the shelves that syncs filled."""
        return self.database.execute(
            "select service, region from synced where vendor = ? and region != 'global' order by 1, 2", (vendor,)
        ).fetchall()

    def remember(self, vendor: str, service: str, place: str, version: str) -> None:
        """Note which version of a list this catalog has."""
        self.database.execute("insert or replace into fetched values (?, ?, ?, ?)", (vendor, service, place, version))

    def _empty(self, shelf: tuple[str, str, str], unread: Collection[str]) -> None:
        stays = " ".join(f"and json_extract(product.attributes, '$.{key}') is null" for key in sorted(unread))
        self.database.execute(
            f"""delete from price where shelf = (select id from shelf where vendor = ? and service = ? and region = ?)
            and exists (select 1 from product where product.id = price.product {stays})""",  # noqa: S608 - our own names
            shelf,
        )

    def _fill(self, vendor: str) -> None:
        """Move the stage to the shelves; where several prices are of one product, their SKUs tell them apart."""
        ids = snapshot.Ids(self.database)
        reading = closing(self.database.cursor())
        with reading as cursor:
            rows = cursor.execute(
                """select service, region, family, attributes, unit, purchase_option,
                ladder, tier_start, tier_end, price, sku, as_of, source from stage
                where vendor = ? order by 1, 2, 3, 4, 5, 6, 7""",
                (vendor,),
            )
            for product, found in groupby(rows, key=lambda row: row[:6]):
                ladders = {
                    name: _closed(row[7:] for row in group) for name, group in groupby(found, key=lambda r: r[6])
                }
                for attributes, tiers in _separated_by_sku(product[3], list(ladders.values())):
                    self._insert(ids, vendor, (*product[:3], attributes, *product[4:]), tiers)

    def _insert(self, ids: snapshot.Ids, vendor: str, product: tuple[str, ...], tiers: list[Tier]) -> None:
        service, region, *identity = product
        shelf = ids.of("shelf", "vendor service region", (vendor, service, region))
        number = ids.of("product", "family attributes unit purchase_option", tuple(identity))
        self.database.executemany(
            "insert or replace into price values (?, ?, ?, ?, ?, ?, ?)",
            (
                (shelf, number, start, end, price, sku, ids.of("source", "name as_of", (source, as_of)))
                for start, end, price, sku, as_of, source in tiers
            ),
        )

    def _counts(self, vendor: str) -> Iterator[tuple[tuple[str, str], int]]:
        """Count the prices of each shelf; not those of plans and reservations, which come and go with the overlay."""
        for service, region, count in self.database.execute(
            """select service, region, count(*) from shelf join price on price.shelf = shelf.id
            join product on product.id = price.product where vendor = ? and purchase_option not like 'reserved_%'
            and purchase_option not like 'savings_plan_%' group by shelf.id""",
            (vendor,),
        ):
            yield (service, region), count

    def carry(self, old: Path) -> None:
        """Take over, from the catalog that this one replaces, the shelves that were synced then and are not now."""
        self.database.execute("attach ? as old", (f"{old.resolve().as_uri()}?mode=ro",))
        marks = ", ".join("?" * 14)
        with closing(self.database.cursor()) as cursor:
            # All at once: what is read must not change while rows are staged.
            for vendor, *rest in cursor.execute(f"{_CARRIED} order by 1").fetchall():
                self.database.execute(f"insert or replace into stage values ({marks})", (vendor, *rest))  # noqa: S608
        carried = self.database.execute(
            """select * from old.synced where not exists (select 1 from main.synced as newer
            where newer.vendor = synced.vendor and newer.service = synced.service and newer.region = synced.region)"""
        ).fetchall()
        self.database.executemany(
            "insert into rated select * from old.rated where vendor = ? and service = ? and region = ?",
            [shelf[:3] for shelf in carried],
        )
        for vendor, service, region, _at, _rows in carried:
            self._empty((vendor, service, region), ())
        for vendor in sorted({row[0] for row in carried}):
            self._fill(vendor)
        self.database.execute("delete from stage")
        self.database.executemany("insert into synced values (?, ?, ?, ?, ?)", carried)
        self.database.execute("insert or ignore into fetched select * from old.fetched")
        self.database.commit()
        self.database.execute("detach old")

    def finish(self) -> None:
        """Make the catalog whole: fingerprints, dates, nothing left over."""
        self.database.execute("drop table stage")
        for (vendor,) in self.database.execute("select vendor from vendor").fetchall():
            self._describe(vendor)
        # Emptied shelves leave products behind that nothing is sold as any more.
        self.database.execute("delete from product where id not in (select product from price)")
        self.database.commit()
        self.database.execute("vacuum")

    def _describe(self, vendor: str) -> None:
        synced = self.database.execute("select count(*) from synced where vendor = ?", (vendor,)).fetchone()[0]
        if not synced:
            return
        digest, dates, count = hashlib.sha256(), set(), 0
        for row in self.database.execute(
            """select service, region, family, attributes, unit, purchase_option, tier_start, tier_end, price, sku,
            source.name, source.as_of from shelf join price on price.shelf = shelf.id
            join product on product.id = price.product join source on source.id = price.source
            where vendor = ? order by 1, 2, 3, 4, 5, 6, 7""",
            (vendor,),
        ):
            digest.update(repr(row).encode())
            dates.add(row[-1])
            count += 1
        self.database.execute(
            "insert or replace into vendor values (?, ?, ?, ?, ?)",
            (vendor, digest.hexdigest(), min(dates, default=""), max(dates, default=""), count),
        )


@contextlib.contextmanager
def building(target: Path, shipped: Path, verify: Callable[[Path], None]) -> Iterator[Building]:
    """Build a new catalog beside `target`, and put it in its place if nothing failed.

    verify  what looks at the new catalog once it is whole, and raises if it is not to be used

    The one that was there stays as `previous(target)`. Raises CatalogError for a full disk and the like.
    """
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f"{target.name}.*.new*"):
            left.unlink(missing_ok=True)  # of a run that was killed: the lock is ours
        # What no list has (whole machines of Google's, for one) stays as it is shipped.
        shutil.copyfile(shipped, beside)
        with closing(sqlite3.connect(f"{beside.resolve().as_uri()}?mode=rw", uri=True)) as database:
            # What fails is thrown away, so nothing need survive until the swap.
            database.executescript("pragma cache_size = -16000; pragma journal_mode = off; pragma synchronous = off")
            database.execute(_STAGE)
            new = Building(beside, database)
            yield new
            new.finish()
        verify(beside)
        _swap(beside, target)
    except sqlite3.Error as error:
        raise CatalogError(
            f"the new catalog cannot be written: {error}", where=str(beside), fix=_room(target)
        ) from None
    except OSError as error:
        raise CatalogError(
            f"the new catalog cannot be written: {error.strerror}", where=str(beside), fix=_room(target)
        ) from None
    finally:
        for left in target.parent.glob(f"{beside.name}*"):
            left.unlink(missing_ok=True)


def previous(target: Path) -> Path:
    """Return where the catalog lies that a sync replaced."""
    return target.with_name(f"previous-{target.name}")


def _swap(new: Path, target: Path) -> None:
    """Replace the catalog in one step; those who read the old one keep it until they are done."""
    if target.is_file():
        before = target.with_name(f"{target.name}.{os.getpid()}.old.new")
        before.unlink(missing_ok=True)
        shutil.copyfile(target, before)
        before.replace(previous(target))
    with new.open("rb") as file:
        # Written without syncs until here; a rename of what is not on the disk could leave a damaged catalog.
        os.fsync(file.fileno())
    new.replace(target)


def _room(target: Path) -> str:
    return f"free disk space in {target.parent}, and run it again; the old catalog is unchanged"


def _staged(vendor: str, source: str, offer: Offer) -> tuple[str, ...]:
    return (
        *(vendor, offer.service, offer.region, offer.family, snapshot.attributes_json(offer.attributes), offer.unit),
        *(offer.purchase_option, offer.ladder, offer.tier_start, offer.tier_end, offer.price, offer.sku, offer.as_of),
        source,
    )


def _closed(rows: Iterable[tuple[str, ...]]) -> list[Tier]:
    """Return the tiers of a ladder in their order, each with its end; a single one that holds for all has no bounds."""
    tiers = sorted(rows, key=lambda row: decimal(row[0] or 0))
    ends = [*(tier[0] for tier in tiers[1:]), "Inf"]
    closed = [(tier[0], tier[1] or end, *tier[2:]) for tier, end in zip(tiers, ends, strict=True)]
    if len(closed) == 1 and closed[0][:2] in {("0", "Inf"), ("", "Inf")}:
        closed = [("", "", *closed[0][2:])]
    return [(start, end, price, sku, as_of, source) for start, end, price, sku, as_of, source in closed]


def _separated_by_sku(attributes: str, ladders: list[list[Tier]]) -> Iterator[tuple[str, list[Tier]]]:
    """Give each price of what definitions take for one product; with its SKU where they differ."""
    prices = {tuple(tier[:3] for tier in ladder) for ladder in ladders}
    if len(prices) == 1:
        yield attributes, ladders[0]
        return
    for ladder in ladders:
        yield snapshot.attributes_json({**json.loads(attributes), "sku": ladder[0][3]}), ladder
