"""The configuration section of a plan's JSON, made from the text of the modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from guardrail.terraform.blocks import Block, Body
from guardrail.terraform.expressions import NotConstantError, attributes, constant, references, traversal
from guardrail.terraform.module_tree import Module, ModuleTree

_META = frozenset({"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "source", "version"})
_NOT_BLOCKS = _META | {"provisioner", "connection"}


Evaluated = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""File, name and alias of a provider block -> expressions of it that have been evaluated."""


def configuration_json(tree: ModuleTree, evaluated: Evaluated | None = None) -> dict[str, Any]:
    """Return what `terraform show -json` says of a configuration: expressions, calls, variables, outputs, providers."""
    providers: dict[str, Any] = {}
    root = tree.module("")
    writer = _Writer(tree, providers, evaluated or {})
    return {"root_module": writer.module(root, "") if root else {}, "provider_config": providers}


def expression(value: Any) -> Any:
    """Return an expression as Terraform's JSON tells it: a constant, or what it mentions."""
    if isinstance(value, list) and value and all(isinstance(part, dict) and "__is_block__" in part for part in value):
        return [_expressions(part) for part in value]
    try:
        return {"constant_value": constant(value)}
    except NotConstantError:
        return {"references": references(value)}


class _Writer:
    def __init__(self, tree: ModuleTree, providers: dict[str, Any], evaluated: Evaluated) -> None:
        self._tree, self._providers, self._evaluated = tree, providers, evaluated

    def module(self, module: Module, address: str) -> dict[str, Any]:
        for block in module.blocks("provider"):
            self._add_provider(block, address)
        resources = [block for block in module.blocks("resource") if len(block.labels) > 1]
        data = [block for block in module.blocks("data") if len(block.labels) > 1]
        return {
            "resources": [_resource(block, address, self._providers) for block in [*resources, *data]],
            "module_calls": {
                b.labels[0]: self._call(b, module.key, address) for b in module.blocks("module") if b.labels
            },
            "variables": {block.labels[0]: _variable(block) for block in module.blocks("variable") if block.labels},
            "outputs": {b.labels[0]: _output(b) for b in module.blocks("output") if b.labels},
        }

    def _call(self, block: Block, key: str, address: str) -> dict[str, Any]:
        name, body = block.labels[0], block.body()
        child = self._tree.module(f"{key}.{name}" if key else name)
        inner = f"{address}.module.{name}" if address else f"module.{name}"
        _hand_over(body, address, inner, self._providers)
        found = {"expressions": _expressions(body), "module": self.module(child, inner) if child else {}}
        if "for_each" in body:
            found["for_each_expression"] = expression(body["for_each"])
        return found

    def _add_provider(self, block: Block, address: str) -> None:
        body = block.body()
        alias, name = alias_of(body), block.labels[0] if block.labels else ""
        key = f"{name}.{alias}" if alias else name
        known = self._evaluated.get((block.file, name, alias), {})
        config: dict[str, Any] = {"name": name, "expressions": {**_expressions(body), **known}}
        if address:
            config["module_address"] = address
        self._providers.setdefault(f"{address}:{key}" if address else key, config)


def _resource(block: Block, module: str, providers: dict[str, Any]) -> dict[str, Any]:
    body = block.body()
    kind, name = block.labels[:2]
    found = {
        "address": f"data.{kind}.{name}" if block.kind == "data" else f"{kind}.{name}",
        "mode": "data" if block.kind == "data" else "managed",
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


def alias_of(body: Body) -> str:
    """Return the alias of a provider block; "" for the default one."""
    return str(body.get("alias", "")).strip('"')


def _hand_over(body: Body, outer: str, inner: str, providers: dict[str, Any]) -> None:
    """Give a module the provider configurations that its call passes on."""
    passed = body.get("providers")
    for name, given in passed.items() if isinstance(passed, dict) else ():
        source = traversal(given) or [str(given).strip('"')]
        key = ".".join(source)
        config = providers.get(f"{outer}:{key}" if outer else key)
        if config:
            providers[f"{inner}:{name}"] = config


def _output(block: Block) -> dict[str, Any]:
    return {"expression": expression(block.body().get("value"))}


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
