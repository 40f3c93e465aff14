"""`guardrail check`: what a plan costs, and whether it passes."""

from __future__ import annotations

from typing import Any

import click

from guardrail.cli.check.fix import Mode, check_and_fix, fix_options, mode_of
from guardrail.cli.check.hook import check_commit, hook_options
from guardrail.cli.check.policy_ref import policy_ref_option
from guardrail.cli.check.replay import check_replay, replay_option
from guardrail.cli.check.watch import watch, watch_option
from guardrail.cli.limits import limit_options, limited
from guardrail.cli.options import input_options, output_options


@click.command(short_help="Price plans and check them against the rules: pass or fail.")
@input_options
@output_options
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn", "never"]),
    default="deny",
    show_default=True,
    help="Exit with 1 if a finding blocks (deny), also on warnings (warn), or never.",
)
@limit_options
@policy_ref_option
@replay_option
@watch_option
@hook_options
@fix_options
@click.option("--details", is_flag=True, help="Show every cost component of every resource in the table.")
def check(**values: Any) -> int:
    """Price plans and check them against the rules: pass or fail.

    INPUT is plan JSON (`terraform show -json tfplan > plan.json`), a saved plan, a folder with a plan.json in it, a
    folder of configuration, or - for standard input; repeatable; quoted globs are
    expanded. Default: the projects of guardrail.yaml, else the current folder.

    \b
    Examples:
      guardrail check plan.json
      guardrail check --config policies/guardrail.yaml 'plans/*.json'
      guardrail check plan.json --format json --out markdown=comment.md
      guardrail check plan.json --fail-on never        # report only
      guardrail check . --fix-diff | git apply         # review it first
      guardrail check --replay stored --policy-ref main   # what changed rules would newly fail

    \b
    Exit codes: 0 nothing blocks, 1 blocked by policy, 2 could not be evaluated, 3 internal error.
    They are the same for every format.
    """
    from guardrail.cli.check.judging import judged
    from guardrail.cli.hints import tell_of_sync
    from guardrail.cli.output import deliver, write_files
    from guardrail.model.report import FailOn

    if values["replayed"]:
        with limited(values["seconds"], values["megabytes"]):
            return check_replay(values)
    mode, is_hook = mode_of(values), values["hook"] or values["hook_strict"]
    if mode is not Mode.NOTHING and (is_hook or values["stays"]):
        raise click.UsageError("--fix, --fix-diff and --suggest cannot be combined with --hook or --watch")
    if values["stays"]:
        return watch(values)
    with limited(values["seconds"], values["megabytes"]):
        if is_hook:
            return check_commit(values)
        report = judged(values, evaluate=lambda settings: check_and_fix(settings, mode))
        if mode is Mode.DIFF:
            write_files(report, values["outs"], details=values["details"])
        else:
            deliver(report, values["format_name"], values["outs"], color=values["color"], details=values["details"])
            tell_of_sync(report)
    return int(report.exit_code(FailOn(values["fail_on"])))
