"""Rules that guard nothing, whatever the plan: told before anybody takes their silence for a pass."""

from __future__ import annotations

from guardrail.cel import CelError, Environment, EvaluationError, Program
from guardrail.policy.rules.compiled import CompiledRule

_Constant = bool | None


def why_dead(rule: CompiledRule) -> tuple[str, str]:
    """Return where and why a rule can never say anything; ("", "") for one that can."""
    file = rule.source.file
    if rule.when and _constant(rule.when, rule) is False:
        return file.where(("when",)), "never applies: its `when` is always false"
    if all(_constant(one, rule) is True for one in rule.expressions):
        return file.where(("validations",)), "can never fail: its validations are always true"
    return "", ""


def _constant(program: Program, rule: CompiledRule) -> _Constant:
    """Return what an expression comes to that reads nothing; None for others, and for what is an error."""
    if program.reads:
        return None
    try:
        value = program.evaluate(Environment({}, engine_name=rule.engine).bind({}))
    except (CelError, EvaluationError):
        return None
    return value if isinstance(value, bool) else None
