"""Approvals that the platform tells: reads reviews and labels of the pull request, and judges by them what waits for approval.

Nothing here makes a verdict stricter, and what cannot be read approves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from guardrail.approvals import (
    ApprovalPolicy,
    SignedOff,
    approval_policy,
    approve,
)
from guardrail.approvals.records import as_told, read_told, with_told, written_told
from guardrail.config import Settings
from guardrail.errors import GuardrailError
from guardrail.http import Deadline
from guardrail.model.approval import SignOff, ToldAt
from guardrail.model.finding import Finding
from guardrail.model.report import Report
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.context import Overrides
from guardrail.platforms.detect import APPROVALS, PLATFORMS, Approvals, detect

KEY_VARIABLE = "GUARDRAIL_APPROVALS_KEY"
"""A secret of at least 16 characters: with it, what comments tell is signed, and counts only if it is."""
READING_SECONDS = 90.0
"""What all requests may take together that read approvals, waits for limits included."""

_SHORTEST_KEY = 16

Tell = Callable[[str, str], None]
"""Says something to the user: "notice" or "warning", and the text."""


class Reading(Struct, frozen=True):
    """How approvals are read.

    comments  whether this run writes a comment, which a later review can be a yes to
    key       of the comment
    """

    overrides: Overrides
    key: str
    comments: bool
    now: datetime
    environ: Mapping[str, str]
    tell: Tell


def signed_off(report: Report, settings: Settings, reading: Reading) -> tuple[Report, str]:
    """Return a report with the approvals that files, reviews and labels give, and the line that keeps what its comment tells.

    The platform is asked only where something waits for approval that somebody may give. Raises ConfigError for an approvals file.
    """
    if not any(one.needs_approval for one in report.all_findings):
        return report, ""
    policy = approval_policy(settings)
    report = _judged(report, policy, settings, SignedOff())
    if not any(one.needs_approval for one in report.all_findings) or not policy.approvers:
        return report, ""
    try:
        return _by_platform(report, policy, settings, reading)
    except GuardrailError as error:
        _say(error, reading)
        return report, ""


def _say(error: GuardrailError, reading: Reading) -> None:
    expected = isinstance(error, NotPostedError) and error.expected
    reading.tell("notice" if expected else "warning", f"approvals: reviews and labels cannot be read: {error}")


def _by_platform(report: Report, policy: ApprovalPolicy, settings: Settings, reading: Reading) -> tuple[Report, str]:
    name = detect(reading.environ, reading.overrides)
    if name not in APPROVALS:
        if name:
            reading.tell("notice", f"approvals: reviews on {name} are not read; the approvals file counts")
        return report, ""
    if not reading.comments:
        reading.tell("notice", "approvals: without a comment a review is a yes to nothing; the approvals file counts")
        return report, ""
    secret = _secret(reading.environ)
    platform = PLATFORMS[name][1](reading.environ, reading.overrides, Deadline(READING_SECONDS))
    source = APPROVALS[name](platform)
    if source is None:
        return report, ""
    if source.needs_key and not secret:
        fix = f"set {KEY_VARIABLE}, a secret of at least {_SHORTEST_KEY} characters"
        reading.tell(
            "notice", f"approvals: {name} does not tell who edits a comment, so approvals of it need a signature: {fix}"
        )
        return report, ""
    told: tuple[ToldAt, ...] = ()
    try:
        told = _told(source, reading, secret)
        given = tuple(source.sign_offs(policy.label))
        memberships = _memberships(source, policy, given, reading) if told else {}
        report = _judged(report, policy, settings, SignedOff(given, told, memberships))
    except GuardrailError as error:
        # What the comment has told stays in it, where that was read, and what it tells now is added: a review can be of it.
        _say(error, reading)
    kept = with_told(told, as_told(report.all_findings, platform.commit.lower(), reading.now))
    return report, written_told(kept, _about(source, reading), secret)


def _told(source: Approvals, reading: Reading, secret: bytes) -> tuple[ToldAt, ...]:
    """Return what our comments have told, the oldest first, each once."""
    bodies, edited = source.comments(reading.key)
    if edited:
        reading.tell("warning", f"approvals: {edited}")
    found = {(one.at, one.commit): one for body in bodies for one in read_told(body, _about(source, reading), secret)}
    return tuple(sorted(found.values(), key=lambda one: one.at))


def _about(source: Approvals, reading: Reading) -> str:
    return f"{source.about} {reading.key}"


def _secret(environ: Mapping[str, str]) -> bytes:
    key = environ.get(KEY_VARIABLE, "").encode()
    if key and len(key) < _SHORTEST_KEY:
        raise NotPostedError(f"{KEY_VARIABLE} is shorter than {_SHORTEST_KEY} characters", fix="make a random one")
    return key


def _memberships(
    source: Approvals, policy: ApprovalPolicy, given: tuple[SignOff, ...], reading: Reading
) -> dict[tuple[str, str], bool]:
    """Ask who of those that have said yes is in which team. A team that cannot be read has no members."""
    found: dict[tuple[str, str], bool] = {}
    for team in dict.fromkeys(one.team for one in policy.approvers if one.team and not one.members):
        for user in dict.fromkeys(one.by for one in given):
            try:
                found[team, user] = source.is_member(team, user)
            except NotPostedError as error:
                reading.tell("warning", f"approvals: {error}")
                break
    return found


def _judged(report: Report, policy: ApprovalPolicy, settings: Settings, signed: SignedOff) -> Report:
    """Return a report whose findings are judged by the approvals that there are."""

    def judged(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        today = settings.now.date()
        return approve(findings, policy, today=today, currency=report.currency, signed=signed)

    projects = tuple(replace(project, findings=judged(project.findings)) for project in report.projects)
    return replace(report, projects=projects, findings=judged(report.findings))
