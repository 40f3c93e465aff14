"""How far a commitment reaches in each hour, what that is worth, and how much of it to buy. All of it exact.

In an hour a commitment is drawn on by one use after the other, the largest discount first. What one more unit of it is
worth is the price on demand of the use that it reaches, in the hours in which it reaches any. That falls as the amount
grows, so the best amount is where it falls to the cost of a unit: no solver is needed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from fractions import Fraction
from itertools import accumulate, repeat
from operator import floordiv, itemgetter, mul

from msgspec import Struct

from guardrail.finops.exact import PLACES


class Series(Struct, frozen=True, eq=False):
    """A quantity by hour, none below 0: small whole numbers of a unit, which is counted in 10^-18."""

    unit: int
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, quantities: Sequence[int]) -> Series:
        """Return quantities in 10^-18 as numbers of their largest common unit."""
        unit = math.gcd(*set(quantities)) or 1
        return cls(unit, tuple(map(floordiv, quantities, repeat(unit))))

    @property
    def quantities(self) -> tuple[int, ...]:
        """The quantities in 10^-18."""
        return tuple(map(mul, self.numbers, repeat(self.unit)))


class Draw(Struct, frozen=True):
    """A use that draws on a commitment.

    used    quantity by hour
    weight  units of the commitment that one of the quantity takes up
    price   on demand, of one of the quantity
    """

    used: Series
    weight: Fraction
    price: Fraction


class Coverage:
    """Uses that draw on a commitment, prepared for any amount of it.

    Within, quantities, amounts of the commitment and money are whole numbers, each at a scale of its own.
    """

    def __init__(self, draws: Sequence[Draw], hours: int) -> None:
        self._hours, self._draws = hours, list(draws)
        self._order = _by_discount(draws)
        ordered = [draws[number] for number in self._order]
        # Fleets repeat themselves: hours with the same use are looked at once.
        numbers: dict[tuple[int, ...], int] = {}
        columns = zip(*(draw.used.numbers for draw in ordered), strict=True) if ordered else iter([()] * hours)
        self._of_hour = [numbers.setdefault(column, len(numbers)) for column in columns]
        self._times = Counter(self._of_hour)
        self._columns = list(numbers)
        self._units = [draw.used.unit for draw in ordered]
        self._weights, self._amount_scale = _scaled([draw.weight for draw in ordered], self._units)
        self._ends = [list(accumulate(map(mul, column, self._weights))) for column in self._columns]
        self._price()

    def at(self, prices: Iterable[Fraction]) -> Coverage:
        """Return the same uses at other prices on demand, in the order in which they were given.

        What takes long to prepare is shared, where the prices leave the order of discounts as it is.
        """
        asked = [Draw(draw.used, draw.weight, price) for draw, price in zip(self._draws, prices, strict=True)]
        if asked == self._draws:
            return self
        if _by_discount(asked) != self._order:
            return Coverage(asked, self._hours)
        other = copy(self)
        other._draws = asked  # noqa: SLF001 - of the same class
        other._price()  # noqa: SLF001
        return other

    def _price(self) -> None:
        ordered = [self._draws[number] for number in self._order]
        self._ratios = [draw.price / draw.weight for draw in ordered]
        self._prices, self._money_scale = _scaled([draw.price for draw in ordered], self._units)

    def best(self, cost: Fraction, step: Fraction) -> Fraction:
        """Return the amount that saves most, a multiple of `step`; 0 where none saves anything.

        cost  of one unit of the commitment in an hour
        """
        due = cost * self._hours
        most = max((ends[-1] for ends in self._ends if ends), default=0)
        low, high = 0, math.ceil(Fraction(most) / self._amount_scale / step)
        while low < high:
            middle = (low + high) // 2
            if self._one_more(middle * step) > due:
                low = middle + 1
            else:
                high = middle
        # The best of all amounts lies in the last step to `low`, so that either end of it is the best multiple.
        candidates = [step * number for number in (low - 1, low) if number > 0]
        saved = {amount: self.worth(amount) - amount * due for amount in candidates}
        top = max(saved, key=lambda amount: (saved[amount], -amount), default=Fraction(0))
        return top if saved.get(top, 0) > 0 else Fraction(0)

    def _one_more(self, amount: Fraction) -> Fraction:
        """Return what a further unit is worth, in all hours together."""
        reach = math.floor(amount * self._amount_scale)
        places = map(bisect_right, self._ends, repeat(reach))
        reached: Counter[int] = Counter()
        if len(self._columns) == self._hours:  # each hour is another: counted by the library, which is twice as fast
            reached.update(places)
        else:
            for number, place in enumerate(places):
                reached[place] += self._times[number]
        return sum(
            (self._ratios[place] * times for place, times in reached.items() if place < len(self._ratios)), Fraction(0)
        )

    def worth(self, amount: Fraction) -> Fraction:
        """Return what an amount covers in all hours together, at prices on demand."""
        return self.drawn(amount, [(0, self._hours)])[0][0]

    def drawn(self, amount: Fraction, spans: Sequence[tuple[int, int]]) -> list[tuple[Fraction, Fraction]]:
        """Return for spans of hours what an amount covers there at prices on demand, and how much of the amount that takes."""
        reach = amount * self._amount_scale
        whole = math.ceil(reach)
        places = [bisect_left(ends, whole) for ends in self._ends]
        found: list[tuple[Fraction, Fraction]] = []
        for first, last in spans:
            is_whole = first == 0 and last == self._hours
            times = self._times if is_whole else Counter(self._of_hour[first:last])
            alike: defaultdict[int, list[int]] = defaultdict(list)  # hours in which the amount reaches as many uses
            for number in times:
                alike[places[number]].append(number)
            worth, taken, part = 0, 0, Fraction(0)
            rest = Fraction(0)
            for place, numbers in alike.items():
                counts = [times[number] for number in numbers]
                covered = sum(self._ends[number][place - 1] * times[number] for number in numbers) if place else 0
                uses = zip(*(self._columns[number][:place] for number in numbers), strict=True)
                worth += sum(price * sum(map(mul, use, counts)) for price, use in zip(self._prices, uses, strict=False))
                taken += covered
                if place < len(self._ratios):  # the next use is covered in part
                    more = sum(counts) * reach - covered
                    part += more * self._ratios[place]
                    rest += more
            found.append(
                (
                    worth / self._money_scale + part / self._amount_scale,
                    (taken + rest) / self._amount_scale,
                )
            )
        return found

    def left(self, amount: Fraction) -> list[Series]:
        """Return what an amount leaves of each use; what it would cover of the last 10^-18 is left, too."""
        reach, part = (amount * self._amount_scale).as_integer_ratio()
        whole = -(-reach // part)
        rest: list[tuple[int, ...]] = []
        for column, ends in zip(self._columns, self._ends, strict=True):
            place = bisect_left(ends, whole)
            if place == len(ends):
                rest.append((0,) * place)
                continue
            before, unit = (ends[place - 1] if place else 0), self._units[place]
            covered = (reach - before * part) * unit // (part * self._weights[place])
            later = map(mul, column[place + 1 :], self._units[place + 1 :])
            rest.append((*((0,) * place), column[place] * unit - covered, *later))
        uses = map(Series.of, zip(*rest, strict=True)) if self._order else iter(())
        found = [Series(use.unit, tuple(map(use.numbers.__getitem__, self._of_hour))) for use in uses]
        return [use for _, use in sorted(zip(self._order, found, strict=True), key=itemgetter(0))]


def _scaled(factors: Sequence[Fraction], units: Sequence[int]) -> tuple[list[int], Fraction]:
    """Return factors of numbers of units as small whole numbers, and how many of these make one of what they amount to."""
    scale = math.lcm(*(factor.denominator for factor in factors))
    whole = [int(factor * scale) * unit for factor, unit in zip(factors, units, strict=True)]
    common = math.gcd(*whole) or 1
    return [number // common for number in whole], Fraction(10**PLACES * scale, common)


def _by_discount(draws: Sequence[Draw]) -> list[int]:
    return sorted(range(len(draws)), key=lambda number: -draws[number].price / draws[number].weight)
