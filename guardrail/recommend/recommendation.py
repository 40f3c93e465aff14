"""What came of proposals: recommendations with what they save, and what could not be judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from guardrail.finops.commitments.advice import Advice
from guardrail.model.money import ZERO
from guardrail.model.remedy import Edit
from guardrail.model.resource import SourceLine
from guardrail.recommend.proposal import Evidence, Proposal


class Status(StrEnum):
    """What becomes of a recommendation."""

    OPEN = "open"
    DISMISSED = "dismissed"  # somebody has decided against it, with a reason and an end
    INSTEAD = "alternative"  # another one for the same resource saves more; both at once cannot be done
    WITHHELD = "withheld"  # done, it would break a rule, or leave something without a price


class Dismissal(Struct, frozen=True):
    """A decision against recommendations: of which kind, for which addresses (globs), why, until when (inclusive), and whose."""

    kind: str
    address: str
    reason: str
    expires: date
    owner: str = ""
    where: str = ""


class Recommendation(Struct, frozen=True):
    """A proposal that was evaluated.

    monthly_before, monthly_after  known cost of all that it moves; None where no edit was evaluated
    saving      a month, on the bill from now on; None where it is not known, `unknown` then says why
    frees       a month, of what a commitment covers already: it saves nothing now, and becomes free for something else
    moved       addresses whose cost differs, the resource's own first
    prices      the unit prices of what differs, before and after
    reason      why it is withheld, or what it is an alternative to
    edit        the lines of the configuration that change; None where there are none, `no_edit` then says why
    is_proved   whether the edited configuration was evaluated, and costs what is said
    """

    proposal: Proposal
    project: str
    monthly_before: Decimal | None
    monthly_after: Decimal | None
    saving: Decimal | None
    frees: Decimal = ZERO
    unknown: str = ""
    moved: tuple[str, ...] = ()
    prices: tuple[Evidence, ...] = ()
    status: Status = Status.OPEN
    reason: str = ""
    dismissal: Dismissal | None = None
    edit: Edit | None = None
    no_edit: str = ""
    is_proved: bool = False
    source: SourceLine | None = None

    @property
    def is_counted(self) -> bool:
        """Whether its saving belongs into the total."""
        return self.status is Status.OPEN and self.saving is not None and self.proposal.counted

    @property
    def others(self) -> tuple[str, ...]:
        """Addresses of other resources whose cost differs, without what is added."""
        return self.moved[1 : len(self.moved) - len(self.proposal.adds)]

    @property
    def subject(self) -> str:
        """What a dismissal names."""
        return self.proposal.address


class Unjudged(Struct, frozen=True):
    """Why nothing can be said of some resources."""

    kind: str
    reason: str
    addresses: tuple[str, ...]


class Recommendations(Struct, frozen=True):
    """All that is recommended, what saves most first, then what is not known.

    monthly    known cost of everything, a month; `is_lower_bound` where something is missing from it
    judged     how many resources were looked at
    files      what was, and what is to be, in every file that the edits change together
    notes      what a reader should know, one line each
    advices    what to commit to, of each vendor's bills
    blocking   those that are open and save more than the configuration allows to be open
    """

    all: tuple[Recommendation, ...]
    unjudged: tuple[Unjudged, ...]
    currency: str
    monthly: Decimal
    is_lower_bound: bool
    judged: int
    kinds: tuple[str, ...]
    files: Mapping[Path, tuple[str, str]]
    notes: tuple[str, ...] = ()
    blocking: tuple[Recommendation, ...] = ()
    advices: tuple[Advice, ...] = ()

    def of(self, status: Status) -> tuple[Recommendation, ...]:
        """Return those with a status."""
        return tuple(one for one in self.all if one.status is status)

    @property
    def open(self) -> tuple[Recommendation, ...]:
        """Return those that somebody may follow."""
        return self.of(Status.OPEN)

    @property
    def saving(self) -> Decimal:
        """What all that are open and counted save a month together."""
        return sum((one.saving for one in self.all if one.is_counted and one.saving is not None), ZERO)

    @property
    def frees(self) -> Decimal:
        """What they free of commitments a month."""
        return sum((one.frees for one in self.all if one.is_counted), ZERO)
