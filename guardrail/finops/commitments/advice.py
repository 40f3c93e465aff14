"""What to commit to, for one vendor's bills: what there is already, what to buy beside it, and why nothing where that is so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from guardrail.catalog import Catalog
from guardrail.finops.commitments.metered import Existing, Hours
from guardrail.finops.commitments.plan import Demand, judged, planned
from guardrail.finops.commitments.rates import DOLLAR, Unrated, rated
from guardrail.finops.commitments.records import Judged, Offer
from guardrail.finops.exact import PLACES, decimal_of

LEAST_DAYS = 14
"""Shorter than that, the use of a weekend cannot be told from that of a week."""
_FRESH = timedelta(days=180)
"""Rates that are older are said to be old."""
_PARTS = 4
_BINDING = ("", "no_upfront", "partial_upfront", "all_upfront")
"""Ways to pay, the least binding first."""


class Wanted(Struct, frozen=True):
    """What somebody wants to commit to at most. None, "": what binds least of what there are rates of.

    months   the term
    payment  no_upfront, partial_upfront or all_upfront; for vendors that have ways to pay
    days     how many of the newest days decide
    """

    months: int | None = None
    payment: str = ""
    days: int = 92


class Choice(Struct, frozen=True):
    """What can be bought of some sorts of commitments for one term, and what it comes to."""

    kinds: tuple[str, ...]
    months: int
    payment: str
    judged: Judged


class Advice(Struct, frozen=True):
    """What to commit to.

    currency      of the plan, that of the rates; `billed` is that of the bill
    days          whole days of use that decide
    months        months that they are of
    coarse        whether the bills tell some of it by the day
    existing      commitments that there are
    buy           what to buy; None: nothing, `reason` says why
    alternatives  other sorts, terms and ways to pay, what saves most first
    unrated       use that nothing could be planned for
    today         from when on it is bought
    of_plans      whether it is of no bill: what plans and states have, as if it ran in every hour
    """

    vendor: str
    currency: str
    days: int
    months: tuple[str, ...]
    coarse: bool
    existing: tuple[Existing, ...]
    buy: Choice | None
    reason: str
    alternatives: tuple[Choice, ...]
    unrated: tuple[Unrated, ...]
    notes: tuple[str, ...]
    today: date
    billed: str
    of_plans: bool = False


def advised(hours: Hours, catalog: Catalog, wanted: Wanted, today: date) -> Advice:
    """Return what to commit to. Raises CatalogError for a catalog that cannot be read."""
    since = max(0, len(hours.starts) - wanted.days * 24)
    months = tuple(dict.fromkeys(hours.months[since:]))
    existing = tuple(sorted(hours.existing.values(), key=lambda one: one.id))
    losing = _losing(existing, [month for month in months if month in hours.final])
    found = rated(hours, catalog, losing)
    newest = [replace(one, used=one.used[since:]) for one in found.usages]
    demand, whole = Demand.of(newest, hours.months[since:]), Demand.of(found.usages, hours.months)
    days = demand.hours // 24
    choices: list[Choice] = []
    reason = ""
    if days < LEAST_DAYS:
        reason = f"there are {days} whole days of use, and {LEAST_DAYS} are the least that a plan is made from"
    elif not found.offers and losing:
        names = ", ".join(dict.fromkeys(losing.values()))
        reason = f"what is committed already costs more than it saves ({names}): find out first why it is not used"
    elif not found.offers:
        reason = "no rate" if found.unrated else "nothing is used on demand that commitments are sold for"
    else:
        choices = _choices(demand, whole, found.offers)
    buy = _chosen(choices, wanted)
    if buy is None and not reason:
        reason = (
            "nothing pays" if any(_fits(one, wanted) for one in choices) else "no rate for this term and way to pay"
        )
    notes = (*hours.notes, *_lacking(found.lacking), *(_old(buy, today) if buy else ()))
    if hours.currency != DOLLAR:
        notes = (f"the bill is in {hours.currency}: planned at list prices in US dollars, as rates are", *notes)
    return Advice(
        vendor=hours.vendor,
        currency=DOLLAR,
        days=days,
        months=months,
        coarse=hours.coarse,
        existing=existing,
        buy=buy,
        reason=reason,
        alternatives=tuple(one for one in choices if one is not buy and one.judged.purchases),
        unrated=found.unrated,
        notes=notes,
        today=today,
        billed=hours.currency,
        of_plans=hours.of_plans,
    )


def _lacking(kinds: Sequence[str]) -> tuple[str, ...]:
    """Say of which kinds of commitments the catalog has no rates, so that they were not weighed."""
    return (f"not weighed, since the catalog has no rate: {', '.join(kinds)}",) if kinds else ()


def _old(choice: Choice, today: date) -> tuple[str, ...]:
    """Say of which day the oldest rate is, if that is long ago."""
    oldest = min(one.offer.as_of for one in choice.judged.purchases)
    is_old = today - date.fromisoformat(oldest) > _FRESH
    return (
        (f"rates are of {oldest}: `guardrail pricing sync --commitments` brings newer ones before you buy",)
        if is_old
        else ()
    )


_COMPUTE = frozenset({"AmazonEC2", "AmazonECS", "AWSLambda"})
_EVERY = _COMPUTE | {"AmazonRDS", "AmazonElastiCache", "Virtual Machines", "Compute Engine"}


def _losing(existing: Sequence[Existing], months: Sequence[str]) -> dict[str, str]:
    """Return the services for which a commitment costs more than it saves over months whose bills are final, with its id.

    What a commitment covers tells its services; of a savings plan for compute, all that it may cover; of one that nothing
    uses, any may be meant.
    """
    found: dict[str, str] = {}
    for one in existing:
        savings = [one.saving(month) for month in months if month in one.by_month]
        if not savings or None in savings or sum(saving or 0 for saving in savings) >= 0:
            continue
        services = {product.service for product in one.rates} or _EVERY
        is_plan = one.kind.lower().startswith("savings")
        for service in services | (_COMPUTE if is_plan and services & _COMPUTE else set()):
            found.setdefault(service, one.id)
    return found


def _choices(demand: Demand, whole: Demand, offers: Iterable[Offer]) -> list[Choice]:
    """Return what can be bought for each term and way to pay: all sorts together, and each alone. The best first."""
    groups: defaultdict[tuple[int, str], list[Offer]] = defaultdict(list)
    for offer in offers:
        groups[offer.months, offer.payment].append(offer)
    found: list[Choice] = []
    for (months, payment), sold in groups.items():
        kinds = tuple(dict.fromkeys(offer.kind for offer in sold))
        alone = {kind: planned(demand, [offer for offer in sold if offer.kind == kind]) for kind in kinds}
        firm = [kind for kind in kinds if not kind.startswith("convertible")]
        together = planned(demand, [one for one in sold if one.kind in firm], [alone[kind] for kind in firm])
        for chosen, one in [(tuple(firm), together), *(((kind,), one) for kind, one in alone.items())]:
            history = judged(whole, one.purchases) if whole.hours > demand.hours else one
            bought = tuple(dict.fromkeys(purchase.offer.kind for purchase in one.purchases))
            found.append(Choice(bought or chosen, months, payment, replace(one, by_month=history.by_month)))
    # Together may turn out to be one sort alone.
    unique = {(one.kinds, one.months, one.payment): one for one in reversed(found)}
    return sorted(unique.values(), key=lambda one: (-one.judged.now.saving, one.months, one.payment, one.kinds))


def _chosen(choices: Sequence[Choice], wanted: Wanted) -> Choice | None:
    """Return the best of what binds least, or of what is wanted; None where nothing of it saves anything."""
    paying = [one for one in choices if one.judged.purchases and _fits(one, wanted)]
    return min(
        paying,
        key=lambda one: (one.months, _BINDING.index(one.payment), -one.judged.now.saving, one.kinds),
        default=None,
    )


def _fits(choice: Choice, wanted: Wanted) -> bool:
    return wanted.months in {None, choice.months} and wanted.payment in {"", choice.payment or wanted.payment}


def ladder(months: int, today: date) -> tuple[tuple[date, date], ...]:
    """Return when to buy each quarter of an amount, and when it ends: then what has to be renewed is never more than one.

    The first is bought today, the others three months after each other.
    """
    starts = [_later(today, 3 * part) for part in range(_PARTS)]
    return tuple((start, _later(start, months)) for start in starts)


def _later(day: date, months: int) -> date:
    """Return the day some months later, the last of its month where that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError


def exact(value: Fraction) -> Decimal:
    """Return a fraction as a decimal, rounded at the 18th place, where the ledger's amounts end."""
    return decimal_of(round(value * 10**PLACES))
