"""Alerts as issues of a GitHub repository: one for each, and a comment on it when it has grown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from guardrail.config.notify import IssueConfig
from guardrail.errors import NetworkError
from guardrail.http import Deadline, Session, StatusError
from guardrail.model.unknown import Json
from guardrail.notify.message import Message
from guardrail.notify.senders import MessageRefusedError
from guardrail.platforms.answer import listed, text
from guardrail.platforms.comment import NotPostedError
from guardrail.platforms.context import Context, Overrides, read_context
from guardrail.platforms.github.api import refused
from guardrail.report.markdown.text import link, prose

_MARK = re.compile(r"<!-- guardrail:alert:([0-9a-f]{64}):(\d{1,6}) -->")
_REFUSED = {413, 422}


class Issues:
    """The issues of a repository. Raises NotPostedError where nothing tells it, or there is no token."""

    def __init__(self, config: IssueConfig, environ: Mapping[str, str], deadline: Deadline) -> None:
        self._context: Context = read_context(environ, Overrides(repository=config.repository))
        token = environ.get(config.token_env, "").strip()
        if not self._context.repository:
            raise NotPostedError(
                "nothing says which repository the issues are of", fix="name it: repository: owner/name"
            )
        if not token:
            raise NotPostedError(f"there is no {config.token_env}", fix="set it to a token that may write issues")
        self._label = config.label
        self._session = Session(
            f"{self._context.api}/",
            headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
            secrets={"Authorization": f"Bearer {token}"},
            deadline=deadline,
            write_gap=1.0,  # what GitHub asks for between requests that make content
        )
        self._known: dict[str, tuple[int, int]] | None = None

    def send(self, message: Message) -> str:
        """Open an issue, or comment on the one that is there.

        An issue that is there although the ledger does not know of it was opened by a run that ended before it could
        say so: it counts as delivered.
        """
        try:
            self._send(message)
        except NetworkError as error:
            said = refused(error, self._context, permission="issues")
            if isinstance(error, StatusError) and error.status in _REFUSED:
                raise MessageRefusedError(said.what, where=said.where, fix=said.fix) from None
            raise said from None
        return ""

    def _send(self, message: Message) -> None:
        if self._known is None:
            self._known = self._found()
        fingerprint = message.alerts[0].fingerprint if message.alert else message.key
        number, times = self._known.get(fingerprint, (0, 0))
        if times >= message.times:
            return
        base = f"{self._context.api}/repos/{self._context.repository}/issues"
        body = _body(message, fingerprint)
        if number:
            self._session.send("POST", f"{base}/{number}/comments", json={"body": body})
            times = message.times
        else:
            opened: Json = {"title": message.title, "body": body, "labels": [self._label]}
            answer = self._session.send("POST", base, json=opened).json()
            found = answer.get("number") if isinstance(answer, dict) else None
            number, times = found if isinstance(found, int) else 0, message.times
        self._known[fingerprint] = number, times

    def _found(self) -> dict[str, tuple[int, int]]:
        """Return the issues that are there: number, and how often they tell their alert, by its fingerprint.

        Anybody may write our mark into an issue, but only those who may triage can give it the label.
        """
        base = f"{self._context.api}/repos/{self._context.repository}/issues"
        found: dict[str, tuple[int, int]] = {}
        for page in self._session.pages(
            f"{base}?{urlencode({'labels': self._label, 'state': 'all', 'per_page': '100'})}"
        ):
            for issue in listed(page.json()):
                number, mark = issue.get("number"), _MARK.search(text(issue, "body"))
                if mark and isinstance(number, int):
                    found.setdefault(mark[1], (number, int(mark[2])))
        return found

    def close(self) -> None:
        """Nothing is open."""


def _body(message: Message, fingerprint: str) -> str:
    lines = [f"- {prose(name)}: {prose(value)}" for name, value in message.facts]
    on = [link("Read on", message.link)] if message.link else []
    mark = f"<!-- guardrail:alert:{fingerprint}:{message.times} -->"
    return "\n\n".join(filter(None, [f"**{prose(message.title)}**", "\n".join(lines), *on, mark]))
