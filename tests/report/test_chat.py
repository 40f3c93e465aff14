"""Messages to Slack and Teams: what they say, how large they are, and that no text of a plan is markup there."""

import json

import pytest

from guardrail.report.chat import slack, teams
from tests.report import samples

HOSTILE = "<!channel> <https://evil.example.com|click> [click](https://evil.example.com) *bold* &amp; @here"


def texts(message):
    """Every text that a message shows, in order."""
    if isinstance(message, dict):
        own = [message["text"]] if isinstance(message.get("text"), str) else []
        return own + [one for key, value in message.items() if key != "text" or not own for one in texts(value)]
    return [text for one in message for text in texts(one)] if isinstance(message, list) else []


def test_a_slack_message_says_what_blocks_what_it_costs_and_where_to_read_on():
    message = slack(samples.shop(), about="octo/shop · #7", link="https://example.com/run/1")
    assert message["blocks"][0]["type"] == "header"
    shown = "\n".join(texts(message["blocks"]))
    assert shown.startswith("❌ Guardrail: 2 blocking findings · ")
    assert "octo/shop · #7" in shown
    assert "Blocking (2)" in shown
    assert "budget-increase-exceeded: the change adds $554.54 a month" in shown
    assert "aws_db_instance.main: " in shown
    assert message["blocks"][-1]["elements"][0]["url"] == "https://example.com/run/1"


def test_a_teams_message_says_the_same():
    message = teams(samples.shop(), about="octo/shop · #7", link="https://example.com/run/1")
    card = message["attachments"][0]["content"]
    said = "\n".join(texts(slack(samples.shop(), about="octo/shop · #7")["blocks"])).split("\n")
    assert "\n".join(texts(card["body"])).split("\n") == said
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Report", "url": "https://example.com/run/1"}]


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "https://example.com/" + "x" * 3_000])
def test_a_link_that_a_chat_would_refuse_is_left_out(link):
    assert slack(samples.shop(), link=link) == slack(samples.shop())
    assert teams(samples.shop(), link=link) == teams(samples.shop())


def test_no_text_of_a_plan_is_markup():
    report = samples.report(findings=[samples.finding(HOSTILE, address=HOSTILE, message=HOSTILE)], name=HOSTILE)
    message = slack(report, about=HOSTILE)
    assert {block["text"]["type"] for block in message["blocks"]} == {"plain_text"}
    assert not set("<>") & set(message["text"])
    blocks = teams(report, about=HOSTILE)["attachments"][0]["content"]["body"]
    assert {block["type"] for block in blocks} == {"RichTextBlock"}


@pytest.mark.parametrize("number", [1, 5, 60, 500])
def test_messages_keep_to_what_the_services_take(number):
    findings = [samples.finding("r" * 300, address=f"a.{'b' * 400}[{one}]", message="m" * 900) for one in range(number)]
    resources = [
        samples.resource(f"aws_x.{'y' * 400}[{one}]", after=samples.cost(samples.line())) for one in range(number)
    ]
    report = samples.report(resources, findings)
    message = slack(report)
    assert len(message["blocks"]) <= 50
    assert message["blocks"][0]["type"] == "section" or len(message["blocks"][0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3_000 for block in message["blocks"])
    assert len(json.dumps(teams(report)).encode()) < 28 * 1024


@pytest.mark.parametrize("message", [slack, teams])
def test_what_the_amounts_lack_is_in_the_headline_whole(message):
    assert "(4 not evaluated, 4 not priced, 1 depends on usage)" in texts(message(samples.missing()))[0]
