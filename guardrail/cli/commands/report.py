"""`guardrail report`: results of checks as one report, brought to where people look."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from guardrail.cli import suggest
from guardrail.cli.check.policy_ref import policy_ref_option, revision_of
from guardrail.cli.notices import logged_if_asked, tell
from guardrail.cli.options import Moment, output_options
from guardrail.errors import ConfigError, DeliveryError

if TYPE_CHECKING:
    from guardrail.config import Settings
    from guardrail.deliver import Options
    from guardrail.model.report import Report
    from guardrail.platforms.context import Overrides

_PATH = click.Path(path_type=Path)


@click.command(short_help="Merge check results and publish them: comment, summary, status.")
@click.argument("results", metavar="RESULT...", nargs=-1, required=True, shell_complete=suggest.files)
@click.option(
    "--config",
    type=_PATH,
    help="Path of guardrail.yaml, for budgets and waivers. Default: the nearest one, in this folder or above.",
)
@click.option("--now", type=Moment(), help="Time of the report. Default: now.")
@output_options
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "warn", "never"]),
    default="deny",
    show_default=True,
    help="Exit with 1 if a finding blocks (deny), also on warnings (warn), or never.",
)
@policy_ref_option
@click.option(
    "--comment",
    type=click.Choice(["always", "changes", "failures", "never"]),
    default="changes",
    show_default=True,
    help="When to post the first comment on a change. An existing comment is always updated.",
)
@click.option(
    "--comment-mode",
    type=click.Choice(["update", "new", "hide-and-new", "delete-and-new"]),
    default="update",
    show_default=True,
    help="What to do with the comment of an earlier run.",
)
@click.option(
    "--comment-key",
    default="default",
    show_default=True,
    help="Each key has its own comment: give each matrix job another one.",
)
@click.option("--pr", type=click.IntRange(min=1), help="Number of the pull request. Default: from the CI environment.")
@click.option("--repo", metavar="OWNER/NAME", help="Repository. Default: from the CI environment.")
@click.option("--commit", metavar="SHA", help="Commit that was checked. Default: from the CI environment.")
@click.option("--github-api-url", metavar="URL", help="Address of the GitHub API, with or without /api/v3.")
@click.option("--ca-bundle", metavar="FILE", help="File of CA certificates to trust, like REQUESTS_CA_BUNDLE.")
@click.option("--summary/--no-summary", default=True, help="Write the job summary, where the CI has one. Default: yes.")
@click.option(
    "--annotations/--no-annotations",
    default=True,
    help="Write annotations on GitHub Actions and Bitbucket. Default: yes.",
)
@click.option(
    "--outputs/--no-outputs", default=True, help="Set the outputs of the step on GitHub Actions. Default: yes."
)
@click.option("--status/--no-status", default=False, help="Set the commit status. Default: no.")
@click.option(
    "--suggestions/--no-suggestions",
    default=False,
    help="Post review suggestions on GitHub, for results of `check --suggest`. Default: no.",
)
@click.option(
    "--slack",
    type=click.Choice(["always", "changes", "failures", "never"]),
    default="never",
    show_default=True,
    help="When to post to Slack, through the webhook in SLACK_WEBHOOK_URL.",
)
@click.option(
    "--teams",
    type=click.Choice(["always", "changes", "failures", "never"]),
    default="never",
    show_default=True,
    help="When to post to Microsoft Teams, through the workflow in TEAMS_WEBHOOK_URL.",
)
@click.option("--require-delivery", is_flag=True, help="Exit with 4 if something could not be delivered.")
@click.option("--from-artifact", is_flag=True, help="The results come from an untrusted run, such as that of a fork.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be posted, without any call and without writing job files."
)
def report(**values: Any) -> int:
    """Merge the JSON of one or more checks into one report, and publish it.

    RESULT is a file that `guardrail check --out json=FILE` wrote; quoted globs are expanded. With guardrail.yaml,
    budgets are checked again over the projects of all results.

    The exit code is that of the check. A failed delivery is a warning; it changes the exit code only with
    --require-delivery, or if it is a message for --slack or --teams.

    \b
    Examples:
      guardrail report 'results/*.json'
      guardrail report result.json --comment-key prod --comment always
      guardrail report result.json --format markdown --comment never

    \b
    Exit codes: 0 nothing blocks, 1 blocked by policy, 2 could not be evaluated, 3 internal error, 4 not delivered.
    """
    from guardrail.check.combine import combine
    from guardrail.cli.output import deliver as write
    from guardrail.deliver import deliver
    from guardrail.model.exit_code import ExitCode
    from guardrail.model.report import FailOn

    now = values["now"] or datetime.now(UTC)
    trusted = not values["from_artifact"]
    results = _results(values["results"], trusted=trusted)
    whole, told = _with_policy(results, values, now) if trusted or values["config"] else (combine(results, None), "")
    code = whole.exit_code(FailOn(values["fail_on"]))
    write(whole, values["format_name"], values["outs"], color=values["color"], details=False)
    if values["annotations"] and os.environ.get("GITHUB_ACTIONS") == "true" and not values["dry_run"]:
        _annotate(whole)
    with logged_if_asked():
        done = deliver(
            whole, code, replace(_options(values, whole), last_line=told), environ=os.environ, now=now, tell=tell
        )
    if (done.untold or (values["require_delivery"] and not done.complete)) and code is ExitCode.OK:
        raise DeliveryError("not everything was delivered", fix="see the warnings above")
    return int(code)


def _results(given: Iterable[str], *, trusted: bool) -> list[tuple[str, Report]]:
    """Read the results. Raises ConfigError for a pattern that matches nothing, InputError for a file."""
    from guardrail.report.json.read import (
        MAX_ARTIFACT_BYTES,
        MAX_BYTES,
        read_result,
    )

    found: list[str] = []
    for pattern in given:
        matches = [pattern] if Path(pattern).exists() or not re.search(r"[*?\[]", pattern) else _expanded(pattern)
        if not matches:
            raise ConfigError(f"no result matches {pattern}", fix="write one with `guardrail check --out json=FILE`")
        found += matches
    limit = MAX_BYTES if trusted else MAX_ARTIFACT_BYTES
    return [(name, read_result(Path(name), max_bytes=limit)) for name in dict.fromkeys(found)]


def _expanded(pattern: str) -> list[str]:
    anchor = Path(pattern).anchor
    return sorted(path.as_posix() for path in Path(anchor).glob(pattern[len(anchor) :]) if path.is_file())


def _with_policy(results: list[tuple[str, Report]], values: dict[str, Any], now: datetime) -> tuple[Report, str]:
    """Merge results under the configuration, if there is one, and judge again what waits for approval. Its plans are not read.

    Returns the report, and the line that keeps what its comment tells of approvals.
    """
    from guardrail.approvals import approvals_base
    from guardrail.check.combine import combine
    from guardrail.config import Flags
    from guardrail.platforms.context import proposal
    from guardrail.policy_ref import settings_at

    proposed = proposal(os.environ)
    revision = revision_of(values["policy_ref"], proposed)
    given = Flags(inputs=("-",), config=values["config"], now=now)
    with settings_at(given, Path.cwd(), revision) as found:
        if not found.config_file:
            return combine(results, None), ""
        at = approvals_base(found, revision, proposed.base, is_change=proposed.change is not None)
        chosen = replace(found, pr=proposed.for_rules, approvals_at=at)
        whole = combine(results, chosen)
        trusted = not values["from_artifact"]
        return _signed_off(whole, chosen, values, now) if trusted and not values["dry_run"] else (whole, "")


def _signed_off(whole: Report, chosen: Settings, values: dict[str, Any], now: datetime) -> tuple[Report, str]:
    """Ask the platform for approvals, where something waits for them."""
    from guardrail.signing_off import Reading, signed_off

    reading = Reading(
        _overrides(values, whole), values["comment_key"], values["comment"] != "never", now, os.environ, tell
    )
    with logged_if_asked():
        return signed_off(whole, chosen, reading)


def _options(values: dict[str, Any], whole: Report) -> Options:
    from guardrail.deliver import Options, When
    from guardrail.platforms.comment import KEY_LIMIT, Mode

    if len(values["comment_key"]) > KEY_LIMIT:
        raise ConfigError(f"is longer than {KEY_LIMIT} characters", where="--comment-key")
    names = ("summary", "outputs", "status", "suggestions", "annotations", "dry_run")
    return Options(
        comment=When(values["comment"]),
        mode=Mode(values["comment_mode"]),
        key=values["comment_key"],
        chats={chat: When(values[chat]) for chat in ("slack", "teams")},
        trusted=not values["from_artifact"],
        overrides=_overrides(values, whole),
        **{name: values[name] for name in names},
    )


def _overrides(values: dict[str, Any], whole: Report) -> Overrides:
    from guardrail.platforms.context import Overrides

    # An artifact's number is only a claim: it counts where the head of that pull request is the event's commit.
    is_artifact = values["from_artifact"]
    number_in_results = whole.pull_request.number if whole.pull_request and is_artifact else None
    return Overrides(
        repository=values["repo"],
        number=values["pr"] or number_in_results,
        api_url=values["github_api_url"],
        ca_bundle=values["ca_bundle"],
        commit=values["commit"],
    )


def _annotate(whole: Report) -> None:
    """Print annotations on the other stream: standard output is the report's alone."""
    from guardrail.files.repository import seen_from_repository
    from guardrail.report.ci.annotations import annotate

    click.echo(annotate(seen_from_repository(whole, Path.cwd())), err=True, nl=False)
