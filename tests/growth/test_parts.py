"""Parts of a run by themselves, whose growth a whole run would hide: what they do, and what they hold.

Whole processes, and larger ones: `benchmarks/growth.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.own_rules import write_rules
from benchmarks.plans import write_plan
from guardrail.catalog import Catalog, open_catalog
from guardrail.check.run import check
from guardrail.config import Settings, Source
from guardrail.costs import Engine, Library
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.model.report import ProjectReport, Report
from guardrail.policy import Budget, BudgetMatch, Judge, apply_waivers, compile_rule
from guardrail.policy import read_folder as rules_of
from guardrail.report.json.v1 import json_v1
from guardrail.terraform import Plan, read_plan
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.language.syntax.parser import parse_file
from guardrail.terraform.options import Choices
from tests.growth.work import MORE, Work, lines_of, most_held, times_more
from tests.policy.judging import NOW, PROJECT, rule

TIMES_LARGER = 3.3
BYTES = 1_000_000  # less counts as this: of so little, noise is a large part


@dataclass(frozen=True)
class Given:
    """What a part of a run starts from."""

    folder: Path
    catalog: Catalog
    library: Library

    def plan(self, write: Callable[[Path, int], Any], size: int) -> Plan:
        """A plan of a size."""
        write(self.folder, size)
        (plan,) = read_plan((self.folder / "plan.json").read_bytes(), "plan.json")
        return plan

    def priced(self, plan: Plan) -> tuple[ResourceCost, ...]:
        """The resources of a plan."""
        return Engine(self.library, self.catalog).estimate(plan.changes, plan.data)


def reading(write: Callable[[Path, int], Any], given: Given, size: int) -> Work:
    """A plan is read."""
    write(given.folder, size)
    text = (given.folder / "plan.json").read_bytes()
    return lambda: read_plan(text, "plan.json")


def pricing(write: Callable[[Path, int], Any], given: Given, size: int) -> Work:
    """The resources of a plan are priced."""
    plan = given.plan(write, size)
    return lambda: given.priced(plan)


def evaluating(write: Callable[[Path, int], Any], given: Given, size: int) -> Work:
    """A folder of configuration is parsed and evaluated; `read_folder` parses equal text once."""
    write(given.folder, size)
    text = (given.folder / "main.tf").read_bytes()
    return lambda: (parse_file("main.tf", text), read_folder(given.folder, Choices()))


def judging_resources(given: Given, size: int) -> Work:
    """Rules, one of them about the whole plan, are asked about so many resources."""
    resources = given.priced(given.plan(growth.budgets, size))
    rules = [
        rule("resource.tags.team == 'none'", engine="python"),
        rule("plan.resources.all(r, r.cost.monthly < 1)", id="whole-plan", scope="plan", engine="python"),
    ]
    return lambda: Judge(rules, given.catalog.spec, NOW).project(PROJECT, resources)


def judging_rules(given: Given, size: int) -> Work:
    """So many rules are loaded, and asked about a few resources."""
    resources = given.priced(given.plan(growth.resources, 20))
    (given.folder / "rules").mkdir()
    write_rules(given.folder / "rules", size)

    def work() -> object:
        rules = [compile_rule(file) for file in rules_of(given.folder / "rules")]
        return Judge(rules, given.catalog.spec, NOW).project(PROJECT, resources)

    return work


def judging_budgets(given: Given, size: int) -> Work:
    """So many budgets, each for a tag, count as many resources."""
    bill = ProjectReport("shop", ".", given.priced(given.plan(growth.budgets, size)))
    budgets = [
        Budget(name=f"team-{number}", monthly=Decimal(100), match=BudgetMatch(tags={"team": f"team-{number}"}))
        for number in range(size)
    ]
    within = rule("budget.cost.monthly <= budget.monthly", scope="budget")
    return lambda: Judge([within], given.catalog.spec, NOW).budgets(budgets, [(PROJECT, bill)])


def waiving(_: Given, size: int) -> Work:
    """So many waivers, each for a glob of addresses, excuse as many findings."""
    until = date(2026, 12, 1)
    waivers = [
        Waiver("required-*", f"aws_instance.web-{number}*", "agreed", until, where=f"waivers.yaml:{number}")
        for number in range(size)
    ]
    violated = partial(
        Finding,
        *("required-tags", "Required tags", Severity.LOW, Enforcement.MANDATORY, FindingStatus.FAIL, "no tag", True),
    )
    findings = [violated(address=f"aws_instance.web-{number}") for number in range(size)]
    return lambda: apply_waivers(findings, waivers, today=NOW.date())


def checking_projects(given: Given, size: int, *, kinds: int = 1000) -> Work:
    """So many plans, of which so many are different, are read, priced and judged, and what reports need of them is kept."""
    for number in range(size):
        write_plan(given.folder / f"plan-{number}.json", 20, seed=number % kinds)
    sources = tuple(
        Source(str(given.folder / f"plan-{number}.json"), f"project-{number}", ".") for number in range(size)
    )
    return lambda: check(Settings(sources, NOW, base=given.folder))


PARTS: dict[str, tuple[int, Callable[[Given, int], Work]]] = {
    "resources are read": (40, partial(reading, growth.resources)),
    "resources are judged": (30, judging_resources),
    "instances over another resource's are priced": (60, partial(pricing, growth.keyed_plan)),
    "instances that mention all of another are read": (60, partial(reading, growth.mentioned_by_all)),
    "instances that mention all of another are priced": (60, partial(pricing, growth.mentioned_by_all)),
    "instances over another resource's are evaluated": (20, partial(evaluating, growth.keyed)),
    "nested blocks are evaluated": (40, partial(evaluating, growth.blocks)),
    "rules are loaded and judge": (8, judging_rules),
}
HELD: dict[str, tuple[int, Callable[[Given, int], Work]]] = {
    "resources are read": (200, partial(reading, growth.resources)),
    "instances over another resource's are read": (150, partial(reading, growth.keyed_plan)),
    "instances that mention all of another are read": (150, partial(reading, growth.mentioned_by_all)),
    "instances over another resource's are evaluated": (100, partial(evaluating, growth.keyed)),
    "modules are evaluated": (30, partial(evaluating, growth.modules)),
    "nested blocks are evaluated": (100, partial(evaluating, growth.blocks)),
    "rules are loaded and judge": (20, judging_rules),
    "budgets count": (150, judging_budgets),
    "waivers excuse": (500, waiving),
    "projects are read, priced and judged": (3, checking_projects),
}


@pytest.fixture(scope="module")
def library() -> Library:
    """The shipped definitions."""
    return Library()


@pytest.fixture
def prepare(catalog, library, tmp_path) -> Callable[[Callable[[Given, int], Work], int], Work]:
    """Write the inputs of a part of a run, of a size."""

    def write(part: Callable[[Given, int], Work], size: int) -> Work:
        folder = tmp_path / str(size)
        folder.mkdir()
        return part(Given(folder, catalog, library), size)

    return write


@pytest.mark.parametrize("name", PARTS)
def test_three_times_the_size_takes_three_times_the_work(name, prepare):
    size, part = PARTS[name]
    assert times_more(lines_of, partial(prepare, part), size) < MORE


@pytest.mark.parametrize("name", HELD)
def test_three_times_the_size_takes_about_three_times_as_much_memory(name, prepare):
    size, part = HELD[name]
    once, thrice = prepare(part, size), prepare(part, 3 * size)
    once()  # what is loaded or remembered once a process
    less, more = most_held(once), most_held(thrice)
    assert more < TIMES_LARGER * max(less, BYTES), f"{less:,} and {more:,} bytes"


@pytest.mark.parametrize("engine", ["cpp", "python"])
def test_a_project_more_takes_no_more_memory_than_what_is_reported_of_it(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("GUARDRAIL_CEL_ENGINE", engine)
    given = Given(tmp_path, open_catalog(), Library())
    few, many = (checking_projects(given, size, kinds=1) for size in (4, 12))  # that all read the same prices
    few()  # what is loaded or remembered once a process
    reports: list[Report] = []
    less, more = (most_held(partial(lambda work: reports.append(work()), work)) for work in (few, many))
    written = [len(json_v1(report)) for report in reports]
    assert more - less < 3 * (written[1] - written[0]), f"{less:,} and {more:,} bytes for {written}"
