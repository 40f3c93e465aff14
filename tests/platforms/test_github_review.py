"""Suggestions on GitHub, by the command line: once each, where the diff has their lines, and gone when they no longer apply."""

from __future__ import annotations

import json
import os

import pytest

from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.remedy import Edit, Replacement
from guardrail.platforms.review import lines_of, marked, marker
from guardrail.report.json.v1 import json_v1
from tests.http.scripted import says
from tests.platforms.fake_github import SHA, fake_github, once, pull_request_event
from tests.report import samples

MAIN = 'resource "aws_ebs_volume" "a" {\n  size = 1\n  type = "gp2"\n}\n'
PATCH = '@@ -1,3 +1,4 @@\n resource "aws_ebs_volume" "a" {\n-  size = 9\n+  size = 1\n+  type = "gp2"\n }\n\\ No newline at end of file'
GP3 = Replacement("main.tf", 3, 3, '  type = "gp2"', '  type = "gp3"')
TAGS = Replacement("main.tf", 4, 3, "", "  tags = {}")


@pytest.fixture
def github():
    with fake_github(files=[{"filename": "main.tf", "patch": PATCH}, {"filename": "logo.png"}]) as fake:
        yield fake


@pytest.fixture
def report(run, tmp_path, monkeypatch):
    """Report on findings with these edits, as a step on GitHub: `report(fake, [lines], ...)`."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text(MAIN, encoding="utf-8")

    def call(fake, *edits, options=(), event=None):
        findings = [
            Finding(
                *(f"rule-{number}", "t", Severity.LOW, Enforcement.ADVISORY, FindingStatus.FAIL, "uses gp2"),
                blocking=False,
                address="aws_ebs_volume.a",
                file="main.tf",
                line=1,
                project="shop",
                edit=Edit("set type", tuple(lines)),
            )
            for number, lines in enumerate(edits)
        ]
        result = samples.report([samples.resource()], findings, name="shop")
        (tmp_path / "result.json").write_text(json_v1(result), encoding="utf-8")
        (tmp_path / "event.json").write_text(json.dumps(event or pull_request_event()), encoding="utf-8")
        for name, value in fake.environ(GITHUB_EVENT_PATH=str(tmp_path / "event.json")).items():
            monkeypatch.setenv(name, value)
        return run("report", "result.json", "--suggestions", "--comment", "never", *options)

    return call


def test_a_suggestion_replaces_the_lines_that_the_diff_shows(github, report):
    ran = report(github, [GP3])
    assert "suggestions:" not in ran.stderr
    (one,) = github.remarks
    first, *rest = one["body"].split("\n")
    assert first.startswith('<!-- guardrail-suggestion key="default" id="')
    assert marked(one["body"])
    assert rest == [
        "- **rule-0**: uses gp2 · <code>aws_ebs_volume.a</code>",
        *("", "```suggestion", '  type = "gp3"', "```"),
    ]
    assert (one["path"], one["line"], one.get("start_line")) == ("main.tf", 3, None)


def test_lines_that_come_in_take_the_one_above_along(github, report):
    report(github, [TAGS])
    assert '```suggestion\n  type = "gp2"\n  tags = {}\n```' in github.remarks[0]["body"]
    assert github.remarks[0]["line"] == 3


def test_a_second_run_writes_nothing_and_a_changed_one_renews(github, report):
    report(github, [GP3])
    written = len(github.writes)
    report(github, [GP3])
    assert len(github.writes) == written
    before = github.remarks[0]["body"]
    github.remarks[0]["body"] = before.replace("gp3", "st1").replace("\n", "\r\n")
    report(github, [GP3])
    assert [one["body"] for one in github.remarks] == [before]


def test_what_no_longer_applies_goes_and_what_people_answered_says_so(github, report):
    report(github, [GP3], [TAGS])
    gone, answered = github.remarks
    foreign = github.remark(gone["body"], "main.tf", 3, login="mallory")
    other = github.remark(f"{marker('prod', '0' * 32)}\nx", "main.tf", 3)
    reply = github.remark("why?", "main.tf", 3, login="ana", in_reply_to_id=answered["id"])
    report(github)
    assert github.remarks == [answered, foreign, other, reply]
    assert answered["body"].split("\n")[1:] == ["This suggestion no longer applies."]
    written = len(github.writes)
    report(github)
    assert len(github.writes) == written


def test_a_comment_whose_line_has_moved_is_posted_anew(github, report):
    report(github, [GP3])
    github.remarks[0]["line"] = None  # outdated
    report(github, [GP3])
    assert [one["line"] for one in github.remarks] == [3]


ELSEWHERE = {
    "a file that the change leaves alone": [[Replacement("other.tf", 3, 3, "a", "b")]],
    "a line that the diff does not show": [[Replacement("main.tf", 9, 9, "a", "b")]],
    "lines that say something else there": [[Replacement("main.tf", 3, 3, "  type = 1", "b")]],
    "two places": [[GP3, TAGS]],
    "text that cannot be seen": [[Replacement("main.tf", 3, 3, '  type = "gp2"', "\u202e")]],
    "other line ends": [[Replacement("main.tf", 3, 3, '  type = "gp2"', "a\rb")]],
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_does_not_fit_stays_in_the_comment(github, report, tmp_path, case):
    (tmp_path / "other.tf").write_text("", encoding="utf-8")
    ran = report(github, *ELSEWHERE[case])
    assert github.remarks == []
    said = "1 of 1 edits are in the comment only" in ran.stderr
    assert said != (case in {"two places", "text that cannot be seen", "other line ends"})


def test_no_more_than_people_read(github, report, monkeypatch):
    monkeypatch.setattr("guardrail.platforms.github.review.LIMIT", 1)
    ran = report(github, [GP3], [TAGS])
    assert len(github.remarks) == 1
    assert "1 of 2 edits are in the comment only" in ran.stderr


def test_a_place_that_github_does_not_take_is_no_failure(github, report):
    github.faults.append(once("POST", "/pulls/7/comments", says(422, {"message": "Validation Failed"})))
    ran = report(github, [GP3], options=("--require-delivery",))
    assert (ran.exit_code, "1 of 1 edits are in the comment only" in ran.stderr) == (0, True)


def test_an_older_commit_suggests_nothing(github, report):
    github.head = "d" * 40
    assert "a newer commit is being checked: dddddddddddd" in report(github, [GP3]).stderr
    assert github.writes == []


def test_a_fork_s_token_is_a_notice(github, report):
    github.read_only = True
    event = pull_request_event(head={"sha": SHA, "repo": {"full_name": "fork/shop"}})
    ran = report(github, [GP3], event=event)
    assert ran.exit_code == 0
    assert "::notice title=guardrail::suggestions: " in ran.stderr
    assert github.remarks == []


def test_strangers_suggest_nothing(github, report):
    ran = report(github, [GP3], options=("--from-artifact", "--commit", SHA))
    assert "suggestions: results of an untrusted run are not suggested" in ran.stderr
    assert github.writes == []


def test_a_rehearsal_says_how_many(github, report):
    ran = report(github, [GP3], options=("--dry-run",))
    assert "dry run: 1 edit would be suggested where the change has these lines" in ran.stderr
    assert github.asked == []


def test_elsewhere_the_edits_are_in_the_comment(run, report, github, monkeypatch):
    report(github, [GP3])
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    variables = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{github.url}/api/v4",
        "GITLAB_TOKEN": "x",
        "CI_PROJECT_ID": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ran = run("report", "result.json", "--suggestions", "--comment", "never")
    assert "suggestions: there are none on gitlab; the edits are in the comment" in ran.stderr


def test_a_diff_of_several_hunks():
    lines = lines_of("@@ -1 +1,2 @@ head\n a\n+b\n@@ -10,2 +11 @@\n-x\n c\n")
    assert (lines.run(1, 2), lines.run(11, 11)) == ("a\nb", "c")
    assert (lines.run(2, 11), lines.run(3, 3), lines.run(2, 1)) == (None, None, None)


@pytest.mark.parametrize("key", ["default", "prod/eu", "-->", 'a" id="', "a b"])
def test_marks_are_found_again_whatever_the_key(key):
    line = marker(key, "0" * 32)
    assert line.count("-->") == 1
    assert marked(f"{line}\r\nrest") == (key, "0" * 32)
    assert marked(f"> {line}") is None
