"""What `guardrail recommend --format json` has written, read back for a page."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec

from guardrail.decode import json_decoder
from guardrail.errors import InputError

SCHEMA = "guardrail.recommendations/v1"
_MOST = 200_000_000  # bytes: what is recommended for some 50,000 resources
_FIX = "give it what `guardrail recommend --format json` prints"

Money = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,30}(\.[0-9]{1,40})?\Z")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]


class Dismissal(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody has decided against it, until when, and who that is."""

    reason: str
    expires: str
    owner: str = ""


class Recommended(msgspec.Struct, frozen=True, kw_only=True):
    """A recommendation, with the names of the command's JSON; `saving` is null where it is not known, `unknown` says why."""

    kind: str
    project: str
    address: str
    title: str
    status: str
    counted: bool
    saving: Money | None = None
    unknown: str | None = None
    frees: Money | None = None
    confidence: str = ""
    effort: str = ""
    reason: str | None = None
    dismissal: Dismissal | None = None

    @property
    def amount(self) -> Decimal | None:
        """What it saves a month, None where that is not known."""
        return None if self.saving is None else Decimal(self.saving)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What all that are open and counted save a month, of the known cost of everything that was looked at."""

    monthly_cost: Money
    lower_bound: bool
    saving: Money
    frees: Money
    open: int
    resources: int


class NotJudged(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing can be said of some resources."""

    kind: str
    reason: str
    addresses: tuple[str, ...]


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to commit to; `reason` says why nothing is to be bought."""

    vendor: str
    billed_in: str
    reason: str | None = None


class RecommendationFile(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the command."""

    schema: str
    currency: Currency
    totals: Totals
    recommendations: tuple[Recommended, ...]
    not_judged: tuple[NotJudged, ...] = ()
    notes: tuple[str, ...] = ()
    commitments: tuple[Advice, ...] = ()


_decode = json_decoder(RecommendationFile)


def read_recommendations(path: Path) -> RecommendationFile:
    """Return what a file holds. Raises InputError for one that cannot be read, or is no answer of the command."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _MOST else b""
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix=_FIX) from None
    if size > _MOST:
        raise InputError(f"has {size:,} bytes, more than {_MOST:,}", where=str(path), fix=_FIX)
    try:
        found = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"holds no recommendations: {error}", where=str(path), fix=_FIX) from None
    if found.schema != SCHEMA:
        raise InputError(f"is {found.schema!r:.60}, and no {SCHEMA}", where=str(path), fix=_FIX)
    return found
