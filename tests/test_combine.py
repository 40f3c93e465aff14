"""Several results as one: what belongs together, and what is judged over all of it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from guardrail.check.combine import combine
from guardrail.config import Flags, settings
from guardrail.errors import InputError
from guardrail.model.finding import FindingStatus
from guardrail.model.report import PullRequest
from guardrail.model.resource import Action
from tests.report import samples

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def configured(tmp_path):
    """Return the settings of a guardrail.yaml."""

    def call(text="", waivers=None):
        lines = f"version: 1\nrules: {{packs: [budget]}}\n{text}"
        if waivers is not None:
            (tmp_path / "waivers.yaml").write_text(waivers, encoding="utf-8")
            lines += "waivers: waivers.yaml\n"
        (tmp_path / "guardrail.yaml").write_text(lines, encoding="utf-8")
        return settings(Flags(inputs=("-",), config=tmp_path / "guardrail.yaml", now=NOW), Path.cwd())

    return call


def result(name, before="100", after="400", whole=(), **more):
    grows = samples.resource(
        action=Action.UPDATE,
        before=samples.cost(samples.line(monthly=before)),
        after=samples.cost(samples.line(monthly=after)),
    )
    return f"{name}.json", replace(samples.report([grows], name=name, **more), findings=whole)


BUDGET = "budgets: [{name: all, increase: 500}]\n"


def budget_finding(**more):
    fields = {
        "rule": "budget-increase-exceeded",
        "address": "",
        "evidence": {"budget.name": "all"},
        "message": "of a part",
    }
    return samples.finding(**(fields | more))


def test_a_single_result_stands_as_it_is(configured):
    name, report = result("a", whole=(budget_finding(),))
    assert combine([(name, report)], configured(BUDGET)) is report


def test_a_budget_that_no_part_exceeds_is_exceeded_by_the_whole(configured):
    whole = combine([result("a"), result("b")], configured(BUDGET))
    assert [(f.rule, f.message) for f in whole.findings] == [
        ("budget-increase-exceeded", "budget all: the change adds $600.00 a month, more than $500.00")
    ]
    assert whole.verdict == "fail"


def test_what_a_check_said_of_a_budget_on_its_own_is_not_said_twice(configured):
    whole = combine([result("a", whole=(budget_finding(),)), result("b")], configured(BUDGET))
    assert len(whole.findings) == 1
    assert whole.findings[0].message != "of a part"


def test_savings_of_one_project_pay_for_another(configured):
    parts = [result("a", after="900", whole=(budget_finding(),)), result("b", before="900", after="100")]
    assert combine(parts, configured(BUDGET)).verdict == "pass"


def test_without_a_configuration_the_checks_stand(configured):
    parts = [result("a", whole=(budget_finding(),)), result("b", whole=(budget_finding(),))]
    assert len(combine(parts, None).findings) == 1
    assert len(combine(parts, configured()).findings) == 0


def test_a_budget_of_one_environment_counts_its_projects(configured):
    text = (
        "projects: [{name: a, plan: a.json, env: prod}, {name: b, plan: b.json, env: dev}]\n"
        "budgets: [{name: prod, match: {env: prod}, increase: 250}]\n"
    )
    whole = combine([result("a"), result("b")], configured(text))
    assert [f.message for f in whole.findings] == ["budget prod: the change adds $300.00 a month, more than $250.00"]


WAIVER = "waivers: [{{rule: {}, address: '{}', reason: agreed, expires: 2026-12-31}}]\n"


def test_a_budget_over_several_projects_can_be_waived(configured):
    waived = configured(BUDGET, WAIVER.format("budget-increase-exceeded", "budget:all"))
    whole = combine([result("a"), result("b")], waived)
    assert [f.status for f in whole.findings] == [FindingStatus.WAIVED]
    assert whole.verdict == "pass"


def test_a_waiver_that_another_project_uses_is_not_unused(configured):
    chosen = configured("", WAIVER.format("required-tags", "aws_instance.web"))
    unused = samples.finding("waiver-unused", blocking=False, address="", message="excuses nothing")
    name, report = result("a")
    tagged = replace(report, projects=(replace(report.projects[0], findings=(samples.finding(),)),))
    whole = combine([(name, tagged), result("b", whole=(unused,))], chosen)
    assert whole.findings == ()
    assert [f.status for f in whole.projects[0].findings] == [FindingStatus.WAIVED]


@pytest.mark.parametrize("names, reported", [("ab", True), ("abc", False)])
def test_an_unused_waiver_is_reported_once_all_projects_are_in(configured, names, reported):
    projects = ", ".join(f"{{name: {name}, plan: {name}.json}}" for name in names)
    chosen = configured(f"projects: [{projects}]\n", WAIVER.format("required-tags", "aws_instance.gone"))
    whole = combine([result("a"), result("b")], chosen)
    assert ["waiver-unused"] * reported == [f.rule for f in whole.findings]


def test_findings_stay_with_their_project_although_names_are_alike(configured):
    name, report = result("data")
    eu = replace(report, projects=(replace(report.projects[0], path="eu", findings=(samples.finding("of-eu"),)),))
    us = replace(report, projects=(replace(report.projects[0], path="us", findings=(samples.finding("of-us"),)),))
    whole = combine([(name, eu), ("us.json", us)], configured(BUDGET))
    assert [[f.rule for f in project.findings] for project in whole.projects] == [["of-eu"], ["of-us"]]


def test_two_results_of_one_project_are_refused():
    name, report = result("a")
    with pytest.raises(InputError) as caught:
        combine([(name, report), ("again.json", report)], None)
    assert str(caught.value).startswith("again.json: project 'a' (.) is also in a.json (give each its own name")


@pytest.mark.parametrize(
    "change, said",
    [
        ({"currency": "EUR"}, "is in EUR"),
        ({"judged": False}, "is an estimate"),
        (
            {"usage_profile": "large"},
            "was made with assumed usage (profile large), and the other side with no assumed usage",
        ),
    ],
)
def test_results_that_cannot_be_one_report_are_refused(change, said):
    with pytest.raises(InputError, match=re.escape(said)):
        combine([result("a"), result("b", **change)], None)


def test_what_all_say_is_said_once():
    later = NOW + timedelta(minutes=3)
    pull = PullRequest(7, "a" * 40)
    first = result("a", warnings=("stale",), pull_request=pull)
    second = result("b", warnings=("stale", "odd"), pull_request=pull, generated_at=later, tool_version="1.2.4")
    whole = combine([first, second], None)
    mixed = "the results were made by different versions of guardrail: 1.2.3, 1.2.4"
    assert whole.warnings == ("stale", "odd", mixed)
    assert whole.catalog == (samples.CATALOG,)
    assert (whole.generated_at, whole.pull_request) == (later, pull)
    assert whole.totals.monthly_delta == 600
