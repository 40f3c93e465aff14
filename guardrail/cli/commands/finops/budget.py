"""`guardrail budget`: what of each budget is spent, and what its period will come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.notifying import notify_of, notify_options, refuse_notify
from guardrail.cli.ledger_options import ledger_of, ledger_options, no_bill, now_option, settings_of
from guardrail.errors import ConfigError

if TYPE_CHECKING:
    from guardrail.bills.booked import Booked
    from guardrail.config import Settings
    from guardrail.finops.budgets.answer import Budgets
    from guardrail.finops.budgets.outlook import Facts
    from guardrail.ledger.views import Ledger
    from guardrail.policy import Budget, BudgetMatch

HISTORY = timedelta(days=400)
"""So far back bills are read: what past forecasts are held to. It is more than the longest period."""
OPEN = timedelta(days=30)
"""A pull request that was not checked for so long is taken for closed."""


@click.command(short_help="What is spent of budgets, and what their periods will come to.")
@click.option("--forecast", is_flag=True, help="Show what each period will come to, and how sure that is.")
@click.option(
    "--with-open-pull-requests",
    "proposals",
    is_flag=True,
    help="Show what open pull requests would add, and what comes of it if all merge. Shows the forecast, too.",
)
@click.option("--budget", "names", multiple=True, help="This budget alone. Several are possible. Default: all.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    help="Default: terminal. json has all, whatever else is asked for.",
)
@notify_options
@ledger_options
@now_option
@click.pass_context
def budget(ctx: click.Context, /, format_name: str, *, forecast: bool, proposals: bool, **values: Any) -> None:
    """Show what is spent of the budgets in guardrail.yaml that have `spend` or `amounts`, and what they will come to.

    A forecast is what bills have booked so far, the days left at the rate of the last four weeks, what merged changes add
    that the bill does not show yet, and what is booked once a month. How far such forecasts were off in the past is told
    beside it. Reading needs DuckDB: pip install 'guardrail-finops[ledger]'. With --notify, people are told of each share that
    is passed, once in its period.

    \b
    Exit codes:
      0  told, and nothing blocks
      1  a share is passed that an alert with `block: true` names
      2  the ledger has no bill, or nothing tells whether such a share is passed
      4  --notify could not tell everybody
    \b
    Examples:
      guardrail budget
      guardrail budget --forecast --with-open-pull-requests
      guardrail budget --forecast --now 2026-10-11 --format json
    """
    from guardrail.cli.output import say, terminal_width
    from guardrail.finops.budgets.alerting import alerts_of
    from guardrail.finops.budgets.text import as_json, as_markdown, as_table
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger
    from guardrail.model.exit_code import ExitCode

    chosen = settings_of(values)
    refuse_notify(values, chosen)
    budgets = _wanted(chosen, values["names"])
    store = open_store(ledger_of(values, chosen))
    ledger = open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    found = budgets_in(ledger, chosen, budgets, values["now"] or datetime.now(UTC))
    shown = {"forecast": forecast or proposals, "proposals": proposals}
    if format_name == "json":
        say(as_json(found))
    elif format_name == "markdown":
        say(as_markdown(found, **shown))
    else:
        say(as_table(found, **shown, width=terminal_width()))
    owners = {one.name: _owner(one, chosen.team_tag) for one in budgets}
    notify_of(alerts_of(found, owners), values, chosen, store, ledger)
    ctx.exit(ExitCode.BLOCKED if found.blocks else ExitCode.NOT_EVALUATED if found.cannot_tell else ExitCode.OK)


def _owner(budget: Budget, team_tag: str) -> str:
    """Return the team whose budget it is, "" where it is not of one."""
    teams = budget.match.tags.get(team_tag, ())
    return teams[0] if len(teams) == 1 and not any(char in teams[0] for char in "*?[") else ""


def _wanted(chosen: Settings, names: Sequence[str]) -> list[Budget]:
    """Return the budgets that are asked for. Raises ConfigError where none says what may be billed."""
    from guardrail.errors import did_you_mean

    known = [one.name for one in chosen.budgets]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
            raise ConfigError(f"guardrail.yaml has no budget {name!r:.100}", fix=hint)
    found = [one for one in chosen.budgets if not names or one.name in names]
    if not any(one.limits_spend for one in found):
        where = str(chosen.config_file) if chosen.config_file else ""
        fix = "add one: budgets: [{name: all, spend: 1000, period: month, alerts: [80, {forecast: 100}]}]"
        raise ConfigError("no budget says what may be billed", where=where, fix=fix)
    return found


def budgets_in(
    ledger: Ledger, chosen: Settings, budgets: Sequence[Budget], now: datetime, cost: str = "effective"
) -> Budgets:
    """Return what a ledger tells of budgets, as known at a time. Raises InputError for a ledger without a bill."""
    return told_of(facts_in(ledger, chosen, budgets, now, cost), ledger, chosen, budgets, now, cost)


def told_of(
    facts: Facts, ledger: Ledger, chosen: Settings, budgets: Sequence[Budget], now: datetime, cost: str
) -> Budgets:
    """Return what facts tell of budgets."""
    from guardrail.finops.bill_months import converter
    from guardrail.finops.budgets.outlook import outlook
    from guardrail.ledger.queries.spending import rates

    convert = converter(chosen.currency, {row[:3]: row[3] for row in rates(ledger)})
    return outlook(facts, budgets, chosen.environments, convert, now=now, currency=chosen.currency, cost=cost)


def facts_in(ledger: Ledger, chosen: Settings, budgets: Sequence[Budget], now: datetime, cost: str) -> Facts:
    """Return all that a ledger says about budgets. Raises InputError for one without a bill."""
    from guardrail.finops.budgets.outlook import Facts
    from guardrail.ledger.queries.changing import changed_resources, proposed_resources
    from guardrail.ledger.queries.snapshotting import source_months

    bills = source_months(ledger)
    if not bills:
        raise no_bill(ledger.where)
    keys = sorted({key for one in budgets for key in one.match.tags})
    return Facts(
        bills,
        _booked(ledger, budgets, keys, chosen, now, cost),
        changed_resources(ledger, keys, now - HISTORY, now),
        proposed_resources(ledger, keys, now - OPEN, now),
    )


def _booked(
    ledger: Ledger, budgets: Sequence[Budget], keys: Sequence[str], chosen: Settings, now: datetime, cost: str
) -> list[Booked]:
    """Return the charges of budgets, by the cost that each of them counts."""
    from guardrail.finops.budgets.counting import counted
    from guardrail.ledger.queries.booking import Wanted, booked

    by_cost: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(budgets):
        if one.limits_spend:
            by_cost[one.cost or cost].append(number)
    matches = [one.match for one in budgets]
    has_types, has_addresses = (any(map(has, matches)) for has in (_matches_types, _matches_addresses))
    found: list[Booked] = []
    for name, numbers in sorted(by_cost.items()):
        wanted = Wanted(name, keys, has_types, has_addresses, f"{now - HISTORY:%Y-%m}", now.astimezone(UTC))
        found += booked(ledger, wanted, partial(counted, budgets, numbers, environments=chosen.environments))
    return found


def _matches_types(match: BudgetMatch) -> bool:
    return bool(match.types)


def _matches_addresses(match: BudgetMatch) -> bool:
    return bool(match.addresses or match.modules)
