"""The wording that reports share: money, quantities, deltas, and why something has no price."""

from __future__ import annotations

from decimal import Decimal

from guardrail.model.cost import UNPRICED_LINES, Cost, Line, LineStatus, ResourceCost, ResourceStatus
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import SCIENTIFIC_FROM, ZERO, brief, rounded, sign_of, singular, unit_price
from guardrail.model.reason import Reason
from guardrail.model.totals import Bound, Totals
from guardrail.model.unknown import Json, Unknown
from guardrail.report.approvals_text import granted
from guardrail.report.text import safe

_NAME_LIMIT = 160
_REMEDY_LIMIT = 300

NEEDS_USAGE = "needs usage"
"""Stands where an amount would. Columns are as wide as their longest entry: "depends on usage" would wrap addresses."""
SHORT_STATUS = {
    LineStatus.PRICED: "",
    LineStatus.ASSUMED: "assumed",
    LineStatus.USAGE: NEEDS_USAGE,
    LineStatus.UNKNOWN: "unknown",
    LineStatus.NO_PRICE: "no price",
    LineStatus.AMBIGUOUS: "ambiguous",
}
"""A line's status in a word or two, where an amount would stand."""


def quantity(amount: Decimal | None) -> str:
    """Return a quantity with at most four decimals: 730, 1,000,000, 0.0417; "" for None."""
    if amount is None:
        return ""
    if abs(amount) >= SCIENTIFIC_FROM or ZERO < abs(amount) < Decimal("0.00005"):
        return f"{amount:.3E}"
    text = f"{rounded(amount, 4):,f}"
    return text.rstrip("0").rstrip(".")


def value_text(value: Json, limit: int) -> str:
    """Return the value of an attribute: as it is, "not set" for None, in words for what is not known."""
    if value is None:
        return "not set"
    if isinstance(value, Unknown):
        return f"({safe(value.reason, limit)})"
    if isinstance(value, bool):
        return str(value).lower()
    return safe(str(value), limit) or '""'


def amount_of(number: Decimal | None, unit: str) -> str:
    """Return a quantity with its unit: "730 hours", "1 month", "0.6 x 1M requests"; "" for None."""
    if number is None:
        return ""
    if unit[:1].isdigit():
        return f"{quantity(number)} \N{MULTIPLICATION SIGN} {unit}"
    return f"{quantity(number)} {singular(unit) if number == 1 else unit}".rstrip()


def percent(value: Decimal | None) -> str:
    """Return a signed percentage, "" for None: +73%, -4.5%, +<0.1%."""
    if value is None:
        return ""
    sign, size = sign_of(value, signed=True), abs(value)
    if size >= SCIENTIFIC_FROM:
        return f"{sign}{size:.1E}%"
    if ZERO < size < Decimal("0.05"):
        return f"{sign}<0.1%"
    return f"{sign}{rounded(size, 0):,f}%" if rounded(size, 1) >= 10 else f"{sign}{quantity(rounded(size, 1))}%"  # noqa: PLR2004


def with_bound(amount: Decimal, bound: Bound, currency: str, *, signed: bool = False) -> str:
    """Return an amount as what is known of it: "$136", "at least $136", "at most -$50"; "not known" for a bound of 0.

    Bounds of a signed amount are those of the number: a delta of at least -$50 may be a saving of less.
    """
    if bound is Bound.EXACT:
        return brief(amount, currency, signed=signed)
    if bound is Bound.NOT_KNOWN or not amount:
        return "not known"
    return f"{bound.value.replace('-', ' ')} {brief(amount, currency, signed=signed)}"


def delta(totals: Totals, currency: str) -> str:
    """Return the change of a sum with its percentage: "+$586 (+73%)"; without one where that tells nothing."""
    amount = with_bound(totals.monthly_delta, totals.delta_bound, currency, signed=True)
    comparable = {Bound.EXACT, Bound.ABOUT, Bound.AT_LEAST if totals.monthly_delta > 0 else Bound.AT_MOST}
    share = percent(totals.delta_percent) if totals.monthly_delta and totals.delta_bound in comparable else ""
    return f"{amount} ({share})" if share else amount


def assumed_part(totals: Totals, currency: str) -> str:
    """Say how much of the sums stands on assumed usage: "of which $54 on assumed usage (profile medium)"; "" for none."""
    if not totals.on_assumed_usage:
        return ""
    usage = f"on assumed usage (profile {totals.usage_profile})"
    after, before = totals.assumed_usage, totals.assumed_usage_before
    if after or not before:
        return f"of which {brief(after, currency)} {usage}"
    return f"before, {brief(before, currency)} of it {usage}"


def gaps(totals: Totals, currency: str) -> str:
    """Say what of the sums is assumed, and what they leave out: "1 not evaluated, 3 not priced, 2 depend on usage"; "" for nothing."""
    usage = f"{totals.usage_based:,} depend{'s' if totals.usage_based == 1 else ''} on usage"
    parts = [
        assumed_part(totals, currency),
        f"{totals.not_evaluated:,} not evaluated" if totals.not_evaluated else "",
        f"{totals.unpriced:,} not priced" if totals.unpriced else "",
        usage if totals.usage_based else "",
    ]
    return ", ".join(filter(None, parts))


