"""`guardrail init`: guardrail in an existing repository."""

from __future__ import annotations

import shlex
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardrail.config_path import find_config
from guardrail.errors import GuardrailError, InputError

if TYPE_CHECKING:
    from guardrail.check.findings_by_rule import RuleFindings
    from guardrail.model.report import Report
    from guardrail.starter import Kind, Proposal, Survey

_KINDS: tuple[Kind, ...] = ("config", "rule", "hook", "workflow")
_COLUMN = 7  # where the text begins, behind its word
_NARROWEST = 40
_SHOWN = 5  # rules with what they find


@click.command(short_help="Set guardrail up in a repository: configuration, a first rule, hook, workflow.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option(
    "--only",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    metavar="KIND",
    help=f"Write only this file. Repeatable: {', '.join(_KINDS)}.",
)
def init(folder: Path, kinds: tuple[Kind, ...], *, dry_run: bool) -> None:
    """Set guardrail up in FOLDER: look for Terraform projects, and write the files that guardrail needs.

    These are guardrail.yaml, a first rule in policies/, the hook in .pre-commit-config.yaml, and the workflow in
    .github/workflows/guardrail.yml or .gitlab-ci.yml. Without a project, hook and workflow are left out. Existing files
    are kept; an existing .pre-commit-config.yaml gets one more entry.

    guardrail.yaml begins with the rules of all packs that find something in the projects. They are advisory there: each
    with how much it finds, what that would save a month where it is known, and an example. A project that cannot be
    read is named, and left out.

    \b
    Examples:
      guardrail init --dry-run
      guardrail init infra --only config --only rule
    """
    from guardrail.cli.progress import shown_progress
    from guardrail.starter import proposals, survey

    if not folder.is_dir():
        raise InputError("no such folder", where=str(folder), fix="name the folder of the repository")
    kinds = kinds or _KINDS
    with shown_progress():
        seen = survey(folder, with_findings="config" in kinds)
    proposed = proposals(seen, kinds)
    _say_found(seen)
    for one in proposed:
        if dry_run:
            _show(one)
        else:
            _write(one)
            _say(one)
    _say_findings(seen, proposed)
    for one in proposed:
        if one.by_hand:
            first, _, rest = one.by_hand.rstrip().partition("\n")
            click.echo()
            _line("to do", f"{_shown(one.path)}: {first}")
            click.echo(f"{rest}\n" if rest else "", nl=False)
    if dry_run:
        click.echo("\nnothing was written (--dry-run)")
    else:
        _say_next(seen, proposed)


def _say_found(seen: Survey) -> None:
    projects = [project.name for project in seen.projects]
    if not projects:
        what = (
            "nothing to check yet"
            if seen.notes
            else "no Terraform configuration and no plan: is this the right folder?"
        )
        _line("found", what)
    else:
        names = ", ".join(projects[:4]) + (" ..." if len(projects) > 4 else "")  # noqa: PLR2004
        counted = f"{len(projects)} project{'s' * (len(projects) != 1)}"
        resources = f"{seen.resources} resource{'s' * (seen.resources != 1)}"
        vendors = f" of {', '.join(sorted(seen.vendors))}" if seen.vendors else ""
        _line("found", f"{counted} ({names}), {resources}{vendors}")
    for note in seen.notes:
        _line("", note)


def _say_findings(seen: Survey, proposed: list[Proposal]) -> None:
    """Say what rules find, of those that a new guardrail.yaml begins with."""
    if not seen.findings or not any(one.kind == "config" and one.after for one in proposed):
        return
    click.echo()
    total = len(seen.findings)
    number = f"{total} rules find" if total > 1 else "1 rule finds"
    _line("finds", f"{number} something here. In guardrail.yaml each is advisory: it reports and does not block.")
    _list_findings(seen.findings)


def _list_findings(found: list[RuleFindings]) -> None:
    from guardrail.starter import finds

    for one in found[:_SHOWN]:
        _line("", f"{one.rule.rule.id}: {finds(one)}")
    if found[_SHOWN:]:
        _line("", f"and {len(found) - _SHOWN} more")


