"""The commit, branch and event that a run is for, on each CI system."""

import json

import pytest

from guardrail.model.report import Event, PullRequest, Revision
from guardrail.platforms.context import proposal
from guardrail.platforms.revision import revision_of_run
from tests.platforms.fake_github import pull_request_event

SHA, HEAD = "b" * 40, "a" * 40
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_REF_NAME": "main"}
GITLAB = {"GITLAB_CI": "true", "CI_COMMIT_SHA": SHA, "CI_COMMIT_REF_NAME": "main"}
AZURE = {"TF_BUILD": "True", "BUILD_SOURCEVERSION": SHA, "BUILD_SOURCEBRANCH": "refs/heads/main"}
BITBUCKET = {"BITBUCKET_BUILD_NUMBER": "3", "BITBUCKET_COMMIT": SHA, "BITBUCKET_BRANCH": "main"}


@pytest.mark.parametrize(
    "environ, expected",
    [
        ({}, Revision()),
        ({**GITHUB, "GITHUB_EVENT_NAME": "push"}, Revision(SHA, "main", Event.PUSH)),
        ({**GITHUB, "GITHUB_EVENT_NAME": "schedule"}, Revision(SHA, "main", Event.SCHEDULE)),
        ({**GITHUB, "GITHUB_EVENT_NAME": "workflow_dispatch"}, Revision(SHA, "main", Event.MANUAL)),
        ({**GITHUB, "GITHUB_EVENT_NAME": "release"}, Revision(SHA, "main", Event.OTHER)),
        (GITHUB, Revision(SHA, "main")),
        ({**GITLAB, "CI_PIPELINE_SOURCE": "push"}, Revision(SHA, "main", Event.PUSH)),
        (
            {
                **GITLAB,
                "CI_PIPELINE_SOURCE": "merge_request_event",
                "CI_MERGE_REQUEST_IID": "8",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
            },
            Revision(HEAD, "feature", Event.PULL_REQUEST),
        ),
        ({**AZURE, "BUILD_REASON": "BatchedCI"}, Revision(SHA, "main", Event.PUSH)),
        (
            {
                **AZURE,
                "BUILD_REASON": "PullRequest",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "9",
                "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD,
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature",
            },
            Revision(HEAD, "feature", Event.PULL_REQUEST),
        ),
        (BITBUCKET, Revision(SHA, "main")),
        ({**BITBUCKET, "BITBUCKET_PR_ID": "4"}, Revision(SHA, "main", Event.PULL_REQUEST)),
    ],
)
def test_what_a_run_is_for(environ, expected):
    assert revision_of_run(environ, proposal(environ)) == expected


def test_a_pull_request_is_told_with_its_head_author_and_merge(tmp_path):
    event = pull_request_event()
    event["pull_request"]["merged_at"] = "2026-08-20T09:00:00Z"
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    environ = {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path), "GITHUB_HEAD_REF": "more"}
    found = proposal(environ)
    assert found.change
    assert found.change.merged_at
    assert (found.change.author, found.change.merged_at.isoformat()) == ("ana", "2026-08-20T09:00:00+00:00")
    revision = revision_of_run(environ, found)
    assert (revision.commit, revision.ref, revision.event) == (found.change.commit, "more", Event.PULL_REQUEST)


def test_the_pull_request_of_azure_pipelines_is_told():
    environ = {**AZURE, "SYSTEM_PULLREQUEST_PULLREQUESTID": "9", "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD}
    assert proposal(environ).change == PullRequest(9, HEAD)
