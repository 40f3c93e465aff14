"""What a month would cost less if a finding were mended: as its rule says, or by the edits that the rule would make."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from guardrail.cel import CelError, EvaluationError, Scope
from guardrail.errors import GuardrailError
from guardrail.model.cost import Cost, LineStatus
from guardrail.model.money import decimal
from guardrail.model.remedy import Assignment, Remedy
from guardrail.policy.rules.compiled import CompiledRule
from guardrail.policy.rules.remedies import NO_EDIT
from guardrail.policy.variables.view import ResourceView

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
    now, made = view.cost.after, remedy()
    if now is None or made.obstacle == NO_EDIT or not made.steps:
        return None
    attributes = {".".join(step.path): step.value for step in made.steps if isinstance(step, Assignment)}
    if len(attributes) != len(made.steps) or view.around is None:
        return None
    try:
        then = view.around.cost_with(view, attributes)
    except GuardrailError:
        return None
    return difference(now.as_given, then.as_given) if then else None


def difference(now: Cost, then: Cost) -> Decimal | None:
    """Return what a month costs less with the second cost, at least; None where that cannot be told.

    Where no line differs, the estimate does not depend on what was edited: that is no saving of 0. Usage that is not given
    may add to what is saved, but nothing tells what a line costs that only the second one has.
    """
    if now.unpriced or then.unpriced or now.lines == then.lines:
        return None
    was, will = ([line for line in cost.lines if line.status is LineStatus.USAGE] for cost in (now, then))
    if any(line not in was for line in will):
        return None
    saved = now.known - then.known
    return None if saved <= 0 and was != will else saved
