"""What a plan is made from and what it says: usage by the hour, what vendors offer for it, and purchases."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

MONTH = 730
"""Hours in a month, as everywhere in guardrail."""


class Usage(Struct, frozen=True):
    """What is used of one product that is sold by the hour, and not covered by a commitment yet.

    name   what people call it: m5.large, Standard_D2s_v5, N2 Instance Core
    what   what tells it from others of the name (Linux, Multi-AZ PostgreSQL), "" if nothing does
    meter  what the bill calls it
    price  of one unit on demand, as the bill has it, before commitments; None: the bill does not tell
    used   quantity in each of the hours that are looked at, in 10^-18 of the unit
    """

    vendor: str
    service: str
    region: str
    name: str
    what: str
    meter: str
    unit: str
    price: Fraction | None
    used: tuple[int, ...]

    @property
    def key(self) -> str:
        """The name under which offers and purchases refer to it."""
        return " ".join(part for part in (self.service, self.name, self.what, self.region) if part)


class Offer(Struct, frozen=True):
    """Something to commit to for a term, at published rates.

    kind      reservation, convertible reservation, EC2 instance savings plan, compute savings plan, committed use, ...
    scope     what it covers, in a few words: "m5 in us-east-1, Linux"
    breadth   0: one family in one region; 1: a family of any size and system; 2: everything that the vendor covers.
              Vendors draw on narrow commitments before broad ones
    months    the term
    payment   no_upfront, partial_upfront, all_upfront; "" where the vendor has one way only
    unit      of the commitment: "$/h", "m5.large", "vCPU", "GiB"
    weights   key of usage -> units of the commitment that one unit of usage takes up
    hourly    what a unit costs in each hour of the term, used or not
    upfront   what a unit costs in advance
    step      amounts are multiples of it
    source    whose rates they are, and as_of which day
    """

    vendor: str
    kind: str
    scope: str
    breadth: int
    months: int
    payment: str
    unit: str
    weights: Mapping[str, Fraction]
    hourly: Fraction
    upfront: Fraction
    step: Fraction
    source: str
    as_of: str

    @property
    def hours(self) -> int:
        """Hours of the term: a year has 8,760."""
        return self.months * MONTH

    @property
    def cost(self) -> Fraction:
        """What a unit costs in an hour, with its share of what is paid in advance."""
        return self.hourly + self.upfront / self.hours

    @property
    def terms(self) -> str:
        """Return the term and the way to pay in words."""
        years = f"{self.months // 12} year" + ("s" if self.months > 12 else "")  # noqa: PLR2004 - a year
        return f"{years}, {self.payment.replace('_', ' ')}" if self.payment else years


class Purchase(Struct, frozen=True):
    """So much of an offer, in its unit."""

    offer: Offer
    amount: Fraction


class Outcome(Struct, frozen=True):
    """What purchases come to in a month of 730 hours, at some use; money in the currency of the bill.

    on_demand  what the usage would cost without them
    committed  what they cost, used or not
    avoided    what of the usage they pay for, at prices on demand
    used       share of what is committed that is used
    """

    on_demand: Fraction
    committed: Fraction
    avoided: Fraction
    used: Fraction

    @property
    def saving(self) -> Fraction:
        """What is saved; below 0: lost."""
        return self.avoided - self.committed


class Judged(Struct, frozen=True):
    """Purchases with what they come to, and what they risk.

    now          at the use of the hours that are looked at
    at           share of that use -> outcome: 100, 90, 80, 70 percent
    by_month     month (2026-10) -> outcome, of each of the last twelve that there are
    break_even   utilization at which they cost what they save
    break_months months of the same use after which they have paid for their whole term; None: not within it
    """

    purchases: tuple[Purchase, ...]
    now: Outcome
    at: Mapping[int, Outcome]
    by_month: Mapping[str, Outcome]
    break_even: Fraction | None
    break_months: Fraction | None

    @property
    def worst(self) -> tuple[str, Outcome] | None:
        """Return the month with the lowest saving."""
        return min(self.by_month.items(), key=lambda item: (item[1].saving, item[0]), default=None)

    @property
    def upfront(self) -> Decimal:
        """What is paid in advance."""
        due = sum((one.amount * one.offer.upfront for one in self.purchases), Fraction(0))
        return Decimal(due.numerator) / Decimal(due.denominator)
