"""yamlencode and yamldecode: YAML 1.2's core schema with 1.1's words for true and false, as Terraform's library."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator

import yaml

from guardrail.terraform.language import numbers
from guardrail.terraform.language.conversion import convert
from guardrail.terraform.language.functions.dates import yaml_timestamp
from guardrail.terraform.language.functions.signature import (
    MOST_CHARACTERS,
    MOST_ELEMENTS,
    FunctionError,
    NotEvaluated,
    undecided,
)
from guardrail.terraform.language.types import STRING, ObjectType, TupleType
from guardrail.terraform.language.values import FALSE, NULL, TRUE, Value, number, object_, string, tuple_

_TAG = "tag:yaml.org,2002:"
_WORDS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), TRUE),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), FALSE),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), NULL),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DEEPEST = 100  # levels, each of which takes several of Python's frames


def yamldecode(text: Value) -> Value:
    """Read one YAML document."""
    if len(text.raw) > MOST_CHARACTERS:
        raise NotEvaluated(f"a YAML document of {len(text.raw):,} characters")
    try:
        events = yaml.parse(text.raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _Document(events).value()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"on line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise FunctionError(f"{where}{getattr(error, 'problem', None) or error}") from None
    except RecursionError:
        raise NotEvaluated("a YAML document nested too deep") from None


class _Document:
    """The reading of one document's events. An anchor's value is read once; what aliases repeat is counted."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._size = 0

    def value(self) -> Value:
        next(self._events)
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            raise FunctionError("missing start of document")
        found = self._value(next(self._events), 0)
        next(self._events)
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise FunctionError("only a single document is allowed")
        return found

    def _value(self, event: yaml.Event, depth: int) -> Value:
        if depth > _DEEPEST:
            raise NotEvaluated(f"a YAML document nested more than {_DEEPEST} deep")
        before = self._size
        self._size += 1
        match event:
            case yaml.AliasEvent():
                anchor = event.anchor or ""
                if anchor not in self._anchors:
                    raise FunctionError(f'reference to undefined anchor "{anchor}"')
                # An alias counts as all that it repeats: ten of them within each other make a billion values.
                found, size = self._anchors[anchor]
                self._size += size
            case yaml.ScalarEvent():
                found = _scalar(event)
                # A block of text is resolved like a plain value, and made a text again.
                if event.tag is None and not event.implicit[0]:
                    found = convert(found, STRING)
            case yaml.SequenceStartEvent():
                _expect(event, "seq")
                found = tuple_(list(self._elements(depth)))
            case yaml.MappingStartEvent():
                _expect(event, "map")
                found = self._mapping(depth)
            case _:
                raise FunctionError("unexpected content")
        if self._size > MOST_ELEMENTS:
            raise NotEvaluated(f"a YAML document of more than {MOST_ELEMENTS:,} values")
        if not isinstance(event, yaml.AliasEvent) and getattr(event, "anchor", None):
            self._anchors[str(event.anchor)] = found, self._size - before
        return found

    def _elements(self, depth: int) -> Iterator[Value]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._value(event, depth + 1)

    def _mapping(self, depth: int) -> Value:
        attributes: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise FunctionError("only strings are allowed as mapping keys")
            # `<<` puts the entries of other mappings in here.
            merges = event.tag == f"{_TAG}merge" or (event.tag is None and event.value == "<<")
            key = None if merges else _scalar(event)
            value = self._value(next(self._events), depth + 1)
            if key is None:
                for one in value.raw if isinstance(value.type, TupleType) else (value,):
                    if not isinstance(one.type, ObjectType):
                        raise FunctionError("only mappings can be merged into a mapping")
                    attributes |= one.raw
            elif key.is_null:
                raise FunctionError("mapping key cannot be null")
            else:
                attributes[convert(key, STRING).raw] = value
        return object_(dict(sorted(attributes.items())))


def _expect(event: yaml.CollectionStartEvent, kind: str) -> None:
    if event.tag not in (None, "!", _TAG + kind):
        raise FunctionError(f"can't interpret this as {event.tag}")


