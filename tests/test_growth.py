"""What grows three times takes about three times as long, and as much memory: nothing on the way is quadratic.

Each part of a run is measured by itself. Whole runs, and larger ones: `benchmarks/growth.py`.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.own_rules import write_rules
from benchmarks.plans import write_plan
from guardrail.catalog import Catalog, open_catalog
from guardrail.check import check
from guardrail.config import Settings, Source
from guardrail.costs import Engine, Library
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.model.report import ProjectReport, Report
from guardrail.policy import Budget, BudgetMatch, Judge, apply_waivers, compile_rule
from guardrail.policy import read_folder as rules_of
from guardrail.recommend.recommend import recommend
from guardrail.report.json.v1 import json_v1
from guardrail.terraform import Plan, read_plan
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.language.syntax.parser import parse_file
from guardrail.terraform.options import Choices
from tests.policy.judging import NOW, PROJECT, rule

TIMES_LONGER, TIMES_LARGER = 4, 3.3
SECONDS, BYTES = 0.03, 1_000_000  # less counts as this: of so little, noise is a large part
ROUNDS = 4  # while it seems to be too much: what others do to the machine passes, what is quadratic stays

Work = Callable[[], Any]


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


def recommending(kind: str, block: str, given: Given, size: int) -> Work:
    """So many blocks of a file are edited, and the edits proved together."""
    (given.folder / "main.tf").write_text("".join(block.replace("NUMBER", str(number)) for number in range(size)))
    chosen = Settings((Source(str(given.folder), "shop", ".", env="dev"),), NOW, base=given.folder)
    return lambda: recommend(chosen, only=[kind])


VOLUME = """
resource "aws_ebs_volume" "v_NUMBER" {
  availability_zone = "us-east-1a"
  size              = 500
  type              = "gp2"
}
"""
INSTANCE = """
resource "aws_instance" "web_NUMBER" {
  ami           = "ami-1"
  instance_type = "m5.large"
}
"""
PARTS: dict[str, tuple[int, Callable[[Given, int], Work]]] = {
    "resources are read": (200, partial(reading, growth.resources)),
    "resources are priced": (60, partial(pricing, growth.resources)),
    "resources are judged": (150, judging_resources),
    "instances over another resource's are read": (150, partial(reading, growth.keyed_plan)),
    "instances over another resource's are priced": (300, partial(pricing, growth.keyed_plan)),
    "instances that mention all of another are read": (150, partial(reading, growth.mentioned_by_all)),
    "instances that mention all of another are priced": (200, partial(pricing, growth.mentioned_by_all)),
    "instances of a block are evaluated": (120, partial(evaluating, growth.instances)),
    "instances over another resource's are evaluated": (100, partial(evaluating, growth.keyed)),
    "modules are evaluated": (30, partial(evaluating, growth.modules)),
    "nested blocks are evaluated": (120, partial(evaluating, growth.blocks)),
    "rules are loaded and judge": (20, judging_rules),
    "budgets count": (150, judging_budgets),
    "waivers excuse": (1000, waiving),
    "projects are read, priced and judged": (3, checking_projects),
    "attributes of blocks are edited": (40, partial(recommending, "rightsizing", VOLUME)),
    "schedules are written for blocks": (30, partial(recommending, "schedules", INSTANCE)),
}
HELD = (
    "resources are read",
    "instances over another resource's are read",
    "instances that mention all of another are read",
    "instances over another resource's are evaluated",
    "projects are read, priced and judged",
)


@pytest.fixture(scope="module")
def library() -> Library:
    """The shipped definitions."""
    return Library()


@pytest.fixture
def prepared(catalog, library, tmp_path) -> Callable[[str], tuple[Work, Work]]:
    """Write the inputs of a part of a run: those of a size, and of three times as much."""

    def prepare(name: str) -> tuple[Work, Work]:
        size, part = PARTS[name]
        folders = tmp_path / "once", tmp_path / "thrice"
        for folder in folders:
            folder.mkdir()
        once, thrice = (Given(folder, catalog, library) for folder in folders)
        return part(once, size), part(thrice, 3 * size)

    return prepare


@pytest.mark.parametrize("name", PARTS)
def test_three_times_the_size_takes_about_three_times_as_long(name, prepared):
    once, thrice = prepared(name)
    less, more = seconds(once), seconds(thrice)  # with what is loaded or remembered once a process
    for _ in range(ROUNDS):
        less, more = min(less, seconds(once)), min(more, seconds(thrice))
        if more < TIMES_LONGER * max(less, SECONDS):
            break
    assert more < TIMES_LONGER * max(less, SECONDS), f"{less:.3f} s and {more:.3f} s"


@pytest.mark.parametrize("name", HELD)
def test_three_times_the_size_takes_about_three_times_as_much_memory(name, prepared):
    once, thrice = prepared(name)
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


def seconds(work: Work) -> float:
    """Return what work takes of the processor, without the collector, as the command line runs."""
    gc.disable()
    try:
        started = process_time()
        work()
        return process_time() - started
    finally:
        gc.enable()


def most_held(work: Work) -> int:
    """Return the most bytes that work holds at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
