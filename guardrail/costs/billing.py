"""A component's quantity at a price: lines, one a tier, or the reason why there is no amount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from guardrail.catalog import Ambiguous, Answer, Ladder, NoPrice, Tier
from guardrail.cel import EvaluationError, Scope
from guardrail.costs.tariff import Charge
from guardrail.model.cost import Cost, Line, LineStatus, ResourceStatus
from guardrail.model.money import ZERO, decimal, plain
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

USAGE = "depends on usage"
"""Reason of an Unknown that stands for usage which nobody gave."""
OWN_DEFINITION = "write a cost definition, and name its folder in pricing.definitions of guardrail.yaml"
_NOT_SAID = "the plan does not say it"


def priced(blank: Line, charge: Charge, scope: Scope, answer: Answer) -> Iterator[Line]:
    """Yield the lines of a charge: a quantity spread over the tiers of a price.

    Raises EvaluationError for a quantity that is no number, or negative.
    """
    quantity, times, per, used, months = (
        number.value(scope)
        for number in (charge.quantity, charge.times, charge.per, charge.tier_from, charge.upfront_months)
    )
    quantity = Unknown("quantity", _NOT_SAID, Reason.NOT_EVALUATED) if quantity is None else quantity
    amount = _number(quantity, charge, "quantity")
    factor = _number(times, charge, "times")
    shown_per = _number(per, charge, "per")
    if shown_per is None:
        shown_per = Decimal(1)
    shown_quantity = None if amount is None or factor is None else amount * factor / shown_per
    if not isinstance(answer, Ladder):
        status = LineStatus.NO_PRICE if isinstance(answer, NoPrice) else LineStatus.AMBIGUOUS
        yield replace(blank, status=status, monthly_quantity=shown_quantity, note=_gap(answer))
        return
    start = _number(used, charge, "tier_from") or ZERO
    spread = _number(months, charge, "upfront_months")
    ahead = [tier for tier in answer.tiers if tier.end is None or tier.end > start] or answer.tiers[-1:]
    if amount is None or factor is None:
        reason = quantity if isinstance(quantity, Unknown) else times
        amount = None if factor is None else at_least(charge.floor.value(scope))
        if amount is None or factor is None:
            first = next((tier for tier in ahead if tier.price), ahead[0])
            yield unknown(_at(blank, first, shown_per), reason)
            return
        blank = bounded(blank, reason)
    shares = list(answer.split(amount, start)) or [(ahead[0], ZERO)]
    for tier, share in shares:
        line = _at(blank, tier, shown_per)
        cost = share * factor * tier.price
        if spread:
            cost /= spread
        yield replace(
            line,
            name=f"{blank.name}{_tier_name(tier, shown_per) if len(ahead) > 1 else ''}",
            monthly_quantity=share * factor / shown_per,
            monthly_cost=cost,
        )
    rest = amount - sum(share for _, share in shares)
    if rest > 0:
        beyond = replace(blank, name=f"{blank.name} (beyond)", status=LineStatus.NO_PRICE)
        yield replace(beyond, monthly_quantity=rest * factor / shown_per, note="the catalog's tiers end before")


def at_least(floor: Any) -> Decimal | None:
    """Return a minimum that something is known to be paid for; None where there is none. Raises EvaluationError."""
    if floor is None or isinstance(floor, Unknown):
        return None
    return _count(floor, "floor") or None


def bounded(line: Line, reason: Unknown) -> Line:
    """Return the line for a minimum instead of a quantity that is not known; what would tell it is usage."""
    said = unknown(line, reason)
    if reason.reason == _NOT_SAID:
        return replace(line, status=LineStatus.USAGE, note="at its minimum; what runs beyond is usage", at_least=True)
    return replace(line, status=said.status, note=f"at its minimum; {said.note}", at_least=True)


def assuming(line: Line, text: str) -> Line:
    """Return a priced line with what it takes for granted."""
    if not text or line.status not in {LineStatus.PRICED, LineStatus.ASSUMED}:
        return line
    said = text if text.startswith("assumed ") else f"assumed {text}"
    return replace(line, status=LineStatus.ASSUMED, note=f"{said}; {line.note}" if line.note else said)


def awaits_usage(charge: Charge, scope: Scope) -> bool:
    """Say whether the amount of a line depends on usage that nobody gave."""
    return any(is_usage(number.value(scope)) for number in (charge.quantity, charge.times))


def is_usage(value: Any) -> bool:
    """Say whether a value is unknown for want of usage."""
    return isinstance(value, Unknown) and value.reason == USAGE


def _at(blank: Line, tier: Tier, per: Decimal) -> Line:
    listed, source = tier.source.list_price, tier.source
    if listed is not None:
        source = replace(source, list_price=listed * per)
    return replace(blank, unit_price=tier.price * per, price=source)


def _tier_name(tier: Tier, per: Decimal) -> str:
    start, end = tier.start / per, None if tier.end is None else tier.end / per
    if not start:
        return f" (first {_short(end)})" if end is not None else ""
    return f" (over {_short(start)})" if end is None else f" (next {_short(end - start)})"


def _short(number: Decimal) -> str:
    for size, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= size and not number % (size // 1000 or 1):
            return f"{plain(number / size)}{letter}"
    return plain(number) or "0"


def _number(value: Any, charge: Charge, what: str) -> Decimal | None:
    """Return a computed number; None if it is unknown."""
    return None if isinstance(value, Unknown) else _count(value, f"{what} of {charge.component.name!r}")


def _count(value: Any, what: str) -> Decimal:
    try:
        number = decimal(value)
    except ValueError as error:
        raise EvaluationError(f"{what}: {error}") from None
    if number < 0:
        raise EvaluationError(f"{what} is negative: {plain(number)}")
    return number


def unknown(line: Line, reason: Unknown) -> Line:
    """Return the line without amounts, saying what it waits for."""
    status = LineStatus.USAGE if is_usage(reason) else LineStatus.UNKNOWN
    path = reason.path.removeprefix("usage.")
    return replace(line, status=status, monthly_cost=None, monthly_quantity=None, note=f"{reason.reason}: {path}")


def _gap(answer: NoPrice | Ambiguous) -> str:
    if isinstance(answer, NoPrice):
        return f"{answer.nearest} ({answer.selector.service})"
    return f"{len(answer.products)} prices fit: {answer.selector}"


def grouped(line: Line, heading: str) -> Line:
    """Return the line under another heading, above its own."""
    return replace(line, group=".".join(part for part in (heading, line.group) if part))


def multiplied(line: Line, times: Any, floor: Any = None) -> Line:
    """Return the line so many times over, at least `floor` times where times is Unknown or null.

    Raises EvaluationError for what is no number.
    """
    times = Unknown("how many", _NOT_SAID) if times is None else times
    if isinstance(times, Unknown):
        factor = at_least(floor)
        if factor is None:
            return unknown(line, times)
        if line.status in {LineStatus.PRICED, LineStatus.ASSUMED}:
            line = bounded(line, times)
    else:
        factor = _count(times, "times")
    if factor == 1:
        return line
    return replace(
        line,
        monthly_quantity=None if line.monthly_quantity is None else line.monthly_quantity * factor,
        monthly_cost=None if line.monthly_cost is None else line.monthly_cost * factor,
    )


def cost_of(lines: tuple[Line, ...], *, free: str = "", not_covered: str = "") -> Cost:
    """Sum up one side of a resource.

    free  why it costs nothing; without a reason, a resource that no line is for is not covered, and never free
    """
    if free:
        return Cost((), ResourceStatus.FREE, free)
    if not lines:
        note = not_covered or "its definition has no line for it as it is configured"
        return Cost((), ResourceStatus.UNSUPPORTED, note, Reason.NOT_COVERED, OWN_DEFINITION)
    complete = all(line.monthly_cost is not None for line in lines)
    return Cost(lines, ResourceStatus.PRICED if complete else ResourceStatus.PARTIAL)
