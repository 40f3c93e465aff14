"""The active rules, compiled, and checked before anything is judged: once for what they say."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from guardrail.cel.compiled_expressions import CompiledExpressions, prune
from guardrail.policy.rules.compiled import CompiledRule, compile_rule
from guardrail.policy.rules.resource_types import ResourceTypes
from guardrail.policy.rules.rule import RuleFile

_CHECKED = ("scope", "params", "variables", "applies_when", "validations", "edits", "saving")
"""What of a rule its expressions and the checks depend on."""


def compile_checked(rules: Iterable[RuleFile], types: ResourceTypes, engine: str | None = None) -> list[CompiledRule]:
    """Compile rules, checked against the types and by the engine that evaluates them; what has been checked before is not again.

    A rule is known by all that it says, beside the versions of guardrail and of the engine and the types. Raises RuleError, with
    file and line, for a rule that does not fit the types, or that the engine refuses.
    """
    known_types = sha256(f"{types.version} {sorted(types.defined)}".encode()).digest()
    compiled, added = [], False
    of_content: dict[str, CompiledExpressions] = {}
    for source in rules:
        rule = source.rule
        says = repr((rule.match.types, rule.match.types_extra, [getattr(rule, name) for name in _CHECKED]))
        if says not in of_content:
            of_content[says] = CompiledExpressions(b"rule", known_types, says.encode(), engine=engine)
        kept = of_content[says]
        if kept.forms.known:
            compiled.append(compile_rule(source, engine=engine, kept=kept))
            continue
        checked = compile_rule(source, engine=engine, types=types, kept=kept)
        checked.check_by_engine()
        kept.keep()
        compiled.append(checked)
        added = True
    if added:
        prune()
    return compiled
