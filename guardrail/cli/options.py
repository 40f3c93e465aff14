"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from guardrail.cli import suggest
from guardrail.cli.output import FORMAT_NAMES, Target

if TYPE_CHECKING:
    from guardrail.config import Flags

Command = TypeVar("Command", bound=Callable[..., Any])


class Moment(click.ParamType[datetime]):
    """A date or a time, for `--now`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return a time with its zone; UTC where none is given."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date or a time like 2026-01-31T12:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Day(click.ParamType[date]):
    """A day, like 2026-01-31."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-01-31", param, ctx)


class OutFile(click.ParamType[Target]):
    """FORMAT=PATH, for `--out`."""

    name = "format=path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """Return the format and the file."""
        if isinstance(value, Target):
            return value
        name, separator, path = str(value).partition("=")
        if not separator or not path or name not in FORMAT_NAMES:
            self.fail(f"{value!r} is not FORMAT=PATH with one of {', '.join(FORMAT_NAMES)}", param, ctx)
        return Target(name, Path(path))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the formats, then files."""
        _ = ctx, param
        name, separator, path = incomplete.partition("=")
        if separator:
            return [CompletionItem(path, type="file")]
        return [CompletionItem(f"{known}=") for known in FORMAT_NAMES if known.startswith(name)]


_PATH = click.Path(path_type=Path)


def input_options(command: Command) -> Command:
    """Add what chooses plans, configuration and prices."""
    for option in (
        click.option("--allow-no-plans", is_flag=True, help="Do not fail if a pattern matches no plan."),
        click.option(
            "--now", type=Moment(), help="Date or time at which waivers and the age of prices are judged. Default: now."
        ),
        click.option(
            "--catalog", type=_PATH, help="Price catalog (SQLite). Default: the synced catalog, else the shipped one."
        ),
        click.option(
            "--project",
            shell_complete=suggest.projects,
            help="Name of the project in reports, or the project of guardrail.yaml to check.",
        ),
        click.option(
            "--assume-usage",
            type=click.Choice(["small", "medium", "large", "none"]),
            help="Where no usage is given, assume that of a small, medium or large workload; reports mark what stands on it. "
            "Default: pricing.assume_usage of guardrail.yaml, else none.",
        ),
        click.option("--usage-file", "usage", type=_PATH, help="Usage file, in the format of infracost-usage.yml."),
        click.option(
            "--source",
            type=_PATH,
            help="Folder of the configuration that a plan was made from, for file and line. Default: the saved plan, else the folder of the plan.",
        ),
        click.option(
            "--base",
            "compare_with",
            default="",
            metavar="COMMIT|FOLDER|RESULT",
            help="Compare a configuration folder with another commit (at its merge base with HEAD), with another folder or plan, or with the JSON of an earlier run.",
        ),
        click.option(
            "--workspace", default="", help="For a configuration folder: the workspace. Default: the selected one."
        ),
        click.option(
            "--var-file",
            "var_files",
            type=_PATH,
            multiple=True,
            help="For a configuration folder: a variables file. Repeatable.",
        ),
        click.option(
            "--var",
            "variables",
            metavar="NAME=VALUE",
            multiple=True,
            help="For a configuration folder: a variable. Repeatable.",
        ),
        click.option(
            "--config", type=_PATH, help="Path of guardrail.yaml. Default: the nearest one, in this folder or above."
        ),
        click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=suggest.files),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """Add what chooses formats and colours."""
    for option in (
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="When to use colours; auto respects NO_COLOR and FORCE_COLOR.",
        ),
        click.option(
            "--out",
            "outs",
            type=OutFile(),
            multiple=True,
            metavar="FORMAT=PATH",
            help="Also write a report to a file. Repeatable.",
        ),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(FORMAT_NAMES),
            metavar="FORMAT",
            default="table",
            show_default=True,
            help=f"Format of the output: {', '.join(FORMAT_NAMES)}.",
        ),
    ):
        command = option(command)
    return command


def flags(values: dict[str, Any]) -> Flags:
    """Take the input options out of a command's arguments."""
    from guardrail.config import Flags  # only when a command runs: help and completion need none of it
    from guardrail.terraform.options import Choices, terraform_environment

    names = (
        "inputs",
        "config",
        "usage",
        "project",
        "catalog",
        "now",
        "allow_no_plans",
        "source",
        "compare_with",
        "assume_usage",
    )
    given = (*values["var_files"], *values["variables"])
    choices = Choices(given, values["workspace"], terraform_environment(os.environ))
    return Flags(choices=choices, **{name: values[name] for name in names})
