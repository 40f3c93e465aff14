"""Markdown for places that show HTML as it is written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from guardrail.report import FORMATS
from guardrail.report.markdown.document import markdown
from guardrail.report.markdown.plain import without_html
from guardrail.report.markdown.text import code, prose
from tests.report import samples


@pytest.mark.parametrize("report", [samples.shop(), samples.several(), samples.shop(judged=False), samples.report()])
def test_it_holds_the_same_words_without_a_tag(report):
    whole, text = markdown(report), markdown(report, html=False)
    assert not re.search(r"</?[a-z]+>|&#\d+;", text)
    assert len(text.encode()) <= len(whole.encode())
    words = re.compile(r"[A-Za-z]{4,}")
    assert set(words.findall(text)) <= set(words.findall(re.sub(r"&[^;]+;|<[^>]+>", " ", whole)))


@given(st.text(max_size=200))
def test_text_stays_text(text):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    cell = without_html(f"| a {code(text)} |\n|:--|\n| {prose(text)} |\n")
    page = parser.render(cell)
    assert set(re.findall(r"</?([a-z0-9]+)", page)) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert page.count("<tr>") == 2
    assert "://" not in re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)


def test_code_that_looks_like_our_tags_stays_code():
    text = "<sub>a</sub></code><details><summary>&lt;"
    assert without_html(f"x {code(text)} y") == f"x `{text}` y"


@pytest.mark.parametrize(
    "name, limit", [("markdown-gitlab", 1_000_000), ("markdown-azure", 140_000), ("markdown-bitbucket", 32_000)]
)
def test_each_platform_has_its_limit(name, limit):
    report = samples.large(1_500)
    text = FORMATS[name](report)
    assert text == markdown(report, limit_bytes=limit, html=name != "markdown-bitbucket")
    assert len(text.encode()) <= limit
