"""Who may approve, and what the approvals file says: of the base of a change, so that no change appoints its own approver."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from guardrail import git
from guardrail.approvals.file import ApprovalEntry, load_approvals
from guardrail.config import ApprovalsAt, ApprovalsConfig, Approver, Settings, same_name
from guardrail.errors import ConfigError
from guardrail.files import checked
from guardrail.files.section import Section
from guardrail.files.yaml_file import parse_yaml, read_yaml
from guardrail.model.money import money
from guardrail.policy.glob import matches_any


class ApprovalPolicy(Struct, frozen=True):
    """Who may approve, by which label, and what is approved by file.

    entries  of the approvals file, each with its place
    why      what keeps everybody from approving, "" for nothing
    """

    approvers: tuple[Approver, ...] = ()
    label: str = ""
    entries: tuple[tuple[ApprovalEntry, str], ...] = ()
    why: str = ""

    def may(self, rule: str, amount: Decimal | None) -> list[Approver]:
        """Return those who may approve findings of a rule that come to an amount (None: not known) a month."""
        return [one for one in self.approvers if matches_any(one.rules, rule) and covers(one, amount)]

    def of_name(self, name: str) -> list[Approver]:
        """Return what is said of a user or a team: also of those that a user is a listed member of."""
        return [
            one
            for one in self.approvers
            if same_name(one.name, name) or any(same_name(user, name) for user in one.members)
        ]

    def of_user(self, user: str, memberships: Mapping[tuple[str, str], bool]) -> list[Approver]:
        """Return what is said of a user of the platform; `memberships` are what it says of teams without listed members."""
        return [
            one
            for one in self.approvers
            if (one.user and same_name(one.user, user))
            or any(same_name(member, user) for member in one.members)
            or (one.team and not one.members and memberships.get((one.team, user), False))
        ]


def covers(approver: Approver, amount: Decimal | None) -> bool:
    """Say whether somebody may approve an amount. What is not known is more than any limit."""
    if amount is None:
        return approver.unknown_amount
    return approver.up_to is None or amount <= approver.up_to


def refusal(approvers: list[Approver], rule: str, amount: Decimal | None, currency: str) -> str:
    """Say why somebody of whom all this is said may not approve, "" where they may."""
    of_rule = [one for one in approvers if matches_any(one.rules, rule)]
    if any(covers(one, amount) for one in of_rule):
        return ""
    if not of_rule:
        return f"may not approve {rule}"
    if amount is None:
        return "may not approve what has no price"
    most = max((one.up_to for one in of_rule if one.up_to is not None), default=None)
    return f"may approve up to {money(most, currency)} a month"


def approvals_base(settings: Settings, revision: str, base: str, *, is_change: bool) -> ApprovalsAt | None:
    """Return where approvers and approvals are to be read from; None where the settings have them.

    `revision` is what the policy is read from ("head": the working tree), `base` the commit that the change is to be merged into,
    as the CI system or the command line tells it, "" where neither does. `is_change`: the run is for a pull request.
    """
    if settings.policy_folder is not None:
        return None
    base = base if revision == "head" else revision
    if not base:
        why = "the commit that the change is to be merged into is not known here, so its approvers are not, either"
        return ApprovalsAt(why=why) if is_change else None
    return ApprovalsAt(git.top_of(Path.cwd()), base)


def approval_policy(settings: Settings) -> ApprovalPolicy:
    """Return who may approve in a run, and what is approved by file. Raises ConfigError for a file that cannot be read."""
    at = settings.approvals_at
    if at is None:
        file = settings.approvals_file
        found = load_approvals(read_yaml(file, ConfigError)) if file and file.is_file() else ()
        return ApprovalPolicy(settings.approvers, settings.approvals.label, found)
    if at.why:
        return ApprovalPolicy(why=at.why)
    if settings.config_file is None:
        return ApprovalPolicy()
    name = git.name_of(settings.config_file, at.top) if at.top else ""
    if at.top and not name:
        # A policy that lies outside of the repository is not the change's.
        return _outside(settings, at.top, at.base)
    if at.top is None:
        return ApprovalPolicy(why="this is no git checkout, so nothing tells what was before the change")
    try:
        return _at_base(settings, at.top, at.base, name)
    except git.Missing as error:
        return ApprovalPolicy(why=f"the approvers of the base cannot be read: {error}")


def _outside(settings: Settings, top: Path, base: str) -> ApprovalPolicy:
    """Return the policy of a guardrail.yaml outside of the repository; a file that it names inside is read from the base."""
    file = settings.approvals_file
    if file is None:
        return ApprovalPolicy(settings.approvers, settings.approvals.label)
    return ApprovalPolicy(settings.approvers, settings.approvals.label, _entries(file, top, base))


class _OfBase(Section):
    """What is read of the base's guardrail.yaml: the rest of it may be of another version."""

    further = "rest"

    approvers: tuple[Approver, ...] = ()
    approvals: ApprovalsConfig = ApprovalsConfig()
    rest: dict[str, Any] = field(default_factory=dict)


def _at_base(settings: Settings, top: Path, base: str, name: str) -> ApprovalPolicy:
    text = git.text_of(top, base, name)
    if not text:
        return ApprovalPolicy(why=f"{name} is not in {base[:12]}: approvers are those of the base")
    shown = f"{name} in {base[:12]}"
    try:
        file = parse_yaml(text.decode("utf-8-sig"), ConfigError, name=shown)
        said = checked(_OfBase, file, ConfigError) if file.data else _OfBase()
    except (ConfigError, UnicodeDecodeError) as error:
        return ApprovalPolicy(why=f"the approvers of the base cannot be read: {error}")
    folder = (settings.config_file or top).parent
    return ApprovalPolicy(said.approvers, said.approvals.label, _entries(folder / said.approvals.file, top, base))


def _entries(path: Path, top: Path, base: str) -> tuple[tuple[ApprovalEntry, str], ...]:
    """Return the approvals of a file as it is in a commit; of one outside of the repository, as it is. Raises ConfigError."""
    name = git.name_of(path, top)
    if not name:
        return load_approvals(read_yaml(path, ConfigError)) if path.is_file() else ()
    text = git.text_of(top, base, name)
    shown = f"{name} in {base[:12]}"
    try:
        return load_approvals(parse_yaml(text.decode("utf-8-sig"), ConfigError, name=shown)) if text else ()
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", where=shown, fix="save it as UTF-8") from None
