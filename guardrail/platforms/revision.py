"""The commit, branch and event that a run of a CI system is for, from its environment."""

from __future__ import annotations

from collections.abc import Mapping

from guardrail.model.report import Event, Revision
from guardrail.platforms.context import Overrides, Proposal, read_context

_GITHUB = {
    "pull_request": Event.PULL_REQUEST,
    "pull_request_target": Event.PULL_REQUEST,
    "pull_request_review": Event.PULL_REQUEST,
    "push": Event.PUSH,
    "schedule": Event.SCHEDULE,
    "merge_group": Event.MERGE_QUEUE,
    "workflow_dispatch": Event.MANUAL,
}
_GITLAB = {
    "merge_request_event": Event.PULL_REQUEST,
    "push": Event.PUSH,
    "schedule": Event.SCHEDULE,
    "web": Event.MANUAL,
}
_AZURE = {
    "PullRequest": Event.PULL_REQUEST,
    "IndividualCI": Event.PUSH,
    "BatchedCI": Event.PUSH,
    "Schedule": Event.SCHEDULE,
    "Manual": Event.MANUAL,
}


def revision_of_run(environ: Mapping[str, str], proposed: Proposal) -> Revision:
    """Return what a run is for; nothing outside of GitHub Actions, GitLab CI, Azure Pipelines and Bitbucket Pipelines.

    `proposed` is the pull request that the run is for: its head is the commit, where its platform tells it. Bitbucket
    does not tell what started a pipeline that is for no pull request.
    """
    head = proposed.change.commit if proposed.change else ""
    value = environ.get
    if value("GITHUB_ACTIONS") == "true":
        name = value("GITHUB_EVENT_NAME", "")
        event = _GITHUB.get(name, Event.OTHER) if name else None
        commit = read_context(environ, Overrides()).commit
        return Revision(head or commit, value("GITHUB_HEAD_REF") or value("GITHUB_REF_NAME", ""), event)
    if value("GITLAB_CI") == "true":
        source = value("CI_PIPELINE_SOURCE", "")
        branch = value("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME") or value("CI_COMMIT_REF_NAME", "")
        return Revision(
            head or value("CI_COMMIT_SHA", ""), branch, _GITLAB.get(source, Event.OTHER) if source else None
        )
    if value("TF_BUILD"):
        reason = value("BUILD_REASON", "")
        ref = value("SYSTEM_PULLREQUEST_SOURCEBRANCH") or value("BUILD_SOURCEBRANCH", "")
        branch = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        return Revision(
            head or value("BUILD_SOURCEVERSION", ""), branch, _AZURE.get(reason, Event.OTHER) if reason else None
        )
    if value("BITBUCKET_BUILD_NUMBER"):
        branch = value("BITBUCKET_BRANCH") or value("BITBUCKET_TAG", "")
        return Revision(value("BITBUCKET_COMMIT", ""), branch, Event.PULL_REQUEST if proposed.change else None)
    return Revision()
