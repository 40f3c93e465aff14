"""What a configuration asks for from elsewhere: modules and providers, with the versions that it allows."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from guardrail.model.plan.facts import CalledModule, PlanFacts, RequiredProvider, without_repetition
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown
from guardrail.terraform.configuration.code.modules import ModuleCode, Modules, literal
from guardrail.terraform.language.syntax.nodes import Literal, ObjectExpression


def required_by(facts: PlanFacts, modules: Modules) -> PlanFacts:
    """Return facts with the modules and providers that the configuration itself asks for."""
    return replace(
        facts,
        has_configuration=True,
        modules=tuple(called_modules(modules)),
        providers=without_repetition(all_required_providers(modules)),
    )


def called_modules(modules: Modules, key: str = "") -> Iterator[CalledModule]:
    """Walk the module blocks, each before those of the module that it calls."""
    code = modules.module(key)
    for (name,), block in code.labelled("module").items() if code else ():
        inner = f"{key}.{name}".removeprefix(".")
        address = ".".join(f"module.{one}" for one in inner.split("."))
        computed = Unknown(f"the source of {address}", "not evaluated: it is an expression", Reason.NOT_EVALUATED)
        yield CalledModule(address, literal(block, "source") or computed, literal(block, "version"))
        yield from called_modules(modules, inner)


def all_required_providers(modules: Modules, key: str = "") -> Iterator[RequiredProvider]:
    """Walk the providers of every module, each module once."""
    code = modules.module(key)
    if code is None:
        return
    yield from required_providers(code, ".".join(f"module.{one}" for one in key.split(".") if one))
    for (name,) in code.labelled("module"):
        yield from all_required_providers(modules, f"{key}.{name}".removeprefix("."))


def required_providers(code: ModuleCode, address: str) -> Iterator[RequiredProvider]:
    """Give the providers of a module: those that it requires, and those that it uses without saying so."""
    said: dict[str, RequiredProvider] = {}
    for block in code.of("terraform"):
        for required in block.body.blocks_of("required_providers"):
            for name, attribute in required.body.attributes.items():
                source, constraint = _required(attribute.expression)
                said[name] = RequiredProvider(name, source or f"hashicorp/{name}", constraint, address)
    used = [block.labels[0] for block in code.of("provider") if block.labels]
    used += [labels[0].partition("_")[0] for kind in ("resource", "data") for labels in code.labelled(kind)]
    for name in dict.fromkeys(used):
        said.setdefault(name, RequiredProvider(name, f"hashicorp/{name}", "", address))
    yield from (one for one in said.values() if one.name != "terraform")


def _required(expression: object) -> tuple[str, str]:
    """Return source and versions of an entry of required_providers, which Terraform 0.12 wrote as the versions alone."""
    if isinstance(expression, ObjectExpression):
        items = {_text(key): _text(value) for key, value in expression.items}
        return items.get("source", ""), items.get("version", "")
    return "", _text(expression)


def _text(expression: object) -> str:
    value = expression.value.raw if isinstance(expression, Literal) else None
    return value if isinstance(value, str) else ""
