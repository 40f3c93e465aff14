"""Somebody wants to approve his own change: each way that there is, and what becomes of it.

What nobody can tell: that two accounts are one person's, and what a workflow of the change itself does with the name of github-actions.
"""

import pytest

from tests.approvals.repository import APPROVALS, CONFIG, EMPTY, added, volume

RULE = "budget-increase-exceeded"


@pytest.fixture
def change(repository):
    """A change of ana's that adds $200 a month, and has been reported."""
    commit = repository.change(added(200))
    repository.reported()
    return commit


def blocked(repository, *args, **environ):
    """Report again, and return why what was given does not count."""
    assert repository.reported(*args, **environ).exit_code == 1
    finding = repository.findings[RULE]
    assert (finding["status"], finding["blocking"]) == ("fail", True)
    return finding["approval"].get("lapsed", "")


def approves(repository):
    assert repository.reported().exit_code == 0
    return repository.findings[RULE]["approval"]["given"]


def test_by_a_review_of_his_own(repository, change):
    repository.github.people.author = "CFO"
    repository.github.people.review("cfo", change, at=repository.later())
    assert blocked(repository) == ""


LOOK_ALIKES = (
    "\u0441fo",
    "cfo\u200b",
    "\uff23\uff26\uff2f",
    "cf\u1d0f",
    " cfo",
    "cfo[bot]",
    "Fin-An\u0430",
    "\u212aim",
)
"""The last begins with a Kelvin sign, which is a k in small letters."""


def test_by_a_review_of_somebody_who_approves_nothing(repository):
    repository.on_main({"guardrail.yaml": CONFIG.replace("{user: cfo}", "{user: cfo}, {user: kim}")})
    commit = repository.change(added(200))
    repository.reported()
    for name in ("mallory", "cfo2", "cf0", "finops", "all", *LOOK_ALIKES):
        repository.github.people.review(name, commit, at=repository.later())
    assert blocked(repository) == ""


def test_letters_of_either_size_are_one_user(repository, change):
    repository.github.people.review("CFO", change, at=repository.later())
    assert approves(repository)["by"] == "CFO"


def test_by_a_member_of_a_team_up_to_what_it_may_approve(repository, change):
    repository.github.people.review("fin-ana", change, at=repository.later())
    assert approves(repository)["by"] == "fin-ana"
    commit = repository.change(added(1001))
    repository.reported()
    repository.github.people.review("fin-ana", commit, at=repository.later())
    lapsed = blocked(repository)
    assert "fin-ana may approve up to $1,000.00 a month" in lapsed


def test_an_approved_980_does_not_grow_beyond_the_1000_of_its_approver(repository):
    commit = repository.change(added(980))
    repository.reported()
    repository.github.people.review("fin-ana", commit, at=repository.later())
    assert approves(repository)["up_to"] == "1000"
    repository.change(added(1001))
    assert "fin-ana may approve up to $1,000.00 a month" in blocked(repository)


def test_by_a_review_that_is_dismissed_or_followed_by_a_request_for_changes(repository, change):
    people = repository.github.people
    people.review("cfo", change, at=repository.later())
    people.review("cfo", change, at=repository.later(), state="DISMISSED")
    assert blocked(repository) == ""
    people.review("cfo", change, at=repository.later())
    people.review("cfo", change, at=repository.later(), state="CHANGES_REQUESTED")
    people.review("cfo", change, at=repository.later(), state="COMMENTED")
    people.review("cfo", change, at=repository.later(), state="PENDING")
    assert blocked(repository) == ""
    people.review("CFO", change, at=repository.later())
    assert approves(repository)["by"] == "CFO"


def test_by_a_request_for_changes_of_another_user_nothing_is_taken_back(repository, change):
    repository.github.people.review("cfo", change, at=repository.later())
    repository.github.people.review("mallory", change, at=repository.later(), state="CHANGES_REQUESTED")
    assert approves(repository)["by"] == "cfo"


def test_by_a_review_of_nobody_or_of_nothing(repository, change):
    repository.github.people.review(None, change, at=repository.later())
    repository.github.people.review("cfo", None, at=repository.later())
    assert blocked(repository) == ""


def test_by_a_review_of_a_commit_that_nothing_was_told_of(repository, change):
    assert change
    repository.github.people.review("cfo", "d" * 40, at=repository.later())
    assert "of ddddddd does not count: no comment of guardrail has told before what it comes to" in blocked(repository)


