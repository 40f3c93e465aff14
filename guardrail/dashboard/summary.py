"""The figures in a few lines of Markdown, for a chat or a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.dashboard.amounts import NOT_HERE
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.figures import Figure, difference, grid, name_of
from guardrail.dashboard.pages.overview import matched_share, owned_share
from guardrail.model.money import money
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_LISTED = 5
_NAME = 60


def summary(facts: Facts) -> str:
    """Return the newest month, who most of it falls on, and what the figures lack."""
    if not facts.months:
        return "**This ledger has no bill**, so nothing is known of what was spent.\n"
    lines = [line for currency in facts.currencies for line in _of_currency(facts, currency)]
    lines += [f"- {prose(text)}" for text in facts.lacking()]
    return "".join(f"{line}\n" for line in lines)


def _of_currency(facts: Facts, currency: str) -> Iterator[str]:
    found = grid(facts.charges, "team", currency)
    new, old = (found.total.months.get(month or "") for month in (facts.newest, facts.former))
    is_open = facts.newest in facts.open_months
    change = "" if is_open or facts.former is None else _change(new, old, facts.former, currency)
    yield f"**{facts.newest}{' so far' if is_open else ''}: {_told(new, currency)}** {facts.cost} cost{change}"
    yield ""
    rows = found.ordered_by(facts.newest)
    for row in rows[:_LISTED]:
        yield f"- {prose(safe(name_of('team', row.key), _NAME))}: {_told(row.months[facts.newest], currency)}"
    if rows[_LISTED:]:
        yield f"- and {len(rows) - _LISTED:,} more teams"
    shares = [("with a team", owned_share(facts, currency)), ("matched with Terraform", matched_share(facts, currency))]
    if told := ", ".join(f"{part} {what}" for what, part in shares if part):
        yield f"- {told}"


def _told(one: Figure | None, currency: str) -> str:
    if one is None or one.amount is None:
        return NOT_HERE
    return money(one.amount, currency) + (" (partial)" if one.partial else "")


def _change(new: Figure | None, old: Figure | None, former: str, currency: str) -> str:
    change = difference(new, old)
    return "" if change is None else f", {money(change, currency, signed=True)} since {former}"
