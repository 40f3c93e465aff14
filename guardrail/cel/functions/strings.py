"""Strings, as CEL's extension `strings` and the standard library have them, and a few functions of our own."""

from __future__ import annotations

import base64
import json
import operator
from functools import cache
from typing import Any

import re2

from guardrail.cel.failures import BAD_PATTERN, FunctionError
from guardrail.cel.functions.function import fault, function
from guardrail.cel.functions.values import all_known, kind, plain_text, text

_WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_QUOTED = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}
_MOST_CHARACTERS = 1_000_000
"""What a text may come to: an expression must not fill the memory."""

function(".startsWith", params="s s", result="b", native=True)(str.startswith)
function(".endsWith", params="s s", result="b", native=True)(str.endswith)
function(".contains", params="s s", result="b", native=True)(operator.contains)
function(".lowerAscii", params="s", result="s", native=True)(
    lambda value: "".join(char.lower() if char.isascii() else char for char in value)
)
function(".upperAscii", params="s", result="s", native=True)(
    lambda value: "".join(char.upper() if char.isascii() else char for char in value)
)
function(".trim", params="s", result="s", native=True)(lambda value: value.strip(_WHITE))
function("strings.quote", params="s", result="s", native=True)(
    lambda value: f'"{"".join(_QUOTED.get(char, char) for char in value)}"'
)
function("lower", params="s", result="s")(str.lower)
function("upper", params="s", result="s")(str.upper)


def _bounded(value: str) -> str:
    if len(value) > _MOST_CHARACTERS:
        raise FunctionError(f"a text of more than {_MOST_CHARACTERS:,} characters")
    return value


@function("size", ".size", params="slmy", result="i", native=True)
def size(value: Any) -> int:
    """Return how many characters, bytes, elements or entries there are."""
    return len(value)


@function("string", params="*", result="s")
def string(value: Any) -> str:
    """Return how a value reads; bytes as UTF-8."""
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise fault() from None
    return text(value)


@function("bytes", params="sy", result="y", native=True)
def to_bytes(value: str | bytes) -> bytes:
    """Return a string as UTF-8."""
    return value.encode() if isinstance(value, str) else value


@function("bool", params="sb", result="b", native=True)
def to_bool(value: str | bool) -> bool:  # noqa: FBT001 - CEL's own
    """Return the bool that a string spells."""
    if isinstance(value, bool):
        return value
    if value not in {"true", "TRUE", "True", "t", "1", "false", "FALSE", "False", "f", "0"}:
        raise fault()
    return value in {"true", "TRUE", "True", "t", "1"}


@cache
def regex(pattern: str) -> Any:
    """Compile a regular expression, in RE2's dialect. Raises FunctionError if it is none."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise FunctionError(f"{BAD_PATTERN} {pattern!r}: {error}") from None


@function("matches", ".matches", params="s s", result="b", native=True)
def matches(value: str, pattern: str) -> bool:
    """Say whether a regular expression matches somewhere."""
    try:
        return regex(pattern).search(value) is not None
    except FunctionError:
        raise FunctionError(BAD_PATTERN) from None


@function("extract", params="s s", result="s")
def extract(value: str, pattern: str) -> str:
    """Return the first group (else the whole) of the first match, "" if there is none."""
    match = regex(pattern).search(value)
    if not match:
        return ""
    return (match.group(1) if match.re.groups else match.group()) or ""


@function(".find", params="s s", result="s")
def find(value: str, pattern: str) -> str:
    """Return the first match, "" if there is none."""
    match = regex(pattern).search(value)
    return match.group() if match else ""


@function(".findAll", params="s s ?#", result="ls")
def find_all(value: str, pattern: str, limit: int = -1) -> list[str]:
    """Return all matches, or as many as the limit says."""
    found = [match.group() for match in regex(pattern).finditer(value)]
    return found if limit < 0 else found[:limit]


@function("regex.extractAll", params="s s", result="ls")
def extract_all(value: str, pattern: str) -> list[str]:
    """Return the group (else the whole) of every match."""
    compiled = regex(pattern)
    if compiled.groups > 1:
        raise FunctionError(f"{BAD_PATTERN} {pattern!r}: more than one group")
    found = (match.group(1) if compiled.groups else match.group() for match in compiled.finditer(value))
    return [part for part in found if part is not None]


@function("regex.replace", params="s s s ?#", result="s")
def regex_replace(value: str, pattern: str, replacement: str, limit: int = -1) -> str:
    r"""Return the string with matches replaced, from the left as many as the limit says; `\1` is the first group."""
    return value if limit == 0 else _bounded(str(regex(pattern).sub(replacement, value, max(limit, 0))))


@function(".charAt", params="s #", result="s", native=True)
def char_at(value: str, place: int) -> str:
    """Return the character at a place, "" for the place after the last."""
    if not 0 <= place <= len(value):
        raise fault()
    return value[place : place + 1]


@function(".indexOf", params="s s ?#", result="i")
def index_of(value: str, part: str, start: int = 0) -> int:
    """Return the first place of a text from `start` on, -1 if there is none."""
    if not part:
        return start
    if not 0 <= start <= len(value):
        raise fault()
    return value.find(part, start)


@function(".lastIndexOf", params="s s ?#", result="i")
def last_index_of(value: str, part: str, end: int | None = None) -> int:
    """Return the last place of a text up to `end`, -1 if there is none."""
    if not part:
        return len(value) if end is None else end
    if end is None:
        return value.rfind(part)
    if not 0 <= end <= len(value):
        raise fault()
    return value.rfind(part, 0, end + len(part))


@function(".substring", params="s # ?#", result="s")  # Google's engine refuses an end that is the end of the string
def substring(value: str, start: int, end: int | None = None) -> str:
    """Return the characters from `start` to before `end`."""
    end = len(value) if end is None else end
    if not 0 <= start <= end <= len(value):
        raise fault()
    return value[start:end]


@function("replace", ".replace", params="s s s ?#", result="s")
def replace(value: str, old: str, new: str, limit: int = -1) -> str:
    """Return the string with `old` replaced by `new`, from the left as often as the limit says."""
    return _bounded(value.replace(old, new, limit))


@function(".split", params="s s ?#", result="ls")
def split(value: str, separator: str, limit: int = -1) -> list[str]:
    """Return the parts between separators, at most as many as the limit says."""
    if limit == 0:
        return []
    if not separator:
        parts = list(value)
        return parts if limit < 0 or len(parts) <= limit else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
    return value.split(separator, limit - 1 if limit > 0 else -1)


@function("split", params="s s", result="ls")
def split_by(value: str, separator: str) -> list[str]:
    """Return the parts between separators."""
    if not separator:
        raise FunctionError("split needs a separator")
    return value.split(separator)


@function(".join", "join", params="l ?s", result="s")
def join(parts: list[Any], separator: str = "") -> str:
    """Return the list's values as one string."""
    return _bounded(separator.join(text(part) for part in parts))


