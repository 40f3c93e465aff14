"""The HTML report: one page that loads nothing, in an order that can be heard, and that fits where it is read."""

import json
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from guardrail.files.excerpt import Excerpt
from guardrail.model.remedy import Edit, Replacement
from guardrail.report import html_page
from guardrail.report.frame import Frame
from guardrail.report.html import changes, findings
from guardrail.report.html.element import element, link
from tests.report import samples
from tests.report.html_page import ATTRIBUTES, parsed

REPORTS = {
    "shop": samples.shop(),
    "several": samples.several(),
    "estimate": samples.shop(judged=False),
    "empty": samples.report(),
    "missing": samples.missing(),
}
EACH = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())


def section(page, key):
    return next(one.text for one in page.all("section") if one.attributes.get("aria-labelledby") == key)


@EACH
def test_nothing_runs_and_nothing_is_loaded(report):
    text = html_page(report)
    page = parsed(text)
    assert {one.tag for one in page.elements}.isdisjoint(
        {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    )
    assert {key for one in page.elements for key in one.attributes} <= ATTRIBUTES
    assert not re.search(r"url\(|@import|javascript:", text)
    assert all(re.match(r"#|https://", one.attributes["href"]) for one in page.all("a"))
    assert len(re.findall("http", text)) == len(re.findall(r'href="https://|http-equiv', text))
    policy = next(one for one in page.all("meta") if one.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"].startswith("default-src 'none'; style-src 'unsafe-inline'")


@EACH
def test_the_order_can_be_heard(report):
    page = parsed(html_page(report))
    levels = [int(one.tag[1]) for one in page.elements if re.fullmatch("h[1-6]", one.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(one.attributes.get("scope") in {"row", "col"} for one in page.all("th"))
    assert all(one.text for one in page.all("summary") + page.all("h2") + page.all("h3"))
    keys = Counter(one.attributes["id"] for one in page.elements if "id" in one.attributes)
    assert set(keys.values()) <= {1}
    targets = {one.attributes["href"][1:] for one in page.all("a") if one.attributes["href"].startswith("#")}
    assert targets <= keys.keys()
    assert all(one.attributes["aria-hidden"] == "true" for one in page.all("svg"))


def test_each_changed_resource_opens_to_what_changed():
    page = parsed(html_page(samples.shop()))
    opened = next(one for one in page.all("details") if 'module.web["eu"].aws_instance.app[0]' in one.text)
    for said in (
        "update",
        "+$182.20",
        "$61.38 → $243.58",
        "main.tf:12",
        "instance_type m5.large → m5.2xlarge +$182.20",
    ):
        assert said in opened.text
    assert "user_data (sensitive) changes" in opened.text
    assert "Instance usage 730 hours at $0.083205479452 → 730 hours at $0.332794520548 +$182.20" in opened.text
    shown = [one.text for one in page.all("details")]
    assert any("not covered" in text and "aws_foo_bar.b" in text and "2 of them" in text for text in shown)


def test_findings_stand_with_their_rule_place_line_and_fix():
    find = lambda finding: Excerpt(14, "tags = {}", 7, 2) if finding.line else None  # noqa: E731
    page = parsed(html_page(samples.shop(), excerpts=find))
    blocking = section(page, "blocking")
    assert "required-tags high" in blocking
    assert 'module.web["eu"].aws_instance.app[0] main.tf:12 14 | tags = {}' in blocking
    assert "Fix: Add the tags to the resource. About this rule" in blocking
    assert [one.text for one in page.all("mark")] == ["{}"]
    assert "Waived by ana until 2026-12-31: load test until the sale" in section(page, "accepted")
    assert "- rule: 'required-tags'" in section(page, "waive")


def test_what_is_missing_and_what_the_report_stands_on_are_said():
    page = parsed(html_page(samples.shop()))
    assert "Data processed" in section(page, "missing")
    assert "guardrail.waivers.yaml waivers the change adds or edits it" in section(page, "inputs")
    assert "aws 2026-07-01 to 2026-08-14 list prices" in section(page, "prices")
    assert "AmazonEC2 eu-west-1 aws-bulk 2026-08-14" in section(page, "prices")
    assert "write a cost definition" in section(page, "missing")


def test_an_estimate_has_its_cost_lines_and_no_verdict():
    page = parsed(html_page(samples.shop(judged=False)))
    assert page.all("h1")[0].text.startswith("Estimate ")
    assert "Provisioned IOPS (assumed: iops = 3000) 730 IOPS" in section(page, "bill")
    assert "1 resource free of charge" in section(page, "bill")


def test_sums_have_bars_of_what_is_known_alone():
    page = parsed(html_page(samples.shop()))
    bars = [(one.inside[-1].inside[-1].text, one.attributes["class"]) for one in page.all("rect")]
    assert bars
    assert any("AmazonEC2" in name and "more" in look for name, look in bars)
    assert not any(name.startswith("(no price)") for name, _ in bars)


def test_edits_are_lines_that_go_and_lines_that_come():
    edit = Edit("set size to 1", (Replacement("main.tf", 3, 3, "size = 2", "size = 1\n<b>"),))
    report = samples.report(findings=[replace(samples.finding(), edit=edit), replace(samples.finding("x"), edit=edit)])
    page = parsed(html_page(report))
    assert [one.text for one in page.all("del")] == ["- size = 2"]
    assert [one.text for one in page.all("ins")] == ["+ size = 1", "+ <b>"]


def test_long_lists_are_folded_then_cut_and_say_so(monkeypatch):
    for name, number in (("_SHOWN", 5), ("_OPENABLE", 10), ("_LISTED", 20)):
        monkeypatch.setattr(changes, name, number)
    monkeypatch.setattr(findings, "_LISTED", 25)
    page = parsed(html_page(samples.large(30)))
    shown = "".join(page.texts)
    assert "The next 5 resources" in shown
    assert "10 more resources, with less effect" in shown
    assert "10 more resources whose cost changes are left out of this page: the JSON report has them" in shown
    assert "5 more findings of this rule are left out of this page" in shown
    assert sum("aws_instance.app[" in one.text for one in page.all("li") if "blocks" not in str(one.inside)) >= 10


def test_five_hundred_resources_are_half_a_megabyte():
    text = html_page(samples.large(500))
    assert 100_000 < len(text) < 800_000
    assert max(map(len, text.split("\n"))) < 20_000


@pytest.mark.parametrize(
    "url,is_link",
    [
        ("https://example.com/a?b=c&d=e", True),
        ("http://example.com", False),
        ("javascript:alert(1)", False),
        ('https://e.com/"onclick="x', False),
        ("//example.com", False),
        ("", False),
    ],
)
def test_links_lead_to_https_alone(url, is_link):
    assert (link("rule", url) is not None) == is_link


def test_text_is_no_markup():
    assert element("p", "<b>&\"'", class_='"><x').markup == (
        '\n<p class="&quot;&gt;&lt;x">&lt;b&gt;&amp;&quot;&#x27;</p>'
    )


def test_the_page_is_loaded_for_those_alone_who_ask_for_it():
    script = "import guardrail.cli.check.judging, guardrail.check.run, guardrail.report, sys; print('guardrail.report.html' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


PLAN = {
    "format_version": "1.2",
    "resource_changes": [
        {
            "address": "aws_instance.x",
            "mode": "managed",
            "type": "aws_instance",
            "name": "x",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": {"instance_type": "t3.micro"}},
        }
    ],
}


@pytest.mark.parametrize("name", ["check", "estimate", "diff", "report"])
def test_every_command_writes_it(run, tmp_path, name):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    run("check", "plan.json", "--out", "json=r.json")
    given = {"diff": ["plan.json", "plan.json"], "report": ["r.json", "--comment", "never"]}.get(name, ["plan.json"])
    ran = run(name, *given, "--format", "html", "--out", "html=page.html")
    written = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert ran.stdout == written, ran.stderr
    assert parsed(written).all("h1")


def test_places_are_links_where_their_lines_can_be_opened():
    url = "https://example.com/o/r/blob/abc/"
    frame = Frame(blob_url=url, files={("shop", "main.tf"): "infra/main.tf"})
    report = samples.report(samples.shop_resources(), [samples.finding(file="main.tf", line=12, project="shop")])
    page = parsed(html_page(report, frame=frame))
    led = [(one.text, one.attributes["href"]) for one in page.all("a") if "blob" in one.attributes["href"]]
    assert led == [("main.tf:12", f"{url}infra/main.tf#L12")] * 2


def test_on_github_actions_places_lead_to_the_commit(run, tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text(
        'resource "aws_instance" "x" {\n  instance_type = "t3.micro"\n}\n', encoding="utf-8"
    )
    (tmp_path / "event.json").write_text("{}", encoding="utf-8")
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_SHA": "a" * 40,
    }.items():
        monkeypatch.setenv(name, value)
    ran = run("check", ".", "--format", "html")
    assert f'href="https://github.com/o/r/blob/{"a" * 40}/main.tf#L1"' in ran.stdout, ran.stderr
