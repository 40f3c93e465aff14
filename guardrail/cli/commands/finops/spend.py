"""`guardrail spend`: what bills come to, by whom and by what."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem
from msgspec import Struct
from msgspec.structs import replace

from guardrail.cli.ledger_options import allocation_option, ledger_options, no_bill
from guardrail.errors import ConfigError, InputError, did_you_mean

if TYPE_CHECKING:
    from guardrail.bills.closed import ClosedMonth
    from guardrail.config import Settings
    from guardrail.finops.allocation.file import Allocation, Measured
    from guardrail.finops.charge import Charge
    from guardrail.finops.rates import Rates
    from guardrail.finops.spend import Asked, Spend
    from guardrail.ledger.queries.spending import BillMonth, Spent
    from guardrail.ledger.storage.store import Store
    from guardrail.ledger.views import Ledger

_BY = (
    *("team", "service", "project", "address", "account", "region", "month"),
    *("category", "commitment", "meter", "resource", "provider", "source", "evidence", "origin"),
)
_KEYED = {"tag:": "KEY", "column:": "NAME"}
_KNOWN = (*_BY, *(f"{before}{key}" for before, key in _KEYED.items()))
_TOLD = 5  # keys of tags that a note names
_CHUNK = 1_000_000  # characters of an answer in FOCUS that are in memory at once


class Month(click.ParamType[str]):
    """A month, like 2026-10."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the month."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(value), re.ASCII):
            self.fail(f"{value!r} is not a month like 2026-10", param, ctx)
        return str(value)


class Dimensions(click.ParamType[tuple[str, ...]]):
    """Names of dimensions with commas between them.

    keyed  what may stand before a name that the bill gives -> how the name is called
    """

    name = "dimension,..."

    def __init__(self, names: tuple[str, ...], keyed: Mapping[str, str]) -> None:
        self.names, self.keyed = names, keyed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names, each once."""
        names = tuple(dict.fromkeys(str(value).split(",")))
        for name in names:
            if name not in self.names and (name in self.keyed or not name.startswith(tuple(self.keyed))):
                known = (*self.names, *(f"{before}{key}" for before, key in self.keyed.items()))
                hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
                self.fail(f"{name!r} is nothing to sum by; {hint}", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the dimensions that are not there yet, after the last comma."""
        _ = ctx, param
        before, comma, begun = incomplete.rpartition(",")
        names = (*self.names, *self.keyed)
        offered = [name for name in names if name.startswith(begun) and name not in before.split(",")]
        return [CompletionItem(f"{before}{comma}{name}") for name in offered]


@click.command(short_help="What bills come to, by team, service, address and more.")
@click.option(
    "--by",
    type=Dimensions(_BY, _KEYED),
    help=f"What to sum by: {', '.join(_KNOWN)}. Default: team; with --team origin and service.",
)
@click.option("--month", type=Month(), help="Month of the bill. Default: the newest; all, where months are asked for.")
@click.option("--from", "first", type=Month(), help="First month. Default: the first that there is a bill of.")
@click.option("--to", "last", type=Month(), help="Last month. Default: the newest that there is a bill of.")
@click.option(
    "--cost",
    type=click.Choice(["billed", "effective", "contracted", "list"]),
    default="effective",
    show_default=True,
    help="Which cost: as invoiced; with commitments spread over what they are for; before commitments; at list prices.",
)
@click.option("--allocated", is_flag=True, help="Split shared costs as allocation.yaml says.")
@click.option("--team", help="The statement of one team alone.")
@allocation_option
@click.option(
    "--currency", metavar="CODE", help="Currency to convert amounts to, at --rates. Default: each stays as it is."
)
@click.option(
    "--rates",
    type=click.Path(path_type=Path),
    help="CSV of exchange rates: month,from,to,rate,source. Each charge has the rate of its month. Default: those of the ledger.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", "markdown", "csv", "json", "focus"]),
    default="table",
    help="Default: table. focus: the rows themselves in FOCUS 1.2, with whose each is.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write to; FOCUS in one that ends in .parquet is Parquet, else CSV. Default: standard output.",
)
@ledger_options
def spend(format_name: str, out: Path | None, **values: Any) -> None:
    """Show what bills come to. Lines come to the bill; what nobody owns is a line of its own.

    An amount that an export does not have is said, and never 0; amounts in several currencies are summed only at rates
    that you give, or that the ledger has. Tables show cents, CSV, JSON and FOCUS exact amounts.

    In FOCUS each row of the bill is a row; with --allocated one that is shared is a row for each team that bears some of
    it, and --cost says by which cost a split in proportion weighs teams. Reading needs DuckDB: pip install 'guardrail-finops[ledger]'.

    \b
    Examples:
      guardrail spend --month 2026-10
      guardrail spend --by project,address --from 2026-08 --format csv
      guardrail spend --by tag:env,month --cost billed
      guardrail spend --allocated --team shop
      guardrail spend --allocated --format focus --out october.parquet
    """
    from guardrail.cli.output import say, terminal_width, write_whole
    from guardrail.config import Flags, settings
    from guardrail.finops.spend_text import as_csv, as_json, as_markdown, as_table

    chosen = settings(Flags(inputs=("-",), config=values["config"]), Path.cwd())
    if format_name == "focus":
        _focus(question_of(_for_focus(values), chosen), out)
        return
    question = question_of(values, chosen)
    found = question.answer()
    found = replace(found, notes=found.notes + _untold_teams(question, found, chosen.team_tag))
    found = replace(found, notes=found.notes + question.remarks)
    formats = {"markdown": as_markdown, "csv": as_csv, "json": as_json}
    text = as_table(found, terminal_width()) if format_name == "table" else formats[format_name](found)
    if out:
        write_whole(out, text)
    else:
        say(text)