def test_by_a_review_from_before_the_amount_was_told(repository):
    commit = repository.change(added(200))
    repository.github.people.review("cfo", commit, at=repository.now)
    assert "no comment of guardrail has told" in blocked(repository)
    assert "came before the comment told what it comes to: approve it again" in blocked(repository)


def test_by_an_old_review_of_a_small_change(repository):
    commit = repository.change(added(110))
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    repository.change(added(600))
    assert blocked(repository) == "cfo approved $110.00 a month, and this comes to $600.00"


def test_by_a_review_of_a_change_that_did_not_have_the_finding(repository):
    commit = repository.change(EMPTY + volume(size=1600, tags='a = "1"'))
    repository.reported()
    repository.github.people.review("cfo", commit, at=repository.later())
    repository.change(EMPTY + volume("other", size=1600, tags='a = "1"'))
    assert repository.reported().exit_code == 1
    assert (
        repository.findings["expensive-resource"]["approval"]["lapsed"]
        == "the review of cfo was given when this was not a part of the change"
    )


def test_by_another_run_of_the_same_commit(repository, change):
    """The amount grows although the commit stays, by prices or usage: the review was of what the comment told."""
    repository.github.people.review("cfo", change, at=repository.later())
    repository.write({"infra/main.tf": added(400)})
    assert blocked(repository) == "cfo approved $200.00 a month, and this comes to $400.00"


def test_by_appointing_himself(repository):
    repository.change(added(200), guardrail__yaml=CONFIG.replace("user: cfo", "user: mallory"))
    repository.reported()
    repository.github.people.review("mallory", repository.github.head, at=repository.later())
    assert blocked(repository) == ""
    assert repository.findings[RULE]["approval"]["approvers"] == ["finops (up to $1,000)", "cfo"]


def test_by_raising_what_he_may_approve(repository):
    repository.change(added(1100), guardrail__yaml=CONFIG.replace("up_to: 1000", "up_to: 9000"))
    repository.reported()
    repository.github.people.review("fin-ana", repository.github.head, at=repository.later())
    assert "fin-ana may approve up to $1,000.00 a month" in blocked(repository)


def test_by_a_waiver_of_his_own(repository):
    waiver = '[{rule: "*", address: "*", reason: x, owner: me, expires: 2026-12-31}]'
    config = f"{CONFIG}waivers: waivers.yaml\n"
    repository.change(added(200), guardrail__yaml=config, waivers__yaml=f"waivers: {waiver}\n")
    assert blocked(repository) == ""
    assert (
        "it is the change's own, and budget-increase-exceeded asks for approval" in repository.findings[RULE]["message"]
    )
    repository.on_main({"guardrail.yaml": config, "waivers.yaml": f"waivers: {waiver}\n"})
    assert repository.reported().exit_code == 0


def test_by_a_comment_in_the_configuration(repository):
    waiver = '# guardrail:ignore expensive-resource until=2026-12-31 reason="x" by=me\n'
    repository.change(EMPTY + waiver + volume(size=1600))
    assert repository.reported().exit_code == 1
    assert repository.findings["expensive-resource"]["status"] == "fail"


def test_by_a_file_that_is_his(repository):
    repository.change(added(200), approvals__yaml=APPROVALS)
    assert blocked(repository) == ""
    config = CONFIG.replace("approvals: {", "approvals: {file: infra/mine.yaml, ")
    repository.change(added(200), guardrail__yaml=config, infra__mine__yaml=APPROVALS)
    repository.write({"infra/mine.yaml": APPROVALS})
    assert blocked(repository) == ""


