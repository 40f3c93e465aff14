"""Alerts against servers that fail, hang, repeat and lead elsewhere: one message an alert, and who was not reached."""

import hashlib
import hmac
import json
import threading
from pathlib import Path

import jsonschema
import pytest

from guardrail.errors import ConfigError
from guardrail.http import Deadline
from tests.http.scripted import Says, script, serving
from tests.http.waits import Waits
from tests.notify.conftest import alert, channels

OK = Says(200, b"ok")
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "notification.json"


def hook(name="ops", **more):
    return name, {"webhook": {"url_env": f"{name.upper()}_URL"}, **more}


def test_one_message_an_alert_however_many_nights_tell_it(nightly):
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url}
        for _ in range(3):
            assert not nightly.run([alert(), alert("other", "5")], channels(hook())).failed
        assert [one.json["title"] for one in server.asked] == ["uploads costs more", "other costs more"]


def test_one_that_grows_by_half_is_told_again_and_says_so(nightly):
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url}
        for amount in ("80", "100", "120", "179"):
            nightly.run([alert(amount=amount)], channels(hook()))
        assert [(one.json["times"], one.json["title"]) for one in server.asked] == [
            (1, "uploads costs more"),
            (2, "uploads costs more (it has grown)"),
        ]


def test_what_a_webhook_gets_fits_the_schema_and_is_signed(nightly):
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": f"{server.url}/x?token=secret", "KEY": "shared"}
        notify = channels(
            ("ops", {"webhook": {"url_env": "OPS_URL", "secret_env": "KEY"}}), link="https://example.com/costs"
        )
        nightly.run([alert(), alert("fall", None, "")], notify)
        (asked, other) = server.asked
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for one in (asked, other):
        jsonschema.validate(one.json, schema)
    assert asked.json["alerts"][0] == {
        "fingerprint": alert().fingerprint, "kind": "anomaly", "owner": "shop", "project": "shop",
        "address": "aws_s3_bucket.uploads", "title": "uploads costs more", "amount": "80.99", "currency": "USD",
        "facts": [{"name": "expected", "value": "$2.53"}, {"name": "was", "value": "$83.52"}],
    }  # fmt: skip
    assert (other.json["alerts"][0]["owner"], other.json["alerts"][0]["amount"]) == (None, None)
    assert asked.headers["idempotency-key"] == asked.json["key"]
    signed = asked.headers["x-guardrail-timestamp"].encode() + b"." + asked.body
    expected = hmac.new(b"shared", signed, hashlib.sha256).hexdigest()
    assert asked.headers["x-guardrail-signature"] == f"sha256={expected}"


@pytest.mark.parametrize(
    "answer, says",
    [
        (Says(404), "renew BAD_URL"),
        (Says(429, b"", {"Retry-After": "3600"}), "limit"),
        (Says(302, b"", {"Location": "https://elsewhere.example.com/x"}), "redirected"),
        (Says(303, b"", {"Location": "https://elsewhere.example.com/x"}), "redirected"),
        (Says(500), "answered 500"),
        (Says(hang_up=True), "cut"),
    ],
)
def test_a_channel_that_fails_is_named_and_the_others_are_told(nightly, answer, says):
    nightly.deadline = Waits().deadline(300)
    with serving(lambda asked: answer if asked.path == "/bad-secret" else OK) as server:
        nightly.environ = {"BAD_URL": f"{server.url}/bad-secret", "GOOD_URL": server.url}
        notify = channels(hook("bad"), hook("good"))
        done = nightly.run([alert(), alert("other", "5")], notify)
        assert (done.sent, done.failed) == (2, ("bad",))
        assert says in nightly.said[0]
        assert "bad-secret" not in nightly.said[0]
        assert len([one for one in server.asked if one.path == "/"]) == 2


def test_what_did_not_arrive_is_sent_by_the_next_run_to_that_channel_alone(nightly):
    with serving(script(Says(404), OK, OK)) as server:
        nightly.environ = {"BAD_URL": f"{server.url}/bad", "GOOD_URL": f"{server.url}/good"}
        notify = channels(hook("bad"), hook("good"))
        assert nightly.run([alert()], notify).failed == ("bad",)
        assert nightly.run([alert()], notify).failed == ()
        assert [one.path for one in server.asked] == ["/bad", "/good", "/bad"]


def test_a_server_that_hangs_takes_its_share_of_the_time_and_no_more(nightly):
    release = threading.Event()

    def answer(asked):
        if asked.path == "/bad":
            return Says(200, b"", trickle=lambda: release.wait(0.05), trickles_headers=True)
        return OK

    with serving(lambda _: OK) as good, serving(answer) as bad:
        nightly.deadline = Deadline(1.0)
        nightly.environ = {"BAD_URL": f"{bad.url}/bad", "GOOD_URL": good.url}
        done = nightly.run([alert(), alert("other")], channels(hook("bad"), hook("good")))
        release.set()
        assert (done.sent, done.failed) == (2, ("bad",))
        assert "bad: 0 of 2 messages were sent" in nightly.said[0]


def test_an_alert_that_a_server_refuses_does_not_keep_others_from_it(nightly):
    with serving(script(Says(422), OK)) as server:
        nightly.environ = {"OPS_URL": server.url}
        done = nightly.run([alert(), alert("other", "5")], channels(hook()))
        assert (done.sent, done.failed) == (1, ("ops",))
        assert "'uploads costs more' was refused" in nightly.said[0]


