"""A GitHub on this machine: the documented REST and GraphQL calls that a delivery makes, with their limits and faults.

It behaves as the public documentation says: lists come in pages of at most 100 with Link headers, a body over 65,536
characters is refused with 422, a token that can only read gets 403 and the permission it lacks, GraphQL errors come
with status 200, and whoever may write may edit and delete anybody's comment. Every request is kept in `asked`.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from guardrail.http import Deadline
from guardrail.platforms.review import lines_of
from tests.http.scripted import Asked, Says, Server, says, serving
from tests.platforms import fake_approvals
from tests.platforms.described import Described

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - nobody's
BOT = "github-actions[bot]"
SHA = "a" * 40
BODY_LIMIT = 65_536
DESCRIPTION_LIMIT = 140
FORBIDDEN = "Resource not accessible by integration"
EPOCH = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)

Fault = Callable[[Asked], "Says | None"]


@dataclass
class FakeGitHub:
    """One repository, `octo/shop`, with one pull request, number 7.

    faults    asked before everything else; the first that answers is used up
    prefix    "" for github.com, "/api/v3" for GitHub Enterprise Server
    """

    login: str = BOT
    head: str = SHA
    state: str = "open"
    locked: bool = False
    read_only: bool = False
    prefix: str = ""
    latency: float = 0.0
    rate_headers: bool = True
    viewer_works: bool = True
    moved: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    people: fake_approvals.People = field(default_factory=fake_approvals.People)
    faults: list[Fault] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    server: Server | None = None
    described: Described = field(default_factory=lambda: Described("github", undescribed="(/api)?/graphql"))

    def __call__(self, asked: Asked) -> Says:
        time.sleep(self.latency)
        for fault in self.faults:
            if answer := fault(asked):
                self.faults.remove(fault)
                return answer
        answer = self._answer(asked)
        path = asked.path.removeprefix(self.prefix).replace("/repositories/1/", "/repos/octo/shop/")
        self.described.hold(asked.method, path, asked.body, answer.status, answer.body)
        if not self.rate_headers:
            return answer
        limits = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "900", "X-RateLimit-Reset": "1900000000"}
        return Says(answer.status, answer.body, limits | answer.headers)

    def _answer(self, asked: Asked) -> Says:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return says(401, {"message": "Bad credentials"})
        url = urlsplit(asked.path)
        if asked.method == "POST" and url.path == ("/api/graphql" if self.prefix else "/graphql"):
            return self._graphql(asked.json)
        path = url.path.removeprefix(self.prefix)
        if self.moved and path.startswith("/repos/octo/shop/"):
            place = f"{self.url}{self.prefix}{path.replace('/repos/octo/shop/', '/repositories/1/')}"
            query = f"?{url.query}" if url.query else ""
            return says(301 if asked.method == "GET" else 307, {"message": "Moved Permanently"}, Location=place + query)
        path = path.replace("/repositories/1/", "/repos/octo/shop/")
        for (method, pattern), act in ROUTES.items():
            match = re.fullmatch(pattern, path)
            if match and method == asked.method:
                given = dict(parse_qsl(url.query)) if method == "GET" else asked.json if asked.body else {}
                return act(self, given, *match.groups())
        return says(404, {"message": "Not Found"})

    def _list(self, query: dict[str, str], number: str) -> Says:
        if number != "7":
            return says(404, {"message": "Not Found"})
        size, page = min(int(query.get("per_page", "30")), 100), int(query.get("page", "1"))
        shown = [one for one in self.comments if one["updated_at"] >= query.get("since", "")]
        last = max(-(-len(shown) // size), 1)
        headers = {}
        if page < last:
            rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "page")
            base = f"{self.url}{self.prefix}/repositories/1/issues/7/comments?{rest}"
            headers = {"Link": f'<{base}&page={page + 1}>; rel="next", <{base}&page={last}>; rel="last"'}
        return says(200, [_shown(one) for one in shown[(page - 1) * size : page * size]], **headers)

    def _create(self, body: dict[str, Any], _number: str) -> Says:
        if refusal := self._refuse(body):
            return refusal
        return says(201, _shown(self.add(body["body"])))

    def _update(self, body: dict[str, Any], number: str) -> Says:
        one = self._by_id(number)
        if one is None:
            return says(404, {"message": "Not Found"})
        if refusal := self._refuse(body):
            return refusal
        one.update(body=body["body"], updated_at=_time(next(self.ids)), editor=self.login)
        return says(200, _shown(one))

    def _delete(self, _body: dict[str, Any], number: str) -> Says:
        one = self._by_id(number)
        if one is None:
            return says(404, {"message": "Not Found"})
        if self.read_only:
            return _forbidden()
        self.comments.remove(one)
        return Says(204, b"")

    def _pull(self, _query: dict[str, str], number: str) -> Says:
        if number != "7":
            return says(404, {"message": "Not Found"})
        return says(200, {**self._shown_pull(), "user": {"login": self.people.author}})

    def _shown_pull(self) -> dict[str, Any]:
        return {
            "number": 7,
            "state": self.state,
            "locked": self.locked,
            "head": {"sha": self.head},
        }

    def _files(self, query: dict[str, str], _number: str) -> Says:
        return self.paged(self.files, query, "pulls/7/files")

    def _remarks(self, query: dict[str, str], _number: str) -> Says:
        return self.paged(self.remarks, query, "pulls/7/comments")

    def paged(self, shown: list[dict[str, Any]], query: dict[str, str], what: str) -> Says:
        """Answer a page of a list, with the way to the next."""
        size, page = min(int(query.get("per_page", "30")), 100), int(query.get("page", "1"))
        more = f"{self.url}{self.prefix}/repos/octo/shop/{what}?per_page={size}&page={page + 1}"
        headers = {"Link": f'<{more}>; rel="next"'} if len(shown) > size * page else {}
        return says(200, shown[(page - 1) * size : page * size], **headers)

    def _remark(self, body: dict[str, Any], _number: str) -> Says:
        """Review comments are taken for lines that the diff shows, all of one hunk."""
        if self.read_only:
            return _forbidden()
        patch = next((one["patch"] for one in self.files if one["filename"] == body["path"]), "")
        shown = set(lines_of(patch).texts)
        wanted = range(body.get("start_line", body["line"]), body["line"] + 1)
        if body["commit_id"] != self.head or body["side"] != "RIGHT" or not shown.issuperset(wanted):
            return says(
                422,
                {
                    "message": "Validation Failed",
                    "errors": ["pull_request_review_thread.line must be part of the diff"],
                },
            )
        self.remark(**{key: body[key] for key in ("body", "path", "line", "start_line") if key in body})
        return says(201, self.remarks[-1])

    def remark(
        self, body: str, path: str, line: int | None, *, login: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Put a review comment there, as if somebody had posted it."""
        one = {"id": next(self.ids), "body": body, "path": path, "line": line, "user": {"login": login or self.login}}
        self.remarks.append({**one, **more})
        return self.remarks[-1]

    def _remark_by_id(self, number: str) -> dict[str, Any] | None:
        return next((one for one in self.remarks if one["id"] == int(number)), None)

    def _change_remark(self, body: dict[str, Any], number: str) -> Says:
        one = self._remark_by_id(number)
        if one is None:
            return says(404, {"message": "Not Found"})
        one.update(body)
        return says(200, one)

    def _delete_remark(self, _body: dict[str, Any], number: str) -> Says:
        one = self._remark_by_id(number)
        if one is None:
            return says(404, {"message": "Not Found"})
        self.remarks.remove(one)
        return Says(204, b"")

    def _pulls_of(self, _query: dict[str, str], sha: str) -> Says:
        other = {"number": 3, "state": "closed", "head": {"sha": sha}}
        return says(200, [other, self._shown_pull()] if sha == self.head else [other])

    def _user(self, _query: dict[str, str]) -> Says:
        return says(403, {"message": FORBIDDEN}) if self.login == BOT else says(200, {"login": self.login})

    def _status(self, body: dict[str, Any], sha: str) -> Says:
        if len(body.get("description", "")) > DESCRIPTION_LIMIT:
            return says(422, {"message": "Validation Failed: description is too long (maximum is 140 characters)"})
        self.statuses.append({**body, "sha": sha})
        return says(201, {"id": 1})

    def _graphql(self, body: dict[str, Any]) -> Says:
        query, variables = body["query"], body.get("variables", {})
        if "ids" not in query and "minimizeComment" not in query and self.viewer_works:
            return says(200, {"data": {"viewer": {"login": self.login}}})
        if "minimizeComment" in query:
            for one in self.comments:
                one["minimized"] |= one["node_id"] in variables.values()
            return says(200, {"data": {name: {"minimizedComment": {"isMinimized": True}} for name in variables}})
        if not self.viewer_works:
            return says(200, {"data": None, "errors": [{"type": "FORBIDDEN", "message": FORBIDDEN}]})
        by_node = {one["node_id"]: one for one in self.comments}
        nodes = [by_node.get(node) for node in variables["ids"]]
        shown = [_node(one, edits="lastEditedAt" in query) if one else None for one in nodes]
        return says(200, {"data": {"viewer": {"login": self.login}, "nodes": shown}})

    def _refuse(self, body: dict[str, Any]) -> Says | None:
        if self.locked:
            return says(403, {"message": "Unable to create comment because issue is locked."})
        if self.read_only:
            return _forbidden()
        if len(body["body"]) > BODY_LIMIT:
            errors = [
                {
                    "resource": "IssueComment",
                    "field": "body",
                    "message": "Body is too long (maximum is 65536 characters)",
                }
            ]
            return says(422, {"message": "Validation Failed", "errors": errors})
        return None

    def _by_id(self, number: str) -> dict[str, Any] | None:
        return next((one for one in self.comments if one["id"] == int(number)), None)

    def add(self, body: str, *, login: str | None = None, minimized: bool = False) -> dict[str, Any]:
        """Put a comment there, as if somebody had posted it."""
        number = next(self.ids)
        one = {
            "id": number,
            "node_id": f"IC_{number}",
            "body": body,
            "user": {"login": login or self.login},
            "created_at": _time(number),
            "updated_at": _time(number),
            "minimized": minimized,
            "editor": "",
        }
        self.comments.append(one)
        return one

    def edit(self, one: dict[str, Any], body: str, *, login: str) -> None:
        """Have somebody edit a comment: whoever may write to the repository may."""
        one.update(body=body, updated_at=_time(next(self.ids)), editor=login)

    @property
    def url(self) -> str:
        """The address that it listens at."""
        assert self.server is not None
        return self.server.url

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Method and path of every request, without the query."""
        assert self.server is not None
        return [(one.method, urlsplit(one.path).path) for one in self.server.asked]

    @property
    def writes(self) -> list[str]:
        """Methods of the requests that change something."""
        reads = ("/graphql", "/api/graphql")
        return [method for method, path in self.asked if method != "GET" and path not in reads]

    def environ(self, **more: str) -> dict[str, str]:
        """Return the variables that a step on a runner of this GitHub has."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": f"{self.url}{self.prefix}",
            "GITHUB_GRAPHQL_URL": f"{self.url}{'/api/graphql' if self.prefix else '/graphql'}",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "octo/shop",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SHA": "b" * 40,
            "GITHUB_RUN_ID": "555",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_TOKEN": TOKEN,
            **more,
        }


