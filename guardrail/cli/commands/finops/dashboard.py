"""`guardrail dashboard`: the ledger as pages that people open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from guardrail.cli.commands.finops.anomalies import anomalies_in
from guardrail.cli.commands.finops.budget import budgets_in
from guardrail.cli.commands.finops.spend import Month, allocation_of, question_of
from guardrail.cli.ledger_options import allocation_option, ledger_options, now_option
from guardrail.errors import ConfigError, InputError

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.dashboard.executive import Executive
    from guardrail.dashboard.facts import Facts
    from guardrail.finops.anomalies import Anomalies
    from guardrail.finops.budgets.answer import Budgets
    from guardrail.finops.charge import Charge
    from guardrail.finops.spend import Spend
    from guardrail.ledger.queries.spending import BillMonth
    from guardrail.ledger.storage.store import Store
    from guardrail.ledger.views import Ledger

_MONTHS = 13  # a year, and the same month a year before


@click.command(short_help="The ledger as pages: spend by team, project and service, and more.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the pages: a new one, an empty one, or one of an earlier run, which is replaced.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="html: pages. markdown: a summary for a chat, to --out as a file, else to standard output.",
)
@click.option("--to", "last", type=Month(), help="Last month. Default: the newest that there is a bill of.")
@click.option(
    "--months", type=click.IntRange(1, 60), default=_MONTHS, show_default=True, help="How many months pages show."
)
@click.option(
    "--cost",
    type=click.Choice(["billed", "effective", "contracted", "list"]),
    default="effective",
    show_default=True,
    help="Which cost pages show; the first page has the billed and the effective one, too.",
)
@allocation_option
@click.option(
    "--currency",
    metavar="CODE",
    help="Currency to convert amounts to, at --rates. Default: each currency has sections of its own.",
)
@click.option(
    "--rates",
    type=click.Path(path_type=Path),
    help="CSV of exchange rates: month,from,to,rate,source. Default: those of the ledger.",
)
@click.option(
    "--recommendations",
    "recommended",
    type=click.Path(path_type=Path),
    multiple=True,
    help="What `guardrail recommend --format json` has written, for a page about it. Repeatable. Default: kpis.recommendations "
    "of guardrail.yaml.",
)
@ledger_options
@now_option
def dashboard(**values: Any) -> None:
    """Make pages of the ledger: one folder of HTML, without a script and without a request to anybody.

    Pages tell what `spend`, `budget`, `anomalies`, `recommend`, `savings` and `kpi` tell, with the same amounts. A month
    without a bill is a gap, a bill that may still change is hatched, and what nobody owns has a line of its own. Equal
    ledgers and an equal --now give equal bytes.

    The folder is replaced as a whole once all pages are written; until then the former ones stay. One that holds other files
    is refused. Reading needs DuckDB: pip install 'guardrail-finops[ledger]'.

    \b
    Examples:
      guardrail dashboard --out site
      guardrail dashboard --out site --cost billed --to 2026-10
      guardrail recommend --format json > open.json; guardrail dashboard --out site --recommendations open.json
      guardrail dashboard --format markdown
    """
    from guardrail.cli.output import say, write_whole
    from guardrail.config import Flags, settings
    from guardrail.dashboard.site import files_of
    from guardrail.dashboard.summary import summary
    from guardrail.dashboard.writing import refuse_others_files, write_site

    out, as_pages = values["out"], values["format_name"] == "html"
    if as_pages and out is None:
        raise ConfigError("pages need a folder", fix="--out site names one; --format markdown prints a summary instead")
    if as_pages:
        refuse_others_files(out)
    chosen = settings(Flags(inputs=("-",), config=values["config"]), Path.cwd())
    facts = _facts(values, chosen, as_pages=as_pages)
    if as_pages:
        pages = write_site(out, files_of(facts))
        click.echo(f"{pages:,} {'page' if pages == 1 else 'pages'}: {out / 'index.html'}")
    elif out is not None:
        write_whole(out, summary(facts))
    else:
        say(summary(facts))


def _facts(values: Mapping[str, Any], chosen: Settings, *, as_pages: bool) -> Facts:
    from guardrail import __version__
    from guardrail.dashboard.facts import Facts, Source, partial_in
    from guardrail.dashboard.recommended import read_recommendations
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.showing import contents
    from guardrail.ledger.queries.spending import bill_months, newest_bills
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger
    from guardrail.policy import BudgetMatch

    store = open_store(values["where"] or chosen.ledger)
    ledger = open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    if not ledger.facts:
        # A mistyped --ledger must not replace pages by one that says that there is nothing.
        fix = "`guardrail ledger add` and `guardrail ledger import` fill it; --ledger names another"
        raise InputError("this ledger is empty", where=store.where, fix=fix)
    now = values["now"] or datetime.now(UTC)
    runs = contents(ledger, generations=False).runs
    there = bill_months(ledger)
    named = [chosen.base / chosen.kpis.recommendations] if chosen.kpis.recommendations else []
    recommended = [read_recommendations(path) for path in values["recommended"] or named]
    if not there:
        return Facts(now.astimezone(UTC), __version__, values["cost"], runs=runs, recommendations=recommended)
    asking = _Asking(values, chosen, ledger, there)
    by_month = asking.answers(("month",))
    absent = by_month[values["cost"]].absent
    lacking = {month for _, month in absent}
    newest = asking.answer(("project", "address"), first=asking.last)
    return Facts(
        *(now.astimezone(UTC), __version__, values["cost"]),
        sources=[Source(*row) for row in newest_bills(ledger)],
        months=asking.months,
        without=frozenset(asking.months) - {one.month for one in there},
        charges=partial_in(asking.charges(("team", "project", "service", "month")), lacking),
        addresses=partial_in(
            asking.charges(("team", "project", "service", "address", "month"), first=asking.last), lacking
        ),
        by_cost={
            cost: [replace(one, partial=one.partial or one.keys[0] in lacking) for one in found.lines]
            for cost, found in by_month.items()
        },
        matched=newest.matched,
        shared=asking.shared(),
        absent=absent,
        missing=by_month[values["cost"]].missing,
        notes=(*by_month[values["cost"]].notes, *asking.remarks),
        runs=runs,
        recommendations=recommended,
        budgets=_budgets(ledger, chosen, now),
        whole_budgets=frozenset(one.name for one in chosen.budgets if one.match == BudgetMatch()),
        anomalies=_anomalies(ledger, chosen, {**values, "now": now}),
        # A summary tells no KPIs, and they take longest.
        executive=_executive(ledger, store, chosen, {**values, "now": now}, asking.months) if as_pages else None,
    )


def _executive(
    ledger: Ledger, store: Store, chosen: Settings, values: Mapping[str, Any], months: Sequence[str]
) -> Executive:
    """Return what `guardrail kpi` and `guardrail savings` tell, and why the newest month is not the one before."""
    from guardrail.cli.commands.finops.kpi.answers import Opened, answered, kpi_files
    from guardrail.cli.commands.finops.savings import savings_in
    from guardrail.dashboard.executive import Executive
    from guardrail.finops.month_change import month_change
    from guardrail.ledger.queries.daily import bill_days
    from guardrail.ledger.queries.metering import meter_months

    allocation, measured = allocation_of({**values, "allocated": False}, chosen)
    recommended, allocation_file = tuple(values["recommended"]), values["allocation_file"]
    there = Opened(ledger, store, chosen, allocation, measured, values["now"], recommended, allocation_file)
    cost = values["cost"] if values["cost"] == "billed" else "effective"
    rows = list(meter_months(ledger, months[-2:], values["cost"])) if months[1:] else []
    changes = [
        month_change(rows, months[-2], months[-1], currency)
        for currency in sorted({one.currency for one in rows if one.month == months[-1]})
    ]
    tells_days = bill_days(ledger, values["now"])
    return Executive(
        answered(there, kpi_files(chosen), months[-1]),
        tuple(changes),
        savings_in(there, None, months[-1], values["now"], cost=cost) if tells_days else None,
    )


def _budgets(ledger: Ledger, chosen: Settings, now: datetime) -> Budgets | None:
    """Return what `guardrail budget` tells, None where no budget says what may be billed."""
    if not any(one.limits_spend for one in chosen.budgets):
        return None
    return budgets_in(ledger, chosen, chosen.budgets, now)


def _anomalies(ledger: Ledger, chosen: Settings, values: Mapping[str, Any]) -> Anomalies | None:
    """Return what `guardrail anomalies` tells, None where no bill tells single days up to now."""
    from guardrail.ledger.queries.daily import bill_days

    if not bill_days(ledger, values["now"]):
        return None
    cost = values["cost"] if values["cost"] == "billed" else "effective"
    return anomalies_in(ledger, chosen, {**values, "cost": cost, "projects": ()})


class _Asking:
    """Asks an open ledger what `guardrail spend` asks it."""

    def __init__(self, values: Mapping[str, Any], chosen: Settings, ledger: Ledger, there: Sequence[BillMonth]) -> None:
        from guardrail.finops.spend import months_between

        self._values, self._chosen, self._ledger = values, chosen, ledger
        bills = sorted({one.month for one in there})
        self.last = values["last"] or bills[-1]
        first = min(bills[0], self.last)  # of a month before all bills, the question says that there is none
        self.months = months_between(first, self.last)[-values["months"] :]
        self.remarks: tuple[str, ...] = ()

    def _question(self, by: Sequence[str], first: str = "", **more: Any) -> Any:
        given = {"month": None, "first": first or self.months[0], "last": self.last, "by": tuple(by), "team": None}
        asked = {**self._values, "allocated": False, **given, **more}
        found = question_of(asked, self._chosen, self._ledger)
        self.remarks = tuple(dict.fromkeys((*self.remarks, *found.remarks)))
        return found

    def answer(self, by: Sequence[str], first: str = "", **more: Any) -> Spend:
        found: Spend = self._question(by, first, **more).answer()
        return found

    def answers(self, by: Sequence[str]) -> dict[str, Spend]:
        """Return the answer for the costs that the first page tells."""
        costs = dict.fromkeys(("billed", "effective", self._values["cost"]))
        return {cost: self.answer(by, cost=cost) for cost in costs}

    def charges(self, by: Sequence[str], first: str = "") -> list[Charge]:
        """Return the charges that an answer is made of, with their teams, by the dimensions alone."""
        from guardrail.finops.allocation.sharing import with_teams
        from guardrail.finops.charge import collapsed

        question = self._question(by, first)
        return collapsed(with_teams(question.bill, question.allocation), by)

    def shared(self) -> Spend | None:
        """Return the newest month by team with shared costs split, None where allocation.yaml splits none."""
        question = self._question(("team",), self.last)
        return self.answer(("team",), self.last, allocated=True) if question.allocation.shared else None
