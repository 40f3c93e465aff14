"""What `notify:` and `anomalies:` of guardrail.yaml refuse, in one line, and never with a secret in it."""

import pytest

from guardrail.config import ConfigFile
from guardrail.errors import ConfigError
from guardrail.files.checked import checked
from guardrail.files.yaml_file import parse_yaml

MAIL = "host: smtp.example.com, sender: a@example.com, to: [b@example.com]"


def read(text):
    return checked(ConfigFile, parse_yaml(f"version: 1\n{text}\n", ConfigError, name="guardrail.yaml"), ConfigError)


def test_it_is_empty_by_default_and_chats_have_usual_variables():
    assert read("").notify.channels == ()
    (one, two) = read("notify: {channels: [{name: a, slack: {}}, {name: b, teams: {}}]}").notify.channels
    assert one.slack is not None
    assert two.teams is not None
    assert (one.slack.url_env, two.teams.url_env) == ("SLACK_WEBHOOK_URL", "TEAMS_WEBHOOK_URL")


@pytest.mark.parametrize(
    "channel, says",
    [
        ("slack: https://hooks.example.com/SECRET", "must be settings"),
        ("slack: {url_env: 'https://hooks.example.com/SECRET'}", "must be the name of an environment variable"),
        ("webhook: {url_env: A, secret_env: 'SECRET word'}", "must be the name of an environment variable"),
        (f"mail: {{{MAIL}, user_env: A, password_env: 'SECRET!'}}", "must be the name of an environment variable"),
        (f"mail: {{{MAIL}, user_env: A}}", "user_env and password_env belong together"),
        ("slack: {}, teams: {}", "a channel has one of slack, teams, webhook, issue and mail"),
        ("owners: [a]", "a channel has one of slack, teams, webhook, issue and mail"),
        ("issue: {repository: ../x}", "is no repository like owner/name"),
        ('mail: {host: x, sender: "a@b.c\\nBcc: d@e.f", to: [b@example.com]}', "is no mail address"),
        ('mail: {host: "x y", sender: a@b.c, to: [b@example.com]}', "is no name of a host"),
    ],
)
def test_what_is_wrong_with_a_channel_is_said_without_a_secret(channel, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read(f"notify: {{channels: [{{name: a, {channel}}}]}}")
    assert str(caught.value).startswith("guardrail.yaml:2: notify.channels.0")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "text, says",
    [
        ("notify: {channels: [{name: a, slack: {}}, {name: a, teams: {}}]}", "the name 'a' is there twice"),
        ("notify: {link: 'javascript:x'}", "notify.link"),
        ("notify: {chanels: []}", 'did you mean "channels"?'),
        ("anomalies: {spreads: 0}", "anomalies.spreads"),
        ("anomalies: {expected: [{name: a, date: 2026-11-02, until: 2026-11-01}]}", "until 2026-11-01 is before"),
        ("anomalies: {expected: [{name: a, date: 2026-11-02, amount: .inf}]}", "amount"),
    ],
)
def test_what_is_wrong_elsewhere_is_said(text, says):
    with pytest.raises(ConfigError, match=says.replace("?", "[?]")):
        read(text)
