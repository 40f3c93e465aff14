"""What the JSON of recommendations holds, as types: `guardrail schema recommendations` is made of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from guardrail.files.document import Document
from guardrail.recommend.proposal import Confidence, Effort
from guardrail.recommend.recommendation import Status

SCHEMA: Literal["guardrail.recommendations/v1"] = "guardrail.recommendations/v1"
Amount = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")]
"""An exact decimal."""


class TotalsDocument(Document):
    """Sums over what is open."""

    monthly_cost: Amount
    """known cost of everything, a month"""
    lower_bound: bool
    """whether something is missing from it"""
    saving: Amount
    """what all that are open and counted save a month together"""
    frees: Amount
    """what they free of commitments a month: no saving now"""
    open: int
    blocking: int
    """open ones that save more than recommend.block_above"""
    resources: int
    """how many were looked at"""


class SetDocument(Document):
    """An attribute to set, by its dotted path."""

    path: str
    value: JsonValue


class AddDocument(Document):
    """A resource to be written after the one that it is about; its text is in the edit."""

    type: str
    name: str


class EvidenceDocument(Document):
    """A number that it stands on."""

    name: str
    value: str
    source: str
    as_of: str


class DismissalDocument(Document):
    """A decision against it."""

    reason: str
    expires: date
    owner: str
    where: str
    """file and line"""


class ReplacementDocument(Document):
    """Lines of a file, from 1, and what takes their place; where last_line is the one before first_line, nothing goes."""

    file: str
    first_line: int
    last_line: int
    was: str
    text: str


class EditDocument(Document):
    """The lines of the configuration that change."""

    description: str
    replacements: tuple[ReplacementDocument, ...]


class RecommendationDocument(Document):
    """A recommendation, evaluated."""

    kind: str
    """what --only and dismissals name: rightsizing, clean-up, spot, schedules, commitments"""
    id: str
    """what tells it from others of the kind: gp2-to-gp3"""
    project: str
    address: str
    title: str
    status: Status
    """alternative: another one for the same resource saves more; withheld: it would break a rule"""
    blocking: bool
    saving: Amount | None
    """a month, on the bill from now on; null where it is not known"""
    unknown: str | None
    """why it is not"""
    counted: bool
    """whether it is in the sum"""
    frees: Amount
    monthly_before: Amount | None
    monthly_after: Amount | None
    confidence: Confidence
    effort: Effort
    set: tuple[SetDocument, ...]
    add: tuple[AddDocument, ...]
    delete: bool
    moved: tuple[str, ...]
    """addresses whose cost differs, its own first"""
    evidence: tuple[EvidenceDocument, ...]
    notes: tuple[str, ...]
    alternatives: tuple[str, ...]
    code: str | None
    """what may be pasted where there is no edit"""
    reason: str | None
    """why it is withheld, or what it is an alternative to"""
    dismissal: DismissalDocument | None
    edit: EditDocument | None
    no_edit: str | None
    proved: bool
    """whether the edited configuration was evaluated, and costs what is said"""
    file: str | None
    line: int | None


class UnjudgedDocument(Document):
    """Why nothing can be said of some resources."""

    kind: str
    reason: str
    addresses: tuple[str, ...]


class OutcomeDocument(Document):
    """What purchases come to in a month of 730 hours."""

    on_demand: Amount | None
    committed: Amount | None
    saving: Amount | None
    utilization: Amount | None
    """the share of what is committed that is used"""


class PurchaseDocument(Document):
    """So much of one commitment."""

    kind: str
    scope: str
    amount: Amount | None
    unit: str
    hourly: Amount | None
    upfront: Amount | None
    source: str
    """who publishes the rate"""
    as_of: str


class ChoiceDocument(OutcomeDocument):
    """What to buy, or what to buy instead."""

    kinds: tuple[str, ...]
    months: int
    """of the term"""
    payment: str | None
    purchases: tuple[PurchaseDocument, ...]
    upfront: Amount
    break_even_utilization: Amount | None
    break_even_months: Amount | None
    at: dict[str, OutcomeDocument]
    """by percent of today's use"""
    by_month: dict[str, OutcomeDocument]


class ExistingMonthDocument(Document):
    """What came of a commitment in a month."""

    month: str
    used: Amount | None
    saving: Amount | None


class ExistingDocument(Document):
    """A commitment that there is."""

    id: str
    kind: str
    months: tuple[ExistingMonthDocument, ...]


class LadderDocument(Document):
    """When to buy a quarter, and when it ends."""

    from_: Annotated[date, Field(alias="from")]
    to: date


class NotPlannedDocument(Document):
    """Use that no commitment was planned for."""

    service: str
    name: str
    what: str | None
    region: str
    reason: str
    on_demand: Amount | None
    sync: str | None
    """the command that may bring a rate"""


class CommitmentsDocument(Document):
    """What to commit to, of one vendor's bills."""

    vendor: str
    currency: str
    billed_in: str
    """currency of the bill"""
    days: int
    months: tuple[str, ...]
    by_the_day: bool
    """whether hours are told by the day only"""
    of_plans: bool
    existing: tuple[ExistingDocument, ...]
    buy: ChoiceDocument | None
    """null: buy nothing, `reason` says why"""
    ladder: tuple[LadderDocument, ...]
    reason: str | None
    alternatives: tuple[ChoiceDocument, ...]
    not_planned: tuple[NotPlannedDocument, ...]
    notes: tuple[str, ...]


class RecommendationsDocument(Document):
    """What `guardrail recommend --format json` prints."""

    format: Literal["guardrail.recommendations/v1"] = Field(default=SCHEMA, alias="schema")
    currency: str
    kinds: tuple[str, ...]
    totals: TotalsDocument
    recommendations: tuple[RecommendationDocument, ...]
    not_judged: tuple[UnjudgedDocument, ...]
    notes: tuple[str, ...]
    commitments: tuple[CommitmentsDocument, ...]
