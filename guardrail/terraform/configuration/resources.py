"""Resources and data sources: their instances, what their bodies set, and what references to them come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from guardrail.terraform.configuration.repetition import Key, Repetition, repetition
from guardrail.terraform.language.blocks import body_values
from guardrail.terraform.language.syntax.nodes import Block
from guardrail.terraform.language.types import ANY, ListType, MapType, SetType, without_optional
from guardrail.terraform.language.values import (
    Cause,
    Flag,
    Origin,
    Unknown,
    Value,
    lazy_object,
    list_,
    map_,
    null,
    set_,
    string,
    unknown,
)
from guardrail.terraform.schemas import Attribute, Schema, resource_schema

if TYPE_CHECKING:
    from guardrail.terraform.configuration.module_instance import ModuleInstance

META_ARGUMENTS = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"})


class Resource:
    """A resource block in one module instance."""

    def __init__(self, block: Block, module: ModuleInstance) -> None:
        self.block, self._module = block, module
        self.type, self.name = block.labels[0], ".".join(block.labels)
        self.address = f"{module.address}.{self.name}".removeprefix(".")
        self.schema = resource_schema(self.type)
        self._values: dict[Key, dict[str, Value]] = {}
        self._read: dict[tuple[Key, str], Value] = {}

    @cached_property
    def repetition(self) -> Repetition:
        """Its instances."""
        with self._module.evaluating(self.name, self.block.where):
            return repetition(self.block.body, self._module)

    def address_of(self, key: Key) -> str:
        """Return the address of an instance."""
        return self.address + key_suffix(key)

    def values(self, key: Key) -> Mapping[str, Value]:
        """Return what the body of an instance sets."""
        found = self._values.get(key)
        if found is None:
            scope = self.repetition.scopes[key]
            with self._module.evaluating(self.name + key_suffix(key), self.block.where):
                found = body_values(self.block.body, scope, self.schema, leave_out=META_ARGUMENTS)
            self._values[key] = found
        return found

    def whole(self, key: Key) -> Value:
        """Return an instance as an object: what it sets, and what its provider will say."""
        names = {**dict.fromkeys(self.schema or {}), **dict.fromkeys(self.values(key)), "id": None}
        return lazy_object(names, lambda name: self.attribute(key, name), is_open=True)

    def attribute(self, key: Key, name: str) -> Value:
        """Return one attribute of an instance, marked with where it was read from: what its body sets, else unknown."""
        found = self._read.get((key, name))
        if found is not None:
            return found
        value = self.values(key).get(name)
        described = self.schema.get(name) if self.schema else None
        if self.type == "terraform_data" and name == "output":
            # Known after apply, and of the type of `input`; null at once where there is none.
            given = self.values(key).get("input")
            found = null() if given is None or given.is_null else unknown(given.type)
        elif described is None:
            found = unknown() if value is None or value.is_null else value
        else:
            found = _planned(value, described)
            found = found.marked({Flag.SENSITIVE}) if described.sensitive else found
        found = self._read[key, name] = found.marked({Origin(self.address_of(key), name)})
        return found


def _planned(value: Value | None, described: Attribute) -> Value:
    """Return what a plan knows of an attribute, or of a type of blocks: what is not set may be the provider's to say."""
    type_ = without_optional(described.type)
    if value is not None and not value.is_null:
        return value if described.nested is None else _with_computed(value, described.nested)
    if described.computed or not described.never_computed:
        return unknown(type_)
    if not described.is_block:
        return null(type_) if value is None else value
    # Blocks that are left out are an empty collection in a plan, and null only where a type has at most one of them.
    if isinstance(type_, ListType):
        return list_((), type_.element)
    if isinstance(type_, SetType):
        return set_((), type_.element)
    return map_({}, type_.element) if isinstance(type_, MapType) else null(type_)


