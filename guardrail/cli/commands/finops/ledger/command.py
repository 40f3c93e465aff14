"""`guardrail ledger`: what runs, states and bills have said, kept as facts."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.ledger.close import close
from guardrail.cli.commands.finops.ledger.decide import decide
from guardrail.cli.commands.finops.ledger.snapshot import snapshot
from guardrail.cli.ledger_options import ledger_of, ledger_options, now_option, settings_of
from guardrail.errors import ConfigError, InputError
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.ledger.storage.store import Store

_PATH = click.Path(path_type=Path)


@click.group(short_help="What runs, states and bills have said, kept as facts in a folder.")
def ledger() -> None:
    """Keep what runs, states and bills have said, as files that are written once, and show what there is.

    A ledger is a folder, a branch of git, or a prefix in an object store. Any number of jobs add to it at once. Adding
    needs nothing further; what reads it needs DuckDB: pip install 'guardrail-finops[ledger]'.
    """


@ledger.command(short_help="Add results of checks, and states.")
@click.argument("inputs", metavar="RESULT|STATE...", nargs=-1, required=True)
@click.option(
    "--project", default="", help="The project that the input is of. A state needs it where there are several."
)
@ledger_options
@now_option
def add(inputs: tuple[str, ...], project: str, now: datetime | None, **values: Any) -> None:
    """Add results and states. What is there already is not added again.

    RESULT is what `guardrail check --format json` (or `estimate`) prints, STATE what `terraform show -json` prints after
    an apply: it tells the ids of new resources, by which a bill is matched. - is standard input.

    \b
    Examples:
      guardrail check plan.json --out json=result.json; guardrail ledger add result.json
      terraform show -json | guardrail ledger add - --project shop
    """
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.writing.adding import Adding

    chosen = settings_of(values)
    store = open_store(ledger_of(values, chosen))
    adding = Adding(now or datetime.now(UTC), project, chosen.environments)
    facts = [fact for name in inputs for fact in adding.facts(_read(name), where=_shown(name), store=store)]
    added = [fact for fact in facts if store.put(fact.path, fact.data)]
    for fact in added:
        click.echo(f"added  {fact.path}")
    if not added:
        click.echo(f"nothing is new: {store.where} has it already")


ledger.add_command(decide)
ledger.add_command(snapshot)
ledger.add_command(close)


@ledger.command("import", short_help="Import bills (FOCUS, AWS, Azure, Google Cloud, Oracle), metrics and rates.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--as",
    "source",
    default="",
    metavar="SOURCE",
    help="Name of where the bill or the metrics come from. Default: vendor and account, or what the metrics' format is called.",
)
@click.option(
    "--bill-format", default="", metavar="NAME", help="Format of the bill. Default: the one that its columns tell."
)
@click.option(
    "--round", "rounds", is_flag=True, help="Round amounts with more than 18 decimals, instead of refusing their rows."
)
@click.option(
    "--only-currency",
    default="",
    metavar="CODE",
    help="Import the charges in one currency alone, of a bill in several: each is a bill of its own (--as).",
)
@click.option("--metrics", "is_metrics", is_flag=True, help="The files are metrics of resources, not a bill.")
@click.option("--rates", "is_rates", is_flag=True, help="The files are exchange rates: month,from,to,rate,source.")
@click.option(
    "--id", "resource", default="", metavar="ID", help="With --metrics: the resource of files that name none."
)
@click.option("--metric", default="", metavar="NAME", help="With --metrics: the metric of files that name none.")
@ledger_options
@now_option
def import_(**values: Any) -> None:
    """Import bills, as CSV (also .gz and .zip) or Parquet. All files of a command are one bill.

    Each month of it is a new generation of that month's charges, unless the newest says the same already; `charges` are
    those of the newest. A row that cannot be read is named, and then nothing is imported. An amount that an export
    does not have is not known, and never 0.

    \b
    Formats, told by their columns:
      focus             FOCUS 1.0 to 1.3
      aws-cur           AWS Cost and Usage Report, legacy and 2.0
      azure-actual      Azure cost details, actual cost
      azure-amortised   Azure cost details, amortised cost
      azure-usage       Azure usage details, pay as you go
      gcp-detailed      Google Cloud billing export, standard and detailed
      oci               Oracle Cloud cost report

    With --metrics the files are what resources were measured to do: exports of CloudWatch, Azure Monitor or Cloud
    Monitoring, told by what is in them, or CSV with the columns id, metric, at and value.

    With --rates the files are exchange rates, which `guardrail spend --currency` converts at.

    \b
    Examples:
      guardrail ledger import cur-2026-10-*.csv.gz --as aws-prod
      guardrail ledger import --metrics queries.json data.json
      guardrail ledger import --metrics cpu.csv --id i-0123 --metric cpu
    """
    from guardrail.ledger.storage.store import open_store

    if values["is_metrics"] and values["is_rates"]:
        raise ConfigError("--metrics and --rates are different files", fix="give a command for each")
    kind = "metrics" if values["is_metrics"] else "rates" if values["is_rates"] else "bills"
    for name, (option, kinds) in _ONLY.items():
        if values[name] and kind not in kinds:
            raise ConfigError(f"is for {' and '.join(kinds)}", where=option, fix="see `guardrail ledger import --help`")
    read = {"bills": _import_bills, "metrics": _import_metrics, "rates": _import_rates}[kind]
    read(values, open_store(ledger_of(values)), values["now"] or datetime.now(UTC))


_ONLY = {
    "source": ("--as", ("bills", "metrics")),
    "bill_format": ("--bill-format", ("bills",)),
    "rounds": ("--round", ("bills",)),
    "only_currency": ("--only-currency", ("bills",)),
    "resource": ("--id", ("metrics",)),
    "metric": ("--metric", ("metrics",)),
}
"""Options that are not for all kinds of files."""


def _import_bills(values: dict[str, Any], store: Store, now: datetime) -> None:
    from guardrail.ledger.writing.importing import Importing

    importing = Importing(values["source"], values["bill_format"], now, values["rounds"], values["only_currency"])
    found, odd = importing.run(values["files"], store)
    for text in odd:
        click.echo(f"guardrail: {text}", err=True)
    for one in found:
        state = "open" if one.open else "final"
        what = "added " if one.path else "known "
        click.echo(f"{what} {one.source} {one.month}: {one.rows:,} rows, {one.sums}, {state}")
        if one.instead:
            click.echo(f"       instead of {one.instead}")


def _import_metrics(values: dict[str, Any], store: Store, now: datetime) -> None:
    from guardrail.cli.output import say
    from guardrail.ledger.records.metrics import import_metrics
    from guardrail.report.text import safe

    source, resource, metric = values["source"], values["resource"], values["metric"]
    found, odd = import_metrics(values["files"], store, now, source=source, resource=resource, metric=metric)
    for text in odd:
        click.echo(f"guardrail: {safe(text)}", err=True)
    for one in found:
        what = "added " if one.path else "known "
        told = f"{one.points:,} points of {one.resources:,} resources: {', '.join(one.metrics)}"
        say(safe(f"{what} {one.source} {one.month}: {told}") + "\n")


def _import_rates(values: dict[str, Any], store: Store, now: datetime) -> None:
    from guardrail.finops.rates import read_rates
    from guardrail.ledger.records.decisions import add_rates

    rows = [(*key, rate.value, rate.source) for path in values["files"] for key, rate in read_rates(path).items()]
    if len({row[:3] for row in rows}) != len(rows):
        raise ConfigError("two files have a rate of the same month and currencies", fix="give one of them")
    for month, (count, is_new) in add_rates(rows, store, now).items():
        click.echo(f"{'added ' if is_new else 'known '} {month}: {count} rates")


@ledger.command(short_help="What there is in the ledger.")
@ledger_options
@click.option("--generations", is_flag=True, help="Every import of a bill, not only the newest of each month.")
@click.option("--format", "format_name", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def show(format_name: str, *, generations: bool, **values: Any) -> None:
    """Show the projects and bills of a ledger: since when, how much, in which currency, and which months are open."""
    from guardrail.cli.output import say
    from guardrail.ledger.queries.showing import as_json, as_table, contents
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    found = contents(open_ledger(open_store(ledger_of(values))), generations=generations)
    say(as_json(found) if format_name == "json" else as_table(found))


@ledger.command(short_help="Whether a file has been changed, cut or removed.")
@ledger_options
@click.option("--list", "write_list", is_flag=True, help="Print the paths of all facts, to be given to --known later.")
@click.option(
    "--known", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="File with paths that must be there."
)
def verify(known: Path | None, *, write_list: bool, **values: Any) -> int:
    """Hash every file again, and name those that are not what they were, and bills that are missing.

    A file that is gone leaves no trace in the others: keep the list of today (--list) and give it to --known later. After
    `ledger compact` make a new one. Exit code 1 where something is wrong.
    """
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.storage.verify import facts_in
    from guardrail.ledger.storage.verify import verify as run

    store = open_store(ledger_of(values))
    paths = known.read_text(encoding="utf-8").split("\n") if known else []
    faults = list(run(store, [path for path in paths if path.strip()]))
    facts = facts_in(store)
    for fault in faults:
        click.echo(str(fault), err=write_list)
    if write_list:
        for key in facts:
            click.echo(key.path)
    elif not faults:
        click.echo(f"{len(facts)} files are what they were when they were written")
    return ExitCode.BLOCKED if faults else ExitCode.OK


class Months(click.ParamType[int]):
    """A number of months, like 25mo."""

    name = "months"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        found = re.fullmatch(r"([1-9]\d{0,3})mo", str(value))
        if not found:
            self.fail(f"{value!r} is not a number of months like 25mo", param, ctx)
        return int(found[1])


@ledger.command(short_help="Past months as a few files of Parquet.")
@click.option("--keep", type=Months(), help="Remove facts that are older, bills included: 25mo for 25 months.")
@ledger_options
@now_option
def compact(keep: int | None, now: datetime | None, **values: Any) -> None:
    """Put the runs and states of past months together, as Parquet in folders by project and month.

    DuckDB, Spark, Trino and others read that as it is. The views stay what they are; the files that it replaces are
    removed, so that a list of `verify --list` has to be made anew.

    \b
    Example:
      guardrail ledger compact --keep 25mo
    """
    from guardrail.ledger.storage.store import Folder, open_store
    from guardrail.ledger.writing.compact import compact as run

    store = open_store(ledger_of(values))
    done = run(store, now or datetime.now(UTC), keep)
    left = store.tidy() if isinstance(store, Folder) else 0
    click.echo(
        f"{done.replaced} files of past months are {done.written} files now, {done.outdated} were too old and are gone"
    )
    if left:
        click.echo(f"{left} files that writers had left half written are gone")


@ledger.command(short_help="The views as tables of PostgreSQL.")
@click.option(
    "--to",
    "address",
    required=True,
    metavar="ADDRESS",
    help="postgresql://USER@HOST/DATABASE; PGPASSWORD has the password.",
)
@click.option("--schema", default="guardrail", show_default=True, help="Schema of the tables.")
@ledger_options
def export(address: str, schema: str, **values: Any) -> None:
    """Copy the views to PostgreSQL, as tables of the same names, in one transaction.

    The tables are replaced; the facts of the ledger stay where they are. It needs the extra `postgres`:
    pip install 'guardrail-finops[postgres]'.

    \b
    Example:
      guardrail ledger export --to postgresql://finops@db.example.com/costs
    """
    from guardrail.ledger.matching import TagKeys
    from guardrail.ledger.queries.export import export as run
    from guardrail.ledger.storage.store import open_store
    from guardrail.ledger.views import open_ledger

    chosen = settings_of(values)
    tags = TagKeys(chosen.address_tag, chosen.project_tag)
    for view, rows in run(open_ledger(open_store(ledger_of(values, chosen)), tags), address, schema).items():
        click.echo(f"{schema}.{view}: {rows:,} rows")


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=name) from None


def _shown(name: str) -> str:
    return "standard input" if name == "-" else name
