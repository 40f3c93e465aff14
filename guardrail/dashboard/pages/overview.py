"""The first page: how fresh the figures are, what months come to, and who and what most of it is."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.dashboard.amounts import NOT_HERE, amount, share
from guardrail.dashboard.blocks import Row, figures, paragraphs, part, table, to
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.figures import Figure, Grid, difference, grid
from guardrail.dashboard.page import Page
from guardrail.dashboard.pages import anomalies as events
from guardrail.dashboard.pages import budgets as budget_page
from guardrail.dashboard.pages import recommendations as advice
from guardrail.dashboard.pages.spend import KINDS, looks, whole_of
from guardrail.dashboard.tables import NO_CHARGE, month_chart, month_table, shown
from guardrail.finops.anomalies.describing import name_of, span_of
from guardrail.finops.budgets.text import alert_text
from guardrail.finops.exact import decimal_of, total, units
from guardrail.model.money import plain
from guardrail.report.html.element import Child, Html, element
from guardrail.report.text import cut

PATH = "index.html"
_TOP = 5
_NAME = 80


def overview(facts: Facts) -> Page:
    """Return the page. Without a bill it says so, and tells what CI has estimated."""
    if not facts.months:
        return Page(PATH, "Overview", [*_without_bills(), *_attention(facts), *_estimates(facts)])
    grids = [grid(facts.charges, "team", currency) for currency in facts.currencies]
    parts = [*_warnings(facts), *(figures(_figures(facts, found)) for found in grids), *_attention(facts)]
    for found in grids:
        parts += _of_currency(facts, found)
    parts += [*_sources(facts), *_estimates(facts)]
    return Page(PATH, "Overview", parts, lead=f"{facts.cost.capitalize()} cost, {facts.months[0]} to {facts.newest}")


def _without_bills() -> Iterator[Html]:
    text = "This ledger has no bill, so nothing is known of what was spent. "
    yield element("p", text, element("code", "guardrail ledger import"), " adds one.", class_="warning")


def _warnings(facts: Facts) -> Iterator[Html]:
    """Say what may change and what the figures lack."""
    texts = [f"{text[:1].upper()}{text[1:]}." for text in facts.lacking()]
    if texts:
        yield element("div", element("ul", [element("li", text) for text in texts]), class_="warning")


def _attention(facts: Facts) -> Iterator[Html]:
    """Give what somebody should look at, each with the page that tells more."""
    items: list[Child] = [*_budgets(facts), *_anomalies(facts), *_savings(facts)]
    if items:
        yield part("attention", "What to look at", element("ul", [element("li", item) for item in items]))


def _budgets(facts: Facts) -> Iterator[Child]:
    if facts.budgets is None:
        return
    passed = [(one, alert) for one in facts.budgets.budgets for alert in one.alerts if alert.passed]
    for one, alert in passed[:_TOP]:
        yield [to(f"Budget {one.name}", budget_page.PATH), f": {alert_text(alert, one, facts.budgets.currency)}"]
    if passed[_TOP:]:
        yield to(f"and {len(passed) - _TOP:,} more alerts", budget_page.PATH)


def _anomalies(facts: Facts) -> Iterator[Child]:
    """Give the largest that nothing accounts for."""
    found = facts.anomalies.alarming if facts.anomalies else ()
    for one in found[:_TOP]:
        difference = amount(decimal_of(one.difference), one.key.currency, signed=True)
        yield [to(f"Anomaly of {cut(name_of(one), _NAME)}", events.PATH), f", {span_of(one)}: ", difference]
    if found[_TOP:]:
        yield to(f"and {len(found) - _TOP:,} more anomalies", events.PATH)


def _savings(facts: Facts) -> Iterator[Child]:
    for currency in dict.fromkeys(one.currency for one in facts.recommendations):
        number = len(advice.open_of(facts.recommendations, currency))
        if number:
            words = to(f"{number:,} open {'recommendation' if number == 1 else 'recommendations'}", advice.PATH)
            yield [
                words,
                ": would save ",
                amount(advice.saving_of(facts.recommendations, currency), currency),
                " a month",
            ]


def _of_currency(facts: Facts, found: Grid) -> Iterator[Html]:
    currency, key = found.currency, found.currency.lower()
    chart = month_chart(f"months-{key}", f"By month and team, {currency}", found, facts.months, facts.lacking_bills)
    yield part(f"by-month-{key}", f"By month, {currency}", chart, _months(facts, currency))
    for kind in KINDS.values():
        of_kind = grid(facts.charges, kind.dimension, currency)
        if not of_kind.ordered_by(facts.newest):
            continue
        of_kind_table = month_table(
            *(of_kind, facts.newest, facts.former, looks(kind.dimension)),
            caption=f"{facts.newest} by {kind.dimension}, {currency}",
            file=kind.path,
            limit=_TOP,
        )
        title = f"{kind.title}, {facts.newest}"
        yield part(
            f"{kind.dimension}-{key}", title, of_kind_table, paragraphs([to(f"All {kind.title.lower()}", kind.path)])
        )


def _figures(facts: Facts, found: Grid) -> Iterator[tuple[str, Child]]:
    currency, months = found.currency, found.total.months
    new, old = months.get(facts.newest), months.get(facts.former or "")
    is_open = facts.newest in facts.open_months
    yield f"{facts.newest}{' so far' if is_open else ''}", shown(new, currency)
    if facts.former:
        yield facts.former, shown(old, currency)
    if facts.former and not is_open:
        yield "Change", amount(difference(new, old), currency, signed=True, unknown="not known")
    if owned := owned_share(facts, currency):
        yield "With a team", owned
    if matched := matched_share(facts, currency):
        yield "Matched with Terraform", matched


def owned_share(facts: Facts, currency: str) -> str:
    """Return how much of the newest month has a team, in percent; "" where that says nothing."""
    ours = [one for one in facts.charges if one.currency == currency and one.month == facts.newest]
    whole = whole_of(facts, facts.newest, currency)
    owned = total(one.amount for one in ours if one.of["team"] is not None)
    return share(decimal_of(int(owned or 0)), whole.amount if whole else None)


def matched_share(facts: Facts, currency: str) -> str:
    """Return how much of the newest month is known to be of an address, in percent; "" where that says nothing."""
    ours = [one for one in facts.matched if one.currency == currency]
    part_of = total(units(one.amount) for one in ours if one.evidence in {"id", "tag"})
    whole = whole_of(facts, facts.newest, currency)
    return share(decimal_of(int(part_of or 0)), whole.amount if whole else None) if ours else ""


def _months(facts: Facts, currency: str) -> Html:
    """Return the months by each cost, and the exact amounts of them."""
    costs = list(dict.fromkeys(("billed", "effective", facts.cost)))
    told = {
        (cost, line.keys[0]): Figure(line.amount, line.partial, line.open)
        for cost in costs
        for line in facts.by_cost.get(cost, ())
        if line.currency == currency
    }
    missing, rows, exact = facts.lacking_bills, [], []
    for month in facts.months:
        ours = [told.get((cost, month)) for cost in costs]
        state = missing.get(month) or ("open" if month in facts.open_months else "final")
        rows.append(Row([month, *(shown(one, currency, missing.get(month, "")) for one in ours), state]))
        exact.append(Row([month, *(plain(one.amount) or NOT_HERE if one else NO_CHARGE for one in ours)]))
    heads = ["Month", *(cost.capitalize() for cost in costs)]
    first = table(f"Months, {currency}", [*heads, "Bill"], rows, numbers=len(heads))
    second = table(f"Months to the last digit, {currency}", heads, exact, numbers=len(costs))
    return element("div", first, element("details", element("summary", "To the last digit"), second))


def _sources(facts: Facts) -> Iterator[Html]:
    rows = [
        Row(
            [
                one.name,
                one.month,
                "open" if one.is_open else "final",
                f"{one.until:%Y-%m-%d}" if one.until else "not told",
                f"{one.imported_at:%Y-%m-%d}" if one.imported_at else "not told",
            ]
        )
        for one in facts.sources
    ]
    heads = ["Source", "Newest bill", "State", "Charges until", "Imported"]
    yield part("sources", "How fresh the figures are", table("Sources of bills", heads, rows))


def _estimates(facts: Facts) -> Iterator[Html]:
    """Give what CI has estimated, project by project: what there is before the first bill."""
    if not facts.runs:
        return
    rows = [
        Row(
            [
                one["project"],
                f"{one['last']:%Y-%m-%d}",
                f"{one['runs']:,}",
                _unpriced(one["unpriced"]),
                [
                    element("span", "at least ", class_="dim") if one["bound"] == "at-least" else None,
                    amount(one["monthly"], one["currency"] or "", unknown="not known"),
                ],
            ]
        )
        for one in facts.runs
    ]
    heads = ["Project", "Newest run", "Runs", "Not priced", "A month"]
    text = (
        "What guardrail last estimated each project to cost a month. Estimates are not bills, and are in no sum above."
    )
    yield part("estimates", "Estimates of CI", element("p", text), table("Newest estimates", heads, rows, numbers=3))


def _unpriced(number: int | None) -> str:
    return "not told" if number is None else f"{number:,}"
