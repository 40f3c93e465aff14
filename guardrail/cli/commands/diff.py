"""`guardrail diff`: what one state of things costs more than another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from guardrail.cli.limits import limit_options, limited
from guardrail.cli.options import flags, input_options, output_options
from guardrail.errors import InputError

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report


@click.command(short_help="Compare the cost of two plans, folders or results.")
@click.argument("base", metavar="BASE")
@input_options
@output_options
@limit_options
@click.option("--details", is_flag=True, help="Show every cost component of every resource in the table.")
def diff(base: str, **values: Any) -> int:
    """Compare the monthly cost of two plans, folders or results, without checking rules.

    BASE and INPUT are plans, folders of configuration, or the JSON of an earlier check or estimate, in any mix. Of a
    plan, the state after the change counts. BASE may also be a commit, if INPUT is a folder. Default of INPUT: the
    projects of guardrail.yaml, else the current folder.

    \b
    Examples:
      guardrail diff main.json plan.json
      guardrail diff ../main/infra infra
      guardrail diff origin/main
      guardrail diff monday.json friday.json --format markdown
    """
    from guardrail.cli.output import deliver
    from guardrail.cli.progress import shown_progress

    if values["compare_with"]:
        raise click.UsageError("give the base as BASE, not with --base")
    with limited(values["seconds"], values["megabytes"]):
        with shown_progress():
            report = _difference(base, values)
        deliver(report, values["format_name"], values["outs"], color=values["color"], details=values["details"])
    return int(report.exit_code())


def _difference(base: str, values: dict[str, Any]) -> Report:
    from guardrail.check.run import estimate
    from guardrail.config import settings
    from guardrail.load import refuse_other_profile
    from guardrail.model.runs.comparison import difference, remarks

    if not Path(base).exists():
        return estimate(settings(flags({**values, "compare_with": base}), Path.cwd()))
    former, now = _side((base,), values), _side(values["inputs"], values)
    if former.currency != now.currency:
        raise InputError(f"is in {former.currency}, and the other side in {now.currency}", where=base)
    refuse_other_profile(former.usage_profile, now.usage_profile, base)
    added_warnings = [f"{base}: {text}" for text in former.warnings if text not in now.warnings] + remarks(
        former, now, base
    )
    return replace(difference(former, now), warnings=(*now.warnings, *added_warnings))


def _side(given: tuple[str, ...], values: dict[str, Any]) -> Report:
    """Price one side, or read what it has cost."""
    from guardrail.check.run import estimate
    from guardrail.config import settings
    from guardrail.report.json.read import is_result, read_result

    if len(given) == 1 and is_result(Path(given[0])):
        return read_result(Path(given[0]))
    chosen: Settings = settings(flags({**values, "inputs": given}), Path.cwd())
    return estimate(chosen)
