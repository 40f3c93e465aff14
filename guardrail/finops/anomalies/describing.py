"""Events in words: one title, and named facts below it. Terminal, Markdown and alerts say the same."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.finops.anomalies.answer import Anomalies
from guardrail.finops.anomalies.event import Cause, Event, State
from guardrail.finops.anomalies.unjudged import NotJudged, Reason
from guardrail.finops.exact import decimal_of
from guardrail.model.billed.cost_alert import CostAlert
from guardrail.model.finding import fingerprint
from guardrail.model.money import money
from guardrail.report.format import count
from guardrail.report.text import cut

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
NOBODY = "nobody"
_NAME = 120  # characters of a name: an address of a nested module has as many


def title_of(event: Event) -> str:
    """Return an event in one line: how much, of what, when."""
    return f"{_money(event, event.difference, signed=True)} {cut(name_of(event), _NAME)}, {span_of(event)}"


def name_of(event: Event) -> str:
    """Return what an event is of: the address, else the service, else what is new."""
    key = event.key
    if key.address:
        return key.address
    return key.service or ", ".join(event.new) or "(no service)"


def span_of(event: Event) -> str:
    """Return the days of an event."""
    if event.first == event.last:
        return f"{event.first}"
    all_days = (event.last - event.first).days + 1
    some = f"{event.days} of {all_days} days" if event.days < all_days else f"{event.days} days"
    return f"{event.first} to {event.last} ({some})"


def facts_of(event: Event) -> Iterator[tuple[str, str]]:
    """Give the names and values of what is known of an event."""
    key = event.key
    yield "was", f"{_money(event, event.was)}, expected {_money(event, event.expected)}"
    if event.days > 1:
        yield "a day", f"{_money(event, event.difference // event.days, signed=True)} on average"
    if event.new:
        yield "first spend", "; ".join(f"{one} was never paid for before" for one in event.new)
    if event.is_gone:
        yield "no charge", "it is gone, or rows of the bill are missing: no saving until that is known"
    elif event.is_fall:
        yield "less", "fewer charges, more credits, or rows of the bill are missing: no saving until that is known"
    yield from _explained(event)
    if event.weeks:
        weekday = WEEKDAYS[event.first.weekday()]
        first = "" if event.days == 1 else "of the first day: "
        yield "evidence", f"{first}{event.weeks} {weekday}, median {_money(event, event.first_expected)}"
    if event.provisional:
        of = "it" if event.days == 1 else f"{event.provisional} of its days"
        yield "provisional", f"charges may still be added to {of}"
    place = [cut(key.service, _NAME)] if key.service and key.service != name_of(event) else []
    yield (
        "of",
        ", ".join(
            [*place, f"owner {cut(key.owner, _NAME) or NOBODY}", *([f"project {key.project}"] if key.project else [])]
        ),
    )


def _explained(event: Event) -> Iterator[tuple[str, str]]:
    causes = "; ".join(_cause(event, one) for one in event.causes)
    if event.state is State.EXPLAINED:
        yield "explained", f"by {causes}"
    elif event.state is State.PARTIAL:
        known, rest = (_money(event, amount, signed=True) for amount in (event.known, event.rest))
        yield "explained", f"{known} by {causes}"
        yield "the rest", f"{rest} is not explained"
    elif causes:
        yield "not explained", f"may have to do with {causes}"
    else:
        yield "not explained", "no merged change and no expected date accounts for it"


def _cause(event: Event, cause: Cause) -> str:
    daily = "" if cause.daily is None else f", {_money(event, cause.daily, signed=True)} a day"
    if cause.what == "date":
        until = "" if cause.until in {None, cause.since} else f" to {cause.until}"
        return f"{cause.name}, {cause.since}{until}{daily}"
    if cause.what in {"owner", "service"}:
        way = "to" if event.is_fall else "from"
        return f"a move {way} the {cause.what} {cut(cause.name, _NAME) or NOBODY}, where the same amount {'came' if event.is_fall else 'went'} on {cause.since}"
    if cause.what == "month":
        return f"the same day of the month before: {cause.since}{daily.removesuffix(' a day')}"
    who = f"#{cause.pull_request}" if cause.pull_request else "a change"
    size = ", of a size that is not known" if cause.daily is None else daily
    more = " and what depends on usage or has no price" if cause.at_least else ""
    return f"{who}, merged by {cause.since}{size}{more}"


def _money(event: Event, amount: int, *, signed: bool = False) -> str:
    return money(decimal_of(amount), event.key.currency, signed=signed)


def alerts_of(found: Anomalies) -> list[CostAlert]:
    """Return the events that people are to be told of: what nothing accounts for whole."""
    return [_alert(one) for one in found.alarming]


def fingerprint_of(event: Event) -> str:
    """Return what names an event, in this run and in others."""
    key = event.key
    direction = "fall" if event.is_fall else "rise"
    names = (key.owner, key.service, key.project, key.address, key.currency)
    # What is new and no event of a resource has nothing else that tells it from others.
    return fingerprint("anomaly", *names, direction, event.first.isoformat(), *(event.new if not event.weeks else ()))


def _alert(event: Event) -> CostAlert:
    key = event.key
    is_partial = event.state is State.PARTIAL
    amount = decimal_of(event.rest if is_partial else event.difference)
    rest = f", {_money(event, event.rest, signed=True)} of it not explained" if is_partial else ""
    return CostAlert(
        fingerprint_of(event),
        "anomaly",
        key.owner,
        f"Cost anomaly: {title_of(event)}{rest}",
        amount,
        key.currency,
        abs(amount),
        tuple(facts_of(event)),
        key.project,
        key.address,
    )


def not_judged_text(one: NotJudged) -> str:
    """Return in words what could not be judged."""
    came_to = " and ".join(money(decimal_of(amount), currency) for currency, amount in one.amounts)
    named = f": {', '.join(one.names)}" if one.names else ""
    if one.reason is Reason.HISTORY:
        few = "fewer than 4 same weekdays before, or than 14 days to compare with theirs"
        return f"{count(one.number, 'series', 'series')}, {came_to}, of too short a history ({few}){named}"
    if one.reason is Reason.PROVISIONAL:
        why = "on days to which charges may still be added"
        return f"{count(one.number, 'series', 'series')}, {came_to} from what is expected, {why}{named}"
    if one.reason is Reason.WITHOUT_AMOUNT:
        return f"{count(one.number, 'row')} without this cost{named}"
    if one.reason is Reason.LONG:
        return f"{came_to} charged for more than a day at once{named}"
    if one.reason is Reason.OTHER:
        return f"{came_to} of taxes, credits and adjustments{named}"
    if one.reason is Reason.FIRST_SPEND:
        what = count(one.number, "account, service or region", "accounts, services and regions")
        return f"{what} that may be new, as bills begin less than four weeks before{named}"
    source, *days = one.names
    more = ", ..." if one.number > len(days) else ""
    return f"{count(one.number, 'day')} of which {source} has no charge at all: {', '.join(days)}{more}"
