"""`guardrail check --hook`: quiet where all is well, few lines where it is not, never in the way of a commit for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from guardrail.cli.options import Command
from guardrail.model.exit_code import ExitCode
from guardrail.model.report import Verdict

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.model.report import Report


def hook_options(command: Command) -> Command:
    """Add what makes a check fit for a commit hook."""
    for option in (
        click.option("--hook-strict", is_flag=True, help="With --hook: exit with 2 if something could not be checked."),
        click.option(
            "--hook",
            is_flag=True,
            help="For commit hooks: INPUT are the files of the commit, and their projects are compared with HEAD. Prints nothing if all is well, else at most 40 lines.",
        ),
    ):
        command = option(command)
    return command


def check_commit(values: dict[str, Any]) -> int:
    """Check what the files of a commit belong to, and say what is to be said of it."""
    from guardrail.cli.check.judging import judged
    from guardrail.cli.output import deliver, write_files
    from guardrail.hook import commit_of, is_plan
    from guardrail.model.report import FailOn
    from guardrail.report.text import safe

    files = values["inputs"]
    plans = tuple(filter(is_plan, files))
    is_narrow = len(plans) < len(files)
    remarks: list[str] = []

    def choose(settings: Settings) -> Settings:
        commit = commit_of(settings, files if is_narrow else ())
        remarks.extend(commit.remarks)
        return commit.settings

    report = judged({**values, "inputs": () if is_narrow else plans, "allow_no_plans": True}, choose)
    code = report.exit_code(FailOn(values["fail_on"]))
    for remark in remarks:
        click.echo(f"guardrail: {safe(remark)}", err=True)
    if click.get_current_context().get_parameter_source("format_name") is not ParameterSource.DEFAULT:
        deliver(report, values["format_name"], values["outs"], color=values["color"], details=values["details"])
    else:
        write_files(report, values["outs"], details=values["details"])
        click.echo(_short_report(report, code), nl=False)
    return int(ExitCode.NOT_EVALUATED if code is ExitCode.OK and remarks and values["hook_strict"] else code)


def _short_report(report: Report, code: ExitCode) -> str:
    """Return nothing where all is well, a line where the commit goes through with an open question, else a short report."""
    from guardrail.report.terminal.concise import LINES, concise

    if code is ExitCode.OK and report.verdict is Verdict.PASS:
        return ""
    return concise(report, lines=LINES if code is not ExitCode.OK else 1)
