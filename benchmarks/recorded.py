"""Recorded estimates to compare with: folders `<cloud>/<case>` of `plan.json`, `usage.yml` and `expected.json`.

`expected.json` has the recorded lines of each resource, by address: `name` and `unit` with `monthly_cost`, or with `unit_price`
where the amount depends on usage that is not given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from guardrail.catalog import open_catalog
from guardrail.catalog.store import shipped_catalog
from guardrail.costs import NO_USAGE, Engine, Library, Usage, load_usage
from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.resource import Change
from guardrail.terraform.inputs import read_plans

VENDORS = {"aws": "aws", "azure": "azure", "google": "gcp"}
"""Folder of the cases -> the vendor's name in definitions and prices."""
DEFAULT_REGIONS = {"aws": "us-east-1"}
"""What the recorded estimates take where a provider names no region."""
_TYPES = ("aws_", "azurerm_", "google_")


@dataclass(frozen=True)
class Case:
    """One plan with what is recorded of it.

    expected  address -> its recorded lines
    """

    vendor: str
    name: str
    plan: Path
    usage: Usage
    expected: Mapping[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Compared:
    """A recorded resource beside its estimate, which is None where the plan has no such resource."""

    case: Case
    address: str
    type: str
    lines: list[dict[str, str]]
    cost: Cost | None

    @property
    def total(self) -> Decimal:
        """The recorded amount of a month."""
        return sum((Decimal(line["monthly_cost"]) for line in self.lines if "monthly_cost" in line), Decimal(0))

    @property
    def prices(self) -> list[dict[str, str]]:
        """The recorded lines that have a unit price alone."""
        return [line for line in self.lines if "unit_price" in line]


def cases(folder: Path) -> Iterator[Case]:
    """Read every case below a folder, by cloud and name. Raises SystemExit where there is none."""
    plans = sorted(folder.glob("*/*/plan.json"))
    if not plans:
        raise SystemExit(f"{folder}: no cases in it; expected <cloud>/<case>/plan.json with expected.json beside it")
    for plan in plans:
        usage = plan.with_name("usage.yml")
        yield Case(
            VENDORS[plan.parent.parent.name],
            plan.parent.name,
            plan,
            load_usage(usage) if usage.is_file() else NO_USAGE,
            json.loads(plan.with_name("expected.json").read_bytes()),
        )


class Estimator:
    """Prices plans with the shipped definitions and prices."""

    def __init__(self) -> None:
        self._library, self._catalog = Library(), open_catalog(shipped_catalog())

    def regions(self, vendor: str) -> frozenset[str]:
        """Return every region of a vendor that has some price."""
        return frozenset(region for owner, _, region in self._catalog.shelves() if owner == vendor)

    def costs(
        self, plan: Path, usage: Usage, default_regions: Mapping[str, str] = DEFAULT_REGIONS
    ) -> tuple[ResourceCost, ...]:
        """Price the resources of a plan."""
        engine = Engine(self._library, self._catalog, usage=usage, default_regions=default_regions)
        read = read_plans(str(plan))
        return tuple(cost for one in read for cost in engine.estimate(one.changes, one.data))

    def compared(self, case: Case) -> Iterator[Compared]:
        """Price a case and lay what is recorded beside it, in the order of the record."""
        found = {cost.change.address: cost for cost in self.costs(case.plan, case.usage)}
        for address, lines in case.expected.items():
            cost = found.get(address)
            yield Compared(
                case, address, _type(address, cost.change if cost else None), lines, cost.after if cost else None
            )


def _type(address: str, change: Change | None) -> str:
    if change is not None:
        return change.type
    return next(part for part in address.replace("[", ".").split(".") if part.startswith(_TYPES))
