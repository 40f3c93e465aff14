"""Brings a report to where people look: step outputs, job summary, annotations, the comment, the commit's status.

Nothing here changes the verdict. What cannot be delivered is said, and counts only where it is asked to count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from guardrail.errors import GuardrailError
from guardrail.files.repository import repository_files, seen_from_repository
from guardrail.http import Deadline
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import FindingStatus
from guardrail.model.money import plain, rounded
from guardrail.model.report import Report, Verdict
from guardrail.model.resource import Action
from guardrail.model.totals import Bound
from guardrail.platforms.annotation import Annotation, Severity
from guardrail.platforms.comment import Comment, Marker, Mode, NotPostedError, Outcome, Posted
from guardrail.platforms.context import REPOSITORY, Context, Overrides, read_context
from guardrail.platforms.detect import (
    ANNOTATE,
    PLATFORMS,
    SUGGEST,
    WITH_CHARTS,
    WITHOUT_HTML,
    Platform,
    detect,
    run_url,
)
from guardrail.platforms.runner import write_outputs, write_summary
from guardrail.platforms.webhook import send
from guardrail.report.chat import slack, teams
from guardrail.report.ci.alerts import Level, alerts
from guardrail.report.format import count
from guardrail.report.frame import Frame
from guardrail.report.markdown.document import markdown
from guardrail.report.suggestions import suggestions
from guardrail.report.text import safe
from guardrail.report.view import View

DEFAULT_KEY = "default"
DELIVERY_SECONDS = 180.0
"""What all requests of a delivery may take together, waits for limits included."""

CHATS = {"slack": slack, "teams": teams}
"""Name of a chat to what makes its message."""

_SEVERITIES = {Level.ERROR: Severity.HIGH, Level.WARNING: Severity.MEDIUM, Level.NOTE: Severity.LOW}

Tell = Callable[[str, str], None]
"""Says something to the user: "notice" or "warning", and the text."""


class When(StrEnum):
    """When a change gets its first comment. One that is there is renewed in any case, but with `never`."""

    ALWAYS = "always"
    CHANGES = "changes"
    FAILURES = "failures"
    NEVER = "never"


class Options(Struct, frozen=True):
    """What to deliver, and how. `trusted` is off for results that an untrusted run has left; `last_line` ends the comment, and is not shown."""

    comment: When = When.CHANGES
    mode: Mode = Mode.UPDATE
    key: str = DEFAULT_KEY
    summary: bool = True
    outputs: bool = True
    status: bool = False
    suggestions: bool = False
    annotations: bool = False
    chats: Mapping[str, When] = field(default_factory=dict)
    dry_run: bool = False
    trusted: bool = True
    last_line: str = ""
    overrides: Overrides = field(default_factory=Overrides)


class Delivered(Struct, frozen=True):
    """What became of it. `complete`: all that was asked for has arrived; `untold`: chats that a message did not reach."""

    complete: bool
    posted: Posted | None = None
    untold: tuple[str, ...] = ()


class _Delivery(Struct, frozen=True):
    report: Report
    code: ExitCode
    options: Options
    environ: Mapping[str, str]
    now: datetime
    tell: Tell
    deadline: Deadline

    def tried(self, what: str, act: Callable[[], None]) -> bool:
        """Do one thing; where it cannot be done, say so and go on."""
        try:
            act()
        except NotPostedError as error:
            self.tell("notice" if error.expected else "warning", f"{what}: {error}")
            return False
        except GuardrailError as error:
            self.tell("warning", f"{what}: {error}")
            return False
        except OSError as error:
            self.tell("warning", f"{what}: {error.strerror}")
            return False
        return True


def deliver(
    report: Report, code: ExitCode, options: Options, *, environ: Mapping[str, str], now: datetime, tell: Tell
) -> Delivered:
    """Deliver a report whose exit code is `code`: outputs, summary, comment, status, chats, in this order."""
    job = _Delivery(report, code, options, environ, now, tell, Deadline(DELIVERY_SECONDS))
    name = detect(environ, options.overrides)
    if options.dry_run:
        _rehearse(job, name)
        return Delivered(complete=True)
    done = True
    if options.outputs:
        done &= job.tried("step outputs", lambda: _write(environ, verdict_outputs(report, code)))
    context: list[Context] = []
    done &= job.tried("environment", lambda: context.append(read_context(environ, options.overrides)))
    frame = frame_of(report, options, context[0], name) if context else Frame()
    if options.summary:
        done &= job.tried("job summary", lambda: _summarize(environ, report, frame))
    posted: list[Posted] = []
    if name and context:
        done &= _may_comment(job, context[0]) and _post(job, name, frame, posted)
    said = posted[0] if posted else None
    if options.outputs:
        done &= job.tried("step outputs", lambda: _write(environ, comment_outputs(said)))
    untold = _chat(job, context[0], said) if context else ()
    return Delivered(done and not untold, said, untold)


def is_due(when: When, report: Report) -> bool:
    """Say whether a report is worth a first comment. A delta that is not known is not taken for none."""
    if when is When.CHANGES:
        changes = report.totals.delta_bound is not Bound.EXACT or any(
            resource.total_delta for project in report.projects for resource in project.resources
        )
        return changes or report.verdict is not Verdict.PASS
    return when is When.ALWAYS or (when is When.FAILURES and report.verdict is Verdict.FAIL)


def frame_of(report: Report, options: Options, context: Context, name: str | None) -> Frame:
    """Return what the comment can point to: files that are there, at the commit that was checked (on GitHub)."""
    commit = context.commit or (report.pull_request.commit if report.pull_request and options.trusted else "")
    known = context.repository and commit and name in {"github", None}
    return Frame(
        key="" if options.key == DEFAULT_KEY else options.key,
        commit=commit,
        run_url=context.run_url,
        blob_url=f"{context.server}/{context.repository}/blob/{commit}/" if known else "",
        files=repository_files(report, Path.cwd()) if known and options.trusted else {},
    )


def verdict_outputs(report: Report, code: ExitCode) -> dict[str, str]:
    """Return the outputs of the step that tell of the report: short texts, empty where there is no such number."""
    totals, counts = report.totals, report.counts
    percent = totals.delta_percent
    changes = [r for project in report.projects for r in project.resources if r.change.action is not Action.NO_OP]
    return {
        "verdict": "error" if code is ExitCode.NOT_EVALUATED else report.verdict.value,
        "exit-code": str(int(code)),
        "monthly-cost": _amount(totals.monthly_cost, totals.cost_bound),
        "monthly-cost-before": _amount(totals.monthly_before, totals.before_bound),
        "monthly-delta": _amount(totals.monthly_delta, totals.delta_bound),
        "assumed-usage-cost": plain(totals.assumed_usage) or "" if totals.on_assumed_usage else "",
        "lower-bound": str(totals.lower_bound).lower(),
        "monthly-delta-percent": "" if percent is None else plain(rounded(percent, 2)) or "",
        "currency": report.currency,
        "has-changes": str(bool(changes)).lower(),
        "denied": str(counts.blocking),
        "warned": str(counts.warnings),
        "needs-approval": str(counts.needs_approval),
        "approved": str(counts.approved),
        "waived": str(counts.waived),
        "pre-existing": str(counts.pre_existing),
        "unpriced": str(totals.unpriced),
        "not-evaluated": str(totals.not_evaluated),
        "catalog-date": min((info.oldest or info.as_of for info in report.catalog), default=""),
    }


def _amount(amount: Decimal, bound: Bound) -> str:
    """Return a sum as a number, "" for one of which nothing is known."""
    is_open = bound is Bound.NOT_KNOWN or (bound is not Bound.EXACT and not amount)
    return "" if is_open else plain(amount) or ""


def comment_outputs(posted: Posted | None) -> dict[str, str]:
    """Return the outputs of the step that tell of the comment."""
    there = posted is not None and posted.there
    return {
        "comment-posted": str(there).lower(),
        "comment-url": posted.url if posted else "",
        "comment-id": posted.id if posted else "",
    }


def _post(job: _Delivery, name: str, frame: Frame, posted: list[Posted]) -> bool:
    """Speak to the platform: comment, suggestions, status. Say whether all that was asked for arrived."""
    options = job.options
    if options.comment is When.NEVER and not options.status and not options.suggestions:
        return True
    found: list[Platform] = []
    connect = PLATFORMS[name][1]
    overrides = options.overrides
    if not job.tried("delivery", lambda: found.append(connect(job.environ, overrides, job.deadline))):
        return False
    platform, done = found[0], True
    if options.comment is not When.NEVER:
        done &= job.tried("comment", lambda: posted.append(_comment(job, name, platform, frame)))
        if posted and posted[0].outcome in {Outcome.STALE, Outcome.SKIPPED}:
            job.tell("notice", f"no comment written: {posted[0].note}")
    if options.suggestions:
        done &= job.tried("suggestions", lambda: _suggest(job, name, platform))
    if options.annotations and name in ANNOTATE:
        done &= job.tried("annotations", lambda: _annotate(job, name, platform))
    if options.status:
        done &= job.tried("status", lambda: _status(job, platform))
    return done


def _chat(job: _Delivery, context: Context, posted: Posted | None) -> tuple[str, ...]:
    """Tell the chats that want to hear of this report; return those that could not be told."""
    chosen = [chat for chat, when in job.options.chats.items() if is_due(when, job.report)]
    if not chosen:
        return ()
    change, environ = job.report.pull_request, job.environ
    repository = context.repository or next(filter(None, map(environ.get, REPOSITORY)), "")
    number = f"#{change.number}" if change else ""
    key = "" if job.options.key == DEFAULT_KEY else job.options.key
    about = " · ".join(filter(None, [repository, number, key]))
    link = (posted.url if posted else "") or run_url(environ, context)

    def tell(chat: str) -> None:
        message = CHATS[chat](job.report, about=about, link=link)
        send(chat, message, environ, job.options.overrides, job.deadline)

    return tuple(chat for chat in chosen if not job.tried(chat.capitalize(), partial(tell, chat)))


def _may_comment(job: _Delivery, context: Context) -> bool:
    """What an untrusted run has left names a pull request: it is believed only for the commit that GitHub names."""
    if job.options.trusted or context.commit:
        return True
    job.tell(
        "warning", "comment: the artifact's pull request cannot be verified: no event or --commit names its commit"
    )
    return False


def _comment(job: _Delivery, name: str, platform: Platform, frame: Frame) -> Posted:
    options = job.options
    marker = Marker(options.key, platform.commit, platform.run, job.now)
    blocking = job.code is not ExitCode.OK
    html = name not in WITHOUT_HTML

    def body(limit: int) -> str:
        return markdown(job.report, limit_bytes=limit, frame=frame, html=html, chart=name in WITH_CHARTS)

    comment = Comment(marker, body, blocking=blocking, html=html, last=options.last_line if html else "")
    return platform.comment(comment, options.mode, first=is_due(options.comment, job.report))


def _suggest(job: _Delivery, name: str, platform: Platform) -> None:
    """Make the review show the edits of this report. What strangers have written is suggested to nobody."""
    if not job.options.trusted:
        raise NotPostedError("results of an untrusted run are not suggested", expected=True)
    if name not in SUGGEST:
        raise NotPostedError(f"there are none on {name}; the edits are in the comment", expected=True)
    found = suggestions(seen_from_repository(job.report, Path.cwd()))
    if note := SUGGEST[name](platform, found, job.options.key):
        job.tell("notice", f"suggestions: {note}")


def _annotate(job: _Delivery, name: str, platform: Platform) -> None:
    """Make the commit show what is wrong at its lines. Waived findings and those from before are nobody's to mend here."""
    found = [
        Annotation(
            f"{safe(alert.finding.rule)}: {alert.message}",
            "\n".join(filter(None, [alert.subject, alert.finding.fix and f"Fix: {safe(alert.finding.fix)}"])),
            _SEVERITIES[alert.level],
            *((alert.path, alert.line) if alert.exact else ()),
        )
        for alert in alerts(seen_from_repository(job.report, Path.cwd()))
        if alert.finding.status is not FindingStatus.PRE_EXISTING
    ]
    passed, headline = job.code is ExitCode.OK, View(job.report).headline
    if note := ANNOTATE[name](platform, found, key=job.options.key, passed=passed, headline=headline):
        job.tell("notice", f"annotations: {note}")


