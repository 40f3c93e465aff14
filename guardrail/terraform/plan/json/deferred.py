"""What a plan leaves to a later one: deferred changes, and what `-target` left out."""

from __future__ import annotations

from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.reason import Reason
from guardrail.terraform.address import parse
from guardrail.terraform.plan.json.document import DeferredChange, Document

# https://developer.hashicorp.com/terraform/internals/json-format: `reason` of deferred_changes
_WHY = {
    "instance_count_unknown": "the number of its instances is not known yet",
    "resource_config_unknown": "its configuration is not known yet",
    "provider_config_unknown": "the configuration of its provider is not known yet",
    "absent_prereq": "something that it needs does not exist yet",
    "deferred_prereq": "something that it needs is deferred itself",
}
_AGAIN = "apply this plan, then plan and check again"
_PARTIAL = NotEvaluated(
    "",
    "the plan is not complete (`complete: false`), as one made with -target: what it leaves out is not in it",
    remedy="plan without -target and -exclude, and check that",
    before=True,
    later=True,
)


def left_for_later(document: Document) -> tuple[NotEvaluated, ...]:
    """Return the deferred changes of a plan; one entry for all where it is not complete and does not say why."""
    deferred = tuple(_deferred(one) for one in document.deferred_changes or ())
    return deferred or ((_PARTIAL,) if document.complete is False else ())


def _deferred(deferred: DeferredChange) -> NotEvaluated:
    what = deferred.resource_change
    change = what.change if what else None
    address = parse(what.address) if what else None
    why = _WHY.get(deferred.reason or "", "Terraform does not say why")
    # Which sides it would have tells whether it is missing before, after, or on both.
    return NotEvaluated(
        what.address if what else "",
        f"deferred to a later plan: {why}",
        Reason.KNOWN_AFTER_APPLY,
        _AGAIN,
        (what.type or "" if what else "") or (address.type if address else ""),
        address.module if address else "",
        before=bool(change and change.before is not None),
        after=not (change and change.actions == ["delete"]),
        later=True,
    )
