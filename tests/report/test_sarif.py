"""SARIF as code scanning takes it: places, fingerprints, levels, limits."""

import gzip
import json
import re
from typing import Any

import pytest
from msgspec import structs

from guardrail.model.finding import FindingStatus, Severity
from guardrail.model.report import ProjectReport, Report
from guardrail.report.ci.sarif import sarif
from tests.report import samples
from tests.report.schemas import sarif_faults


def run_of(report, **options):
    text = sarif(report, **options)
    assert sarif_faults(text) == []
    (run,) = json.loads(text)["runs"]
    return run


def results(*findings, **options):
    return run_of(samples.report(findings=findings), **options)["results"]


def uri(result):
    return result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def line_of(result):
    return result["locations"][0]["physicalLocation"]["region"]["startLine"]


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.report()])
def test_it_is_valid_one_run_and_the_same_each_time(report):
    run = run_of(report)
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert [ids[one["ruleIndex"]] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert sarif(report) == sarif(report)


def test_rules_say_how_to_fix_and_how_to_waive():
    (rule,) = run_of(samples.report(findings=[samples.finding(docs="https://example.com/r")]))["tool"]["driver"][
        "rules"
    ]
    for text in rule["help"].values():
        assert "Add the tags to the resource" in text
        assert "waivers file" in text
    assert rule["helpUri"] == "https://example.com/r"
    assert rule["properties"]["tags"] == ["cost", "terraform", "high"]
    assert "security-severity" not in rule["properties"]


@pytest.mark.parametrize(
    "changes, level",
    [
        ({}, "error"),
        ({"blocking": False}, "warning"),
        ({"blocking": False, "severity": Severity.INFO}, "note"),
        ({"blocking": False, "status": FindingStatus.PRE_EXISTING}, "note"),
        ({"blocking": False, "status": FindingStatus.UNKNOWN}, "warning"),
        ({"blocking": False, "status": FindingStatus.ERROR}, "error"),
    ],
)
def test_levels(changes, level):
    assert [one["level"] for one in results(samples.finding(**changes))] == [level]


def test_what_is_waived_is_left_out_and_no_result_is_an_empty_list():
    assert results(samples.finding(blocking=False, status=FindingStatus.WAIVED)) == []


def test_a_rule_that_could_not_be_evaluated_makes_the_run_unsuccessful():
    run = run_of(samples.report(findings=[samples.finding(blocking=False, status=FindingStatus.ERROR)]))
    assert run["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    "path, file, shown",
    [
        ("live/prod", "main.tf", "live/prod/main.tf"),
        ("live/prod", "../../modules/web/main.tf", "modules/web/main.tf"),
        (".", "./a b#ü.tf", "a%20b%23%C3%BC.tf"),
        ("live\\prod", "main.tf", "live/prod/main.tf"),
        ("build/plan.json", "main.tf", "build/main.tf"),
        ("build/plans.json[1]", "main.tf", "build/main.tf"),
        ("live/prod", "../../../other/main.tf", "live/prod/main.tf"),
        ("live/prod", "/etc/passwd", "live/prod/main.tf"),
        ("live/prod", ".terraform/modules/web/main.tf", "live/prod/main.tf"),
        ("live/prod", "git::https://example.com/m.git//main.tf", "live/prod/main.tf"),
        (".", "https://example.com/main.tf", "main.tf"),
        (".", "C:\\work\\main.tf", "main.tf"),
        (".", "a\nb.tf", "main.tf"),
        ("/home/ci/plan.json", "x.tf", "main.tf"),
        ("/home/ci", None, "main.tf"),
        ("stdin", None, "main.tf"),
        ("tfplan", None, "main.tf"),
        ("live/prod/plan.json", None, "live/prod/main.tf"),
    ],
)
def test_places_are_files_of_the_repository_and_never_the_plan(path, file, shown):
    project = ProjectReport("shop", path, (), (samples.finding(file=file, line=7),))
    report = structs.replace(samples.report(), projects=(project,))
    (result,) = run_of(report)["results"]
    assert uri(result) == shown
    assert re.fullmatch(r"[A-Za-z0-9_.~%/-]+", uri(result))
    exact = result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert exact != ("Location approximate" in result["message"]["text"])


def test_one_result_a_rule_and_line_lists_the_addresses():
    where: dict[str, Any] = {"file": "main.tf", "line": 3}
    found = [samples.finding(address=f"aws_instance.web[{i}]", **where) for i in range(30)]
    more = samples.finding(address="aws_instance.db", file="main.tf", line=9)
    other = samples.finding("log-retention", address="aws_instance.web[0]", **where)
    texts = {(one["ruleId"], line_of(one)): one["message"]["text"] for one in results(*found, more, other)}
    assert set(texts) == {("required-tags", 3), ("required-tags", 9), ("log-retention", 3)}
    assert texts["required-tags", 3].count("aws_instance.web[") == 20
    assert texts["required-tags", 3].endswith(", 10 more)")


def test_fingerprints_do_not_change_when_lines_move_and_tell_subjects_apart():
    def prints(**more):
        return [one["partialFingerprints"]["guardrail/v1"] for one in results(samples.finding(file="main.tf", **more))]

    assert prints(line=1) == prints(line=99)
    assert prints(line=1) != prints(line=1, address="aws_instance.other")


def test_the_category_is_that_of_the_only_project_or_a_given_one():
    assert run_of(samples.report(name="live/prod"))["automationDetails"] == {"id": "guardrail/live-prod/"}
    assert run_of(samples.several())["automationDetails"] == {"id": "guardrail/default/"}
    assert run_of(samples.several(), category="night")["automationDetails"] == {"id": "guardrail/night/"}


def many(number):
    cheap = samples.cost(samples.line(monthly="1"))
    dear = samples.cost(samples.line(monthly="5"))
    names = [f"aws_instance.n{i}" for i in range(number)]
    resources = [samples.resource(name, after=dear if name.endswith("n7") else cheap) for name in names]
    found = [samples.finding(address=name, file=f"{i}.tf", line=1) for i, name in enumerate(names)]
    advice = samples.finding("log-retention", blocking=False, address=names[7], file="a.tf", line=1)
    return samples.report(resources, [advice, *found])


def test_over_the_limit_the_least_severe_and_the_cheapest_go_and_the_log_says_so():
    run = run_of(many(20), max_results=3)
    assert [uri(one) for one in run["results"]] == ["7.tf", "0.tf", "1.tf"]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("18 results left out")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["required-tags"]


def test_the_compressed_log_keeps_to_its_limit():
    text = sarif(many(400), max_bytes=4_000)
    assert sarif_faults(text) == []
    assert 0 < len(json.loads(text)["runs"][0]["results"]) < 401
    assert len(gzip.compress(text.encode())) <= 4_000
    assert json.loads(sarif(many(9), max_bytes=10))["runs"][0]["results"] == []


def test_projects_are_named_where_there_are_several():
    found = samples.finding(file="main.tf", line=1)
    projects = tuple(ProjectReport(name, ".", (), (found,)) for name in ("prod", "test"))
    run = run_of(Report(projects, "USD", samples.NOW, "1.2.3"))
    assert [one["message"]["text"] for one in run["results"]] == [
        "missing tags: [team] (prod: aws_instance.web, test: aws_instance.web)"
    ]