def test_by_a_link_in_the_place_of_the_file(repository, tmp_path):
    (tmp_path / "elsewhere.yaml").write_text(APPROVALS)
    (repository.top / "approvals.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    repository.change(added(200))
    assert blocked(repository) == ""


def test_by_an_entry_for_another_address_with_a_star_in_it(repository):
    entry = APPROVALS.replace(RULE, "expensive-resource").replace("budget:all", "'aws_ebs_volume.data[\"*\"]'")
    repository.on_main({"approvals.yaml": entry + "    project: shop\n"})
    repository.change(EMPTY + volume(size=1600).replace("{\n  avail", '{\n  for_each = toset(["a"])\n  avail', 1))
    assert repository.reported().exit_code == 1
    assert repository.findings["expensive-resource"]["address"] == 'aws_ebs_volume.data["a"]'
    assert repository.findings["expensive-resource"]["status"] == "fail"


def test_by_a_label_that_he_puts_there_himself(repository, change):
    assert change
    people = repository.github.people
    people.label("ana", "cost-approved", at=repository.later())
    assert blocked(repository) == ""
    people.label("cfo", "cost-approved", at=repository.later(), event="unlabeled")
    people.label("cfo", "cost-approvd", at=repository.later())
    assert blocked(repository) == ""
    people.push()
    people.label("cfo", "cost-approved", at=repository.later())
    assert approves(repository)["source"] == "label"
    people.label("mallory", "cost-approved", at=repository.later(), event="unlabeled")
    people.label("mallory", "cost-approved", at=repository.later())
    assert blocked(repository) == ""


def test_a_label_approves_what_the_comment_told_when_it_was_put_there(repository, change):
    assert change
    repository.github.people.label("cfo", "cost-approved", at=repository.later())
    repository.change(added(209))
    assert approves(repository)["amount"] == "200"
    repository.change(added(211))
    assert blocked(repository) == "cfo approved $200.00 a month, and this comes to $211.00"


def test_by_editing_what_the_comment_has_told(repository):
    """Whoever may write to a repository may edit comments, those of bots as well."""
    commit = repository.change(added(600))
    repository.reported()
    told = repository.github.comments[0]["body"]
    repository.change(added(110))
    repository.reported()
    repository.github.people.review("cfo", repository.github.head, at=repository.later())
    assert approves(repository)["amount"] == "110"
    # The line of $600 in the place of that of $110, so that the review seems to be of it.
    forged = told.replace(commit, repository.github.head)
    repository.github.edit(repository.github.comments[0], forged, login="mallory")
    repository.change(added(600))
    ran = repository.reported()
    assert ran.exit_code == 1
    assert "somebody has edited guardrail's comment: what it told of amounts does not count any more" in ran.stderr
    assert "no comment of guardrail has told" in repository.findings[RULE]["approval"]["lapsed"]


def test_by_a_comment_that_looks_like_ours(repository, change):
    body = repository.github.comments[0]["body"]
    repository.github.comments.clear()
    repository.github.add(body, login="mallory")
    repository.github.people.review("cfo", change, at=repository.later())
    assert "no comment of guardrail has told" in blocked(repository)


def test_with_a_key_only_what_is_signed_counts(repository):
    key = {"GUARDRAIL_APPROVALS_KEY": "0123456789abcdef0123"}
    commit = repository.change(added(200))
    repository.reported(**key)
    repository.github.people.review("cfo", commit, at=repository.later())
    assert repository.reported(**key).exit_code == 0
    one = repository.github.comments[0]
    one["body"] = one["body"].replace('mac="', 'mac="0')[:-2]
    assert "no comment of guardrail has told" in blocked(repository, **key)
    assert repository.reported(GUARDRAIL_APPROVALS_KEY="short").exit_code == 1


def test_where_the_base_has_no_approvers_nobody_may(repository):
    repository.on_main({"guardrail.yaml": CONFIG.replace("approvers:", "# approvers:")})
    repository.change(added(200))
    repository.write({"guardrail.yaml": CONFIG})
    repository.reported()
    repository.github.people.review("cfo", repository.github.head, at=repository.later())
    assert blocked(repository) == ""
    assert "approvers" not in repository.findings[RULE]["approval"]


def test_where_the_base_is_not_here_nobody_may(repository):
    repository.change(added(200))
    repository.base = "e" * 40
    lapsed = blocked(repository)
    assert "the approvers of the base cannot be read" in lapsed
    assert "fetch-depth: 0" in lapsed


def test_where_the_base_has_no_configuration_nobody_may(repository):
    repository.git("checkout", "-q", "main")
    repository.git("rm", "-q", "guardrail.yaml")
    repository.base = repository.commit()
    repository.git("checkout", "-q", "change")
    repository.change(added(200))
    assert "guardrail.yaml is not in" in blocked(repository)


def test_a_broken_file_of_the_base_approves_nothing(repository):
    repository.on_main({"approvals.yaml": "approvals: 7\n"})
    repository.change(added(200))
    assert repository.checked().exit_code == 2


def test_with_the_policy_of_the_base_it_is_the_same(repository):
    repository.on_main({"approvals.yaml": APPROVALS})
    repository.change(added(200), approvals__yaml="approvals: []\n")
    assert repository.checked("--policy-ref", "base").exit_code == 0
    repository.on_main({"approvals.yaml": "approvals: []\n"})
    repository.change(added(200), approvals__yaml=APPROVALS)
    assert repository.checked("--policy-ref", "base").exit_code == 1
