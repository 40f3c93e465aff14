"""`guardrail report`: from result files to a comment, by the command line, against a fake of GitHub."""

import json
import re

import pytest

from guardrail.report.json.v1 import json_v1
from tests.platforms.fake_github import SHA, TOKEN, fake_github, pull_request_event
from tests.report import samples

FAILS = json_v1(samples.shop())
PASSES = json_v1(samples.report([samples.resource(after=samples.cost(samples.line()))], name="other"))
QUIET = json_v1(samples.report(name="quiet"))


@pytest.fixture
def github():
    with fake_github() as fake:
        yield fake


class Job:
    """Runs commands as a step of a job on a fake GitHub does; `files` are what the step has written."""

    def __init__(self, run, folder, monkeypatch):
        self.run, self.folder, self.monkeypatch = run, folder, monkeypatch
        self.files = {}

    def __call__(self, fake, *args, event=None, **more):
        payload = self.folder / "event.json"
        payload.write_text(json.dumps(event or pull_request_event()), encoding="utf-8")
        paths = {name: self.folder / name for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV")}
        environ = fake.environ(GITHUB_EVENT_PATH=str(payload), **{name: str(path) for name, path in paths.items()})
        with self.monkeypatch.context() as patch:
            for name, value in {**environ, **more}.items():
                patch.setenv(name, value)
            ran = self.run(*args)
        self.files = {name: path.read_text(encoding="utf-8") if path.exists() else None for name, path in paths.items()}
        assert TOKEN not in ran.stdout + ran.stderr + "".join(filter(None, self.files.values()))
        return ran


@pytest.fixture
def job(run, tmp_path, monkeypatch):
    return Job(run, tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def _results(tmp_path):
    for name, text in {"fails": FAILS, "passes": PASSES, "quiet": QUIET}.items():
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")


def outputs(job):
    return dict(re.findall(r"([a-z-]+)<<ghadelimiter_\S+\n(.*?)\nghadelimiter_", job.files["GITHUB_OUTPUT"], re.DOTALL))


def test_a_failing_check_still_delivers(github, job):
    ran = job(github, "report", "fails.json")
    assert ran.exit_code == 1
    body = github.comments[0]["body"]
    assert body.startswith('<!-- guardrail-report key="default" sha="')
    assert body.splitlines()[1].startswith("### ❌ Guardrail: 2 blocking findings · monthly cost ")
    assert f"commit {SHA[:7]} · [run](https://github.com/octo/shop/actions/runs/555)" in body
    assert "### ❌ Guardrail" in job.files["GITHUB_STEP_SUMMARY"]
    found = outputs(job)
    assert (found["verdict"], found["exit-code"], found["denied"], found["waived"]) == ("fail", "1", "2", "1")
    assert (found["comment-posted"], found["comment-id"]) == ("true", str(github.comments[0]["id"]))
    assert found["catalog-date"] == "2026-07-01"
    assert job.files["GITHUB_ENV"] is None


def test_machine_output_is_alone_on_stdout(github, job):
    assert job(github, "report", "fails.json", "--format", "json").stdout == FAILS


def test_several_results_are_one_comment(github, job):
    ran = job(github, "report", "*s.json")
    assert ran.exit_code == 1
    assert len(github.comments) == 1
    assert "**All 2 projects**" in github.comments[0]["body"]


def test_matrix_legs_with_a_key_each_have_a_comment_each(github, job):
    job(github, "report", "fails.json", "--comment-key", "prod")
    job(github, "report", "passes.json", "--comment-key", "non-prod")
    job(github, "report", "passes.json", "--comment-key", "prod")
    titles = [one["body"].splitlines()[1].split(":")[0] for one in github.comments]
    assert titles == ["### ✅ Guardrail <code>prod</code>", "### ✅ Guardrail <code>non-prod</code>"]


@pytest.mark.parametrize(
    "when, result, posted",
    [
        ("always", "quiet", True),
        ("changes", "quiet", False),
        ("changes", "passes", True),
        ("failures", "passes", False),
        ("failures", "fails", True),
        ("never", "fails", False),
    ],
)
def test_when_a_first_comment_is_posted(github, job, when, result, posted):
    job(github, "report", f"{result}.json", "--comment", when)
    assert len(github.comments) == posted
    assert outputs(job)["comment-posted"] == str(posted).lower()
    assert when != "never" or github.asked == []


@pytest.mark.parametrize("when", ["changes", "failures"])
def test_a_comment_that_failed_is_renewed_when_all_is_well(github, job, when):
    job(github, "report", "fails.json", "--comment", when)
    job(github, "report", "quiet.json", "--comment", when)
    assert len(github.comments) == 1
    assert "no changes" in github.comments[0]["body"]


def test_a_read_only_token_changes_neither_verdict_nor_summary(github, job):
    github.read_only = True
    fork = pull_request_event(head={"sha": SHA, "repo": {"full_name": "mallory/shop"}})
    ran = job(github, "report", "passes.json", event=fork)
    assert ran.exit_code == 0
    assert "::notice title=guardrail::comment: " in ran.stderr
    assert "workflow_run" in ran.stderr
    assert "Guardrail" in job.files["GITHUB_STEP_SUMMARY"]
    assert outputs(job)["comment-posted"] == "false"


@pytest.mark.parametrize("result, code", [("passes", 4), ("fails", 1)])
def test_required_delivery_that_fails_is_4_and_never_hides_a_verdict(github, job, result, code):
    github.read_only = True
    ran = job(github, "report", f"{result}.json", "--require-delivery")
    assert ran.exit_code == code
    assert "permissions: {contents: read, pull-requests: write}" in ran.stderr


@pytest.mark.parametrize("result, code", [("passes", 0), ("fails", 1)])
def test_no_token(github, job, result, code):
    ran = job(github, "report", f"{result}.json", GITHUB_TOKEN="")
    assert ran.exit_code == code
    assert "there is no token for GitHub" in ran.stderr
    assert github.asked == []


def test_merge_queue(github, job):
    event = {"merge_group": {"head_sha": SHA}}
    refs = {"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7"}
    ran = job(github, "report", "fails.json", "--require-delivery", event=event, **refs)
    assert ran.exit_code == 1
    assert github.asked == []
    assert "Guardrail" in job.files["GITHUB_STEP_SUMMARY"]


def test_nothing_is_delivered_outside_of_a_job(run):
    ran = run("report", "fails.json")
    assert ran.exit_code == 1
    assert "2 blocking findings" in ran.stdout
    assert ran.stderr == ""


def test_a_dry_run_calls_nobody_and_writes_nothing(github, job):
    ran = job(github, "report", "fails.json", "--dry-run", "--comment-mode", "hide-and-new")
    assert ran.exit_code == 1
    assert "would be written or renewed (hide-and-new)" in ran.stderr
    assert github.asked == []
    assert set(job.files.values()) == {None}


def test_what_is_switched_off_is_not_done(github, job):
    job(github, "report", "fails.json", "--no-summary", "--no-outputs", "--no-annotations", "--comment", "never")
    assert set(job.files.values()) == {None}
    assert github.asked == []


def test_other_ci_sets_a_status(github, run, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    where = ("--repo", "octo/shop", "--pr", "7", "--commit", SHA, "--github-api-url", github.url)
    github.prefix = "/api/v3"
    ran = run("report", "fails.json", "--status", *where)
    assert ran.exit_code == 1
    assert [(one["state"], one["context"]) for one in github.statuses] == [("failure", "guardrail")]
    assert len(github.statuses[0]["description"]) <= 140
    assert len(github.comments) == 1


def from_fork(number=7, commit=SHA):
    text = FAILS.replace('"pull_request":null', f'"pull_request":{{"number":{number},"commit":"{commit}"}}')
    event = {"workflow_run": {"head_sha": SHA, "pull_requests": [], "event": "pull_request"}}
    return text, event


def run_pair(github, job, tmp_path, text, event, *args):
    (tmp_path / "artifact.json").write_text(text, encoding="utf-8")
    name = {"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "d" * 40}
    return job(github, "report", "artifact.json", "--from-artifact", *args, event=event, **name)


def test_the_artifact_of_a_fork_is_reported_by_the_second_workflow(github, job, tmp_path):
    ran = run_pair(github, job, tmp_path, *from_fork())
    assert ran.exit_code == 1
    assert len(github.comments) == 1


def test_an_artifact_that_names_another_pull_request_writes_nothing(github, job, tmp_path):
    github.head = "e" * 40
    ran = run_pair(github, job, tmp_path, *from_fork(commit="e" * 40))
    assert github.comments == []
    assert github.writes == []
    assert "no comment written" in ran.stderr


def test_an_artifact_without_a_commit_to_hold_it_to_writes_nothing(github, job, tmp_path):
    text, _ = from_fork()
    ran = run_pair(github, job, tmp_path, text, {"inputs": {}}, "--repo", "octo/shop")
    assert github.asked == [] or github.writes == []
    assert github.comments == []
    assert ran.exit_code == 1


def test_an_artifact_is_at_most_5_mb(github, job, tmp_path):
    text, event = from_fork()
    ran = run_pair(github, job, tmp_path, text + " " * 5_000_000, event)
    assert ran.exit_code == 2
    assert "more than the 5,000,000 that are read" in ran.stderr
    assert github.asked == []


@pytest.mark.parametrize(
    "args, said",
    [
        (["none.json"], "none.json: cannot be read"),
        (["none-*.json"], "no result matches none-*.json"),
        (["bad.json"], "bad.json: not a result of guardrail.report/v1"),
        (["fails.json", "copy.json"], "project 'shop' (.) is also in fails.json"),
        (["fails.json", "--repo", "nonsense", "--comment", "always", "--require-delivery"], ""),
        (["fails.json", "--comment-key", "k" * 101], "--comment-key: is longer than 100 characters"),
        ([], "Missing argument"),
        (["fails.json", "--comment-mode", "sometimes"], "sometimes"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_line(run, tmp_path, args, said):
    (tmp_path / "bad.json").write_text("{}", encoding="utf-8")
    (tmp_path / "copy.json").write_text(FAILS, encoding="utf-8")
    ran = run("report", *args)
    assert ran.exit_code == (2 if said else 1)
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("fail_on, code", [("deny", 1), ("warn", 1), ("never", 0)])
def test_fail_on(run, fail_on, code):
    assert run("report", "fails.json", "--fail-on", fail_on).exit_code == code


def test_a_debug_run_logs_calls_and_never_the_token(github, job):
    ran = job(github, "report", "fails.json", RUNNER_DEBUG="1")
    assert ran.exit_code == 1
    assert f"guardrail: GET {github.url}/repos/octo/shop/pulls/7: 200" in ran.stderr
    assert f"guardrail: GET {github.url}/repos/octo/shop/pulls/7: 200" not in job(github, "report", "fails.json").stderr


def test_hostile_names_run_no_command(github, job, tmp_path):
    evil = "x\n::set-output name=a::b\n##vso[task.setvariable]--> <!-- @org/team </details> `|`"
    hostile = samples.report([samples.resource(f'a.b["{evil}"]', after=samples.UNSUPPORTED)],
                             [samples.finding(evil, message=evil, address=evil, fix=evil)], name=evil)  # fmt: skip
    (tmp_path / "evil.json").write_text(json_v1(hostile), encoding="utf-8")
    ran = job(github, "report", "evil.json")
    heard = ran.stdout + ran.stderr
    assert not re.search(r"^\s*::set-output", heard, re.MULTILINE)
    assert "##vso[" not in heard
    body = github.comments[0]["body"]
    assert "@org" not in body
    assert body.count("<!--") == 1
