"""The configuration section of a plan's JSON, made from the text of the modules."""

from __future__ import annotations

import re
from typing import Any

from guardrail.terraform.blocks import Block, Body
from guardrail.terraform.expressions import NotConstantError, attributes, constant, references, traversal
from guardrail.terraform.module_tree import Module, ModuleTree

_META = frozenset({"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "source", "version"})
_NOT_BLOCKS = _META | {"provisioner", "connection"}


def configuration_json(tree: ModuleTree) -> dict[str, Any]:
    """Return what `terraform show -json` says of a configuration: expressions, calls, variables, outputs, providers."""
    providers: dict[str, Any] = {}
    root = tree.module("")
    return {"root_module": _module(tree, root, "", providers) if root else {}, "provider_config": providers}


def expression(value: Any) -> Any:
    """Return an expression as Terraform's JSON tells it: a constant, or what it mentions."""
    if isinstance(value, list) and value and all(isinstance(part, dict) and "__is_block__" in part for part in value):
        return [_expressions(part) for part in value]
    try:
        return {"constant_value": constant(value)}
    except NotConstantError:
        return {"references": references(value)}


def _module(tree: ModuleTree, module: Module, address: str, providers: dict[str, Any]) -> dict[str, Any]:
    for block in module.blocks("provider"):
        name, config = _provider(block, address)
        providers.setdefault(name, config)
    return {
        "resources": [
            _resource(block, address, providers) for block in module.blocks("resource") if len(block.labels) > 1
        ],
        "module_calls": {
            block.labels[0]: _call(tree, block, module.key, address, providers)
            for block in module.blocks("module")
            if block.labels
        },
        "variables": {block.labels[0]: _variable(block) for block in module.blocks("variable") if block.labels},
        "outputs": {
            block.labels[0]: {"expression": expression(block.body().get("value"))}
            for block in module.blocks("output")
            if block.labels
        },
    }


def _resource(block: Block, module: str, providers: dict[str, Any]) -> dict[str, Any]:
    body = block.body()
    kind, name = block.labels[:2]
    found = {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_config_key": _nearest(provider_of(body, kind), module, providers),
        "expressions": _expressions(body),
    }
    if "for_each" in body:
        found["for_each_expression"] = expression(body["for_each"])
    return found


def _nearest(provider: str, module: str, providers: dict[str, Any]) -> str:
    """Return the key of a provider configuration: that of the module, or that of the nearest one which it inherits."""
    while module:
        if f"{module}:{provider}" in providers:
            return f"{module}:{provider}"
        module = re.sub(r"(^|\.)module\.[^.]+$", "", module)
    return provider


def provider_of(body: Body, kind: str) -> str:
    """Return the provider configuration that a resource names, else its type's: `aws.eu`, `aws`."""
    named = body.get("provider")
    path = traversal(named) or ([named.strip('"')] if isinstance(named, str) and "${" not in named else None)
    return ".".join(path) if path else kind.partition("_")[0]


def _call(tree: ModuleTree, block: Block, key: str, address: str, providers: dict[str, Any]) -> dict[str, Any]:
    name, body = block.labels[0], block.body()
    child = tree.module(f"{key}.{name}" if key else name)
    inner = f"{address}.module.{name}" if address else f"module.{name}"
    _hand_over(body, address, inner, providers)
    found = {"expressions": _expressions(body), "module": _module(tree, child, inner, providers) if child else {}}
    if "for_each" in body:
        found["for_each_expression"] = expression(body["for_each"])
    return found


def _hand_over(body: Body, outer: str, inner: str, providers: dict[str, Any]) -> None:
    """Give a module the provider configurations that its call passes on."""
    passed = body.get("providers")
    for name, given in passed.items() if isinstance(passed, dict) else ():
        source = traversal(given) or [str(given).strip('"')]
        key = ".".join(source)
        config = providers.get(f"{outer}:{key}" if outer else key)
        if config:
            providers[f"{inner}:{name}"] = config


def _provider(block: Block, address: str) -> tuple[str, dict[str, Any]]:
    body = block.body()
    alias = body.get("alias")
    name = block.labels[0] if block.labels else ""
    key = ".".join([name, str(alias).strip('"')]) if alias else name
    config: dict[str, Any] = {"name": name, "expressions": _expressions(body)}
    if address:
        config["module_address"] = address
    return (f"{address}:{key}" if address else key), config


def _variable(block: Block) -> dict[str, Any]:
    try:
        return {"default": constant(block.body().get("default"))}
    except NotConstantError:
        return {}


def _expressions(body: Body) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in attributes(body):
        if name == "dynamic":
            for label, block in _dynamic(value):
                found.setdefault(label, []).append({"references": references(block)})
        elif name not in _NOT_BLOCKS:
            found[name] = expression(value)
    return found


def _dynamic(value: Any) -> list[tuple[str, Body]]:
    """Return label and body of each dynamic block."""
    blocks = value if isinstance(value, list) else [value]
    return [(label.strip('"'), body) for block in blocks for label, body in attributes(block)]
