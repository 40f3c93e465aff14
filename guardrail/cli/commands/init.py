"""`guardrail init`: guardrail in an existing repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from guardrail.config_path import find_config
from guardrail.errors import GuardrailError, InputError

if TYPE_CHECKING:
    from guardrail.model.report import Report
    from guardrail.starter import Kind, Proposal, Survey

_KINDS: tuple[Kind, ...] = ("config", "rule", "hook", "workflow")


@click.command(short_help="Set guardrail up in a repository: configuration, a first rule, hook, workflow.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option(
    "--only",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    metavar="KIND",
    help=f"Only this; may be given several times: {', '.join(_KINDS)}.",
)
def init(folder: Path, kinds: tuple[Kind, ...], *, dry_run: bool) -> None:
    """Set guardrail up in FOLDER: look at what is there, and write what fits.

    Written are guardrail.yaml, a first rule in policies/, the hook in .pre-commit-config.yaml and the workflow
    .github/workflows/guardrail.yml. A file that exists is kept; an existing .pre-commit-config.yaml gets one entry.

    \b
    Examples:
      guardrail init --dry-run
      guardrail init infra --only config --only rule
    """
    from guardrail.starter import proposals, survey  # noqa: PLC0415 - only when it runs

    if not folder.is_dir():
        raise InputError("no such folder", where=str(folder), fix="name the folder of the repository")
    seen = survey(folder)
    found = proposals(seen, kinds or _KINDS)
    _say_found(seen)
    for one in found:
        if dry_run:
            _show(one)
        else:
            _write(one)
            _say(one)
    for one in found:
        if one.by_hand:
            click.echo(f"\nby hand, {_shown(one.path)}: {one.by_hand.rstrip()}")
    if dry_run:
        click.echo("\nnothing was written (--dry-run)")
    else:
        _say_next(seen, found)


def _say_found(seen: Survey) -> None:
    projects = [project.name for project in seen.projects]
    if not projects:
        click.echo(f"found  no Terraform configuration and no plan in {_shown(seen.folder)}: is this the right folder?")
    else:
        names = ", ".join(projects[:4]) + (" ..." if len(projects) > 4 else "")  # noqa: PLR2004
        counted = f"{len(projects)} project{'s' * (len(projects) != 1)}"
        resources = f"{seen.resources} resource{'s' * (seen.resources != 1)}"
        vendors = f" of {', '.join(sorted(seen.vendors))}" if seen.vendors else ""
        click.echo(f"found  {counted} ({names}), {resources}{vendors}")
    for note in seen.notes:
        click.echo(f"       {note}")


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
        word = "no"
    click.echo(f"{word:<6} {_shown(one.path)}" + (f"  ({one.reason})" if one.reason else ""))


def _write(one: Proposal) -> None:
    from guardrail.cli.output import write_whole  # noqa: PLC0415 - only when it writes

    if one.after is None:
        return
    mode = one.path.stat().st_mode if one.before is not None else None
    write_whole(one.path, one.after)
    if mode is not None:
        one.path.chmod(mode)


def _say_next(seen: Survey, found: list[Proposal]) -> None:
    if not seen.projects:
        click.echo(
            "\nnext: put guardrail where the configuration or the plans are, and check them: guardrail check FOLDER"
        )
        return
    config = next((one.path for one in found if one.kind == "config"), None) or find_config(seen.folder.resolve())
    report = _first_check(config) if config else None
    if config is None or report is None:
        return
    here = "" if find_config(Path.cwd()) == config.resolve() else f" --config {_shown(config)}"
    click.echo(f"\nnext   guardrail check{here}  # what it costs, and whether it passes")
    click.echo(f"       guardrail rules test{here}  # the examples in the rules")
    if any(one.kind == "hook" and one.after for one in found):
        click.echo("       pre-commit install  # the hook")
    _say_blocking(report, seen, found, here)


def _first_check(config: Path) -> Report | None:
    """Run the check that the files are for. What keeps it from being evaluated is said."""
    import os  # noqa: PLC0415

    from guardrail.check import check  # noqa: PLC0415
    from guardrail.config import Flags, settings  # noqa: PLC0415
    from guardrail.terraform.options import Choices, terraform_environment  # noqa: PLC0415

    try:
        return check(
            settings(Flags(config=config, choices=Choices(environ=terraform_environment(os.environ))), Path.cwd())
        )
    except GuardrailError as error:
        click.echo(f"\n`guardrail check` cannot be evaluated yet: {error}")
        return None


def _say_blocking(report: Report, seen: Survey, found: list[Proposal], here: str) -> None:
    blocking = [finding for finding in report.all_findings if finding.blocking]
    if not blocking:
        click.echo("\ntoday  nothing blocks")
        return
    rules = sorted({finding.rule for finding in blocking})
    click.echo(
        f"\ntoday  {len(blocking)} finding{'s' * (len(blocking) != 1)} would block, by {', '.join(rules)}. To go on:"
    )
    if not any(project.is_plan(seen.folder) for project in seen.projects):
        when = "" if seen.hosting.commits else "once there is a commit: "
        click.echo(
            f"       guardrail check{here} --base HEAD  # {when}what is there already is reported, and does not block"
        )
        if any(one.kind in {"hook", "workflow"} and one.after for one in found):
            click.echo("       so do the hook and the workflow: only what a change brings in blocks it")
    click.echo("       or report first and block later, in guardrail.yaml:")
    click.echo(f"       rules: {{set: {{{rules[0]}: {{enforcement: advisory}}}}}}")


def _shown(path: Path) -> str:
    from guardrail.terraform.configuration.files import shown  # noqa: PLC0415 - only when it runs

    return shown(path)
