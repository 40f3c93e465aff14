"""Threads on Azure DevOps: the same story, by its calls, against a fake of them."""

import itertools
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from guardrail.platforms.azure import connect
from guardrail.platforms.comment import Comment, Marker, Mode, NotPostedError, Outcome
from guardrail.platforms.context import Overrides
from tests.http.scripted import says, serving
from tests.http.waits import Waits
from tests.platforms.described import Described

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
SHA = "a" * 40
TOKEN = "azure-0123456789"  # noqa: S105 - nobody's
ROBOT = "11111111-2222"
BASE = "/octo/My%20Project/_apis/git/repositories/repo-1/pullRequests/5"


class FakeAzure:
    """One pull request, number 5."""

    def __init__(self):
        self.threads, self.ids, self.asked, self.environ = [], itertools.count(1), [], {}
        self.statuses = []
        # Who one is can be asked of the collection, by a call that no description names.
        self.described = Described("azure", undescribed="/octo/_apis/connectionData")
        self.allowed, self.authorization = True, f"Bearer {TOKEN}"

    def add(self, content, *, author=ROBOT, status="active", deleted=False):
        comment = {"id": 1, "content": content, "author": {"id": author}, "isDeleted": deleted}
        self.threads.append({"id": next(self.ids), "status": status, "comments": [comment]})
        return self.threads[-1]

    def __call__(self, asked):
        answer = self.answer(asked)
        self.described.hold(asked.method, asked.path, asked.body, answer.status, answer.body)
        return answer

    def answer(self, asked):
        url = urlsplit(asked.path)
        self.asked.append((asked.method, url.path))
        if asked.headers.get("authorization") != self.authorization:
            return says(401, {"message": "no"})
        if url.path == "/octo/_apis/connectionData":
            return says(200, {"authenticatedUser": {"id": ROBOT}})
        if url.path == BASE:
            return says(200, {"lastMergeSourceCommit": {"commitId": SHA}})
        if url.path == f"{BASE.partition('/pullRequests')[0]}/commits/{SHA}/statuses":
            self.statuses.append(asked.json)
            return says(200, {"id": 1, "state": asked.json["state"]})
        rest = url.path.removeprefix(f"{BASE}/threads").strip("/").split("/")
        if asked.method == "GET":
            return says(200, {"value": self.threads})
        if not self.allowed:
            return says(403, {"message": "TF401027: You need the Git 'PullRequestContribute' permission"})
        if asked.method == "POST":
            return says(200, self.add(asked.json["comments"][0]["content"], status=asked.json["status"]))
        thread = next((one for one in self.threads if str(one["id"]) == rest[0]), None)
        if thread is None:
            return says(404, {"message": "gone"})
        return self.change(thread, asked, rest)

    def change(self, thread, asked, rest):
        if asked.method == "DELETE":
            thread["comments"][0].update(isDeleted=True, content=None)
        elif len(rest) > 1:
            thread["comments"][0]["content"] = asked.json["content"]
        else:
            thread["status"] = asked.json["status"]
        return says(200, {})


@contextmanager
def azure():
    fake = FakeAzure()
    with serving(fake) as server:
        fake.environ = {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{server.url.replace('//', '//octo@')}/octo/",
            "SYSTEM_TEAMPROJECT": "My Project",
            "BUILD_REPOSITORY_ID": "repo-1",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "5",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": SHA,
            "SYSTEM_ACCESSTOKEN": TOKEN,
        }
        yield fake
    assert fake.described.problems == [], fake.described.problems


def text(body="the report"):
    return f"{Marker('default', SHA, '', NOW).line()}\n{body}"


def post(fake, *, mode=Mode.UPDATE, body="the report", blocking=True, **more):
    platform = connect({**fake.environ, **more}, Overrides(), Waits().deadline(180))
    comment = Comment(Marker("default", SHA, platform.run, NOW), lambda _limit: body, blocking)
    return platform.comment(comment, mode, first=True)


def test_first_post_then_update_of_the_same_thread():
    with azure() as fake:
        assert post(fake).outcome is Outcome.CREATED
        assert post(fake).outcome is Outcome.UNCHANGED
        assert post(fake, body="passed", blocking=False).outcome is Outcome.UPDATED
        assert [(one["status"], one["comments"][0]["content"]) for one in fake.threads] == [("closed", text("passed"))]


@pytest.mark.parametrize("blocking, status", [(True, "active"), (False, "closed")])
def test_a_thread_is_open_only_while_the_report_blocks(blocking, status):
    with azure() as fake:
        post(fake, blocking=blocking)
        assert fake.threads[0]["status"] == status


def test_threads_of_others_and_deleted_ones_are_not_touched():
    with azure() as fake:
        fake.add(text("not ours"), author="else")
        fake.add(text("deleted"), deleted=True)
        assert post(fake).outcome is Outcome.CREATED
        assert len(fake.threads) == 3


def test_delete_and_new():
    with azure() as fake:
        fake.add(text("old"))
        assert post(fake, mode=Mode.DELETE_AND_NEW).outcome is Outcome.CREATED
        assert [one["comments"][0]["isDeleted"] for one in fake.threads] == [True, False]


def test_azure_403_names_the_permission():
    with azure() as fake:
        fake.allowed = False
        with pytest.raises(NotPostedError, match="Contribute to pull requests") as caught:
            post(fake)
        assert TOKEN not in str(caught.value)


def test_a_personal_token_is_sent_as_azure_wants_it():
    with azure() as fake:
        fake.authorization = "Basic OnBhdA=="
        assert post(fake, SYSTEM_ACCESSTOKEN="", AZURE_DEVOPS_PAT="pat").outcome is Outcome.CREATED


def test_without_a_pull_request_or_a_token():
    with azure() as fake:
        assert post(fake, SYSTEM_PULLREQUEST_PULLREQUESTID="").outcome is Outcome.SKIPPED
        with pytest.raises(NotPostedError, match="SYSTEM_ACCESSTOKEN"):
            post(fake, SYSTEM_ACCESSTOKEN="")
        with pytest.raises(NotPostedError, match="cannot hide"):
            post(fake, mode=Mode.HIDE_AND_NEW)
        assert fake.asked == []


def test_a_status_is_set():
    with azure() as fake:
        connect(fake.environ, Overrides(), Waits().deadline()).status(
            "failure", "2 blocking findings", name="guardrail"
        )
        assert fake.statuses == [
            {
                "state": "failed",
                "description": "2 blocking findings",
                "context": {"name": "guardrail", "genre": "guardrail"},
                "targetUrl": "",
            }
        ]
