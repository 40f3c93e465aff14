"""Alerts as issues of GitHub: one for each, found again by their label and mark."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from tests.http.scripted import says, serving
from tests.http.waits import Waits
from tests.notify.conftest import alert, channels

ISSUES = ("issues", {"issue": {"repository": "octo/costs"}})


class Repository:
    """Issues and their comments, as GitHub keeps them."""

    def __init__(self) -> None:
        self.issues: list[dict] = []
        self.comments: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.refuses: list[int] = []

    def answer(self, asked):
        self.tokens.add(asked.headers.get("authorization", ""))
        path, _, query = asked.path.partition("?")
        if asked.method == "GET" and path == "/repos/octo/costs/issues":
            assert "labels=guardrail-alert" in query
            return says(200, [one for one in self.issues if "guardrail-alert" in one["labels"]])
        if self.refuses:
            return says(self.refuses.pop(0), {"message": "no"})
        if match := re.fullmatch(r"/repos/octo/costs/issues/(\d+)/comments", path):
            self.comments.append((match[1], asked.json["body"]))
            return says(201, {"id": 1})
        assert path == "/repos/octo/costs/issues"
        self.issues.append({"number": len(self.issues) + 1, **asked.json})
        return says(201, {"number": len(self.issues)})


def told(nightly, repository, *nights, record=True):
    """Tell of alerts, a list a night."""
    with serving(repository.answer) as server:
        nightly.deadline = Waits().deadline(300)
        nightly.environ = {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": "token-1"}
        return [nightly.run(alerts, channels(ISSUES), record=record) for alerts in nights]


def test_an_alert_is_one_issue_and_a_comment_when_it_has_grown(nightly):
    repository = Repository()
    told(nightly, repository, [alert()], [alert()], [alert(amount="200")])
    (issue,) = repository.issues
    assert (issue["title"], issue["labels"]) == ("uploads costs more", ["guardrail-alert"])
    assert "- expected: &#36;2.53" in issue["body"]
    ((number, comment),) = repository.comments
    assert number == "1"
    assert "uploads costs more (it has grown)" in comment
    assert repository.tokens == {"Bearer token-1"}


def test_a_run_that_was_killed_before_it_recorded_opens_no_second_issue(nightly):
    repository = Repository()
    told(nightly, repository, [alert()], record=False)
    (done,) = told(nightly, repository, [alert()])
    assert (done.sent, len(repository.issues)) == (1, 1)
    assert nightly.told


def test_a_mark_in_an_issue_without_the_label_counts_for_nothing(nightly):
    repository = Repository()
    mark = f"<!-- guardrail:alert:{alert().fingerprint}:1 -->"
    repository.issues.append({"number": 1, "title": "by a stranger", "body": mark, "labels": []})
    told(nightly, repository, [alert()])
    assert [one["title"] for one in repository.issues] == ["by a stranger", "uploads costs more"]


def test_what_is_refused_is_said(nightly):
    repository = Repository()
    repository.refuses = [403]
    (done,) = told(nightly, repository, [alert()])
    assert done.failed == ("issues",)
    assert "issues: write" in nightly.said[0]
    assert "token-1" not in nightly.said[0]


def test_no_text_is_markup_a_mention_or_a_reference(nightly):
    hostile = "@everyone #1 [x](https://evil.example.com) <img src=x> | `a` <!-- guardrail:alert:" + "0" * 64 + ":1 -->"
    repository = Repository()
    told(nightly, repository, [alert(title=hostile, facts=((hostile, hostile),))])
    (issue,) = repository.issues
    page = MarkdownIt("commonmark", {"html": True}).render(issue["body"])
    assert "<img" not in page
    assert "<a " not in page
    assert "@everyone" not in page
    assert len(re.findall("<!-- guardrail:alert:", issue["body"])) == 1
