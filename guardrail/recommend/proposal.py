"""What a kind of recommendation proposes, before anybody has evaluated it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from guardrail.model.plan.new_resource import NewResource
from guardrail.model.remedy import Assignment
from guardrail.recommend.scene import Scene


class Confidence(StrEnum):
    """How sure it is that nothing is lost by it."""

    HIGH = "high"  # no less of anything, or metrics leave a wide margin
    MEDIUM = "medium"  # metrics say so, as far as they reach
    LOW = "low"  # something that decides is not known


class Effort(StrEnum):
    """What it takes to do it."""

    LOW = "low"  # an edit that the vendor does in place, while it runs
    MEDIUM = "medium"  # a stop, a failover, a maintenance window, or a replacement
    HIGH = "high"  # another image, another processor, or data that has to be moved


class Evidence(Struct, frozen=True):
    """One number that the proposal stands on, and who said it when: "p99 of cpu", "12.4%", "cloudwatch", "2026-10-01 to 2026-10-31"."""

    name: str
    value: str
    source: str
    as_of: str = ""


class Proposal(Struct, frozen=True):
    """Something that may be done about a resource, to be evaluated.

    kind      the name that `--only` and dismissals know ("rightsizing")
    id        what tells it from others of the kind, like the id of a rule ("gp2-to-gp3")
    address   the resource that it is about; of a purchase for a whole account, any text that names what it is for
    title     what to do, in a clause: "m5.xlarge -> m6i.large"
    steps     attributes to set, all of them together: the saving is what the plan costs with them
    adds      resources to be written after it, with the steps: the saving is what the plan costs with them
    deletes   whether the resource goes: the saving is what the plan costs without it
    saving    what it saves a month where no edit says it (a purchase, a schedule); None where steps or a deletion say it
    unknown   why the saving is not known, where the kind itself knows that it is not
    on_demand the share (0 to 1) of the saving that lowers the bill now: hours that a commitment covers are paid for already
    counted   whether the saving belongs into the total: not where it is indicative only, or something that decides is not known
    notes     what a reader should know: what changes beside the price
    alternatives  other ways to do it, in a clause each
    code      what may be pasted where there is no edit: an `import` block, a policy of another tool
    """

    kind: str
    id: str
    address: str
    title: str
    steps: tuple[Assignment, ...] = ()
    adds: tuple[NewResource, ...] = ()
    deletes: bool = False
    saving: Decimal | None = None
    unknown: str = ""
    on_demand: Decimal = Decimal(1)
    counted: bool = True
    confidence: Confidence = Confidence.MEDIUM
    effort: Effort = Effort.MEDIUM
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    code: str = ""

    @property
    def is_edit(self) -> bool:
        """Whether it is about attributes to be set, resources to be added, or one that goes."""
        return bool(self.steps or self.adds or self.deletes)


class NotJudged(Struct, frozen=True):
    """Why nothing can be said of a resource: "no metrics of it", "its machine type is not known". Listed by reason."""

    kind: str
    address: str
    reason: str


class Kind(Protocol):
    """A kind of recommendations: looks at one project and gives what may be done, and what it could not judge."""

    def __call__(self, scene: Scene, /) -> Iterator[Proposal | NotJudged]:
        """Give proposals for a project, in any order; the caller evaluates, drops what does not save, and ranks."""
        ...
