"""`guardrail pricing`: which prices are used, how old they are, and newer ones from the vendors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from guardrail.cli.options import Moment, flags, input_options
from guardrail.errors import ConfigError, InputError, did_you_mean
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report

_VENDORS = ("aws", "azure", "gcp")


@click.group(short_help="Show the price catalog and its age, and download newer prices.")
def pricing() -> None:
    """Show the price catalog and its age, and download newer prices from the clouds' public price lists."""


@pricing.command(short_help="Download newer prices from the clouds' public price lists.")
@click.option("--vendor", "vendors", type=click.Choice(_VENDORS), multiple=True, help="Only this cloud. Repeatable.")
@click.option(
    "--service", "services", multiple=True, help="Only this service, as `pricing status` names it. Repeatable."
)
@click.option("--region", "regions", multiple=True, help="Only this region, and prices without a region. Repeatable.")
@click.option("--for", "inputs", multiple=True, metavar="PLAN|FOLDER", help="Only what these plans or folders lack.")
@click.option(
    "--commitments",
    is_flag=True,
    help="Also the rates of all savings plans, reservations and committed use, for `guardrail recommend`.",
)
@click.option("--from", "origin", default="", metavar="DIR|URL", help="Read the price lists from a folder or a mirror.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another sync that is running.")
@click.option("--force", is_flag=True, help="Accept a price list even if more than half of its prices are gone.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Path of guardrail.yaml, for your definitions and overlay."
)
@click.option("--now", type=Moment(), help="Time to record for the sync. Default: now.")
def sync(config: Path | None, now: datetime | None, *, commitments: bool, **values: Any) -> None:
    """Download newer prices from the clouds' public price lists into a catalog of your own, which is used from then on.

    AWS and Azure need no account. Google Cloud needs an API key in GOOGLE_API_KEY, and is skipped without one. The
    catalog holds only the prices that cost definitions use, and the rates of the savings plans and reservations in your
    overlay; --commitments brings those of all of them, which on AWS is hundreds of MB for each region. It replaces the old one only when it is complete.

    \b
    Examples:
      guardrail pricing sync --vendor aws --region eu-west-1
      guardrail pricing sync --for plan.json
      guardrail pricing sync --from /mnt/price-lists
    """
    from guardrail.catalog import open_catalog
    from guardrail.catalog.commitment import every_plan
    from guardrail.catalog.overlay import plans_of, read_overlay
    from guardrail.catalog.sync import Order
    from guardrail.catalog.sync import sync as run
    from guardrail.cli.progress import sync_progress
    from guardrail.costs import Library
    from guardrail.costs.definitions.lint import unambiguous
    from guardrail.costs.definitions.used_prices import used_prices

    inputs = values.pop("inputs")
    if inputs and (values["services"] or values["regions"]):
        raise click.UsageError("--for says which services and regions: leave --service and --region out")
    chosen = _settings({"config": config})
    library = Library(chosen.definitions)
    plans = plans_of(read_overlay(chosen.overlay)) if chosen.overlay else frozenset()
    plans |= every_plan() if commitments else frozenset()
    used = used_prices(library, plans)
    known = [service for vendor in values["vendors"] or _VENDORS for service in used.services(vendor)]
    for service in values["services"]:
        if service not in known:
            fix = did_you_mean(service, known) or "`guardrail pricing status` lists them"
            raise ConfigError(f"no cost definition uses prices of {service!r}", fix=fix)
    places: frozenset[tuple[str, str, str]] = frozenset()
    if inputs:
        lacking = _estimated(_settings({"config": config, "inputs": inputs})).lacking
        places = frozenset(place for place in lacking if place[0] in (values["vendors"] or _VENDORS))
        if not places:
            click.echo("nothing to sync: the catalog has every price that a list could bring")
            return
    progress, shown = sync_progress()
    with shown:
        progress = replace(progress, verify=lambda catalog: unambiguous(library, open_catalog(catalog)))
        path = run(Order(now or datetime.now(UTC), places=places, **values), used, progress)
    click.echo(f"wrote {path}")


@pricing.command(short_help="Show which catalog is used, its age, and what in a plan has no price.")
@input_options
def status(**values: Any) -> None:
    """Show which catalog is used, its size and age, what was synced, and what in a plan has no price."""
    from guardrail.catalog import open_catalog
    from guardrail.catalog.store import synced_catalog
    from guardrail.cli.commands.pricing.text import gap_lines, status_lines
    from guardrail.config import settings

    given = flags(values)
    chosen = settings(given if given.inputs else replace(given, inputs=("-",)), Path.cwd())
    catalog = open_catalog(chosen.catalog)
    kind = "named" if chosen.catalog else "synced" if catalog.path == synced_catalog() else "shipped"
    for line in status_lines(catalog, kind):
        click.echo(line)
    if given.inputs:
        for line in gap_lines(_estimated(chosen)):
            click.echo(line)


