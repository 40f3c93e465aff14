"""Lines added to usage files: what people wrote stays, byte for byte."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guardrail.costs.usage.edit import UsageLine, with_lines
from guardrail.errors import InputError

MARK = "learned from "
LINES = [
    UsageLine("aws_nat_gateway.a", "monthly_data_processed_gb", "1038.13", f"{MARK}a bill"),
    UsageLine('aws_s3_bucket.b["x"]', "standard.storage_gb", "500", f"{MARK}a bill"),
    UsageLine('aws_s3_bucket.b["x"]', "standard.monthly_tier_1_requests", "1816735", f"{MARK}a bill"),
]
ADDED = """\
resource_usage:
  aws_nat_gateway.a:
    monthly_data_processed_gb: 1038.13  # learned from a bill
  "aws_s3_bucket.b[\\"x\\"]":
    standard:
      storage_gb: 500  # learned from a bill
      monthly_tier_1_requests: 1816735  # learned from a bill
"""


def edited(text, lines=LINES):
    return with_lines(text, lines, MARK, name="usage.yml")


def test_a_new_file():
    assert edited("").text == "version: 0.1\n" + ADDED
    assert edited("version: 0.1\n").text == "version: 0.1\n" + ADDED
    assert edited("# ours\nversion: 0.1").text == "# ours\nversion: 0.1\n" + ADDED


def test_lines_that_were_added_are_written_anew():
    older = "version: 0.1\n" + ADDED.replace("500", "400").replace("1038.13", "7 ")
    assert edited(older).text == "version: 0.1\n" + ADDED
    assert edited("version: 0.1\n" + ADDED).text == "version: 0.1\n" + ADDED


def test_lines_made_by_hand_stay_and_new_ones_come_behind_them():
    text = """\
# Usage of the shop
resource_type_default_usage:
    aws_s3_bucket: {standard: {storage_gb: 7}}   # of all

resource_usage:
    aws_nat_gateway.a:   # the gateway
        monthly_data_processed_gb: 1_000.0e0 # as Ana says

    'aws_s3_bucket.b["x"]':
        standard:
            storage_gb: 42
        object_tags: 5

    aws_sqs_queue.q: {monthly_requests: 5}
# the end
"""
    found = edited(text.replace("1_000.0e0", "1000.0e0"))
    assert [line.key for line in found.kept] == ["monthly_data_processed_gb", "standard.storage_gb"]
    assert found.text == text.replace("1_000.0e0", "1000.0e0").replace(
        "            storage_gb: 42\n",
        "            storage_gb: 42\n            monthly_tier_1_requests: 1816735  # learned from a bill\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        "resource_usage:\n  aws_nat_gateway.a:\n    monthly_data_processed_gb: 5\n",
        "resource_usage:\n  aws_nat_gateway.a: {monthly_data_processed_gb: 5}\n",
        'resource_usage:\n  "aws_nat_gateway.a":\n    monthly_data_processed_gb: 0\n',
        "resource_usage:\n  aws_nat_gateway.a:\n    monthly_data_processed_gb: # to be filled in\n",
    ],
)
def test_a_key_that_is_given_is_kept_however_it_is_written(text):
    found = edited(text, LINES[:1])
    assert (found.text, found.kept) == (text, (LINES[0],))


def test_a_wildcard_that_means_the_address_is_given_too():
    text = "resource_usage:\n  aws_s3_bucket.b[*]:\n    standard.storage_gb: 5\n"
    found = edited(text, LINES[1:])
    assert found.kept == (LINES[1],)
    assert "monthly_tier_1_requests: 1816735" in found.text
    assert "storage_gb: 500" not in found.text


def test_defaults_of_a_type_are_not_those_of_a_resource():
    text = "resource_type_default_usage:\n  aws_nat_gateway:\n    monthly_data_processed_gb: 5\n"
    assert edited(text, LINES[:1]).kept == ()


@pytest.mark.parametrize(
    "empty", ["resource_usage:\n", "resource_usage:\n  aws_nat_gateway.a:\n", "resource_usage:\n\n# end\n"]
)
def test_empty_blocks_are_filled(empty):
    text = edited(empty, LINES[:1]).text
    assert yaml.safe_load(text) == {"resource_usage": {"aws_nat_gateway.a": {"monthly_data_processed_gb": 1038.13}}}


def test_line_ends_stay_as_they_are():
    text = edited("version: 0.1\r\nresource_usage:\r\n  aws_x.a:\r\n    b: 1\r\n", LINES[:1]).text
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize(
    "text, said",
    [
        (
            "resource_usage:\n  aws_nat_gateway.a: {other: 5}\n",
            "usage.yml:2: resource_usage.aws_nat_gateway.a cannot be edited line by line",
        ),
        ("{version: 0.1}\n", "cannot be edited line by line"),
        ("resource_usage: {}\n", "cannot be edited line by line"),
        ("- 5\n", "usage.yml: is no usage file"),
        ("a: [\n", "usage.yml"),
        ("resource_usage:\n  aws_nat_gateway.a: 5\n", "cannot be edited"),
    ],
)
def test_a_file_that_cannot_be_edited_is_said_and_left(text, said):
    with pytest.raises(InputError) as raised:
        edited(text, LINES[:1])
    assert said in str(raised.value)


KEYS = st.sampled_from(["a", "b", "standard", "monthly_gb"])
LEAVES = st.integers(0, 9) | st.none() | st.floats(0, 9, allow_nan=False)
ENTRIES = st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=3), max_size=4)
ADDRESSES = st.sampled_from(["aws_x.a", "aws_x.b", 'module.m["k"].aws_x.c[0]', "aws_x.d[*]"])
ADDITIONS = st.lists(
    st.builds(
        lambda address, key, value: UsageLine(address, key, str(value), f"{MARK}b"),
        ADDRESSES,
        st.sampled_from(["a", "standard.c", "monthly_gb"]),
        st.integers(0, 9),
    ),
    max_size=4,
    unique_by=lambda line: (line.address, line.key),
)


@given(by_hand=st.dictionaries(ADDRESSES, ENTRIES | st.none(), max_size=4), lines=ADDITIONS, comments=st.booleans())
def test_whatever_people_wrote_is_there_after_lines_were_added(by_hand, lines, comments):
    text = yaml.safe_dump(
        {"version": "0.1", "resource_usage": by_hand}, default_flow_style=False, sort_keys=False, width=1000
    )
    if comments:
        text = text.replace("\n", "  # ours\n\n")
    try:
        found = edited(text, lines)
    except InputError:  # a number where a block should be, or an empty block in braces
        return
    rows = iter(found.text.splitlines())
    assert all(row in rows for row in text.splitlines())  # each, in its order
    assert edited(found.text, lines).text == found.text
