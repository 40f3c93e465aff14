"""GitHub: comments on a pull request and statuses of a commit, by the REST and GraphQL calls that it documents."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, field

from guardrail.errors import NetworkError
from guardrail.http import Deadline, Response, Session, StatusError
from guardrail.http.response import origin
from guardrail.http.retry import limited
from guardrail.platforms.answer import get, listed, text
from guardrail.platforms.comment import Comment, Existing, Mode, NotPostedError, Outcome, Posted, marker_of, upsert
from guardrail.platforms.context import Context, Overrides, read_context

COMMENT_LIMIT = 65_000
"""Bytes of a comment: GitHub takes 65,536 characters, and counts some of them twice."""
STATUS_LIMIT = 140
"""Characters of a status's description."""

_ACTIONS_LOGIN = "github-actions[bot]"
_ABOUT = "query($ids:[ID!]!){viewer{login} nodes(ids:$ids){... on IssueComment{id isMinimized}}}"  # one call for both
_HIDE = "minimizeComment(input:{subjectId:$%s,classifier:OUTDATED}){minimizedComment{isMinimized}}"
_ASKED_ABOUT = 100  # nodes that one query may name
_SLACK = timedelta(minutes=5)  # by which clocks may differ
_PERMISSION = re.compile(r"[a-z_]+=(?:read|write|admin)")
_FORK_FIX = (
    "pull requests of forks and of Dependabot run with a token that can only read: "
    "report from a workflow_run, as docs/github.md shows"
)


class GitHub(Struct):
    """One repository on GitHub, as this run may speak to it."""

    context: Context
    session: Session
    _login: str = ""
    _ours: set[str] = field(default_factory=set)

    def comment(self, comment: Comment, mode: Mode, *, first: bool) -> Posted:
        """Make the pull request show a report. Raises NotPostedError."""
        try:
            number = self.pull()
        except NetworkError as error:
            raise refused(error, self.context) from None
        if number is None:
            return Posted(Outcome.SKIPPED, note="no pull request belongs to this run")
        return upsert(_Conversation(self, number), comment, mode, first=first)

    def status(self, state: str, description: str, *, name: str) -> None:
        """Set a commit's status: success, failure or error. Raises NotPostedError."""
        if not self.context.commit:
            raise NotPostedError("no commit to set a status of", fix="name it by --commit")
        body = {
            "state": state,
            "context": name,
            "description": description if len(description) <= STATUS_LIMIT else f"{description[: STATUS_LIMIT - 1]}…",
            "target_url": self.context.run_url,
        }
        path = f"{self.base}/statuses/{self.context.commit}"
        try:
            self.session.send("POST", path, json={key: value for key, value in body.items() if value})
        except NetworkError as error:
            raise refused(error, self.context, permission="statuses") from None

    @property
    def base(self) -> str:
        """The address of the repository."""
        return f"{self.context.api}/repos/{self.context.repository}"

    @property
    def commit(self) -> str:
        """The commit that is reported on; "" if the environment names none."""
        return self.context.commit

    @property
    def run(self) -> str:
        """The run and its attempt: "123.1"."""
        return self.context.run

    def pull(self) -> int | None:
        """Return the pull request's number: from the environment, else the open one that the commit belongs to."""
        context = self.context
        if context.merge_queue or not context.repository:
            return None
        if context.number or not context.commit or context.untrusted:
            return context.number
        sha = context.commit
        for pull in listed(self.session.send("GET", f"{self.base}/commits/{sha}/pulls?per_page=100").json()):
            # The list has pull requests that only contain the commit, too.
            if pull.get("state") == "open" and sha in {get(pull, "head", "sha"), pull.get("merge_commit_sha")}:
                number = pull.get("number")
                return number if isinstance(number, int) else None
        return None

    def own_comments(self, number: int, key: str) -> list[Existing]:
        """Return our comments on a pull request with a key that are not hidden, the oldest first. Raises NetworkError."""
        return _Conversation(self, number).find(key)

    def own_and_shown(self, candidates: Sequence[tuple[Existing, str]]) -> list[Existing]:
        """Keep the comments that we wrote and nobody has hidden. One call, for any number of them."""
        if all(one.id in self._ours for one, _ in candidates):
            return [one for one, _ in candidates]
        last = candidates[-_ASKED_ABOUT:]  # the newest
        hidden: set[str] = set()
        try:
            data = self.graphql(_ABOUT, {"ids": [one.node for one, _ in last]}, reads=True)
        except NetworkError:
            self._login = self._login or self._whoami()
        else:
            self._login = text(data, "viewer", "login") or self._login or self._whoami()
            hidden = {node["id"] for node in listed(data.get("nodes")) if node.get("isMinimized") and "id" in node}
        return [one for one, author in last if author == self._login and one.node not in hidden]

    def login(self) -> str:
        """Return who we are, asked once."""
        if not self._login:
            try:
                viewer = self.graphql("query{viewer{login}}", {}, reads=True).get("viewer")
            except NetworkError:
                viewer = None
            self._login = text(viewer, "login") or self._whoami()
        return self._login

    def _whoami(self) -> str:
        """Return who we are; a workflow's own token may not ask."""
        try:
            return text(self.session.send("GET", f"{self.context.api}/user").json(), "login") or _ACTIONS_LOGIN
        except StatusError:
            return _ACTIONS_LOGIN

    def graphql(self, query: str, variables: Mapping[str, Any], *, reads: bool = False) -> dict[str, Any]:
        """Ask by GraphQL, whose errors come with status 200. Raises NetworkError."""
        body = {"query": query, "variables": dict(variables)}
        response = self.session.send("POST", self.context.graphql, json=body, reads=reads)
        answer = response.json()
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise NetworkError("the query was refused", where=self.context.graphql)
        return data

    def remember(self, comment: Existing) -> None:
        """Note a comment as one that we have just written."""
        self._ours.add(comment.id)