@pricing.command(short_help="Show the prices that a resource type uses, or search the catalog.")
@click.argument("words", metavar="TYPE|SKU|WORD...", nargs=-1, required=True)
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="Price catalog (SQLite). Default: the one that `check` uses."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of prices to show."
)
def show(words: tuple[str, ...], catalog: Path | None, config: Path | None, limit: int) -> None:
    """Show which prices a resource type selects, or the prices that match a SKU or all of the words.

    \b
    Examples:
      guardrail pricing show aws_nat_gateway
      guardrail pricing show AmazonEC2 eu-west-1 t3.large
    """
    from guardrail.catalog import open_catalog
    from guardrail.cli.commands.pricing.text import row_lines, type_lines
    from guardrail.costs import Library

    chosen = _settings({"catalog": catalog, "config": config})
    library = Library(chosen.definitions)
    if len(words) == 1 and library.find(words[0]):
        lines = type_lines(library, words[0])
    else:
        lines = row_lines(open_catalog(chosen.catalog).search(words, limit + 1), limit)
    for line in lines:
        click.echo(line)


@pricing.command(short_help="Check cost definitions against the catalog: missing, ambiguous or jumping prices.")
@click.option(
    "--catalog", type=click.Path(path_type=Path), help="Price catalog (SQLite). Default: the one that `check` uses."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0),
    default=50.0,
    show_default=True,
    help="Price change in percent above which a price is reported as a jump.",
)
def verify(catalog: Path | None, config: Path | None, threshold: float) -> int:
    """Check every cost definition against the catalog, and the catalog against the one before the last sync.

    Reported are components without a price in any region (no-match), components with several (ambiguous), prices that
    changed by more than the threshold (jump), and prices that are known to be missing, with the reason (gap).

    \b
    Exit codes: 0 nothing or only gaps, 1 anything else, 2 could not be evaluated.
    """
    from guardrail.catalog import open_catalog
    from guardrail.catalog.building import previous
    from guardrail.catalog.compare import compare
    from guardrail.cli.commands.pricing.text import change_line
    from guardrail.costs import Library
    from guardrail.costs.definitions.lint import lint
    from guardrail.model.money import decimal
    from guardrail.report.format import count
    from guardrail.report.text import safe

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
        f"{count(kinds['gap'], 'known gap')}, {kinds['no-match']} without a match, {kinds['ambiguous']} ambiguous, "
        f"{count(len(jumps), 'jump')} {'since the last sync' if before.is_file() else '(no earlier catalog)'}"
    )
    return ExitCode.BLOCKED if len(faults) > kinds["gap"] or jumps else ExitCode.OK


@pricing.command(short_help="What changed between two catalogs, and what it does to a plan.")
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("inputs", metavar="[INPUT]...", nargs=-1)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
)
@click.option("--usage-file", "usage", type=click.Path(path_type=Path), help="Usage of the plans' resources.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Prices to show at most.")
def diff(old: Path, new: Path, inputs: tuple[str, ...], limit: int, **values: Any) -> None:
    """Show which prices came, went and changed from catalog OLD to NEW; with plans, whose estimates change and how."""
    from guardrail.catalog import open_catalog
    from guardrail.catalog.compare import compare
    from guardrail.cli.commands.pricing.text import change_lines, effect_lines

    for line in change_lines(compare(open_catalog(old), open_catalog(new)), limit):
        click.echo(line)
    if inputs:
        before, after = (_estimated(_settings({**values, "inputs": inputs, "catalog": path})) for path in (old, new))
        for line in effect_lines(before, after):
            click.echo(line)


def _estimated(chosen: Settings) -> Report:
    """Price what the settings name. Raises InputError where a part of it cannot be read: gaps of the rest are not all."""
    from guardrail.check.run import estimate

    report = estimate(chosen)
    for finding in (one for project in report.projects if project.is_unread for one in project.findings):
        raise InputError(finding.message, where=finding.project, fix=finding.fix)
    return report


def _settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings; without inputs, of the configuration alone, whose projects are not looked for."""
    from guardrail.config import Flags, settings

    return settings(Flags(**{"inputs": ("-",), **values}), Path.cwd())
