"""How far a commitment reaches in each hour, what that is worth, and how much of it to buy. All of it exact.

In an hour a commitment is drawn on by one use after the other, the largest discount first. What one more unit of it is
worth is the price on demand of the use that it reaches, in the hours in which it reaches any. That falls as the amount
grows, so the best amount is where it falls to the cost of a unit: no solver is needed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, repeat
from operator import floordiv, mul

from guardrail.finops.exact import PLACES


@dataclass(frozen=True, slots=True)
class Draw:
    """A use that draws on a commitment.

    used    quantity by hour, in 10^-18, none below 0
    weight  units of the commitment that one of the quantity takes up
    price   on demand, of one of the quantity
    """

    used: Sequence[int]
    weight: Fraction
    price: Fraction


class Coverage:
    """Uses that draw on a commitment, prepared for any amount of it.

    Within, quantities, amounts of the commitment and money are whole numbers, each at a scale of its own.
    """

    def __init__(self, draws: Sequence[Draw], hours: int) -> None:
        self._hours = hours
        self._order = sorted(range(len(draws)), key=lambda number: -draws[number].price / draws[number].weight)
        ordered = [draws[number] for number in self._order]
        self._ratios = [draw.price / draw.weight for draw in ordered]
        self._quantum = math.gcd(*(quantity for draw in ordered for quantity in set(draw.used))) or 1
        weight_scale = math.lcm(*(draw.weight.denominator for draw in ordered))
        price_scale = math.lcm(*(draw.price.denominator for draw in ordered))
        self._amount_scale = Fraction(10**PLACES, self._quantum) * weight_scale
        self._money_scale = Fraction(10**PLACES, self._quantum) * price_scale
        self._weights = [int(draw.weight * weight_scale) for draw in ordered]
        prices = [int(draw.price * price_scale) for draw in ordered]
        # Fleets repeat themselves: hours with the same use are looked at once.
        numbers: dict[tuple[int, ...], int] = {}
        uses = [list(map(floordiv, draw.used, repeat(self._quantum))) for draw in ordered]
        columns = zip(*uses, strict=True) if uses else iter([()] * hours)
        self._of_hour = [numbers.setdefault(column, len(numbers)) for column in columns]
        self._times = Counter(self._of_hour)
        self._columns = list(numbers)
        self._ends = [list(accumulate(map(mul, column, self._weights))) for column in self._columns]
        self._worths = [list(accumulate(map(mul, column, prices))) for column in self._columns]

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
        reached: Counter[int] = Counter()
        for number, ends in enumerate(self._ends):
            reached[bisect_right(ends, reach)] += self._times[number]
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
            worth = taken = 0
            parts: Counter[int] = Counter()  # uses that the amount covers in part: of how much, in how many hours
            hours: Counter[int] = Counter()
            for number, times in Counter(self._of_hour[first:last]).items():
                place = places[number]
                if place:
                    worth += self._worths[number][place - 1] * times
                    taken += self._ends[number][place - 1] * times
                if place < len(self._ratios):
                    hours[place] += times
                    parts[place] += (self._ends[number][place - 1] if place else 0) * times
            rest = {place: hours[place] * reach - parts[place] for place in hours}
            part = sum((amount * self._ratios[place] for place, amount in rest.items()), Fraction(0))
            found.append(
                (
                    worth / self._money_scale + part / self._amount_scale,
                    (taken + sum(rest.values())) / self._amount_scale,
                )
            )
        return found

    def left(self, amount: Fraction) -> list[tuple[int, ...]]:
        """Return what an amount leaves of each use, by hour; what it would cover of the last 10^-18 is left, too."""
        reach, part = (amount * self._amount_scale).as_integer_ratio()
        whole = -(-reach // part)
        rest: list[tuple[int, ...]] = []
        for column, ends in zip(self._columns, self._ends, strict=True):
            place = bisect_left(ends, whole)
            if place == len(ends):
                rest.append((0,) * place)
                continue
            before = ends[place - 1] if place else 0
            covered = (reach - before * part) * self._quantum // (part * self._weights[place])
            later = (quantity * self._quantum for quantity in column[place + 1 :])
            rest.append(((0,) * place) + (column[place] * self._quantum - covered, *later))
        by_hour = [rest[number] for number in self._of_hour]
        found = list(zip(*by_hour, strict=True)) if self._order else []
        return [uses for _, uses in sorted(zip(self._order, found, strict=True))]