class _Conversation:
    """One pull request's comments."""

    limit = COMMENT_LIMIT

    def __init__(self, owner: GitHub, number: int) -> None:
        self.owner = owner
        self.session = owner.session
        self.number = number

    def find(self, key: str, *, since: str = "") -> list[Existing]:
        query = {"per_page": "100"} | ({"since": _earlier(since)} if since else {})
        candidates = []
        # Anybody can write our marker into a comment: the author decides, whom `own_and_shown` asks about.
        for page in self.session.pages(f"{self.owner.base}/issues/{self.number}/comments?{urlencode(query)}"):
            for data in listed(page.json()):
                comment, marker = _existing(data), marker_of(text(data.get("body")))
                if marker and marker.key == key:
                    candidates.append((comment, text(data, "user", "login")))
        return self.owner.own_and_shown(candidates) if candidates else []

    def head(self) -> str:
        pull = self.session.send("GET", f"{self.owner.base}/pulls/{self.number}").json()
        return text(pull, "head", "sha").lower()

    def create(self, body: str) -> Existing:
        path = f"{self.owner.base}/issues/{self.number}/comments"
        created = _existing(self.session.send("POST", path, json={"body": body}).json())
        self.owner.remember(created)
        return created

    def update(self, existing: Existing, body: str) -> Existing | None:
        try:
            response = self.session.send("PATCH", self._at(existing), json={"body": body})
        except StatusError as error:
            if error.status == 404:  # noqa: PLR2004 - not found
                return None
            raise
        return _existing(response.json())

    def retire(self, gone: Sequence[Existing], *, delete: bool) -> None:
        """A leftover that stays is no reason to call the delivery a failure: the report itself is posted."""
        with contextlib.suppress(NetworkError):
            if delete:
                for one in gone:
                    try:
                        self.session.send("DELETE", self._at(one))
                    except StatusError as error:
                        if error.status != 404:  # noqa: PLR2004 - gone already
                            raise
            elif gone:
                named = [f"n{i}" for i in range(len(gone))]
                calls = " ".join(f"{name}: {_HIDE % name}" for name in named)
                query = f"mutation({','.join(f'${name}:ID!' for name in named)}){{{calls}}}"
                self.owner.graphql(query, dict(zip(named, (one.node for one in gone), strict=True)))

    def _at(self, existing: Existing) -> str:
        return f"{self.owner.base}/issues/comments/{existing.id}"

    def too_long(self, error: StatusError) -> bool:
        return error.status == 422 and b"too long" in error.response.body  # noqa: PLR2004 - not processable

    def refused(self, error: NetworkError) -> NotPostedError:
        return refused(error, self.owner.context)


