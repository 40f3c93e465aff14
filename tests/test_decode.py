"""What others wrote is decoded without trust in its depth, however far an evaluation before it may have descended."""

import sys
from pathlib import Path

import msgspec
import pytest

import guardrail
from guardrail.decode import decode_json, decode_msgpack, json_decoder
from guardrail.terraform.language.scope import Budget

DEPTH = 100_000
DEEP = b"[" * DEPTH + b"]" * DEPTH
DECODE = {
    "a list": lambda: decode_json(DEEP, object),
    "objects": lambda: decode_json(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, object),
    "what a type leaves out": lambda: json_decoder(msgspec.defstruct("One", ["name"]))(b'{"a":' + DEEP + b"}"),
    "raw": lambda: decode_json(DEEP, msgspec.Raw),
    "MessagePack": lambda: decode_msgpack(b"\x91" * DEPTH + b"\x01", extension=lambda _code, _data: None),
}


@pytest.mark.parametrize("what", DECODE)
def test_depth_is_an_error_and_no_crash_after_an_evaluation(what):
    frames = sys.getrecursionlimit()
    Budget()
    raised = sys.getrecursionlimit()
    try:
        with pytest.raises(msgspec.DecodeError):
            DECODE[what]()
        assert sys.getrecursionlimit() == raised
    finally:
        sys.setrecursionlimit(frames)


def test_nothing_is_decoded_elsewhere():
    """The tables that the wheel ships are its own."""
    ours = {"decode.py", "catalog/store.py", "terraform/schemas/schema.py"}
    package = Path(guardrail.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(word in path.read_text() for word in ("json.decode(", "json.Decoder(", "msgpack.decode("))
    }
    assert found == ours
