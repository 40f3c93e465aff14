"""`guardrail pricing`: which prices are used, how old they are, and newer ones from the vendors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.options import Moment, flags, input_options
from guardrail.errors import ConfigError, InputError, did_you_mean
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report

_VENDORS = ("aws", "azure", "gcp")


@click.group(short_help="Which prices are used, how old they are, and newer ones from the vendors.")
def pricing() -> None:
    """Show which prices are used and how old they are, and get newer ones from the vendors' public lists."""


@pricing.command(short_help="Bring newer prices from the vendors' public lists.")
@click.option("--vendor", "vendors", type=click.Choice(_VENDORS), multiple=True, help="Only of these vendors.")
@click.option("--service", "services", multiple=True, help="Only of these services, as `pricing status` names them.")
@click.option("--region", "regions", multiple=True, help="Only for these regions, and for what has no region.")
@click.option("--from", "origin", default="", metavar="DIR|URL", help="A folder of downloaded files, or a mirror.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another sync that is running.")
@click.option("--force", is_flag=True, help="Take a list even if more than half of its prices are gone.")
@click.option("--config", type=click.Path(path_type=Path), help="guardrail.yaml, for your definitions and overlay.")
@click.option("--now", type=Moment(), help="Time to note as the time of the sync. Default: now.")
def sync(config: Path | None, now: datetime | None, **values: Any) -> None:
    """Bring newer prices from the vendors' public lists into a catalog of your own, which is used from then on.

    AWS and Azure ask for no account; Google wants a key in GOOGLE_API_KEY, and is left out without one. Only prices
    that some definition can select are kept, and rates of the savings plans and reservations that your overlay names.
    The old catalog is replaced only once the new one is complete.

    \b
    Examples:
      guardrail pricing sync --vendor aws --region eu-west-1
      guardrail pricing sync --from /mnt/price-lists
    """
    from guardrail.catalog.overlay import plans_of, read_overlay  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.sync import Order  # noqa: PLC0415
    from guardrail.catalog.sync import sync as run  # noqa: PLC0415
    from guardrail.cli.progress import told  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.costs.definitions.selectable import wanted  # noqa: PLC0415

    chosen = _settings({"config": config})
    plans = plans_of(read_overlay(chosen.overlay)) if chosen.overlay else ()
    wants = wanted(Library(chosen.definitions), plans)
    known = [service for vendor in values["vendors"] or _VENDORS for service in wants.services(vendor)]
    for service in values["services"]:
        if service not in known:
            fix = did_you_mean(service, known) or "`guardrail pricing status` lists them"
            raise ConfigError(f"no definition asks for prices of {service!r}", fix=fix)
    tell, shown = told()
    with shown:
        path = run(Order(now or datetime.now(UTC), **values), wants, tell)
    click.echo(f"prices are in {path}")


@pricing.command(short_help="Which prices are used, how old they are, and what a plan finds no price for.")
@input_options
def status(**values: Any) -> None:
    """Say which catalog is used, how large and how old it is, what was synced; for plans, what has no price in it."""
    from guardrail.catalog import open_catalog  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.store import synced_catalog  # noqa: PLC0415
    from guardrail.cli.commands.pricing_text import gap_lines, status_lines  # noqa: PLC0415
    from guardrail.config import settings  # noqa: PLC0415

    given = flags(values)
    chosen = settings(given if given.inputs else replace(given, inputs=("-",)), Path.cwd())
    catalog = open_catalog(chosen.catalog)
    kind = "named" if chosen.catalog else "synced" if catalog.path == synced_catalog() else "shipped"
    for line in status_lines(catalog, kind):
        click.echo(line)
    if given.inputs:
        for line in gap_lines(_estimated(chosen)):
            click.echo(line)


@pricing.command(short_help="What a type asks of the catalog, or the rows in which words are found.")
@click.argument("words", metavar="TYPE|SKU|WORD...", nargs=-1, required=True)
@click.option("--catalog", type=click.Path(path_type=Path), help="Price catalog. Default: the one that `check` uses.")
@click.option("--config", type=click.Path(path_type=Path), help="guardrail.yaml. Default: found upwards from here.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows to show at most.")
def show(words: tuple[str, ...], catalog: Path | None, config: Path | None, limit: int) -> None:
    """Show what a resource type asks of the catalog, or the rows in which a SKU or every one of the words is found.

    \b
    Examples:
      guardrail pricing show aws_nat_gateway
      guardrail pricing show AmazonEC2 eu-west-1 t3.large
    """
    from guardrail.catalog import open_catalog  # noqa: PLC0415 - only when it runs
    from guardrail.cli.commands.pricing_text import row_lines, type_lines  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415

    chosen = _settings({"catalog": catalog, "config": config})
    library = Library(chosen.definitions)
    if len(words) == 1 and library.find(words[0]):
        lines = type_lines(library, words[0])
    else:
        lines = row_lines(open_catalog(chosen.catalog).search(words, limit + 1), limit)
    for line in lines:
        click.echo(line)


