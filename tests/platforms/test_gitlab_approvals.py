"""Approvals, labels and groups as GitLab tells them, and a whole run with a signature."""

from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from guardrail.model.approval import ApprovalSource
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.context import Overrides
from guardrail.platforms.gitlab.api import connect
from guardrail.platforms.gitlab.approvals import GitLabApprovals, approvals_of
from tests.http.scripted import says, serving
from tests.http.waits import Waits
from tests.platforms.described import Described
from tests.platforms.test_gitlab import SHA, TOKEN, FakeGitLab

BASE = "/api/v4/projects/10/merge_requests/3"
AT = "2026-08-20T12:00:00.000Z"


class People(FakeGitLab):
    """Merge request 3 of project 10, which ana has opened. `groups`: path to ids of members."""

    def __init__(self):
        super().__init__()
        self.approved, self.events, self.groups = [], [], {}
        self.described = Described("gitlab", undescribed=f"{BASE}/approvals")

    def approve(self, name, number, *, at=AT):
        user = {"id": number, "username": name}
        self.approved.append({"user": user, "approved_at": at} if at else {"user": user})

    def label(self, name, number, label, *, action="add"):
        user = {"id": number, "username": name}
        event = {"id": len(self.events) + 1, "user": user, "created_at": AT, "action": action, "label": {"name": label}}
        self.events.append(event)

    def answer(self, asked):
        url = urlsplit(asked.path)
        if url.path == BASE and asked.headers.get("private-token") == TOKEN:
            return says(200, {"sha": self.head, "author": {"username": "ana"}})
        if url.path == f"{BASE}/approvals":
            return says(200, {"approved_by": self.approved})
        if url.path == f"{BASE}/resource_label_events":
            query = dict(parse_qsl(url.query))
            page, size = int(query["page"]), int(query["per_page"])
            more = str(page + 1) if len(self.events) > page * size else ""
            return says(200, self.events[(page - 1) * size : page * size], x_next_page=more)
        for path, members in self.groups.items():
            place = f"/api/v4/groups/{path.replace('/', '%2F')}"
            number = url.path.removeprefix(f"{place}/members/all/")
            if url.path == place:
                return says(200, {"id": 1, "full_path": path})
            if number.isdecimal() and int(number) in members:
                return says(200, {"id": int(number), "username": "x", "state": members[int(number)]})
        return super().answer(asked)


@pytest.fixture
def fake():
    people = People()
    with serving(people) as server:
        people.environ = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{server.url}/api/v4",
            "CI_MERGE_REQUEST_PROJECT_ID": "10",
            "CI_MERGE_REQUEST_IID": "3",
            "CI_COMMIT_SHA": SHA,
            "GITLAB_TOKEN": TOKEN,
        }
        yield people
    assert people.described.problems == []


@pytest.fixture
def source(fake):
    return approvals_of(connect(fake.environ, Overrides(), Waits().deadline(90)))


def test_who_approves_and_when(fake, source):
    fake.approve("cfo", 5)
    fake.approve("Ana", 6)
    (found,) = source.sign_offs("")
    assert (found.by, found.source, found.commit) == ("cfo", ApprovalSource.REVIEW, "")
    assert found.at == datetime.fromisoformat(AT)
    assert source.needs_key


def test_where_the_server_does_not_say_when_its_own_notes_do(fake, source):
    fake.approve("cfo", 5, at="")
    assert source.sign_offs("") == []
    fake.add("approved this merge request", author=5)["created_at"] = AT
    assert source.sign_offs("") == []
    fake.add("approved this merge request", author=5, system=True)["created_at"] = AT
    assert [one.by for one in source.sign_offs("")] == ["cfo"]


def test_a_label_is_that_of_whoever_put_it_there_last(fake, source):
    for number in range(150):
        fake.label("bot", number, "other")
    fake.label("cfo", 5, "approved")
    assert [(one.by, one.source) for one in source.sign_offs("approved")] == [("cfo", ApprovalSource.LABEL)]
    fake.label("ana", 6, "approved", action="remove")
    assert source.sign_offs("approved") == []
    fake.label("ana", 6, "approved")
    assert source.sign_offs("approved") == []


def test_members_of_a_group(fake, source):
    fake.approve("cfo", 5)
    fake.approve("old", 7)
    fake.approve("mallory", 8)
    source.sign_offs("")
    fake.groups = {"acme/finops": {5: "active", 7: "blocked"}}
    assert source.is_member("acme/finops", "CFO")
    assert not source.is_member("acme/finops", "old")
    assert not source.is_member("acme/finops", "mallory")
    assert not source.is_member("acme/finops", "nobody")
    with pytest.raises(NotPostedError, match="the team acme/other cannot be read"):
        source.is_member("acme/other", "cfo")


def test_without_a_right_token_nothing_is_told(fake):
    owner = connect({**fake.environ, "GITLAB_TOKEN": "glpat-other"}, Overrides(), Waits().deadline(90))
    with pytest.raises(NotPostedError, match="GITLAB_TOKEN"):
        GitLabApprovals(owner).sign_offs("")


def test_outside_of_a_merge_request_there_is_nothing(fake):
    environ = {**fake.environ, "CI_MERGE_REQUEST_IID": ""}
    assert approvals_of(connect(environ, Overrides(), Waits().deadline(90))) is None
