"""Approvals: who has said yes to a finding, what it was when they did, and what keeps a yes from holding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field


class ApprovalSource(StrEnum):
    """Where an approval was given."""

    REVIEW = "review"
    LABEL = "label"
    FILE = "file"


class Approval(Struct, frozen=True):
    """A yes to one finding that holds.

    by       the user, or the team, that has given it
    amount   what the finding came to a month when it was approved; None: that was not known, and was approved as such
    up_to    what it may come to: 5% more, but never more than `by` may approve; None where `amount` is
    where    "file:line" of an approvals file, the web address of a review, "" for a label
    expires  the last day on which it holds, None: as long as the pull request is open
    commit   the commit that was reviewed, "" for a label and a file
    at       when it was given; None for a file, which does not say
    """

    by: str
    source: ApprovalSource
    amount: Decimal | None
    up_to: Decimal | None
    where: str = ""
    reason: str = ""
    expires: date | None = None
    commit: str = ""
    at: datetime | None = None


class Approvable(Struct, frozen=True):
    """What there is to say of approving a finding.

    planned    a hash of what is planned for its resource; of a plan or a budget, of what in it has no price, "" where all is priced
    approvers  who may approve it, in words: "finops (up to $1,000)"
    given      the approval that holds
    lapsed     why approvals that were given for it do not hold, "" where there are none
    """

    planned: str = ""
    approvers: tuple[str, ...] = ()
    given: Approval | None = None
    lapsed: str = ""


class SignOff(Struct, frozen=True):
    """An approving review, or a label, as a platform tells it: of somebody other than the author, and not taken back.

    commit  that the review is of; "" for a label
    """

    by: str
    at: datetime
    source: ApprovalSource
    commit: str = ""
    url: str = ""


class Told(Struct, frozen=True):
    """What a comment told of one finding: what it comes to a month (None: not known), and what is planned."""

    amount: Decimal | None
    planned: str


class ToldAt(Struct, frozen=True):
    """What a comment told of the findings that need approval, by their keys, at a time and of a commit: what a review is a yes to."""

    commit: str
    at: datetime
    findings: Mapping[str, Told] = field(default_factory=dict)
