"""What a month would cost less if a finding were mended: as its rule says, or by the edits that the rule would make."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardrail.cel import CelError, EvaluationError, Scope
from guardrail.errors import GuardrailError
from guardrail.model.money import decimal
from guardrail.model.remedy import Assignment, Remedy
from guardrail.policy.rules.compiled import CompiledRule
from guardrail.policy.rules.remedies import NO_EDIT
from guardrail.policy.variables.view import ResourceView, sure

_TAGS = frozenset({"tags", "labels", "resource_labels", "user_labels"})


def saving(
    rule: CompiledRule, view: ResourceView, scope: Callable[[], Scope], remedy: Callable[[], Remedy]
) -> Decimal | None:
    """Return what mending a finding of a resource saves a month; None where it is not known, or nothing tells.

    It is negative where the edits cost more. Edits of tags cost nothing, and are not priced.
    """
    if rule.saving:
        try:
            told = rule.saving.evaluate(scope())
            return decimal(told) if isinstance(told, float | Decimal) else None
        except (CelError, EvaluationError, ValueError):  # ValueError: no amount, such as infinity
            return None
    if not rule.edits or all(edit.edit.path.partition(".")[0] in _TAGS for edit in rule.edits):
        return None
    now, made = sure("monthly", view.cost.after), remedy()
    if not isinstance(now, Decimal) or made.obstacle == NO_EDIT or not made.steps:
        return None
    attributes = {".".join(step.path): step.value for step in made.steps if isinstance(step, Assignment)}
    repriced = view.repriced()
    if len(attributes) != len(made.steps) or repriced is None:
        return None
    try:
        then = repriced.call(attributes)
    except GuardrailError:
        return None
    return now - then if isinstance(then, Decimal) else None
