"""The run task: from a signed request to the result, against a fake of HCP Terraform."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager

import pytest
import uvicorn

from guardrail.errors import InputError
from guardrail.serve.app import Options, app
from guardrail.serve.judge import Judge
from guardrail.serve.request import Key, read_request
from guardrail.serve.result import Result
from tests.http.scripted import Says
from tests.serve.fake_hcp import CALLBACK, KEY, TOKEN, ask, fake_hcp
from tests.terraform import plans

SECRETS = (KEY, TOKEN, "secret")
CONFIG = "version: 1\nbudgets: [{name: all, increase: 10}]\n"


def plan(kind="t3.large"):
    values = {"instance_type": kind, "ami": "ami-1"}
    made = plans.change("aws_instance.web", values, type="aws_instance", name="web", provider_name="aws")
    return json.dumps(plans.document(made)).encode()


class Stub:
    """Judges without a process. `seen` are the plans, `together` the most that were judged at a time."""

    def __init__(self, seconds=0.0):
        self.seconds, self.seen, self.now, self.together = seconds, [], 0, 0
        self.breaks = False

    async def judge(self, path, project):
        self.now += 1
        self.together = max(self.together, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        if self.breaks:
            raise ZeroDivisionError
        self.seen.append((project, path.read_bytes()))
        return Result("passed", "fine")


@contextmanager
def running(judge, **more):
    """Run the server in a thread, and give its address."""
    options = Options(Key(KEY.encode()), judge, frozenset({"127.0.0.1"}), **more)
    server = uvicorn.Server(uvicorn.Config(app(options), host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def logged(caplog):
    """Nothing that is secret is logged, whatever a test does."""
    caplog.set_level("DEBUG", "guardrail")
    yield caplog
    assert not any(secret in caplog.text for secret in SECRETS), caplog.text


def judge(tmp_path, text=CONFIG):
    (tmp_path / "guardrail.yaml").write_text(text, encoding="utf-8")
    return Judge(tmp_path / "guardrail.yaml", None, "deny", 60, 2048, dict(os.environ))


def test_a_plan_over_budget_fails_with_an_outcome_for_each_finding(tmp_path, logged):
    with fake_hcp(plan()) as hcp, running(judge(tmp_path)) as place:
        assert ask(place, hcp.payload()) == 200
        result = hcp.ends()
    assert [one["attributes"]["status"] for one in hcp.results] == ["running", "failed"]
    assert result["attributes"]["message"].startswith("1 finding needs approval · monthly cost +$")
    assert result["attributes"]["url"] == hcp.payload()["run_app_url"]
    report, finding = [one["attributes"] for one in result["relationships"]["outcomes"]["data"]][:2]
    assert report["body"].startswith("### ❌ Guardrail: 1 finding needs approval")
    assert "budget-increase-exceeded" in report["body"]
    assert finding["outcome-id"].startswith("budget-increase-exceeded")
    assert finding["tags"]["Status"] == [{"label": "Needs approval", "level": "error"}]
    assert "run-i3Df5to9ELvibKpQ shop: failed in" in logged.text


def test_a_plan_within_the_rules_passes_and_no_outcomes_go_where_none_are_taken(tmp_path):
    with fake_hcp(plan()) as hcp, running(judge(tmp_path, "version: 1\n"), url="https://example.com/policy") as place:
        assert ask(place, hcp.payload(capabilities={"outcomes": False}, stage="pre_apply")) == 200
        result = hcp.ends()
    assert result["attributes"]["status"] == "passed"
    assert result["attributes"]["url"] == "https://example.com/policy"
    assert "relationships" not in result


def test_a_plan_that_cannot_be_read_never_passes(tmp_path):
    with fake_hcp(b"{not a plan") as hcp, running(judge(tmp_path)) as place:
        ask(place, hcp.payload())
        assert hcp.ends()["attributes"]["status"] == "failed"


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize(
    "answer, more, says",
    [
        (Says(404, b"{}"), {}, "could not be fetched: 127.0.0.1: answered 404"),
        (Says(204, b""), {}, "there is no JSON of this plan"),
        (Says(200, b"x" * 5_000), {"max_plan": 1_000}, "the answer is too long"),
    ],
)
def test_a_plan_that_does_not_come_is_said_to_be_not_evaluated(answer, more, says):
    with fake_hcp(answer) as hcp, running(Stub(), **more) as place:
        ask(place, hcp.payload())
        result = hcp.ends()
    assert result["attributes"]["status"] == "failed"
    assert result["attributes"]["message"].startswith("Not evaluated: ")
    assert says in result["attributes"]["message"]


def test_at_a_stage_without_a_plan_it_says_so_and_does_not_pass():
    with fake_hcp(plan()) as hcp, running(Stub()) as place:
        ask(place, hcp.payload(stage="pre_plan", plan_json_api_url=None))
        result = hcp.ends()
    assert result["attributes"]["status"] == "failed"
    assert "no plan at the stage pre_plan" in result["attributes"]["message"]


@pytest.mark.usefixtures("logged")
def test_the_plan_is_judged_under_the_name_of_its_workspace_and_a_bug_does_not_pass():
    stub = Stub()
    with fake_hcp(plan()) as hcp, running(stub) as place:
        ask(place, hcp.payload())
        hcp.ends()
        assert stub.seen == [("shop", plan())]
        hcp.results.clear()
        stub.breaks = True
        ask(place, hcp.payload(task_result_id="taskrs-2"))
        assert "an internal error" in hcp.ends()["attributes"]["message"]


@pytest.mark.parametrize("signature", ["", "0" * 128, "ä", None])
def test_a_request_with_another_signature_is_refused(signature, logged):
    with fake_hcp(plan()) as hcp, running(Stub()) as place:
        assert (
            ask(place, hcp.payload(), key="another key of ours", signature=signature and signature.encode().hex())
            == 401
        )
        assert hcp.asked == []
    assert "signature" in logged.text


@pytest.mark.parametrize("test", [{"access_token": "test-token"}, {"stage": "test"}, {"task_result_callback_url": ""}])
def test_the_request_that_comes_when_a_task_is_created_is_answered(test):
    with fake_hcp(plan()) as hcp, running(Stub()) as place:
        assert ask(place, hcp.payload(**test)) == 200
        assert ask(place, {}) == 200
        assert ask(place, {}, signature="") == 401
        assert hcp.asked == []


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"{",
        {"access_token": 5},
        {"task_result_callback_url": "https://evil.example.com/a"},
        {"task_result_callback_url": "http://app.terraform.io/a"},
        {"task_result_callback_url": "https://app.terraform.io@evil.example.com/a"},
        {"task_result_callback_url": "https://app.terraform.io/a", "plan_json_api_url": "file:///etc/passwd"},
        {"task_result_callback_url": "https://app.terraform.io/a", "plan_json_api_url": "https://[::1/a"},
    ],
)
def test_a_payload_that_is_none_or_names_another_host_is_refused(payload):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(InputError):
        read_request(body, {"app.terraform.io"})


def test_a_body_that_is_too_large_and_other_methods_are_refused():
    with running(Stub()) as place:
        assert ask(place, b" " * 1_100_000) == 413
        with urllib.request.urlopen(f"{place}healthz") as answer:  # noqa: S310 - of this machine
            assert answer.read() == b"ok"


def test_few_are_judged_at_a_time_a_few_wait_and_the_rest_is_told_to_come_again():
    stub = Stub(seconds=0.3)
    with fake_hcp(plan()) as hcp, running(stub, workers=2, queue=2) as place:
        answers = [ask(place, hcp.payload(task_result_id=f"taskrs-{number}")) for number in range(6)]
        assert answers == [200, 200, 200, 200, 503, 503]
        assert ask(place, hcp.payload(task_result_id="taskrs-1")) == 200  # it was sent again, and is here already
        while len(stub.seen) < 4:
            time.sleep(0.02)
    assert stub.together == 2
    assert len(stub.seen) == 4


def test_a_result_that_is_not_taken_at_once_is_told_again():
    with fake_hcp(plan()) as hcp, running(Stub()) as place:
        hcp.refuses = 1
        ask(place, hcp.payload())
        assert hcp.ends()["attributes"]["status"] == "passed"


def test_what_is_not_judged_when_the_server_stops_is_told():
    with fake_hcp(plan()) as hcp:
        with running(Stub(seconds=30), grace=0) as place:
            ask(place, hcp.payload())
            while not hcp.results:
                time.sleep(0.02)
        assert "stopped before this plan was judged" in hcp.ends(1)["attributes"]["message"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM is not sent there")
def test_the_command_serves_until_it_is_stopped_and_prints_no_secret(tmp_path):
    (tmp_path / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "guardrail", "serve", "--host", "127.0.0.1", "--port", "0"]
    environ = {**os.environ, "GUARDRAIL_TASK_HMAC_KEY": KEY}
    process = subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    said = process.stderr.readline()
    place = said.partition("listening on ")[2].partition(",")[0]
    with fake_hcp(plan()) as hcp:
        hcp.hold.clear()
        assert ask(place, hcp.payload()) == 200
        process.send_signal(signal.SIGTERM)
        hcp.hold.set()
        assert hcp.ends()["attributes"]["message"].startswith("1 finding needs approval")
    assert process.wait(30) == -signal.SIGTERM
    said += process.stderr.read()
    assert "1 finding needs approval" in said
    assert not any(secret in said for secret in (*SECRETS, CALLBACK))
    process.stderr.close()


def test_without_a_key_or_with_a_wrong_configuration_it_does_not_start(run, tmp_path, monkeypatch):
    assert "GUARDRAIL_TASK_HMAC_KEY" in run("serve").stderr
    monkeypatch.setenv("GUARDRAIL_TASK_HMAC_KEY", KEY)
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrulez: 1\n", encoding="utf-8")
    ran = run("serve", "--port", "0")
    assert ran.exit_code == 2
    assert "rulez" in ran.stderr


def test_a_check_needs_no_web_server():
    script = "import guardrail.cli.check.judging, guardrail.check.run, guardrail.deliver, sys; print({'starlette', 'uvicorn'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
