"""Functions with regular expressions, which are Go's: RE2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from guardrail.terraform.language.functions.signature import Function, FunctionError, Parameter, check_length
from guardrail.terraform.language.types import ANY, STRING, ListType, ObjectType, TupleType, Type
from guardrail.terraform.language.values import Value, list_, null, object_, string, tuple_

_TEXT = Parameter(STRING)
_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)


@lru_cache(maxsize=256)  # a pattern is asked for in each element of a for expression
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # RE2 would write to the standard error
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise FunctionError(f"invalid regexp pattern: {error}") from None


def _groups(pattern: Any) -> list[str]:
    """Return the names of a pattern's groups, "" for those without. Raises FunctionError where both are mixed."""
    names = {index: name for name, index in pattern.groupindex.items()}
    found = [names.get(index, "") for index in range(1, pattern.groups + 1)]
    if any(found) and not all(found):
        raise FunctionError("invalid regexp pattern: cannot mix both named and unnamed capture groups")
    return found


def _matches(pattern: Any, text: str) -> Iterator[Any]:
    """Yield the matches as Go finds them: no empty one right after another match."""
    end = -1
    for match in pattern.finditer(text):
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


def _match_type(arguments: list[Value]) -> Type:
    if arguments[0].is_unknown:
        return ANY
    groups = _groups(_compiled(arguments[0].raw))
    if not groups:
        return STRING
    return ObjectType(dict.fromkeys(groups, STRING)) if groups[0] else TupleType((STRING,) * len(groups))


def _value(match: Any, groups: list[str]) -> Value:
    if not groups:
        return string(match.group())
    # A group that took no part is null.
    found = [null(STRING) if text is None else string(text) for text in match.groups()]
    return object_(dict(zip(groups, found, strict=True))) if groups[0] else tuple_(found)


def regex(pattern: Value, text: Value) -> Value:
    """Return the first match: a text, or its groups as a tuple or as an object."""
    compiled = _compiled(pattern.raw)
    groups = _groups(compiled)
    match = compiled.search(text.raw)
    if match is None:
        raise FunctionError("pattern did not match any part of the given string")
    return _value(match, groups)


def regexall(pattern: Value, text: Value) -> Value:
    """Return all matches."""
    compiled = _compiled(pattern.raw)
    groups = _groups(compiled)
    return list_((_value(match, groups) for match in _matches(compiled, text.raw)), _match_type([pattern]))


def replace(text: Value, part: Value, replacement: Value) -> Value:
    """Replace each part; one between slashes is a regular expression, whose groups the replacement names with "$"."""
    if not (len(part.raw) > 1 and part.raw[0] == part.raw[-1] == "/"):
        check_length(
            len(text.raw) + (text.raw.count(part.raw) if part.raw else len(text.raw) + 1) * len(replacement.raw)
        )
        return string(text.raw.replace(part.raw, replacement.raw))
    pieces, end, size = [], 0, 0
    for match in _matches(_compiled(part.raw[1:-1]), text.raw):
        pieces += [text.raw[end : match.start()], _expanded(replacement.raw, match)]
        size += len(pieces[-1])
        check_length(size)
        end = match.end()
    return string("".join([*pieces, text.raw[end:]]))


def _expanded(template: str, match: Any) -> str:
    """Put groups into a replacement: "$1", "${1}", "$name"; "$1x" is the group "1x", and one that is not there is empty."""

    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        if name.isdigit() and not (len(name) > 1 and name[0] == "0"):
            return (match.group(int(name)) or "") if int(name) <= match.re.groups else ""
        return (match.group(name) or "") if name in match.re.groupindex else ""

    return _REFERENCE.sub(group, template)


FUNCTIONS = {
    "regex": Function((_TEXT, _TEXT), _match_type, regex),
    "regexall": Function((_TEXT, _TEXT), lambda arguments: ListType(_match_type(arguments)), regexall),
    "replace": Function((_TEXT, _TEXT, _TEXT), STRING, replace),
}
