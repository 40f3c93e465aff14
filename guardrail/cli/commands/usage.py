"""`guardrail usage`: files that say what only people can know of their resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from guardrail.cli.commands.finops.usage_learn import learn
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
    leave out is reported as depending on usage, never as 0. With --assume-usage, the comments hold the values of that
    profile and what they stand for: remove the # before what is true of yours.

    \b
    Examples:
      guardrail usage init plan.json > infracost-usage.yml
      guardrail usage init plan.json --assume-usage medium
    """
    from guardrail.config import settings
    from guardrail.costs import Library
    from guardrail.costs.usage.template import usage_template
    from guardrail.load import readable_plans

    chosen = settings(flags(values), Path.cwd())
    changes = [change for _, plan in readable_plans(chosen) for change in plan.changes]
    library = Library(chosen.definitions)
    template = usage_template(changes, library, by_address=by == "address", profile=chosen.usage_profile)
    click.echo(template, nl=False)


@usage.command(short_help="Print what each profile of --assume-usage assumes, and why.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@click.argument("types", metavar="[TYPE]...", nargs=-1)
def assumptions(types: tuple[str, ...], format_name: str) -> None:
    """Print what each profile of --assume-usage assumes of usage that nobody gives, and what workload it stands for.

    TYPE is a resource type; default: all of them. Keys that the profiles leave out are listed with the reason.

    \b
    Examples:
      guardrail usage assumptions aws_lambda_function
      guardrail usage assumptions --format json
    """
    from guardrail.costs.usage.assumptions_text import assumptions_json, assumptions_text

    click.echo(assumptions_json(types) if format_name == "json" else assumptions_text(types), nl=False)


usage.add_command(learn)
