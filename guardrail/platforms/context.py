"""Where a run on GitHub Actions stands: repository, pull request, commit and who may write, from its environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.errors import ConfigError, InputError
from guardrail.model.report import PullRequest
from guardrail.platforms.answer import listed, text

PUBLIC_API = "https://api.github.com"
REPOSITORY = ("GITHUB_REPOSITORY", "CI_PROJECT_PATH", "BITBUCKET_REPO_FULL_NAME", "BUILD_REPOSITORY_NAME")
"""The variables that name a job's repository for people, whatever its platform."""

_REPOSITORY = r"[A-Za-z0-9_-][A-Za-z0-9._-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+"
_PULL_REF = r"refs/pull/(\d{1,9})/"
_COMMIT = r"[0-9a-fA-F]{40,64}"
_MAX_EVENT = 30_000_000  # bytes; GitHub sends no more than 25 MB


class Overrides(Struct, frozen=True):
    """What the command line says over the environment. None: nothing."""

    repository: str | None = None
    number: int | None = None
    api_url: str | None = None
    ca_bundle: str | None = None
    commit: str | None = None


class Context(Struct, frozen=True):
    """One run. `number` is None where the environment names no pull request; `commit` "" where it names none.

    merge_queue   the run is for a merge group, which has no pull request of its own
    read_only     the token can be expected to only read: the pull request is a fork's, or Dependabot's
    untrusted     the run is privileged, and what it reports on comes from a run that is not (workflow_run)
    base          the commit that the pull request is to be merged into
    labels, title, author, merged_at   of the pull request, as the event tells them
    """

    api: str
    graphql: str
    server: str
    repository: str = ""
    number: int | None = None
    commit: str = ""
    base: str = ""
    event: str = ""
    run: str = ""
    run_url: str = ""
    merge_queue: bool = False
    read_only: bool = False
    untrusted: bool = False
    title: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    merged_at: datetime | None = None


def read_context(environ: Mapping[str, str], overrides: Overrides) -> Context:
    """Return where this run stands. Raises ConfigError for a flag, InputError for an event file that cannot be read."""
    repository = overrides.repository or environ.get("GITHUB_REPOSITORY", "")
    if repository and not re.fullmatch(_REPOSITORY, repository):
        raise ConfigError(f"not a repository: {repository!r}", where="--repo", fix="it looks like owner/name")
    # Labels, title and author are those of the moment when the run was started; a run that is repeated has them, too.
    event, name = _event(environ), environ.get("GITHUB_EVENT_NAME", "")
    pull = _mapping(event, "pull_request")
    api = api_url(overrides.api_url) if overrides.api_url else environ.get("GITHUB_API_URL") or PUBLIC_API
    named = not overrides.api_url and environ.get("GITHUB_GRAPHQL_URL")
    server = (environ.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
    run_id = environ.get("GITHUB_RUN_ID", "")
    login, sender = text(pull, "user", "login"), text(event, "sender", "login")
    # From another repository, or from one that has been deleted since, which has no name any more.
    is_from_fork = bool(pull) and text(pull, "head", "repo", "full_name") != text(pull, "base", "repo", "full_name")
    return Context(
        api=api.rstrip("/"),
        graphql=named or graphql_url(api),
        server=server,
        repository=repository,
        number=overrides.number or _number(event, environ),
        commit=overrides.commit or _commit(event, name, environ),
        base=text(pull, "base", "sha") or text(event, "merge_group", "base_sha"),
        event=name,
        run=f"{run_id}.{environ.get('GITHUB_RUN_ATTEMPT', '1')}" if run_id else "",
        run_url=f"{server}/{repository}/actions/runs/{run_id}" if run_id and repository else "",
        merge_queue=name == "merge_group",
        read_only=is_from_fork or "dependabot[bot]" in {environ.get("GITHUB_ACTOR"), sender, login},
        untrusted=name == "workflow_run",
        title=text(pull, "title"),
        author=login,
        labels=tuple(text(label, "name") for label in listed(pull.get("labels"))),
        merged_at=_moment(text(pull, "merged_at")),
    )


class Proposal(Struct, frozen=True):
    """The change that a job is for, by the variables of its environment.

    change      its number and commit, None outside of a pull or merge request
    base        the commit that it is to be merged into, "" if not told
    for_rules   what rules read as `pr`
    privileged  whether the run has rights that the change's author need not have (pull_request_target)
    """

    change: PullRequest | None = None
    base: str = ""
    for_rules: Mapping[str, Any] = field(default_factory=dict)
    privileged: bool = False


def proposal(environ: Mapping[str, str]) -> Proposal:
    """Return the change that a job on GitHub Actions, GitLab CI, Bitbucket Pipelines or Azure DevOps is for.

    Bitbucket and Azure DevOps tell no title, author or labels, so rules read nothing of the pull request there, and
    Azure DevOps no commit that it is to be merged into. Of a merge request GitLab tells who started the job, not who opened it.
    Raises InputError for an unreadable event.
    """
    if environ.get("BITBUCKET_BUILD_NUMBER") and environ.get("BITBUCKET_PR_ID", "").isdecimal():
        change = PullRequest(int(environ["BITBUCKET_PR_ID"]), environ.get("BITBUCKET_COMMIT", ""))
        return Proposal(change, environ.get("BITBUCKET_PR_DESTINATION_COMMIT", ""))
    if environ.get("TF_BUILD") and environ.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "").isdecimal():
        commit = environ.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or environ.get("BUILD_SOURCEVERSION", "")
        return Proposal(PullRequest(int(environ["SYSTEM_PULLREQUEST_PULLREQUESTID"]), commit))
    if environ.get("GITLAB_CI") == "true" and environ.get("CI_MERGE_REQUEST_IID", "").isdecimal():
        commit = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "")
        labels = [label for label in environ.get("CI_MERGE_REQUEST_LABELS", "").split(",") if label]
        title, author = environ.get("CI_MERGE_REQUEST_TITLE", ""), environ.get("GITLAB_USER_LOGIN", "")
        number = int(environ["CI_MERGE_REQUEST_IID"])
        change = _told(PullRequest(number, commit), title, labels)
        base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
        return Proposal(change, base, _for_rules(change.number, title, labels, author))
    if environ.get("GITHUB_ACTIONS") != "true":
        return Proposal()
    context = read_context(environ, Overrides())
    if context.number is None:
        return Proposal(base=context.base)
    told = _for_rules(context.number, context.title, context.labels, context.author)
    privileged = context.event == "pull_request_target"
    change = PullRequest(context.number, context.commit, context.author, context.merged_at)
    change = _told(change, context.title, context.labels)
    return Proposal(change, context.base, told, privileged)


