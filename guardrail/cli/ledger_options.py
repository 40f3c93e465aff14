"""What commands of the ledger share: which ledger is meant, which cost, whose it is, and the time that stands for now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from guardrail.cli.options import Moment
from guardrail.errors import InputError

if TYPE_CHECKING:
    from guardrail.config import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def ledger_options(command: Command) -> Command:
    """Add the options that say which ledger is meant."""
    where = (
        "Folder of the ledger, or its address (s3://bucket/prefix). Default: what guardrail.yaml names, else ledger."
    )
    command = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Path of guardrail.yaml. Default: the nearest one, in this folder or above.",
    )(command)
    return click.option("--ledger", "where", metavar="PATH", help=where)(command)


allocation_option = click.option(
    "--allocation",
    "allocation_file",
    type=click.Path(path_type=Path),
    help="Rules that say whose a cost is. Default: allocation.yaml beside guardrail.yaml, or in this folder.",
)
cost_option = click.option(
    "--cost",
    type=click.Choice(["effective", "billed"]),
    default="effective",
    show_default=True,
    help="Which cost: with commitments spread over what they are for, or as invoiced.",
)
now_option = click.option("--now", type=Moment(), help="Time to take for now. Default: now.")


def settings_of(values: dict[str, Any]) -> Settings:
    """Return what guardrail.yaml says. Raises ConfigError."""
    from guardrail.config import Flags, settings

    return settings(Flags(inputs=("-",), config=values["config"]), Path.cwd())


def no_bill(where: str, which: str = "", fix: str = "") -> InputError:
    """Return the error about a ledger without a bill; `which`: of which kind it has none, `fix`: what else may help."""
    return InputError(
        f"this ledger has no bill{which}",
        where=where,
        fix="; ".join(filter(None, ["`guardrail ledger import` adds one", fix])),
    )


def ledger_of(values: dict[str, Any], chosen: Settings | None = None) -> str:
    """Return where the ledger is: what the command line says, else guardrail.yaml."""
    return values["where"] or (chosen or settings_of(values)).ledger
