"""`guardrail check --watch`: the report again whenever a file that it depends on is saved."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guardrail.cli.options import Command
from guardrail.errors import ConfigError, GuardrailError
from guardrail.paths import followed

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report

_PAUSE = 250  # milliseconds after which a watch that has seen nothing says so
_SHOWN = 3


def watch_option(command: Command) -> Command:
    """Add --watch."""
    text = (
        "Keep running, and check again when the configuration, a plan, a rule or guardrail.yaml is saved. Ctrl-C stops."
    )
    return click.option("--watch", "stays", is_flag=True, help=text)(command)


def watch(values: dict[str, Any]) -> int:
    """Report, wait until a file is saved, and begin again, until somebody interrupts."""
    from guardrail.cli.check.judging import judged
    from guardrail.cli.output import deliver
    from guardrail.report.format import count

    if "-" in values["inputs"]:
        raise click.UsageError("standard input cannot be watched: name a file or a folder")
    own = {followed(target.path) for target in values["outs"]}
    folders, looked, last = frozenset({Path.cwd()}), frozenset[Path](), None

    def noted(settings: Settings) -> Settings:
        nonlocal folders
        folders = folders_of(settings)
        return settings

    while True:
        # Before the check: what is saved while it runs is seen as well.
        began = time.time()
        try:
            report = judged(values, noted)
            deliver(report, values["format_name"], values["outs"], color=values["color"], details=values["details"])
            looked = frozenset(followed(path) for path in report.looked)
            last = _compared(last, report)
        except GuardrailError as error:  # editors save what is half written
            click.echo(f"guardrail: {error}", err=True)
        watched = folders | {path if path.is_dir() else path.parent for path in looked}
        click.echo(f"guardrail: watching {count(len(watched), 'folder')}; Ctrl-C stops", err=True)
        names = saved(watched, began, own, looked)
        click.clear()
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        click.echo(f"guardrail: {datetime.now(UTC).astimezone():%H:%M:%S} {', '.join(names[:_SHOWN])}{more}", err=True)


def _compared(last: Report | None, report: Report) -> Report:
    """Say what the last save has changed."""
    from guardrail.model.money import brief

    if last:
        more = report.totals.monthly_cost - last.totals.monthly_cost
        blocking = sum(f.blocking for f in report.all_findings) - sum(f.blocking for f in last.all_findings)
        difference = f"monthly cost {brief(more, report.currency, signed=True)}, blocking findings {blocking:+d}"
        click.echo(f"guardrail: since the last save: {difference}", err=True)
    return report


def folders_of(settings: Settings) -> frozenset[Path]:
    """Return the folders with all that a check depends on: modules, plans, usage, guardrail.yaml, rules, waivers."""
    from guardrail.policy import fetched_files
    from guardrail.terraform.footprint import footprints

    parts = [part for source in settings.sources for part in footprints(Path(source.plan), source.choices)]
    folders = {folder for part in parts for folder in (*part.folders, *(file.parent for file in part.files))}
    folders |= {followed(Path(source.plan)) for source in settings.sources if Path(source.plan).is_dir()}
    rules = [settings.base / path for path in settings.rules.paths]
    rules += [file.parent for file in fetched_files(settings.base, settings.rules.sources)]
    folders |= {followed(folder) for path in (*rules, *settings.definitions) for folder in _tree(path)}
    usage = [source.usage for source in settings.sources]
    files = (settings.config_file, settings.waivers, settings.overlay, settings.rates, *usage)
    return frozenset(folders | {followed(file).parent for file in files if file} or {Path.cwd()})


def _tree(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield path
        yield from (folder for folder in path.rglob("*") if folder.is_dir())


def saved(folders: Collection[Path], since: float, own: Collection[Path], looked: Collection[Path] = ()) -> list[str]:
    """Wait until a file in the folders is newer than a time, and return which. Our own output does not count.

    `looked` are files that count whatever they are called, as the configuration reads them.
    """
    try:
        from watchfiles import DefaultFilter, watch  # an extra
    except ImportError:
        fix = "pip install 'guardrail-finops[watch]'"
        raise ConfigError("needs the package watchfiles", where="--watch", fix=fix) from None

    is_noise = DefaultFilter()

    def is_ours(change: Any, path: str) -> bool:
        file = Path(path)
        if file in own:
            return False
        return file in looked or (is_noise(change, path) and (bool(file.suffix) or file.name == "tfplan"))

    there = [folder for folder in folders if folder.is_dir()]
    changes = watch(*there, watch_filter=is_ours, recursive=False, rust_timeout=_PAUSE, yield_on_timeout=True)
    for found in changes:  # the first, even if empty, tells that the watch is under way
        names = {Path(path).name for _, path in found} or _missed(there, since, is_ours)
        if names:
            return sorted(names)
    raise KeyboardInterrupt


def _missed(folders: Collection[Path], since: float, is_ours: Any) -> set[str]:
    """Return the files that were saved while nobody watched."""
    found = {file for folder in folders for file in folder.iterdir() if file.is_file() and is_ours(None, str(file))}
    return {file.name for file in found if file.stat().st_mtime > since}
