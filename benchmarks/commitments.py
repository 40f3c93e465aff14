"""Plans commitments for a year of hours and many products: time of the processor, of a savings plan alone and with reservations.

python benchmarks/commitments.py [PRODUCTS]
"""

from __future__ import annotations

import random
import sys
import time
from fractions import Fraction

from guardrail.finops.commitments.plan import Demand, planned
from guardrail.finops.commitments.records import Judged, Offer, Usage

HOURS = 8760
UNIT = 10**18


def main(products: int) -> None:
    """Print a line for each plan."""
    chance = random.Random(7)  # noqa: S311 - nothing secret
    usages, rates, reserved = [], {}, {}
    for number in range(products):
        price = Fraction(chance.randint(500, 20_000), 10_000)
        level = chance.uniform(1, 9)
        used = tuple(max(0, int(chance.gauss(level, 2))) * UNIT for _ in range(HOURS))
        usage = Usage("aws", "AmazonEC2", "us-east-1", f"m{number}.large", "Linux", "", "Hrs", price, used)
        usages.append(usage)
        rates[usage.key] = Fraction(round(price * chance.randint(45, 90) * 100), 10_000)
        reserved[usage.key] = Fraction(round(price * chance.randint(50, 80) * 100), 10_000)
    months = [f"2026-{1 + hour // 730:02}" for hour in range(HOURS)]
    plan = offer("compute savings plan", 2, rates, Fraction(1), Fraction(1, 1000))
    narrow = [offer("reservation", 0, {key: Fraction(1)}, cost, Fraction(1)) for key, cost in reserved.items()]
    for title, offers in (("a savings plan", [plan]), (f"a savings plan and {products} reservations", [plan, *narrow])):
        begun = time.process_time()
        found = planned(Demand.of(usages, months), offers)
        print(f"{title}: {time.process_time() - begun:.2f} s of the processor, {summed(found)}")


def offer(kind: str, breadth: int, weights: dict[str, Fraction], cost: Fraction, step: Fraction) -> Offer:
    """Return an offer for a year without upfront."""
    of = ("aws", kind, "", breadth, 12, "no_upfront", "$/h")
    return Offer(*of, weights, cost, Fraction(0), step, "made", "2026-01-01")


def summed(found: Judged) -> str:
    """Say what was bought."""
    return f"{len(found.purchases)} purchases save {float(found.now.saving):,.2f} of {float(found.now.on_demand):,.2f} a month"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
