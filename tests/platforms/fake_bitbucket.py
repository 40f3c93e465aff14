"""A Bitbucket Cloud on this machine: the calls that a delivery makes, with their limits and faults."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from guardrail.platforms import bitbucket
from tests.http.scripted import Asked, Says, Server, says, serving
from tests.platforms.described import Described

TOKEN = "ATCTT-0123456789"  # noqa: S105 - nobody's
SHA = "a" * 40
ROBOT = "{11111111-2222}"
BODY_LIMIT = 32_768
REPORT = "/repositories/octo/shop/commit/([0-9a-f]+)/reports/([^/]+)"

Fault = Callable[[Asked], "Says | None"]


@dataclass
class FakeBitbucket:
    """One repository, `octo/shop`, with pull request 7. `knows_itself`: the token may ask whose it is."""

    authorization: str = f"Bearer {TOKEN}"
    head: str = SHA[:12]
    knows_itself: bool = False
    read_only: bool = False
    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    described: Described = field(default_factory=lambda: Described("bitbucket"))
    server: Server | None = None

    def __call__(self, asked: Asked) -> Says:
        for fault in self.faults:
            if found := fault(asked):
                self.faults.remove(fault)
                return found
        answer = self._answer(asked)
        self.described.hold(asked.method, asked.path, asked.body, answer.status, answer.body)
        return answer

    def _answer(self, asked: Asked) -> Says:
        if asked.headers.get("authorization") != self.authorization:
            return _error(401, "Token is invalid, expired, or not supported for this endpoint.")
        path = urlsplit(asked.path).path
        if path == "/user":
            if self.knows_itself:
                return says(200, {"uuid": ROBOT, "type": "user"})
            return _error(403, "Your credentials lack one or more required privilege scopes.")
        if self.read_only and asked.method != "GET":
            return _error(403, "Your credentials lack one or more required privilege scopes.")
        for (method, pattern), act in ROUTES.items():
            match = re.fullmatch(pattern, path)
            if match and method == asked.method:
                return act(self, asked, *match.groups())
        return _error(404, f"Resource not found: {path}")

    def _pull(self, _asked: Asked) -> Says:
        return says(200, {"id": 7, "source": {"commit": {"hash": self.head}}})

    def _list(self, asked: Asked) -> Says:
        query = dict(parse_qsl(urlsplit(asked.path).query))
        size, page = min(int(query.get("pagelen", "10")), 100), int(query.get("page", "1"))
        more = f"{self.url}/repositories/octo/shop/pullrequests/7/comments?pagelen={size}&page={page + 1}"
        shown = self.comments[(page - 1) * size : page * size]
        return says(200, {"values": shown} | ({"next": more} if len(self.comments) > page * size else {}))

    def _create(self, asked: Asked) -> Says:
        body = asked.json["content"]["raw"]
        return self._too_long(body) or says(201, self.add(body))

    def _update(self, asked: Asked, number: str) -> Says:
        one = self._by_id(number)
        if one is None:
            return _error(404, "Comment not found")
        if one["user"]["uuid"] != ROBOT:
            return _error(403, "You are not the author of this comment")
        body = asked.json["content"]["raw"]
        if refusal := self._too_long(body):
            return refusal
        one["content"]["raw"] = body
        return says(200, one)

    def _delete(self, _asked: Asked, number: str) -> Says:
        one = self._by_id(number)
        if one is None:
            return _error(404, "Comment not found")
        one.update(deleted=True, content={"raw": ""})
        return Says(204, b"")

    def _status(self, asked: Asked, _sha: str) -> Says:
        self.statuses.append(asked.json)
        return says(201, {"key": asked.json["key"], "state": asked.json["state"]})

    def _report(self, asked: Asked, _sha: str, name: str) -> Says:
        self.reports[name] = asked.json
        return says(200, {"uuid": f"{{{name}}}", "title": asked.json["title"]})

    def _drop_report(self, _asked: Asked, _sha: str, name: str) -> Says:
        self.reports.pop(name, None)
        self.annotations.pop(name, None)
        return Says(204, b"")

    def _annotate(self, asked: Asked, _sha: str, name: str) -> Says:
        if len(asked.json) > 100:
            return _error(400, "up to 100 annotations")
        self.annotations.setdefault(name, []).extend(asked.json)
        return says(200, [{"uuid": f"{{{name}}}", "external_id": one["external_id"]} for one in asked.json])

    def _too_long(self, body: str) -> Says | None:
        return _error(400, "content: too many characters") if len(body) > BODY_LIMIT else None

    def _by_id(self, number: str) -> dict[str, Any] | None:
        return next((one for one in self.comments if str(one["id"]) == number and not one["deleted"]), None)

    def add(self, body: str, *, uuid: str = ROBOT, kind: str = "app_user") -> dict[str, Any]:
        """Put a comment there, as if somebody had posted it."""
        number = next(self.ids)
        one = {
            "id": number,
            "deleted": False,
            "created_on": f"2026-08-20T09:{number // 60:02}:{number % 60:02}.000000+00:00",
            "content": {"raw": body},
            "user": {"uuid": uuid, "type": kind},
            "links": {"html": {"href": f"https://bitbucket.org/octo/shop/pull-requests/7#comment-{number}"}},
        }
        self.comments.append(one)
        return one

    @property
    def url(self) -> str:
        """The address that it listens at."""
        assert self.server is not None
        return self.server.url

    @property
    def writes(self) -> list[str]:
        """Methods of the requests that change something."""
        assert self.server is not None
        return [one.method for one in self.server.asked if one.method != "GET"]

    def environ(self, **more: str) -> dict[str, str]:
        """Return the variables that a step of Bitbucket Pipelines has."""
        return {
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "12",
            "BITBUCKET_STEP_RUN_NUMBER": "2",
            "BITBUCKET_REPO_FULL_NAME": "octo/shop",
            "BITBUCKET_PR_ID": "7",
            "BITBUCKET_PR_DESTINATION_COMMIT": "c" * 12,
            "BITBUCKET_COMMIT": SHA,
            "BITBUCKET_TOKEN": TOKEN,
            **more,
        }


_COMMENTS = "/repositories/octo/shop/pullrequests/7/comments"
ROUTES: dict[tuple[str, str], Callable[..., Says]] = {
    ("GET", "/repositories/octo/shop/pullrequests/7"): FakeBitbucket._pull,
    ("GET", _COMMENTS): FakeBitbucket._list,
    ("POST", _COMMENTS): FakeBitbucket._create,
    ("PUT", rf"{_COMMENTS}/(\d+)"): FakeBitbucket._update,
    ("DELETE", rf"{_COMMENTS}/(\d+)"): FakeBitbucket._delete,
    ("POST", "/repositories/octo/shop/commit/([0-9a-f]+)/statuses/build"): FakeBitbucket._status,
    ("PUT", REPORT): FakeBitbucket._report,
    ("DELETE", REPORT): FakeBitbucket._drop_report,
    ("POST", f"{REPORT}/annotations"): FakeBitbucket._annotate,
}


@contextmanager
def fake_bitbucket(**state: Any) -> Iterator[FakeBitbucket]:
    """Run a Bitbucket for a while, where guardrail looks for the real one."""
    fake = FakeBitbucket(**state)
    with serving(fake) as server, pytest.MonkeyPatch.context() as patch:
        fake.server = server
        patch.setattr(bitbucket, "API", server.url)
        yield fake
    assert fake.described.problems == [], fake.described.problems


def _error(status: int, message: str) -> Says:
    return says(status, {"type": "error", "error": {"message": message}})
