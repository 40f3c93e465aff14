"""The catalog as a SQLite file: opening it, finding prices and machine specifications, saying what was used."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from guardrail import data
from guardrail.catalog import snapshot
from guardrail.catalog.query import SAVINGS_PLAN, Answer, Indexes, Ladder, Product, Selector, Shelf, Tier
from guardrail.decode import decode_json
from guardrail.errors import CatalogError
from guardrail.files.digest import State, state_of
from guardrail.model.cost import PriceSource
from guardrail.model.money import decimal
from guardrail.model.report import CatalogInfo

_SHELF_QUERY = """
select price.product, price.tier_start, price.tier_end, price.price, price.sku, source.name, source.as_of
from shelf join price on price.shelf = shelf.id join product on product.id = price.product
    join source on source.id = price.source
where shelf.vendor = ? and shelf.service = ? and shelf.region = ? and product.purchase_option like ?
    and product.purchase_option not like ?
"""
_PRODUCTS_QUERY = """
select id, family, attributes, unit, purchase_option from product
where id in (select price.product from price join shelf on price.shelf = shelf.id
        where shelf.vendor = ? and shelf.service = ? and shelf.region = ?)
    and purchase_option like ? and purchase_option not like ?
order by id
"""
_TIERS_QUERY = """
select price.tier_start, price.tier_end, price.price, price.sku, source.name, source.as_of
from shelf join price on price.shelf = shelf.id join source on source.id = price.source
where shelf.vendor = ? and shelf.service = ? and shelf.region = ? and price.product = ?
"""
_EVERY, _NONE = "%", ""
_Tier = Sequence[str]
"""A row of a price: start, end, price, SKU, source and its day."""
_MAX_DIGITS = 12  # before the point: nothing costs as much a unit
_STEPS, _MAX_ROUNDS = 100_000, 2_000
"""A question to the database ends after so many rounds of so many steps of SQLite's: far beyond the largest of ours."""

_SEARCHED = """
select vendor, service, region, family, attributes, unit, purchase_option, tier_start, tier_end, price, sku,
    source.name as source, source.as_of as as_of,
    vendor || ' ' || service || ' ' || region || ' ' || family || ' ' || attributes || ' ' || unit || ' '
    || purchase_option || ' ' || sku as text
from price join shelf on price.shelf = shelf.id join product on product.id = price.product
    join source on source.id = price.source
"""


class Shelved(Struct, frozen=True):
    """Prices of one service in one region that a sync brought, when, and how many."""

    vendor: str
    service: str
    region: str
    at: str
    rows: int


class Stock(Struct, frozen=True):
    """All prices of one vendor: how many, and the days of the oldest and the newest ("" where there is none)."""

    vendor: str
    rows: int
    oldest: str
    newest: str


Stored = dict[tuple[str, str, str, bool], tuple[list[tuple[int, Product]], Indexes]]
"""What has been read of a catalog file: the products of its shelves, by their numbers in the file, and indexes on them."""


class Terms(Protocol):
    """What is made of list prices (guardrail.catalog.terms)."""

    def applied(self, vendor: str, ladder: Ladder, rates: Catalog) -> Ladder:
        """Return a ladder at what is paid; the catalog has what the vendor asks on other terms."""
        ...

    def own(self, vendor: str, service: str, region: str) -> list[Ladder]:
        """Return prices of one's own."""
        ...

    def gaps(self) -> list[str]:
        """Say what could not be applied so far."""
        ...


_SPEC = "select facts from spec where vendor = ? and name = ?"
_SPEC_IN_ANY_CASE = f"{_SPEC} collate nocase"  # as Azure takes the names of its sizes


