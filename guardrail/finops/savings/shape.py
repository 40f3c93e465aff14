"""The JSON of `guardrail savings`: guardrail.savings/v1. Amounts are of a month, exact decimals as texts; null is what is not known."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from guardrail.files.document import Document
from guardrail.finops.savings.answer import Status

FORMAT: Literal["guardrail.savings/v1"] = "guardrail.savings/v1"


class CreditDocument(Document):
    """What a team (project, author) is credited in a currency; null: what nobody is credited."""

    team: str | None = None
    """with --by team"""
    project: str | None = None
    """with --by project"""
    author: str | None = None
    """with --by author"""
    currency: str
    credit: str
    savings: int
    waiting: int
    """savings that are not known yet"""


class EstimatedDocument(Document):
    """What it was to save by the estimate."""

    low: str | None
    """null: part of what is new has no price"""
    high: str


class SavingDocument(Document):
    """A change of a resource that was to save something."""

    fingerprint: str
    """of change and resource: what has one is credited once"""
    project: str
    address: str
    type: str | None
    team: str | None
    day: date | None
    """from when on the resource is changed; null: the newest state does not show it yet"""
    pull_request: int | None
    author: str | None = None
    """with --by author alone"""
    status: Status
    reason: str | None
    until: date | None
    """the day on which a pending one can be told"""
    currency: str
    estimated: EstimatedDocument
    before: str | None
    after: str | None
    price: str | None
    """what of the difference comes from prices of a unit; in no saving"""
    usage: str | None
    """what of the difference comes from usage; in no saving"""
    realised: str | None
    offset: str
    """what rises within 60 days, or has come in its place"""
    credit: str | None


class SavingsDocument(Document):
    """What `guardrail savings --format json` prints."""

    format: Literal["guardrail.savings/v1"] = Field(default=FORMAT, alias="schema")
    first: str = Field(alias="from")
    to: str
    cost: Literal["effective", "billed"]
    by: Literal["team", "project", "author"]
    credits: tuple[CreditDocument, ...]
    savings: tuple[SavingDocument, ...]
