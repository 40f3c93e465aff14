"""What to buy, as a recommendation for each vendor's bills."""

from __future__ import annotations

from msgspec.structs import replace

from guardrail.finops.commitments.advice import Advice, exact
from guardrail.finops.commitments.text import risks, title_of
from guardrail.recommend.proposal import Confidence, Effort, Evidence, Proposal
from guardrail.recommend.recommendation import Recommendation


def recommendation(advice: Advice, currency: str) -> Recommendation | None:
    """Return what to buy; None where nothing is to be bought.

    currency  of the sum that the saving belongs into; in another one it is told as text alone
    """
    choice = advice.buy
    if choice is None:
        return None
    judged = choice.judged
    loses = judged.at[70].saving < 0 or (judged.worst is not None and judged.worst[1].saving < 0)
    offers = dict.fromkeys((one.offer.source, one.offer.as_of) for one in judged.purchases)
    proposal = Proposal(
        kind="commitments",
        id="-".join(filter(None, [advice.vendor, f"{choice.months // 12}yr", choice.payment.replace("_", "-")])),
        address=f"{advice.vendor} ({advice.billed})",
        title=title_of(choice),
        saving=exact(judged.now.saving) if advice.currency == currency else None,
        unknown=""
        if advice.currency == currency
        else f"rates are in {advice.currency}, and amounts here in {currency}",
        confidence=Confidence.LOW if loses or advice.of_plans else Confidence.MEDIUM,
        effort=Effort.LOW,
        evidence=(
            Evidence("use", "in every hour", "plans and states")
            if advice.of_plans
            else Evidence("use", f"{advice.days} days", "bills", f"{advice.months[0]} to {advice.months[-1]}"),
            *(Evidence("rates", "published", source, as_of) for source, as_of in offers),
        ),
        notes=(" · ".join(risks(choice, advice.currency)),),
    )
    return Recommendation(proposal, "", None, None, proposal.saving, unknown=proposal.unknown)


_STORAGE = frozenset({"type", "volume_type", "iops", "throughput", "volume_size", "allocated_storage"})


def lowers_use(one: Recommendation) -> bool:
    """Say whether a recommendation may lower the use of machines: whether it sets anything but what a volume is."""
    proposal = one.proposal
    return proposal.deletes or bool(proposal.adds) or any(step.path[-1] not in _STORAGE for step in proposal.steps)


def after_others(one: Recommendation) -> Recommendation:
    """Return a purchase that is in no sum: followed first, other recommendations leave less to commit to."""
    note = "not in the sum: other recommendations lower the use that it is planned for; follow them first"
    return replace(one, proposal=replace(one.proposal, counted=False, notes=(*one.proposal.notes, note)))
