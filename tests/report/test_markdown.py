"""The body of a pull request's comment: its parts, its size, its determinism."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from guardrail.deliver import verdict_outputs
from guardrail.model.finding import FindingStatus
from guardrail.model.report import ProjectReport, Report
from guardrail.model.resource import Action, SourceLine
from guardrail.report import FORMATS
from guardrail.report.frame import Frame
from guardrail.report.json.v1 import json_v1
from guardrail.report.markdown.document import markdown
from guardrail.report.terminal.table import table
from tests.report import samples

TAG = re.compile(r"<(/?)(details|summary|code|sub)>")


def assert_whole(text):
    """Check that what opens closes, in order, and that every table row has its table's number of cells."""
    stack: list[str] = []
    for closing, name in TAG.findall(text):
        if closing:
            assert stack.pop() == name
        else:
            stack.append(name)
    assert not stack
    assert text.count("```") % 2 == 0
    cells = 0
    for row in text.splitlines():
        if row.startswith("| "):
            cells = cells or row.count("|")
            assert row.count("|") == cells
        elif not row.startswith("|:"):
            cells = 0


def test_the_first_line_says_verdict_and_delta():
    first = markdown(samples.shop()).splitlines()[0]
    assert first == (
        "### ❌ Guardrail: 2 blocking findings · monthly cost at least +$555 (+203%): $273 → at least $829 (4 not priced, 1 depends on usage)"
    )


@pytest.mark.parametrize(
    "findings, words",
    [
        ([], "### ✅ Guardrail: passed · "),
        ([samples.finding(blocking=False)], "### ⚠️ Guardrail: 1 warning · "),
        ([samples.finding(blocking=False, status=FindingStatus.ERROR)], "### ⚠️ Guardrail: 1 rule answer missing · "),
        ([samples.finding(blocking=False, status=FindingStatus.PRE_EXISTING)], "### ✅ Guardrail: passed · "),
    ],
)
def test_the_sign_is_the_verdict(findings, words):
    text = markdown(samples.report([samples.resource(after=samples.cost(samples.line()))], findings))
    assert text.startswith(words)


def test_no_change_is_told_in_three_lines_at_most():
    stays = samples.resource(
        action=Action.NO_OP, before=samples.cost(samples.line()), after=samples.cost(samples.line())
    )
    for report in (samples.report(), samples.report([stays]), samples.report(judged=False)):
        assert len(markdown(report).splitlines()) <= 3
    assert "no changes · monthly cost unchanged: $60.74" in markdown(samples.report([stays]))


def test_unchanged_projects_are_counted_and_namesakes_told_apart():
    text = markdown(samples.several())
    assert "<code>data (live/eu)</code>" in text
    assert "live/us" not in text
    assert "1 project unchanged." in text
    assert "**All 3 projects**" in text


def test_the_yaml_to_waive_can_be_pasted():
    text = markdown(samples.shop())
    block = text.split("```yaml\n")[1].split("```")[0]
    waivers = yaml.safe_load(block)["waivers"]
    assert [(one["rule"], one["address"]) for one in waivers] == [
        ("required-tags", 'module.web["eu"].aws_instance.app[0]'),
        ("budget-increase-exceeded", "plan"),
    ]


@pytest.mark.parametrize(
    "url, shown", [("https://example.com/a?b=c", True), ("javascript:alert(1)", False), ("https://e.com/)x", False)]
)
def test_only_web_pages_are_linked(url, shown):
    assert ("[rule docs](" in markdown(samples.report(findings=[samples.finding(docs=url)]))) == shown


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.report()])
def test_equal_reports_give_equal_and_whole_bodies(report):
    text = markdown(report)
    assert text == markdown(structs.replace(report, generated_at=samples.NOW.replace(year=2030)))
    assert_whole(text)


def crowded(findings, projects, name):
    """Return a report of many projects, with its findings spread over them."""
    found = [samples.finding(address=f"{name}[{i}]", message=f"{name} is wrong") for i in range(findings)]
    after = samples.cost(samples.line())
    parts = [
        ProjectReport(f"{name}-{i}", ".", (samples.resource(f"{name}[{i}]", after=after),), tuple(found[i::projects]))
        for i in range(projects)
    ]
    return Report(tuple(parts), "USD", samples.NOW, "1.2.3")


PLAIN, WIDE, WILD = "aws_instance.web", "日本語のとても長い名前" * 12, "🎉|@`<!--" * 20
CROWDS = [(400, 20, name, limit) for name in (PLAIN, WIDE, WILD) for limit in (65_000, 32_000, 4_000)]
CROWDS += [(5_000, 1, PLAIN, 65_000), (5_000, 300, WILD, 32_000), (1, 3_000, WIDE, 4_000)]


@pytest.mark.parametrize("findings, projects, name, limit", CROWDS)
def test_a_crowded_body_keeps_to_the_limit_and_stays_whole(findings, projects, name, limit):
    report = crowded(findings, projects, name)
    text = markdown(report, limit_bytes=limit)
    assert len(text.encode()) <= limit
    assert text.startswith("### ❌ Guardrail: ")
    assert text.endswith("</sub>\n")
    assert_whole(text)
    if projects > 1:
        assert f"**All {projects:,} projects**" in text


def test_parts_go_in_order_of_use():
    report = samples.large(200)
    whole = markdown(report, limit_bytes=1_000_000)
    assert "The next 50 of 200 resources" in whole
    assert "140 more whose cost changes" in whole
    assert "How to waive" in whole
    smaller = markdown(report, limit_bytes=len(whole.encode()) - 1)
    assert "The next" not in smaller
    assert "190 more whose cost changes" in smaller
    assert "50 more in the full report" in markdown(report, limit_bytes=14_000)
    assert "150 more in the full report" in markdown(report, limit_bytes=8_000)


