"""The approvals file: what was approved, by whom, and until when."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from guardrail.errors import ConfigError
from guardrail.files import YamlFile, checked
from guardrail.files.section import Field, Section, model_validator
from guardrail.policy.waivers import Day, Text

UNKNOWN = "unknown"
"""What `up_to` says where the amount was not known, and was approved as such."""


class ApprovalEntry(Section, kw_only=True):
    """One approval as the file states it: of one finding, whose names are compared letter by letter."""

    rule: Text
    """id of the rule"""
    address: Text
    """address of the resource, budget:NAME, or plan; no glob"""
    project: str = ""
    """name of the project that the finding is in; of a budget, none"""
    by: Text
    """user or team that has approved it, one of `approvers` in guardrail.yaml"""
    reason: Text
    expires: Day
    """the last day on which it holds"""
    up_to: Annotated[Decimal, Field(max_digits=15, decimal_places=2)] | Literal["unknown"]
    """what it may come to a month: a resource as a whole; of a plan or a budget, what the change adds. `unknown` where that was not known"""
    planned: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    """hash of what was planned; `guardrail approve` writes it"""
    ticket: str = ""

    @model_validator
    def _can_be_so_much(self) -> None:
        is_resource = self.address != "plan" and not self.address.startswith("budget:")
        if is_resource and self.amount is not None and self.amount < 0:
            msg = f"up_to is {self.amount}, and a resource costs nothing below 0"
            raise ValueError(msg)

    @property
    def amount(self) -> Decimal | None:
        """What was approved, None where it was not known."""
        return None if isinstance(self.up_to, str) else self.up_to


class ApprovalList(Section):
    """An approvals file."""

    approvals: tuple[ApprovalEntry, ...] = ()


def load_approvals(file: YamlFile) -> tuple[tuple[ApprovalEntry, str], ...]:
    """Return the approvals that a file holds, each with its place. Raises ConfigError with file and line."""
    entries = checked(ApprovalList, file, ConfigError, may_be_empty=True).approvals
    return tuple((entry, file.where(("approvals", number))) for number, entry in enumerate(entries))
