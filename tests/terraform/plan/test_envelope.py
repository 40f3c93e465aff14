import codecs
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrail.errors import InputError
from guardrail.terraform import read_plan
from guardrail.terraform.plan.json.envelope import MAX_DEPTH, WRAPPER_WARNING, without_huge_numbers
from tests.terraform.plans import after, change, document

PLAN = json.dumps(document(change("aws_instance.web", {"ami": "ami-1"}))).encode()


def with_value(spelled: str) -> bytes:
    """A plan with an attribute that is spelled like this."""
    return PLAN.replace(b'"ami-1"', spelled.encode())


def value_of(data: bytes):
    (plan,) = read_plan(data, "plan.json")
    return after(plan.changes[0])["ami"]


MISTAKES = {
    "empty": (b"", "the file is empty"),
    "white space": (b" \r\n", "the file is empty"),
    "only a byte order mark": (codecs.BOM_UTF8, "the file is empty"),
    "saved plan": (b"PK\x03\x04\x14\x00\x08", "this is a saved plan, not its JSON"),
    "event stream": (b'{"@level":"info","@message":"Terraform 1.12.2"}\n{"@level":"info"}', "this is the event stream"),
    "state file": (b'{"version":4,"serial":6,"lineage":"2f9a","resources":[]}', "this is a state file"),
    "state as JSON": (b'{"format_version":"1.0","values":{"root_module":{}}}', "the JSON of a state"),
    "remote plan": (
        b'{"remote_plan_format":1,"run_id":"run-1","hostname":"app.terraform.io"}',
        "only points to a plan",
    ),
    "gzip": (gzip.compress(PLAN), "this is compressed with gzip"),
    "encrypted by OpenTofu": (
        b'{"meta":{"key_provider.pbkdf2.k":"e30="},"encrypted_data":"AAAA","encryption_version":"v0"}',
        "this is a plan that OpenTofu has encrypted",
    ),
    "encrypted, the other way round": (
        b'{"encrypted_data":"' + b"A" * 9000 + b'","encryption_version":"v0"}',
        "this is a plan that OpenTofu has encrypted",
    ),
    "HTML": (b"<!DOCTYPE html><title>Sign in</title>", "this is HTML"),
    "plan for people": (b"Terraform will perform the following actions:", "this is not JSON"),
    "JSON of another kind": (b'{"hello":"world"}', "it has no format_version"),
    "findings of validate": (b'{"format_version":"1.0","valid":false,"diagnostics":[]}', "neither planned_values nor"),
    "schemas of providers": (b'{"format_version":"1.0","provider_schemas":{}}', "neither planned_values nor"),
    "an empty state": (b'{"format_version":"1.0"}', "neither planned_values nor"),
    "a number": (b"12", "this is not JSON"),
    "truncated": (PLAN[:-20], "the JSON ends in the middle"),
    "truncated at a bracket": (PLAN[: PLAN.rindex(b"}")] + b"\n", "not valid JSON at byte"),
    "trailing garbage": (PLAN + b"}", "something follows the JSON of the plan"),
    "two plans": (PLAN + b"\n" + PLAN, "something follows the JSON of the plan"),
    "no plan in an array": (b"[]", "an array without a plan"),
    "an array of other things": (b"[1]", "Expected `object`, got `int` - at `$[0]`"),
    "later format": (PLAN.replace(b'"1.2"', b'"2.0"'), "format_version 2.0 is not supported"),
    "failed plan": (PLAN.replace(b"{", b'{"errored": true, ', 1), "terraform failed while planning"),
    "wrong encoding": (b'{"a": "\xe9t\xe9"}', "not UTF-8 text: invalid continuation byte at byte 7"),
    "UTF-16 cut in half": (codecs.BOM_UTF16_LE + "{}".encode("utf-16-le") + b"x", "not UTF-16-LE text"),
    "UTF-16 without a mark": (PLAN.decode().encode("utf-16-le"), "zero bytes"),
    "too deep": (with_value("[" * MAX_DEPTH + "]" * MAX_DEPTH), "nested more than 200 levels deep"),
    "deep in turns": (with_value('[{"a":' * MAX_DEPTH + "1" + "}]" * MAX_DEPTH), "nested more than 200 levels deep"),
    "much too deep": (b"[" * 100_000, "nested more than 200 levels deep"),
    "NaN": (with_value("NaN"), "NaN or Infinity"),
    "minus infinity": (with_value("-Infinity"), "NaN or Infinity"),
    "NaN beside a huge number": (with_value("[1e400, NaN]"), "NaN, which is not JSON"),
    "half a surrogate pair": (with_value('"\\ud800"'), "not valid JSON at byte"),
    "no address": (PLAN.replace(b'"address"', b'"adress"', 1), "missing required field `address`"),
    "changes of another shape": (b'{"format_version":"1.2","resource_changes":"x"}', "at `$.resource_changes`"),
    "attributes of another shape": (PLAN.replace(b'{"ami": "ami-1"}', b"[]"), "resource_changes[0].change.after"),
    "wrapper of v1": (
        b"[command]/opt/terraform-bin show -json\n" + PLAN + b"\n::debug::x\n::set-output name=stdout::" + PLAN,
        "this is what setup-terraform's wrapper printed",
    ),
    "failure noted by the wrapper": (PLAN + b"\n::error::Terraform exited with code 1.\n", "terraform failed"),
    "only a failure": (b"\n::error::Terraform exited with code 1.\n", "terraform failed"),
    "the wrapper alone": (b"[command]/opt/terraform-bin show -json\n::debug::exitcode: 0\n", "wrapper printed"),
}


