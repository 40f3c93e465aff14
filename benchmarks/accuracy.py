"""Compares estimates with recorded ones, and writes how many agree and why the others do not.

    python benchmarks/accuracy.py FOLDER

FOLDER has the recorded cases (`benchmarks/recorded.py` says how). `benchmarks/accuracy/compared.csv` and `misses.csv` are written anew, and
`docs/generate.py` makes docs/accuracy.md of them. The reasons in `reasons.csv` are kept by people: the first row fits whose
patterns (`*` for any text) fit the type, the case, the address and the line; `total` is the amount of the resource. What has no reason is printed.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from guardrail.model.cost import Cost, LineStatus, ResourceStatus

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.recorded import Compared, Estimator, cases

DATA = Path(__file__).parent / "accuracy"
TOTAL = "total"
KINDS = ("ours", "theirs", "price changed", "gap", "not examined")
"""What a difference comes from: our definition, the record, a price or rule that has changed since, a price that is not shipped."""


@dataclass(frozen=True)
class Agreement:
    """How many recorded resources of a type, and unit prices of what depends on usage, come out the same."""

    vendor: str
    type: str
    resources: int
    same: int
    prices: int
    same_prices: int


@dataclass(frozen=True)
class Reason:
    """Why some recorded amounts differ. Up to `line` all are patterns; `source` is where the vendor says so, if it does."""

    type: str
    case: str
    resource: str
    line: str
    kind: str
    reason: str
    source: str


@dataclass(frozen=True)
class Miss:
    """A recorded amount or unit price that the estimate does not have."""

    vendor: str
    type: str
    case: str
    resource: str
    line: str
    kind: str
    reason: str


def main() -> None:
    """Compare, write, and print what nobody has given a reason for."""
    estimator, reasons = Estimator(), list(read_reasons())
    compared = [one for case in cases(Path(sys.argv[1])) for one in estimator.compared(case)]
    misses = [miss for one in compared for miss in missed(one, reasons)]
    write(DATA / "compared.csv", Agreement, agreements(compared))
    write(DATA / "misses.csv", Miss, misses)
    for vendor in dict.fromkeys(one.case.vendor for one in compared):
        summed = [one for one in agreements(compared) if one.vendor == vendor]
        print(
            f"{vendor}: {share(sum(one.same for one in summed), sum(one.resources for one in summed))} resources, "
            f"{share(sum(one.same_prices for one in summed), sum(one.prices for one in summed))} unit prices"
        )
        print(
            "   misses: "
            + ", ".join(f"{n} {kind}" for kind, n in Counter(m.kind for m in misses if m.vendor == vendor).items())
        )
    for miss in misses:
        if miss.kind == KINDS[-1]:
            print(f"no reason: {miss.resource}: {miss.line}")
    used = {miss.reason for miss in misses}
    for reason in reasons:
        if reason.reason not in used:
            print(f"fits nothing any more: {reason.type} {reason.resource} {reason.line}: {reason.reason}")


def missed(one: Compared, reasons: Iterable[Reason]) -> Iterator[Miss]:
    """Give what of a recorded resource is not the same, each with its reason."""
    lines = [] if same_total(one) else [TOTAL]
    lines += [line["name"] for line in one.prices if not has_price(one.cost, line["unit_price"])]
    for line in lines:
        found = next((reason for reason in reasons if _fits(reason, one, line)), None)
        kind, why = (found.kind, found.reason) if found else _evident(one, line)
        yield Miss(one.case.vendor, one.type, one.case.name, one.address, line, kind, why)


def same_total(one: Compared) -> bool:
    """Say whether the amount of a month is within 1% or 2 cents of the record; what is not supported never is."""
    if one.cost is None or one.cost.status is ResourceStatus.UNSUPPORTED:
        return False
    return abs(one.cost.known - one.total) <= max(abs(one.total) * Decimal("0.01"), Decimal("0.02"))


def has_price(cost: Cost | None, recorded: str) -> bool:
    """Say whether some line has a recorded unit price, in whatever power of ten of the unit: requests, a million requests.

    Records are rounded to cents from 0.1 up: 0.112 is recorded as 0.11.
    """
    prices = [line.unit_price for line in cost.lines if line.unit_price is not None] if cost else []
    return any(_same_price(price, Decimal(recorded)) for price in prices)


def _same_price(price: Decimal, recorded: Decimal) -> bool:
    if price == 0 or recorded == 0:
        return price == recorded
    exponent = round(math.log10(price / recorded))
    off = abs(price / Decimal(10) ** exponent - recorded)
    is_cents = recorded >= Decimal("0.1") and recorded == round(recorded, 2)
    return off <= max(recorded * Decimal("0.009"), Decimal("0.005") if is_cents and exponent == 0 else Decimal(0))


def _fits(reason: Reason, one: Compared, line: str) -> bool:
    return (
        fnmatchcase(one.type, reason.type)
        and fnmatchcase(one.case.name, reason.case)
        and fnmatchcase(one.address.replace("[", "("), reason.resource.replace("[", "("))
        and fnmatchcase(line, reason.line)
    )


def _evident(one: Compared, line: str) -> tuple[str, str]:
    """Return what the estimate itself tells of why something is not the same."""
    if one.cost is None or one.cost.status is ResourceStatus.UNSUPPORTED:
        return "ours", "not defined yet"
    lacking = [found for found in one.cost.lines if found.status is LineStatus.NO_PRICE]
    if lacking and (line != TOTAL or one.cost.known < one.total):
        return "gap", "a price is not shipped"
    return KINDS[-1], ""


def agreements(compared: Iterable[Compared]) -> list[Agreement]:
    """Count by vendor and type."""
    by_type: defaultdict[tuple[str, str], list[Compared]] = defaultdict(list)
    for one in compared:
        by_type[one.case.vendor, one.type].append(one)
    return [
        Agreement(
            *key,
            len(found),
            sum(same_total(one) for one in found),
            sum(len(one.prices) for one in found),
            sum(has_price(one.cost, line["unit_price"]) for one in found for line in one.prices),
        )
        for key, found in sorted(by_type.items())
    ]


def share(part: int, whole: int) -> str:
    """Return "190 of 201 (94.5%)"."""
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


def read_reasons() -> Iterator[Reason]:
    """Read what people say of differences. Raises SystemExit for a kind that there is not."""
    with (DATA / "reasons.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["kind"] not in KINDS[:-1]:
                raise SystemExit(f"reasons.csv:{number}: kind {row['kind']!r} is none of {', '.join(KINDS[:-1])}")
            yield Reason(**row)


def write(path: Path, kind: type[Agreement | Miss], rows: Iterable[Agreement | Miss]) -> None:
    """Write rows under the names of their fields."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(kind))
        writer.writerows(astuple(row) for row in rows)


if __name__ == "__main__":
    main()
