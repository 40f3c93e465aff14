"""The promise, over whole runs: what is hidden from a plan makes no total smaller without a word, and no finding vanish.

Plans are made from bills: several resources with what they refer to, some new, some as they were. Then a price is taken
out of the catalog, a resource that is referred to is left out, a reference is hidden behind a local value, or an attribute
becomes known only after apply.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

import guardrail.check.run
from guardrail.config import RulesConfig, Settings, Source
from guardrail.costs import Usage
from guardrail.load import loaded_rules
from guardrail.model.finding import FindingStatus, OnUnknown
from guardrail.model.money import ZERO
from guardrail.model.report import Report
from guardrail.policy import Budget, RuleSetting
from tests.costs.test_bills import LIBRARY, cases, marks
from tests.costs.test_promise import Without
from tests.terraform.plans import block, change, document, read

LOUD = {FindingStatus.FAIL, FindingStatus.UNKNOWN, FindingStatus.ERROR}
SETTINGS = Settings(
    (Source("plan.json", "shop", "shop"),),
    datetime(2026, 11, 28, tzinfo=UTC),
    rules=RulesConfig(
        packs=("budget", "instance-sizes", "tagging", "waste"),
        set={
            "expensive-resource": RuleSetting(params={"monthly": 50}, on_unknown=OnUnknown.WARN),
            "previous-generation-instance": RuleSetting(on_unknown=OnUnknown.WARN),
            "superseded-volume-type": RuleSetting(on_unknown=OnUnknown.WARN),
        },
    ),
    budgets=(
        Budget(name="all", monthly=Decimal(100)),
        Budget(name="change", increase=Decimal(10), increase_percent=Decimal(10)),
    ),
    default_region={"azure": "eastus"},
)
RUNS, RESOURCES = 25, 5
NOTHING: dict[str, list[str]] = {"references": []}
ELSEWHERE = {"references": ["data.external.elsewhere.result", "data.external.elsewhere"]}
"""What an expression refers to where it tells nothing."""


@cache
def of_others() -> set[tuple[str, str | None]]:
    """Types and attributes that say what belongs to another resource: nobody can miss them there."""
    return {
        (name, reference.attribute)
        for type_name in LIBRARY.priced_types()
        for reference in LIBRARY.find(type_name).definition.refs.values()  # type: ignore[union-attr] # it is priced
        for name in reference.types
        if reference.back
    }


@dataclass
class Draft:
    """A plan in the making: address -> its change, and its block of the configuration."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, address: str, case: Mapping[str, Any], region: str | None, action: str) -> None:
        """Add a resource with the attributes of a case; what is not new has been the same before."""
        type_name, _, name = address.partition(".")
        vendor = address.partition("_")[0]
        after = copy.deepcopy(case.get("attributes", {}))
        if vendor == "azurerm":
            after.setdefault("location", region)
        before = None if action == "create" else copy.deepcopy(after)
        unknown = marks(case.get("unknown", []))
        what = {"type": type_name, "name": name}
        self.changes[address] = change(address, after, actions=[action], before=before, unknown=unknown, **what)
        key = f"{vendor}.{region}"
        self.providers[key] = {"name": vendor, "alias": region, "expressions": {"region": {"constant_value": region}}}
        written = [*after, *case.get("derived", unknown)]
        expressions = {name: {"references": ["var.given"]} for name in written}
        self.blocks[address] = block(address, key, **expressions) | what | {"mode": "managed"}

    def refer(self, source: str, attribute: str, target: str) -> None:
        """Let an attribute refer to a resource; what it says is known after apply where it says nothing yet."""
        expressions = self.blocks[source]["expressions"]
        known = [one for one in expressions.get(attribute, NOTHING)["references"] if one != "var.given"]
        expressions[attribute] = {"references": [*known, f"{target}.id", target]}
        what = self.changes[source]["change"]
        if attribute not in what["after"]:
            what["after_unknown"][attribute] = True

    def plan(self) -> dict[str, Any]:
        """Return the whole."""
        root = {"resources": list(self.blocks.values())}
        return document(*self.changes.values(), root=root, providers=self.providers)


def plan_of(chosen: random.Random) -> tuple[dict[str, Any], Usage]:
    """A plan, and the usage that is given, of some bills: each resource with those that it refers to."""
    draft, usage = Draft(), {}
    for number, (type_name, case) in enumerate(chosen.sample(cases(), RESOURCES)):
        region, action = case.get("region"), chosen.choice(["create", "update", "no-op"])
        subject = f"{type_name}.this_{number}"
        draft.add(subject, case, region, action)
        usage[subject] = case.get("usage", {})
        references = LIBRARY.find(type_name).definition.refs  # type: ignore[union-attr] # every bill is of a definition
        found: dict[str, str] = {}
        for name, given in case.get("refs", {}).items():
            reference = references[name]
            if reference.types[0].startswith("data."):
                continue
            origin = found.get(reference.of, subject) if reference.of else subject
            for place, attributes in enumerate(given if isinstance(given, list) else [given]):
                address = f"{reference.types[0]}.{name}_{number}_{place}"
                found.setdefault(name, address)
                draft.add(address, {"attributes": attributes}, region, action)
                source, target = (address, origin) if reference.back else (origin, address)
                draft.refer(source, reference.attribute or name, target)
    return draft.plan(), Usage({}, usage)


Hide = Callable[[dict[str, Any], random.Random], str | None]
"""Hides something of a plan, in place; returns what, or None where there is nothing of the kind."""


