"""Rates of savings plans, joined by SKU to the products that they are for on the shelves of a region."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from guardrail.catalog import snapshot
from guardrail.catalog.vendors.aws_plans import Rate

_ON_SHELVES = """
select shelf.service, price.sku, shelf.id, product.family, product.attributes, product.unit
from synced join shelf using (vendor, service, region) join price on price.shelf = shelf.id
join product on product.id = price.product
where vendor = 'aws' and region = ? and product.purchase_option = 'on_demand' and price.sku != ''
"""
_Product = tuple[int, str, str, str]


class Rating(Struct):
    """The shelves of one of AWS's regions, as synced, on which rates are put."""

    database: sqlite3.Connection
    region: str
    source: str

    def is_of(self, version: str, options: Collection[str], services: Collection[str]) -> bool:
        """Say whether the rates that are there are of a version already."""
        rows = self.database.execute(
            "select service, option, version from rated where vendor = 'aws' and region = ?", (self.region,)
        )
        known = {(service, option): found for service, option, found in rows}
        return all(known.get((service, option)) == version for service in services for option in options)

    def counts(self, options: Collection[str], services: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return how many rates of each service there are under each purchase option."""
        rows = self.database.execute(
            "select service, option, rows from rated where vendor = 'aws' and region = ?", (self.region,)
        )
        return {
            (service, option): count for service, option, count in rows if service in services and option in options
        }

    def put(self, rates: Iterable[Rate], options: Collection[str], version: str, services: Collection[str]) -> int:
        """Put rates beside the prices on demand, instead of those that were there; return how many were read.

        Of products that are on no shelf, since no definition selects them, no rate is kept.
        """
        self._empty(options, services)
        products = self._products(services)
        ids = snapshot.Ids(self.database)
        counts: Counter[tuple[str, str]] = Counter()
        read = 0
        for rate in rates:
            read += 1
            # A rate names its product by SKU alone, so prices on demand have to be on their shelves before.
            for shelf, *product in products.get((rate.service, rate.sku), ()):
                number = ids.of("product", "family attributes unit purchase_option", (*product, rate.option))
                row = (
                    shelf,
                    number,
                    "",
                    "",
                    rate.price,
                    rate.sku,
                    ids.of("source", "name as_of", (self.source, rate.as_of)),
                )
                self.database.execute("insert or replace into price values (?, ?, ?, ?, ?, ?, ?)", row)
                counts[rate.service, rate.option] += 1
        self.database.executemany(
            "insert or replace into rated values ('aws', ?, ?, ?, ?, ?)",
            [
                (service, self.region, option, version, counts[service, option])
                for service in services
                for option in options
            ],
        )
        return read

    def _products(self, services: Collection[str]) -> Mapping[tuple[str, str], set[_Product]]:
        """Return service and SKU -> what is sold on demand under it."""
        products: defaultdict[tuple[str, str], set[_Product]] = defaultdict(set)
        for service, sku, *product in self.database.execute(_ON_SHELVES, (self.region,)):
            if service in services:
                products[service, sku].add(tuple(product))
        return products

    def _empty(self, options: Collection[str], services: Collection[str]) -> None:
        marks = ", ".join("?" * len(options))
        for service in services:
            self.database.execute(
                f"""delete from price where shelf = (select id from shelf where vendor = 'aws' and service = ?
                and region = ?) and product in (select id from product where purchase_option in ({marks}))""",  # noqa: S608
                (service, self.region, *options),
            )
