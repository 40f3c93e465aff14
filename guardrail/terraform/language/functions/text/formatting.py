"""format and formatlist: verbs as in Go's fmt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct

from guardrail.terraform.language.conversion import ConversionError, convert
from guardrail.terraform.language.functions.json_text import encoded
from guardrail.terraform.language.functions.signature import (
    MOST_CHARACTERS,
    Function,
    FunctionError,
    NotEvaluated,
    Parameter,
    check_length,
    friendly,
    undecided,
)
from guardrail.terraform.language.functions.text.graphemes import clusters
from guardrail.terraform.language.numbers import Number, is_negative, to_text
from guardrail.terraform.language.types import ANY, BOOL, NUMBER, STRING, ListType, Primitive, SetType, TupleType
from guardrail.terraform.language.values import Value, list_, string

# Flags, width, precision, [index of an argument], and the verb, in the order that Terraform's own scanner wants.
_VERB = re.compile(r"%([0#\-+ ]*)([1-9][0-9]*)?(?:\.([0-9]*))?(?:\[([1-9][0-9]*)\])?([A-Za-z])")
_SIGNIFICANT = 6  # from this exponent on, %v and %g write one
_SMALLEST = -4  # and below this one


class _Verb(Struct, frozen=True):
    raw: str
    offset: int
    flags: str
    width: int
    precision: int | None
    mode: str

    def padded(self, text: str) -> str:
        missing = self.width - len(clusters(text)) if self.width else 0
        if missing <= 0:
            return text
        pad = ("0" if "0" in self.flags else " ") * missing
        return text + pad if "-" in self.flags else pad + text

    def refused(self, why: str) -> FunctionError:
        return FunctionError(f'unsupported value for "{self.raw}" at {self.offset}: {why}')


def format_(template: Value, *arguments: Value) -> Value:
    """Fill a template. Where an argument is not known, the text before the first verb is."""
    if not all(argument.is_wholly_known() for argument in arguments):
        return undecided(arguments, STRING, prefix=template.raw.partition("%")[0] if "%" in template.raw else "")
    return string(_filled(template.raw, arguments))


def formatlist(template: Value, *arguments: Value) -> Value:
    """Fill a template once per element of the lists among the arguments, which are all of one length."""
    if not arguments:
        return list_([string(_filled(template.raw, ()))], STRING)
    length = None
    for position, argument in enumerate(arguments, 1):
        # What is no list is the same in each row, null as well.
        if argument.is_null or not isinstance(argument.type, ListType | SetType | TupleType):
            if argument.is_unknown and argument.type == ANY:
                return undecided(arguments, ListType(STRING))
            continue
        if argument.is_unknown:
            return undecided(arguments, ListType(STRING))
        if length not in (None, len(argument.raw)):
            raise FunctionError(
                f"argument {position} has length {len(argument.raw)}, which is inconsistent with another argument of length {length}"
            )
        length = len(argument.raw)
    rows = range(1 if length is None else length)
    filled = [tuple(one.raw[row] if isinstance(one.raw, tuple) else one for one in arguments) for row in rows]
    check_length(sum(len(template.raw) for _ in rows))
    return list_(
        (
            string(_filled(template.raw, row)) if all(one.is_wholly_known() for one in row) else undecided(row, STRING)
            for row in filled
        ),
        STRING,
    )


def _filled(template: str, arguments: Sequence[Value]) -> str:
    made: list[str] = []
    position, following, highest = 0, 1, 0
    while position < len(template):
        start = template.find("%", position)
        if start < 0:
            start = len(template)
        made.append(template[position:start])
        if start == len(template):
            break
        if template.startswith("%%", start):
            made.append("%")
            position = start + 2
            continue
        found = _VERB.match(template, start)
        if not found:
            raise FunctionError(f"unrecognized format character or end of the format string after offset {start}")
        flags, width, precision, index, mode = found.groups()
        chosen = int(index[:9]) if index else following  # nine digits are more arguments than there can be
        # As in Go, verbs without an index go on behind the one that was chosen last.
        following, highest = chosen + 1, max(highest, chosen)
        if chosen > len(arguments):
            raise FunctionError(
                f'not enough arguments for "{found[0]}" at {start}: need index {chosen} but have {len(arguments)} total'
            )
        verb = _Verb(found[0], start, flags, _size(width), None if precision is None else _size(precision), mode)
        made.append(_formatted(verb, arguments[chosen - 1]))
        check_length(sum(map(len, made[-2:])))
        position = found.end()
    if highest < len(arguments):
        raise FunctionError(
            f"too many arguments; only {highest} used by format string"
            if highest
            else "too many arguments; no verbs in format string"
        )
    return "".join(made)


def _size(digits: str | None) -> int:
    size = int(digits[:12]) if digits else 0  # twelve digits are beyond the bound already
    if size > MOST_CHARACTERS:
        raise NotEvaluated(f"a text of {size:,} characters")
    return size


def _formatted(verb: _Verb, value: Value) -> str:
    if verb.mode == "v":
        return verb.padded(_plain(value) if "#" not in verb.flags else encoded(value))
    if value.is_null:
        raise verb.refused("null value cannot be formatted")
    if verb.mode == "t":
        return "true" if _as(verb, value, BOOL).raw else "false"
    if verb.mode in "sq":
        text: str = _as(verb, value, STRING).raw
        if verb.precision:
            text = "".join(clusters(text)[: verb.precision])
        return verb.padded(text if verb.mode == "s" else encoded(string(text)))
    if verb.mode in "bdoxXeEfgG":
        number = _as(verb, value, NUMBER).raw
        return _integer(verb, number) if verb.mode in "bdoxX" else _float(verb, number)
    raise FunctionError(f'unsupported format verb "{verb.mode}" in "{verb.raw}" at offset {verb.offset}')


def _plain(value: Value) -> str:
    """Return a value as %v writes it: a text without quotes, a number as %g does, all else as JSON."""
    if value.type == STRING and not value.is_null:
        return str(value.raw)
    return _general(value.raw, None) if value.type == NUMBER and not value.is_null else encoded(value)


def _as(verb: _Verb, value: Value, type_: Primitive) -> Value:
    try:
        return convert(value, type_)
    except ConversionError as error:
        raise verb.refused(str(error) or f"{friendly(type_)} required") from None


def _integer(verb: _Verb, number: Number) -> str:
    if not isinstance(number, int):
        raise verb.refused("an integer is required")
    digits = format(abs(number), verb.mode)
    if verb.precision is not None:  # as in C and Go, it is the least number of digits, and "%.0d" of 0 is empty
        digits = "" if verb.precision == 0 and number == 0 else digits.rjust(verb.precision, "0")
    prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X", "d": ""}[verb.mode] if "#" in verb.flags else ""
    return _aligned(verb, number, prefix, digits, zeros=verb.precision is None)


def _float(verb: _Verb, number: Number) -> str:
    mode, precision = verb.mode.lower(), verb.precision
    size = -number if is_negative(number) else number
    if mode == "g":
        digits = _general(size, precision)
    elif mode == "e":
        digits = _exponential(*_decimal(size, 7 if precision is None else precision + 1))
    else:
        digits = _fixed(size, 6 if precision is None else precision)
    return _aligned(verb, number, "", digits.upper() if verb.mode in "EG" else digits, zeros=True)


def _aligned(verb: _Verb, number: Number, prefix: str, digits: str, *, zeros: bool) -> str:
    # Integers have no negative zero in Go; floats do.
    sign = (
        "-"
        if number < 0 or (is_negative(number) and verb.mode in "eEfgG")
        else "+"
        if "+" in verb.flags
        else " "
        if " " in verb.flags
        else ""
    )
    missing = max(verb.width - len(sign) - len(prefix) - len(digits), 0)
    if "-" in verb.flags:
        return f"{sign}{prefix}{digits}{' ' * missing}"
    if "0" in verb.flags and zeros:
        return f"{sign}{prefix}{'0' * missing}{digits}"
    return f"{' ' * missing}{sign}{prefix}{digits}"


def _fixed(number: Number, places: int) -> str:
    """Write a number that is not negative with a number of places, rounded to nearest, ties to even."""
    scaled = str(round(number * 10**places)).rjust(places + 1, "0")
    return f"{scaled[:-places]}.{scaled[-places:]}" if places else scaled


def _decimal(number: Number, digits: int | None) -> tuple[str, int]:
    """Return the digits of a number that is not negative, and the exponent of the first; the shortest for None."""
    if not number:
        return "0" * (digits or 1), 0
    text = to_text(number)
    before, _, after = text.partition(".")
    significant = (before + after).lstrip("0")
    exponent = len(before.lstrip("0")) - 1 if before.strip("0") else -(len(after) - len(after.lstrip("0"))) - 1
    if digits is None:
        return significant.rstrip("0"), exponent
    shift = digits - 1 - exponent
    rounded = str(round(Fraction(number) * Fraction(10) ** shift))
    return (rounded[:-1], exponent + 1) if len(rounded) > digits else (rounded, exponent)


def _exponential(digits: str, exponent: int) -> str:
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _general(number: Number, precision: int | None) -> str:
    """Write a number as %g does: with an exponent where it is large or small for its digits (Go's strconv/ftoa.go)."""
    sign = "-" if is_negative(number) else ""
    wanted = None if precision is None else max(precision, 1)
    size = -number if is_negative(number) else number
    digits, exponent = _decimal(size, wanted)
    if wanted is not None:
        digits = digits.rstrip("0") or "0"
    limit = _SIGNIFICANT if wanted is None else wanted
    if wanted is not None and wanted > len(digits) and len(digits) > exponent:
        limit = len(digits)
    if exponent < _SMALLEST or exponent >= limit:
        return sign + _exponential(digits, exponent)
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    before = digits[: exponent + 1].ljust(exponent + 1, "0")
    after = digits[exponent + 1 :]
    return f"{sign}{before}.{after}" if after else sign + before


_ANYTHING = Parameter(unknown=True, null=True, dynamic=True)

FUNCTIONS = {
    "format": Function((Parameter(STRING),), STRING, format_, variadic=_ANYTHING),
    "formatlist": Function((Parameter(STRING),), ListType(STRING), formatlist, variadic=_ANYTHING),
}
