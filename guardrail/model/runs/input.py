"""What a verdict depends on: each file that was read, and who has written it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Origin(StrEnum):
    """Where a file comes from, as seen from the change that is judged.

    base        it is as it was before the change, or was read from before it
    change      the change adds or edits it
    outside     no part of the repository: named by the caller, made by the run, or fetched
    not-known   part of the repository, and nothing tells what it was before
    """

    BASE = "base"
    CHANGE = "change"
    OUTSIDE = "outside"
    NOT_KNOWN = "not-known"


class InputKind(StrEnum):
    """What a file is to a run."""

    SETTINGS = "settings"
    RULES = "rules"
    WAIVERS = "waivers"
    APPROVALS = "approvals"
    INLINE_WAIVERS = "inline waivers"
    USAGE = "usage"
    OVERLAY = "overlay"
    RATES = "rates"
    SNAPSHOT = "snapshot of the ledger"
    DEFINITIONS = "definitions"
    CATALOG = "catalog"
    MANIFEST = "module manifest"
    PLAN = "plan"
    COMPARED = "compared with"
    WORKFLOW = "workflow"
    VARIABLES = "variables"
    CONFIGURATION = "configuration"


SUBJECTS = frozenset({InputKind.CONFIGURATION, InputKind.VARIABLES})
"""What a change is made of: that it supplies these says nothing."""


class Input(Struct, frozen=True):
    """One file. `path` is seen from the top of the repository where it lies in it; `sha256` is "" where it is not read."""

    path: str
    kind: InputKind
    origin: Origin
    sha256: str
