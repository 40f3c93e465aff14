"""GitLab's code quality report."""

import json

import pytest

from guardrail.model.finding import FindingStatus, Severity
from guardrail.report.ci.code_quality import code_quality
from tests.report import samples

REPORTS = [samples.shop(), samples.several(), samples.shop(judged=False), samples.report(), samples.large(50)]


def entries(*findings):
    return json.loads(code_quality(samples.report(findings=findings)))


@pytest.mark.parametrize("report", REPORTS)
def test_every_entry_is_whole_and_its_fingerprint_unique(report):
    found = json.loads(code_quality(report))
    waived = sum(one.status is FindingStatus.WAIVED for one in report.all_findings)
    assert len(found) == len(report.all_findings) - waived
    assert len({one["fingerprint"] for one in found}) == len(found)
    for one in found:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["location"]["lines"]["begin"] >= 1
        assert not one["location"]["path"].startswith(("./", "/"))


def test_no_finding_is_an_empty_array():
    assert code_quality(samples.report()) == "[]\n"


@pytest.mark.parametrize(
    "changes, severity",
    [
        ({}, "critical"),
        ({"blocking": False}, "minor"),
        ({"blocking": False, "severity": Severity.INFO}, "info"),
        ({"blocking": False, "status": FindingStatus.PRE_EXISTING}, "info"),
    ],
)
def test_severities(changes, severity):
    assert [one["severity"] for one in entries(samples.finding(**changes))] == [severity]


def test_fingerprints_stay_when_lines_move_and_namesakes_are_told_apart():
    def prints(line):
        return [one["fingerprint"] for one in entries(*[samples.finding(file="main.tf", line=line)] * 2)]

    assert prints(1) == prints(50)
    assert len(set(prints(1))) == 2