def test_a_webhook_that_fails_for_a_moment_is_asked_again_with_the_same_key(nightly):
    nightly.deadline = Waits().deadline(300)
    with serving(script(Says(503), Says(hang_up=True), OK)) as server:
        nightly.environ = {"OPS_URL": server.url}
        assert nightly.run([alert()], channels(hook())).sent == 1
        assert len({one.headers["idempotency-key"] for one in server.asked}) == 1
        assert len(server.asked) == 3


def test_slack_is_asked_once_as_it_would_show_a_message_twice(nightly):
    with serving(script(Says(503), OK)) as server:
        nightly.environ = {"SLACK_WEBHOOK_URL": server.url}
        assert nightly.run([alert()], channels(("chat", {"slack": {}}))).failed == ("chat",)
        assert len(server.asked) == 1


def test_a_run_that_is_killed_between_sending_and_recording_sends_again_with_the_same_key(nightly):
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url}
        nightly.run([alert()], channels(hook()), record=False)
        nightly.run([alert()], channels(hook()))
        nightly.run([alert()], channels(hook()))
        assert len(server.asked) == 2
        assert len({one.json["key"] for one in server.asked}) == 1


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"slack": {}}, "there is no SLACK_WEBHOOK_URL"),
        ({"webhook": {"url_env": "HTTP"}}, "HTTP is not an https address"),
        ({"webhook": {"url_env": "HTTPS", "secret_env": "KEY"}}, "there is no KEY"),
        ({"issue": {"repository": "octo/costs"}}, "there is no GITHUB_TOKEN"),
        ({"issue": {}}, "nothing says which repository"),
        ({"mail": {"host": "smtp.example.com", "sender": "a@example.com", "to": ["b@example.com"], "user_env": "U", "password_env": "P"}},
         "there is no U"),
    ],
)  # fmt: skip
def test_what_the_environment_lacks_is_said_and_the_others_are_told(nightly, settings, says):
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url, "HTTP": "http://example.com/x", "HTTPS": "https://example.com/x"}
        done = nightly.run([alert()], channels(("bad", settings), hook()))
        assert (done.sent, done.failed) == (1, ("bad",))
        assert says in nightly.said[0]


HOSTILE = "<!channel> @everyone [click](https://evil.example.com) <https://evil.example.com|x> *b* \x1b[31m\r\nBcc: x@example.com \u202e"


@pytest.mark.parametrize("chat, variable", [("slack", "SLACK_WEBHOOK_URL"), ("teams", "TEAMS_WEBHOOK_URL")])
def test_no_text_is_markup_in_a_chat(nightly, chat, variable):
    hostile = alert(title=HOSTILE * 200, facts=((HOSTILE, HOSTILE * 500),) * 30, owner=HOSTILE)
    with serving(lambda _: OK) as server:
        nightly.environ = {variable: server.url}
        assert nightly.run([hostile], channels(("chat", {chat: {}}))).sent == 1
        body = server.asked[0].json
    if chat == "slack":
        assert "<" not in body["text"]
        assert {one["text"]["type"] for one in body["blocks"]} == {"plain_text"}
        assert all(len(one["text"]["text"]) <= 3000 for one in body["blocks"])
    else:
        card = body["attachments"][0]["content"]
        assert {one["type"] for one in card["body"]} == {"RichTextBlock"}
    assert "\x1b" not in json.dumps(body, ensure_ascii=False)
    assert "\u202e" not in json.dumps(body, ensure_ascii=False)
    assert len(server.asked[0].body) < 28_000


def test_a_message_that_cannot_be_recorded_is_told_as_such_and_ends_the_channel(nightly):
    def refuse(_self, _key, _value):
        raise ConfigError("cannot be written: Read-only file system", where="ledger/v1")

    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url}
        nightly.told = type("Full", (dict,), {"__setitem__": refuse})()
        assert nightly.run([alert(), alert("other")], channels(hook())).failed == ("ops",)
        assert len(server.asked) == 1
    assert "a message has arrived that cannot be recorded, so that the next run sends it again" in nightly.said[0]


def test_a_token_that_ends_with_a_line_break_is_taken_without_it_and_a_broken_one_is_not_shown(nightly):
    notify = channels(("issues", {"issue": {"repository": "octo/costs"}}))
    with serving(lambda _: Says(200, b"[]")) as server:
        nightly.environ = {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": "s3\ncret"}
        assert nightly.run([alert()], notify).failed == ("issues",)
        assert "a header has a line break" in nightly.said[0]
        assert "cret" not in nightly.said[0]
        nightly.environ |= {"GITHUB_TOKEN": "token\n"}
        nightly.run([alert()], notify)
        assert server.asked[0].headers["authorization"] == "Bearer token"


def test_ten_thousand_alerts_are_three_messages_where_two_are_the_most_and_none_comes_again(nightly):
    alerts = [alert(str(number), str(number)) for number in range(10_000)]
    with serving(lambda _: OK) as server:
        nightly.environ = {"OPS_URL": server.url}
        notify = channels(hook(), max_messages=2)
        assert nightly.run(alerts, notify).sent == 3
        assert nightly.run(alerts, notify).sent == 0
        last = server.asked[-1].json
    assert (last["title"], len(last["alerts"]), last["more"]) == ("9,998 more alerts about costs", 100, 9_898)
    jsonschema.validate(last, json.loads(SCHEMA.read_text(encoding="utf-8")))
