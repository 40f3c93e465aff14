"""`--fix`, `--fix-diff` and `--suggest` of `guardrail check`: mechanical edits of the configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from guardrail.config import Settings, Source
    from guardrail.fix import Fixes
    from guardrail.model.finding import Finding
    from guardrail.model.report import Report
    from guardrail.terraform.edit.sensitive_lines import SensitiveLines
    from guardrail.terraform.plan.reader import Plan

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = 3  # addresses on a line


class Mode(Enum):
    """What to do about findings."""

    NOTHING = ""
    APPLY = "fix"
    DIFF = "fix_diff"
    SUGGEST = "suggest"


def fix_options(command: Command) -> Command:
    """Add the options."""
    for option in (
        click.option("--suggest", is_flag=True, help="Include the edits in the report (JSON, SARIF, Markdown)."),
        click.option(
            "--fix-diff",
            is_flag=True,
            help="Print a diff of what --fix would do, for git apply, instead of the report.",
        ),
        click.option(
            "--fix", is_flag=True, help="Edit the configuration where a rule has an edit, then report what is left."
        ),
    ):
        command = option(command)
    return command


def mode_of(values: dict[str, Any]) -> Mode:
    """Take the options out of a command's arguments. Raises UsageError for more than one of them."""
    chosen = [mode for mode in Mode if mode.value and values.pop(mode.value)]
    if chosen[1:]:
        raise click.UsageError("give only one of --fix, --fix-diff and --suggest")
    return chosen[0] if chosen else Mode.NOTHING


def check_and_fix(settings: Settings, mode: Mode) -> Report:
    """Check, do what the mode asks for, and return the report to deliver. Raises GuardrailError."""
    from guardrail.check.run import check
    from guardrail.cli.progress import shown_progress

    read: list[tuple[Source, Plan]] | None = None
    more: list[Finding] = []
    if settings.recommend.in_check and mode in {Mode.NOTHING, Mode.SUGGEST}:
        from guardrail.recommend.findings import recommended  # only where the configuration asks for it

        with shown_progress():
            read, more = recommended(settings)
    if mode is Mode.NOTHING:
        with shown_progress():
            return check(settings, read=read, more=more)
    from guardrail.fix import check_again, fixes

    with shown_progress():
        found = fixes(settings, with_edits=mode is Mode.SUGGEST, read=read, more=more)
    if mode is Mode.APPLY:
        _write(found.files)
        report = check_again(settings, found) if found.files else found.before
        _print_summary(found)
        return report
    if mode is Mode.DIFF:
        _print_diff(found)
        _print_summary(found)
        return found.before
    return found.suggested


def _write(files: Mapping[Path, tuple[str, str]]) -> None:
    """Write each file whole; none if one has changed since it was read. Raises ConfigError."""
    from guardrail.cli.output import write_whole
    from guardrail.errors import ConfigError

    for file, (old, _) in files.items():
        if file.read_bytes() != old.encode():
            raise ConfigError("has changed while it was checked", where=str(file), fix="run it again")
        if not os.access(file, os.W_OK):
            raise ConfigError("may not be written; nothing was changed", where=str(file))
    for file, (_, new) in files.items():
        write_whole(file.resolve(), new)


def _print_diff(found: Fixes) -> None:
    print_diff(found.files, found.sensitive)


def print_diff(edited: Mapping[Path, tuple[str, str]], hidden: SensitiveLines, *, by: str = "--fix") -> None:
    """Print a diff as bytes: the line breaks of the files stay what they are on every system. Notes go to standard error.

    `by`: the option that makes edits which may not be shown, "" where there is none.
    """
    from guardrail import git
    from guardrail.fix.diffs import diff_of
    from guardrail.report.text import safe

    folder = next((file.resolve().parent for file in edited), Path.cwd())
    top = (git.top_of(folder) or Path.cwd()).resolve()
    diff = diff_of(edited, hidden, lambda file: _from(file, top), by=by)
    click.echo(diff.text.encode(), nl=False)
    for name, note in diff.notes:
        click.echo(safe(f"{name}: {note}", 2_000), err=True)


def _from(file: Path, top: Path) -> str:
    return Path(os.path.relpath(file.resolve(), top)).as_posix()


def _print_summary(found: Fixes) -> None:
    """Say on the other stream what is done, what is not and why, and what it saves."""
    from guardrail.report.text import safe

    for line in (*_done(found), *_left(found), *_others(found), _summary(found)):
        click.echo(safe(line, 2_000), err=True)


def _done(found: Fixes) -> Iterator[str]:
    alike: dict[tuple[str, str], list[str]] = {}
    for one in found.fixed:
        alike.setdefault((one.finding.rule, one.done), []).append(one.finding.subject)
    for (rule, done), subjects in alike.items():
        yield f"fixes {rule}: {_listed(subjects)}: {done}"


def _left(found: Fixes) -> Iterator[str]:
    alike: dict[tuple[str, str], list[str]] = {}
    for one in found.left:
        alike.setdefault((one.finding.rule, one.reason), []).append(one.finding.subject)
    for (rule, reason), subjects in alike.items():
        yield f"leaves {rule}: {_listed(subjects)}: {reason}"


def _others(found: Fixes) -> Iterator[str]:
    if found.others:
        yield f"also changes {_listed(found.others)}, which read the same values"


def _listed(subjects: list[str] | tuple[str, ...]) -> str:
    hidden = len(subjects) - _SHOWN
    return ", ".join(subjects[:_SHOWN]) + (f" and {hidden:,} more" if hidden > 0 else "")


def _summary(found: Fixes) -> str:
    from guardrail.model.finding import FindingStatus
    from guardrail.model.money import money
    from guardrail.report.format import count

    unknown = sum(one.finding.status is FindingStatus.UNKNOWN for one in found.left)
    judged = count(len(found.fixed) + len(found.left) - unknown, "finding")
    fixed = f"{len(found.fixed)} of {judged} fixed" + (f", {unknown:,} could not be judged" if unknown else "")
    again = "plan again to see what it saves" if any(not one.is_proved for one in found.fixed) else ""
    saving, gaps, change = found.saving, "", ""
    if saving:
        currency, more = found.before.currency, " (more than before)" if saving.after > saving.before else ""
        was, will = money(saving.before, currency), money(saving.after, currency)
        change = f"monthly cost {money(saving.after - saving.before, currency, signed=True)}: {was} -> {will}{more}"
        gaps = f"{count(saving.left_out, 'resource')} without a complete price left out" if saving.left_out else ""
    return "; ".join(filter(None, [fixed, change, gaps, again]))
