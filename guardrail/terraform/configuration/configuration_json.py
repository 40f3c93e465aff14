"""The configuration section of a plan's JSON, made of the code of its modules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from guardrail.terraform.configuration.code.modules import ModuleCode, Modules, literal
from guardrail.terraform.language.constants import NotConstantError, constant
from guardrail.terraform.language.references import mentions, static_path
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Attribute,
    Block,
    Body,
    Expression,
    Literal,
    Node,
    ObjectExpression,
    Variable,
)

_META = frozenset({"count", "for_each", "provider", "providers", "depends_on", "lifecycle", "source", "version"})
_NOT_BLOCKS = _META | {"provisioner", "connection"}


def configuration_json(modules: Modules) -> dict[str, Any]:
    """Return what `terraform show -json` says of a configuration: expressions, calls, variables, outputs, providers."""
    providers: dict[str, Any] = {}
    root = modules.module("")
    writer = _Writer(modules, providers)
    return {"root_module": writer.module(root, "", "") if root else {}, "provider_config": providers}


class _Writer:
    def __init__(self, modules: Modules, providers: dict[str, Any]) -> None:
        self._modules, self._providers = modules, providers

    def module(self, code: ModuleCode, key: str, address: str) -> dict[str, Any]:
        # Providers first: resources, and the modules that are called, look their configurations up.
        for block in code.of("provider"):
            alias, name = literal(block, "alias"), block.labels[0] if block.labels else ""
            config_key = f"{name}.{alias}" if alias else name
            config: dict[str, Any] = {"name": name, "expressions": _expressions(block.body)}
            if address:
                config["module_address"] = address
            self._providers.setdefault(f"{address}:{config_key}" if address else config_key, config)
        return {
            "resources": [
                _resource(block, address, self._providers)
                for type_ in ("resource", "data")
                for block in code.labelled(type_).values()
            ],
            "module_calls": {
                name: self._call(block, key, address) for (name,), block in code.labelled("module").items()
            },
            "variables": {name: _variable(block) for (name,), block in code.labelled("variable").items()},
            "outputs": {
                name: {
                    "expression": _expression(block.body.attributes.get("value")),
                    "sensitive": _is_true(block.body.attributes.get("sensitive")),
                }
                for (name,), block in code.labelled("output").items()
            },
        }

    def _call(self, block: Block, key: str, address: str) -> dict[str, Any]:
        (name,), body = block.labels, block.body
        key = f"{key}.{name}" if key else name
        inner = f"{address}.module.{name}" if address else f"module.{name}"
        _pass_providers(body, address, inner, self._providers)
        code = self._modules.module(key)
        found = {"expressions": _expressions(body), "module": self.module(code, key, inner) if code else {}}
        if "for_each" in body.attributes:
            found["for_each_expression"] = _expression(body.attributes["for_each"])
        return found


def _resource(block: Block, module: str, providers: Mapping[str, Any]) -> dict[str, Any]:
    # Where nobody wrote a configuration of the provider, its key is the provider's name, as in Terraform's JSON.
    kind, name = block.labels
    given = block.body.attributes.get("provider")
    found = {
        "address": f"data.{kind}.{name}" if block.type == "data" else f"{kind}.{name}",
        "mode": "data" if block.type == "data" else "managed",
        "type": kind,
        "name": name,
        "provider_config_key": _own_or_inherited(
            _provider(given.expression, kind) if given else kind.partition("_")[0], module, providers
        ),
        "expressions": _expressions(block.body),
    }
    if "for_each" in block.body.attributes:
        found["for_each_expression"] = _expression(block.body.attributes["for_each"])
    return found


def _own_or_inherited(provider: str, module: str, providers: Mapping[str, Any]) -> str:
    """Return the key of a provider configuration: that of the module, or that of the nearest one which it inherits."""
    while module:
        if f"{module}:{provider}" in providers:
            return f"{module}:{provider}"
        module = re.sub(r"(^|\.)module\.[^.]+$", "", module)
    return provider


def _pass_providers(body: Body, outer: str, inner: str, providers: dict[str, Any]) -> None:
    """Add the provider configurations that a call passes to a module (`providers = {...}`) under the module's address."""
    passed = body.attributes.get("providers")
    items = passed.expression.items if passed and isinstance(passed.expression, ObjectExpression) else ()
    for name, given in items:
        own, key = _provider(name), _provider(given)
        config = providers.get(f"{outer}:{key}" if outer else key)
        if own and config:
            providers[f"{inner}:{own}"] = config


def _provider(expression: Expression, default: str = "") -> str:
    """Return the provider configuration that is referred to: `aws.eu`, `aws`."""
    path = static_path(expression)
    return ".".join(map(str, path)) if path else default


def _variable(block: Block) -> dict[str, Any]:
    default, secret = block.body.attributes.get("default"), _is_true(block.body.attributes.get("sensitive"))
    try:
        return {"default": constant(default.expression) if default else None, "sensitive": secret}
    except NotConstantError:
        return {"sensitive": secret}  # it calls a function, whose result is not computed here


def _is_true(attribute: Attribute | None) -> bool:
    """Return whether an attribute is `true`; one that is computed may be."""
    try:
        return attribute is not None and constant(attribute.expression) is not False
    except NotConstantError:
        return True


def _expressions(body: Body) -> dict[str, Any]:
    """Return what a block sets: attributes, and lists of what the blocks in it set."""
    found: dict[str, Any] = {
        name: _expression(attribute) for name, attribute in body.attributes.items() if name not in _NOT_BLOCKS
    }
    for block in body.blocks:
        if block.type == "dynamic" and block.labels:
            # What it iterates over may be in each expression of its content, through its iterator.
            over = _references(block.body.attributes.get("for_each"))
            content = next((one for one in block.body.blocks if one.type == "content"), None)
            set_ = _with_references(_expressions(content.body), over) if content else {"references": over}
            found.setdefault(block.labels[0], []).append(set_)
        elif block.type not in _NOT_BLOCKS:
            found.setdefault(block.type, []).append(_expressions(block.body))
    return found


def _with_references(expressions: dict[str, Any], more: list[str]) -> dict[str, Any]:
    """Return expressions with `more` among the references of each that has some, at any depth; constants stay."""
    found: dict[str, Any] = {}
    for name, part in expressions.items():
        if isinstance(part, list):
            found[name] = [_with_references(one, more) for one in part]
        elif "references" in part:
            found[name] = {"references": list(dict.fromkeys([*part["references"], *more]))}
        else:
            found[name] = part
    return found


def _expression(attribute: Attribute | None) -> dict[str, Any]:
    """Return an expression as Terraform's JSON tells it: a constant, or what it mentions."""
    try:
        return {"constant_value": constant(attribute.expression) if attribute else None}
    except NotConstantError:
        return {"references": _references(attribute)}


def _references(node: Node | None) -> list[str]:
    return list(dict.fromkeys(map(_spelled, mentions(node)))) if node else []


def _spelled(mention: Access | Variable) -> str:
    """Return a reference as Terraform's JSON has it: up to the first step that is not written out."""
    if isinstance(mention, Variable):
        return mention.name
    found = mention.origin.text
    for step in mention.steps:
        if isinstance(step, str):
            found += f".{step}"
        elif isinstance(step, Literal) and isinstance(step.value.raw, str | int):
            found += f"[{json.dumps(step.value.raw)}]"
        else:
            break
    return found
