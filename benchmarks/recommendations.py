"""Proof of recommendations: `python benchmarks/recommendations.py PLAN|FOLDER...` follows each alone, and prints what does not hold.

Each open recommendation is done to a plan by itself, and the plan is checked anew: its estimate has to be lower by what was
said, to the cent, and no rule may fail that did not before.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from guardrail.check.run import check  # noqa: E402
from guardrail.config import Flags, Settings, settings  # noqa: E402
from guardrail.errors import GuardrailError  # noqa: E402
from guardrail.load import readable_plans  # noqa: E402
from guardrail.model.money import rounded  # noqa: E402
from guardrail.model.report import Report  # noqa: E402
from guardrail.recommend.recommend import recommend  # noqa: E402
from guardrail.recommend.recommendation import Recommendation, Status  # noqa: E402
from guardrail.recommend.verifying import done, is_edit  # noqa: E402


def main() -> int:
    """Print what was proved, and what was not; 1 if anything was not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", type=Path)
    counts: Counter[str] = Counter()
    for path in files(parser.parse_args().inputs):
        chosen = replace(settings(Flags(inputs=(str(path),)), Path.cwd()), reads_states=True)
        try:
            faults = list(unproved(chosen, counts))
        except GuardrailError:
            counts["inputs that cannot be read"] += 1
            continue
        counts["inputs"] += 1
        for fault in faults:
            print(f"{path.name}: {fault}")
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    return int(bool(counts["not proved"]))


def files(given: list[Path]) -> Iterator[Path]:
    """Give plans, of folders the JSON files in them; a folder of configuration is one input."""
    for path in given:
        below = sorted(path.glob("*.json")) if path.is_dir() and not any(path.glob("*.tf")) else []
        yield from below or [path]


def unproved(chosen: Settings, counts: Counter[str]) -> Iterator[str]:
    """Follow each recommendation alone, and give what is wrong with it; counts what was proved. Raises GuardrailError."""
    found = recommend(chosen)
    counts["withheld"] += len(found.of(Status.WITHHELD))
    tried = [one for one in found.open if is_edit(one)]
    if not tried:
        return
    read = readable_plans(chosen)
    before = check(chosen, read=read)
    for one in tried:
        after = check(chosen, read=[(source, done(source, plan, [one])) for source, plan in read])
        if fault := _fault(one, before, after):
            counts["not proved"] += 1
            yield f"{one.subject}: {one.proposal.title}: {fault}"
        else:
            counts["proved"] += 1


def _fault(one: Recommendation, before: Report, after: Report) -> str:
    """Return what does not hold of a recommendation that was followed; "" where all does."""
    came = before.totals.monthly_cost - after.totals.monthly_cost
    if one.saving is not None and rounded(one.saving + one.frees - came, 2):
        return f"said {one.saving + one.frees}, came to {came}"
    if one.saving is not None and came <= Decimal(0):
        return f"saves nothing: {came}"
    known = {(each.project, each.rule, each.subject) for each in before.all_findings}
    new = [
        each for each in after.all_findings if (each.project, each.rule, each.subject) not in known and each.blocking
    ]
    return f"leads to {new[0].rule}" if new else ""


if __name__ == "__main__":
    sys.exit(main())