_COMMENT = r"/repos/octo/shop/issues/comments/(\d+)"
ROUTES: dict[tuple[str, str], Callable[..., Says]] = {
    ("GET", r"/repos/octo/shop/issues/(\d+)/comments"): FakeGitHub._list,
    ("POST", r"/repos/octo/shop/issues/(\d+)/comments"): FakeGitHub._create,
    ("PATCH", _COMMENT): FakeGitHub._update,
    ("DELETE", _COMMENT): FakeGitHub._delete,
    ("GET", r"/repos/octo/shop/pulls/(\d+)"): FakeGitHub._pull,
    ("GET", r"/repos/octo/shop/pulls/(\d+)/files"): FakeGitHub._files,
    ("GET", r"/repos/octo/shop/pulls/(\d+)/comments"): FakeGitHub._remarks,
    ("POST", r"/repos/octo/shop/pulls/(\d+)/comments"): FakeGitHub._remark,
    ("PATCH", r"/repos/octo/shop/pulls/comments/(\d+)"): FakeGitHub._change_remark,
    ("DELETE", r"/repos/octo/shop/pulls/comments/(\d+)"): FakeGitHub._delete_remark,
    ("GET", r"/repos/octo/shop/commits/([0-9a-f]+)/pulls"): FakeGitHub._pulls_of,
    ("POST", r"/repos/octo/shop/statuses/([0-9a-f]+)"): FakeGitHub._status,
    ("GET", r"/user"): FakeGitHub._user,
    **fake_approvals.ROUTES,
}


