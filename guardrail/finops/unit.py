"""Units as estimates and bills write them: "1k requests", "Hrs", "GB-Mo", "100 Hours", "1 GB/Month"."""

from __future__ import annotations

import re
from fractions import Fraction

from msgspec import Struct

_NUMBER = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)?\s*(?P<letter>[kmb](?![a-z]))?\s*(?P<rest>.*)", re.DOTALL)
_LETTERS = {"k": 10**3, "m": 10**6, "b": 10**9}
_WORDS = {
    "hrs": "hour",
    "hr": "hour",
    "h": "hour",
    "gib": "gb",
    "gibibyte": "gb",
    "gigabyte": "gb",
    "tib": "tb",
    "tebibyte": "tb",
}
_MONTH = frozenset({"mo", "month", "months"})


class Unit(Struct, frozen=True):
    """What is counted, and in portions of how many.

    per_month  a full month of it is one, however long the month is: GB-Mo; what lasts half a month is half of one
    """

    factor: Fraction
    base: str
    per_month: bool

    @property
    def hourly(self) -> bool:
        """Whether hours are counted: a longer month has more of them."""
        return self.base.endswith("hour")


def unit_of(text: str | None) -> Unit:
    """Take a unit apart. What a text does not tell is "", which may be anything."""
    found = _NUMBER.fullmatch((text or "").strip().lower())
    if found is None:
        return Unit(Fraction(1), "", per_month=False)
    factor = Fraction((found["number"] or "1").replace(",", "")) * _LETTERS.get(found["letter"] or "", 1)
    words = [word for word in re.split(r"[-/ ]+", found["rest"]) if word]
    return Unit(
        factor or Fraction(1),
        "-".join(_singular(word) for word in words if word not in _MONTH),
        not _MONTH.isdisjoint(words),
    )


def factor_between(billed: Unit, estimated: Unit) -> Fraction | None:
    """Return how many of an estimate's units one of a bill's is, None where they count different things."""
    if billed.base and estimated.base and billed.base != estimated.base:
        return None
    return billed.factor / estimated.factor


def _singular(word: str) -> str:
    known = _WORDS.get(word, word)
    return known[:-1] if len(known) > 3 and known.endswith("s") else known  # noqa: PLR2004 - "gbs" is none
