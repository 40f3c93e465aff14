"""Messages to Slack and Teams, sent: what arrives, and what happens where it does not."""

import json
from contextlib import contextmanager

import pytest

from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.context import Overrides
from guardrail.platforms.webhook import send
from guardrail.report.json.v1 import json_v1
from tests.http.scripted import Says, script, serving
from tests.http.waits import Waits
from tests.report import samples

SECRET = "/services/T0/B0/Xsecret"  # noqa: S105 - nobody's
OK = Says(200, b"ok")


@contextmanager
def hook(*answers):
    with serving(script(*(answers or (OK,)))) as server:
        yield server, f"{server.url}{SECRET}"


def post(address, chat="slack", variable="SLACK_WEBHOOK_URL"):
    send(chat, {"text": "hello"}, {variable: address}, Overrides(), Waits().deadline(60))


def test_a_message_is_one_post():
    with hook() as (server, address):
        post(address)
        assert [(one.method, one.path, one.json) for one in server.asked] == [("POST", SECRET, {"text": "hello"})]


@pytest.mark.parametrize(
    "answers, says",
    [
        ((Says(404, b"no_service"),), "renew SLACK_WEBHOOK_URL"),
        ((Says(500, b""),), "answered 500"),
        ((Says(hang_up=True),), "cut"),
        ((Says(429, b"", {"Retry-After": "3600"}),), "limit"),
        ((Says(302, b"", {"Location": "https://elsewhere.example.com/x"}),), "redirected"),
    ],
)
def test_what_fails_is_said_without_the_address_and_not_posted_twice(answers, says, caplog):
    caplog.set_level("DEBUG", "guardrail")
    with hook(*answers) as (server, address), pytest.raises(NotPostedError, match=says) as caught:
        post(address)
    assert "secret" not in str(caught.value) + caplog.text
    assert len(server.asked) == 1


def test_a_limit_is_waited_for():
    with hook(Says(429, b"", {"Retry-After": "2"}), OK) as (server, address):
        post(address, "teams", "TEAMS_WEBHOOK_URL")
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    "address", ["", "http://hooks.example.com/secret", "ftp://x/secret", "https://", "https://a:b"]
)
def test_an_address_that_is_none_or_not_encrypted_is_refused(address):
    with pytest.raises(NotPostedError, match="SLACK_WEBHOOK_URL") as caught:
        post(address)
    assert not address or address not in str(caught.value)


@pytest.fixture
def report(run, tmp_path, monkeypatch):
    for name, made in {"fails": samples.shop(), "quiet": samples.report(name="quiet")}.items():
        (tmp_path / f"{name}.json").write_text(json_v1(made), encoding="utf-8")

    def reported(*args, **variables):
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            return run("report", *args)

    return reported


def test_a_report_tells_slack_and_teams(report):
    with hook() as (server, address):
        ran = report(
            "fails.json",
            *("--slack", "always", "--teams", "failures"),
            SLACK_WEBHOOK_URL=address,
            TEAMS_WEBHOOK_URL=address,
            CI_PROJECT_PATH="octo/shop",
        )
    assert ran.exit_code == 1, ran.stderr
    first, second = [json.dumps(one.json, ensure_ascii=False) for one in server.asked]
    assert "octo/shop" in first
    assert "AdaptiveCard" in second
    assert "❌ Guardrail: 2 blocking findings" in first


@pytest.mark.parametrize("when, told", [("always", 1), ("changes", 0), ("failures", 0), ("never", 0)])
def test_when_a_quiet_report_is_told(report, when, told):
    with hook() as (server, address):
        assert report("quiet.json", "--slack", when, SLACK_WEBHOOK_URL=address).exit_code == 0
    assert len(server.asked) == told


def test_a_message_that_was_asked_for_and_failed_is_4_and_never_hides_the_verdict(report):
    with hook(Says(404, b"no_service")) as (_, address):
        ran = report("quiet.json", "--slack", "always", SLACK_WEBHOOK_URL=address)
        assert ran.exit_code == 4
        assert "Slack: 127.0.0.1: answered 404" in ran.stderr
        assert "secret" not in ran.stderr
        assert report("fails.json", "--slack", "always", SLACK_WEBHOOK_URL=address).exit_code == 1
    assert report("quiet.json", "--teams", "always").exit_code == 4


def test_a_dry_run_tells_nobody(report):
    with hook() as (server, address):
        ran = report("fails.json", "--slack", "failures", "--dry-run", SLACK_WEBHOOK_URL=address)
    assert "Slack would be told" in ran.stderr
    assert server.asked == []
