"""The marker: any key comes out again, and nothing else is taken for it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.platforms.comment import KEY_LIMIT, Comment, Marker, marker_of

AT = datetime(2026, 8, 20, 12, 0, 0, 123456, tzinfo=UTC)
KEYS = [
    "prod",
    "non-prod",
    'a"b',
    "x-->y",
    "--",
    "<!--",
    "",
    "a b",
    "ümlaut",
    "a\nb",
    "%22",
    "_x_",
    "a--b",
    "`",
    "🚀" * KEY_LIMIT,
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_come_out_again(key):
    marker = Marker(key, "a" * 40, "123.1", AT)
    line = marker.line()
    assert marker_of(f"{line}\nbody") == marker
    assert "\n" not in line
    assert line.isascii()
    assert line.find("--", 4) == len(line) - 3


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=20), st.datetimes(timezones=st.just(UTC)))
def test_any_marker_comes_out_again(key, sha, run, at):
    marker = Marker(key, sha, run, at)
    assert marker_of(marker.line()) == marker


@pytest.mark.parametrize(
    "change",
    [
        lambda line: f"> {line}",
        lambda line: f" {line}",
        lambda line: f"\n{line}",
        lambda line: line.replace("guardrail-report", "guardrail-reports"),
        lambda line: line.replace('schema="1"', ""),
        lambda line: line.replace("2026-08-20", "2026-99-20"),
        lambda line: f"{line} and more",
        lambda _line: "",
    ],
)
def test_what_is_not_exactly_a_marker_is_none(change):
    assert marker_of(change(Marker("k", "s", "1.1", AT).line())) is None


@given(st.text(max_size=200))
def test_no_text_breaks_it(text):
    assert marker_of(text) is None or text.startswith("<!-- guardrail-report")


@pytest.mark.parametrize("limit", [300, 1_000, 65_000])
def test_marker_and_body_together_keep_the_limit(limit):
    comment = Comment(Marker("ü" * 5, "a" * 40, "1.1", AT), lambda room: "x" * room)
    assert len(comment.text(limit).encode()) == limit
