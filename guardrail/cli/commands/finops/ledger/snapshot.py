"""`guardrail ledger snapshot`: what bills have come to, as a small file that checks read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.ledger_options import cost_option, ledger_of, ledger_options, now_option, settings_of

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.billed.snapshot import Snapshot


@click.command(short_help="A small file with real costs and what is spent of budgets, for checks.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write. Default: standard output.")
@click.option("--project", "projects", multiple=True, help="Resources of this project alone. Several are possible.")
@cost_option
@ledger_options
@now_option
def snapshot(out: Path | None, **values: Any) -> None:
    """Write what bills have come to: how far they go, what resources came to in the newest whole month, and what is
    spent of the budgets of guardrail.yaml that have `spend` or `amounts`, with the forecast of their periods and what open
    pull requests would add.

    `check`, `estimate` and `diff` read the file that `ledger: {snapshot: FILE}` in guardrail.yaml names, without the
    ledger and without DuckDB. It is meant to be committed, or kept by CI.

    \b
    Example:
      guardrail ledger snapshot --out ledger.snapshot.json
    """
    from guardrail.cli.output import say, write_whole
    from guardrail.model.billed.snapshot import as_json

    chosen = settings_of(values)
    made = _made(values, chosen)
    if out:
        write_whole(out, as_json(made))
        click.echo(f"{out}: {_told(made)}")
    else:
        say(as_json(made))
    for month in made.months[-1:]:
        if month.without:
            absent = ", ".join(month.without)
            click.echo(
                f"guardrail: {month.month} has no bill of {absent}, so that what is spent is not known", err=True
            )


def _made(values: dict[str, Any], chosen: Settings) -> Snapshot:
    from guardrail.cli.commands.finops.accuracy import compared_in
    from guardrail.cli.commands.finops.budget import facts_in, told_of
    from guardrail.finops.bill_months import billed_months, converter, whole_month
    from guardrail.finops.snapshot import Facts, snapshot, types_of
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.snapshotting import resource_months
    from guardrail.ledger.queries.spending import rates
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    ledger = open_ledger(open_store(ledger_of(values, chosen)), TagKeys(chosen.address_tag, chosen.project_tag))
    now, cost = values["now"] or datetime.now(UTC), values["cost"]
    facts = facts_in(ledger, chosen, chosen.budgets, now, cost)
    answers = told_of(facts, ledger, chosen, chosen.budgets, now, cost)
    month = whole_month(billed_months(facts.bills, now))
    resources = resource_months(ledger, cost, month) if month else []
    if values["projects"]:
        resources = [one for one in resources if one.project in values["projects"]]
    compared = compared_in(ledger, month, cost, chosen.currency, chosen.team_tag) if month else []
    return snapshot(
        Facts(facts.bills, facts.booked, resources, types_of(compared), {one.name: one for one in answers.budgets}),
        chosen.budgets,
        converter(chosen.currency, {row[:3]: row[3] for row in rates(ledger)}),
        now=now,
        currency=chosen.currency,
        cost=cost,
    )


def _told(made: Snapshot) -> str:
    newest = max((one.through for one in made.months), default=None)
    until = f"bills until {newest.astimezone(UTC):%Y-%m-%d}" if newest else "no bill"
    month = f"what {len(made.resources):,} resources came to in {made.month}" if made.month else "no whole month"
    return f"{until}, {month}, {len(made.budgets):,} budgets"
