"""What the JSON of a plan says beside its resources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from guardrail.model.plan.facts import CalledModule, PlanFacts, RequiredProvider, without_repetition
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown, with_unknowns
from guardrail.terraform.plan.json.document import ConfigModule, Configuration, Document

LOCK_FILE = ".terraform.lock.hcl"
_LOCKED = r'provider\s+"([^"]+)"\s*\{[^}]*?\bversion\s*=\s*"([^"]+)"'
_STEP = r"\.|\[[^\]]*\]\.?"
_MAX_BYTES = 1_000_000


def facts_of(document: Document) -> PlanFacts:
    """Return what a plan says of modules, providers, variables and outputs."""
    configuration = document.configuration
    root = (configuration.root_module if configuration else None) or ConfigModule()
    declared, given = root.variables or {}, document.variables or {}
    changed = document.output_changes or {}
    outputs = {
        name: with_unknowns(change.after, change.after_unknown, f"plan.outputs.{name}")
        for name, change in changed.items()
        if change.actions != ["delete"]
    }
    untold = {name: _untold(name) for name in (root.outputs or {}) if name not in outputs}
    secret_outputs = {name for name, one in changed.items() if one.after_sensitive is True}
    return PlanFacts(
        has_configuration=configuration is not None and configuration.root_module is not None,
        modules=tuple(_modules(root, "")),
        providers=without_repetition(_providers(configuration)) if configuration else (),
        variables={
            **{name: one.default for name, one in declared.items()},
            **{n: one.value for n, one in given.items()},
        },
        outputs={**outputs, **untold},
        exported={name: frozenset(_mentioned(one.expression)) for name, one in (root.outputs or {}).items()},
        secrets=frozenset(
            {f"var.{name}" for name, one in declared.items() if one.sensitive}
            | {
                f"output.{name}"
                for name in secret_outputs.union(n for n, o in (root.outputs or {}).items() if o.sensitive)
            }
        ),
    )


def _mentioned(expression: Json) -> Iterator[str]:
    """Give the blocks that an expression of `configuration` refers to."""
    if isinstance(expression, list):
        for part in expression:
            yield from _mentioned(part)
    elif isinstance(expression, dict):
        for name, part in expression.items():
            if name == "references" and isinstance(part, list):
                yield from (".".join(re.split(_STEP, one)[:2]) for one in part if isinstance(one, str))
            elif name != "constant_value":
                yield from _mentioned(part)


def locked_versions(folder: Path) -> Mapping[str, str] | None:
    """Return the versions of the lock file in a folder by namespace/name; None where it has none that can be read."""
    path = folder / LOCK_FILE
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        return locked_in(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def locked_in(text: str) -> dict[str, str]:
    """Return the versions that the text of a lock file selects, by namespace/name."""
    return {"/".join(source.split("/")[-2:]): version for source, version in re.findall(_LOCKED, text)}


def _untold(name: str) -> Json:
    path = f"plan.outputs.{name}"
    return Unknown(
        path, "the plan does not say it", Reason.NOT_EVALUATED, "check the JSON of the plan: terraform show -json"
    )


def _modules(module: ConfigModule, address: str) -> Iterator[CalledModule]:
    for name, call in (module.module_calls or {}).items():
        inner = f"{address}.module.{name}".removeprefix(".")
        where = f"the source of {inner}"
        source = (
            Unknown(where, "the plan does not say it", Reason.NOT_EVALUATED) if call.source is None else call.source
        )
        yield CalledModule(inner, source, call.version_constraint or "")
        yield from _modules(call.module or ConfigModule(), inner)


def _providers(configuration: Configuration) -> Iterator[RequiredProvider]:
    for config in (configuration.provider_config or {}).values():
        source = "/".join((config.full_name or "").split("/")[-2:])
        yield RequiredProvider(
            config.name or "",
            source,
            config.version_constraint or "",
            re.sub(r"\[[^]]*\]", "", config.module_address or ""),
        )
