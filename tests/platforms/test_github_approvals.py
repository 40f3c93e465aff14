"""Reviews, labels, teams and edits as GitHub tells them, with its pages, limits and faults."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest

from guardrail.model.approval import ApprovalSource
from guardrail.platforms.comment import Marker, NotPostedError
from guardrail.platforms.context import Overrides
from guardrail.platforms.github.api import connect
from guardrail.platforms.github.approvals import approvals_of
from tests.http.scripted import Says, says
from tests.http.waits import Waits
from tests.platforms.fake_github import EPOCH, SHA, fake_github, once, pull_request_event

REVIEWS, TIMELINE, TEAM = "/pulls/7/reviews", "/issues/7/timeline", "/orgs/octo/teams/finops"
MEMBER = f"{TEAM}/memberships/zoe"


@pytest.fixture
def github():
    with fake_github() as fake:
        yield fake


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def source(github, tmp_path, waits):
    """What the pull request of a job tells."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps(pull_request_event()), encoding="utf-8")
    return approvals_of(connect(github.environ(GITHUB_EVENT_PATH=str(event)), Overrides(), waits.deadline(90)))


def test_reviews_are_read_to_the_last_page(github, source):
    for number in range(250):
        github.people.review(f"user{number}", SHA, at=EPOCH + timedelta(seconds=number))
    found = source.sign_offs("")
    assert [one.by for one in found] == [f"user{number}" for number in range(250)]
    assert {(one.source, one.commit) for one in found} == {(ApprovalSource.REVIEW, SHA)}
    assert github.asked.count(("GET", f"/repos/octo/shop{REVIEWS}")) == 3


def test_a_request_for_changes_on_a_later_page_counts(github, source):
    github.people.review("cfo", SHA)
    for number in range(100):
        github.people.review(f"user{number}", SHA, state="COMMENTED")
    github.people.review("cfo", SHA, state="CHANGES_REQUESTED")
    assert source.sign_offs("") == []


def test_a_label_is_that_of_whoever_put_it_there_last(github, source):
    for _ in range(120):
        github.people.push()
    github.people.label("ana", "approved")
    github.people.label("zoe", "approved", event="unlabeled")
    github.people.label("zoe", "approved", at=EPOCH)
    (found,) = source.sign_offs("approved")
    assert (found.by, found.at, found.source, found.commit) == ("zoe", EPOCH, ApprovalSource.LABEL, "")
    assert github.asked.count(("GET", f"/repos/octo/shop{TIMELINE}")) == 2


def test_without_a_label_the_timeline_is_not_read(github, source):
    source.sign_offs("")
    assert ("GET", f"/repos/octo/shop{TIMELINE}") not in github.asked


@pytest.mark.parametrize("path", [REVIEWS, TIMELINE, "/pulls/7"])
@pytest.mark.parametrize(
    "answer, says_what",
    [
        (says(403, {"message": "Resource not accessible by integration"}), "pull-requests: read"),
        (says(404, {"message": "Not Found"}), "is not there, or the token may not see it"),
        (says(401, {"message": "Bad credentials"}), "the token is not valid"),
    ],
    ids=["403", "404", "401"],
)
def test_a_refusal_says_what_to_do(github, source, path, answer, says_what):
    github.faults.append(once("GET", path, answer))
    with pytest.raises(NotPostedError, match=says_what):
        source.sign_offs("approved")


@pytest.mark.parametrize("path", [REVIEWS, TIMELINE])
def test_what_passes_is_waited_for(github, source, waits, path):
    github.people.review("cfo", SHA)
    github.faults += [once("GET", path, says(502, {})), once("GET", path, Says(hang_up=True))]
    assert [one.by for one in source.sign_offs("approved")] == ["cfo"]
    assert waits.slept == [1, 2]


