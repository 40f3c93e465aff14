"""`guardrail kpi`: what the facts of a ledger say about how costs are managed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.commands.finops.spend import Month
from guardrail.cli.ledger_options import allocation_option, ledger_options, now_option, settings_of
from guardrail.errors import ConfigError
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.finops.kpis.testing import Tested


class _WithDefault(click.Group):
    """Runs `show` where what follows is no command: `guardrail kpi tag-coverage`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_WithDefault, short_help="KPIs of a month, as data: shipped ones, and your own in SQL.")
def kpi() -> None:
    """Show KPIs of a month, or test the files that define them. Without a command: `show`.

    \b
    Examples:
      guardrail kpi
      guardrail kpi tag-coverage effective-savings-rate --month 2026-10
      guardrail kpi --by team --format markdown
      guardrail kpi test kpis
    """


@kpi.command(short_help="Show the values of KPIs.")
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option(
    "--month", type=Month(), help="Month. Default: the newest that there is a bill of, or without bills a run."
)
@click.option(
    "--by", type=click.Choice(["team", "project"]), help="Tell each KPI by team or project, as far as it can be."
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["terminal", "markdown", "json"]),
    default="terminal",
    help="Default: terminal.",
)
@click.option("--list", "only_list", is_flag=True, help="List the KPIs that there are, without their values.")
@allocation_option
@click.option(
    "--recommendations",
    "recommended",
    type=click.Path(path_type=Path),
    multiple=True,
    help="What `guardrail recommend --format json` has written. Default: kpis.recommendations of guardrail.yaml. Repeatable.",
)
@ledger_options
@now_option
def show(names: tuple[str, ...], month: str | None, by: str | None, *, only_list: bool, **values: Any) -> None:
    """Show the values of KPIs: those named, else all that are shipped, and yours (kpis.paths in guardrail.yaml).

    Where the facts do not tell a value there is none, and the reason stands in its place: it is never 0. Each value comes
    with its numerator and denominator, and with that of the month before.

    The SQL of a KPI runs in a process of its own. It reads the views of the ledger, and no file, network or setting.

    \b
    Exit codes: 0 shown, 2 a KPI or the ledger has an error.
    """
    from guardrail.cli.commands.finops.kpi.answers import answered, kpi_files, opened, statements_of
    from guardrail.cli.output import say, terminal_width
    from guardrail.finops.kpis.text import as_json, as_markdown, as_table, listed

    chosen = settings_of(values)
    files = kpi_files(chosen, names)
    if only_list:
        say(listed(files))
        return
    statements_of(files)  # what is wrong in a file is told before a ledger is read
    found = answered(opened(values, chosen), files, month, by or "")
    if values["format_name"] == "json":
        say(as_json(found))
    elif values["format_name"] == "markdown":
        say(as_markdown(found))
    else:
        say(as_table(found, terminal_width()))


@kpi.command(short_help="Run the tests in the files of KPIs.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
)
def test(paths: tuple[Path, ...], config: Path | None) -> int:
    """Run the tests in the files of KPIs at PATHS, folders or files; by default, of yours and the shipped ones.

    A test has a few rows of the views that the SQL reads, and says what comes of them. No ledger is needed.

    \b
    Exit codes: 0 all pass, 1 a test fails, 2 a KPI has an error.
    """
    from guardrail.cli.commands.finops.kpi.answers import kpi_files
    from guardrail.cli.commands.finops.kpi.testing import tested
    from guardrail.finops.kpis.kpi_file import read_kpis
    from guardrail.report.format import count

    files = read_kpis(None, paths) if paths else kpi_files(settings_of({"config": config}))
    if not files:
        raise ConfigError("no KPI is in there", where=", ".join(map(str, paths)), fix="a KPI is a file <id>.yaml")
    results = tested(files)
    failed = [one for one in results if one.mismatch]
    for one in failed:
        click.echo(str(_shown(one)))
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed in {count(len(files), 'KPI')}")
    return ExitCode.BLOCKED if failed else ExitCode.OK


def _shown(one: Tested) -> str:
    from guardrail.report.text import safe

    return safe(f"{one.where}: {one.kpi}, test {one.name}: {one.mismatch}")
