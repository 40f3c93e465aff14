"""Every report shows what waits for approval, by whom it may be given, and what is approved, by whom and up to what."""

import json
from datetime import date
from decimal import Decimal
from html import unescape

import pytest

from guardrail.model.approval import Approvable, Approval, ApprovalSource
from guardrail.model.finding import Enforcement, FindingStatus
from guardrail.report import html_page
from guardrail.report.ci.annotations import annotate
from guardrail.report.ci.code_quality import code_quality
from guardrail.report.ci.junit import junit
from guardrail.report.ci.sarif import sarif
from guardrail.report.json.read import parse_result
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from guardrail.report.terminal.table import table
from tests.report import samples

WHO = ("finops (up to $1,000)", "cfo")
GIVEN = Approval(
    "cfo", ApprovalSource.FILE, Decimal(200), Decimal(210), "approvals.yaml:2", "agreed <b>", date(2026, 12, 31)
)
NEEDED = "Needs approval by finops (up to $1,000) or cfo: cfo approved $150.00 a month, and this comes to $200.00"
APPROVED = "Approved by cfo in approvals.yaml:2 until 2026-12-31, up to 210.00 a month: agreed <b>"


def finding(**changes):
    return samples.finding("gpu-instance", enforcement=Enforcement.APPROVAL, amount=Decimal(200), **changes)


PENDING = finding(approval=Approvable("11" * 16, WHO, None, NEEDED.partition(": ")[2]))
GRANTED = finding(blocking=False, status=FindingStatus.APPROVED, approval=Approvable("11" * 16, (), GIVEN))
RENDERED = {
    "table": lambda report: table(report, width=400),
    "markdown": markdown,
    "html": html_page,
    "sarif": sarif,
    "junit": junit,
    "code quality": code_quality,
    "annotations": annotate,
}


@pytest.mark.parametrize("name", RENDERED)
@pytest.mark.parametrize("one, says", [(PENDING, NEEDED), (GRANTED, APPROVED)], ids=["pending", "approved"])
def test_it_is_shown(name, one, says):
    text = unescape(RENDERED[name](samples.report([], [one])))
    assert says.casefold() in " ".join(text.replace("\\u003c", "<").split()).casefold()


def test_json_reads_it_back():
    for one in (PENDING, GRANTED):
        (read,) = parse_result(json_v1(samples.report([], [one])).encode()).all_findings
        assert read.approval == one.approval
        assert read.needs_approval == one.needs_approval


def test_levels():
    runs = [json.loads(sarif(samples.report([], [one])))["runs"][0]["results"][0] for one in (PENDING, GRANTED)]
    assert [one["level"] for one in runs] == ["error", "note"]
    assert runs[1]["suppressions"][0]["status"] == "accepted"
    counts = samples.report([], [PENDING, GRANTED]).counts
    assert (counts.blocking, counts.needs_approval, counts.approved, counts.waived) == (1, 1, 1, 0)
