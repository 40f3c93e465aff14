"""The report in few lines: what blocks comes first, nothing is left out without being counted."""

import re

import pytest

from guardrail.report.terminal.concise import concise
from tests.report import samples

PLACED = re.compile(r"^main\.tf:12: blocking: required-tags: ", re.MULTILINE)


def crowded(number):
    """A report with one blocking finding a resource."""
    findings = [samples.finding(address=f"aws_instance.i{index}", file="main.tf", line=12) for index in range(number)]
    return samples.report([samples.resource()], findings)


@pytest.mark.parametrize(
    "number, lines", [(0, 40), (1, 40), (37, 40), (38, 40), (39, 40), (500, 40), (5, 1), (5, 2), (5, 3)]
)
def test_all_is_shown_or_counted_within_its_lines(number, lines):
    text = concise(crowded(number), lines=lines)
    shown, more = len(PLACED.findall(text)), re.search(r"^([0-9,]+) more: ", text, re.MULTILINE)
    assert text.count("\n") <= lines
    assert shown == number or lines < 40 or number > 38
    if shown < number and lines > 1:
        assert more
        assert shown + int(more[1]) == number
    else:
        assert not more


def test_a_fix_is_said_once_for_findings_that_share_it():
    text = concise(crowded(5))
    assert text.count("  fix: ") == 1
    assert text.splitlines()[-1].startswith("  fix: ")


def test_one_line_counts_what_it_has_no_room_for():
    line = concise(samples.shop(), lines=1)
    assert line.count("\n") == 1
    assert line.endswith(" · 1 warning · 1 unknown · 1 waived · 1 pre-existing\n")