@pricing.command(short_help="Definitions held against the catalog: no price, several, sudden jumps.")
@click.option("--catalog", type=click.Path(path_type=Path), help="Price catalog. Default: the one that `check` uses.")
@click.option("--config", type=click.Path(path_type=Path), help="guardrail.yaml. Default: found upwards from here.")
@click.option("--threshold", type=click.FloatRange(0), default=50.0, show_default=True, help="Percent; above: a jump.")
def verify(catalog: Path | None, config: Path | None, threshold: float) -> int:
    """Hold every definition against the catalog, and the catalog against the one before the last sync.

    Components that find no price in any region, or several, and prices that jumped by more than the threshold are
    named, and make the exit code 1. A gap is a price that is known to be missing: the definition says why.
    """
    from guardrail.catalog import open_catalog  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.building import previous  # noqa: PLC0415
    from guardrail.catalog.compare import compare  # noqa: PLC0415
    from guardrail.cli.commands.pricing_text import change_line  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.costs.definitions.lint import lint  # noqa: PLC0415
    from guardrail.model.money import decimal  # noqa: PLC0415
    from guardrail.report.text import safe  # noqa: PLC0415

    chosen = _settings({"catalog": catalog, "config": config})
    current = open_catalog(chosen.catalog)
    faults = list(lint(Library(chosen.definitions), current))
    for fault in faults:
        click.echo(safe(f"{fault.kind:<10} {fault.type_name}: {fault.component}: {fault.reason}"))
    before = previous(current.path)
    changes = compare(open_catalog(before), current) if before.is_file() else ()
    jumps = [change for change in changes if change.jumps(decimal(threshold))]
    for change in jumps:
        click.echo(f"jump       {change_line(change)}")
    kinds = Counter(fault.kind for fault in faults)
    click.echo(
        f"{kinds['gap']} known gaps, {kinds['no-match']} without a match, {kinds['ambiguous']} ambiguous, "
        f"{len(jumps)} jumps {'since the last sync' if before.is_file() else '(no earlier catalog)'}"
    )
    return ExitCode.BLOCKED if len(faults) > kinds["gap"] or jumps else ExitCode.OK


@pricing.command(short_help="What changed between two catalogs, and what it does to a plan.")
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option("--config", type=click.Path(path_type=Path), help="guardrail.yaml. Default: found upwards from here.")
@click.option("--usage-file", "usage", type=click.Path(path_type=Path), help="Usage of the plans' resources.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Prices to show at most.")
def diff(old: Path, new: Path, inputs: tuple[str, ...], limit: int, **values: Any) -> None:
    """Show which prices came, went and changed from catalog OLD to NEW; with plans, whose estimates change and how."""
    from guardrail.catalog import open_catalog  # noqa: PLC0415 - only when it runs
    from guardrail.catalog.compare import compare  # noqa: PLC0415
    from guardrail.cli.commands.pricing_text import change_lines, effect_lines  # noqa: PLC0415

    for line in change_lines(compare(open_catalog(old), open_catalog(new)), limit):
        click.echo(line)
    if inputs:
        before, after = (_estimated(_settings({**values, "inputs": inputs, "catalog": path})) for path in (old, new))
        for line in effect_lines(before, after):
            click.echo(line)


def _estimated(chosen: Settings) -> Report:
    """Price what the settings name. Raises InputError where a part of it cannot be read: gaps of the rest are not all."""
    from guardrail.check import estimate  # noqa: PLC0415 - only when it runs

    report = estimate(chosen)
    for finding in (one for project in report.projects if project.is_unread for one in project.findings):
        raise InputError(finding.message, where=finding.project, fix=finding.fix)
    return report


def _settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings; without inputs, of the configuration alone, whose projects are not looked for."""
    from guardrail.config import Flags, settings  # noqa: PLC0415 - only when it runs

    return settings(Flags(**{"inputs": ("-",), **values}), Path.cwd())
