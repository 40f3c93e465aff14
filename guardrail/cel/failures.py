"""Why an expression has no value, in one wording for both engines."""

from __future__ import annotations

import re

_SAID = "\ue0c3"
"""Goes before what one of our own functions says, so that it can be told from what an engine says."""

OPERAND_FAULT = "an operand is null or of the wrong type"
"""What engines say of values that an expression is not made for; `guardrail.cel.environment` says which these are."""
DIVISION_BY_ZERO = "division by zero"
OUT_OF_RANGE = "a whole number out of range"
NO_ELEMENT = "a list is shorter than the index that is read"
BAD_PATTERN = "invalid regular expression"
NO_PLAIN_VALUE = "the result is an optional value: use .orValue(...) or .hasValue()"
SAME_KEY = "a map has the same key twice"

_MISSING_KEY = re.compile(r'Key not found in map : "((?:[^"\\]|\\.)*)"', re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


class EvaluationError(Exception):
    """An expression cannot be evaluated on what it was given."""


class StepsError(Exception):
    """An expression goes through more than an engine lets it: its macros multiply."""


class DepthError(Exception):
    """An expression is nested deeper than an engine lets it be."""


class FunctionError(ValueError):
    """A function cannot answer for these arguments."""

    def __init__(self, message: str) -> None:
        super().__init__(_SAID + message)
        self.message = message


def no_key(key: str) -> str:
    """Say that a map lacks a key."""
    return f'there is no key "{key}"'


def reason(text: str) -> str:
    """Return what to tell a user of an error that an engine or a function raised with that text."""
    _, is_ours, message = text.partition(_SAID)
    if is_ours:
        return message
    if missing := _MISSING_KEY.search(text):
        return no_key(re.sub(r"\\(.)", lambda escape: _CONTROL.get(escape[1], escape[1]), missing[1]))
    if "Index error: index=" in text:
        return NO_ELEMENT
    if "divide by zero" in text or "modulus by zero" in text:
        return DIVISION_BY_ZERO
    if "integer overflow" in text:
        return OUT_OF_RANGE
    if "duplicate key" in text:
        return SAME_KEY
    return BAD_PATTERN if BAD_PATTERN in text else OPERAND_FAULT
