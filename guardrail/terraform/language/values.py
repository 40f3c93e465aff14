"""Values of Terraform's language: known, null or unknown, with marks that travel with them, as in Terraform's cty."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.terraform.language.lazy import LazyAttributes, LazyTypes
from guardrail.terraform.language.numbers import Number
from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    ListType,
    MapType,
    ObjectType,
    SetType,
    TupleType,
    Type,
)


class Flag(StrEnum):
    """What Terraform marks values with."""

    SENSITIVE = "sensitive"
    EPHEMERAL = "ephemeral"


class Origin(Struct, frozen=True):
    """A mark of ours: the value was read from a resource. It tells what refers to what through any expression.

    `address` is the instance's ("module.a.aws_launch_template.t[0]"), `attribute` the first step into it ("id").
    """

    address: str
    attribute: str


NOT_SHOWN = "what went wrong is not shown, as it reads sensitive values"

Mark = Flag | Origin
Marks = frozenset[Mark]
NO_MARKS: Marks = frozenset()


class Cause(StrEnum):
    """Why a value is unknown."""

    APPLY = "known after apply"  # a provider will say it
    NOT_EVALUATED = (
        "not evaluated"  # this program cannot: a variable without a value, a failed expression, a data source
    )


class Unknown(Struct, frozen=True):
    """In the place of a value that is not known.

    `why` ends the sentence that `cause` begins ("variable x has no value"), "" where there is nothing to add.
    `where` is the file and line of what could not be evaluated. `not_null` is set where the value cannot turn out to be
    null. `least` and `most` bound the length of a collection, `prefix` is how a string begins.
    """

    cause: Cause = Cause.APPLY
    why: str = ""
    where: str = ""
    not_null: bool = False
    least: int = 0
    most: int | None = None
    prefix: str = ""


AFTER_APPLY = Unknown()


class Value(Struct, frozen=True, eq=False):
    """One value.

    type   of a collection that is empty or unknown, its element type is as far as known (ANY where it is not)
    raw    None for null; Unknown; else by type: str, Number, bool; a tuple of Values for lists, tuples and sets (a set's in
           the order in which Terraform iterates over it, each once); a dict of Values for maps (keys sorted) and objects
    marks  of the value as a whole; parts have their own

    Values are compared with `equal` of the operators, not with ==, since the answer may be unknown.
    """

    type: Type
    raw: Any
    marks: Marks = NO_MARKS

    @property
    def is_null(self) -> bool:
        """Whether it is known to be null."""
        return self.raw is None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing but its type, its marks and its bounds is known; parts may be unknown even where it is not."""
        return isinstance(self.raw, Unknown)

    @property
    def is_sensitive(self) -> bool:
        """Whether the value as a whole is marked as sensitive."""
        return Flag.SENSITIVE in self.marks

    def marked(self, marks: Iterable[Mark]) -> Value:
        """Return the value with more marks."""
        more = self.marks.union(marks)
        return self if more == self.marks else replace(self, marks=more)

    def unmarked(self) -> Value:
        """Return the value without the marks of the whole."""
        return replace(self, marks=NO_MARKS) if self.marks else self

    def parts(self) -> Iterator[Value]:
        """Yield the elements of a known collection; nothing for other values."""
        if isinstance(self.raw, tuple):
            yield from self.raw
        elif isinstance(self.raw, Mapping):
            yield from self.raw.values()

    def is_wholly_known(self) -> bool:
        """Whether neither the value nor any part of it is unknown."""
        return not self.is_unknown and all(part.is_wholly_known() for part in self.parts())

    def first_unknown(self) -> Unknown | None:
        """Return what is unknown in the value, or in the first of its parts that is; None where all is known."""
        if isinstance(self.raw, Unknown):
            return self.raw
        return next((found for part in self.parts() if (found := part.first_unknown())), None)

    def all_marks(self) -> Marks:
        """Return the marks of the value and of all its parts."""
        found = self.marks
        for part in self.parts():
            found |= part.all_marks()
        return found


NULL = Value(ANY, None)
TRUE = Value(BOOL, raw=True)
FALSE = Value(BOOL, raw=False)


def string(text: str) -> Value:
    """Return a string; Terraform keeps every text in Unicode's normal form C."""
    return Value(STRING, text if text.isascii() else unicodedata.normalize("NFC", text))


def number(value: Number) -> Value:
    """Return a number, which is taken to be rounded already (see numbers.rounded)."""
    return Value(NUMBER, value)


def boolean(value: bool) -> Value:  # noqa: FBT001 - it is the value
    """Return true or false."""
    return TRUE if value else FALSE


def null(type_: Type = ANY) -> Value:
    """Return null of a type."""
    return Value(type_, None)


def unknown(type_: Type = ANY, why: Unknown = AFTER_APPLY, marks: Marks = NO_MARKS) -> Value:
    """Return an unknown value of a type; as in Terraform, a collection of known length has that many unknown elements."""
    if why.most is None or why.least != why.most or not why.not_null:
        return Value(type_, why, marks)
    if why.most == 0 and isinstance(type_, ListType | SetType | MapType):
        return Value(type_, {} if isinstance(type_, MapType) else (), marks)
    # Of a set, one element cannot be equal to another; two unknown ones can.
    if isinstance(type_, ListType) or (isinstance(type_, SetType) and why.most == 1):
        part = Value(type_.element, Unknown(why.cause, why.why, why.where))
        return Value(type_, (part,) * why.most, marks)
    return Value(type_, why, marks)


