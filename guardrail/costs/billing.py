"""A component's quantity at a price: lines, one a tier, or the reason why there is no amount."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from guardrail.catalog import Ambiguous, Answer, Ladder, NoPrice, Selector, Tier
from guardrail.catalog.query import UNLISTED
from guardrail.cel import EvaluationError, Scope
from guardrail.costs.definitions.tariff import Charge
from guardrail.model.cost import SYNC, Cost, Line, LineStatus, ResourceStatus
from guardrail.model.money import ZERO, decimal, plain
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

USAGE = "depends on usage"
"""Reason of an Unknown that stands for usage which nobody gave."""
OWN_PRICE = "state your price in an overlay (pricing.overlay of guardrail.yaml)"
_SYNCED = frozenset({"aws", "azure", "gcp"})
_AWS_SPOT = ("aws", "spot")  # AWS's price list has none: they change with demand
OWN_DEFINITION = "write a cost definition, and name its folder in pricing.definitions of guardrail.yaml"
NEGATIVE = " is negative: "
_NOT_GIVEN = "the plan does not say it"
_GIVEN_ELSEWHERE = "check a plan that says it"


def priced(blank: Line, charge: Charge, scope: Scope, selector: Selector, answer: Answer) -> Iterator[Line]:
    """Yield the lines of a charge: a quantity spread over the tiers of a price that `selector` has found.

    Raises EvaluationError for a quantity that is no number, or negative.
    """
    quantity, times, per, used, months, sustained = (
        number.value(scope)
        for number in (
            charge.quantity, charge.times, charge.per, charge.tier_from, charge.upfront_months, charge.sustained
        )
    )  # fmt: skip
    is_known = quantity is not None
    quantity = quantity if is_known else _not_given(charge)
    amount = _number(quantity, "quantity")
    factor = _number(times, "times")
    shown_per = _number(per, "per")
    if shown_per is None:
        shown_per = Decimal(1)
    shown_quantity = None if amount is None or factor is None else amount * factor / shown_per
    if not isinstance(answer, Ladder):
        # What says how much also says of what, where there is no minimum either: there is nothing to look up.
        if not is_known and not charge.component.gap and at_least(charge.floor.value(scope)) is None:
            yield unknown(blank, quantity)
            return
        yield _unanswered(replace(blank, monthly_quantity=shown_quantity), answer, charge.component.gap)
        return
    answer = answer.sustained(_number(sustained, "sustained"))
    start = _number(used, "tier_from") or ZERO
    spread = _number(months, "upfront_months")
    # Tiers that `tier_from` has used up are paid for elsewhere.
    ahead = [tier for tier in answer.tiers if tier.end is None or tier.end > start] or answer.tiers[-1:]
    if amount is None or factor is None:
        reason = quantity if isinstance(quantity, Unknown) else times
        floor = charge.floor.value(scope)
        amount = None if factor is None else at_least(floor)
        if amount is None or factor is None:
            for tier in _first_to_pay(ahead):
                name = f"{blank.name}{'' if tier is ahead[0] and tier.price else _tier_name(tier, shown_per)}"
                yield unknown(_at(replace(blank, name=name), tier, shown_per), _scaled(reason, floor))
            return
        blank = at_minimum(blank, reason)
    # A quantity of 0 reaches no tier, and is a line of 0 all the same: it has a price.
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
        yield replace(
            beyond,
            monthly_quantity=rest * factor / shown_per,
            note="the catalog's tiers end before",
            reason=Reason.NO_PRICE,
            remedy=", or ".join([sync_command(selector)] * bool(_listed(selector)) + [OWN_PRICE]),
            lacks=_listed(selector),
        )


def _first_to_pay(tiers: Sequence[Tier]) -> Sequence[Tier]:
    """Return the first tier, and beyond what is free the one in which it begins to cost: 0 alone would pass for free."""
    paid = next((number for number, tier in enumerate(tiers) if tier.price), 0)
    return tiers[: paid + 1]


def meter_of(answer: Answer, vendor: str) -> str:
    """Return what the vendor's bill calls that which has this price, "" where the catalog does not tell."""
    if not isinstance(answer, Ladder):
        return ""
    # Google's bills name SKUs; those of AWS and Azure name what their price lists have as an attribute.
    if vendor == "gcp":
        return answer.tiers[0].source.sku
    return answer.product.attributes.get({"aws": "usagetype", "azure": "meterName"}.get(vendor, ""), "")


def at_least(floor: Any) -> Decimal | None:
    """Return a minimum that something is known to be paid for; None where there is none. Raises EvaluationError."""
    if floor is None or isinstance(floor, Unknown):
        return None
    # A floor of 0 says that it scales up from nothing, so usage decides.
    return _count(floor, "floor") or None


def _scaled(reason: Unknown, floor: Any) -> Unknown:
    """Return why something is not known: of what scales up from nothing, its usage decides."""
    from_nothing = reason.reason == _NOT_GIVEN and floor is not None and not isinstance(floor, Unknown)
    return Unknown(reason.path, USAGE) if from_nothing else reason


def at_minimum(line: Line, reason: Unknown) -> Line:
    """Return the line for a minimum instead of a quantity that is not known; what would tell it is usage."""
    gap_line = unknown(line, reason)
    if reason.reason == _NOT_GIVEN:
        return replace(line, status=LineStatus.USAGE, note="at its minimum; what runs beyond is usage", at_least=True)
    return replace(line, status=gap_line.status, note=f"at its minimum; {gap_line.note}", at_least=True)


