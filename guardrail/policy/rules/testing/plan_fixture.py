"""What a test says of a plan beside its resources: modules, providers, variables, and the lines of a bill."""

from __future__ import annotations

from decimal import Decimal

from guardrail.files.section import Section
from guardrail.model.cost import Line, LineStatus
from guardrail.model.plan.facts import CalledModule, RequiredProvider
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown


class LineFixture(Section):
    """One line of what a test's resource costs."""

    monthly: Decimal | None = None
    """null: it has no price"""
    quantity: Decimal | None = None
    """in a month"""
    unit: str = ""

    def line(self, name: str) -> Line:
        """Return the line."""
        if self.monthly is None:
            return Line(name, self.unit, LineStatus.NO_PRICE, "", self.quantity, reason=Reason.NO_PRICE)
        price = self.monthly / self.quantity if self.quantity else None
        return Line(name, self.unit, LineStatus.PRICED, "", self.quantity, price, self.monthly)


class ModuleFixture(Section):
    """A module block of a test's plan."""

    address: str
    """without keys of instances: module.net.module.vpc"""
    source: str | None
    """null: nothing tells"""
    version: str = ""

    def called(self) -> CalledModule:
        """Return the module block."""
        untold = Unknown(f"the source of {self.address}", "the plan does not say it", Reason.NOT_EVALUATED)
        return CalledModule(self.address, untold if self.source is None else self.source, self.version)


class ProviderFixture(Section):
    """A provider that a module of a test's plan uses."""

    name: str
    source: str = ""
    """default: hashicorp/NAME"""
    constraint: str = ""
    """the versions that it allows; empty: any"""
    module: str = ""
    version: str | None = None
    """what the lock file selects; without one for any provider, there is no lock file"""

    def required(self) -> RequiredProvider:
        """Return the provider."""
        return RequiredProvider(self.name, self.source or f"hashicorp/{self.name}", self.constraint, self.module)
