"""A rule as guardrail.yaml sets it: its enforcement and the like, and the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from guardrail.errors import ConfigError, did_you_mean
from guardrail.model.unknown import Json
from guardrail.policy.rules.packs.selection import RuleSetting
from guardrail.policy.rules.rule import RuleFile


def settle(rule: RuleFile, setting: RuleSetting) -> RuleFile:
    """Return the rule as the configuration wants it. Raises ConfigError for a parameter that does not fit."""
    changes: dict[str, Any] = {
        name: value
        for name in ("enforcement", "severity", "effective_from", "on_unknown", "waivable_by")
        if (value := getattr(setting, name)) is not None
    }
    if setting.waivers:
        changes["waivers"] = replace(rule.rule.waivers, **setting.waivers)
    return with_params(rule.changed(**changes), setting.params)


def with_params(rule: RuleFile, params: Mapping[str, Json]) -> RuleFile:
    """Return the rule with other values of its parameters. Raises ConfigError for one that does not fit."""
    defaults = rule.rule.params
    for name, value in params.items():
        at = f"rules.set.{rule.rule.id}.params.{name}"
        if name not in defaults:
            fix = did_you_mean(name, defaults) or (f"it has {', '.join(defaults)}" if defaults else "it has none")
            raise ConfigError(f"{at}: the rule has no such parameter", fix=fix)
        if problem := _misfit(value, defaults[name]):
            raise ConfigError(f"{at}: {problem}", fix=f"the default is {defaults[name]!r}")
    return rule.changed(params={**defaults, **params}) if params else rule


def _misfit(value: Json, default: Json) -> str:
    """Say how a value differs in type from the default that it replaces; null as a default takes anything."""
    if default is None or value is None:
        return ""
    wanted, given = _kind(default), _kind(value)
    if wanted != given:
        return f"expected {wanted}, not {given}"
    # An empty list as a default does not tell what its elements are.
    if isinstance(default, list) and default:
        odd = {_kind(item) for item in value} - {_kind(item) for item in default}
        return f"expected a list of {_kind(default[0])} each, not {min(odd)}" if odd else ""
    return ""


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "a map" if isinstance(value, dict) else "nothing"