class Question(Struct, frozen=True):
    """What is asked of a ledger, and all that answers it."""

    asked: Asked
    ledger: Ledger
    months: Sequence[BillMonth]
    dimensions: Sequence[str]
    bill: Sequence[Charge]
    allocation: Allocation
    measured: Mapping[str, Measured]
    remarks: tuple[str, ...]
    closed: Sequence[ClosedMonth] = ()

    def answer(self) -> Spend:
        """Return what the bills come to."""
        from guardrail.finops.spend import answer

        there = [(one.source, one.month) for one in self.months]
        return answer(self.asked, self.bill, there, self.allocation, self.measured, self.closed)


def question_of(values: Mapping[str, Any], chosen: Settings, opened: Ledger | None = None) -> Question:
    """Return what the options of the command ask; `opened` is their ledger, where it is open already.

    Raises ConfigError and InputError for what cannot be asked.
    """
    from guardrail.bills.closed import KEPT
    from guardrail.finops.rates import converted
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.spending import bill_months, spent
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    if values["rates"] is not None and values["currency"] is None:
        raise ConfigError("--rates is for --currency", fix="say which currency amounts are to be in: --currency USD")
    allocation, measured = allocation_of(values, chosen)
    store = open_store(values["where"] or chosen.ledger)
    ledger = opened or open_ledger(store, TagKeys(chosen.address_tag, chosen.project_tag))
    months = bill_months(ledger)
    asked = _asked(values, months, store.where)
    dimensions = [name for name in asked.by if name not in {"team", "origin"}]
    if asked.of_teams:
        dimensions += allocation.dimensions(allocated=asked.allocated)
    if asked.of_addresses:
        dimensions.append("evidence")
    closed = _closed(values, asked, allocation, store)
    if closed:
        dimensions += [name for name in KEPT if name not in {"team", "origin"}]
    dimensions = list(dict.fromkeys(dimensions))
    first, last = (closed[0].month, max(one.month for one in months)) if closed else (asked.first, asked.last)
    rows = spent(ledger, dimensions, asked.cost, min(first, asked.first), max(last, asked.last))
    bill = charges_of(rows)
    remarks = () if closed or not asked.allocated else _unclosed(asked, store)
    if values["currency"] is not None:
        bill, rates = converted(bill, values["currency"], _rates(values, ledger))
        remarks += rates
    return Question(asked, ledger, months, dimensions, bill, allocation, measured, remarks, closed)


def _unclosed(asked: Asked, store: Store) -> tuple[str, ...]:
    """Say which months were closed, where the answer does not tell them as they were."""
    from guardrail.ledger.records.closed import closed_months

    closed = [one.month for one in closed_months(store) if asked.first <= one.month <= asked.last]
    return (f"{', '.join(closed)} was closed: this is what bills and rules say of it now",) if closed else ()


def charges_of(rows: Iterable[Spent]) -> list[Charge]:
    """Return what a ledger tells as what answers are made of."""
    from guardrail.finops.charge import Charge
    from guardrail.finops.exact import units

    return [
        Charge(
            *(row.of, row.month, row.source, row.open, row.currency),
            *(units(row.amount), row.rows, row.without, units(row.quantity)),
        )
        for row in rows
    ]


def _closed(values: Mapping[str, Any], asked: Asked, allocation: Allocation, store: Store) -> list[ClosedMonth]:
    """Return the closed months that the answer is to respect: those of statements, where allocation.yaml closes months.

    Raises ConfigError for what a closed month cannot tell.
    """
    from guardrail.bills.closed import KEPT
    from guardrail.ledger.records.closed import closed_months

    if not asked.allocated or allocation.close is None or values.get("as_billed"):
        return []
    found = closed_months(store)
    told = [one.month for one in found if asked.first <= one.month <= asked.last]
    lacking = [name for name in asked.by if name not in {*KEPT, "month"}]
    if told and lacking:
        fix = f"a closed month is kept by {', '.join(KEPT)}; without --allocated it is told by all"
        raise ConfigError(f"{told[0]} is closed, and not told by {', '.join(lacking)}", fix=fix)
    if found and values["currency"] is not None:
        raise ConfigError("--currency converts no closed months", fix="leave it out, or --allocated")
    return found