def assuming(line: Line, text: str) -> Line:
    """Return a priced line with what it takes for granted."""
    if not text or line.status not in {LineStatus.PRICED, LineStatus.ASSUMED}:
        return line
    assumption = text if text.startswith("assumed ") else f"assumed {text}"
    return replace(line, status=LineStatus.ASSUMED, note=f"{assumption}; {line.note}" if line.note else assumption)


def _not_given(charge: Charge) -> Unknown:
    """Return a quantity that is null as one that is not known, under the name of the attribute that would say it."""
    names = sorted({path[1] for path in charge.quantity.reads if path[0] == "attr" and path[1:]})
    if len(names) == 1:
        return Unknown(names[0], _NOT_GIVEN, Reason.NOT_EVALUATED, f"set {names[0]}, or check a plan that says it")
    remedy = f"set what decides it ({', '.join(names)}), or check a plan that says it" if names else _GIVEN_ELSEWHERE
    return Unknown("how much it is", _NOT_GIVEN, Reason.NOT_EVALUATED, remedy)


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


def _number(value: Any, what: str) -> Decimal | None:
    """Return a computed number; None if it is unknown."""
    return None if isinstance(value, Unknown) else _count(value, what)


def _count(value: Any, what: str) -> Decimal:
    try:
        number = decimal(value)
    except ValueError as error:
        raise EvaluationError(f"{what}: {error}") from None
    if number < 0:
        raise EvaluationError(f"{what}{NEGATIVE}{plain(number)}")
    return number


def unknown(line: Line, reason: Unknown) -> Line:
    """Return the line without amounts, saying what it waits for."""
    status = LineStatus.USAGE if is_usage(reason) else LineStatus.UNKNOWN
    path = reason.path.removeprefix("usage.")
    is_first = reason.kind in {None, Reason.KNOWN_AFTER_APPLY}
    return replace(
        line,
        status=status,
        monthly_cost=None,
        monthly_quantity=None,
        note=f"{reason.reason}: {path}" if is_first else f"{path}: {reason.reason}",
        reason=reason.kind,
        remedy=reason.remedy,
    )


def _unanswered(line: Line, answer: NoPrice | Ambiguous, known_gap: str) -> Line:
    """Return the line without a price, saying what the catalog lacks and how to get it.

    known_gap  why no source has the price, where the definition knows
    """
    selector = answer.selector
    if isinstance(answer, Ambiguous):
        note, status = f"{len(answer.products)} prices fit: {selector}", LineStatus.AMBIGUOUS
    else:
        note, status = f"{answer.nearest} ({selector.service})", LineStatus.NO_PRICE
    lacks = _listed(selector) if isinstance(answer, NoPrice) else None
    # What no public source has, the vendor's own list has as a rule.
    remedies = [sync_command(selector)] * bool(lacks) + [OWN_PRICE] * bool(known_gap or not lacks)
    return replace(
        line,
        status=status,
        note=f"{note}: {known_gap}" if known_gap else note,
        reason=Reason.NO_PRICE,
        remedy=", or ".join(remedies),
        lacks=lacks,
        sought=str(selector),
    )


def _listed(selector: Selector) -> tuple[str, str, str] | None:
    """Return the list in which the price may be, None where no list that is synced has such prices."""
    is_listed = (
        selector.vendor in _SYNCED
        and (selector.vendor, selector.purchase_option) != _AWS_SPOT
        and UNLISTED not in dict(selector.attributes)
    )
    return (selector.vendor, selector.service, selector.region) if is_listed else None


def sync_command(selector: Selector) -> str:
    """Return the command that brings the prices of a service in a region."""
    region = f" --region {shlex.quote(selector.region)}" if selector.region and selector.region != "global" else ""
    command = f"{SYNC} --vendor {selector.vendor} --service {shlex.quote(selector.service)}{region}"
    return f"run `{command}`" + (" with a key in GOOGLE_API_KEY" if selector.vendor == "gcp" else "")


def grouped(line: Line, heading: str) -> Line:
    """Return the line under another heading, above its own."""
    return replace(line, group=".".join(part for part in (heading, line.group) if part))


def multiplied(line: Line, times: Any, floor: Any = None) -> Line:
    """Return the line so many times over, at least `floor` times where times is Unknown or null.

    Raises EvaluationError for what is no number.
    """
    times = Unknown("how many", _NOT_GIVEN, Reason.NOT_EVALUATED, _GIVEN_ELSEWHERE) if times is None else times
    if isinstance(times, Unknown):
        factor = at_least(floor)
        if factor is None:
            return unknown(line, _scaled(times, floor))
        # A line that is a gap already says why; only a complete one becomes a minimum.
        if line.status in {LineStatus.PRICED, LineStatus.ASSUMED}:
            line = at_minimum(line, times)
    else:
        factor = _count(times, "times")
    if factor == 1:
        return line
    return replace(
        line,
        monthly_quantity=None if line.monthly_quantity is None else line.monthly_quantity * factor,
        monthly_cost=None if line.monthly_cost is None else line.monthly_cost * factor,
    )


def cost_of(lines: tuple[Line, ...], *, free: str = "", not_covered: str = "", remedy: str = "") -> Cost:
    """Sum up one side of a resource.

    free                 why it costs nothing; without a reason, a resource that no line is for is not covered, and never free
    not_covered, remedy  what to say of such a resource, and what to do about it
    """
    if free:
        return Cost((), ResourceStatus.FREE, free)
    if not lines:
        note = not_covered or "its definition has no line for it as it is configured"
        return Cost((), ResourceStatus.UNSUPPORTED, note, Reason.NOT_COVERED, remedy or OWN_DEFINITION)
    complete = all(line.monthly_cost is not None for line in lines)
    return Cost(lines, ResourceStatus.PRICED if complete else ResourceStatus.PARTIAL)
