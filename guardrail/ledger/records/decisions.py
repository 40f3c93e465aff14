"""What people have decided about findings, and the exchange rates that they have written down, as facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from guardrail.ledger.records.facts import Fact, amount, fact, moment, records_of, stamp
from guardrail.ledger.storage.layout import folder_of, month_of, parsed
from guardrail.ledger.storage.store import Store
from guardrail.model.finding import fingerprint

RATES_OWNER = "rates"
"""The one source that rates are kept under: a rate that is imported later takes the place of an earlier one."""


class Decided(StrEnum):
    """What was decided about a finding."""

    APPROVED = "approved"
    DISMISSED = "dismissed"
    DONE = "done"


class Decision(Struct, frozen=True):
    """What somebody decided about a finding: of a rule, in a project, about a resource ("" for the whole project).

    expires  the last day that it holds, None for no end
    amount   a month, in `currency`, of what it is about; None where nobody said it
    """

    at: datetime
    kind: Decided
    project: str
    rule: str
    address: str
    by: str
    reason: str
    expires: date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    pull_request: int | None = None


def fact_of_decision(decision: Decision) -> Fact:
    """Return a decision as a fact. Raises InputError for an amount of over 20 digits."""
    record = {
        "record": "decision",
        "at": moment(decision.at),
        "kind": decision.kind.value,
        "project": decision.project,
        "rule": decision.rule,
        "address": decision.address or None,
        "fingerprint": fingerprint(decision.rule, decision.project, decision.address),
        "by": decision.by,
        "reason": decision.reason,
        "expires": decision.expires.isoformat() if decision.expires else None,
        "amount": amount(decision.amount),
        "currency": decision.currency,
        "pull_request": decision.pull_request,
    }
    return fact("decisions", decision.project, month_of(decision.at), stamp(decision.at), [record])


Rate = tuple[str, str, str, Decimal, str]
"""Month, from, to, what one unit of the one currency is of the other, and who says so."""


def add_rates(rates: Iterable[Rate], store: Store, now: datetime) -> dict[str, tuple[int, bool]]:
    """Add rates to a ledger; return for each month how many there are, and whether they are new.

    Raises InputError for a rate of over 20 digits.
    """
    of_month: defaultdict[str, list[dict[str, str | None]]] = defaultdict(list)
    for month, base, to, rate, source in sorted(rates):
        row = {"month": month, "from": base, "to": to, "rate": amount(rate), "source": source}
        of_month[month].append(row)
    found = {}
    for month, rows in of_month.items():
        is_new = rows != _newest_rates(store, month)
        if is_new:
            said = {"said_at": moment(now)}
            one = fact("rates", RATES_OWNER, month, stamp(now), [{"record": "rate", **row, **said} for row in rows])
            store.put(one.path, one.data)
        found[month] = len(rows), is_new
    return found


def _newest_rates(store: Store, month: str) -> list[dict[str, str | None]]:
    """Return the rates of a month that were added last, none where there are none to be read."""
    keys = [key for key in map(parsed, store.paths(folder_of("rates", RATES_OWNER, month))) if key]
    if not keys:
        return []
    newest = max(keys, key=lambda key: (key.head, key.digest))
    try:
        _, *rows = records_of(store.read(newest.path))
    except ValueError:
        return []
    return [{name: row.get(name) for name in ("month", "from", "to", "rate", "source")} for row in rows]