def _told(change: PullRequest, title: str, labels: Sequence[str]) -> PullRequest:
    """Return a change with what rules read of it, where the job tells it: no change is without a title."""
    return replace(change, title=title, labels=tuple(labels)) if title else change


def _for_rules(number: int, title: str, labels: Sequence[str], author: str) -> dict[str, Any]:
    return {"number": number, "title": title, "labels": list(labels), "author": author}


def api_url(given: str) -> str:
    """Return the address of the REST interface for one that people write, with or without /api/v3.

    Raises ConfigError for what is no web address.
    """
    parts = urlsplit(given)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            f"not an address: {given!r:.100}", where="--github-api-url", fix="like https://ghe.example.com"
        )
    # GitHub Enterprise Server has its interface at /api/v3, Enterprise Cloud on a host of its own (api.NAME.ghe.com).
    path = parts.path.rstrip("/")
    if parts.hostname == "github.com":
        return PUBLIC_API
    if not path and not parts.hostname.startswith("api."):
        path = "/api/v3"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def graphql_url(api: str) -> str:
    """Return the address of the GraphQL interface beside a REST one."""
    api = api.rstrip("/")
    return f"{api.removesuffix('/v3')}/graphql"


def _event(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the payload of the event; empty where there is none, as in containers that do not mount it."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path or not Path(path).is_file():
        return {}
    try:
        if Path(path).stat().st_size > _MAX_EVENT:
            raise InputError("the event is too large", where=path)
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        raise InputError("the event cannot be read", where=path, fix="see GITHUB_EVENT_PATH") from None
    return event if isinstance(event, dict) else {}


def _number(event: Mapping[str, Any], environ: Mapping[str, str]) -> int | None:
    issue = _mapping(event, "issue")  # to GitHub, a pull request is an issue with something under this key
    holders = (_mapping(event, "pull_request"), issue if "pull_request" in issue else {})
    for holder in holders:
        number = holder.get("number")
        if isinstance(number, int) and number > 0:
            return number
    match = re.match(_PULL_REF, environ.get("GITHUB_REF", ""))
    return int(match[1]) if match else None


def _commit(event: Mapping[str, Any], name: str, environ: Mapping[str, str]) -> str:
    """Return the commit that is reported on: of a pull request its head, never the merge that GITHUB_SHA names."""
    heads = (
        text(event, "pull_request", "head", "sha"),
        text(event, "workflow_run", "head_sha"),
        text(event, "merge_group", "head_sha"),
    )
    for sha in heads:
        if re.fullmatch(_COMMIT, sha):
            return sha.lower()
    # Without an event, GITHUB_SHA of a pull request is the merge commit: no commit is better than that one.
    about_pull = name.startswith(("pull_request", "issue_comment")) or re.match(
        _PULL_REF, environ.get("GITHUB_REF", "")
    )
    sha = "" if about_pull else environ.get("GITHUB_SHA", "")
    return sha.lower() if re.fullmatch(_COMMIT, sha) else ""


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _mapping(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}
