"""Comments, build status and annotations on Bitbucket, against a fake of it."""

import base64
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from guardrail.model.report import PullRequest
from guardrail.platforms.annotation import Annotation, Severity
from guardrail.platforms.bitbucket import annotate, connect
from guardrail.platforms.comment import Comment, Marker, Mode, NotPostedError, Outcome, marker_of
from guardrail.platforms.context import Overrides, proposal
from guardrail.platforms.detect import detect
from guardrail.report.json.v1 import json_v1
from tests.http.scripted import Says, says
from tests.http.waits import Waits
from tests.platforms.fake_bitbucket import ROBOT, SHA, TOKEN, fake_bitbucket
from tests.report import samples

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def bitbucket():
    with fake_bitbucket() as fake:
        yield fake


def text(body="the report", *, key="default", run="12.2"):
    return f"{Marker(key, SHA, run, NOW).line(html=False)}\n\n{body}"


def post(fake, *, mode=Mode.UPDATE, first=True, body="the report", **more):
    platform = connect(fake.environ(**more), Overrides(), Waits().deadline(180))
    render = body if callable(body) else lambda _limit: body
    comment = Comment(Marker("default", SHA, platform.run, NOW), render, html=False)
    return platform.comment(comment, mode, first=first)


def test_the_marker_is_seen_by_nobody_where_html_is_shown():
    line = Marker('a") b', SHA, "1.1", NOW).line(html=False)
    assert line.startswith("[//]: # (guardrail-report ")
    assert line.endswith(")")
    assert line.count(")") == 1
    assert marker_of(line) == Marker('a") b', SHA, "1.1", NOW)


def test_first_post_then_update_of_the_same_comment(bitbucket):
    created = post(bitbucket)
    assert created.outcome is Outcome.CREATED
    assert created.url.endswith(f"#comment-{created.id}")
    assert post(bitbucket).outcome is Outcome.UNCHANGED
    assert post(bitbucket, body="again").outcome is Outcome.UPDATED
    assert [one["content"]["raw"] for one in bitbucket.comments] == [text("again")]


def test_ours_is_found_on_a_later_page(bitbucket):
    for number in range(130):
        bitbucket.add(f"comment {number}", uuid="{ana}", kind="user")
    ours = bitbucket.add(text("old"))
    assert post(bitbucket).outcome is Outcome.UPDATED
    assert ours["content"]["raw"] == text()


@pytest.mark.parametrize("knows_itself", [True, False])
def test_what_a_person_has_posted_with_our_marker_is_not_touched(knows_itself):
    with fake_bitbucket(knows_itself=knows_itself) as fake:
        foreign = fake.add(text("mine, says mallory"), uuid="{mallory}", kind="user")
        assert post(fake).outcome is Outcome.CREATED
        assert foreign["content"]["raw"] == text("mine, says mallory")


def test_what_another_token_has_posted_is_left_and_ours_is_posted(bitbucket):
    foreign = bitbucket.add(text("another token's"), uuid="{else}")
    assert post(bitbucket).outcome is Outcome.CREATED
    assert foreign["content"]["raw"] == text("another token's")


def test_a_users_token_goes_with_the_users_address():
    basic = base64.b64encode(f"ana@example.com:{TOKEN}".encode()).decode()
    with fake_bitbucket(authorization=f"Basic {basic}", knows_itself=True) as fake:
        ours = fake.add(text("old"), uuid=ROBOT, kind="user")
        assert post(fake, BITBUCKET_EMAIL="ana@example.com").outcome is Outcome.UPDATED
        assert ours["content"]["raw"] == text()


def test_delete_and_new(bitbucket):
    bitbucket.add(text("old"))
    assert post(bitbucket, mode=Mode.DELETE_AND_NEW).outcome is Outcome.CREATED
    assert [one["deleted"] for one in bitbucket.comments] == [True, False]
    assert post(bitbucket).outcome is Outcome.UNCHANGED


def test_a_commit_that_is_not_the_newest_is_not_reported_on(bitbucket):
    bitbucket.head = "b" * 12
    assert post(bitbucket).outcome is Outcome.STALE
    assert bitbucket.writes == []


def test_a_body_that_is_refused_for_its_length_is_posted_at_half(bitbucket):
    assert post(bitbucket, body=lambda limit: "x" * (40_000 if limit > 20_000 else 100)).outcome is Outcome.CREATED
    assert len(bitbucket.comments) == 1


