"""One page for executives, which prints to two sheets: what is spent and will be, why it changed, and what waits for a decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from guardrail.dashboard.amounts import amount
from guardrail.dashboard.blocks import Row, figures, paragraphs, part, table, to
from guardrail.dashboard.charts.meter import Meter, meter
from guardrail.dashboard.executive import Executive
from guardrail.dashboard.facts import Facts
from guardrail.dashboard.figures import Figure, difference, grid
from guardrail.dashboard.page import Page
from guardrail.dashboard.pages import budgets as budget_page
from guardrail.dashboard.pages import recommendations as advice
from guardrail.dashboard.recommended import Recommended
from guardrail.dashboard.tables import shown
from guardrail.finops.anomalies.describing import not_judged_text
from guardrail.finops.budgets.answer import BudgetAnswer
from guardrail.finops.budgets.text import share_text
from guardrail.finops.kpis.answer import KpiAnswer, KpiValue
from guardrail.finops.kpis.text import divided, status, target
from guardrail.finops.kpis.text import shown as kpi_text
from guardrail.finops.month_change import Cause, MonthChange
from guardrail.finops.savings.answer import Credit
from guardrail.model.money import money, plain
from guardrail.report.html.element import Child, Html, code, element, prose
from guardrail.report.html.sums import bar

PATH = "executive.html"
TILES = ("allocated-share", "effective-savings-rate")
"""KPIs that stand at the top."""
_BUDGETS, _DECISIONS, _CREDITS, _KPIS, _UNKNOWN, _CURRENCIES = 5, 5, 6, 12, 6, 2
_TEXT, _NAME = 130, 55  # characters of a sentence and of a name: what prints to two sheets has no room for longer ones
_CAUSES = {
    Cause.PRICE: "Prices of a unit",
    Cause.USAGE: "Usage",
    Cause.NEW: "New",
    Cause.REMOVED: "Removed",
    Cause.COMMITMENTS: "Commitments",
    Cause.OTHER: "Taxes, support, credits and the rest",
}


def executive(facts: Facts, found: Executive) -> Page:
    """Return the page."""
    parts = [_top(facts, found), *_budgets(facts), *_changes(found), _decisions(facts)]
    parts += [*_credits(found), *_kpis(found), *_unknown(facts, found)]
    lead = f"{facts.cost.capitalize()} cost, {facts.newest}{' so far' if facts.newest in facts.open_months else ''}"
    return Page(PATH, "Cloud cost in short", parts, lead=lead, look="portrait")


def _top(facts: Facts, found: Executive) -> Html:
    """Give what the month comes to, the month before, and the KPIs that stand at the top."""
    pairs: list[tuple[str, Child]] = []
    for currency in facts.currencies[:_CURRENCIES]:
        months = grid(facts.charges, "team", currency).total.months
        new, old = months.get(facts.newest), months.get(facts.former or "")
        pairs.append((f"{facts.newest}{' so far' if facts.newest in facts.open_months else ''}", shown(new, currency)))
        if facts.former:
            pairs.append((facts.former, [shown(old, currency), element("small", *_since(facts, new, old, currency))]))
    for one in found.kpis.answers:
        if one.kpi.id in TILES:
            value = one.values[0]
            told: Child = _exact(one, value.value, found.kpis.currency)
            if value.missing:
                told = [element("span", "not known", class_="dim"), element("small", _cut(value.missing))]
            elif aim := target(one, found.kpis.currency):
                told = [told, element("small", aim)]
            pairs.append((one.kpi.title, told))
    return figures(pairs)


def _since(facts: Facts, new: Figure | None, old: Figure | None, currency: str) -> list[Child]:
    if facts.newest in facts.open_months:
        return []
    return ["since then ", amount(difference(new, old), currency, signed=True, unknown="not known")]


def _budgets(facts: Facts) -> Iterator[Html]:
    """Give spend and forecast against budgets, those that are used most first."""
    if facts.budgets is None:
        yield part(
            "budgets",
            "Against budget",
            element("p", "No budget in guardrail.yaml says what may be billed.", class_="dim"),
        )
        return
    currency = facts.budgets.currency
    ordered = sorted(facts.budgets.budgets, key=lambda one: (-_used(one), one.name))
    rows = [_budget(one, currency) for one in ordered[:_BUDGETS]]
    heads = ["Budget", "Spent", "Forecast", "Budget"]
    told = table(f"Spend and forecast, {currency}", heads, rows, numbers=3)
    more = len(ordered) - _BUDGETS
    rest = paragraphs([to(f"and {more:,} more", budget_page.PATH)]) if more > 0 else None
    yield part("budgets", "Against budget", told, rest)


def _used(one: BudgetAnswer) -> Decimal:
    ahead = one.forecast.amount if one.forecast else one.spent
    return ahead / one.amount if ahead is not None and one.amount else Decimal(-1)


def _budget(one: BudgetAnswer, currency: str) -> Row:
    ahead = one.forecast
    held = Meter(one.amount, one.spent, *((ahead.amount, ahead.low, ahead.high) if ahead else (None, None, None)))
    name: Child = [
        element("span", one.name, class_="name"),
        " ",
        element("span", one.period, class_="dim"),
        meter(held),
    ]
    spent: Child = [
        amount(one.spent, currency, unknown="not known"),
        element("div", share_text(one.spent, one.amount), class_="dim below"),
    ]
    if ahead is None:
        told: Child = element("span", "none", class_="dim")
    else:
        between = _interval(ahead.low, ahead.high, ahead.interval_why, currency)
        told = [amount(ahead.amount, currency), element("div", between, class_="dim below")]
    return Row([name, spent, told, amount(one.amount, currency, unknown="not said")])


def _interval(low: Decimal | None, high: Decimal | None, why: str, currency: str) -> str:
    if low is None or high is None:
        return _cut(why or "no interval")
    return f"{money(low, currency)} to {money(high, currency)}, in four cases of five"


def _changes(found: Executive) -> Iterator[Html]:
    """Give why the month costs another sum than the one before, as bars of its causes."""
    if not found.changes:
        yield part("change", "Why it changed", element("p", "There is no bill of the month before.", class_="dim"))
    for one in found.changes[:_CURRENCIES]:
        title = f"Why {one.last} is not {one.first}"
        yield part(f"change-{one.currency.lower()}", title, _causes(one), paragraphs(map(_sentence, one.notes)))


def _causes(one: MonthChange) -> Html:
    shown_causes = [cause for cause in Cause if one.parts and (cause is not Cause.OTHER or one.parts.get(cause))]
    values = [one.parts[cause] for cause in shown_causes]
    low, high = min([Decimal(0), *values]), max([Decimal(0), *values])
    rows = [
        Row(
            [
                [_CAUSES[cause], bar(value, low, high, "more" if value > 0 else "less")],
                amount(value, one.currency, signed=True),
            ]
        )
        for cause, value in zip(shown_causes, values, strict=True)
    ]
    rows.append(Row(["Difference", amount(one.difference, one.currency, signed=True, unknown="not known")], "total"))
    return table(f"Difference by cause, {one.currency}", ["Cause", "Change"], rows, numbers=1)


def _decisions(facts: Facts) -> Html:
    """Give the open recommendations that save most: what waits for somebody to decide."""
    if not facts.recommendations:
        text: Child = [
            "Not known: ",
            element("code", "--recommendations"),
            " names what guardrail recommend has written.",
        ]
        return part("decisions", "Decisions that wait", element("p", text, class_="dim"))
    waiting = [
        (one, each.currency)
        for each in facts.recommendations
        for one in each.recommendations
        if one.status == "open" and one.counted and (one.amount is None or one.amount > 0)
    ]
    ordered = sorted(waiting, key=lambda pair: (-(pair[0].amount or 0), pair[0].project, pair[0].address))
    if not ordered:
        return part("decisions", "Decisions that wait", element("p", "No recommendation that saves anything is open."))
    rows = [_decision(one, currency) for one, currency in ordered[:_DECISIONS]]
    told = table("Open recommendations that save most", ["What", "Saves a month"], rows, numbers=1)
    more = len(ordered) - _DECISIONS
    rest = paragraphs([to(f"and {more:,} more", advice.PATH)]) if more > 0 else None
    return part("decisions", "Decisions that wait", told, rest)


def _decision(one: Recommended, currency: str) -> Row:
    below = element("div", f"{one.project} \N{MIDDLE DOT} {one.kind}", class_="below dim")
    return Row(
        [
            [_cut(one.title, _NAME), " ", code(one.address, _NAME), below],
            amount(one.amount, currency, unknown="not known"),
        ]
    )


def _credits(found: Executive) -> Iterator[Html]:
    """Give what changes of the last twelve months save by the bill, to whom that is credited."""
    if found.savings is None:
        return
    title = "Savings on the bill, by team"
    if not found.savings.credits:
        yield part(
            "credit", title, element("p", "No merged change of twelve months was to save anything.", class_="dim")
        )
        return
    rows = [_credit(one) for one in found.savings.credits[:_CREDITS]]
    more = len(found.savings.credits) - _CREDITS
    rest = paragraphs([f"and {more:,} more teams: guardrail savings has them"]) if more > 0 else None
    heads = ["Team", "Savings", "Not known yet", "Saves a month"]
    yield part("credit", title, table(f"{found.savings.first} to {found.savings.last}", heads, rows, numbers=3), rest)


def _credit(one: Credit) -> Row:
    name = "(nobody)" if one.name is None else _cut(one.name, _NAME)
    return Row(
        [element("span", name, class_="name"), f"{one.savings:,}", f"{one.waiting:,}", amount(one.amount, one.currency)]
    )


def _kpis(found: Executive) -> Iterator[Html]:
    """Give KPIs that have a value, the missed ones first."""
    told = [(one, one.values[0]) for one in found.kpis.answers if len(one.values) == 1 and not one.values[0].missing]
    ordered = sorted(told, key=lambda pair: {False: 0, True: 1, None: 2}[pair[0].meets(pair[1])])
    if ordered:
        # A second currency has bars of its own, which take the room of six.
        most = _KPIS if len(found.changes) <= 1 else _KPIS // 2
        rows = [_kpi(one, value, found.kpis.currency) for one, value in ordered[:most]]
        heads = ["KPI", found.kpis.month, "Target", "Before", "Of"]
        yield part("kpis", "KPIs", table(f"KPIs of {found.kpis.month}", heads, rows, numbers=4))


def _kpi(one: KpiAnswer, value: KpiValue, currency: str) -> Row:
    before = _exact(one, value.previous, currency) if value.previous is not None else ""
    aim, reached = target(one, currency), status(one, value)
    mark = element("span", reached, class_=f"badge {'good' if reached == 'met' else 'bad'}") if reached else None
    cells: list[Child] = [_exact(one, value.value, currency), [aim, " ", mark] if aim else "", before, divided(value)]
    return Row([one.kpi.title, *(element("span", cell, class_="together") for cell in cells)])


def _exact(one: KpiAnswer, value: Decimal | None, currency: str) -> Html:
    """Return a value of a KPI, whose exact number programs can read."""
    return element("data", kpi_text(one.kpi, value, currency), value=plain(value) or "")


def _unknown(facts: Facts, found: Executive) -> Iterator[Html]:
    """Give what nothing above tells, and why."""
    texts = [*_told_unknown(facts, found)]
    more = len(texts) - _UNKNOWN
    items = [element("li", prose(_cut(_sentence(text)))) for text in texts[:_UNKNOWN]]
    if more > 0:
        items.append(element("li", f"And {more:,} more: ", element("code", "guardrail kpi"), " has all."))
    told = element("ul", items) if items else element("p", "Nothing that is shown here.")
    yield part("unknown", "What is not known", told)


def _told_unknown(facts: Facts, found: Executive) -> Sequence[str]:
    texts = [*facts.lacking()]
    if facts.budgets:
        texts += [f"budget {one.name}: {text}" for one in facts.budgets.budgets for text in one.unknown]
    if facts.anomalies:
        texts += [f"anomalies: {not_judged_text(one)}" for one in facts.anomalies.not_judged]
    if found.savings:
        waiting = sum(one.waiting for one in found.savings.credits)
        texts += [f"{waiting:,} savings that the bill does not tell yet"] if waiting else []
    reasons: dict[str, list[str]] = {}
    for one in found.kpis.answers:
        if one.values[0].missing and len(one.values) == 1:
            reasons.setdefault(one.values[0].missing, []).append(one.kpi.title)
    return texts + [f"{', '.join(titles)}: {reason}" for reason, titles in reasons.items()]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _cut(text: str, limit: int = _TEXT) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