def bottom_line(totals: Totals, currency: str, *, judged: bool = True) -> str:
    """Return the sentence about money that stands in a headline.

    A sum from which something is missing is a bound ("at least $136") and never reads as 0; "unchanged" is said only of a
    delta of which nothing is missing. `judged`: what differs matters, not only the bill.
    """
    missing = gaps(totals, currency)
    before = with_bound(totals.monthly_before, totals.before_bound, currency)
    after = with_bound(totals.monthly_cost, totals.cost_bound, currency)
    is_exact = totals.delta_bound in {Bound.EXACT, Bound.ABOUT}
    change = delta(totals, currency)
    if not (totals.monthly_before or totals.monthly_cost) and (totals.lower_bound or not is_exact):
        text = "not known"
    elif before == after and (not judged or is_exact) and change in {"not known", "$0"}:
        text = f"unchanged: {after}" if judged else after
    elif change == "not known":
        text = f"change not known: {before} → {after}" if judged else f"{before} → {after}"
    else:
        text = f"{change}: {before} → {after}"
    return f"monthly cost {text} ({missing})" if missing else f"monthly cost {text}"


def line_reason(line: Line, currency: str) -> str:
    """Say why a line has no cost, or what was assumed for it; "" for one that is plainly priced."""
    name, note = safe(line.name, _NAME_LIMIT), safe(line.note, _NAME_LIMIT)
    if line.at_least:
        return note
    if line.status is LineStatus.USAGE:
        return _with(rate(line, currency), "depends on usage")
    if line.status is LineStatus.UNKNOWN:
        return note if line.reason not in {None, Reason.KNOWN_AFTER_APPLY} else _with(note, "known after apply")
    words = {
        LineStatus.PRICED: "",
        LineStatus.ASSUMED: "assumed",
        LineStatus.NO_PRICE: f"no price in the catalog for {name}",
        LineStatus.AMBIGUOUS: f"several prices in the catalog for {name}",
    }
    if line.status is LineStatus.NO_PRICE and note:
        return f"{name}: {note}"
    return _with(note, words[line.status])


def remedies(resource: ResourceCost) -> tuple[str, ...]:
    """Say what to do so that the cost of a resource gets known: each remedy once."""
    sides = [side for side in resource.sides if side.unpriced]
    found = [side.remedy for side in sides] + [line.remedy for side in sides for line in side.lines]
    return tuple(safe(remedy, _REMEDY_LIMIT) for remedy in dict.fromkeys(filter(None, found)))


def rate(line: Line, currency: str) -> str:
    """Return what a unit of a line costs ("$0.20 per 1M requests"), else the line's note."""
    if line.status is LineStatus.USAGE and line.unit_price is not None:
        return f"{unit_price(line.unit_price, currency)} per {safe(singular(line.unit), _NAME_LIMIT)}"
    return safe(line.note, _NAME_LIMIT)


def reasons(resource: ResourceCost, currency: str) -> tuple[str, ...]:
    """Say why the cost of a resource, or its delta, is not completely known: each reason once."""
    found: dict[str, None] = {}
    for side in (resource.after, resource.before):
        for reason in _side_reasons(side, currency) if side and side.unpriced else ():
            found.setdefault(reason)
    return tuple(found)


def _side_reasons(side: Cost, currency: str) -> list[str]:
    if side.status is ResourceStatus.UNSUPPORTED:
        return [_with(safe(side.note, _NAME_LIMIT), "not covered")]
    return [line_reason(line, currency) for line in side.lines if line.status in UNPRICED_LINES]


def status_word(finding: Finding) -> str:
    """Return what a finding means to the change, in the fewest words."""
    words = {FindingStatus.ERROR: "not evaluated", FindingStatus.WAIVED: "waived", FindingStatus.UNKNOWN: "unknown"}
    words |= {FindingStatus.PRE_EXISTING: "pre-existing", FindingStatus.APPROVED: "approved"}
    if finding.needs_approval:
        return "needs approval"
    return words.get(finding.status) or ("blocking" if finding.blocking else "warning")


def standing(finding: Finding) -> str:
    """Say why a finding is accepted: by whom, until when and why, or that it was there before; "" for any other."""
    waiver = finding.waiver
    if finding.status is FindingStatus.APPROVED and finding.approval and finding.approval.given:
        return granted(finding.approval.given)
    if finding.status is FindingStatus.WAIVED and waiver:
        owner = f" by {safe(waiver.owner, 80)}" if waiver.owner else ""
        # One that is bound to no amount excuses whatever this grows to: whoever reads it should know.
        limit = "at any cost" if finding.amount else ""
        if waiver.up_to is not None:
            limit = f"up to {waiver.up_to:,.2f} a month"
        until = ", ".join(filter(None, [f"until {waiver.expires.isoformat()}", limit]))
        return f"Waived{owner} {until}: {safe(waiver.reason, _REMEDY_LIMIT)}"
    accepted = {FindingStatus.WAIVED, FindingStatus.APPROVED, FindingStatus.PRE_EXISTING}
    return status_word(finding).capitalize() if finding.status in accepted else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """Return "1 warning", "2 warnings"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _with(note: str, words: str) -> str:
    """Join words and note, unless the note already says them."""
    if not note or not words:
        return note or words
    return note if note.casefold().startswith(words.casefold()) else f"{words}: {note}"
