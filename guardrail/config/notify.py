"""`notify:` of guardrail.yaml: where alerts about costs go, and by which secrets of the environment."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from guardrail.files.section import AfterValidator, Field, Section, StringConstraints, field_validator, model_validator

Text = Annotated[str, StringConstraints(min_length=1)]
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_MAILBOX = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}"
_REPOSITORY = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
_HOST = r"[A-Za-z0-9.:-]{1,253}"


def _variable(name: str) -> str:
    """Refuse what is no name of a variable, without quoting it: it may be the secret itself."""
    if not re.fullmatch(_VARIABLE, name):
        msg = "must be the name of an environment variable, like COST_WEBHOOK_URL; the secret itself belongs into that variable"
        raise ValueError(msg)
    return name


def _mailbox(address: str) -> str:
    if not re.fullmatch(_MAILBOX, address):
        msg = f"{address!r:.60} is no mail address like finops@example.com"
        raise ValueError(msg)
    return address


def _repository(name: str) -> str:
    if not re.fullmatch(_REPOSITORY, name):
        msg = f"{name!r:.60} is no repository like owner/name"
        raise ValueError(msg)
    return name


def _host(name: str) -> str:
    if not re.fullmatch(_HOST, name):
        msg = f"{name!r:.60} is no name of a host, like smtp.example.com"
        raise ValueError(msg)
    return name


Variable = Annotated[str, AfterValidator(_variable)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]


class SlackConfig(Section):
    """An incoming webhook of Slack."""

    url_env: Variable = "SLACK_WEBHOOK_URL"
    """environment variable with its address"""


class TeamsConfig(Section):
    """A workflow of Microsoft Teams that posts what a webhook receives."""

    url_env: Variable = "TEAMS_WEBHOOK_URL"
    """environment variable with its address"""


class WebhookConfig(Section):
    """Any server that takes JSON by POST, in the format of docs/schemas/notification.json."""

    url_env: Variable
    """environment variable with its address"""
    secret_env: Variable | None = None
    """environment variable with the secret that requests are signed with"""


class IssueConfig(Section):
    """Issues of a GitHub repository, one for each alert."""

    repository: Annotated[str, AfterValidator(_repository)] | None = None
    """owner/name; default: the repository that the job is of"""
    token_env: Variable = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
    """environment variable with a token that may write issues"""
    label: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:-]{1,50}$")] = "guardrail-alert"
    """label of the issues: by it they are found again"""


class MailConfig(Section, kw_only=True):
    """A server that takes mail."""

    host: Annotated[str, AfterValidator(_host)]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """default: 587, with tls: implicit 465, with tls: none 25"""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """none sends mail in the clear, and no password unless the server is this machine"""
    sender: Mailbox
    to: Annotated[tuple[Mailbox, ...], Field(min_length=1, max_length=100)]
    user_env: Variable | None = None
    """environment variable with the name to log in by; without it nobody logs in"""
    password_env: Variable | None = None
    """environment variable with the password"""

    @model_validator
    def _logs_in_by_both(self) -> None:
        if (self.user_env is None) != (self.password_env is None):
            msg = "user_env and password_env belong together"
            raise ValueError(msg)


class ChannelConfig(Section):
    """A place that alerts go to. One of slack, teams, webhook, issue and mail says what it is."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    """by it the ledger remembers what the channel has been told"""
    slack: SlackConfig | None = None
    teams: TeamsConfig | None = None
    webhook: WebhookConfig | None = None
    issue: IssueConfig | None = None
    mail: MailConfig | None = None
    owners: tuple[str, ...] = ("*",)
    """globs of the owners whose alerts go there; "" is what nobody owns"""
    kinds: tuple[Literal["anomaly", "budget"], ...] = ("anomaly", "budget")
    """kinds of alerts that go there"""
    min_amount: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] = Decimal(0)
    """smaller ones do not; one whose amount is not known does"""

    @field_validator("slack", "teams", "webhook", "issue", "mail", mode="before")
    @classmethod
    def _has_settings(cls, value: Any) -> Any:
        """Refuse a text without quoting it: it may be the secret itself."""
        if isinstance(value, str):
            msg = (
                "must be settings, like {url_env: COST_WEBHOOK_URL}; a secret belongs into the variable that they name"
            )
            raise ValueError(msg)  # noqa: TRY004 - what the reader of configurations knows to tell
        return value

    @model_validator
    def _says_one(self) -> None:
        given = (self.slack, self.teams, self.webhook, self.issue, self.mail)
        if sum(one is not None for one in given) != 1:
            msg = "a channel has one of slack, teams, webhook, issue and mail; `slack: {}` takes the defaults"
            raise ValueError(msg)


class NotifyConfig(Section):
    """Where alerts about costs go, with `--notify`."""

    channels: tuple[ChannelConfig, ...] = ()
    link: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]{1,500}$")] | None = None
    """where messages lead, such as the address of the dashboard; default: the run of the job, where it has an address"""
    max_messages: Annotated[int, Field(ge=1, le=100)] = 20
    """messages to one channel in one run; what is beyond is told in one more, by number"""

    @field_validator("channels")
    @classmethod
    def _names_differ(cls, channels: tuple[ChannelConfig, ...]) -> tuple[ChannelConfig, ...]:
        names = [one.name for one in channels]
        if twice := next((name for name in names if names.count(name) > 1), None):
            msg = f"the name {twice!r} is there twice"
            raise ValueError(msg)
        return channels