def tuple_(parts: Iterable[Value]) -> Value:
    """Return a tuple."""
    found = tuple(parts)
    return Value(TupleType(tuple(part.type for part in found)), found)


def object_(attributes: Mapping[str, Value]) -> Value:
    """Return an object."""
    return Value(ObjectType({name: part.type for name, part in attributes.items()}), dict(attributes))


def lazy_object(names: Iterable[str], evaluate: Callable[[str], Value], *, is_open: bool = False) -> Value:
    """Return an object. `is_open` says that it may have attributes beside `names`, of which nothing is known."""
    raw = LazyAttributes(names, evaluate, is_open=is_open)
    return Value(ObjectType(LazyTypes(raw)), raw)


def list_(parts: Iterable[Value], element: Type) -> Value:
    """Return a list of parts that are of the element type already."""
    return Value(ListType(element), tuple(parts))


def map_(parts: Mapping[str, Value], element: Type) -> Value:
    """Return a map of parts that are of the element type already."""
    return Value(MapType(element), dict(sorted(parts.items())))


def set_(parts: Iterable[Value], element: Type) -> Value:
    """Return a set of parts that are of the element type already.

    Terraform moves the marks of a set's elements to the set. Its order is that of the values: strings by their bytes,
    numbers by size, false before true, anything else by the text that cty hashes, null last. Parts that are not wholly
    known come before null, each for itself: they may turn out to be equal to another one, so that the length of such a
    set is not known.
    """
    marks: Marks = NO_MARKS
    found: dict[Any, Value] = {}
    partly_unknown: list[Value] = []
    for part in parts:
        marks |= part.all_marks()
        bare = without_marks(part)
        if bare.is_wholly_known():
            found.setdefault(identity(bare), bare)
        else:
            partly_unknown.append(bare)
    ordered = sorted(found.values(), key=_rank)
    nulls = [part for part in ordered if part.is_null]
    return Value(SetType(element), (*ordered[: len(ordered) - len(nulls)], *partly_unknown, *nulls), marks)


def without_marks(value: Value) -> Value:
    """Return the value without any marks, of its parts either."""
    if isinstance(value.raw, tuple):
        return Value(value.type, tuple(map(without_marks, value.raw)))
    if isinstance(value.raw, dict):
        return Value(value.type, each(value.raw, without_marks))
    return value.unmarked()


def each(parts: dict[str, Value], change: Callable[[Value], Value]) -> dict[str, Value]:
    """Return the parts of a map or an object with a change to each; what is evaluated when asked for stays so."""
    if isinstance(parts, LazyAttributes):
        return parts.each(change)
    return {key: change(part) for key, part in parts.items()}


def flags_of(marks: Marks) -> Marks:
    """Return those that Terraform has as well, without the origins."""
    return frozenset(mark for mark in marks if isinstance(mark, Flag))


def identity(value: Value) -> Any:
    """Return a hashable that is equal for equal values, which are taken to be wholly known; marks do not count."""
    raw = value.raw
    if isinstance(raw, tuple):
        return ("set" if isinstance(value.type, SetType) else "list", tuple(map(identity, raw)))
    if isinstance(raw, dict):
        return ("map", tuple(sorted((key, identity(part)) for key, part in raw.items())))
    # 1 and True are equal in Python, and are not in Terraform.
    return (type(raw).__name__ if isinstance(raw, bool | str) else "number" if raw is not None else "null", raw)


def _rank(value: Value) -> tuple[bool, Any]:
    """Return what sorts the elements of a set, all of one type, as cty's set iterates over them: null last."""
    raw = value.raw
    if isinstance(raw, str):
        return False, raw.encode()
    return raw is None, _hashed(value).encode() if isinstance(raw, tuple | dict) else raw or 0


_LARGEST_FLOAT = 10**308


def _hashed(value: Value) -> str:
    """Return the text by which cty orders the structures in a set (set_internals.go, appendSetHashBytes)."""
    raw = value.raw
    if raw is None:
        return "~"
    if isinstance(raw, bool):
        return "T" if raw else "F"
    if isinstance(raw, str):
        return json.dumps(raw, ensure_ascii=False)
    if isinstance(raw, tuple):
        begin, end = "<>" if isinstance(value.type, TupleType) else "[]"
        return f"{begin}{''.join(f'{_hashed(part)};' for part in raw)}{end}"
    if isinstance(raw, dict):
        keyed = isinstance(value.type, MapType)
        parts = (
            f"{f'{json.dumps(key, ensure_ascii=False)}:' if keyed else ''}{_hashed(raw[key])};" for key in sorted(raw)
        )
        return f"{{{''.join(parts)}}}" if keyed else f"<{''.join(parts)}>"
    # Beyond 1e308, where no float is, only the order among such numbers is another.
    return f"{float(raw):.10g}" if abs(raw) < _LARGEST_FLOAT else str(raw)
