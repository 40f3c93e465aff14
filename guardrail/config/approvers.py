"""Who may approve what, as guardrail.yaml says it, and where that and the approvals are read from."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from msgspec import Struct

from guardrail.files.section import AfterValidator, Field, Section, model_validator

# GitHub: letters, digits and -; GitLab: also _ and .; teams of either: paths with /. Anything else only looks like a name.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_-])?(?:\[bot\])?"
_TEAM = r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,253}[A-Za-z0-9_-])?"
_ANY_WORKFLOW = "github-actions[bot]"


def is_user_name(text: str) -> bool:
    """Say whether a text can be the name of a user: letters that only look like others are none."""
    return re.fullmatch(_NAME, text) is not None


def same_name(one: str, other: str) -> bool:
    """Say whether two names are of one user or team: platforms do not tell large letters from small ones."""
    return one.isascii() and other.isascii() and one.lower() == other.lower()


def _user(text: str) -> str:
    if same_name(text, _ANY_WORKFLOW):
        msg = f"{_ANY_WORKFLOW} is every workflow of the repository, that of the change included"
        raise ValueError(msg)
    if not is_user_name(text):
        msg = f"{text!r:.60} is not the name of a user: letters, digits, '-', '_' and '.'"
        raise ValueError(msg)
    return text


def _team(text: str) -> str:
    if not re.fullmatch(_TEAM, text):
        msg = f"{text!r:.60} is not the name of a team, as its address has it: finops, or acme/finops"
        raise ValueError(msg)
    return text


UserName = Annotated[str, AfterValidator(_user)]


class Approver(Section, omit_defaults=True):
    """Somebody who may approve: a user, or a team."""

    user: UserName | None = None
    """name of a user on the platform"""
    team: Annotated[str, AfterValidator(_team)] | None = None
    """name of a team, as its address has it: finops, or acme/finops for one of another organization; on GitLab the path of a group"""
    members: tuple[UserName, ...] = ()
    """users that the team consists of; without it, the platform is asked, whose token has to be allowed to read teams"""
    up_to: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2)] | None = None
    """the highest monthly amount that they may approve; without it, any"""
    rules: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    """ids of rules (globs) that they may approve findings of"""
    unknown_amount: bool = False
    """whether they may approve what has no price: nothing tells what it will cost"""

    @model_validator
    def _one_of_both(self) -> None:
        if (self.user is None) == (self.team is None):
            msg = "an approver has `user` or `team`"
            raise ValueError(msg)
        if self.members and self.team is None:
            msg = "`members` are those of a `team`"
            raise ValueError(msg)

    @property
    def name(self) -> str:
        """The user or the team."""
        return self.user or self.team or ""


class ApprovalsConfig(Section):
    """Where approvals are given, beside the reviews of the pull request."""

    file: Annotated[str, Field(min_length=1)] = "approvals.yaml"
    """file of approvals, relative to guardrail.yaml; it need not be there, and counts as it is at the base of the change"""
    label: str = ""
    """label of the pull request that approves what the comment says when an approver puts it there; without it, none does"""


class ApprovalsAt(Struct, frozen=True):
    """Where approvers and approvals are read from, if not from the settings: the base of the change, which cannot appoint its own.

    top   of the working tree, None outside of a checkout
    base  the commit, "" where nothing tells it: then nobody may approve, for the reason `why`
    """

    top: Path | None = None
    base: str = ""
    why: str = ""
