"""Approvals from end to end: check, report, a review, a push, and what becomes of the status."""

from tests.approvals.repository import APPROVALS, EMPTY, added, volume


def approve_200(repository):
    """A change that adds $200 a month is reported, and the CFO approves it."""
    commit = repository.change(added(200))
    assert repository.reported().exit_code == 1
    repository.github.people.review("cfo", commit, at=repository.later())
    return commit


def test_a_change_of_200_waits_for_approval_and_says_by_whom(repository):
    repository.change(added(200))
    assert repository.checked().exit_code == 1
    assert repository.reported(status=True).exit_code == 1
    finding = repository.findings["budget-increase-exceeded"]
    assert (finding["status"], finding["amount"], finding["blocking"]) == ("fail", "200", True)
    assert finding["approval"] == {"approvers": ["finops (up to $1,000)", "cfo"]}
    assert repository.status == "failure"
    assert "❌ Needs approval" in repository.comment
    assert "Needs approval by finops (up to $1,000) or cfo" in repository.comment
    assert "guardrail approve budget-increase-exceeded budget:all --by NAME" in repository.comment


def test_approved_200_turns_the_status_green(repository):
    commit = approve_200(repository)
    assert repository.reported(event="pull_request_review", status=True).exit_code == 0
    finding = repository.findings["budget-increase-exceeded"]
    assert (finding["status"], finding["blocking"]) == ("approved", False)
    given = finding["approval"]["given"]
    assert (given["by"], given["source"], given["amount"], given["up_to"]) == ("cfo", "review", "200", "210")
    assert given["commit"] == commit
    assert repository.status == "success"
    assert f"Approved by cfo in a review of {commit[:7]} up to 210.00 a month" in repository.comment


def test_a_push_that_makes_it_209_still_passes(repository):
    approve_200(repository)
    repository.change(added(209))
    assert repository.reported().exit_code == 0
    assert repository.findings["budget-increase-exceeded"]["status"] == "approved"


def test_a_push_that_makes_it_211_blocks(repository):
    approve_200(repository)
    repository.change(added(211))
    assert repository.reported(status=True).exit_code == 1
    lapsed = repository.findings["budget-increase-exceeded"]["approval"]["lapsed"]
    assert lapsed == "cfo approved $200.00 a month, and this comes to $211.00"
    assert repository.status == "failure"
    assert "cfo approved $200.00 a month, and this comes to $211.00" in repository.comment


def test_steps_of_less_than_5_percent_do_not_add_up(repository):
    approve_200(repository)
    for amount, code in ((209, 0), (210, 0), (218, 1), (210, 0)):
        repository.change(added(amount))
        assert repository.reported().exit_code == code, amount


def test_an_approval_of_209_holds_up_to_219(repository):
    approve_200(repository)
    commit = repository.change(added(211))
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    repository.change(added(219))
    assert repository.reported().exit_code == 0


def test_planned_values_that_change_lapse_the_approval_of_a_resource(repository):
    commit = repository.change(EMPTY + volume(size=1600))
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    assert repository.reported().exit_code == 0
    assert repository.findings["expensive-resource"]["status"] == "approved"
    repository.change(EMPTY + volume(size=1600, tags='team = "other"'))
    assert repository.reported().exit_code == 1
    expensive = repository.findings["expensive-resource"]
    assert expensive["approval"]["lapsed"] == "what is planned is not what cfo approved"
    # What the change adds as a whole is as it was.
    assert repository.findings["budget-increase-exceeded"]["status"] == "approved"


def test_the_authors_own_review_does_not_count(repository):
    commit = repository.change(added(200))
    repository.github.people.author = "CFO"
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    assert repository.reported().exit_code == 1
    assert "given" not in repository.findings["budget-increase-exceeded"]["approval"]


def test_an_approval_from_a_forks_file_does_not_count(repository):
    repository.change(added(200), approvals__yaml=APPROVALS)
    assert repository.checked().exit_code == 1
    assert repository.reported().exit_code == 1
    assert repository.findings["budget-increase-exceeded"]["status"] == "fail"


def test_an_approval_from_the_file_of_the_base_counts_offline(repository):
    repository.on_main({"approvals.yaml": APPROVALS})
    repository.change(added(209))
    assert repository.checked().exit_code == 0
    assert repository.reported().exit_code == 0
    given = repository.findings["budget-increase-exceeded"]["approval"]["given"]
    assert (given["by"], given["source"], given["expires"], given["up_to"]) == ("cfo", "file", "2026-12-31", "210")
    assert given["where"].startswith("approvals.yaml in ")
    repository.change(added(211))
    assert repository.checked().exit_code == 1
