"""The command line: the only place that prints, exits and catches."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from guardrail import __version__
from guardrail.cli.lazy import LazyGroup
from guardrail.errors import DeliveryError, GuardrailError
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from io import TextIOWrapper

COMMANDS = {
    "check": "guardrail.cli.commands.check:check",
    "estimate": "guardrail.cli.commands.estimate:estimate",
    "diff": "guardrail.cli.commands.diff:diff",
    "report": "guardrail.cli.commands.report:report",
    "fleet": "guardrail.cli.commands.fleet:fleet",
    "explain": "guardrail.cli.commands.explain:explain",
    "rules": "guardrail.cli.commands.rules.command:rules",
    "usage": "guardrail.cli.commands.usage:usage",
    "pricing": "guardrail.cli.commands.pricing.command:pricing",
    "ledger": "guardrail.cli.commands.finops.ledger.command:ledger",
    "spend": "guardrail.cli.commands.finops.spend:spend",
    "accuracy": "guardrail.cli.commands.finops.accuracy:accuracy",
    "budget": "guardrail.cli.commands.finops.budget:budget",
    "anomalies": "guardrail.cli.commands.finops.anomalies:anomalies",
    "recommend": "guardrail.cli.commands.finops.recommend:recommend",
    "dashboard": "guardrail.cli.commands.finops.dashboard:dashboard",
    "kpi": "guardrail.cli.commands.finops.kpi.command:kpi",
    "savings": "guardrail.cli.commands.finops.savings:savings",
    "waive": "guardrail.cli.commands.waive:waive",
    "approve": "guardrail.cli.commands.approve:approve",
    "init": "guardrail.cli.commands.init:init",
    "validate": "guardrail.cli.commands.validate:validate",
    "serve": "guardrail.cli.commands.serve:serve",
    "schema": "guardrail.cli.commands.schema:schema",
    "completion": "guardrail.cli.commands.completion:completion",
}
"""Command -> where it is defined; loaded when it is asked for."""

_LONGEST_NAME = 300
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

COMPLETE = "_GUARDRAIL_COMPLETE"
"""Environment variable by which a shell asks what may come next."""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="guardrail", message="%(prog)s %(version)s")
def cli() -> None:
    """Show what a Terraform change costs, and check it against your rules. Works offline, without an API key.

    guardrail reads a plan (`terraform show -json tfplan > plan.json`), prices it from a catalog on disk, checks it
    against rules written in CEL, and passes or fails it.

    \b
    Exit codes:
      0    evaluated, and nothing blocks
      1    blocked by policy
      2    could not be evaluated: error in the input, the configuration, a rule or the catalog
      3    internal error: a bug in guardrail
      4    a requested delivery failed
      130  interrupted
    """
    from guardrail.cli.cache_folder import refuse_committed

    refuse_committed()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: the one place where errors end."""
    if argv is None:
        # A run is short and leaves no cycles; looking for them, now or at the end, is a fifth of its time.
        gc.disable()
        # Looking for plugins of pydantic, which are others', takes longer than reading a configuration.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        atexit.register(gc.freeze)
    _speak_utf8(sys.stdout)
    _speak_utf8(sys.stderr)
    try:
        return _answered(sys.argv[1:] if argv is None else argv)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return ExitCode.NOT_EVALUATED
    except (BrokenPipeError, SystemExit):
        # Whoever reads us has had enough (`| head`), where click would exit with 1, which is for violations alone;
        # what is left in the buffer must not fail at shutdown. What judges has its own way out (cli/output.py).
        _to_nowhere()
        return ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever it is, it ends in one line
        return _refuse(*_ending(error))


def _ending(error: BaseException) -> tuple[str, ExitCode]:
    """Return what to say of an error, and the exit code that it ends with."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "interrupted", ExitCode.INTERRUPTED
    if isinstance(error, click.ClickException):
        return error.format_message(), ExitCode.NOT_EVALUATED
    if isinstance(error, GuardrailError):
        return str(error), ExitCode.NOT_DELIVERED if isinstance(error, DeliveryError) else ExitCode.NOT_EVALUATED
    # A full disk is no bug, and the verdict is known: what is missing is the delivery.
    if isinstance(error, OSError) and error.errno in _FULL:
        _to_nowhere()
        return f"nothing more can be written: {error.strerror}", ExitCode.NOT_DELIVERED
    if isinstance(error, OSError) and isinstance(error.filename, str):
        # A name that people wrote and the system refuses to look at, for its length or its rights for example.
        return f"{error.filename[:_LONGEST_NAME]}: cannot be read: {error.strerror}", ExitCode.NOT_EVALUATED
    if isinstance(error, RuntimeError) and (loop := str(error).partition("Symlink loop from ")[2]):
        # Until Python 3.13, Path.resolve raises this for a link that leads to itself.
        return f"{loop.strip(chr(39))[:_LONGEST_NAME]}: a link that leads to itself", ExitCode.NOT_EVALUATED
    from guardrail.cli.bug import bug_report  # a bug ends in a file to report, not in a traceback

    return bug_report(error), ExitCode.BUG


def _answered(argv: Sequence[str]) -> int:
    if asked := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete  # only for a shell

        return shell_complete(cli, {}, "guardrail", COMPLETE, asked)
    result = cli.main(list(argv), prog_name="guardrail", standalone_mode=False)
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(result or ExitCode.OK)


def _to_nowhere() -> None:
    """Let what is left in the buffer of standard output go nowhere, so that it does not fail at shutdown."""
    from guardrail.cli.output import to_nowhere

    to_nowhere()


def _refuse(message: str, code: ExitCode) -> int:
    from guardrail.report.text import safe

    click.echo(f"guardrail: {safe(message)}", err=True)
    return code


def _speak_utf8(stream: object) -> None:
    """A cp1252 or ASCII console must not end a run at the first arrow."""
    if hasattr(stream, "reconfigure") and (getattr(stream, "encoding", "") or "").lower().replace("-", "") != "utf8":
        reconfigurable: TextIOWrapper = stream  # type: ignore[assignment] # it has the method
        reconfigurable.reconfigure(encoding="utf-8", errors="replace")
