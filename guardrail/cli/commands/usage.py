"""`guardrail usage`: files that say what only people can know of their resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from guardrail.cli.options import flags, input_options


@click.group(short_help="Usage files: requests, gigabytes, hours that no plan can tell.")
def usage() -> None:
    """Usage files: requests, gigabytes and hours, which a plan does not contain, in the format of infracost-usage.yml."""


@usage.command(short_help="Print a usage file to fill in, for the resources of a plan.")
@input_options
@click.option(
    "--by",
    type=click.Choice(["type", "address"]),
    default="type",
    show_default=True,
    help="One entry per resource type, or per resource address.",
)
def init(by: str, **values: Any) -> None:
    """Print a usage file to fill in, for the resources of a plan.

    Every key has a comment with its unit and meaning. Keys without a default are commented out: a cost whose usage you
    leave out is reported as depending on usage, never as 0.

    \b
    Example:
      guardrail usage init plan.json > infracost-usage.yml
    """
    from guardrail.config import settings  # noqa: PLC0415
    from guardrail.costs import Library  # noqa: PLC0415
    from guardrail.costs.usage.template import usage_template  # noqa: PLC0415
    from guardrail.load import readable_plans  # noqa: PLC0415 - only when it runs

    chosen = settings(flags(values), Path.cwd())
    changes = [change for _, plan in readable_plans(chosen) for change in plan.changes]
    click.echo(usage_template(changes, Library(chosen.definitions), by_address=by == "address"), nl=False)
