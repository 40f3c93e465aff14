"""JSON as reports write it: what is quick to write is no other text."""

import json
from typing import Any

import pytest

from guardrail.model.resource import Action
from guardrail.report.json.text import Written, encode, finished, joined, listed

VALUES: list[Any] = [
    *(None, True, 0, -1, 10**30, 0.1, 1.0, 1e15, 0.0001, -0.0, "", "a", Action.NO_OP, [], {}, [[]], {"a": {"b": [1, None]}}),
    *('"', "\\", "\\u0041", "/", "\n\t\r\b\f", "\x00\x1f", "\x7f", "é", "€", "😀", "\u2028", "<&>"),
    *({"é": 1}, {"a\x7f": "b"}, {"a": ["x", "\ud83d\udca9"]}),
]  # fmt: skip
# What JSON cannot hold, and what build runners obey.
MENDED: list[tuple[Any, Any]] = [
    *(("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ({"a": ["x", "\ud83d"]}, {"a": ["x", "\ufffd"]}), ("\\\udc00", "\\\ufffd")),
    *((text, text) for text in ("##[x]", "é##vso[", "###", "\\ud800")),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_values_are_written_in_ascii(value):
    assert encode(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("value, read", MENDED, ids=ascii)
def test_values_are_fit_to_be_printed_anywhere(value, read):
    text = encode(value)
    assert json.loads(text) == read
    assert text.isascii()
    assert "##" not in text


def test_documents_are_put_together_in_order():
    items: list[Written] = [
        listed([]),
        joined({}),
        encode("##[x]"),
        encode("a\ud800"),
        joined({"b": encode(1), "a": listed(["2", ["3"]])}),
    ]
    text = finished(joined({"items": listed(items)}))
    assert text == '{"items":[\n[],\n{},\n"#\\u0023[x]",\n"a\\ufffd",\n{"b":1,"a":[\n2,\n3\n]}\n]}\n'
    assert json.loads(text)["items"][3] == "a\ufffd"
