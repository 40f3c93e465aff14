import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.policy.glob import Globs, is_pattern, matches, matches_any

ALPHABET = st.text(st.sampled_from('ab*?.["]'), max_size=8)


@given(ALPHABET, ALPHABET)
def test_only_stars_and_question_marks_are_special(pattern, text):
    literally = "".join(f"[{c}]" if c in '."]' else "[[]" if c == "[" else c for c in pattern)
    assert matches(pattern, text) is (pattern == text or fnmatch.fnmatchcase(text, literally))


@given(ALPHABET)
def test_every_text_fits_itself_and_the_star(text):
    assert matches(text, text)
    assert matches("*", text)
    assert matches(text + "*", text + "\nx")


def test_patterns_that_hang_elsewhere_do_not_here():
    assert not matches("*a" * 12 + "b", "a" * 60)


@pytest.mark.parametrize("text, wanted", [("a*", True), ("a?", True), ("a[0]", False), ("", False)])
def test_is_pattern(text, wanted):
    assert is_pattern(text) is wanted


def test_any():
    assert matches_any(["x", "a*"], "abc")
    assert not matches_any([], "abc")


@given(st.lists(ALPHABET, max_size=12), ALPHABET)
def test_many_patterns_are_found_as_each_alone_fits(patterns, text):
    globs: Globs[int] = Globs()
    for number, pattern in enumerate(patterns):
        globs.add(pattern, number)
    assert sorted(globs.find(text)) == [number for number, pattern in enumerate(patterns) if matches(pattern, text)]