def _show(one: Proposal) -> None:
    if one.after is None:
        _say(one)
        return
    click.echo()
    for line in one.diff():
        click.echo(line)


def _say(one: Proposal) -> None:
    word = "wrote" if one.after is not None else "left" if one.by_hand else "kept"
    if one.after is None and not one.by_hand and not one.path.exists():
        word = "later"
    _line(word, _shown(one.path) + (f"  ({one.reason})" if one.reason else ""))


def _line(word: str, text: str) -> None:
    """Print a word and what goes with it, in lines that fit the terminal."""
    width = max(shutil.get_terminal_size().columns, _NARROWEST) - _COLUMN
    for number, line in enumerate(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)):
        click.echo(f"{'' if number else word:<{_COLUMN}}{line}")


def _write(one: Proposal) -> None:
    from guardrail.cli.output import write_whole

    if one.after is None:
        return
    mode = one.path.stat().st_mode if one.before is not None else None
    write_whole(one.path, one.after)
    if mode is not None:
        one.path.chmod(mode)


def _say_next(seen: Survey, proposed: list[Proposal]) -> None:
    if not seen.projects:
        click.echo()
        _line("next", "run guardrail init again once there is a plan, or where the configuration is")
        return
    config = next((one.path for one in proposed if one.kind == "config"), None) or find_config(seen.folder.resolve())
    report = _first_check(config) if config else None
    if config is None or report is None:
        return
    here = "" if find_config(Path.cwd()) == config.resolve() else f" --config {_shown(config)}"
    click.echo(f"\nnext   guardrail check{here}  # what it costs, and whether it passes")
    click.echo(f"       guardrail rules test{here}  # the examples in the rules")
    if any(one.kind == "hook" and one.after for one in proposed):
        click.echo("       pre-commit install  # the hook")
    _say_blocking(report, seen, proposed, here)
    idle = [one for one in seen.findings or () if one.rule.rule.id not in report.rules]
    if idle:
        click.echo()
        _line("more", f"rules that {config.name} does not activate find something here, such as:")
        _list_findings(idle)
        project = seen.projects[0]
        click.echo(f"       guardrail rules list{here} --all {shlex.quote(project.path or project.plan)}")


def _first_check(config: Path) -> Report | None:
    """Run the check that the files are for. What keeps it from being evaluated is said."""
    import os

    from guardrail.check.run import check
    from guardrail.config import Flags, settings
    from guardrail.terraform.options import Choices, terraform_environment

    try:
        return check(
            settings(Flags(config=config, choices=Choices(environ=terraform_environment(os.environ))), Path.cwd())
        )
    except GuardrailError as error:
        click.echo(f"\n`guardrail check` cannot run yet: {error}")
        return None


def _say_blocking(report: Report, seen: Survey, proposed: list[Proposal], here: str) -> None:
    blocking = [finding for finding in report.all_findings if finding.blocking]
    click.echo()
    if not blocking:
        known = " that could be evaluated" if seen.missing or seen.left_out else ""
        _line("today", f"nothing{known} blocks")
        return
    rules = sorted({finding.rule for finding in blocking})
    _line("today", f"{len(blocking)} finding{'s' * (len(blocking) != 1)} would block, by {', '.join(rules)}. To go on:")
    if not any(project.is_plan(seen.folder) for project in seen.projects):
        when = "" if seen.hosting.commits else "once there is a commit, "
        click.echo(f"       guardrail check{here} --base HEAD")
        _line("", f"  {when}existing violations are reported, and do not block")
        if any(one.kind in {"hook", "workflow"} and one.after for one in proposed):
            _line("", "  hook and workflow do that: only what a change brings in blocks it")
    _line("", "or report first and block later, in guardrail.yaml:")
    click.echo(f"       rules: {{set: {{{rules[0]}: {{enforcement: advisory}}}}}}")


def _shown(path: Path) -> str:
    from guardrail.terraform.configuration.code.files import shown

    return shown(path)
