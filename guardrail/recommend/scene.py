"""One project as kinds of recommendations look at it: its resources, priced, and what is known beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from guardrail.catalog import Catalog
from guardrail.config.file import RecommendConfig
from guardrail.ledger.queries.unmanaged import Unmanaged
from guardrail.ledger.records.identifiers import normal_forms
from guardrail.model.cost import ResourceCost
from guardrail.model.resource import Change, Side
from guardrail.policy import Project
from guardrail.recommend.evaluation import Evaluation
from guardrail.recommend.metrics import Window, Windows
from guardrail.terraform.plan.reader import Plan


class Hours(Struct, frozen=True):
    """How many hours of a resource a month's bill has, and how many of them no commitment covers."""

    hours: Decimal
    on_demand: Decimal
    source: str
    month: str

    @property
    def share(self) -> Decimal:
        """The share of its hours that is paid on demand, 0 to 1; 1 where it had none."""
        return self.on_demand / self.hours if self.hours else Decimal(1)


class Facts(Struct, frozen=True):
    """What is known beside plans and prices.

    windows    metrics by id
    hours      by id: hours of the bill, and how many of them are on demand
    ids        ids by project and address, from states in the ledger, for plans that do not tell them
    unmanaged  what bills charge for and no state has
    """

    windows: Windows = field(default_factory=Windows)
    hours: Mapping[str, Hours] = field(default_factory=dict)
    ids: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    unmanaged: tuple[Unmanaged, ...] = ()


NO_FACTS = Facts()


class Scene(Struct, frozen=True, dict=True):
    """A project, its resources as they are priced, and what is known beside them.

    evaluation  prices the project with edits
    plan        what was read of it
    """

    project: Project
    resources: tuple[ResourceCost, ...]
    evaluation: Evaluation
    catalog: Catalog
    facts: Facts
    config: RecommendConfig
    now: datetime
    currency: str
    plan: Plan

    def existing(self) -> Iterator[tuple[Change, Side]]:
        """Give the resources that there will be, each with how it will be."""
        for one in self.resources:
            if side := one.change.billed_after:
                yield one.change, side

    def window(self, change: Change, metric: str) -> Window | None:
        """Return what a metric of a resource was over the days that there are; None where there is none."""
        return next(filter(None, (self.facts.windows.of(id_, metric) for id_ in self.ids_of(change))), None)

    def hours(self, change: Change) -> Hours | None:
        """Return the hours that the bill has of a resource; None where it has none."""
        return next(filter(None, map(self.facts.hours.get, self.ids_of(change))), None)

    def ids_of(self, change: Change) -> tuple[str, ...]:
        """Return what bills and metrics call a resource: by the plan, else by the newest state in the ledger."""
        own = (*normal_forms(change.ids.arn), *normal_forms(change.ids.id))
        return own or self.facts.ids.get((self.project.name, change.address), ())

    @cached_property
    def costs(self) -> Mapping[str, ResourceCost]:
        """The priced resources by address."""
        return {one.change.address: one for one in self.resources}

    def specs(self, vendor: str) -> Mapping[str, Mapping[str, Any]]:
        """Return all machine types of a vendor with their facts."""
        return self.catalog.machine_types(vendor)
