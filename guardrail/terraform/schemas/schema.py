"""Schemas of resource types, read from the tables beside this file (docs/provider_schemas.py makes them).

A line of a table is a name, a tab, and a JSON object of attributes: "kind flags=default". The name is a resource type,
or the number of a shape that nested blocks of any type may have.

kind   s, n, b: string, number, bool · *: anything · L, S, M: a list, set or map of what follows ·
       B12, O12: a block, or an attribute, of shape 12 · L1B12: a block that may stand once
flags  r: required · c: only ever computed · p: never computed, null where it is not set · !: sensitive · ~: deprecated
       A flag that is missing means that the table does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from guardrail.terraform.language.types import (
    ANY,
    BOOL,
    NUMBER,
    STRING,
    ListType,
    MapType,
    ObjectType,
    SetType,
    Type,
)

_FOLDER = Path(__file__).parent
_VENDORS = {"aws": "aws", "azurerm": "azurerm", "google": "google"}
_KIND = re.compile(r"(?P<collections>[LSM]*)(?P<once>1?)(?:(?P<plain>[snb*])|(?P<form>[BO])(?P<shape>\d+))")
_PLAIN: dict[str, Type] = {"s": STRING, "n": NUMBER, "b": BOOL, "*": ANY}
# Computed, but no provider's choice: a plan has them from the configuration of the provider, or they are nobody's to choose.
_SETTINGS = frozenset(
    {"id", "region", "zone", "location", "project", "timeouts", "tags", "tags_all", "labels", "resource_labels"}
)
_COLLECTIONS: dict[str, Callable[[Type], Type]] = {"L": ListType, "S": SetType, "M": MapType}


class Nesting(StrEnum):
    """How blocks of one type stand in their parent."""

    SINGLE = "single"  # one object, not a list: `timeouts`
    LIST = "list"
    SET = "set"
    MAP = "map"


class Attribute(Struct, frozen=True):
    """An attribute, or a type of nested blocks, of a resource type.

    type            its type; of blocks, that of the value which stands for all of them
    is_block        whether it is written as blocks; attributes with `nested` can be written as blocks too where they are
                    lists or sets (Terraform's "attributes as blocks")
    nested          the attributes of its objects
    nesting         how they stand
    once            whether at most one block may stand
    required        whether it must be set
    computed        whether only the provider sets it
    never_computed  whether it is null where the configuration does not set it; False where that is not known
    sensitive, deprecated   whether the provider says so; False where that is not known
    default         what the provider's documentation gives as its default, None where it is not known
    """

    type: Type
    is_block: bool = False
    nested: Schema | None = None
    nesting: Nesting | None = None
    once: bool = False
    required: bool = False
    computed: bool = False
    never_computed: bool = False
    sensitive: bool = False
    deprecated: bool = False
    default: bool | int | str | None = None


class Schema(Mapping[str, Attribute]):
    """The attributes of a resource type, or of a nested block, by name. Each is read when it is asked for."""

    def __init__(self, table: _Table, encoded: Mapping[str, str]) -> None:
        self._table, self._encoded = table, encoded
        self._read: dict[str, Attribute] = {}

    def __getitem__(self, name: str) -> Attribute:
        found = self._read.get(name)
        if found is None:  # few of hundreds are asked for
            found = self._read[name] = self._table.attribute(self._encoded[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)

    @cached_property
    def has_sensitive(self) -> bool:
        """Whether the provider says of any attribute, at any depth, that it is sensitive."""
        return any(one.sensitive or (one.nested is not None and one.nested.has_sensitive) for one in self.values())

    @cached_property
    def computed(self) -> frozenset[str]:
        """The names of the attributes that only the provider sets."""
        return frozenset(name for name in self._encoded if self[name].computed)

    @cached_property
    def may_be_computed(self) -> frozenset[str]:
        """The names of attributes that the configuration may set and that the provider may choose where it does not."""
        read = ((name, self[name]) for name in self._encoded)
        return frozenset(
            name for name, one in read if not (one.required or one.computed or one.never_computed or name in _SETTINGS)
        )

    @cached_property
    def defaults(self) -> Mapping[str, bool | int | str]:
        """What the provider's documentation gives as defaults, as far as the table has them."""
        named = ((name, self[name].default) for name, text in self._encoded.items() if "=" in text)
        return {name: default for name, default in named if default is not None}

    @cached_property
    def tells_computed(self) -> bool:
        """Whether the table knows what of it is never computed; else it does not know it of anything."""
        return any(self[name].never_computed for name in self._encoded)

    @cached_property
    def type(self) -> ObjectType:
        """The type of an object of it; every attribute may be left out."""
        return ObjectType({name: self[name].type for name in self._encoded}, frozenset(self._encoded))


@cache
def resource_schema(type_name: str) -> Schema | None:
    """Return the schema of a resource type; None for one that no table has."""
    vendor = _VENDORS.get(type_name.partition("_")[0])
    return _table(vendor).find(type_name) if vendor else None


@cache
def schema_names() -> frozenset[str]:
    """Return the names of all resource types that the tables have."""
    return frozenset(name for vendor in _VENDORS.values() for name in _table(vendor).names())


@cache
def tables_version() -> str:
    """Return a text that is another one for other tables, without reading them."""
    stats = (_FOLDER.joinpath(f"{vendor}.tsv").stat() for vendor in _VENDORS.values())
    return " ".join(f"{one.st_size}-{one.st_mtime_ns}" for one in stats)


@cache
def _table(vendor: str) -> _Table:
    return _Table(_FOLDER.joinpath(f"{vendor}.tsv").read_bytes())


class _Table:
    """One file. Lines are found by their beginning: most runs need a few types of a thousand."""

    def __init__(self, text: bytes) -> None:
        self._text = b"\n" + text  # so that each line, the first as well, begins after a newline
        self._shapes: dict[str, Schema] = {}

    def find(self, name: str) -> Schema | None:
        """Return the schema on the line of a name."""
        head = f"\n{name}\t".encode()
        start = self._text.find(head)
        if start < 0:
            return None
        line = self._text[start + len(head) : self._text.index(b"\n", start + 1)]
        return Schema(self, msgspec.json.decode(line, type=dict[str, str]))

    def names(self) -> Iterator[str]:
        """Yield the resource types; a number is a shape that blocks share."""
        return (found[1].decode() for found in re.finditer(rb"\n([a-z]\w*)\t", self._text))

    def shape(self, number: str) -> Schema:
        """Return a shape that blocks share."""
        if number not in self._shapes:
            found = self.find(number)
            if found is None:
                raise AssertionError(number)
            self._shapes[number] = found
        return self._shapes[number]

    def attribute(self, encoded: str) -> Attribute:
        """Read "kind flags=default"."""
        kind, _, rest = encoded.partition(" ")
        flags, _, default = rest.partition("=")
        found = _KIND.fullmatch(kind)
        if found is None:
            raise AssertionError(encoded)
        nested = self.shape(found["shape"]) if found["shape"] else None
        type_: Type = _PLAIN[found["plain"]] if nested is None else nested.type
        for letter in reversed(found["collections"]):  # "LSs" is a list of sets of strings: the innermost comes last
            type_ = _COLLECTIONS[letter](type_)
        return Attribute(
            type=type_,
            is_block=found["form"] == "B",
            nested=nested,
            nesting=None if nested is None else _NESTINGS.get(found["collections"][:1], Nesting.SINGLE),
            once=bool(found["once"]),
            required="r" in flags,
            computed="c" in flags,
            never_computed="p" in flags,
            sensitive="!" in flags,
            deprecated="~" in flags,
            default=msgspec.json.decode(default) if default else None,
        )


_NESTINGS = {"L": Nesting.LIST, "S": Nesting.SET, "M": Nesting.MAP}