def _with_computed(value: Value, nested: Schema) -> Value:
    """Return blocks with what their provider will say in them."""
    raw = value.raw
    if isinstance(raw, tuple):
        return Value(value.type, tuple(_with_computed(part, nested) for part in raw), value.marks)
    if not isinstance(raw, dict):
        return value
    if isinstance(value.type, MapType):
        return Value(value.type, {key: _with_computed(part, nested) for key, part in raw.items()}, value.marks)
    parts = {name: _planned(part, nested[name]) if name in nested else part for name, part in raw.items()}
    return Value(value.type, parts, value.marks)


class DataSource:
    """A data block in one module instance: its arguments can be read, what it looks up cannot."""

    def __init__(self, block: Block, module: ModuleInstance) -> None:
        self.block, self._module = block, module
        self.type = block.labels[0]
        self.name = f"{block.type}.{'.'.join(block.labels)}"
        self.address = f"{module.address}.{self.name}".removeprefix(".")
        self._values: dict[Key, dict[str, Value]] = {}

    @cached_property
    def repetition(self) -> Repetition:
        """Its instances."""
        with self._module.evaluating(self.name, self.block.where):
            return repetition(self.block.body, self._module)

    def whole(self, key: Key) -> Value:
        """Return an instance as an object."""
        return lazy_object(self.arguments(key), lambda name: self.attribute(key, name), is_open=True)

    def attribute(self, key: Key, name: str) -> Value:
        """Return one attribute of an instance: what the provider's configuration or its own arguments say, else unknown."""
        found = self._from_provider(key, name)
        if found is None:
            value = self.arguments(key).get(name)
            # A list or blocks (`filter`, `owners`) say what to look for: what is found may have others by this name.
            if value is not None and not value.is_null and not isinstance(value.raw, tuple):
                found = value
            else:
                found = unread_value(self.name)
                found = found.marked({Flag.EPHEMERAL}) if self.block.type == "ephemeral" else found
        return found.marked({Origin(self.address_of(key), name)})

    def address_of(self, key: Key) -> str:
        """Return the address of an instance."""
        return self.address + key_suffix(key)

    def arguments(self, key: Key) -> Mapping[str, Value]:
        """Return what the body of an instance sets."""
        found = self._values.get(key)
        if found is None:
            with self._module.evaluating(self.name + key_suffix(key), self.block.where):
                found = body_values(self.block.body, self.repetition.scopes[key], leave_out=META_ARGUMENTS)
            self._values[key] = found
        return found

    def _from_provider(self, key: Key, name: str) -> Value | None:
        """Return what data sources such as `aws_region` repeat of the provider's configuration; None for all others."""
        if (self.type, name) not in _OF_PROVIDER:
            return None
        wanted = _OF_PROVIDER[self.type, name]
        given = next((self.arguments(key)[one] for one in ("region", "name") if one in self.arguments(key)), None)
        if wanted == "region" and given is not None:
            return given
        provider = self._module.provider_of(self.block, self.repetition.scopes[key])
        region = provider.values.get("region" if wanted == "partition" else wanted) if provider else None
        if region is None or wanted != "partition" or not isinstance(region.raw, str):
            return region
        # The partitions that have public prices; regions of the others (ISO) have none.
        partitions = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        partition = next((name for start, name in partitions.items() if region.raw.startswith(start)), "aws")
        return string(partition).marked(region.marks)


_OF_PROVIDER = {
    **dict.fromkeys([("aws_region", name) for name in ("name", "id", "region")], "region"),
    **dict.fromkeys([("aws_partition", name) for name in ("partition", "id")], "partition"),
    **{("google_client_config", name): name for name in ("project", "region", "zone")},
}


def unread_value(name: str) -> Value:
    """Return the unknown value that stands for what a data source (`name`) looks up."""
    return unknown(ANY, Unknown(Cause.NOT_EVALUATED, f"{name} is read only when a plan is made"))


def key_suffix(key: Key) -> str:
    """Return the key of an instance as its address has it: `[0]`, `["a"]`, "" without a key."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    # As HCL quotes: what would begin an interpolation or a directive is doubled.
    quoted = json.dumps(key, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return f"[{quoted}]"
