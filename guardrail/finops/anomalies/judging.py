"""What a day should have cost by the same weekdays before it, and whether it is far from that.

The expected amount is the median of the same weekday in the six weeks before. How far days usually are from theirs is the median
absolute deviation of the residuals of the eight weeks before, each in proportion to its median, so that what grows does not
seem to scatter more. Medians bear outliers: what was odd once is not taken for usual.
"""

from __future__ import annotations

from msgspec import Struct

from guardrail.finops.anomalies.series import Amounts

WEEK = 7
WEEKS = 6
LEAST_WEEKS = 4
"""Of fewer same weekdays nothing is expected."""
PAST = 56
"""Days whose residuals tell how far a day usually is from its median."""
LEAST_PAST = 14
"""Of fewer residuals that is not known."""
SPREADS = 5
UNIT = 10**18
_LEAST_SHARE = 0.02  # of the median, that a day is always allowed to be off
_LEAST_SCALE = UNIT // 2  # a share of 2% of it is 0.01
_NORMAL = 1.4826  # makes a median absolute deviation a standard deviation, where residuals are normal


class Judged(Struct, frozen=True):
    """A day that is far from what was expected.

    expected  the median, of so many same weekdays
    allowed   how far off it might have been
    """

    number: int
    amount: int
    expected: int
    weeks: int
    allowed: int

    @property
    def difference(self) -> int:
        """What it was above what was expected, negative where it was below."""
        return self.amount - self.expected


class Baseline:
    """What the days of a series should have cost."""

    def __init__(self, amounts: Amounts) -> None:
        self.amounts = amounts
        self._expected: list[int | None] = []
        self._weeks: list[int] = []
        self._residuals: list[float | None] = []
        self._residuals_before = [0]
        for number, amount in enumerate(amounts):
            history = [
                one
                for back in range(WEEK, WEEK * WEEKS + 1, WEEK)
                if back <= number and (one := amounts[number - back]) is not None
            ]
            expected = _median(history) if len(history) >= LEAST_WEEKS else None
            residual = None if expected is None or amount is None else (amount - expected) / _scale(expected)
            self._expected.append(expected)
            self._weeks.append(len(history))
            self._residuals.append(residual)
            self._residuals_before.append(self._residuals_before[-1] + (residual is not None))

    def can_judge(self, number: int) -> bool:
        """Say whether enough is known to judge a day."""
        past = self._residuals_before[number] - self._residuals_before[max(number - PAST, 0)]
        return self.amounts[number] is not None and self._expected[number] is not None and past >= LEAST_PAST

    def difference(self, number: int) -> int | None:
        """Return what a day was above what was expected, None where either is not known."""
        amount, expected = (self.amounts[number], self._expected[number]) if number >= 0 else (None, None)
        return None if amount is None or expected is None else amount - expected

    def off(self, number: int, floor: int, spreads: float = SPREADS) -> Judged | None:
        """Return a day that can be judged and is far off, None for any other.

        floor  what it has to be off at least, in units of 10^-18
        """
        amount, expected = self.amounts[number], self._expected[number]
        if amount is None or expected is None or not self.can_judge(number):
            return None
        scale, distance = _scale(expected), abs(amount - expected)
        if distance < floor or distance <= spreads * _LEAST_SHARE * scale:
            return None
        past = [one for one in self._residuals[max(number - PAST, 0) : number] if one is not None]
        middle = _middle(past)
        spread = max(_NORMAL * _middle([abs(one - middle) for one in past]), _LEAST_SHARE)
        allowed = int(max(spreads * spread * scale, floor))
        if distance <= spreads * spread * scale:
            return None
        return Judged(number, amount, expected, self._weeks[number], allowed)


def _scale(expected: int) -> int:
    return max(abs(expected), _LEAST_SCALE)


def _median(values: list[int]) -> int:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) // 2


def _middle(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2