def _status(job: _Delivery, platform: Platform) -> None:
    states = {ExitCode.OK: "success", ExitCode.BLOCKED: "failure"}
    name = "guardrail" if job.options.key == DEFAULT_KEY else f"guardrail/{job.options.key}"
    platform.status(states.get(job.code, "error"), View(job.report).headline, name=name)


def _summarize(environ: Mapping[str, str], report: Report, frame: Frame) -> None:
    write_summary(environ, lambda limit: markdown(report, limit_bytes=limit, frame=frame))


def _write(environ: Mapping[str, str], values: Mapping[str, str]) -> None:
    write_outputs(environ, values)


def _rehearse(job: _Delivery, name: str | None) -> None:
    """Say what would be done, without a call."""
    options = job.options
    for chat, when in options.chats.items():
        if is_due(when, job.report):
            job.tell("notice", f"dry run: {chat.capitalize()} would be told")
    if name is None:
        job.tell("notice", "dry run: no comment would be written")
        return
    if options.suggestions and name in SUGGEST and options.trusted:
        found = suggestions(seen_from_repository(job.report, Path.cwd()))
        job.tell("notice", f"dry run: {count(len(found), 'edit')} would be suggested where the change has these lines")
    if options.comment is When.NEVER:
        job.tell("notice", "dry run: no comment would be written")
        return
    first = "written or renewed" if is_due(options.comment, job.report) else "renewed if it is there"
    job.tell("notice", f"dry run: on {name} the comment with the key {options.key!r} would be {first} ({options.mode})")
