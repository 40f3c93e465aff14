"""JUnit XML: what is a failure, what is skipped, and numbers that fit."""

import xml.etree.ElementTree as ET

import pytest

from guardrail.model.finding import FindingStatus
from guardrail.report.ci.junit import junit
from tests.report import samples
from tests.report.schemas import junit_faults

REPORTS = [samples.shop(), samples.several(), samples.shop(judged=False), samples.report(), samples.large(50)]


def cases(*findings, rules=()):
    text = junit(samples.report(findings=findings, rules=rules))
    assert junit_faults(text) == []
    return list(ET.fromstring(text).iter("testcase"))  # noqa: S314 - our own text


@pytest.mark.parametrize("report", REPORTS)
def test_it_is_valid_and_its_numbers_are_those_of_its_tests(report):
    text = junit(report)
    assert junit_faults(text) == []
    assert junit(report) == text
    whole = ET.fromstring(text)  # noqa: S314 - our own text
    for suite in [whole, *whole]:
        tests = list(suite.iter("testcase"))
        found = {name: sum(test.find(child) is not None for test in tests)
                 for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))}  # fmt: skip
        if suite is whole:  # Jenkins knows no such number there
            del found["skipped"]
        assert {name: int(suite.get(name, "")) for name in found} == found
        assert int(suite.get("tests", "")) == len(tests) > 0


@pytest.mark.parametrize(
    "changes, child, message",
    [
        ({}, "failure", "missing tags: [team]"),
        ({"blocking": False, "status": FindingStatus.ERROR}, "error", "missing tags: [team]"),
        ({"blocking": False, "status": FindingStatus.PRE_EXISTING}, "skipped", "pre-existing: missing tags: [team]"),
        ({"blocking": False, "status": FindingStatus.UNKNOWN}, "skipped", "unknown: missing tags: [team]"),
        ({"blocking": False}, "system-out", None),
    ],
)
def test_outcomes(changes, child, message):
    (case,) = cases(samples.finding(**changes))
    (outcome,) = case
    assert (outcome.tag, outcome.get("message")) == (child, message)


def test_a_waiver_says_until_when():
    (waived,) = [one for one in samples.shop_findings() if one.waiver]
    (case,) = cases(waived)
    assert case[0].get("message") == "waived until 2026-12-31: load test until the sale"


def test_a_rule_without_a_finding_passes():
    names = [
        (case.get("name"), len(case)) for case in cases(samples.finding(), rules=("log-retention", "required-tags"))
    ]
    assert names == [("required-tags: aws_instance.web", 1), ("log-retention", 0)]


def test_the_place_is_told_where_it_is_known():
    inside, outside = cases(samples.finding(file="main.tf", line=4), samples.finding(file="/etc/main.tf", line=4))
    assert (inside.get("file"), inside.get("line")) == ("main.tf", "4")
    assert outside.get("file") is None
