"""The answer of `guardrail accuracy`: what was compared, summed by what is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from guardrail.finops.accuracy.compare import Compared, Part
from guardrail.finops.accuracy.estimate import Chosen
from guardrail.finops.exact import Amount

BY = ("project", "address", "type", "team", "component", "evidence")
"""What can be summed by."""
_REASONED = (Part.NOT_MODELLED, Part.UNEXPLAINED)


class Asked(Struct, frozen=True):
    """A question: of which month, by what, against which cost (effective, billed); `project` is "" for all."""

    month: str
    by: tuple[str, ...]
    cost: str
    project: str = ""


class Line(Struct, frozen=True):
    """What was compared, summed: amounts in units of 10^-18, without those parts that are 0."""

    keys: tuple[str | None, ...]
    currency: str
    estimate: Amount
    bill: Amount
    parts: Mapping[Part, Amount]
    partial: bool
    residual: Amount

    @property
    def difference(self) -> Amount:
        """The bill without the estimate."""
        return self.bill - self.estimate


class Reason(Struct, frozen=True):
    """Why an amount is in no other part, and what it is of."""

    part: Part
    why: str
    what: str
    currency: str
    amount: Amount


class Accuracy(Struct, frozen=True):
    """An answer.

    matched    currency -> evidence -> what of the bill was matched by it
    estimates  the runs that were taken for estimates
    open       sources whose bill may still change, and up to when it was compared
    missing    source, month and number of rows that do not have the cost; they are in no amount
    awaits     components of which something was billed that depends on usage which the estimate was not given
    """

    asked: Asked
    hours: Fraction
    lines: tuple[Line, ...]
    totals: tuple[Line, ...]
    matched: Mapping[str, Mapping[str, Amount]]
    estimates: tuple[Chosen, ...]
    reasons: tuple[Reason, ...]
    open: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str, int], ...] = ()
    awaits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def summed(compared: Iterable[Compared], by: Sequence[str]) -> tuple[Line, ...]:
    """Return lines by what is asked for, those that differ most first; what is 0 throughout is left out."""
    alike: defaultdict[tuple[str, tuple[str | None, ...]], list[Compared]] = defaultdict(list)
    for one in compared:
        alike[one.currency, tuple(getattr(one, name) for name in by)].append(one)
    lines = [_line(keys, currency, found) for (currency, keys), found in alike.items()]
    told = [line for line in lines if line.estimate or line.bill or line.parts or not by]
    return tuple(sorted(told, key=_place))


def matched_in(compared: Iterable[Compared]) -> Mapping[str, Mapping[str, Amount]]:
    """Return what of the bill was matched by what, by currency: the surest evidence first."""
    found: defaultdict[str, dict[str, Amount]] = defaultdict(dict)
    for one in sorted(compared, key=lambda one: ("id", "tag", "group", "none").index(one.evidence)):
        if one.bill:
            found[one.currency][one.evidence] = found[one.currency].get(one.evidence, 0) + one.bill
    return dict(sorted(found.items()))


def reasons_of(compared: Iterable[Compared]) -> tuple[Reason, ...]:
    """Return what is not modelled or not explained, by reason and by what it is of; the largest first."""
    found: defaultdict[tuple[Part, str, str, str], Amount] = defaultdict(int)
    for one in compared:
        for part in _REASONED:
            found[part, one.why, one.component, one.currency] += one.parts.get(part, 0)
    sums = [Reason(*key, amount) for key, amount in found.items() if amount]
    return tuple(
        sorted(sums, key=lambda one: (_REASONED.index(one.part), -abs(Fraction(one.amount)), one.why, one.what))
    )


def awaiting(compared: Iterable[Compared]) -> tuple[str, ...]:
    """Return the components that the estimate has no amount for, and the bill has."""
    lacking = (one for one in compared if one.partial and not one.estimate and one.parts.get(Part.USAGE))
    names = (f"{one.address}: {one.component}" for one in lacking)
    return tuple(sorted(set(names)))


def _place(line: Line) -> tuple[str, Fraction, list[str]]:
    return line.currency, -abs(Fraction(line.difference)), [key or "" for key in line.keys]


def _line(keys: tuple[str | None, ...], currency: str, compared: Sequence[Compared]) -> Line:
    parts: dict[Part, Amount] = {}
    for part in Part:
        if amount := sum((one.parts.get(part, 0) for one in compared), start=Fraction(0)):
            parts[part] = amount
    return Line(
        keys,
        currency,
        sum((one.estimate for one in compared), start=Fraction(0)),
        sum((one.bill for one in compared), start=Fraction(0)),
        parts,
        any(one.partial for one in compared),
        sum((one.residual for one in compared), start=Fraction(0)),
    )
