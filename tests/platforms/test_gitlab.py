"""Notes on GitLab: the same story as on GitHub, by GitLab's calls, against a fake of them."""

import itertools
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from guardrail.platforms.comment import Comment, Marker, Mode, NotPostedError, Outcome
from guardrail.platforms.context import Overrides
from guardrail.platforms.gitlab.api import connect
from tests.http.scripted import Says, says, serving
from tests.http.waits import Waits
from tests.platforms.described import Described

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
SHA = "a" * 40
TOKEN = "glpat-0123456789"  # noqa: S105 - nobody's
ROBOT = 42


class FakeGitLab:
    """One merge request, number 3 of project 10. `role` is what the token may do: maintainer, guest or job."""

    def __init__(self, role="maintainer"):
        self.role, self.head = role, SHA
        self.notes = []
        self.statuses = []
        self.ids = itertools.count(1)
        self.asked = []
        self.environ = {}
        self.described = Described("gitlab")

    def add(self, body, *, author=ROBOT, system=False):
        note = {"id": next(self.ids), "body": body, "author": {"id": author}, "system": system, "created_at": "2026"}
        self.notes.append(note)
        return note

    def __call__(self, asked):
        answer = self.answer(asked)
        self.described.hold(asked.method, asked.path, asked.body, answer.status, answer.body)
        return answer

    def answer(self, asked):
        url = urlsplit(asked.path)
        self.asked.append((asked.method, url.path))
        if self.role == "job" or asked.headers.get("private-token") != TOKEN:
            return says(401, {"message": "401 Unauthorized"})
        base, path = "/api/v4/projects/10/merge_requests/3", url.path
        if path == "/api/v4/user":
            return says(200, {"id": ROBOT})
        if path == f"/api/v4/projects/10/statuses/{SHA}":
            self.statuses.append(asked.json)
            return says(200, {"id": 1, "status": asked.json["state"]})
        if self.role == "guest" or not path.startswith(base):
            return says(404, {"message": "404 Not found"})
        if path == base:
            return says(200, {"sha": self.head})
        if path == f"{base}/notes":
            if asked.method == "POST":
                return says(201, self.add(asked.json["body"]))
            return self.page(dict(parse_qsl(url.query)))
        return self.one(asked, int(path.rpartition("/")[2]))

    def page(self, query):
        notes = self.notes[::-1] if query["sort"] == "desc" else self.notes
        page, size = int(query["page"]), int(query["per_page"])
        more = str(page + 1) if len(notes) > page * size else ""
        return says(200, notes[(page - 1) * size : page * size], x_next_page=more)

    def one(self, asked, number):
        note = next((one for one in self.notes if one["id"] == number), None)
        if note is None:
            return says(404, {"message": "404 Not found"})
        if asked.method == "DELETE":
            self.notes.remove(note)
            return Says(204, b"")
        note["body"] = asked.json["body"]
        return says(200, note)


@contextmanager
def gitlab(**state):
    fake = FakeGitLab(**state)
    with serving(fake) as server:
        fake.environ = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{server.url}/api/v4",
            "CI_PROJECT_ID": "99",
            "CI_MERGE_REQUEST_PROJECT_ID": "10",
            "CI_MERGE_REQUEST_IID": "3",
            "CI_COMMIT_SHA": SHA,
            "GITLAB_TOKEN": TOKEN,
        }
        yield fake
    assert fake.described.problems == [], fake.described.problems


def text(body="the report"):
    return f"{Marker('default', SHA, '', NOW).line()}\n{body}"


def post(fake, *, mode=Mode.UPDATE, first=True, body="the report", **more):
    platform = connect({**fake.environ, **more}, Overrides(), Waits().deadline(180))
    return platform.comment(Comment(Marker("default", SHA, platform.run, NOW), lambda _limit: body), mode, first=first)


def test_first_post_then_update_of_the_same_note():
    with gitlab() as fake:
        assert post(fake).outcome is Outcome.CREATED
        assert post(fake).outcome is Outcome.UNCHANGED
        assert post(fake, body="again").outcome is Outcome.UPDATED
        assert [note["body"] for note in fake.notes] == [text("again")]


def test_ours_is_found_past_the_first_page_and_among_others():
    with gitlab() as fake:
        fake.add(text("not ours"), author=7)
        fake.add(text("a system note"), system=True)
        for number in range(150):
            fake.add(f"note {number}", author=7)
        ours = fake.add(text("old"))
        assert post(fake).outcome is Outcome.UPDATED
        assert ours["body"] == text()
        assert fake.notes[0]["body"] == text("not ours")


def test_delete_and_new():
    with gitlab() as fake:
        fake.add(text("old"))
        assert post(fake, mode=Mode.DELETE_AND_NEW).outcome is Outcome.CREATED
        assert [note["body"] for note in fake.notes] == [text()]


def test_hiding_is_refused_since_there_is_no_such_thing():
    with gitlab() as fake, pytest.raises(NotPostedError, match="cannot hide"):
        post(fake, mode=Mode.HIDE_AND_NEW)


def test_stale_sha():
    with gitlab() as fake:
        fake.head = "b" * 40
        assert post(fake).outcome is Outcome.STALE
        assert fake.notes == []


@pytest.mark.parametrize("role", ["job", "guest"])
def test_gitlab_401_and_404_say_which_token_is_needed(role):
    with gitlab(role=role) as fake, pytest.raises(NotPostedError) as caught:
        post(fake)
    assert "project access token with the scope `api` and a role above Guest" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_without_a_token_it_says_so():
    with gitlab() as fake, pytest.raises(NotPostedError, match="scope `api`"):
        post(fake, GITLAB_TOKEN="")


def test_without_a_merge_request_nothing_is_posted():
    with gitlab() as fake:
        assert post(fake, CI_MERGE_REQUEST_IID="").outcome is Outcome.SKIPPED
        assert fake.asked == []


def test_a_status_is_set():
    with gitlab() as fake:
        connect(fake.environ, Overrides(), Waits().deadline()).status(
            "failure", "2 blocking findings", name="guardrail"
        )
        assert fake.statuses[0]["state"] == "failed"
