"""What to commit to, as text for a terminal, as Markdown, and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from guardrail.finops.commitments.advice import Advice, Choice, exact, ladder
from guardrail.finops.commitments.metered import Existing
from guardrail.finops.commitments.rates import Unrated
from guardrail.finops.commitments.records import MONTH, Outcome, Purchase
from guardrail.model.money import money, plain, rounded
from guardrail.report.markdown.text import prose

_SHOWN = 5  # uses without a rate, and alternatives


def lines_of(advice: Advice) -> Iterator[str]:
    """Give lines of text: what the answer is from, what there is, what to buy or why nothing, and what it risks."""
    span = f"{advice.months[0]} to {advice.months[-1]}" if advice.months else "no month"
    detail = ", told by the day" if advice.coarse else ""
    origin = f"from {advice.days} days of use ({span}{detail})"
    if advice.of_plans:
        origin = "without a bill: as if what plans and states have ran in every hour"
    yield f"Commitments of {advice.vendor}, {advice.billed}, {origin}"
    for one in advice.existing:
        yield f"  there: {_existing(one, advice.billed)}"
    if advice.buy is None:
        yield f"  buy nothing: {advice.reason}"
    else:
        yield from (f"  {line}" for line in _choice(advice.buy, advice))
    for choice in advice.alternatives[:_SHOWN]:
        yield f"  or: {_brief(choice, advice.currency)}"
    hidden = len(advice.alternatives) - _SHOWN
    if hidden > 0:
        yield f"  or: {hidden} more (--format json has all)"
    for unrated in advice.unrated[:_SHOWN]:
        yield f"  not planned: {_unrated(unrated, advice)}"
    if len(advice.unrated) > _SHOWN:
        yield f"  not planned: {len(advice.unrated) - _SHOWN} more uses"
    yield from (f"  {note}" for note in advice.notes)


def markdown_of(advice: Advice) -> Iterator[str]:
    """Give the same as Markdown."""
    head, *rest = lines_of(advice)
    yield f"**{prose(head)}**"
    yield ""
    for line in rest:
        text = line.removeprefix("  ")
        indent = "  " if text.startswith("  ") else ""
        yield f"{indent}- {prose(text.strip())}"


def _existing(one: Existing, currency: str) -> str:
    month = max(one.by_month)
    used, saving = one.used(month), one.saving(month)
    how = "how much of it is used the bill does not tell" if used is None else f"{percent(used)} used in {month}"
    verb = "loses" if saving is not None and saving < 0 else "saves"
    what = "what it saves the bill does not tell" if saving is None else f"{verb} {money(abs(saving), currency)}"
    return f"{one.kind or 'commitment'} {one.id}: {how}, {what}"


def title_of(choice: Choice) -> str:
    """Return what to buy, in a clause."""
    amounts = ", ".join(f"{amount(one)} of {one.offer.kind} ({one.offer.scope})" for one in choice.judged.purchases)
    return f"commit to {amounts} for {terms_of(choice)}"


def terms_of(choice: Choice) -> str:
    """Return the term and the way to pay."""
    return choice.judged.purchases[0].offer.terms


def amount(one: Purchase) -> str:
    """Return how much of an offer it is: $0.123/h, 4 m5.large."""
    number = exact(one.amount)
    return f"${rounded(number, 3)}/h" if one.offer.unit == "$/h" else f"{plain(number)} {one.offer.unit}"


def _choice(choice: Choice, advice: Advice) -> Iterator[str]:
    currency, judged = advice.currency, choice.judged
    now = judged.now
    cost = f"{money(exact(now.on_demand), currency)} a month on demand"
    yield f"buy for {terms_of(choice)}: saves {money(exact(now.saving), currency)} of {cost}"
    for one in judged.purchases:
        rate = f"{one.offer.source}, {one.offer.as_of}"
        yield f"  {amount(one)}: {one.offer.kind}, {one.offer.scope} ({rate})"
    yield "  " + " · ".join(risks(choice, currency))
    shares = ", ".join(f"{share}%: {money(exact(one.saving), currency)}" for share, one in judged.at.items())
    yield f"  saves at today's use and less of it: {shares}"
    if judged.worst and not advice.of_plans:
        month, outcome = judged.worst
        yield f"  worst of {len(judged.by_month)} months: {month}, {money(exact(outcome.saving), currency)} a month"
    if len({one.offer.breadth for one in judged.purchases}) > 1:
        yield "  narrow commitments first, then broad ones for what is left: near the best together, not always the best"
    steps = ", ".join(f"{start} to {end}" for start, end in ladder(choice.months, advice.today))
    yield f"  in quarters, so that less ends at once: {steps}"


def risks(choice: Choice, currency: str) -> Iterator[str]:
    """Give what is committed, how much of it is used, and when it pays."""
    judged = choice.judged
    yield f"{money(exact(judged.now.committed / MONTH), currency)} an hour, {percent(judged.now.used)} used"
    if judged.break_even is not None:
        yield f"pays if {percent(judged.break_even)} is used"
    if judged.break_months is not None:
        yield f"paid for after {rounded(exact(judged.break_months), 1)} of {choice.months} months"
    yield f"{money(judged.upfront, currency)} in advance"


def _brief(choice: Choice, currency: str) -> str:
    judged = choice.judged
    low = judged.at[70].saving
    at_70 = f"at 70% of the use {money(exact(low), currency)}"
    return (
        f"{', '.join(choice.kinds)}, {terms_of(choice)}: saves {money(exact(judged.now.saving), currency)} a month, "
        f"{at_70}, {money(judged.upfront, currency)} in advance"
    )


def _unrated(one: Unrated, advice: Advice) -> str:
    name = " ".join(part for part in (one.product.name, one.product.what, one.product.region) if part)
    cost = money(None if one.on_demand is None else exact(one.on_demand), advice.currency)
    fix = f"; `{one.sync}` may bring one" if one.sync else ""
    return f"{name}, {cost} on demand {'in 14 days' if advice.of_plans else 'in these days'}: {one.reason}{fix}"


def percent(share: Fraction) -> str:
    """Return a share with one decimal."""
    return f"{rounded(exact(share * 100), 1)}%"


def document_of(advice: Advice) -> dict[str, Any]:
    """Return all of it as data: exact amounts as texts, null for what is not known."""
    return {
        "vendor": advice.vendor,
        "currency": advice.currency,
        "billed_in": advice.billed,
        "days": advice.days,
        "months": advice.months,
        "by_the_day": advice.coarse,
        "of_plans": advice.of_plans,
        "existing": [
            {
                "id": one.id,
                "kind": one.kind,
                "months": [
                    {"month": month, "used": _text(one.used(month)), "saving": plain(one.saving(month))}
                    for month in sorted(one.by_month)
                ],
            }
            for one in advice.existing
        ],
        "buy": None if advice.buy is None else _choice_document(advice.buy),
        "ladder": [] if advice.buy is None else _ladder_document(advice.buy, advice),
        "reason": advice.reason or None,
        "alternatives": [_choice_document(one) for one in advice.alternatives],
        "not_planned": [
            {
                "service": one.product.service,
                "name": one.product.name,
                "what": one.product.what or None,
                "region": one.product.region,
                "reason": one.reason,
                "on_demand": _text(one.on_demand),
                "sync": one.sync or None,
            }
            for one in advice.unrated
        ],
        "notes": advice.notes,
    }


def _ladder_document(choice: Choice, advice: Advice) -> list[dict[str, str]]:
    return [{"from": str(start), "to": str(end)} for start, end in ladder(choice.months, advice.today)]


def _choice_document(choice: Choice) -> dict[str, Any]:
    judged = choice.judged
    return {
        "kinds": choice.kinds,
        "months": choice.months,
        "payment": choice.payment or None,
        "purchases": [
            {
                "kind": one.offer.kind,
                "scope": one.offer.scope,
                "amount": _text(one.amount),
                "unit": one.offer.unit,
                "hourly": _text(one.amount * one.offer.hourly),
                "upfront": _text(one.amount * one.offer.upfront),
                "source": one.offer.source,
                "as_of": one.offer.as_of,
            }
            for one in judged.purchases
        ],
        **_outcome(judged.now),
        "upfront": plain(judged.upfront),
        "break_even_utilization": _text(judged.break_even),
        "break_even_months": _text(judged.break_months),
        "at": {str(share): _outcome(one) for share, one in judged.at.items()},
        "by_month": {month: _outcome(one) for month, one in judged.by_month.items()},
    }


def _outcome(one: Outcome) -> dict[str, str | None]:
    return {
        "on_demand": _text(one.on_demand),
        "committed": _text(one.committed),
        "saving": _text(one.saving),
        "utilization": _text(one.used),
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else plain(Decimal(exact(value)))