@pytest.mark.parametrize("data, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named_in_one_line(data, message):
    with pytest.raises(InputError) as caught:
        read_plan(data, "out/plan.json")
    text = str(caught.value)
    assert text.startswith("out/plan.json: ")
    assert message in text
    assert caught.value.fix
    assert "\n" not in text


FRAMINGS = {
    "plain": lambda text: text.encode(),
    "a line break at the end, as Terraform writes it": lambda text: text.encode() + b"\n",
    "trailing white space": lambda text: b"\n" + text.encode() + b" \r\n",
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16LE": lambda text: codecs.BOM_UTF16_LE + (text + "\r\n").encode("utf-16-le"),
    "UTF-16BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "wrapper": lambda text: (
        f"[command]/opt/terraform-bin show -json\n{text}\n::debug::Terraform exited with code 0.\n"
        f"::debug::stdout: {text}%0A\n::debug::exitcode: 0\n"
    ).encode(),
    "an array": lambda text: f"[{text}]".encode(),
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@pytest.mark.parametrize("frame", FRAMINGS.values(), ids=FRAMINGS)
@settings(max_examples=25)
@given(values=st.dictionaries(st.text(min_size=1), VALUES, max_size=4), ascii_only=st.booleans())
def test_a_plan_reads_the_same_in_every_framing(frame, values, ascii_only):
    text = json.dumps(document(change("aws_instance.web", values)), ensure_ascii=ascii_only)
    (plan,) = read_plan(frame(text), "plan.json")
    assert after(plan.changes[0]) == values


def test_the_wrapper_is_warned_of():
    (plan,) = read_plan(FRAMINGS["wrapper"](PLAN.decode()), "plan.json")
    assert plan.warnings == (WRAPPER_WARNING,)


def test_several_plans_in_an_array_stay_apart():
    other = json.dumps(document(change("aws_instance.b", {})))
    plans = read_plan(f"[{PLAN.decode()},\n{other}]".encode(), "plan.json")
    assert [[found.address for found in plan.changes] for plan in plans] == [["aws_instance.web"], ["aws_instance.b"]]


@pytest.mark.parametrize(
    "spelled, value",
    [
        ("9007199254740993", 9007199254740993),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1" + "0" * 400, 10**400),
        ("1" + "0" * 5000, "1" + "0" * 5000),
        ("1e400", "1e400"),
        ("-1e999999999", "-1e999999999"),
        ("1e-999", 0.0),
        ("[0.1, 1e400, true, null]", [0.1, "1e400", True, None]),
    ],
    ids=lambda value: f"{value!s:.20}",
)
def test_numbers_of_any_size_are_read(spelled, value):
    assert value_of(with_value(spelled)) == value


@given(VALUES)
def test_taking_out_huge_numbers_changes_nothing_else(value):
    assert json.loads(without_huge_numbers(json.dumps(value).encode())) == value


def test_of_duplicate_keys_the_last_counts():
    assert value_of(PLAN.replace(b'"ami": "ami-1"', b'"ami": "a", "ami": "b"')) == "b"


def test_a_text_of_a_megabyte_is_read():
    assert value_of(with_value('"' + "x" * 1_000_000 + '"')) == "x" * 1_000_000


def test_brackets_in_texts_are_not_depth():
    text = "[{" * 5 * MAX_DEPTH
    assert value_of(with_value(json.dumps(text))) == text


def test_depth_up_to_the_limit_is_read():
    depth = MAX_DEPTH - 5  # of the document, resource_changes, its element, change and after
    assert json.dumps(value_of(with_value("[" * depth + "]" * depth))) == "[" * depth + "]" * depth
