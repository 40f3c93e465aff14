"""Plans as Terraform writes them, for tests: only what a test says, the rest as short as the format allows."""

import json
from typing import Any

from guardrail.model.resource import Change
from guardrail.terraform import Plan, read_plan

AWS = {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}}


def change(address: str, after: Any = None, *, actions=("create",), before: Any = None, unknown=None, **keys) -> dict:
    """An element of resource_changes; keys that are none of its `change` stand beside it."""
    what: dict[str, Any] = {"actions": list(actions), "before": before, "after": after, "after_unknown": unknown or {}}
    what |= {key: keys.pop(key) for key in ("importing", "before_sensitive", "after_sensitive") if key in keys}
    return {"address": address, "mode": "managed", "change": what, **keys}


def document(*changes: dict, root: dict | None = None, providers: dict | None = None, **sections) -> dict:
    """A whole plan. `root` is the configuration of the root module."""
    configuration = {"provider_config": AWS if providers is None else providers, "root_module": root or {}}
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "resource_changes": list(changes),
        "configuration": configuration,
        **sections,
    }


def block(address: str, provider: str = "aws", **expressions) -> dict:
    """A resource block of a configuration. A list of texts is what an expression refers to, all else a constant."""
    return {"address": address, "provider_config_key": provider, "expressions": _expressions(expressions)}


def call(resources: list[dict], *, outputs=None, inputs=None, **keys) -> dict:
    """A module call and the module that it calls."""
    module = {
        "resources": resources,
        "outputs": {k: {"expression": {"references": v}} for k, v in (outputs or {}).items()},
    }
    module |= {key: keys.pop(key) for key in ("variables", "module_calls") if key in keys}
    return {"module": module, "expressions": _expressions(inputs or {}), **keys}


def read(source: dict) -> Plan:
    """Read one plan."""
    (plan,) = read_plan(json.dumps(source).encode(), "plan.json")
    return plan


def by_address(source: dict) -> dict[str, Change]:
    """Read one plan: address -> change."""
    return {found.address: found for found in read(source).changes}


def after(change: Change) -> Any:
    """The values that a resource will have."""
    return change.after and change.after.values


def state(*resources: tuple[str, dict], modules: tuple[dict, ...] = ()) -> dict:
    """`planned_values`, or `values` of a prior state."""
    found = [{"address": address, "mode": "managed", "values": values} for address, values in resources]
    return {"root_module": {"resources": found, "child_modules": list(modules)}}


def _expressions(values: dict) -> dict:
    return {
        name: value
        if isinstance(value, dict)
        else {"references": value}
        if isinstance(value, list)
        else {"constant_value": value}
        for name, value in values.items()
    }
