"""Functions over texts, but for format and regular expressions."""

from __future__ import annotations

import unicodedata

from guardrail.terraform.language.functions.signature import (
    Function,
    FunctionError,
    Parameter,
    check_length,
    undecided,
    whole,
)
from guardrail.terraform.language.functions.text.graphemes import clusters
from guardrail.terraform.language.types import BOOL, NUMBER, STRING, ListType
from guardrail.terraform.language.values import FALSE, TRUE, Value, boolean, list_, string

_TEXT = Parameter(STRING)
_NUMBER = Parameter(NUMBER)
_TEXTS = ListType(STRING)

# What Go's strings.TrimSpace takes off; Python's strip takes U+001C to U+001F too.
_SPACES = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def upper(text: Value) -> Value:
    """Each letter by itself: "ß" stays, where Python makes "SS" of it."""
    large = (next((one for one in (letter.upper(), letter.title()) if len(one) == 1), letter) for letter in text.raw)
    return string("".join(large))


def lower(text: Value) -> Value:
    """Each letter by itself."""
    return string("".join(letter.lower()[0] for letter in text.raw))  # of "İ", Python makes two characters, Go one


def title(text: Value) -> Value:
    """Make the first letter of each word large; an underscore and a digit do not end a word."""
    made, before = [], " "
    for letter in text.raw:
        large = letter.title()
        made.append(large if _separates(before) and len(large) == 1 else letter)
        before = letter
    return string("".join(made))


def _separates(letter: str) -> bool:
    """Return whether a word ends with a character, by the rules of Go's strings.Title."""
    if letter.isascii():
        return not (letter.isalnum() or letter == "_")
    return letter in _SPACES and unicodedata.category(letter)[0] not in "LN"


def trim(text: Value, characters: Value) -> Value:
    """Take characters off both ends."""
    return string(text.raw.strip(characters.raw) if characters.raw else text.raw)


def trimspace(text: Value) -> Value:
    """Take white space off both ends."""
    return string(text.raw.strip(_SPACES))


def trimprefix(text: Value, prefix: Value) -> Value:
    """Take a prefix off."""
    return string(text.raw.removeprefix(prefix.raw))


def trimsuffix(text: Value, suffix: Value) -> Value:
    """Take a suffix off."""
    return string(text.raw.removesuffix(suffix.raw))


def chomp(text: Value) -> Value:
    """Take line breaks off the end."""
    return string(text.raw.rstrip("\r\n"))


def indent(spaces: Value, text: Value) -> Value:
    """Put spaces before each line but the first."""
    width = whole(spaces)
    if width < 0:
        raise FunctionError("spaces must not be negative")
    check_length(len(text.raw) + width * text.raw.count("\n"))
    return string(text.raw.replace("\n", "\n" + " " * width))


def join(separator: Value, *lists: Value) -> Value:
    """Join the texts of lists."""
    if not lists:
        raise FunctionError("at least one list is required")
    if not all(found.is_wholly_known() for found in lists):
        return undecided(lists, STRING)
    items = [item.raw for found in lists for item in found.raw]
    if None in items:
        raise FunctionError(f"element {items.index(None)} is null; cannot concatenate null values")
    check_length(sum(map(len, items)) + len(separator.raw) * len(items))  # a separator may be long, too
    return string(separator.raw.join(items))


def split(separator: Value, text: Value) -> Value:
    """Split a text; by an empty separator into its characters."""
    parts = text.raw.split(separator.raw) if separator.raw else list(text.raw)
    return list_(map(string, parts), STRING)


def strrev(text: Value) -> Value:
    """Turn the characters around."""
    return string("".join(reversed(clusters(text.raw))))


def substr(text: Value, offset: Value, length: Value) -> Value:
    """Return a part; from the end where the offset is negative, to the end where the length is."""
    start, size = whole(offset), whole(length)
    found = clusters(text.raw)
    if start < 0:
        start += len(found)
    elif size == 0:
        return string("")
    rest = found[max(start, 0) :]
    # Terraform counts to the length only after a first character, so that 0 after a negative offset takes all.
    return string("".join(rest if size <= 0 else rest[:size]))


def startswith(text: Value, prefix: Value) -> Value:
    """Return whether a text begins so; an unknown text may have a known beginning."""
    if not text.is_unknown:
        return boolean(text.raw.startswith(prefix.raw))
    known = text.raw.prefix
    if not prefix.raw or known.startswith(prefix.raw):
        return TRUE
    return FALSE if known and len(known.encode()) >= len(prefix.raw.encode()) else undecided((text,), BOOL)


def endswith(text: Value, suffix: Value) -> Value:
    """Return whether a text ends so."""
    return boolean(text.raw.endswith(suffix.raw))


def strcontains(text: Value, part: Value) -> Value:
    """Return whether a text holds another."""
    return boolean(part.raw in text.raw)


FUNCTIONS = {
    "upper": Function((_TEXT,), STRING, upper),
    "lower": Function((_TEXT,), STRING, lower),
    "title": Function((_TEXT,), STRING, title),
    "trim": Function((_TEXT, _TEXT), STRING, trim),
    "trimspace": Function((_TEXT,), STRING, trimspace),
    "trimprefix": Function((_TEXT, _TEXT), STRING, trimprefix),
    "trimsuffix": Function((_TEXT, _TEXT), STRING, trimsuffix),
    "chomp": Function((_TEXT,), STRING, chomp),
    "indent": Function((_NUMBER, _TEXT), STRING, indent),
    "join": Function((_TEXT,), STRING, join, variadic=Parameter(_TEXTS)),
    "split": Function((_TEXT, _TEXT), _TEXTS, split),
    "strrev": Function((_TEXT,), STRING, strrev),
    "substr": Function((_TEXT, _NUMBER, _NUMBER), STRING, substr),
    "startswith": Function((Parameter(STRING, unknown=True), _TEXT), BOOL, startswith),
    "endswith": Function((_TEXT, _TEXT), BOOL, endswith),
    "strcontains": Function((_TEXT, _TEXT), BOOL, strcontains, not_null=False),
}
