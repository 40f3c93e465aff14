"""`guardrail ledger close`: statements of a month that stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.ledger_options import allocation_option, ledger_of, ledger_options, now_option, settings_of
from guardrail.errors import InputError

if TYPE_CHECKING:
    from guardrail.bills.closed import ClosedLine, ClosedMonth
    from guardrail.finops.allocation.file import Allocation, Measured
    from guardrail.ledger.views import Ledger


@click.command(short_help="Close a month: its statements stay as they are.")
@click.argument("month")
@allocation_option
@ledger_options
@now_option
def close(month: str, **values: Any) -> None:
    """Keep what falls on each team of MONTH (2026-10) by the bills and the rules of today.

    From then on `guardrail spend --allocated` tells the month as it was closed. What a later bill or another rule changes
    of it is an adjustment of the next month that is open, so that all months together still come to the bills. Months are closed in their
    order, from the day on that allocation.yaml says: `close: {day: 5}`.

    \b
    Example:
      guardrail ledger close 2026-10
    """
    from guardrail.bills.closed import ClosedMonth
    from guardrail.cli.commands.finops.spend import Month, allocation_of
    from guardrail.finops.closing import refuse_closing
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.spending import COSTS, bill_months
    from guardrail.ledger.records.closed import closed_months, fact_of_closed
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    month, now, chosen = Month().convert(month, None, None), values["now"] or datetime.now(UTC), settings_of(values)
    allocation, measured = allocation_of({**values, "allocated": False}, chosen)
    store = open_store(ledger_of(values, chosen))
    ledger = open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    months, closed = bill_months(ledger), closed_months(store)
    refuse_closing(month, closed, [one.month for one in months], allocation, now)
    if changing := [one.source for one in months if one.month == month and one.open]:
        what = f"the bill of {', '.join(changing)} for {month} may still change"
        raise InputError(what, fix="import it again when it is final")
    # What an earlier month was closed without cannot be compared later.
    costs = [cost for cost in COSTS if all(cost in one.lines for one in closed)]
    found = {cost: _lines(ledger, allocation, measured, closed, month, cost) for cost in costs}
    lines = {cost: told for cost, told in found.items() if told is not None}
    if not lines:
        raise InputError(f"no cost is told of all charges of {month}", fix="`guardrail spend` names those without")
    fact = fact_of_closed(ClosedMonth(month, now, lines))
    store.put(fact.path, fact.data)
    without = [cost for cost in COSTS if cost not in lines]
    click.echo(f"closed {month}: {', '.join(lines)} cost" + (f"; not told: {', '.join(without)}" if without else ""))


def _lines(
    ledger: Ledger,
    allocation: Allocation,
    measured: Mapping[str, Measured],
    closed: Sequence[ClosedMonth],
    month: str,
    cost: str,
) -> list[ClosedLine] | None:
    """Return what falls on whom of a month, with the adjustments of earlier ones; None where a charge has no amount."""
    from guardrail.bills.closed import KEPT
    from guardrail.cli.commands.finops.spend import charges_of
    from guardrail.finops.closing import closed_lines, statements
    from guardrail.ledger.queries.spending import spent

    dimensions = [*allocation.dimensions(allocated=True), *(name for name in KEPT if name not in {"team", "origin"})]
    first = closed[0].month if closed else month
    bill = charges_of(spent(ledger, list(dict.fromkeys(dimensions)), cost, first, month))
    charges, _ = statements(bill, allocation, measured, KEPT, closed, cost)
    return closed_lines(charges, month)
