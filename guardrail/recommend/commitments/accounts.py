"""What accounts used by the hour: of the bills in a ledger, and of files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from guardrail.errors import InputError, did_you_mean
from guardrail.finops.commitments.advice import Wanted
from guardrail.finops.commitments.metered import Hours, without_commitments
from guardrail.finops.commitments.metered import hours_of as hours_of_bills
from guardrail.finops.commitments.usage_file import COLUMNS, read_usage

_MONTHS = 13
"""Months of bills that are looked at: twelve whole ones, and the one that has begun."""
_OPEN = timedelta(days=30)
"""A pull request that was last checked before that is taken for closed."""
NO_HOURS = "no bill with hours of use: nothing to plan commitments from"
FIX = (
    "import bills with hours (`guardrail ledger import`: AWS's Cost and Usage Report by the hour, FOCUS, Azure, Google), or "
    f"give --usage-by-hour FILE with the columns {','.join(COLUMNS)}, or name plans or states, to plan as if all of it always ran"
)


class Accounts(Struct, frozen=True):
    """What commitments are planned from, and what is wanted of them. `notes`: what was left out of it."""

    hours: tuple[Hours, ...]
    wanted: Wanted
    notes: tuple[str, ...] = ()


def accounts_of(
    where: str | None, files: Sequence[Path], wanted: Wanted, now: datetime, ending: Sequence[str] = ()
) -> Accounts:
    """Read what was used by the hour; `ending`: ids of commitments that end, so that what they cover is planned for again.

    Raises ConfigError without DuckDB, and for a file with its line.
    """
    hours = [one for file in files for one in read_usage(file)]
    notes: tuple[str, ...] = ()
    if where is not None:
        billed, notes = _billed(where, now, ending)
        hours += billed
    return Accounts(tuple(hours), wanted, notes)


def _billed(where: str, now: datetime, ending: Sequence[str]) -> tuple[list[Hours], tuple[str, ...]]:
    from guardrail.ledger.queries.hourly import hourly_charges, leaving, told_twice  # noqa: PLC0415 - only with a ledger
    from guardrail.ledger.queries.spending import bill_months  # noqa: PLC0415
    from guardrail.ledger.storage.store import open_store  # noqa: PLC0415
    from guardrail.ledger.views import open_ledger  # noqa: PLC0415

    ledger = open_ledger(open_store(where))
    bills = bill_months(ledger)
    if not bills:
        return [], ()
    last = max(one.month for one in bills)
    year, month = map(int, last.split("-"))
    total = year * 12 + month - _MONTHS
    first = f"{total // 12:04}-{total % 12 + 1:02}"
    going, addresses = leaving(ledger, first, last, now - _OPEN)
    twice = told_twice(ledger, first, last)
    charges = hourly_charges(ledger, first, last, twice)
    there = sorted({one.commitment for one in charges if one.commitment})
    for id_ in ending:
        if id_ not in there:
            fix = did_you_mean(id_, there) or (f"there are {', '.join(there)}" if there else "the bills have none")
            raise InputError(f"no commitment {id_!r:.200} in the bills", where=where, fix=fix)
    hours = hours_of_bills(
        without_commitments(charges, ending),
        [(one.source, one.month, one.open) for one in bills if one.month >= first],
        going,
    )
    what = ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if len(addresses) > 3 else "")  # noqa: PLR2004
    notes = [f"not planned for, since open pull requests delete them: {what}"] if going else []
    sources = sorted({source for source, _, _ in twice})
    notes += [f"planned for as if it had ended: {id_}" for id_ in ending]
    notes += [f"{source}: left out where another source tells the use of the same account" for source in sources]
    return hours, tuple(notes)
