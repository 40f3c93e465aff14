"""What becomes of a run where approvals cannot be read, and how little is asked where nothing waits for them."""

import pytest

from tests.approvals.repository import CONFIG, EMPTY, added, volume
from tests.http.scripted import says
from tests.platforms.fake_github import once

RULE = "budget-increase-exceeded"


@pytest.fixture
def reviewed(repository):
    """A change of $200 that the CFO has approved."""
    commit = repository.change(added(200))
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    return repository


@pytest.mark.parametrize(
    "fault, tells",
    [
        (
            once("GET", "/reviews", says(403, {"message": "Resource not accessible"})),
            "permissions: {contents: read, pull-requests",
        ),
        (once("GET", "/reviews", says(404, {"message": "Not Found"})), "the token may not see it"),
    ],
    ids=["403", "404"],
)
def test_what_cannot_be_read_approves_nothing(reviewed, fault, tells):
    reviewed.github.faults.append(fault)
    ran = reviewed.reported()
    assert ran.exit_code == 1
    assert "approvals: reviews and labels cannot be read" in ran.stderr
    assert tells in ran.stderr
    assert reviewed.reported().exit_code == 0


def test_where_the_comment_cannot_be_read_a_review_has_to_be_given_again(reviewed):
    reviewed.github.faults.append(once("GET", "/comments", says(403, {"message": "x"}, Retry_After="900")))
    ran = reviewed.reported()
    assert (ran.exit_code, "the limit on requests is used up" in ran.stderr) == (1, True)
    reviewed.github.people.review("cfo", reviewed.github.head, at=reviewed.later())
    assert reviewed.reported().exit_code == 0


def test_without_a_token_nothing_is_approved(reviewed):
    ran = reviewed.reported(GITHUB_TOKEN="")
    assert ran.exit_code == 1
    assert "there is no token for GitHub" in ran.stderr


def test_without_a_comment_a_review_is_a_yes_to_nothing(repository):
    commit = repository.change(added(200))
    repository.github.people.review("cfo", commit, at=repository.later())
    ran = repository.reported("--comment", "never")
    assert ran.exit_code == 1
    assert "without a comment a review is a yes to nothing" in ran.stderr
    assert repository.github.asked == []


def test_a_dry_run_asks_nobody(reviewed):
    before = len(reviewed.github.asked)
    assert reviewed.reported("--dry-run").exit_code == 1
    assert len(reviewed.github.asked) == before


def test_where_nothing_waits_for_approval_no_review_is_read(repository):
    repository.change(EMPTY + volume(size=100))
    assert repository.reported().exit_code == 0
    assert not [path for _, path in repository.github.asked if path.endswith("/reviews")]
    assert "guardrail-told" not in repository.comment


def test_a_team_is_asked_for_and_one_that_cannot_be_read_is_said(repository):
    repository.on_main({"guardrail.yaml": CONFIG.replace("members: [Fin-Ana], ", "")})
    commit = repository.change(added(200))
    repository.github.people.readable = False
    repository.reported()
    repository.github.people.review("zoe", commit, at=repository.later())
    ran = repository.reported()
    assert ran.exit_code == 1
    assert "the team finops cannot be read" in ran.stderr
    repository.github.people.readable = True
    repository.github.people.teams = {"octo/finops": {"zoe": "active"}}
    assert repository.reported().exit_code == 0
    assert repository.findings[RULE]["approval"]["given"]["by"] == "zoe"


def test_a_comment_that_is_deleted_takes_what_it_told_with_it(reviewed):
    reviewed.github.comments.clear()
    assert reviewed.reported().exit_code == 1
    reviewed.github.people.review("cfo", reviewed.github.head, at=reviewed.later())
    assert reviewed.reported().exit_code == 0


@pytest.mark.parametrize("mode", ["new", "hide-and-new", "delete-and-new"])
def test_what_was_told_goes_on_in_another_comment(repository, mode):
    commit = repository.change(added(200))
    repository.reported("--comment-mode", mode)
    repository.github.people.review("cfo", commit, at=repository.later())
    repository.reported("--comment-mode", mode)
    repository.change(added(205))
    assert repository.reported("--comment-mode", mode).exit_code == 0


def test_from_an_artifact_nothing_is_approved(reviewed):
    reviewed.checked()
    ran = reviewed.reported("--from-artifact")
    assert ran.exit_code == 1


def test_on_a_platform_whose_reviews_are_not_read_the_file_counts(repository):
    repository.change(added(200))
    repository.checked()
    ran = repository.reported(GITHUB_ACTIONS="", TF_BUILD="True", SYSTEM_PULLREQUEST_PULLREQUESTID="7")
    assert ran.exit_code == 1
    assert "the commit that the change is to be merged into is not known here" in ran.stdout.replace("\n", " ")


def test_two_comments_of_one_change_tell_apart(repository):
    commit = repository.change(added(200))
    repository.reported("--comment-key", "prod")
    repository.github.people.review("cfo", commit, at=repository.later())
    assert repository.reported("--comment-key", "dev").exit_code == 1
    assert repository.reported("--comment-key", "prod").exit_code == 0
