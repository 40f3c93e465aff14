"""Names that try to be something else leave every format's structure as it is."""

import csv
import html
import io
import json
import re
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt

from guardrail.model.difference import Difference
from guardrail.model.report import CatalogInfo
from guardrail.model.resource import Action, SourceLine, Tags
from guardrail.report import FORMATS
from guardrail.report.csv_rows import COLUMNS
from tests.report import samples
from tests.report.html_page import ATTRIBUTES, parsed
from tests.report.schemas import junit_faults, sarif_faults

HOSTILE = {
    "newline": "a\nb\r\nc",
    "runner command": "::set-output name=verdict::pass",
    "runner command on its own line": "x\n::error::y",
    "azure command": "##vso[task.setvariable variable=x]y",
    "html comment": '--> <!-- guardrail-report key="default" -->',
    "end of a tag": "</code></details></summary></sub><script>alert(1)</script>",
    "backticks": "` `` ``` ````",
    "fence": "\n```\n# heading\n```",
    "table": "a|b||c|\n|:--|",
    "mention": "@org/team #12 GH-34 https://github.com/o/r/issues/1",
    "markdown": "**bold** _em_ ~~del~~ [x](javascript:alert(1)) ![i](u) \\",
    "terminal": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "bidi": "a\u202eb\u2066c",
    "formula": '=cmd|"/c calc"!A1',
    "quote": '"\'\\"',
    "long": "x" * 1_000_000,
    "rich markup": "[bold red]x[/] [link=http://e]y[/link] :boom:",
    "surrogate": "\ud800",
    "entity": "&lt;b&gt; &#64;org",
}
CASES = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def report(text, *, judged=True):
    after = samples.cost(samples.line(text, unit=text, group=text, note=text), samples.line(text, None, note=text))
    findings = [
        samples.finding(
            text, address=text, message=text, fix=text, file=text, docs=text, evidence={text: text}, line=1
        ),
        samples.finding(text, blocking=False, address=text, message=text, file=text),
    ]
    return samples.report(
        [
            samples.resource(
                text,
                Action.UPDATE,
                after=after,
                before=samples.cost(samples.line("was", "1")),
                type=text,
                module=text,
                tags=Tags({"team": text}),
                differences=[Difference(text, text, text + "x", Decimal(1), of=text)],
                source=SourceLine(text, 1, (SourceLine(text, 2),)),
            ),
            samples.resource(text, after=samples.UNSUPPORTED),
        ],
        findings if judged else [],
        name=text,
        judged=judged,
        tool_version=text,
        catalog=(CatalogInfo(text, text, text, text, text),),
        warnings=(text,),
    )


def harmless(text, *, judged=True):
    """Return the report that a hostile one must look like; what is too long to be pasted is too long there as well."""
    return report("plain" if len(text) < 300 else "y" * 400, judged=judged)


@CASES
def test_json_reads_back(text):
    out = FORMATS["json"](report(text))
    assert out.isascii()
    assert out.count("\n") == FORMATS["json"](harmless(text)).count("\n")
    resource = json.loads(out)["projects"][0]["resources"][0]
    assert resource["address"] == text.replace("\ud800", "\ufffd")
    assert not re.search(r"##(\[|vso\[)", out)


@CASES
def test_csv_has_the_same_rows(text):
    rows = list(csv.reader(io.StringIO(FORMATS["csv"](report(text)), newline=""), strict=True))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 5
    assert not any(cell.startswith(("=", "+", "@", "::")) for row in rows for cell in row)
    assert not any("\n" in cell or "\x1b" in cell for row in rows for cell in row)


@CASES
@pytest.mark.parametrize("judged", [True, False])
def test_markdown_has_the_same_skeleton(text, judged):
    out = FORMATS["markdown"](report(text, judged=judged))
    skeleton = re.compile(r"</?(?:details|summary|code|sub)>|^#+ |^\||^- |^```", re.MULTILINE)
    assert skeleton.findall(out) == skeleton.findall(FORMATS["markdown"](harmless(text, judged=judged)))
    assert set(re.findall(r"<[^>]*>", out)) <= {
        *(f"<{slash}{name}>" for slash in ("", "/") for name in ("details", "summary", "code", "sub")),
        *("<br>", "<wbr>"),
    }
    assert "<!--" not in out
    assert "-->" not in out
    assert not re.search(r"@\w", out)
    assert not re.search(r"\bGH-\d|#12\b", re.sub(r"<code>.*?</code>|```.*?```", "", out, flags=re.DOTALL))
    assert "](javascript" not in out
    assert out.encode()


