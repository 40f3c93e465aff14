"""Strings made fit to be shown."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardrail.report.text import cut, no_line_commands, safe, yaml_text


@pytest.mark.parametrize(
    "raw, shown",
    [
        ("plain", "plain"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half \ud83d", r"half \ud83d"),
        ("line\u2028end", r"line\u2028end"),
        ("##vso[task.setvariable]", "# #vso[task.setvariable]"),
        ("##[error]", "# #[error]"),
        ("日本 größe 🎉", "日本 größe 🎉"),
    ],
)
def test_safe(raw, shown):
    assert safe(raw) == shown


@given(st.text(), st.integers(30, 200))
def test_safe_text_is_printable_and_bounded(raw, limit):
    shown = safe(raw * 5, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


def test_a_cut_is_in_the_middle_and_says_how_much():
    text = cut("a" * 500_000 + "b" * 500_000, 40)
    assert text.startswith("aaa")
    assert text.endswith("bbb")
    assert "[999,960 more]" in text


@pytest.mark.parametrize("start", ["", "  ", "\x1b[1m", "first\n", "first\n  \x1b[2m"])
def test_no_line_begins_with_a_command(start):
    assert no_line_commands(f"{start}::set-output name=a::b") == f"{start}\u2236\u2236set-output name=a::b"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_yaml_text_reads_back_and_holds_no_markup(raw):
    scalar = yaml_text(raw)
    assert yaml.safe_load(f"key: {scalar}") == {"key": raw}
    assert not set(scalar) & set("<>`@#\n")
