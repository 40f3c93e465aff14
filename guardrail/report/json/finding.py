"""Findings as `guardrail.report/v1` holds them: where they are, what waives them, and what mends them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from guardrail.model.finding import Enforcement, FindingStatus, Severity
from guardrail.report.json.approval import ApprovalState
from guardrail.report.json.scalars import Amount, Count, Date, LineNumber

EndLine = Annotated[
    LineNumber | None, Meta(description="last line of the block that begins at line; absent where that is not known")
]


class Place(msgspec.Struct):
    """A line of a file."""

    file: str
    line: LineNumber
    end_line: EndLine = None


Calls = Annotated[
    list[Place],
    Meta(description="module blocks that lead to the block, from the root module down; absent where none does"),
]


class Waiver(msgspec.Struct):
    """An exception, with its reason and its end."""

    rule: str
    address: str
    reason: str
    expires: Date
    owner: str
    where: str
    up_to: Annotated[
        Amount | None, Meta(description="what the finding may cost a month, in the currency of the run; null: anything")
    ] = None
    in_comment: Annotated[bool, Meta(description="whether it stands in a comment of the configuration")] = False


class WaiverNeeds(msgspec.Struct):
    """What a waiver needs to count, beside a reason and a last day."""

    refused: Annotated[bool, Meta(description="whether none counts")]
    by: Annotated[list[str], Meta(description="globs of the owners whose waivers count; empty: anybody's")]
    owner: Annotated[bool, Meta(description="whether it has to name an owner")]
    max_days: Annotated[Count | None, Meta(description="how many days from today it may last at most; null: any")]


class Replacement(msgspec.Struct):
    """Lines of a file, counted from 1, and the text that takes their place, both without the last line break.

    Where last_line is the one before first_line, the text comes in between.
    """

    file: str
    first_line: LineNumber
    last_line: Count
    was: str
    text: str


class Edit(msgspec.Struct):
    """What to change in the configuration so that the finding goes (with --suggest)."""

    description: str
    replacements: list[Replacement]


class Finding(msgspec.Struct):
    """What a rule says of a resource, of a project or of the run."""

    rule: str
    title: str
    severity: Severity
    enforcement: Enforcement
    status: FindingStatus
    blocking: bool
    project: str
    address: str
    message: str
    fix: str
    docs: str
    file: str | None
    line: LineNumber | None
    evidence: dict[str, Any]
    waiver: Waiver | None
    edit: Edit | None = None
    amount: Annotated[
        Amount | None,
        Meta(
            description="what it is about costs a month: a resource after the change; of a plan or a budget, what the change adds;"
            " absent where that is not known"
        ),
    ] = None
    saving: Annotated[
        Amount | None,
        Meta(
            description="what a month would cost less if it were mended as its rule says; absent where that is not known"
        ),
    ] = None
    machine_type: Annotated[
        str,
        Meta(
            description="the machine type whose facts are not known, where the answer waits for one; absent elsewhere"
        ),
    ] = ""
    waits_for: Annotated[
        str,
        Meta(
            description="what is not known, in words that are the same for all answers that wait for it, as in missing_facts;"
            " absent where the answer is known"
        ),
    ] = ""
    approval: Annotated[ApprovalState | None, Meta(description="absent where the rule asks for no approval")] = None
    end_line: EndLine = None
    calls: Calls = []
    waiver_needs: Annotated[
        WaiverNeeds | None,
        Meta(description="absent where it needs nothing more than any waiver, and where the finding does not block"),
    ] = None
