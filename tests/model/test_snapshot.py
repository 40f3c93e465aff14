"""Snapshots of ledgers as files: what is read of them, and what is not believed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.errors import InputError
from guardrail.model.billed.snapshot import (
    MAX_BYTES,
    SCHEMA,
    BilledMonth,
    BilledResource,
    Snapshot,
    as_json,
    parse_snapshot,
    usable,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SNAPSHOT = Snapshot(
    tool="1.0",
    generated_at=NOW,
    currency="USD",
    cost="effective",
    month="2026-10",
    months=(BilledMonth(month="2026-10", through=datetime(2026, 11, 1, tzinfo=UTC), open=False),),
    resources=(BilledResource(project="shop", address='aws_x.y["é\n"]', amount="-1.5"),),
)
TEXT = as_json(SNAPSHOT)


def test_a_snapshot_comes_back_as_it_was():
    assert parse_snapshot(TEXT.encode(), where="x") == SNAPSHOT
    assert parse_snapshot(b"\xef\xbb\xbf" + TEXT.encode(), where="x") == SNAPSHOT
    assert TEXT.count('"address"') == 1
    assert len(TEXT.splitlines()) == 16


def changed(**values):
    return json.dumps({**json.loads(TEXT), **values}).encode()


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "truncated"),
        (TEXT.encode()[:-20], "not a snapshot of a ledger"),
        (b"\x00\xff", "not a snapshot"),
        (b"[]", "Expected `object`"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "more than"),
        (changed(schema="guardrail.ledger-snapshot/v2"), f"is of guardrail.ledger-snapshot/v2, and this guardrail reads {SCHEMA}"),
        (changed(schema="guardrail.report/v1"), "not a snapshot"),
        (changed(currency="usd"), "$.currency"),
        (changed(month="2026-13"), "$.month"),
        (changed(month="2026-10\n"), "$.month"),
        (changed(generated_at="2026-11-28T12:00:00"), "$.generated_at"),
        (changed(generated_at="0001-01-01T00:00:00Z"), "a time that no bill has"),
        (changed(generated_at=7), "$.generated_at"),
        (changed(resources=[{"project": "a", "address": "b", "amount": "NaN"}]), "$.resources[0].amount"),
        (changed(resources=[{"project": "a", "address": "b", "amount": "1" * 400}]), "$.resources[0].amount"),
        (changed(resources=[{"project": "a", "address": "b", "amount": 1.5}]), "$.resources[0].amount"),
        (changed(resources=[{"project": "a", "address": "b"}]), "amount"),
        (changed(months=[{"month": "2026-10", "through": "9999-12-31T00:00:00Z", "open": False}]), "a time that no bill has"),
        (changed(types=[{"type": "a", "resources": -1, "months": 1, "estimated": "1", "billed": "1"}]), "$.types[0].resources"),
        (changed(budgets={}), "$.budgets"),
    ],
)  # fmt: skip
def test_what_is_no_snapshot_is_one_line_that_says_what_to_do(data, said):
    with pytest.raises(InputError) as caught:
        parse_snapshot(data, where="ledger.snapshot.json")
    text = str(caught.value)
    assert said in text
    assert text.startswith("ledger.snapshot.json: ")
    assert "guardrail ledger snapshot --out FILE" in text
    assert "\n" not in text


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_in_one_line(place, byte):
    data = bytearray(TEXT.encode())
    data[place] = byte
    for text in (bytes(data), bytes(data[:place])):
        try:
            assert isinstance(parse_snapshot(text, where="x"), Snapshot)
        except InputError as error:
            said = str(error)
        else:
            said = ""
        assert "\n" not in said


@pytest.mark.parametrize(
    "after, currency, why",
    [
        (timedelta(days=7), "USD", ""),
        (timedelta(days=7, seconds=1), "USD", "older than the 7 days that guardrail.yaml allows"),
        (timedelta(hours=-23), "USD", ""),
        (timedelta(days=-2), "USD", "after the time of this run"),
        (timedelta(0), "EUR", "is in USD, and this run in EUR"),
    ],
)
def test_a_snapshot_is_used_as_long_as_it_is_young_enough(after, currency, why):
    known = usable(SNAPSHOT, "x.json", NOW + after, timedelta(days=7), currency)
    assert (known.snapshot is SNAPSHOT) == (why == "")
    assert why in known.why
