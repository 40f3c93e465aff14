"""What budgets come to, as a table, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from decimal import Decimal
from itertools import groupby

from guardrail.finops.budgets.answer import Alert, BudgetAnswer, Budgets, Expected, Forecast, Proposal
from guardrail.finops.budgets.shape import document
from guardrail.model.money import money, plain, rounded
from guardrail.report.columns import aligned, wrapped
from guardrail.report.markdown.text import prose
from guardrail.report.text import safe

_LIMIT = 200
_NAMES = 2  # columns before those of amounts: name and period
_SHOWN = 5  # changes and charges for people; JSON has all
Cells = list[str]


def as_table(found: Budgets, *, forecast: bool, proposals: bool, width: int = 80) -> str:
    """Return lines of text: a row for each budget, and below it all that is to be said of each.

    forecast   whether forecasts are shown
    proposals  whether what open pull requests add is shown
    """
    head, body = _cells(found, forecast=forecast)
    lines = [*aligned([head, *body], _NAMES)]
    for one in found.budgets:
        told = [*lines_about(one, found.currency, forecast=forecast, proposals=proposals)]
        if told:
            lines += ["", f"{safe(one.name, _LIMIT)}, {one.period}"]
        for line in told:
            lines += wrapped(f"  {line}", width)
    notes = [part for note in _notes(found) for part in wrapped(note, width)]
    return "".join(f"{line}\n" for line in (*lines, *([""] if notes else []), *notes))


def as_markdown(found: Budgets, *, forecast: bool, proposals: bool) -> str:
    """Return the same as a table of Markdown with lists."""
    head, body = _cells(found, forecast=forecast)
    rule = ["---"] * _NAMES + ["--:"] * (len(head) - _NAMES)
    lines = [f"| {' | '.join(map(prose, row))} |" for row in (head, rule, *body)]
    for one in found.budgets:
        told = [*lines_about(one, found.currency, forecast=forecast, proposals=proposals)]
        if told:
            lines += ["", f"**{prose(one.name)}**, {one.period}", "", *(f"- {prose(line)}" for line in told)]
    notes = [f"- {prose(note)}" for note in _notes(found)]
    return "".join(f"{line}\n" for line in (*lines, *([""] if notes else []), *notes))


def as_json(found: Budgets) -> str:
    """Return all of it for programs, as `shape` describes it."""
    return document(found).model_dump_json(by_alias=True, indent=2) + "\n"


def _cells(found: Budgets, *, forecast: bool) -> tuple[Cells, list[Cells]]:
    head = ["budget", "period", "spent", "amount", "used", *(["forecast"] if forecast else [])]
    body = []
    for one in found.budgets:
        amounts = [
            between(one.spent, one.spent_most, found.currency),
            money(one.amount, found.currency),
            _used(one),
        ]
        shown = [forecast_text(one.forecast, found.currency)] if forecast else []
        body.append([safe(one.name, _LIMIT), one.period, *amounts, *shown])
    return head, body


def between(least: Decimal | None, most: Decimal | None, currency: str) -> str:
    """Return an amount of which the least and the most are known, or not."""
    if least is None:
        return "not known"
    if most is None:
        return f"at least {money(least, currency)}"
    return money(least, currency) if least == most else f"{money(least, currency)} to {money(most, currency)}"


def forecast_text(one: Forecast | None, currency: str) -> str:
    """Return a forecast with its interval: $11,400.00 ± $600.00."""
    if one is None:
        return "not known"
    least = "at least " if one.at_least else ""
    width = f" ± {money(one.half_width, currency)}" if one.half_width else ""
    return f"{least}{money(one.amount, currency)}{width}"


def _used(one: BudgetAnswer) -> str:
    """Return which part of its amount is spent, at least and at most."""
    least, most = share_text(one.spent, one.amount), share_text(one.spent_most, one.amount)
    if not least or least == most:
        return least or "not known"
    return f"{least} to {most}" if most else f"at least {least}"


def share_text(amount: Decimal | None, of: Decimal | None) -> str:
    """Return a part in percent, "" where it is not known; more than an amount of 0 is "over"."""
    if amount is None or of is None:
        return ""
    if not of:
        return "over" if amount > 0 else "0%"
    return f"{plain(rounded(amount / of * 100, 1))}%"


def lines_about(one: BudgetAnswer, currency: str, *, forecast: bool, proposals: bool) -> Iterator[str]:
    """Give all that is told of a budget beside its row."""
    for alert in one.alerts:
        if alert.passed is not False:
            yield alert_text(alert, one, currency)
    if forecast and one.forecast:
        yield from _of_forecast(one, one.forecast, currency)
    if proposals:
        yield from _of_proposals(one, currency)
    if one.through and one.through.date() < one.end:
        yield f"bills until {one.through.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {one.cost} cost"
    else:
        yield f"{one.cost} cost"
    for reason in one.unknown:
        yield f"not known: {safe(reason, _LIMIT)}"


def alert_text(alert: Alert, one: BudgetAnswer, currency: str) -> str:
    """Return an alert in a sentence: "alert: more than 80% of $500.00 is spent"."""
    share = f"{plain(alert.share)}% of {money(one.amount, currency)}"
    if alert.passed is None:
        return f"whether more than {share} is {'spent' if alert.of == 'spent' else 'forecast'} is not known" + (
            ", and it is to block" if alert.block else ""
        )
    kind = "blocks" if alert.block else "alert"
    if alert.of == "spent":
        return f"{kind}: more than {share} is spent, {money(one.spent, currency)}"
    amount = one.forecast.amount if one.forecast else None
    return f"{kind}: the forecast is more than {share}, {money(amount, currency)}"


def _of_forecast(one: BudgetAnswer, found: Forecast, currency: str) -> Iterator[str]:
    parts = [f"{money(found.booked, currency)} booked"]
    if found.days:
        days = f"{found.days:,} day{'s' if found.days > 1 else ''} from {found.begin} on"
        weeks = "before" if found.told_until == found.begin else f"before {found.told_until}"
        parts.append(f"{money(found.rate, currency)} for {days}, at the rate of the four weeks {weeks}")
    if found.changes:
        parts.append(f"{money(found.changes, currency, signed=True)} by known changes")
    if found.regular:
        parts.append(f"{money(found.regular, currency, signed=True)} that is booked once a month")
    yield f"forecast: {', '.join(parts)}"
    yield from certainty(one, found, currency)
    known = [
        f"known change: {safe(change.address, _LIMIT)} of {safe(change.project, _LIMIT)}, "
        f"{money(change.monthly, currency, signed=True)} a month, "
        + (f"since {change.since.astimezone(UTC):%Y-%m-%d}" if change.since else "merged, in no state yet")
        for change in (found.known if found.changes else ())
    ]
    regular = [_expected(list(alike), currency) for _, alike in groupby(found.expected, lambda charge: charge.name)]
    yield from (*known[:_SHOWN], *regular[:_SHOWN])
    if left := len(known[_SHOWN:]) + len(regular[_SHOWN:]):
        yield f"and {left:,} more changes and charges: --format json has all"
    if found.shared:
        nobodys = money(found.shared, currency)
        yield f"charges of which nothing tells whose they are: {nobodys} by the end, in no amount above"


def _expected(charges: Sequence[Expected], currency: str) -> str:
    """Return a charge that is booked once a month, with the days on which it will be."""
    first, later = charges[0], len(charges) - 1
    more = f" and {'once' if later == 1 else f'{later:,} times'} more" if later else ""
    return (
        f"expected on {first.day}{more}: {safe(first.name, _LIMIT)}, {money(first.amount, currency)} as the last time"
    )


def certainty(one: BudgetAnswer, found: Forecast, currency: str) -> Iterator[str]:
    """Tell how sure a forecast is, by how far earlier ones were off."""
    if found.half_width:
        yield f"in four cases of five between {money(found.low, currency)} and {money(found.high, currency)}"
    elif found.interval_why:
        yield found.interval_why
    if found.backtest and found.days:
        period = "year" if len(one.period) == 4 else "quarter" if "Q" in one.period else "month"  # noqa: PLR2004
        worst = f"n = {found.backtest.n}, worst {percent(found.backtest.worst)}"
        yield f"{period} totals were off by {percent(found.backtest.mean)} on average ({worst})"


def percent(part: float) -> str:
    """Return a part as percent: 13%, 0.6%, less than 0.1%."""
    if 0 < part < 0.0005:  # noqa: PLR2004
        return "less than 0.1%"
    return f"{part * 100:.0f}%" if part == 0 or part >= 0.01 else f"{part * 100:.1f}%"  # noqa: PLR2004


def _of_proposals(one: BudgetAnswer, currency: str) -> Iterator[str]:
    if not one.proposals:
        yield "no open pull request changes what it comes to"
        return
    for proposal in one.proposals[:_SHOWN]:
        yield proposal_text(proposal, currency)
    if one.proposals[_SHOWN:]:
        yield f"and {len(one.proposals[_SHOWN:]):,} more open pull requests: --format json has all"
    if one.if_all_merge is not None:
        yield f"{money(one.if_all_merge, currency)} if all merge now"


def proposal_text(proposal: Proposal, currency: str) -> str:
    """Return what an open pull request adds, in a sentence."""
    least = "at least " if proposal.unpriced else ""
    name = f"open pull request {proposal.number} of {safe(proposal.project, _LIMIT)}"
    period = money(proposal.amount, currency, signed=True)
    return f"{name}: {least}{money(proposal.monthly, currency, signed=True)} a month, {period} in this period"


def _notes(found: Budgets) -> Iterator[str]:
    if found.without:
        names = ", ".join(safe(name, _LIMIT) for name in found.without)
        yield f"without spend or amounts, and so not in here: {names}"
