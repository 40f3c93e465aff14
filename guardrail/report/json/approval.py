"""Approvals in the JSON of a report, written and read back."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from guardrail.model.approval import Approvable, Approval, ApprovalSource
from guardrail.model.money import decimal, plain
from guardrail.report.json.scalars import Amount, Date, Time


class ApprovalGiven(msgspec.Struct):
    """A yes that holds."""

    by: Annotated[str, Meta(description="the user, or the team, that has given it")]
    source: ApprovalSource
    amount: Annotated[
        Amount | None,
        Meta(
            description="what the finding came to a month when it was approved; null: not known, and approved as such"
        ),
    ]
    up_to: Annotated[Amount | None, Meta(description="what it may come to; null where the amount is not known")]
    where: Annotated[str, Meta(description="file:line of an approvals file, or the address of a review")] = ""
    reason: str = ""
    expires: Annotated[
        Date | None, Meta(description="last day on which it holds; null: as long as the pull request is open")
    ] = None
    commit: Annotated[str, Meta(description="the commit that was reviewed")] = ""
    at: Time | None = None


class ApprovalState(msgspec.Struct):
    """What there is to say of approving a finding."""

    planned: Annotated[
        str,
        Meta(
            description="hash of what is planned for the resource, without what is sensitive; of a plan or a budget, of what in it has no"
            " price, empty where all is priced"
        ),
    ] = ""
    approvers: Annotated[list[str], Meta(description="who may approve it: finops (up to $1,000)")] = []
    given: Annotated[ApprovalGiven | None, Meta(description="the approval that holds")] = None
    lapsed: Annotated[str, Meta(description="why approvals that were given do not hold")] = ""


def approval_document(state: Approvable) -> dict[str, Any]:
    """Return what there is to say of an approval, without what is empty."""
    parts = {
        "planned": state.planned,
        "approvers": list(state.approvers),
        "given": _given(state.given) if state.given else None,
        "lapsed": state.lapsed,
    }
    return {name: value for name, value in parts.items() if value}


def _given(one: Approval) -> dict[str, Any]:
    optional = {
        "where": one.where,
        "reason": one.reason,
        "expires": one.expires and one.expires.isoformat(),
        "commit": one.commit,
        "at": one.at and one.at.isoformat(),
    }
    return {
        "by": one.by,
        "source": one.source,
        "amount": plain(one.amount),
        "up_to": plain(one.up_to),
        **{name: value for name, value in optional.items() if value},
    }


def approvable_of(data: ApprovalState) -> Approvable:
    """Return what a result says of an approval."""
    one = data.given
    if one is None:
        return Approvable(data.planned, tuple(data.approvers), None, data.lapsed)
    amount, up_to = (None if value is None else decimal(value) for value in (one.amount, one.up_to))
    given = Approval(one.by, one.source, amount, up_to, one.where, one.reason, one.expires, one.commit, one.at)
    return Approvable(data.planned, tuple(data.approvers), given, data.lapsed)