def _scalar(event: yaml.ScalarEvent) -> Value:
    text, tag = event.value, event.tag
    if tag == "!":
        raise NotEvaluated('a YAML value with the tag "!"')
    kind = (tag or "").removeprefix(_TAG)
    if tag and (not tag.startswith(_TAG) or kind not in ("str", "bool", "int", "float", "null", "timestamp", "binary")):
        raise FunctionError(f'unsupported tag "{tag}"')
    # The library that Terraform uses resolves only texts that begin so; others are texts at once.
    if kind not in ("str", "binary") and (not text or text[0] in "+-.0123456789yYnNtTfFoO~"):
        if event.style in ("'", '"'):
            return string(text)
        if text in _WORDS:
            return _WORDS[text]
        if text.lower() in (".inf", "+.inf", "-.inf", ".nan"):
            raise NotEvaluated(f"the number {text}")
        if kind in ("", "timestamp") and (moment := yaml_timestamp(text)):
            return string(moment)
        if _INTEGER.fullmatch(text) or _FLOAT.fullmatch(text):
            kind = "float"
    return _tagged(kind, text)


def _tagged(kind: str, text: str) -> Value:
    match kind:
        case "" | "str":
            return string(text)
        case "binary":
            try:
                base64.b64decode(text, validate=True)
            except binascii.Error:
                raise FunctionError(f'cannot parse "{text}" as binary: not valid base64') from None
            return string(text)
        case "float" | "int":
            return _number(text)
        case "null":
            return NULL
        case _:
            raise FunctionError(f'cannot parse "{text}" as {kind}')


def _number(text: str) -> Value:
    """Read a number as YAML writes it: with underscores, and in base 2, 8 and 16 as well."""
    plain = text.replace("_", "")
    try:
        if plain[:2].lower() in ("0x", "0o", "0b"):
            return number(int(plain, 0))
        return number(numbers.parse(plain))
    except ValueError:
        raise FunctionError(f'cannot parse "{text}" as a number') from None


def yamlencode(value: Value) -> Value:
    """Write YAML in block style: texts in double quotes, those of several lines as a literal block."""
    if not value.is_wholly_known():
        return undecided((value,), STRING, not_null=False)
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(value),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    text: str = yaml.emit(events, Dumper=_Dumper, allow_unicode=True)
    # PyYAML alone marks the beginning of a document that is an empty text, and the end of one that ends with a block.
    text = text.removeprefix("--- ")
    return string(re.sub(r"(?<=\n)\.\.\.\n\Z", "", text) if isinstance(value.raw, str | tuple | dict) else text)


class _Dumper(yaml.SafeDumper):
    """Folds long texts in double quotes as libyaml does: at spaces, without a backslash."""

    def write_double_quoted(self, text: str, split: bool = True) -> None:  # noqa: FBT001, FBT002 - PyYAML's signature
        stream, column = self.stream, self.column
        self.stream = io.StringIO()
        super().write_double_quoted(text, split=False)
        written, self.stream = self.stream.getvalue(), stream
        if not split:
            self.stream.write(written)
            return
        opening = written.index('"') + 1
        self.stream.write(written[:opening])
        self.column = column + opening
        body, folded = written[opening:-1], True
        for place, character in enumerate(body):
            if character == " " and not folded and self.column > self.best_width and 0 < place < len(body) - 1:
                self.write_indent()
                self.stream.write("\\" if body[place + 1] == " " else "")
            else:
                self.stream.write(character)
                self.column += 1
            folded = character == " "
        self.stream.write('"')
        self.column += 1


def _events(value: Value) -> Iterator[yaml.Event]:
    if isinstance(value.raw, str):
        style = "|" if "\n" in value.raw else '"'
        yield yaml.ScalarEvent(None, None, (True, True), value.raw, style=style)
    elif isinstance(value.raw, tuple):
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for part in value.raw:
            yield from _events(part)
        yield yaml.SequenceEndEvent()
    elif isinstance(value.raw, dict):
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=False)
        for key in sorted(value.raw):
            yield from _events(string(key))
            yield from _events(value.raw[key])
        yield yaml.MappingEndEvent()
    else:
        plain = (
            "null"
            if value.raw is None
            else str(value.raw).lower()
            if isinstance(value.raw, bool)
            else numbers.to_text(value.raw)
        )
        yield yaml.ScalarEvent(None, None, (True, True), plain)
