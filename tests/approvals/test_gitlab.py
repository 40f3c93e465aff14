"""Approvals of a merge request on GitLab: of what a signed note has told."""

from tests.approvals.repository import added
from tests.http.scripted import serving
from tests.platforms.test_gitlab import TOKEN
from tests.platforms.test_gitlab_approvals import People

KEY = {"GUARDRAIL_APPROVALS_KEY": "0123456789abcdef0123"}


def test_an_approval_is_of_what_the_signed_note_told(repository):
    people = People()
    with serving(people) as server:

        def reported(amount, **more):
            people.head = repository.change(added(amount))
            job = {
                "GITHUB_ACTIONS": "",
                "GITLAB_CI": "true",
                "CI_API_V4_URL": f"{server.url}/api/v4",
                "CI_MERGE_REQUEST_PROJECT_ID": "10",
                "CI_MERGE_REQUEST_IID": "3",
                "CI_COMMIT_SHA": people.head,
                "CI_MERGE_REQUEST_DIFF_BASE_SHA": repository.base,
                "GITLAB_TOKEN": TOKEN,
                **more,
            }
            repository.command("check", "--out", "json=result.json", **job)
            ran = repository.command("report", "result.json", **job)
            repository.later()
            return ran

        assert reported(200, **KEY).exit_code == 1
        people.approve("cfo", 5, at=repository.now.isoformat())
        repository.later()
        ran = reported(200)
        assert (ran.exit_code, "gitlab does not tell who edits a comment" in ran.stderr) == (1, True)
        people.notes.clear()
        assert reported(200, **KEY).exit_code == 1
        people.approved.clear()
        people.approve("cfo", 5, at=repository.now.isoformat())
        repository.later()
        assert reported(209, **KEY).exit_code == 0
        assert reported(211, **KEY).exit_code == 1
        people.approved.clear()
        assert reported(209, **KEY).exit_code == 1
