"""A message to a channel."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from guardrail.model.billed.cost_alert import CostAlert
from guardrail.model.finding import fingerprint
from guardrail.report.text import safe

TITLE_LIMIT = 200
FACT_LIMIT = 500
LISTED = 10
"""Alerts that a message about many of them names."""


class Message(Struct, frozen=True):
    """A message to one channel: about an alert, or about all that are more than a channel is told one by one.

    times  how often the channel has been told of the alert, this message included; 1 is the first message
    link   where to read on, "" for nowhere
    """

    channel: str
    alerts: tuple[CostAlert, ...]
    times: int = 1
    link: str = ""

    @property
    def alert(self) -> CostAlert | None:
        """The alert that it is about, None for a message about many."""
        return self.alerts[0] if len(self.alerts) == 1 else None

    @property
    def key(self) -> str:
        """What is the same whenever the same message is sent again: servers that look at it take it once."""
        return fingerprint(self.channel, str(self.times), *(one.fingerprint for one in self.alerts))

    @property
    def title(self) -> str:
        """One line, bounded and printable."""
        if self.alert is None:
            return f"{len(self.alerts):,} more alerts about costs"
        again = " (it has grown)" if self.times > 1 else ""
        return f"{safe(self.alert.title, TITLE_LIMIT)}{again}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Names and values below the title, bounded and printable."""
        return tuple((safe(name, 50), safe(value, FACT_LIMIT)) for name, value in self._facts())

    @property
    def lines(self) -> list[str]:
        """The facts as lines of text."""
        return [f"{name}: {value}" for name, value in self.facts]

    def _facts(self) -> Iterator[tuple[str, str]]:
        if self.alert is not None:
            yield from self.alert.facts[:20]
            return
        for one in self.alerts[:LISTED]:
            yield one.owner or "(nobody)", one.title
        if len(self.alerts) > LISTED:
            yield "and", f"{len(self.alerts) - LISTED:,} more"