@function(".format", params="s l", result="s")
def formatted(pattern: str, values: list[Any]) -> str:
    """Return the pattern with `%s`, `%d`, `%f`, `%e`, `%x`, `%X`, `%o` and `%b` replaced by the values, in turn."""
    pieces, at, place = [], 0, 0
    while (start := pattern.find("%", at)) >= 0:
        pieces.append(pattern[at:start])
        end = start + 1
        while end < len(pattern) and (pattern[end].isdecimal() or pattern[end] == "."):
            end += 1
        verb, precision = pattern[end : end + 1], pattern[start + 1 : end]
        if verb == "%" and not precision:
            pieces.append("%")
        else:
            if place >= len(values):
                raise FunctionError("format has fewer values than its pattern asks for")
            pieces.append(_clause(verb, precision, all_known(values[place])))
            place += 1
        at = end + 1
    return _bounded("".join([*pieces, pattern[at:]]))


_MOST_DIGITS = 1000


def _clause(verb: str, precision: str, value: Any) -> str:  # noqa: C901 - one case a verb
    if precision and (not precision.startswith(".") or not precision[1:].isdecimal() or verb not in "fe"):
        raise fault()
    digits = int(precision[1:]) if precision else 6
    if digits > _MOST_DIGITS:
        raise fault()
    found = kind(value)
    if verb == "s":
        return _spelled(value)
    if verb in "fe" and found in "iud":
        return _special(float(value)) or format(float(value), f".{digits}{verb}")
    if verb == "d" and found == "d" and _special(value):
        return _special(value)
    if verb in "dxXob" and found == "d" and value.is_integer():
        value, found = int(value), "i"
    if verb == "d" and found in "iu":
        return format(int(value), "d")
    if verb in "xXob" and found in "iu":
        return format(int(value), verb)
    if verb == "b" and found == "b":
        return "1" if value else "0"
    if verb in "xX" and found in "sy":
        shown = (value.encode() if isinstance(value, str) else bytes(value)).hex()
        return shown.upper() if verb == "X" else shown
    raise fault()


def _special(value: float) -> str:
    return "NaN" if value != value else "" if abs(value) != float("inf") else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - NaN


def _spelled(value: Any) -> str:
    """Return a value as `%s` has it."""
    match kind(value):
        case "d":
            return _special(value) or text(value)
        case "y":
            return bytes(value).decode("utf-8", "replace")
        case "l":
            return f"[{', '.join(map(_spelled, value))}]"
        case "m":
            entries = sorted((_spelled(key), _spelled(part)) for key, part in value.items())
            return f"{{{', '.join(f'{key}: {part}' for key, part in entries)}}}"
        case "s":
            return plain_text(value)
        case _:
            return text(value)


@function("base64.encode", params="y", result="s", native=True)
def encode(value: bytes) -> str:
    """Return bytes in base64."""
    return base64.b64encode(value).decode()


@function("base64.decode", params="s", result="y")  # Google's engine passes over what is no base64
def decode(value: str) -> bytes:
    """Return the bytes that base64 spells, with or without padding."""
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True)
    except ValueError:
        raise fault() from None


@function("json.parse", params="s", result="?")
def parse_json(value: str) -> Any:
    """Return what a text in JSON says; all numbers are doubles."""
    try:
        return json.loads(value, parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FunctionError(f"not JSON: {value[:40]!r}") from None


def _refuse(_: str) -> Any:
    raise ValueError
