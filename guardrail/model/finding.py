"""What the rules found, and who has agreed to live with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.model.approval import Approvable
from guardrail.model.remedy import Edit, Remedy
from guardrail.model.resource import SourceLine
from guardrail.model.unknown import Json

RECOMMENDATION = "recommendation"
"""What a finding names as its rule where it is no rule's, but something that would lower the cost."""


class Severity(StrEnum):
    """How bad it is; for people to sort by. Whether it blocks is `Enforcement`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 4 for critical."""
        return list(Severity).index(self)


class Enforcement(StrEnum):
    """What a violation does to the change."""

    ADVISORY = "advisory"  # reports
    APPROVAL = "approval"  # blocks until somebody approves it who may
    MANDATORY = "mandatory"  # blocks


class OnUnknown(StrEnum):
    """What a rule does where its answer is known only after apply."""

    WARN = "warn"
    DENY = "deny"
    PASS = "pass"  # noqa: S105 - no password


class FindingStatus(StrEnum):
    """What a finding is. Only `fail` (and `unknown` under on_unknown: deny, and `error`) can block."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    APPROVED = "approved"
    PRE_EXISTING = "pre-existing"
    ERROR = "error"  # the rule could not be evaluated: neither pass nor fail


class Waiver(Struct, frozen=True):
    """An agreed exception: which rule, for which addresses (globs), why, until when (inclusive), and by whom.

    up_to       what the finding may cost a month, in the currency of the run (`Finding.amount`); None: anything
    in_comment  whether it stands in a comment of the configuration, not in the waivers file
    """

    rule: str
    address: str
    reason: str
    expires: date
    owner: str = ""
    where: str = ""
    up_to: Decimal | None = None
    in_comment: bool = False


class WaiverNeeds(Struct, frozen=True):
    """What a waiver of a finding needs to count, beside a reason and a last day.

    refused   whether none counts
    by        globs of the owners whose waivers count; none: anybody's
    owner     whether it has to name an owner
    max_days  how many days from today it may last at most; None for any
    """

    refused: bool = False
    by: tuple[str, ...] = ()
    owner: bool = False
    max_days: int | None = None


class Finding(Struct, frozen=True):
    """One answer of one rule that is not a pass.

    address   the resource it is about; "" where it is about the whole change
    blocking  whether it keeps the change from passing
    calls     the module blocks that lead to its file and line, from the root module down
    end_line  the last line of the block that begins at `line`; None where that is not known
    waiver_needs  what a waiver of it needs; None where nothing more than any waiver, or where it does not block
    evidence  names and values behind the answer, fit to be shown
    project   name of the project that it was found in
    remedy    what its rule says is to be done about it; None where nobody asked
    edit      the lines of the configuration to change; None where there are none, or nobody asked
    amount    what it is about costs a month: a resource after the change; of a plan or a budget, what the change adds; None: not known
    saving    what a month would cost less if it were mended as its rule says; None: not known, or the rule does not say
    machine_type  the one whose facts are not known, where that alone keeps the answer from being known; else ""
    waits_for  what is not known, in words that are the same for all answers that wait for it; "" where the answer is known
    approval  what there is to say of approving it; None where its rule does not ask for approval
    """

    rule: str
    title: str
    severity: Severity
    enforcement: Enforcement
    status: FindingStatus
    message: str
    blocking: bool
    address: str = ""
    fix: str = ""
    docs: str = ""
    file: str | None = None
    line: int | None = None
    project: str = ""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    waiver: Waiver | None = None
    remedy: Remedy | None = None
    edit: Edit | None = None
    amount: Decimal | None = None
    saving: Decimal | None = None
    machine_type: str = ""
    waits_for: str = ""
    approval: Approvable | None = None
    end_line: int | None = None
    calls: tuple[SourceLine, ...] = ()
    waiver_needs: WaiverNeeds | None = None

    def at(self, source: SourceLine | None) -> Finding:
        """Return the finding with its place in the configuration, if there is one."""
        if source is None:
            return self
        return replace(self, file=source.file, line=source.line, end_line=source.end_line, calls=source.calls)

    @property
    def needs_approval(self) -> bool:
        """Whether it blocks, and somebody may approve it. A rule that could not be evaluated has to be mended."""
        return self.blocking and self.approval is not None and self.status is not FindingStatus.ERROR

    @property
    def subject(self) -> str:
        """What a waiver names to excuse it: the resource's address, "budget:NAME", "root:FOLDER" or "plan"."""
        if self.address:
            return self.address
        named = (("budget", self.evidence.get("budget.name")), ("root", self.evidence.get("root")))
        return next((f"{kind}:{name}" for kind, name in named if name is not None), "plan")


def fingerprint(*parts: str) -> str:
    """Return what a finding, or another matter, is known again by when lines move: a hash of names."""
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
