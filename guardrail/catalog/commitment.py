"""Savings plans, reservations and dev/test by name: which prices of the catalog they are, and what a unit costs by them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, get_args

from guardrail.catalog.query import COMMITTED_USE, DEV_TEST, SAVINGS_PLAN, Ladder
from guardrail.files.section import Section

HOURS = 730
"""Hours in a month."""

_SOLD_FOR = {
    "compute": frozenset({"AmazonEC2", "AmazonECS", "AmazonEKS", "AWSLambda"}),
    "ec2_instance": frozenset({"AmazonEC2"}),
    "sagemaker": frozenset({"AmazonSageMaker"}),
}
"""Kind of plan -> the services that it is for, where AWS says so for good. What is covered of them, its rates say."""
_DEV_TEST = frozenset({
    "Azure App Service", "Cloud Services", "HDInsight", "Logic Apps", "SQL Database", "SQL Managed Instance", "Virtual Machines",
})  # fmt: skip
"""What costs less in subscriptions of Azure for development and tests: https://azure.microsoft.com/pricing/offers/dev-test/"""
_FEE = "Quantity"  # AWS's unit of what is paid in advance for a reservation
MONTHS = {"1yr": 12, "3yr": 36, "5yr": 60}
"""Term -> its months."""
Payment = Literal["no_upfront", "partial_upfront", "all_upfront"]
AWS_PAYMENTS: tuple[Payment, ...] = get_args(Payment)
"""The ways to pay for a commitment of AWS."""
Kind = Literal["compute", "ec2_instance", "database", "sagemaker"]
Term = Literal["1yr", "3yr"]
Offering = Literal["standard", "convertible"]
AWS_PLANS: tuple[Kind, ...] = ("compute", "ec2_instance", "database")
"""The kinds of savings plans of AWS for what cost definitions price."""
TERMS: tuple[Term, ...] = get_args(Term)
OFFERINGS: tuple[Offering, ...] = get_args(Offering)


class SavingsPlan(Section, kw_only=True):
    """A savings plan by its terms, at the rates that the vendor publishes. AWS has kinds and ways to pay, Azure a term."""

    kind: Kind | None = None
    term: Term
    payment: Payment | None = None

    def option(self, vendor: str) -> str:
        """Return the purchase option that the catalog calls it. Raises ValueError for what the vendor does not sell."""
        if vendor == "aws" and self.kind and self.payment:
            return f"{SAVINGS_PLAN}{self.kind}_{self.term}_{self.payment}"
        if vendor == "azure" and not self.kind and not self.payment:
            return f"{SAVINGS_PLAN}{self.term}"
        msg = {
            "aws": "a savings plan of AWS has kind, term and payment",
            "azure": "a savings plan of Azure has a term only",
        }.get(vendor, _NO_VENDOR)
        raise ValueError(msg)

    def is_for(self, service: str) -> bool:
        """Say whether anything of a service may be covered."""
        return self.kind not in _SOLD_FOR or service in _SOLD_FOR[self.kind]

    def rate(self, vendor: str, unit: str, ladders: Iterable[Ladder]) -> Decimal | None:  # noqa: ARG002 - as a reservation's
        """Return what a unit costs by it, from the prices of the product under its purchase option; None: no such rate."""
        return _published(unit, ladders)


class Reservation(Section):
    """Reserved capacity by its terms, at the prices that the vendor publishes. On Azure `term` says it all."""

    term: Literal["1yr", "3yr", "5yr"]
    payment: Payment | None = None
    offering: Offering = "standard"

    def option(self, vendor: str) -> str:
        """Return the purchase option that the catalog calls it. Raises ValueError for what the vendor does not sell."""
        if vendor == "aws" and self.payment:
            kind = "convertible_" if self.offering == "convertible" else ""
            return f"reserved_{kind}{self.term}_{self.payment}"
        if vendor == "azure" and not self.payment and self.offering == "standard":
            return f"reserved_{self.term}"
        msg = {
            "aws": "a reservation of AWS has term and payment",
            "azure": "a reservation of Azure has a term only",
        }.get(vendor, _NO_VENDOR)
        raise ValueError(msg)

    def is_for(self, service: str) -> bool:  # noqa: ARG002 - as a savings plan's
        """Say whether anything of a service may be covered."""
        return True

    def rate(self, vendor: str, unit: str, ladders: Iterable[Ladder]) -> Decimal | None:
        """Return what an hour costs by it, fees spread over the term; None if its prices are not all there."""
        prices = {ladder.product.unit: ladder.tiers[0].price for ladder in ladders}
        hours = MONTHS[self.term] * HOURS
        hourly, fee = prices.get(unit), prices.get(_FEE)
        if vendor == "azure":  # whose price of a reservation is the whole term's
            return None if hourly is None else hourly / hours
        if self.payment == "no_upfront":
            return hourly
        if fee is None or (hourly is None and self.payment == "partial_upfront"):
            return None
        # Paid all upfront, there is no price by the hour, or one of 0.
        return (hourly or Decimal(0)) + fee / hours


class DevTest(Section):
    """A subscription of Azure for development and tests: its prices, among them that of Windows without a licence."""

    def option(self, vendor: str) -> str:
        """Return the purchase option that the catalog calls it. Raises ValueError for other vendors."""
        if vendor == "azure":
            return DEV_TEST
        msg = "only Azure has prices of its own for dev/test: needs vendor: azure"
        raise ValueError(msg)

    def is_for(self, service: str) -> bool:
        """Say whether anything of a service costs less."""
        return service in _DEV_TEST

    def rate(self, vendor: str, unit: str, ladders: Iterable[Ladder]) -> Decimal | None:  # noqa: ARG002 - as a reservation's
        """Return what a unit costs there; None where the vendor has no such price."""
        return _published(unit, ladders)


Commitment = SavingsPlan | Reservation | DevTest
_NO_VENDOR = "needs vendor: aws or azure; of others no such rates are known: give a discount or a price"


def _published(unit: str, ladders: Iterable[Ladder]) -> Decimal | None:
    return next((ladder.tiers[0].price for ladder in ladders if ladder.product.unit == unit), None)


def every_plan() -> frozenset[tuple[str, str]]:
    """Return vendor and purchase option of every commitment that the vendors' lists have rates of."""
    plans: set[tuple[str, Commitment]] = set()
    for term in TERMS:
        plans |= {("azure", SavingsPlan(term=term)), ("azure", Reservation(term=term))}
        for payment in AWS_PAYMENTS:
            plans |= {("aws", SavingsPlan(kind=kind, term=term, payment=payment)) for kind in AWS_PLANS}
            plans |= {("aws", Reservation(term=term, payment=payment, offering=offering)) for offering in OFFERINGS}
    google = {("gcp", f"{COMMITTED_USE}{term}") for term in TERMS}
    return frozenset({(vendor, plan.option(vendor)) for vendor, plan in plans} | google)


def may_cover(option: str, services: Iterable[str]) -> bool:
    """Say whether a savings plan of AWS may have rates for any of some services, by the name of its purchase option."""
    kind = next((kind for kind in get_args(Kind) if option.startswith(f"{SAVINGS_PLAN}{kind}_")), "")
    if kind == "database":
        return not set(services) <= _SOLD_FOR["compute"]
    return kind not in _SOLD_FOR or not _SOLD_FOR[kind].isdisjoint(services)