def an_attribute(plan: dict[str, Any], chosen: random.Random) -> str | None:
    """An attribute is known only after apply."""
    there = [
        (entry, name) for entry in plan["resource_changes"] for name in entry["change"]["after"] if name != "location"
    ]
    if not there:
        return None
    entry, name = chosen.choice(there)
    del entry["change"]["after"][name]
    entry["change"]["after_unknown"][name] = True
    if entry["change"]["actions"] == ["no-op"]:
        entry["change"]["actions"] = ["update"]
    _block(plan, entry["address"])["expressions"][name] = ELSEWHERE
    return f"{entry['address']}.{name} is known after apply"


def a_reference(plan: dict[str, Any], chosen: random.Random) -> str | None:
    """What an attribute refers to is found by a data source that is read while applying."""
    there = [
        (block["address"], name)
        for block in plan["configuration"]["root_module"]["resources"]
        for name, expression in block["expressions"].items()
        if expression["references"] != ["var.given"]
        and not {(block["type"], name), (block["type"], None)} & of_others()
    ]
    if not there:
        return None
    address, name = chosen.choice(there)
    _block(plan, address)["expressions"][name] = ELSEWHERE
    return f"{address}.{name} refers to a data source"


def a_resource(plan: dict[str, Any], chosen: random.Random) -> str | None:
    """A resource that others refer to is in another plan."""
    blocks: list[dict[str, Any]] = plan["configuration"]["root_module"]["resources"]
    mentioned = {
        text
        for block in blocks
        for expression in block["expressions"].values()
        for text in expression["references"]
        if text in {other["address"] for other in blocks}
    }
    if not mentioned:
        return None
    address: str = chosen.choice(sorted(mentioned))
    blocks[:] = [block for block in blocks if block["address"] != address]
    plan["resource_changes"] = [entry for entry in plan["resource_changes"] if entry["address"] != address]
    return address


def _block(plan: dict[str, Any], address: str) -> dict[str, Any]:
    return next(b for b in plan["configuration"]["root_module"]["resources"] if b["address"] == address)


class Runs:
    """Runs of the program with one library, one set of rules and one catalog, which are opened once."""

    def __init__(self, catalog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._catalog, self._patch = catalog, monkeypatch
        rules = loaded_rules(SETTINGS, LIBRARY)
        monkeypatch.setattr(guardrail.check.run, "Library", lambda _: LIBRARY)
        monkeypatch.setattr(guardrail.check.run, "loaded_rules", lambda *_: rules)

    def check(self, plan: dict[str, Any], usage: Usage, *, missing: int = -1) -> tuple[Report, int]:
        """Check a plan without one of the prices that it asks for. Return the report, and how many it asks for."""
        lacking = Without(self._catalog, missing)
        self._patch.setattr(guardrail.check.run, "prices", lambda _: lacking)
        self._patch.setattr(guardrail.check.run, "usage_of", lambda _: usage)
        report = guardrail.check.run.check(SETTINGS, read=[(SETTINGS.sources[0], read(plan))])
        return report, lacking.asked


def faults(whole: Report, less: Report, gone: str = "") -> list[str]:
    """Say what the report of less keeps silent about. `gone` is the address of a resource that is no longer in the plan.

    An assumption that is stated may be smaller than what it stands for, and a limit be kept by it. So may a limit by what
    is known of an amount that depends on usage: rules judge the rest when it is given.
    """
    costs = {one.change.address: one.after for one in whole.projects[0].resources}
    ours = costs.get(gone)
    found, stated = [], set()
    for one in less.projects[0].resources:
        before, after = costs[one.change.address], one.after
        assert before
        assert after
        if after.assumed or after.usage_based:
            stated.add(one.change.address)
        if after.known < before.known and not (after.is_lower_bound or after.assumed):
            found.append(f"{one.change.address}: {after.known} for {before.known}, {after.status} {after.note}")
    total = whole.totals.monthly_cost - (ours.known if ours else ZERO)
    if less.totals.monthly_cost < total and not (less.totals.lower_bound or stated):
        found.append(f"{less.totals.monthly_cost} for {total}")
    are = _loud(less)
    for (rule, address), number in _loud(whole).items():
        is_excused = (rule in OF_COST and address in stated) or (not address and (gone or stated))
        if address != gone and not is_excused and are[rule, address] < number:
            found.append(f"{rule} of {address or 'the run'} is gone")
    return found


OF_COST = {"expensive-resource", "unpriced-resource"}


def _loud(report: Report) -> Counter[tuple[str, str]]:
    return Counter((one.rule, one.address) for one in report.all_findings if one.status in LOUD)


@pytest.mark.parametrize("hide", [an_attribute, a_reference, a_resource])
def test_what_is_hidden_from_a_plan_is_missed(catalog, monkeypatch, hide):
    runs = Runs(catalog, monkeypatch)
    silent, tried = [], 0
    for seed in range(RUNS):
        chosen = random.Random(seed)  # noqa: S311 - no secret
        plan, usage = plan_of(chosen)
        whole, _ = runs.check(plan, usage)
        less = copy.deepcopy(plan)
        what = hide(less, chosen)
        if what is not None:
            tried += 1
            report, _ = runs.check(less, usage)
            silent += [(seed, what, fault) for fault in faults(whole, report, what if hide is a_resource else "")]
    assert silent == []
    assert tried > RUNS / 3


def test_what_is_missing_from_the_catalog_is_missed(catalog, monkeypatch):
    runs = Runs(catalog, monkeypatch)
    silent = []
    for seed in range(RUNS):
        chosen = random.Random(seed)  # noqa: S311 - no secret
        plan, usage = plan_of(chosen)
        whole, asked = runs.check(plan, usage)
        missing = chosen.randrange(max(asked, 1))
        report, _ = runs.check(plan, usage, missing=missing)
        silent += [(seed, missing, fault) for fault in faults(whole, report)]
    assert silent == []