def connect(environ: Mapping[str, str], overrides: Overrides, deadline: Deadline) -> GitHub:
    """Return GitHub as this run may speak to it. Raises ConfigError, InputError; NotPostedError without a token."""
    context = read_context(environ, overrides)
    # The runner's own token is for the server that the runner belongs to, and goes to no other (--github-api-url).
    own, token = environ.get("GITHUB_API_URL"), environ.get("GUARDRAIL_GITHUB_TOKEN") or ""
    if not token and (not own or origin(own) == origin(context.api)):
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
    if not token:
        raise NotPostedError("there is no token for GitHub", fix="pass it: env: GITHUB_TOKEN: ${{ github.token }}")
    session = Session(
        f"{context.api}/",
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
        secrets={"Authorization": f"Bearer {token}"},
        ca_bundle=overrides.ca_bundle,
        deadline=deadline,
        write_gap=1.0,  # what GitHub asks for between requests that make content, else its secondary limit sets in
    )
    return GitHub(context, session)


def refused(error: NetworkError, context: Context, *, permission: str = "pull-requests") -> NotPostedError:
    """Return what GitHub's refusal means, and what to do about it."""
    # A limit comes with 403 as well, and no permission helps against it.
    if not isinstance(error, StatusError) or limited(error.response):
        return NotPostedError(error.what, where=error.where, fix=error.fix)
    said = error.response.said()
    if error.status == 403:  # noqa: PLR2004 - forbidden
        if "lock" in said.lower():
            return NotPostedError("the conversation is locked", where=error.where, expected=True)
        fix = _FORK_FIX if context.read_only else _needed(error.response, permission)
        return NotPostedError(error.what, where=error.where, fix=fix, expected=context.read_only)
    fixes = {
        401: "the token is not valid, or no longer",
        404: "the repository or the pull request is not there, or the token may not see it",
    }
    return NotPostedError(error.what, where=error.where, fix=fixes.get(error.status, error.fix))


def _needed(response: Response, permission: str) -> str:
    """Name the permission to add, as GitHub names those that it would have accepted."""
    accepted = _PERMISSION.findall(response.headers.get("x-accepted-github-permissions", ""))
    names = [one.replace("_", "-").replace("=", ": ") for one in accepted]
    wanted = next(
        (one for one in names if one.startswith(permission)),
        names[0] if names else permission if ":" in permission else f"{permission}: write",
    )
    others = f" (GitHub accepts {' or '.join(names)})" if len(names) > 1 else ""
    return f"add to the job `permissions: {{contents: read, {wanted}}}`{others}"


def _existing(data: Any) -> Existing:
    if not isinstance(data, dict) or "id" not in data:
        raise NetworkError("the answer is not a comment")
    texts = {name: text(data, name) for name in ("body", "html_url", "created_at", "node_id")}
    return Existing(str(data["id"]), texts["body"], texts["html_url"], texts["created_at"], texts["node_id"])


def _earlier(moment: str) -> str:
    """Return a time somewhat earlier, as clocks differ; "since" the beginning for what is no time."""
    try:
        return (datetime.fromisoformat(moment) - _SLACK).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return "1970-01-01T00:00:00Z"
