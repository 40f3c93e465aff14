"""What a state says there is, as facts: `terraform show -json`, which tells the ids that a plan cannot know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from guardrail.decode import json_decoder
from guardrail.errors import InputError
from guardrail.ledger.records.facts import Fact, Record, fact, identity, moment, stamp
from guardrail.ledger.records.identifiers import normal_forms
from guardrail.ledger.storage.layout import month_of
from guardrail.model.resource import Side, ids_of
from guardrail.terraform.plan.json.document import refuse_newer_format
from guardrail.terraform.plan.providers import short_name

_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-?\d+)-?[a-z]")
_SHOW = "give it what `terraform show -json` prints after an apply"


class _Resource(msgspec.Struct):
    address: str
    type: str
    mode: str = "managed"
    provider_name: str = ""
    values: dict[str, Any] = {}
    sensitive_values: dict[str, Any] | bool = {}
    depends_on: list[str] = []


class _Module(msgspec.Struct):
    resources: list[_Resource] = []
    child_modules: list[_Module] = []


class _Values(msgspec.Struct):
    root_module: _Module = msgspec.field(default_factory=_Module)


class _State(msgspec.Struct):
    format_version: str | None = None
    values: _Values | None = None
    resource_changes: Any = None
    lineage: Any = None


_decode = json_decoder(_State)


def fact_of_state(data: bytes, project: str, at: datetime, *, where: str) -> tuple[Fact, str]:
    """Return the inventory of a project as a fact, and what tells its contents from others. Raises InputError.

    at   when the state was as it is: it says no time itself
    """
    resources = list(_resources(data, where))
    state = identity(project, resources)
    head = {"record": "state", "project": project, "at": moment(at), "state": state, "resources": len(resources)}
    records: list[Record] = [head, *({"record": "resource", **one} for one in resources)]
    return fact("inventory", project, month_of(at), stamp(at), records), state


def _resources(data: bytes, where: str) -> Iterator[dict[str, Any]]:
    try:
        state = _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise InputError(f"neither a result nor a state: {what}", where=where, fix=_SHOW) from None
    if state.lineage is not None:
        raise InputError("is a state file as Terraform keeps it, not its JSON for programs", where=where, fix=_SHOW)
    if state.resource_changes is not None:
        what = "is a plan: the ledger keeps what a check says of it"
        raise InputError(what, where=where, fix="give it what `guardrail check --format json` prints")
    if state.format_version is None:
        raise InputError("neither a result nor a state", where=where, fix=_SHOW)
    refuse_newer_format(state.format_version, where)
    waiting = [state.values.root_module] if state.values else []
    while waiting:
        module = waiting.pop(0)
        waiting += module.child_modules
        yield from (_resource(one) for one in module.resources if one.mode == "managed")


def _resource(one: _Resource) -> dict[str, Any]:
    side = Side(one.values, sensitive=one.sensitive_values)
    provider = short_name(one.provider_name, one.type)
    ids = ids_of(provider, side, None)
    known = [*normal_forms(ids.arn), *normal_forms(ids.id)]
    known += [form for name in ("self_link", "name") for form in _by(name, one, side)]
    known += _of_parts(one, side)
    return {
        "address": one.address,
        "type": one.type,
        "provider": provider,
        "id": ids.id,
        "arn": ids.arn,
        "ids": list(dict.fromkeys(known)),
        "region": _region(side, ids.arn),
        "tags": _tags(side),
        "depends_on": sorted(one.depends_on),
    }


def _by(name: str, one: _Resource, side: Side) -> tuple[str, ...]:
    """Return the spellings that another attribute gives: Google's ids are often but a name."""
    text = _text(side, name)
    if name == "self_link":
        return normal_forms(text)
    return (f"projects/_/buckets/{text}",) if text and one.type == "google_storage_bucket" else ()


def _of_parts(one: _Resource, side: Side) -> list[str]:
    """Return the ids of what comes with a resource, is priced with it, and is billed under an id of its own.

    Only the volume that a machine boots from: others that a state lists there may be resources themselves.
    """
    root = side.get("root_block_device") if one.type == "aws_instance" else None
    blocks = root if isinstance(root, list) else []
    texts = [block.get("volume_id") for block in blocks if isinstance(block, Mapping)]
    return [form for text in texts if isinstance(text, str) for form in normal_forms(text)]


def _region(side: Side, arn: str | None) -> str | None:
    """Return where a resource lies, as far as its attributes say it; None where they do not."""
    for name in ("region", "location"):
        if text := _text(side, name):
            return text
    zone = _ZONE.fullmatch(_text(side, "availability_zone") or _text(side, "zone") or "")
    if zone:
        return zone[1]
    parts = (arn or "").split(":")
    return parts[3] or None if len(parts) > 3 else None  # noqa: PLR2004 - arn:partition:service:region:


def _tags(side: Side) -> dict[str, str]:
    for name in ("tags_all", "effective_labels", "tags", "labels"):
        found = None if side.has_secrets(name) else side.get(name)
        if isinstance(found, Mapping) and found:
            return {key: value for key, value in sorted(found.items()) if isinstance(value, str)}
    return {}


def _text(side: Side, name: str) -> str | None:
    value = None if side.has_secrets(name) else side.get(name)
    return value if isinstance(value, str) and value else None
