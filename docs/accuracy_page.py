"""What docs/accuracy.md says of recorded estimates, and of plans moved to other regions: from the data in benchmarks/accuracy."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

DATA = Path(__file__).parent.parent / "benchmarks" / "accuracy"
KINDS = {
    "ours": "guardrail's definition is wrong, incomplete, or not written yet",
    "theirs": "the record is wrong by the vendor's own rules, or takes what the plan does not say",
    "price changed": "the vendor has changed a price or a rule since",
    "gap": "a price is not shipped; the report says so",
    "not examined": "nobody has looked into it yet",
}


def compared(vendors: Mapping[str, str]) -> Iterator[str]:
    """Give the lines about recorded estimates; `vendors`: vendor -> its name."""
    counts, misses, sources = _rows("compared"), _rows("misses"), _sources()
    yield "| cloud | resources compared | same amount | unit prices compared | same price |"
    yield "|---|---:|---:|---:|---:|"
    for vendor, name in vendors.items():
        of = [row for row in counts if row["vendor"] == vendor]
        resources, same, prices, same_prices = (
            sum(int(row[key]) for row in of) for key in ("resources", "same", "prices", "same_prices")
        )
        if resources:
            yield f"| {name} | {resources} | {_part(same, resources)} | {prices} | {_part(same_prices, prices)} |"
    yield "\nWhere the amount, or the price, is another:\n"
    shown = [name for vendor, name in vendors.items() if any(row["vendor"] == vendor for row in misses)]
    yield f"| because of | {' | '.join(shown)} | meaning |"
    yield f"|---|{'---:|' * len(shown)}---|"
    found = Counter((row["kind"], vendors[row["vendor"]]) for row in misses)
    for kind, meaning in KINDS.items():
        yield f"| {kind} | {' | '.join(str(found[kind, name]) for name in shown)} | {meaning} |"
    for vendor, name in vendors.items():
        of = [row for row in counts if row["vendor"] == vendor]
        if of:
            yield f"\n### {name}: by type\n"
            yield from _by_type(of)
            yield f"\n### {name}: differences\n"
            yield from _differences([row for row in misses if row["vendor"] == vendor], sources)


def _by_type(counts: list[dict[str, str]]) -> Iterator[str]:
    yield "| type | resources | same amount | unit prices | same price |"
    yield "|---|---:|---:|---:|---:|"
    for row in counts:
        prices = f"{row['prices']} | {row['same_prices']}" if row["prices"] != "0" else " | "
        yield f"| `{row['type']}` | {row['resources']} | {row['same']} | {prices} |"


def _differences(misses: list[dict[str, str]], sources: Mapping[str, str]) -> Iterator[str]:
    """Give what differs; what differs for the same reason is one line with its number."""
    yield "| type | what | number | because of | reason |"
    yield "|---|---|---:|---|---|"
    alike = Counter((row["type"], row["line"], row["kind"], row["reason"]) for row in misses)
    for (type_name, line, kind, reason), number in sorted(alike.items()):
        what = "the amount" if line == "total" else f"price of {line}"
        source = f" ([source]({sources[reason]}))" if sources.get(reason) else ""
        yield f"| `{type_name}` | {what} | {number} | {kind} | {reason}{source} |"


def elsewhere(vendors: Mapping[str, str]) -> Iterator[str]:
    """Give the lines about plans that are moved to other regions."""
    yield "| cloud | region | resources with every price where they are | of these, with every price there |"
    yield "|---|---|---:|---:|"
    for row in _rows("regions"):
        whole, part = int(row["resources"]), int(row["priced"])
        yield f"| {vendors[row['vendor']]} | {row['region']} | {whole} | {_part(part, whole)} |"


def _part(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})".replace("%", " %") if whole else "0"


def _sources() -> dict[str, str]:
    """Return the page of the vendor for each reason that has one."""
    return {row["reason"]: row["source"] for row in _rows("reasons")}


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
