"""The JSON of a state (`terraform show -json` without a plan), as a plan that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from guardrail.decode import json_decoder
from guardrail.errors import InputError
from guardrail.terraform.plan.json.envelope import plan_text


class _Resource(msgspec.Struct):
    address: str
    type: str
    name: str = ""
    mode: str = "managed"
    index: str | int | None = None
    provider_name: str = ""
    values: dict[str, Any] = {}
    sensitive_values: dict[str, Any] | bool = {}


class _Module(msgspec.Struct):
    resources: list[_Resource] = []
    child_modules: list[_Module] = []
    address: str = ""


class _Values(msgspec.Struct):
    root_module: _Module = msgspec.field(default_factory=_Module)


class _State(msgspec.Struct):
    format_version: str | None = None
    terraform_version: str = ""
    values: _Values | None = None
    planned_values: Any = None
    resource_changes: Any = None


_decode = json_decoder(_State)


def plan_of_state(data: bytes) -> bytes | None:
    """Return the JSON of a plan in which every resource of a state stays as it is; None for what is no state's JSON.

    What is wrong with it, the reader of plans says.
    """
    try:
        state = _decode(plan_text(data, "").text)
    except (InputError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    is_plan = state.planned_values is not None or state.resource_changes is not None
    if state.values is None or state.format_version is None or is_plan:
        return None
    document = {
        "format_version": state.format_version,  # as plans, states are of 0.1 and 1.0, of which the reader tells what is new
        "terraform_version": state.terraform_version,
        "resource_changes": [
            _stays(one, module)
            for module in _modules(state.values.root_module)
            for one in module.resources
            if one.mode == "managed"
        ],
    }
    return msgspec.json.encode(document)


def _modules(root: _Module) -> Iterator[_Module]:
    waiting = [root]
    while waiting:
        module = waiting.pop(0)
        waiting += module.child_modules
        yield module


def _stays(one: _Resource, module: _Module) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "address": one.address,
        "mode": one.mode,
        "type": one.type,
        "name": one.name,
        "provider_name": one.provider_name,
        "change": {
            "actions": ["no-op"],
            "before": one.values,
            "after": one.values,
            "after_unknown": {},
            "before_sensitive": one.sensitive_values,
            "after_sensitive": one.sensitive_values,
        },
    }
    if one.index is not None:
        entry["index"] = one.index
    if module.address:
        entry["module_address"] = module.address
    return entry
