"""`guardrail estimate`: what a plan costs, without judging it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from guardrail.cli.limits import limit_options, limited
from guardrail.cli.options import flags, input_options, output_options


@click.command(short_help="Show what a plan costs, line by line.")
@input_options
@output_options
@limit_options
def estimate(**values: Any) -> int:
    """Price plans, without checking them against the rules.

    INPUT is plan JSON (`terraform show -json tfplan > plan.json`), a saved plan, a folder with a plan.json in it, a
    folder of configuration, or - for standard input; repeatable; quoted globs are
    expanded. Default: the projects of guardrail.yaml, else the current folder.

    \b
    Examples:
      guardrail estimate plan.json
      guardrail estimate plan.json --usage-file infracost-usage.yml
      terraform show -json tfplan | guardrail estimate -
      guardrail estimate 'plans/*.json' --out json=costs.json
    """
    from guardrail.check.run import estimate as run
    from guardrail.cli.check.judging import with_its_run
    from guardrail.cli.output import deliver
    from guardrail.cli.progress import shown_progress
    from guardrail.config import settings
    from guardrail.platforms.context import proposal

    with limited(values["seconds"], values["megabytes"]):
        with shown_progress():
            chosen = settings(flags(values), Path.cwd())
            report = with_its_run(run(chosen), chosen, proposal(os.environ))
        deliver(report, values["format_name"], values["outs"], color=values["color"], details=True)
    return int(report.exit_code())
