"""Usage and offers as tests make them: quantities are whole numbers, prices are texts."""

from fractions import Fraction

from guardrail.finops.commitments.records import Offer, Usage

UNIT = 10**18


def usage(name, price, hours, **more):
    values = {
        "vendor": "aws",
        "service": "AmazonEC2",
        "region": "us-east-1",
        "what": "Linux",
        "meter": f"BoxUsage:{name}",
        "unit": "Hrs",
        **more,
    }
    used = tuple(int(Fraction(str(hour)) * UNIT) for hour in hours)
    return Usage(name=name, price=None if price is None else Fraction(price), used=used, **values)


def offer(weights, breadth=2, cost="1", step="0.001", **more):
    values = {
        "vendor": "aws",
        "kind": "compute savings plan",
        "scope": "everything",
        "months": 12,
        "payment": "no_upfront",
        "unit": "$/h",
        "upfront": Fraction(0),
        "source": "test",
        "as_of": "2026-01-01",
        **more,
    }
    found = {key: Fraction(str(weight)) for key, weight in weights.items()}
    return Offer(breadth=breadth, weights=found, hourly=Fraction(cost), step=Fraction(step), **values)


def months_of(hours):
    """One month for every 730 hours."""
    return [f"2026-{1 + hour // 730:02}" for hour in range(hours)]