def test_a_secondary_limit_is_waited_for_and_a_long_one_is_not(github, source, waits):
    github.people.review("cfo", SHA)
    limit = says(403, {"message": "You have exceeded a secondary rate limit. Please wait."})
    github.faults.append(once("GET", REVIEWS, limit))
    assert [one.by for one in source.sign_offs("")] == ["cfo"]
    assert waits.slept == [60]
    github.faults.append(once("GET", REVIEWS, says(403, {"message": "secondary rate limit"}, Retry_After="600")))
    with pytest.raises(NotPostedError, match="the limit on requests is used up"):
        source.sign_offs("")


def test_a_server_that_never_ends_its_answer_is_given_up(github, source, waits):
    endless = Says(200, b"", {"Content-Length": "1000000000"}, trickle=lambda: waits.slept.append(1))
    github.faults.append(once("GET", REVIEWS, endless))
    with pytest.raises(NotPostedError, match="no complete response within 90 s"):
        source.sign_offs("")


@pytest.mark.parametrize(
    "body", [b"[", b"{}", b"7", b'[{"user": 7, "state": [], "submitted_at": {}}, null]', b'"\xff"', b""], ids=repr
)
def test_an_answer_of_another_shape_approves_nothing(github, source, body):
    github.faults.append(once("GET", REVIEWS, Says(200, body)))
    with suppress(NotPostedError):
        assert source.sign_offs("") == []
    github.described.problems.clear()


@pytest.mark.parametrize("at", ["", "yesterday", "2026-08-20T09:00:00"], ids=["none", "no time", "of no zone"])
def test_a_review_of_no_time_is_a_yes_to_nothing(github, source, at):
    github.people.review("cfo", SHA)
    github.people.reviews[0]["submitted_at"] = at
    assert source.sign_offs("") == []


def test_members_of_a_team(github, source):
    github.people.teams = {"octo/finops": {"Zoe": "active", "new": "pending"}, "acme/money": {"zoe": "active"}}
    assert source.is_member("finops", "zoe")
    assert source.is_member("octo/finops", "ZOE")
    assert source.is_member("acme/money", "zoe")
    assert not source.is_member("finops", "new")
    assert not source.is_member("finops", "mallory")
    with pytest.raises(NotPostedError, match="the team money cannot be read"):
        source.is_member("money", "zoe")


def test_a_team_that_the_token_may_not_read_has_no_members(github, source):
    github.people.teams = {"octo/finops": {"zoe": "active"}}
    github.people.readable = False
    with pytest.raises(NotPostedError, match=r"list its `members` in guardrail\.yaml"):
        source.is_member("finops", "zoe")
    github.people.readable = True
    for answer in (says(403, {"message": "Must have admin rights"}), says(302, {}, Location="https://github.com/x")):
        github.faults.append(once("GET", MEMBER, answer))
        with pytest.raises(NotPostedError, match="the team finops cannot be read"):
            source.is_member("finops", "zoe")
    github.described.problems.clear()


def test_a_name_cannot_lead_elsewhere(github, source):
    github.people.teams = {"octo/finops": {}}
    assert not source.is_member("finops", "../../../user")
    assert github.asked[-2][1].endswith("/memberships/..%2F..%2F..%2Fuser")
    github.described.problems.clear()


def comment(text="told"):
    return f"{Marker('default', SHA, '1.1', EPOCH).line()}\n{text}"


def test_comments_that_somebody_else_has_edited_tell_nothing(github, source):
    one = github.add(comment())
    assert source.comments("default") == ([comment()], "")
    github.edit(one, comment("ours"), login=github.login)
    assert source.comments("default") == ([comment("ours")], "")
    for other in ("mallory", "github-actions", "dependabot[bot]"):
        github.edit(one, comment("theirs"), login=other)
        bodies, said = source.comments("default")
        assert bodies == []
        assert said.startswith("somebody has edited guardrail's comment")


def test_where_edits_cannot_be_told_comments_tell_nothing(github, source):
    github.add(comment())
    github.viewer_works = False
    with pytest.raises(NotPostedError):
        source.comments("default")


def test_other_comments_are_none_of_ours(github, source):
    github.add(comment(), login="mallory")
    github.add(f"> {comment()}")
    assert source.comments("default") == ([], "")
    github.add(comment())
    assert source.comments("prod") == ([], "")
