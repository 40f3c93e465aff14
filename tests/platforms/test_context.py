"""Where a run stands, as the environments of GitHub's events say it."""

import json

import pytest

from guardrail.errors import ConfigError, InputError
from guardrail.model.report import PullRequest
from guardrail.platforms.context import Overrides, api_url, graphql_url, proposal, read_context
from tests.platforms.fake_github import SHA, pull_request_event

ENVIRON = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "octo/shop",
    "GITHUB_SHA": "b" * 40,
    "GITHUB_RUN_ID": "555",
    "GITHUB_RUN_ATTEMPT": "2",
}


@pytest.fixture
def at(tmp_path):
    """Return the context of an event: `at("push", {...}, GITHUB_REF="refs/heads/main")`."""

    def call(name, event, overrides=Overrides(), **more):  # noqa: B008 - frozen
        path = tmp_path / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        environ = {**ENVIRON, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **more}
        return read_context(environ, overrides)

    return call


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "pull_request_review"])
def test_a_pull_request_is_reported_on_by_its_head(at, name):
    context = at(name, pull_request_event(), GITHUB_REF="refs/pull/7/merge")
    assert (context.number, context.commit, context.base) == (7, SHA, "c" * 40)
    assert (context.title, context.author, context.labels) == ("Larger servers", "ana", ("infra",))
    assert (context.run, context.read_only) == ("555.2", False)
    assert context.run_url == "https://github.com/octo/shop/actions/runs/555"


def test_the_merge_commit_is_never_reported_on(at):
    context = at("pull_request", {}, GITHUB_REF="refs/pull/9/merge")
    assert (context.number, context.commit) == (9, "")


@pytest.mark.parametrize("issue, number", [({"number": 4, "pull_request": {}}, 4), ({"number": 4}, None)])
def test_an_issue_is_no_pull_request(at, issue, number):
    context = at("issue_comment", {"issue": issue}, GITHUB_REF="refs/heads/main")
    assert (context.number, context.commit) == (number, "")


def test_a_push_has_a_commit_and_no_number(at):
    context = at("push", {"after": "b" * 40}, GITHUB_REF="refs/heads/main")
    assert (context.number, context.commit) == (None, "b" * 40)


def test_a_merge_group_has_no_pull_request(at):
    context = at("merge_group", {"merge_group": {"head_sha": SHA}}, GITHUB_REF="refs/heads/gh-readonly-queue/main/x")
    assert (context.number, context.commit, context.merge_queue) == (None, SHA, True)


def test_a_workflow_run_is_of_the_commit_that_github_names(at):
    context = at("workflow_run", {"workflow_run": {"head_sha": SHA, "pull_requests": []}}, GITHUB_REF="refs/heads/main")
    assert (context.number, context.commit, context.untrusted) == (None, SHA, True)


@pytest.mark.parametrize(
    "more, read_only",
    [
        ({}, False),
        ({"head": {"sha": SHA, "repo": {"full_name": "ana/shop"}}}, True),
        ({"head": {"sha": SHA, "repo": None}}, True),
        ({"head": None}, True),
        ({"user": {"login": "dependabot[bot]"}}, True),
        ({"user": None}, False),
    ],
)
def test_forks_and_dependabot_can_only_read(at, more, read_only):
    assert at("pull_request", pull_request_event(**more)).read_only is read_only


def test_flags_win(at):
    overrides = Overrides(repository="a/b", number=3, api_url="https://ghe.example", commit="f" * 40)
    context = at("pull_request", pull_request_event(), overrides, GITHUB_GRAPHQL_URL="https://api.github.com/graphql")
    assert (context.repository, context.number, context.commit) == ("a/b", 3, "f" * 40)
    assert (context.api, context.graphql) == ("https://ghe.example/api/v3", "https://ghe.example/api/graphql")


@pytest.mark.parametrize(
    "given, api, graphql",
    [
        ("https://api.github.com", "https://api.github.com", "https://api.github.com/graphql"),
        ("https://github.com/", "https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghe.example", "https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
        ("https://ghe.example/api/v3/", "https://ghe.example/api/v3", "https://ghe.example/api/graphql"),
        ("http://ghe.example:8080", "http://ghe.example:8080/api/v3", "http://ghe.example:8080/api/graphql"),
        ("https://api.octo.ghe.com/", "https://api.octo.ghe.com", "https://api.octo.ghe.com/graphql"),
    ],
)
def test_addresses_are_taken_as_people_write_them(given, api, graphql):
    assert api_url(given) == api
    assert graphql_url(api) == graphql


@pytest.mark.parametrize("given", ["ghe.example", "ftp://ghe.example", "https://", ""])
def test_what_is_no_address_is_refused(given):
    with pytest.raises(ConfigError, match="not an address"):
        api_url(given)


@pytest.mark.parametrize("repository", ["octo", "octo/shop/x", "octo/..", "octo/x\n", "a b/c"])
def test_what_is_no_repository_is_refused(repository):
    with pytest.raises(ConfigError, match="not a repository"):
        read_context({}, Overrides(repository=repository))


@pytest.mark.parametrize(
    "event", [[], {"pull_request": 7}, {"pull_request": {"number": "7", "head": []}}, {"issue": None}]
)
def test_an_event_of_another_shape_names_nothing(at, event):
    context = at("pull_request", event)
    assert context.number is None


def test_an_event_that_is_no_json_is_refused_in_one_line(tmp_path):
    (tmp_path / "event.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="the event cannot be read"):
        read_context({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")}, Overrides())


@pytest.mark.parametrize(
    "environ, expected",
    [
        ({}, None),
        ({**ENVIRON, "GITHUB_REF": "refs/pull/5/merge"}, PullRequest(5)),
        ({**ENVIRON, "GITHUB_REF": "refs/heads/main"}, None),
        ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "8", "CI_COMMIT_SHA": SHA}, PullRequest(8, SHA)),
        ({"GITLAB_CI": "true"}, None),
    ],
)
def test_the_change_that_a_job_is_for(environ, expected):
    assert proposal(environ).change == expected


def test_what_rules_and_comparisons_read_of_it(tmp_path):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(pull_request_event()), encoding="utf-8")
    environ = {**ENVIRON, "GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_EVENT_PATH": str(path)}
    found = proposal(environ)
    assert found.for_rules == {"number": 7, "title": "Larger servers", "labels": ["infra"], "author": "ana"}
    assert (found.base, found.privileged) == ("c" * 40, True)
