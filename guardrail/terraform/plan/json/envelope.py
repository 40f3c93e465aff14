"""What surrounds the JSON of a plan: encodings, what CI wrappers add, and the files that people pass by mistake."""

from __future__ import annotations

import json
import math
import re

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.model.unknown import Json

MAX_DEPTH = 200
"""Containers inside one another that are read; Terraform's own plans stay below a quarter of it."""

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SHOW = "make the JSON with `terraform show -json tfplan > plan.json`"
_ENDS = 4096  # bytes at both ends in which a file of another kind shows itself
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))  # to delete by bytes.translate
_STRING = rb'(?s)"(?:[^"\\]|\\.)*+"'
_GZIP = b"\x1f\x8b"
_EVENT = re.compile(rb'\{\s*"@(level|message|module|timestamp)"')

WRAPPER_WARNING = (
    "the output of setup-terraform's wrapper stands around the plan and was left out: set `terraform_wrapper: false`"
)


class PlanText(Struct, frozen=True):
    """The JSON text of one or several plans, in UTF-8, maybe with a line break at its end, and warnings about what stood around it."""

    text: bytes
    warnings: tuple[str, ...] = ()


def plan_text(data: bytes, where: str) -> PlanText:
    """Return the JSON that the bytes hold. Raises InputError, naming the mistake and its remedy."""
    text = _utf8(data, where)
    # The line break after the JSON stays, as Terraform writes one: to take it away would copy the whole plan.
    if not (text.startswith((b"{", b"[")) and text.endswith((b"}\n", b"]\n"))):
        text = text.strip()
    # Terraform writes a plan on one line, in which a line break is found to be missing much faster than what follows it.
    line_break = text.find(b"\n")
    if text.startswith((b"[command]", b"::")) or (line_break >= 0 and text.find(b"\n::", line_break) >= 0):
        plan = PlanText(_inside_wrapper(text, where), (WRAPPER_WARNING,))
    else:
        _refuse_other_text(text, where)
        plan = PlanText(text)
    if _is_deeper_than(MAX_DEPTH, plan.text):
        raise InputError(f"nested more than {MAX_DEPTH} levels deep", where=where, fix="this is no plan of Terraform")
    return plan


def without_huge_numbers(text: bytes) -> bytes:
    """Return the same JSON with each number that Python cannot hold as a string of what is written.

    Terraform's numbers have no limits. Whole numbers are kept exactly up to Python's 4,300 digits; a longer one, or one
    such as 1e400 that no double holds, becomes text: it can be shown and compared, and what computes with it says so.
    Raises ValueError for NaN and infinities.
    """
    return json.dumps(json.loads(text, parse_int=_whole, parse_float=_double, parse_constant=_no_number)).encode()


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # Python's own bound on digits, against conversions of quadratic time
        return digits


def _double(digits: str) -> float | str:
    number = float(digits)
    return digits if math.isinf(number) else number


def _no_number(name: str) -> Json:
    raise ValueError(f"{name}, which is not JSON")


def _utf8(data: bytes, where: str) -> bytes:
    """Return the text in UTF-8 without a byte order mark."""
    if data.startswith(b"PK\x03\x04"):
        raise InputError("this is a saved plan, not its JSON", where=where, fix=_SHOW)
    if data.startswith(_GZIP):
        raise InputError("this is compressed with gzip, not the JSON of a plan", where=where, fix="unpack it: gunzip")
    # PowerShell's `>` writes UTF-16 with a mark, and its later versions UTF-8 with one.
    mark, encoding = next((pair for pair in _BYTE_ORDER_MARKS if data.startswith(pair[0])), (b"", "utf-8"))
    body = data[len(mark) :] if mark else data
    if encoding == "utf-8" and body.isascii() and b"\0" not in body:
        return body  # as most plans are: nothing to decode
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"not {encoding.upper()} text: {error.reason} at byte {len(mark) + error.start}",
            where=where,
            fix=f"if it is a saved plan, {_SHOW}",
        ) from None
    if "\0" in text:
        raise InputError("not UTF-8 text: it holds zero bytes", where=where, fix=f"write it in UTF-8, or {_SHOW}")
    return body if encoding == "utf-8" else text.encode()


def _inside_wrapper(text: bytes, where: str) -> bytes:
    """Return the plan from the output of setup-terraform's wrapper.

    Up to v2 it writes the command before the plan, and the plan again, for the log, after it: one line is the plan.
    Where it also publishes the plan as `::set-output`, GitHub did not tell it where outputs go: it is older than the
    runner, its exit code is not Terraform's, and what it captured is not relied on.
    """
    fix = f"set `terraform_wrapper: false` in setup-terraform and {_SHOW}"
    if b"::error::Terraform exited with code" in text:
        raise InputError("terraform failed, as setup-terraform's wrapper noted in this file", where=where, fix=fix)
    # Terraform writes the JSON of a plan on one line.
    lines = text.splitlines()
    plans = [line for line in lines if line.startswith(b"{") and b'"format_version"' in line]
    if len(plans) != 1 or any(line.startswith(b"::set-output") for line in lines):
        raise InputError("this is what setup-terraform's wrapper printed, not a plan", where=where, fix=fix)
    return plans[0]


def _refuse_other_text(text: bytes, where: str) -> None:
    """Raise InputError for text that is no JSON object or array, or one of another tool."""
    if not text:
        raise InputError("the file is empty", where=where, fix=f"did terraform fail? {_SHOW}")
    if _EVENT.match(text):
        raise InputError("this is the event stream of `terraform plan -json`, not a plan", where=where, fix=_SHOW)
    if all(name in text[:_ENDS] + text[-_ENDS:] for name in (b'"encrypted_data"', b'"encryption_version"')):
        fix = "show it where its key is: tofu show -json tfplan > plan.json"
        raise InputError("this is a plan that OpenTofu has encrypted", where=where, fix=fix)
    if text.startswith(b"<"):
        raise InputError("this is HTML or XML, not a plan", where=where, fix="was a login or an error page saved?")
    if not text.startswith((b"{", b"[")):
        raise InputError("this is not JSON", where=where, fix=_SHOW)


def _is_deeper_than(limit: int, text: bytes) -> bool:
    """Return whether containers stand more than `limit` deep inside one another.

    Cheap for what is usual: a round takes away the innermost one or two levels of all that is there.
    """
    brackets = text.translate(None, _NOT_BRACKETS)
    for _ in range(limit // 2):
        rest = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if len(rest) == len(brackets):
            break
        brackets = rest
    if not brackets:
        return False
    # Brackets in strings do not pair off, so that some are left of most plans with policies: now count without strings.
    deepest = depth = 0
    for bracket in re.sub(_STRING, b"", text).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"{[" else -1
        deepest = max(deepest, depth)
    return deepest > limit
