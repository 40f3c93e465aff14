"""Whether conditions leave a case out, as their texts show it."""

from __future__ import annotations

import pytest

from guardrail.cel.analysis.coverage import cover_all

LET = {"fifo": "attr.fifo == true", "size": "attr.big ? 'L' : 'S'", "code": "lower(attr.code)"}


@pytest.mark.parametrize(
    "conditions, expected",
    [
        (["true"], True),
        (["false"], False),
        ([], False),
        (["attr.a"], False),
        (["attr.a", "!attr.a"], True),
        (["attr.a", "!attr.b"], False),
        (["ref.x == null", "ref.x != null"], True),
        (["ref.x != null && attr.n > 0", "ref.x == null", "attr.n <= 0"], True),
        (["ref.x != null && attr.n > 0", "ref.x == null"], False),
        (["attr.n >= 1", "attr.n < 1"], True),
        (["let.fifo", "!let.fifo"], True),
        (["let.fifo", "attr.fifo != true"], True),
        (
            [
                "attr.sku == 'Free'",
                "attr.sku in ['Basic', 'Free'] && attr.sku != 'Free'",
                "!(attr.sku in ['Basic', 'Free'])",
            ],
            True,
        ),
        (["attr.sku == 'Free'", "attr.sku == 'Basic'"], False),
        # nothing is two things at once
        (["!(attr.pay == 'all')", "attr.pay != 'none'"], True),
        (["!(attr.pay == 'all')", "attr.kind != 'none'"], False),
        (["attr.a ? attr.b : true", "attr.a && !attr.b"], True),
        (["let.code == 'x'", "let.code != 'x'"], True),
        (["  attr.a||attr.b ", "!(attr.a || attr.b)"], True),
    ],
)
def test_conditions_that_cover_every_case(conditions, expected):
    assert cover_all(conditions, LET) is expected


def test_too_many_parts_are_not_tried():
    assert not cover_all([f"attr.a{number}" for number in range(40)] + ["attr.b", "!attr.b"], {})