class Catalog:
    """Prices to select from. Remembers which vendors it was asked for, and how old the prices were."""

    def __init__(self, database: sqlite3.Connection, path: Path, terms: Terms | None, stored: Stored) -> None:
        self._database = database
        self._stored = stored
        self._terms = terms
        self.path = path
        self._shelves: dict[tuple[str, str, str, bool], Shelf] = {}
        self._on_terms: dict[tuple[str, str, str, str], Mapping[tuple[str, str], list[Ladder]]] = {}
        self._answers: dict[Selector, Answer] = {}
        self._specs: dict[tuple[str, str], Mapping[str, object] | None] = {}
        self._dates: defaultdict[str, set[str]] = defaultdict(set)
        self._sources: defaultdict[str, set[str]] = defaultdict(set)

    def _select(self, question: str, values: Sequence[object] = ()) -> list[Any]:
        return _select(self._database, self.path, question, values)

    def find(self, selector: Selector) -> Answer:
        """Return the one ladder of prices that fits, NoPrice or Ambiguous. The same question has the same answer."""
        if selector not in self._answers:
            answer = self._shelf(selector).find(selector)
            if isinstance(answer, Ladder):
                answer = self._terms.applied(selector.vendor, answer, self) if self._terms else answer
                self._dates[selector.vendor].update(self._day(tier.source.as_of) for tier in answer.tiers)
                self._sources[selector.vendor].update(tier.source.source for tier in answer.tiers)
            self._answers[selector] = answer
        return self._answers[selector]

    def _day(self, text: str) -> str:
        """Return the day of a price. Raises CatalogError for what is none: how old a price is must be told."""
        try:
            date.fromisoformat(text)
        except (ValueError, TypeError):
            raise _damaged(self.path, f"a price of the day {text!r:.40}") from None
        return text

    def spec(self, vendor: str, machine_type: str) -> Mapping[str, object] | None:
        """Return what a machine type is (vcpu, memory_gib, arch, gpus, family, current_generation), if it is known."""
        key = (vendor, machine_type)
        if key not in self._specs:
            rows = self._select(_SPEC_IN_ANY_CASE if vendor == "azure" else _SPEC, key)
            try:
                self._specs[key] = decode_json(rows[0][0], dict[str, object]) if rows else None
            except (msgspec.DecodeError, TypeError) as error:
                raise _damaged(self.path, f"facts of {machine_type}: {error}") from None
        return self._specs[key]

    def machine_types(self, vendor: str) -> Mapping[str, Mapping[str, Any]]:
        """Return all machine types of a vendor with what each is, by name."""
        rows = self._select("select name, facts from spec where vendor = ? order by name", (vendor,))
        try:
            return {name: decode_json(facts, dict[str, object]) for name, facts in rows}
        except (msgspec.DecodeError, TypeError) as error:
            raise _damaged(self.path, f"facts of machine types: {error}") from None

    def synced(self) -> tuple[Shelved, ...]:
        """Return what syncs brought; nothing in the shipped catalog."""
        return tuple(Shelved(*row) for row in self._select("select * from synced order by 1, 2, 3"))

    def fetched(self) -> Mapping[tuple[str, ...], str]:
        """Return vendor, service and place of each list that a sync read -> its version."""
        rows = self._select("select vendor, service, place, version from fetched")
        return {tuple(row[:3]): row[3] for row in rows}

    def rated(self) -> Mapping[tuple[str, ...], int]:
        """Return vendor, service, region and purchase option of plans that a sync looked for -> rates that it found."""
        rows = self._select("select vendor, service, region, option, rows from rated")
        return {tuple(row[:4]): row[4] for row in rows}

    def stock(self) -> tuple[Stock, ...]:
        """Return how many prices there are of each vendor, and of when."""
        return tuple(Stock(*row) for row in self._select("select vendor, rows, oldest, newest from vendor order by 1"))

    def shelves(self) -> tuple[tuple[str, str, str], ...]:
        """Return vendor, service and region of everything there are prices of."""
        return tuple(self._select("select vendor, service, region from shelf order by 1, 2, 3"))

    def ladders(self, vendor: str, service: str, region: str) -> tuple[Ladder, ...]:
        """Return every price of a service in a region. They are read each time: all of them are too many to hold."""
        return tuple(self._ladders(vendor, service, region))

    def search(self, words: Iterable[str], limit: int) -> list[tuple[str, ...]]:
        """Return rows in which every word is found, as vendor, service, region and the columns of `snapshot.Row`."""
        wanted = [word.casefold() for word in words]
        terms = " and ".join(["instr(lower(text), ?)"] * len(wanted)) or "true"
        question = f"select * from ({_SEARCHED}) where {terms} limit ?"  # noqa: S608 - words are parameters
        return self._select(question, (*wanted, limit))

    def used(self) -> tuple[CatalogInfo, ...]:
        """Return, for each vendor of whom a price was used, how new and how old those prices are."""
        hashes = dict(self._select("select vendor, sha256 from vendor"))
        return tuple(
            CatalogInfo(
                vendor, max(dates), min(dates), ", ".join(sorted(self._sources[vendor])), hashes.get(vendor, "")
            )
            for vendor, dates in sorted(self._dates.items())
        )

    def otherwise(self, vendor: str, ladder: Ladder, option: str) -> Sequence[Ladder]:
        """Return the prices of a product under another purchase option, one a unit."""
        source = ladder.tiers[0].source
        key = (vendor, source.service, source.region, option)
        if key not in self._on_terms:
            found: defaultdict[tuple[str, str], list[Ladder]] = defaultdict(list)
            for one in self._ladders(*key[:3], option):
                found[one.product.family, snapshot.attributes_json(one.product.attributes)].append(one)
            self._on_terms[key] = found
        product = ladder.product
        return self._on_terms[key].get((product.family, snapshot.attributes_json(product.attributes)), ())

    def has_rates(self, vendor: str, service: str, region: str, option: str) -> bool:
        """Say whether a sync brought what of a service is sold in a region under a purchase option."""
        question = "select 1 from rated where vendor = ? and service = ? and region = ? and option = ?"
        return bool(self._select(question, (vendor, service, region, option)))

    def notes(self) -> list[str]:
        """Say what could not be made of the prices that were asked for so far."""
        return self._terms.gaps() if self._terms else []

    def _shelf(self, selector: Selector) -> Shelf:
        """Return the shelf that a selector is for. Rates of savings plans stand apart: they are many, and seldom meant."""
        plans = (selector.purchase_option or "").startswith(SAVINGS_PLAN)
        place = (selector.vendor, selector.service, selector.region)
        key = (*place, plans)
        if key not in self._shelves:
            own = self._terms.own(*place) if self._terms and not plans else []
            like = (f"{SAVINGS_PLAN}%", _NONE) if plans else (_EVERY, f"{SAVINGS_PLAN}%")
            if key not in self._stored:
                self._stored[key] = self._products(*place, *like), {}
            stored, indexes = self._stored[key]
            database, path = self._database, self.path  # not self: the file is closed with the last reference to it

            def ladder(number: int) -> Ladder:
                if number >= len(stored):
                    return own[number - len(stored)]
                product, found = stored[number]
                tiers = _select(database, path, _TIERS_QUERY, (*place, product))
                return _ladder(path, *place[1:], found, tiers)

            products = [*(product for _, product in stored), *(one.product for one in own)]
            self._shelves[key] = Shelf(products, ladder, {} if own else indexes)
        return self._shelves[key]

    def _ladders(self, vendor: str, service: str, region: str, like: str = _EVERY, unlike: str = _NONE) -> list[Ladder]:
        """Return the prices of a shelf whose purchase option is like the one, and not like the other."""
        tiers: defaultdict[int, list[_Tier]] = defaultdict(list)
        for product, *tier in self._select(_SHELF_QUERY, (vendor, service, region, like, unlike)):
            tiers[product].append(tier)
        products = self._products(vendor, service, region, like, unlike)
        return [_ladder(self.path, service, region, product, tiers[number]) for number, product in products]

    def _products(self, vendor: str, service: str, region: str, like: str, unlike: str) -> list[tuple[int, Product]]:
        """Return the products of a shelf by their numbers in the file."""
        rows = self._select(_PRODUCTS_QUERY, (vendor, service, region, like, unlike))
        read = msgspec.json.Decoder(dict[str, str]).decode
        try:
            return [
                (number, Product(family, read(attributes), unit, option))
                for number, family, attributes, unit, option in rows
            ]
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            raise _damaged(self.path, f"prices of {service} in {region}: {error}") from None


