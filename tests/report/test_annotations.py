"""Workflow commands of GitHub Actions: escaped, and no more than a step shows."""

import re

import pytest

from guardrail.model.finding import FindingStatus, Severity
from guardrail.report.ci.annotations import annotate
from tests.report import samples

COMMAND = re.compile(
    r"::(?:error|warning|notice) (?:file=[^,:\n]+,line=\d+,(?:endLine=\d+,)?)?title=guardrail[^,:\n]*::[^\n]*\n"
)


def lines(*findings):
    text = annotate(samples.report(findings=findings))
    assert COMMAND.sub("", text) == ""
    return text.splitlines()


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.large(50)])
def test_every_line_is_a_command(report):
    assert COMMAND.sub("", annotate(report)) == ""
    assert annotate(report) == annotate(report)


@pytest.mark.parametrize("number, shown", [(0, 0), (1, 1), (10, 10), (11, 10), (5_000, 10)])
def test_at_most_ten_of_a_level_and_the_last_counts_the_others(number, shown):
    found = [samples.finding(address=f"aws_instance.n{i}") for i in range(number)]
    printed = lines(*found, samples.finding(blocking=False))
    errors = [line for line in printed if line.startswith("::error ")]
    assert len(errors) == shown
    assert len(printed) == shown + 1
    assert number <= 10 or f"{number - 9:,} more: see the job summary" in errors[-1]


def test_a_file_is_named_only_where_the_line_is_known():
    (known,) = lines(samples.finding(file="a,b%.tf", line=3))
    assert known.startswith("::error file=a%2Cb%25.tf,line=3,title=guardrail%3A required-tags::")
    for unknown in ({}, {"file": "main.tf"}, {"file": "/etc/x.tf", "line": 3}):
        (line,) = lines(samples.finding(**unknown))
        assert line.startswith("::error title=")


def test_message_address_and_fix_are_lines_of_one_command():
    (line,) = lines(samples.finding(message="100% wrong", fix="Mend it."))
    assert line.endswith("::100%25 wrong%0Aaws_instance.web%0AFix: Mend it.")


def test_what_is_waived_or_was_there_before_is_left_out_and_advice_is_a_notice():
    gone = [samples.finding(blocking=False, status=FindingStatus(name)) for name in ("waived", "pre-existing")]
    (line,) = lines(*gone, samples.finding(blocking=False, severity=Severity.INFO))
    assert line.startswith("::notice ")