WAIT = Deadline.wait


def _waits_for_others_alone(deadline: Deadline, seconds: float) -> bool:
    """Wait by the clock of a test, and not at all by the machine's."""
    return WAIT(deadline, seconds) if deadline.clock.sleep is not time.sleep else seconds <= deadline.left


@contextmanager
def fake_github(**state: Any) -> Iterator[FakeGitHub]:
    """Run a GitHub for a while. Nobody waits for it: of the second that is to be between two writes `tests/http` tell."""
    fake = FakeGitHub(**state)
    with serving(fake) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Deadline, "wait", _waits_for_others_alone)
        fake.server = server
        yield fake
    assert fake.described.problems == [], fake.described.problems


def once(method: str, path: str, answer: Says) -> Fault:
    """Return a fault: this answer, once, to the first request with the method whose path ends so."""
    return lambda asked: answer if asked.method == method and urlsplit(asked.path).path.endswith(path) else None


def meanwhile(method: str, path: str, act: Callable[[], object]) -> Fault:
    """Return something that others do at the moment of a request, which is then answered as usual."""

    def fault(asked: Asked) -> Says | None:
        if not done and asked.method == method and urlsplit(asked.path).path.endswith(path):
            done.append(act())
        return None

    done: list[object] = []
    return fault


def pull_request_event(**more: Any) -> dict[str, Any]:
    """Return the payload of a pull_request event."""
    repo = {"full_name": "octo/shop"}
    pull = {
        "number": 7,
        "title": "Larger servers",
        "user": {"login": "ana"},
        "labels": [{"name": "infra"}],
        "head": {"sha": SHA, "repo": repo},
        "base": {"sha": "c" * 40, "repo": repo},
    }
    return {"action": "synchronize", "pull_request": {**pull, **more}, "sender": {"login": "ana"}}


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    public = {key: value for key, value in one.items() if key not in {"minimized", "editor"}}
    return {**public, "html_url": f"https://github.com/octo/shop/pull/7#issuecomment-{one['id']}"}


def _node(one: dict[str, Any], *, edits: bool) -> dict[str, Any]:
    """Return a comment as GraphQL has it, which calls a bot by its name without "[bot]"."""
    if not edits:
        return {"id": one["node_id"], "isMinimized": one["minimized"]}
    editor = one["editor"]
    kind = "Bot" if editor.endswith("[bot]") else "User"
    actor = {"__typename": kind, "login": editor.removesuffix("[bot]")} if editor else None
    return {"id": one["node_id"], "lastEditedAt": one["updated_at"] if editor else None, "editor": actor}


def _time(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _forbidden() -> Says:
    accepted = {"X-Accepted-GitHub-Permissions": "issues=write; pull_requests=write"}
    return Says(403, json.dumps({"message": FORBIDDEN}).encode(), accepted)