def test_an_answer_that_got_lost_does_not_make_two_comments(bitbucket):
    def lost(asked):
        if asked.method == "POST":
            bitbucket.add(asked.json["content"]["raw"])
            return Says(hang_up=True)
        return None

    bitbucket.faults.append(lost)
    assert post(bitbucket).outcome is Outcome.CREATED
    assert len(bitbucket.comments) == 1


def test_a_next_page_on_another_host_is_not_asked(bitbucket):
    page = {"values": [], "next": "https://elsewhere.example.com/2.0/comments?page=2"}
    bitbucket.faults.append(lambda asked: says(200, page) if "/comments" in asked.path else None)
    with pytest.raises(NotPostedError, match="another host"):
        post(bitbucket)


@pytest.mark.parametrize("state", [{"authorization": "Bearer other"}, {"read_only": True}])
def test_a_refusal_says_which_token_is_needed(state):
    with fake_bitbucket(**state) as fake, pytest.raises(NotPostedError, match="pullrequest:write") as caught:
        post(fake)
    assert "answered 40" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_without_a_pull_request_or_a_token(bitbucket):
    assert post(bitbucket, BITBUCKET_PR_ID="").outcome is Outcome.SKIPPED
    with pytest.raises(NotPostedError, match="BITBUCKET_TOKEN"):
        post(bitbucket, BITBUCKET_TOKEN="")
    with pytest.raises(NotPostedError, match="cannot hide"):
        post(bitbucket, mode=Mode.HIDE_AND_NEW)
    assert bitbucket.writes == []


def test_a_status_is_set(bitbucket):
    connect(bitbucket.environ(), Overrides(), Waits().deadline()).status(
        "failure", "2 blocking findings", name="guardrail/" + "x" * 50
    )
    assert bitbucket.statuses == [
        {
            "key": "guardrail/" + "x" * 30,
            "name": "guardrail/" + "x" * 50,
            "state": "FAILED",
            "description": "2 blocking findings",
            "url": "https://bitbucket.org/octo/shop/pipelines/results/12",
        }
    ]


def test_annotations_replace_those_of_the_last_run(bitbucket):
    found = [Annotation("a", "why", Severity.HIGH, "main.tf", 3), Annotation("b", "", Severity.LOW)]
    platform = connect(bitbucket.environ(), Overrides(), Waits().deadline())
    for these in (found * 2, found):
        assert annotate(platform, these, key="default", passed=False, headline="2 blocking findings") == ""
    assert bitbucket.reports["guardrail-default"]["result"] == "FAILED"
    shown = bitbucket.annotations["guardrail-default"]
    assert [(one["summary"], one.get("path"), one.get("line")) for one in shown] == [
        ("a", "main.tf", 3),
        ("b", None, None),
    ]


def test_more_annotations_than_one_request_takes_are_counted(bitbucket):
    platform = connect(bitbucket.environ(), Overrides(), Waits().deadline())
    many = [Annotation(str(number), "", Severity.MEDIUM) for number in range(130)]
    assert annotate(platform, many, key="prod", passed=True, headline="") == "30 more than the 100 that are shown"
    assert len(bitbucket.annotations["guardrail-prod"]) == 100


def test_a_report_is_delivered_from_a_pipeline(bitbucket, run, tmp_path, monkeypatch):
    for name, value in bitbucket.environ().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "result.json").write_text(json_v1(samples.shop()), encoding="utf-8")
    ran = run("report", "result.json", "--status", "--comment", "always")
    assert ran.exit_code == 1, ran.stderr
    body = bitbucket.comments[0]["content"]["raw"]
    assert SHA in body.splitlines()[0]
    assert "<" not in body
    assert bitbucket.statuses[0]["state"] == "FAILED"
    assert bitbucket.annotations["guardrail-default"]
    assert TOKEN not in ran.stdout + ran.stderr


def test_the_job_is_known_by_its_variables(bitbucket):
    assert detect(bitbucket.environ(), Overrides()) == "bitbucket"
    told = proposal(bitbucket.environ())
    assert (told.change, told.base) == (PullRequest(7, SHA), "c" * 12)
    assert dict(told.for_rules) == {}
    assert {urlsplit(one.path).path for one in bitbucket.server.asked} == set()
