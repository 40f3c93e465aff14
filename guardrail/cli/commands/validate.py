"""`guardrail validate`: what is wrong with configuration, rules, waivers and usage, without a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardrail.cli import suggest
from guardrail.config_path import find_config
from guardrail.errors import ConfigError
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.validation import Validation

_PATH = click.Path(path_type=Path)


@click.command(short_help="Check guardrail.yaml, rules, waivers and usage, without a plan.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_PATH, shell_complete=suggest.files)
@click.option("--config", type=_PATH, help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.")
def validate(files: tuple[Path, ...], config: Path | None) -> int:
    """Check guardrail.yaml and the files that it names: rules with their tests, waivers, usage, prices,
    definitions and KPIs, and allocation.yaml beside it.

    Each problem is one line: file, line, and what to do. FILE is any of these files: guardrail checks the configuration
    that names it, or the file alone if none does. No plan is read, and no network is used.

    \b
    Exit codes: 0 no problems, 2 problems found.
    """
    from guardrail.validation import Validation, validate_files

    if files and config:
        raise click.UsageError(
            "give files or --config, not both: each file is checked with the configuration that it belongs to"
        )
    if files:
        return _print_result(validate_files(files))
    result = Validation()
    result.configuration(_found(config))
    return _print_result(result)


def _found(config: Path | None) -> Path:
    from guardrail.terraform.configuration.code.files import shown

    if config is None and (nearest := find_config(Path.cwd())):
        return Path(shown(nearest))
    if config is None or not config.is_file():
        what = "no such configuration" if config else "no guardrail.yaml here or above"
        raise ConfigError(what, where=str(config or ""), fix="`guardrail init` writes one")
    return config


def _print_result(result: Validation) -> int:
    lines = dict.fromkeys(str(fault) for fault in result.faults)
    if lines or result.strangers or result.notes:
        from guardrail.report.text import safe  # only where there is something to say
    for line in lines:
        click.echo(safe(line))
    for note in result.notes:
        click.echo(f"guardrail: {safe(note)}", err=True)
    for stranger in result.strangers:
        click.echo(f"guardrail: {safe(stranger)}: not a file that guardrail reads; skipped", err=True)
    if lines:
        click.echo(f"guardrail: {len(lines)} problem{'s' * (len(lines) != 1)}", err=True)
        return ExitCode.NOT_EVALUATED
    own = f"{result.rules} rule{'s' * (result.rules != 1)} of your own, {result.tests} test{'s' * (result.tests != 1)} passed"
    click.echo("no problems" + (f": {own}" if result.rules else ""))
    return ExitCode.OK