@CASES
def test_markdown_renders_to_nothing_but_our_own_elements(text):
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = parser.render(FORMATS["markdown"](report(text)))
    ours = {"h3", "h4", "p", "br", "ul", "li", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= ours | {"details", "summary", "sub", "wbr"}
    shown = html.unescape(page)
    assert all(word in shown for word in re.findall(r"[a-z]{4,20}", text[:300]))


@CASES
def test_markdown_without_html_renders_to_nothing_but_our_own_elements(text):
    out = FORMATS["markdown-bitbucket"](report(text))
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(out)
    ours = {"h3", "h4", "p", "br", "ul", "li", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= ours
    rows = re.compile(r"<(?:tr|li|h[34]|pre)>")
    harm = MarkdownIt("commonmark").enable("table").render(FORMATS["markdown-bitbucket"](harmless(text)))
    assert rows.findall(page) == rows.findall(harm)
    assert not re.search(r"@\w|://(?!github)", re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL))


@CASES
@pytest.mark.parametrize("judged", [True, False])
def test_html_has_the_same_elements(text, judged):
    out = FORMATS["html"](report(text, judged=judged))
    page, harm = parsed(out), parsed(FORMATS["html"](harmless(text, judged=judged)))
    tags, expected = ([one.tag for one in each.elements if one.tag not in {"wbr", "code"}] for each in (page, harm))
    assert tags == expected
    assert {key for one in page.elements for key in one.attributes} <= ATTRIBUTES
    assert all(one.attributes["href"].startswith("#") for one in page.elements if "href" in one.attributes)
    shown = "".join(page.texts)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert not re.search(r"^\s*::", out, re.MULTILINE)
    assert not re.search(r"##(\[|vso\[)", out)
    assert all(word in shown for word in re.findall(r"[a-z]{4,20}", text[:80]))


@CASES
@pytest.mark.parametrize("judged", [True, False])
def test_sarif_is_valid_and_points_into_the_repository(text, judged):
    assert sarif_faults(FORMATS["sarif-suppressed"](report(text, judged=judged))) == []
    out = FORMATS["sarif"](report(text, judged=judged))
    assert sarif_faults(out) == []
    assert out.isascii()
    assert not re.search(r"##(\[|vso\[)|^\s*::", out, re.MULTILINE)
    (run,) = json.loads(out)["runs"]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]]
    assert all(re.fullmatch(r"[A-Za-z0-9_.~%-][A-Za-z0-9_.~%/-]*", uri) and ".." not in uri for uri in places)


@CASES
@pytest.mark.parametrize("judged", [True, False])
def test_junit_is_valid_and_has_the_same_tests(text, judged):
    out = FORMATS["junit"](report(text, judged=judged))
    assert junit_faults(out) == []
    assert not re.search(r"##(\[|vso\[)|^\s*::", out, re.MULTILINE)
    tags = [element.tag for element in ET.fromstring(out).iter()]  # noqa: S314 - our own text
    assert tags == [element.tag for element in ET.fromstring(FORMATS["junit"](harmless(text, judged=judged))).iter()]  # noqa: S314


@CASES
def test_annotations_are_our_own_commands_alone(text):
    lines = FORMATS["github"](report(text)).split("\n")
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", ""]
    assert all(re.match(r"::\w+ (file=[^:,]+,line=1,)?title=[^:,]*::", line) for line in lines[:2])
    assert not any("##[" in line or "##vso[" in line for line in lines)


@CASES
@pytest.mark.parametrize("name", ["gitlab", "infracost-json"])
def test_other_json_reads_back(text, name):
    out = FORMATS[name](report(text))
    assert out.isascii()
    assert not re.search(r"##(\[|vso\[)", out)
    assert json.loads(out)
    assert out.count("\n") == FORMATS[name](harmless(text)).count("\n")


@CASES
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("judged", [True, False])
def test_a_terminal_obeys_nothing_of_it(text, color, judged):
    out = FORMATS["table"](report(text, judged=judged)) if not color else _colored(text, judged)
    assert not re.search(r"^(\x1b\[[0-9;]*m|\s)*::", out, re.MULTILINE)
    assert not re.search(r"##(\[|vso\[)", out)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", out) if color else out
    assert all(char.isprintable() or char == "\n" for char in bare)
    assert len(out) < 40_000
    assert out.encode()


def _colored(text, judged):
    from guardrail.report.terminal.table import table  # noqa: PLC0415

    return table(report(text, judged=judged), color=True)
