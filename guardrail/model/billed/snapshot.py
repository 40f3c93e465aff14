"""The snapshot of a ledger: what bills have come to, in a small file that a check reads without the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from guardrail.decode import decode_json, json_decoder
from guardrail.errors import InputError
from guardrail.model.billed.costs import KnownSnapshot
from guardrail.model.money import plain

SCHEMA = "guardrail.ledger-snapshot/v1"
MAX_BYTES = 50_000_000
"""What is read of a snapshot: that of some 200,000 resources."""
_FIX = "make it anew: `guardrail ledger snapshot --out FILE`"
_SKEW = timedelta(days=1)  # clocks of two machines

Month = Annotated[str, msgspec.Meta(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])\Z")]
Money = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,18})?\Z")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Time = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class BilledMonth(msgspec.Struct, frozen=True, kw_only=True):
    """A month that there are bills of.

    through  until when all of them tell what was used; the end of the month where all of it is told
    latest   until when some of them do; None where it is the same
    open     some bill of it may still change
    without  sources that had bills before and have none of this month
    """

    month: Month
    through: Time
    open: bool
    without: tuple[str, ...] = ()
    latest: Time | None = None


class BilledResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a resource came to in the snapshot's `month`; None where an export does not tell the amount of a charge."""

    project: str
    address: str
    type: str = ""
    ids: tuple[str, ...] = ()
    amount: Money | None


class BudgetMonth(msgspec.Struct, frozen=True, kw_only=True):
    """What a budget's resources came to in a month.

    amount      of charges that are of its resources
    more, less  of charges of which nothing tells whether they are: the sum of those above 0, and of those below
    gaps        charges that may be its own and have no amount
    """

    month: Month
    amount: Money
    more: Money = "0"
    less: Money = "0"
    gaps: Count = 0


class ForecastOfBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What a budget's period will come to.

    period    2026-11, 2026-Q4 or 2026
    amount    of charges that are of its resources; at_least: days of the period have no bill
    half      how far the amount may be off in four cases of five; None where there is too little history
    shared    what charges will come to of which nothing tells whether they are its own; None where that cannot be told
    """

    period: Annotated[str, msgspec.Meta(pattern=r"^[12][0-9]{3}(-(0[1-9]|1[0-2]|Q[1-4]))?\Z")]
    amount: Money
    at_least: bool = False
    half: Money | None = None
    shared: Money | None = None


class OpenPullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an open pull request would add to a month of 730 hours; `unpriced` of its components have no price."""

    project: str
    number: Count
    monthly: Money
    unpriced: Count = 0


class BilledBudget(msgspec.Struct, frozen=True, kw_only=True):
    """The months of a budget; `match` is the digest of what it counts, by `digest_of`.

    cost          which cost is counted, where that is not the snapshot's
    forecast      None where there is none, with the reason in `forecast_why`
    open          open pull requests that add something to it
    """

    name: str
    match: str
    months: tuple[BudgetMonth, ...] = ()
    cost: Literal["effective", "billed"] | None = None
    forecast: ForecastOfBudget | None = None
    forecast_why: str = ""
    open: tuple[OpenPullRequest, ...] = ()


class BilledType(msgspec.Struct, frozen=True, kw_only=True):
    """How estimates of a resource type have come out.

    resources, months   how many were compared, over how many months
    estimated, billed   what both came to, of the same resources and hours
    """

    type: str
    resources: Count
    months: Count
    estimated: Money
    billed: Money


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds.

    cost       which cost amounts are: effective or billed
    month      the newest month that is told whole, which resources' amounts are of; None where there is none
    """

    schema: Literal["guardrail.ledger-snapshot/v1"] = "guardrail.ledger-snapshot/v1"
    tool: str
    generated_at: Time
    currency: Currency
    cost: Literal["effective", "billed"]
    month: Month | None
    months: tuple[BilledMonth, ...] = ()
    resources: tuple[BilledResource, ...] = ()
    budgets: tuple[BilledBudget, ...] = ()
    types: tuple[BilledType, ...] = ()

    def __post_init__(self) -> None:
        told = (time for one in self.months for time in (one.through, one.latest))
        times = (self.generated_at, *(time for time in told if time))
        if any(not 1000 <= one.year < 3000 for one in times):  # noqa: PLR2004 - as those of a Month
            raise ValueError("a time that no bill has")


_decode = json_decoder(Snapshot)


def parse_snapshot(data: bytes, *, where: str) -> Snapshot:
    """Return what a file says. Raises InputError in one line: for what is none, damaged, too large, or of another version."""
    if len(data) > MAX_BYTES:
        raise InputError(f"has more than the {MAX_BYTES:,} bytes that are read", where=where, fix=_FIX)
    try:
        return _decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
    version = _version(data)
    if version and version != SCHEMA:
        raise InputError(f"is of {version}, and this guardrail reads {SCHEMA}", where=where, fix=_FIX)
    raise InputError(f"not a snapshot of a ledger: {problem}", where=where, fix=_FIX)


def _version(data: bytes) -> str:
    """Return which snapshot a file says it is, "" where it does not."""
    try:
        said = decode_json(data, _Version).schema
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return f"{said:.60}" if said.startswith("guardrail.ledger-snapshot/") else ""


class _Version(msgspec.Struct):
    schema: str = ""


def usable(snapshot: Snapshot, where: str, now: datetime, max_age: timedelta, currency: str) -> KnownSnapshot:
    """Return a snapshot as a run may use it: one that is too old, from the future or in another currency tells nothing."""
    age = now - snapshot.generated_at
    made = f"{where} is of {snapshot.generated_at.astimezone(UTC):%Y-%m-%d}"
    if age > max_age:
        why = f"{made}, and older than the {max_age.days} days that guardrail.yaml allows"
    elif age < -_SKEW:
        why = f"{made}, which is after the time of this run"
    elif snapshot.currency != currency:
        why = f"{where} is in {snapshot.currency}, and this run in {currency}"
    else:
        return KnownSnapshot(where, snapshot, "", "")
    return KnownSnapshot(where, None, why, _FIX)


def absent(where: str) -> KnownSnapshot:
    """Return what a run knows where the file is not there."""
    return KnownSnapshot(where, None, f"{where} is not there", _FIX)


def digest_of(match: Mapping[str, Any]) -> str:
    """Return what tells what a budget counts from what another counts."""
    return hashlib.sha256(json.dumps(match, sort_keys=True, default=str).encode()).hexdigest()[:16]


def as_json(snapshot: Snapshot) -> str:
    """Return a snapshot as the text of its file: a month, a resource and a budget a line, so that a review shows what differs."""
    document = msgspec.to_builtins(snapshot)
    parts = [
        f'  "{name}": [\n{_lines(value)}\n  ]'
        if isinstance(value, Sequence) and value and not isinstance(value, str)
        else f'  "{name}": {json.dumps(value)}'
        for name, value in document.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(items: Sequence[Any]) -> str:
    return ",\n".join(f"    {json.dumps(item)}" for item in items)


def money_text(amount: Decimal) -> str:
    """Return an amount as a snapshot spells it."""
    return plain(amount) or "0"
