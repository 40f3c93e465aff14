"""The figures in a few lines of Markdown, for a chat or a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from guardrail.dashboard.amounts import NOT_HERE
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.figures import Figure, difference, grid
from guardrail.dashboard.figures import name_of as named
from guardrail.dashboard.pages.overview import matched_share, owned_share
from guardrail.dashboard.pages.recommendations import open_of, saving_of
from guardrail.finops.anomalies.describing import name_of, span_of
from guardrail.finops.budgets.text import alert_text
from guardrail.finops.exact import decimal_of
from guardrail.model.money import money
from guardrail.report.format import count
from guardrail.report.markdown.text import prose
from guardrail.report.text import cut, safe

_LISTED = 5
_NAME = 60


def summary(facts: Facts) -> str:
    """Return the newest month, who most of it falls on, and what the figures lack."""
    if not facts.months:
        return "**This ledger has no bill**, so nothing is known of what was spent.\n"
    lines = [line for currency in facts.currencies for line in ("", *_of_currency(facts, currency))][1:]
    lines += [f"- {prose(text)}" for text in (*attention(facts), *facts.lacking())]
    return "".join(f"{line}\n" for line in lines)


def spelled(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """Return an amount without a dollar sign: between two of them GitHub sets mathematics, and not all chats know escapes."""
    return money(amount, currency, signed=signed).replace("$", "USD ")


def _of_currency(facts: Facts, currency: str) -> Iterator[str]:
    found = grid(facts.charges, "team", currency)
    new, old = (found.total.months.get(month or "") for month in (facts.newest, facts.former))
    is_open = facts.newest in facts.open_months
    change = "" if is_open or facts.former is None else _change(new, old, facts.former, currency)
    yield f"**{facts.newest}{' so far' if is_open else ''}: {_told(new, currency)}** {facts.cost} cost{change}"
    yield ""
    rows = found.ordered_by(facts.newest)
    for row in rows[:_LISTED]:
        yield f"- {prose(safe(named('team', row.key), _NAME))}: {_told(row.months[facts.newest], currency)}"
    if rows[_LISTED:]:
        yield f"- and {len(rows) - _LISTED:,} more teams"
    shares = [("with a team", owned_share(facts, currency)), ("matched with Terraform", matched_share(facts, currency))]
    if told := ", ".join(f"{part} {what}" for what, part in shares if part):
        yield f"- {told}"


def attention(facts: Facts) -> Iterator[str]:
    """Give what somebody should look at, a line each: budgets, anomalies, and what would save something."""
    if facts.budgets:
        for one in facts.budgets.budgets:
            yield from (
                safe(
                    f"budget {cut(one.name, _NAME)}: {alert_text(alert, one, facts.budgets.currency).replace('$', 'USD ')}"
                )
                for alert in one.alerts
                if alert.passed
            )
    alarming = facts.anomalies.alarming if facts.anomalies else ()
    for event in alarming[:_LISTED]:
        difference = spelled(decimal_of(event.difference), event.key.currency, signed=True)
        yield safe(f"anomaly: {difference} {cut(name_of(event), _NAME)}, {span_of(event)}")
    if alarming[_LISTED:]:
        yield f"and {len(alarming) - _LISTED:,} more anomalies"
    for currency in dict.fromkeys(one.currency for one in facts.recommendations):
        if number := len(open_of(facts.recommendations, currency)):
            saving = spelled(saving_of(facts.recommendations, currency), currency)
            yield f"{count(number, 'open recommendation')}: would save {saving} a month"


def _told(one: Figure | None, currency: str) -> str:
    if one is None or one.amount is None:
        return NOT_HERE
    return spelled(one.amount, currency) + (" (partial)" if one.partial else "")


def _change(new: Figure | None, old: Figure | None, former: str, currency: str) -> str:
    change = difference(new, old)
    return "" if change is None else f", {spelled(change, currency, signed=True)} since {former}"
