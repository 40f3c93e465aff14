"""What is billed and in no state, as recommendations to import it or to remove it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from guardrail.ledger.queries.unmanaged import Unmanaged
from guardrail.ledger.records.identifiers import normal_forms
from guardrail.model.money import decimal, rounded
from guardrail.recommend.clean_up.imports import import_block
from guardrail.recommend.clean_up.uses import texts_of
from guardrail.recommend.proposal import Confidence, Effort, Evidence, NotJudged, Proposal
from guardrail.recommend.recommendation import Recommendation
from guardrail.terraform.plan.reader import Plan

KIND = "clean-up"
# Tags that a service sets on what it makes: its maker may well be in a state.
_MADE_BY: tuple[str, ...] = (
    "aws:autoscaling:",
    "aws:cloudformation:",
    "aws:eks:",
    "eks:",
    "aws:elasticmapreduce:",
    "kubernetes.io/",
)
_MADE_BY += ("aks-managed", "goog-gke", "goog-dataproc", "aws:ec2:fleet", "aws:backup:")
_CENTS = 2


def unmanaged(
    billed: Sequence[Unmanaged], plans: Iterable[Plan], currency: str, least: float
) -> Iterator[Recommendation | NotJudged]:
    """Give what is billed and neither in a state of the ledger nor among the values of a plan; less than `least` is left out.

    It is in no sum: that no state has it does not tell that nobody needs it.
    """
    inside = _names_in(plans, {form for one in billed for form in normal_forms(one.id)})
    for account in sorted({one.account for one in billed if not one.is_known_account}):
        yield NotJudged(KIND, account, "is billed, and no state of it is in the ledger: what no state has is not known")
    for one in billed:
        if not one.is_known_account or inside.intersection(normal_forms(one.id)):
            continue
        if made := next((tag for tag in one.tags if tag.removeprefix("user:").startswith(_MADE_BY)), ""):
            yield NotJudged(KIND, one.id, f"is billed and in no state, and another service made it (tag {made})")
        elif one.amount is None or rounded(one.amount, _CENTS) >= decimal(least):
            yield _recommendation(one, currency)


def _recommendation(one: Unmanaged, currency: str) -> Recommendation:
    unknown = "a charge has no effective cost" if one.amount is None else ""
    if one.currency != currency:
        unknown = f"it is billed in {one.currency or 'no currency'}, and amounts here are in {currency}"
    cost = "not known" if one.amount is None else f"{rounded(one.amount, _CENTS):f} {one.currency}"
    code = import_block(one.id)
    notes = ["that no state has it does not tell that nobody needs it"]
    if "aws_ebs_volume" in code:
        notes.append("it may be the disk of a machine: name the states as INPUT, whose machines tell their disks")
    if not code:
        notes.append("no import block: its type does not follow from its id")
    proposal = Proposal(
        kind=KIND,
        id="in-no-state",
        address=one.id,
        title="billed and in no state: import it, or remove it",
        saving=None if unknown else one.amount,
        unknown=unknown,
        counted=False,
        confidence=Confidence.LOW,
        effort=Effort.MEDIUM,
        evidence=(
            Evidence("billed", cost, one.source, f"{one.first} to {one.last}"),
            Evidence(
                "service", ", ".join(filter(None, [one.service, one.region, f"account {one.account}"])), one.source
            ),
        ),
        notes=tuple(notes),
        code=code,
    )
    return Recommendation(
        proposal, "", None, None, proposal.saving, unknown=unknown, no_edit="it is in no configuration that is known"
    )


def _names_in(plans: Iterable[Plan], asked: set[str]) -> set[str]:
    """Return which of these ids are among the values of resources, as those of a machine's disks are."""
    if not asked:
        return set()
    sides = (one.billed_after for plan in plans for one in (*plan.changes, *plan.data))
    return {
        form for side in sides if side for text in texts_of(side.values.values()) for form in normal_forms(text)
    } & asked
