"""Terraform addresses, taken apart without splitting on dots: a key may hold any text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

# The key of an instance: a number, or a string with escapes, which may have dots and brackets in it.
_KEY = r'(?:\[(\d+|"(?:[^"\\]|\\.)*")\])?'
_STEP = re.compile(rf"module\.([^.\[\]]+){_KEY}(?:\.|$)", re.DOTALL)
_RESOURCE = re.compile(rf"((?:{_STEP.pattern})*+)(data\.)?([^.\[\]]+)\.([^.\[\]]+){_KEY}", re.DOTALL)


class Address(Struct, frozen=True):
    """A resource, or what a reference mentions of one.

    module  the address of the module instance that it lies in, "" for the root module
    key     the instance's key as the address spells it (`0`, `"a.b"`), "" where there is none
    """

    module: str
    type: str
    name: str
    key: str = ""
    is_data: bool = False

    @property
    def resource(self) -> str:
        """The resource without module and key: `aws_instance.web`."""
        return f"{self.type}.{self.name}"


def parse(text: str) -> Address | None:
    """Take an address or a reference apart; None if it names no resource. What follows the resource is left out."""
    found = _RESOURCE.match(text)
    if found is None:
        return None
    module, _, _, data, kind, name, key = found.groups()
    return Address(module.rstrip("."), kind, name, key or "", data is not None)


def steps(module: str) -> Iterator[tuple[str, str, str]]:
    """Yield for each module call in an address, from the root: the address up to it, its name and its key."""
    end = 0
    while step := _STEP.match(module, end):
        end = step.end()
        yield module[:end].rstrip("."), step[1], step[2] or ""


def key_value(key: str) -> str | int | None:
    """Return what a key as the address spells it stands for."""
    if not key:
        return None
    if key.isdigit():
        return int(key)
    try:
        return str(json.loads(key, strict=False))
    except ValueError:  # an escape that HCL has and JSON has not
        return key[1:-1]