def test_the_comment_alone_tells_which_attribute_moves_the_cost_most():
    text = markdown(samples.shop())
    row = next(line for line in text.splitlines() if "aws&#95;instance" not in line and "+$182.20" in line)
    assert row.startswith("| **+$182.20** | **update** <code>module.<wbr>web")
    assert "<code>instance_type</code> m5.large → m5.2xlarge (**+$182.20**)<br>" in row
    assert "3 other attributes changed" in row
    assert "user_data" not in text


def test_what_is_alike_is_one_row():
    web = samples.cost(samples.line())
    same = [samples.resource(f"aws_instance.web_{i}", after=web) for i in range(12)]
    text = markdown(samples.report(same))
    assert "| **+$728.88** | **create** <code>aws_instance.<wbr>web_0</code> and 11 more alike<br>" in text


def test_a_chart_is_drawn_where_there_are_bars_to_compare():
    by_module = [
        samples.resource(f"module.m{i}.aws_instance.web", after=samples.cost(samples.line()), module=f"module.m{i}")
        for i in range(3)
    ]
    text = markdown(samples.report(by_module))
    assert 'x-axis ["module.m0", "module.m1", "module.m2"]' in text
    assert "    bar [60.74, 60.74, 60.74]\n" in text
    assert "mermaid" not in markdown(samples.report(by_module), chart=False)
    assert "mermaid" not in FORMATS["markdown-azure"](samples.report(by_module))
    assert "mermaid" not in markdown(samples.report(by_module[:1]))


def test_places_of_resources_are_links_to_the_module_call_where_many_come_from_one_line():
    calls = [SourceLine("main.tf", 3), SourceLine("main.tf", 9)]
    rows = [
        samples.resource(
            f"module.m{i}.aws_instance.web",
            after=samples.cost(samples.line(monthly=f"{i + 1}")),
            source=SourceLine("web/main.tf", 5, (call,)),
        )
        for i, call in enumerate(calls)
    ]
    frame = Frame(blob_url="https://example.com/o/r/blob/abc/", files={("shop", "main.tf"): "infra/main.tf"})
    text = markdown(samples.report(rows), frame=frame)
    assert "[<code>main.<wbr>tf:9</code>](https://example.com/o/r/blob/abc/infra/main.tf#L9)" in text
    assert "infra/main.tf#L3)" in text
    assert "web/<wbr>main.<wbr>tf:5" in markdown(samples.report(rows[:1]), frame=frame)


def test_every_report_says_the_same_numbers():
    """The headline, the row of the project, JSON, and the outputs of the step."""
    report = samples.shop()
    counts = json.loads(json_v1(report))["counts"]
    text = markdown(report)
    assert (counts["blocking"], counts["warnings"]) == (2, 2)
    assert "### ❌ Guardrail: 2 blocking findings" in text
    assert "❌\u00a02 · ⚠️\u00a02" in text
    assert "FAIL  2 blocking findings" in table(report)
    outputs = verdict_outputs(report, report.exit_code())
    assert (outputs["denied"], outputs["warned"]) == ("2", "2")


def test_what_is_wrong_in_several_places_is_said_once():
    places: list[dict[str, Any]] = [
        {"address": f"aws_instance.web[{i}]", "file": "main.tf", "line": 7 + i} for i in range(3)
    ]
    other = samples.finding(message="missing tags: [env]")
    text = markdown(samples.report(findings=[*(samples.finding(**place) for place in places), other]))
    assert "- **required-tags**: missing tags: &#91;team&#93; · 3 times  \n  **Fix:** Add the tags" in text
    listed = [line for line in text.splitlines() if line.startswith("  - <code>")]
    assert listed == [
        f"  - <code>aws_instance.web&#91;{i}&#93;</code> · <code>main.tf:{7 + i}</code>" for i in range(3)
    ]
    assert "- **required-tags**: missing tags: &#91;env&#93; · <code>aws_instance.web</code>" in text


def test_a_cut_list_shows_some_of_everything_that_is_wrong():
    places = [samples.finding(address=f"aws_instance.web[{i}]") for i in range(400)]
    others = [samples.finding("zz-last", address=f"aws_instance.web[{i}]") for i in range(400)]
    text = markdown(samples.report(findings=[*places, *others]), limit_bytes=20_000)
    beginning, _, whole = text.partition("<details><summary>The whole list of 800 findings")
    for part, more in ((beginning, "385 more in the list below"), (whole, "325 more in the full report")):
        assert part.count(" · 400 times") == 2
        assert part.count(f"  - {more}") == 2


def test_findings_without_a_place_stay_apart():
    text = markdown(samples.report(findings=[samples.finding(address="") for _ in range(2)]))
    assert text.count("- **required-tags**") == 2


def test_notes_are_no_findings():
    text = markdown(samples.shop())
    assert "\n\nNotes:\n- ⚠️ shop.json: 2 lines" in text


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300), st.text(max_size=300), st.integers(1, 40), st.integers(3_000, 20_000))
def test_no_text_breaks_the_body(name, message, number, limit):
    after = samples.cost(samples.line(name, group=message), samples.line(message, None, note=name))
    resources = [samples.resource(f"{name}{i}", after=after, type=name) for i in range(number)]
    report = samples.report(
        resources, [samples.finding(name, address=name, message=message, fix=name, file=name)], name=name
    )
    text = markdown(report, limit_bytes=limit)
    assert len(text.encode()) <= limit
    assert_whole(text)