def _select(database: sqlite3.Connection, path: Path, question: str, values: Sequence[object]) -> list[Any]:
    """Return the rows that a question selects. Raises CatalogError for a file that does not answer it."""
    rounds = itertools.count()
    database.set_progress_handler(lambda: next(rounds) > _MAX_ROUNDS, _STEPS)
    try:
        return database.execute(question, values).fetchall()
    except sqlite3.Error as error:
        raise _damaged(path, error) from None


@lru_cache(maxsize=2)
def _stored(path: Path, state: State) -> Stored:
    """Return what this process has read of a file while it was in a state: a run after the first (`--watch`) reads it once."""
    _ = path, state
    return {}


def open_catalog(path: Path | None = None, terms: Terms | None = None) -> Catalog:
    """Open a catalog file; without a path the one that was synced, else the shipped one, compiled first in a checkout.

    With terms its prices are what is paid. Raises CatalogError if it is missing, damaged or of another version. The file is closed with the last reference.
    """
    path = path or current_catalog()
    if not path.is_file():
        raise CatalogError("no such catalog", where=str(path), fix="name a catalog file, or leave --catalog out")
    state = state_of(path)
    try:
        with ExitStack() as opened:
            # One thread reads it, and any may let go of it last: Python collects garbage wherever it happens to be.
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            database = opened.enter_context(closing(connection))
            database.execute("pragma trusted_schema = off")
            if made := database.execute("select name from sqlite_master where type in ('view', 'trigger')").fetchone():
                raise _damaged(path, f"it contains the view or trigger {made[0]!r:.40}, and price catalogs have none")
            found = database.execute("select value from meta where key = 'schema'").fetchone()
            if found is None or found[0] != str(snapshot.SCHEMA_VERSION):
                raise CatalogError(
                    "this price catalog was made by another version of guardrail",
                    where=str(path),
                    fix="make it again with `guardrail pricing sync`, or remove it to use the shipped prices",
                )
            catalog = Catalog(database, path, terms, _stored(path.resolve(), state))
            weakref.finalize(catalog, opened.pop_all().close)
            return catalog
    except sqlite3.Error as error:
        raise _damaged(path, error) from None


