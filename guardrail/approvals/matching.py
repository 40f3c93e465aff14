"""Which approvals are for a finding, and whether they still hold: pure, of values that others have read.

An approval is for one finding, by rule, project and address letter by letter. It lapses when what is planned for the resource
is something else, when the amount has grown by more than 5%, and when whoever gave it may not give it any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.approvals.policy import ApprovalPolicy, approval_policy, refusal
from guardrail.config import Approver, Settings
from guardrail.model.approval import Approvable, Approval, ApprovalSource, SignOff, Told, ToldAt
from guardrail.model.finding import Finding, FindingStatus, fingerprint
from guardrail.model.money import brief, money
from guardrail.policy.glob import matches_any
from guardrail.policy.waivers import GROWTH

_KEY_DIGITS = 32
_LAPSED = 5  # reasons that one finding tells


class SignedOff(Struct, frozen=True):
    """What the platform has told.

    told         what our comment has told of findings, the oldest first: a review is a yes to that
    memberships  of teams without listed members: (team, user) to whether the user is in it
    """

    sign_offs: tuple[SignOff, ...] = ()
    told: tuple[ToldAt, ...] = ()
    memberships: Mapping[tuple[str, str], bool] = field(default_factory=dict)


NO_SIGN_OFFS = SignedOff()


class _Claim(Struct, frozen=True):
    """An approval that is meant for a finding: what it was given for, and what is said of who has given it."""

    approval: Approval
    planned: str
    approvers: list[Approver]


def key_of(finding: Finding) -> str:
    """Return what a finding is known again by."""
    return fingerprint(finding.rule, finding.project, finding.subject)[:_KEY_DIGITS]


def approved(findings: Sequence[Finding], settings: Settings) -> tuple[Finding, ...]:
    """Return the findings of a run with what is approved by file. Raises ConfigError for a file that cannot be read."""
    if not any(one.needs_approval for one in findings):
        return tuple(findings)
    policy = approval_policy(settings)
    return approve(findings, policy, today=settings.now.date(), currency=settings.currency)


def approve(
    findings: Sequence[Finding],
    policy: ApprovalPolicy,
    *,
    today: date,
    currency: str,
    signed: SignedOff = NO_SIGN_OFFS,
) -> tuple[Finding, ...]:
    """Return the findings, those that wait for approval with who may give it, and with the approval that holds."""
    by_names: defaultdict[tuple[str, str, str], list[_Claim]] = defaultdict(list)
    for entry, where in policy.entries:
        reason = f"{entry.reason} ({entry.ticket})" if entry.ticket else entry.reason
        given = Approval(entry.by, ApprovalSource.FILE, entry.amount, None, where, reason, entry.expires)
        claim = _Claim(given, entry.planned, policy.of_name(entry.by))
        by_names[entry.rule, entry.project, entry.address].append(claim)
    asked = _Asked(policy, today, currency, signed)
    return tuple(
        asked.judged(one, by_names.get((one.rule, one.project, one.subject), [])) if one.needs_approval else one
        for one in findings
    )


class _Asked(Struct, frozen=True):
    policy: ApprovalPolicy
    today: date
    currency: str
    signed: SignedOff

    def judged(self, finding: Finding, of_file: Sequence[_Claim]) -> Finding:
        """Return a finding that waits for approval as approved, or with what there is to say of it."""
        state = finding.approval or Approvable()
        lapsed: list[str] = []
        for claim in (*of_file, *self._of_sign_offs(finding, lapsed)):
            if why := self._objection(claim, finding):
                lapsed.append(why)
                continue
            given = replace(claim.approval, up_to=_limit(claim, finding.rule))
            return replace(
                finding,
                status=FindingStatus.APPROVED,
                blocking=False,
                approval=replace(state, approvers=(), given=given, lapsed=""),
            )
        return replace(
            finding,
            approval=replace(
                state, approvers=self._who(finding), lapsed="; ".join([*self._nobody(finding), *lapsed[:_LAPSED]])
            ),
        )

    def _of_sign_offs(self, finding: Finding, lapsed: list[str]) -> Iterator[_Claim]:
        """Give what reviews and labels say yes to. Those of people who approve nothing are none of this."""
        key = key_of(finding)
        for one in self.signed.sign_offs:
            approvers = self.policy.of_user(one.by, self.signed.memberships)
            if not approvers:
                continue
            told = self._told(one, key)
            if isinstance(told, str):
                lapsed.append(told)
                continue
            given = Approval(one.by, one.source, told.amount, None, one.url, commit=one.commit, at=one.at)
            yield _Claim(given, told.planned, approvers)

    def _told(self, one: SignOff, key: str) -> Told | str:
        """Return what our comment told when somebody said yes; or why it is a yes to nothing."""
        of_commit = [told for told in self.signed.told if not one.commit or told.commit == one.commit]
        before = [told for told in of_commit if told.at <= one.at]
        newest = max(before, key=_at, default=None)
        what = f"the review of {one.by}" if one.source is ApprovalSource.REVIEW else f"the label of {one.by}"
        if newest is None:
            if of_commit:
                return f"{what} came before the comment told what it comes to: approve it again"
            about = f" of {one.commit[:7]}" if one.commit else ""
            return f"{what}{about} does not count: no comment of guardrail has told before what it comes to"
        return newest.findings.get(key) or f"{what} was given when this was not a part of the change"

    def _objection(self, claim: _Claim, finding: Finding) -> str:
        """Say why an approval does not hold, "" where it does."""
        given, state = claim.approval, finding.approval or Approvable()
        if given.expires and given.expires < self.today:
            return f"the approval of {given.by} ended on {given.expires}"
        if not claim.approvers:
            place = f" ({given.where})" if given.where else ""
            return f"{given.by}{place} is none of the approvers"
        if claim.planned != state.planned:
            return f"what is planned is not what {given.by} approved"
        if given.amount is None or finding.amount is None:
            if why := self._unknown(given, finding):
                return why
        elif finding.amount > grown(given.amount):
            now, then = money(finding.amount, self.currency), money(given.amount, self.currency)
            return f"{given.by} approved {then} a month, and this comes to {now}"
        # What was approved counts as well as what it has become: neither may be beyond what somebody may approve.
        highest = (
            finding.amount if given.amount is None or finding.amount is None else max(given.amount, finding.amount)
        )
        if given.source is ApprovalSource.FILE:
            highest = finding.amount
        why = refusal(claim.approvers, finding.rule, highest, self.currency)
        return f"{given.by} {why}" if why else ""

    def _unknown(self, given: Approval, finding: Finding) -> str:
        if given.amount is not None:
            return f"{given.by} approved {money(given.amount, self.currency)} a month, and what this costs is not known"
        if finding.amount is not None:
            now = money(finding.amount, self.currency)
            return f"{given.by} approved it when its amount was not known, and it is {now} a month now"
        if not (finding.approval and finding.approval.planned):
            return "what could not be evaluated cannot be approved: nothing tells it from something else"
        return ""

    def _who(self, finding: Finding) -> tuple[str, ...]:
        return tuple(_named(one, self.currency) for one in self.policy.may(finding.rule, finding.amount))

    def _nobody(self, finding: Finding) -> list[str]:
        """Say why nobody may approve a finding, where that is so."""
        if self.policy.why:
            return [self.policy.why]
        if not self.policy.approvers or self._who(finding):
            return []
        at = (
            "while something has no price"
            if finding.amount is None
            else f"at {money(finding.amount, self.currency)} a month"
        )
        return [f"none of the approvers in guardrail.yaml may approve findings of this rule {at}"]


def grown(amount: Decimal) -> Decimal:
    """Return what an approved amount may come to: prices and usage move a little by themselves."""
    return max(amount, amount * GROWTH)


def _limit(claim: _Claim, rule: str) -> Decimal | None:
    """Return what may become of an approved amount: 5% more, but nothing beyond what whoever approved it may approve."""
    amount = claim.approval.amount
    if amount is None:
        return None
    own = [one.up_to for one in claim.approvers if matches_any(one.rules, rule)]
    most = None if None in own else max((one for one in own if one is not None), default=None)
    return grown(amount) if most is None else min(grown(amount), most)


def _named(approver: Approver, currency: str) -> str:
    limit = "" if approver.up_to is None else f" (up to {brief(approver.up_to, currency)})"
    return f"{approver.name}{limit}"


def _at(told: ToldAt) -> datetime:
    return told.at
