"""The runner's files: a summary that is never lost to its size, outputs that no value can break out of."""

import re

import pytest

from guardrail.platforms.runner import SUMMARY_LIMIT, write_outputs, write_summary

RECORD = re.compile(r"([a-z-]+)<<(ghadelimiter_[0-9a-f-]{36})\n(.*?)\n\2\n", re.DOTALL)


@pytest.fixture
def summary(tmp_path):
    return tmp_path / "summary.md"


def test_a_summary_is_appended(summary):
    summary.write_text("before\n", encoding="utf-8")
    assert write_summary({"GITHUB_STEP_SUMMARY": str(summary)}, lambda _limit: "ours → 📈")
    assert summary.read_text(encoding="utf-8") == "before\n\nours → 📈\n"


@pytest.mark.parametrize("there, written", [(0, True), (500_000, True), (990_000, True), (999_990, False)])
def test_summary_at_999_990_bytes(summary, there, written):
    summary.write_bytes(b"x" * there)
    assert write_summary({"GITHUB_STEP_SUMMARY": str(summary)}, lambda limit: "é" * (limit // 2)) is written
    assert summary.stat().st_size <= SUMMARY_LIMIT
    assert (summary.stat().st_size > there) is written


def test_a_renderer_that_does_not_keep_its_limit_does_not_cost_the_summary(summary):
    assert not write_summary({"GITHUB_STEP_SUMMARY": str(summary)}, lambda limit: "x" * (limit + 1))
    assert not summary.exists()


def test_without_a_runner_nothing_is_written():
    assert not write_summary({}, lambda _limit: "x")
    assert not write_outputs({"GITHUB_ENV": "/nowhere"}, {"a": "b"})


@pytest.mark.parametrize(
    "value", ["", "plain", "a\nb", "x\nghadelimiter_1\nname=evil", "::set-output name=a::b", "%0A", "é"]
)
def test_output_with_newline(tmp_path, value):
    path = tmp_path / "output"
    path.write_text("earlier=1\n", encoding="utf-8")
    assert write_outputs({"GITHUB_OUTPUT": str(path)}, {"first": value, "second": "2"})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("earlier=1\n")
    assert [(name, found) for name, _, found in RECORD.findall(text)] == [("first", value), ("second", "2")]


def test_delimiters_are_never_the_same(tmp_path):
    path = tmp_path / "output"
    write_outputs({"GITHUB_OUTPUT": str(path)}, {f"n-{letter}": "" for letter in "abcdef"})
    delimiters = [delimiter for _, delimiter, _ in RECORD.findall(path.read_text(encoding="utf-8"))]
    assert len(set(delimiters)) == 6


@pytest.mark.parametrize("length, kept", [(1_024, 1_024), (1_025, 0)])
def test_a_large_value_is_left_out(tmp_path, length, kept):
    path = tmp_path / "output"
    write_outputs({"GITHUB_OUTPUT": str(path)}, {"a": "x" * length})
    assert len(RECORD.findall(path.read_text(encoding="utf-8"))[0][2]) == kept