def synced_catalog() -> Path:
    """Return where `guardrail pricing sync` puts its catalog."""
    return data.cache_dir() / "pricing" / "catalog.sqlite"


def current_catalog() -> Path:
    """Return the catalog that is used where none is named: the synced one, else the shipped one."""
    synced = synced_catalog()
    return synced if synced.is_file() else shipped_catalog()


def shipped_catalog() -> Path:
    """Return the compiled catalog of the wheel, or compile the checkout's CSV files into the cache if they changed."""
    pricing = data.pricing_dir()
    compiled = pricing / "catalog.sqlite"
    if compiled.is_file():
        return compiled
    state = hashlib.sha256(str(snapshot.SCHEMA_VERSION).encode())
    for part in ("catalog", "specs"):
        for name, size, changed in data.states(pricing / part, ".csv"):
            state.update(f"{part}/{name} {size} {changed}\n".encode())
    cached = data.cache_dir() / f"catalog-{state.hexdigest()[:16]}.sqlite"
    if not cached.is_file():
        try:
            snapshot.compile(pricing, cached)
        except (OSError, sqlite3.OperationalError) as error:  # the second for a full disk
            raise CatalogError(
                f"cannot write the compiled catalog: {getattr(error, 'strerror', None) or error}",
                where=str(cached),
                fix=f"set {data.CACHE_VARIABLE} to a folder that can be written",
            ) from None
    return cached


def _ladder(path: Path, service: str, region: str, product: Product, rows: Iterable[_Tier]) -> Ladder:
    """Return the prices of a product. Raises CatalogError where a row is no price."""
    tiers = []
    try:
        for start, end, price, sku, source, as_of in rows:
            origin = PriceSource(sku, source, as_of, service, region, product.purchase_option)
            tiers.append(Tier(*snapshot.tier_bounds(start, end), _price(price), origin))
    except (ValueError, TypeError) as error:
        raise _damaged(path, f"prices of {service} in {region}: {error}") from None
    if not tiers:
        raise _damaged(path, f"a product of {service} in {region} without a price")
    return Ladder(product, tuple(sorted(tiers, key=lambda tier: tier.start)))


def _price(text: str) -> Decimal:
    price = decimal(text)
    if price < 0 or price.adjusted() > _MAX_DIGITS:
        msg = f"not a price: {text:.40}"
        raise ValueError(msg)
    return price


def _damaged(path: Path, error: object) -> CatalogError:
    return CatalogError(
        f"not a price catalog, or a damaged one: {error}",
        where=str(path),
        fix="make it again with `guardrail pricing sync`, or remove it to use the shipped prices",
    )