def _untold_teams(question: Question, found: Spend, key: str) -> tuple[str, ...]:
    """Return what may be wrong where nobody has said whose costs are, and the tag that says it by default does not."""
    from guardrail.finops.allocation.file import by_tag
    from guardrail.ledger.queries.spending import tag_keys

    asked = question.asked
    if "team" not in asked.by or question.allocation != by_tag(key):
        return ()
    if any(line.keys[asked.by.index("team")] is not None for line in found.lines):
        return ()
    keys = tag_keys(question.ledger, asked.first, asked.last)
    have = (
        f"charges have {', '.join(keys[:_TOLD])}{', ...' if len(keys) > _TOLD else ''}"
        if keys
        else "charges have no tags"
    )
    return (
        f"no charge has the tag {key}, and {have}: report.team_tag in guardrail.yaml names another, allocation.yaml says more",
    )


def _for_focus(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of an answer in FOCUS, which has no sums. Raises ConfigError for those that mean nothing to it."""
    if values["by"]:
        raise ConfigError("--by means nothing to --format focus", fix="it has the rows of the bill, and sums nothing")
    if values["currency"] is not None or values["rates"] is not None:
        raise ConfigError("--format focus has amounts as they are billed", fix="leave --currency and --rates out")
    return {**values, "by": ("team",), "as_billed": True}


def _focus(question: Question, out: Path | None) -> None:
    from guardrail.bills.focus import OURS
    from guardrail.cli.output import copy_whole, say
    from guardrail.finops.allocation.sharing import Sharing, Teams, with_teams
    from guardrail.finops.focus import FocusWriter
    from guardrail.finops.spend_text import notes_of_bills
    from guardrail.ledger.queries.focus import as_parquet, focus_columns, focus_rows

    asked, allocation = question.asked, question.allocation
    found = question.answer()
    teams = with_teams(question.bill, allocation)
    sharing = Sharing.of(teams, allocation, question.measured) if asked.allocated else None
    columns = focus_columns(question.ledger, asked.first, asked.last)
    rows = focus_rows(question.ledger, columns, question.dimensions, asked.first, asked.last)
    with tempfile.TemporaryDirectory(prefix="guardrail-") as scratch:
        made = Path(scratch) / "focus.csv"
        with made.open("w", encoding="utf-8", newline="") as file:
            written = FocusWriter(columns, Teams(allocation), sharing, asked.team).write(rows, file)
        if out and out.suffix == ".parquet":
            made = as_parquet(made, made.with_suffix(".parquet"), [*columns, *OURS])
        if out:
            with made.open("rb") as source:
                copy_whole(source, out)
        else:
            with made.open(encoding="utf-8", newline="") as lines:
                while text := lines.read(_CHUNK):
                    say(text)
    for note in (*notes_of_bills(found), *written.notes(), *question.remarks):
        click.echo(f"guardrail: {note}", err=True)


def _rates(values: Mapping[str, Any], ledger: Ledger) -> Rates:
    """Return the rates of the file that is named, else those of the ledger."""
    from guardrail.finops.rates import Rate, read_rates
    from guardrail.ledger.queries.spending import rates

    if values["rates"] is not None:
        return read_rates(values["rates"])
    return {(month, base, to): Rate(rate, source) for month, base, to, rate, source in rates(ledger)}


def _asked(values: Mapping[str, Any], there: list[BillMonth], where: str) -> Asked:
    from guardrail.finops.spend import Asked

    if not there:
        raise no_bill(where)
    months = sorted({one.month for one in there})
    by = values["by"] or (("team",) if values["team"] is None else ("origin", "service"))
    if values["month"] and (values["first"] or values["last"]):
        raise ConfigError("--month is one month, --from and --to are several", fix="give one or the other")
    ranged = values["first"] or values["last"] or ("month" in by and not values["month"])
    first = values["month"] or values["first"] or (months[0] if ranged else months[-1])
    last = values["month"] or values["last"] or months[-1]
    if first > last:
        raise ConfigError(f"--from {first} is after --to {last}")
    if not any(first <= month <= last for month in months):
        asked = first if first == last else f"{first} to {last}"
        raise InputError(
            f"this ledger has no bill of {asked}", where=where, fix=f"there are bills of {', '.join(months)}"
        )
    return Asked(by, values["cost"], first, last, values["allocated"], values["team"])


def allocation_of(values: Mapping[str, Any], chosen: Settings) -> tuple[Allocation, Mapping[str, Measured]]:
    """Return whose costs are: as the file says, or without one by the tag that names teams."""
    from guardrail.finops.allocation.file import FILE, by_tag, read_allocation

    path = values["allocation_file"] or chosen.base / FILE
    if values["allocation_file"] or path.exists():
        return read_allocation(path)
    if values["allocated"]:
        fix = "it says how shared costs are split; `guardrail schema allocation` shows what it holds"
        raise ConfigError(f"--allocated needs {FILE}", where=str(path), fix=fix)
    return by_tag(chosen.team_tag), {}
