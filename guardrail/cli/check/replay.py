"""`guardrail check --replay`: today's rules over the plans and results of earlier runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from guardrail.cli.check.policy_ref import HEAD, revision_of
from guardrail.cli.options import flags
from guardrail.model.exit_code import ExitCode

if TYPE_CHECKING:
    from guardrail.replay.outcome import Replay

Command = TypeVar("Command", bound=Callable[..., Any])

_FORMATS = ("table", "json", "markdown")
_NOT_WITH = {
    "source": "--source",
    "compare_with": "--base",
    "project": "--project",
    "workspace": "--workspace",
    "var_files": "--var-file",
    "variables": "--var",
    "stays": "--watch",
    "hook": "--hook",
    "hook_strict": "--hook-strict",
    "fix": "--fix",
    "fix_diff": "--fix-diff",
    "suggest": "--suggest",
}


def replay_option(command: Command) -> Command:
    """Add the option."""
    return click.option(
        "--replay",
        "replayed",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR|FILE",
        help="Check stored plans and results instead, and list what would newly fail or pass: against the verdicts in the "
        "results, or against the rules of --policy-ref. Repeatable.",
    )(command)


def check_replay(values: dict[str, Any]) -> int:
    """Replay what is stored, print the outcome and return the exit code. Raises GuardrailError."""
    if values["inputs"]:
        raise click.UsageError("--replay names what is checked: give no INPUT")
    for name, option in _NOT_WITH.items():
        if values.get(name):
            raise click.UsageError(f"--replay cannot be combined with {option}")
    for chosen in (values["format_name"], *(target.format_name for target in values["outs"])):
        if chosen not in _FORMATS:
            raise click.UsageError(f"--replay is written as {', '.join(_FORMATS)}, not as {chosen}")
    found = _replay(values)
    _deliver(found, values)
    if found.unreadable:
        return int(ExitCode.NOT_EVALUATED)
    return int(ExitCode.BLOCKED if _blocks(found, values["fail_on"]) else ExitCode.OK)


def _replay(values: Mapping[str, Any]) -> Replay:
    from msgspec.structs import replace

    from guardrail.cli.progress import shown_progress
    from guardrail.config import settings
    from guardrail.platforms.context import proposal
    from guardrail.policy_ref import settings_at
    from guardrail.replay.judged import policy_of
    from guardrail.replay.replay import replay
    from guardrail.replay.stored import stored_runs

    given = replace(flags(dict(values)), allow_no_plans=True)
    revision = revision_of(values["policy_ref"], proposal(os.environ))
    with ExitStack() as stack, shown_progress():
        chosen = settings(given, Path.cwd())
        base = stack.enter_context(settings_at(given, Path.cwd(), revision)) if revision != HEAD else None
        head_policy, base_policy = policy_of(chosen), policy_of(base) if base else None
        stored = stored_runs(values["replayed"], [one.name for one in chosen.projects])
        against = revision if base else ""
        return replay(stored, head_policy, base_policy, now=given.now, today=chosen.now, against=against)


def _deliver(found: Replay, values: Mapping[str, Any]) -> None:
    from guardrail.cli.output import say, write_whole
    from guardrail.replay.document import as_json
    from guardrail.replay.text import as_markdown, as_text

    texts = {"table": as_text, "json": as_json, "markdown": as_markdown}
    for target in values["outs"]:
        write_whole(target.path, texts[target.format_name](found))
    say(texts[values["format_name"]](found))


def _blocks(found: Replay, fail_on: str) -> bool:
    from guardrail.replay.outcome import Kind

    counts = found.counts
    return fail_on != "never" and bool(counts[Kind.NEWLY_FAILS] or (fail_on == "warn" and counts[Kind.NEWLY_WARNS]))
