"""Adds made runs to a ledger, and reads it before and after `compact`: time of the processor and memory.

python benchmarks/runs.py [RUNS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bills import measured  # type: ignore[import-not-found]  # beside this file, which is a script and not of a package

from guardrail.ledger.records.facts import Fact, fact, identity
from guardrail.ledger.storage.store import Folder

PROJECTS, LINES = 20, 5


def main(runs: int) -> None:
    """Print a line for each step."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        begun = time.process_time()
        for number in range(runs):
            one = made(number)
            Folder(folder).put(one.path, one.data)
        print(f"{runs:,} runs of {LINES} lines written: {time.process_time() - begun:.1f} s of the processor")
        at = ["--ledger", str(folder)]
        for name, args in (
            ("verify", ["verify"]),
            ("show", ["show"]),
            ("compact", ["compact", "--now", "2027-12-03"]),
            ("show, compacted", ["show"]),
            ("verify, compacted", ["verify"]),
        ):
            measured(name, [*args, *at])
        print(f"kept in {sum(path.stat().st_size for path in folder.rglob('*.parquet')) / 1e6:.1f} MB")


def made(number: int) -> Fact:
    """Return a run of one of the projects, on one of the days of two years."""
    project, day = f"project-{number % PROJECTS}", number // PROJECTS % 700
    month = f"{2026 + day // 350}-{day % 350 // 30 + 1:02}"
    at = f"{month}-{day % 28 + 1:02}T{number % 24:02}:00:{number % 60:02}Z"
    run = identity(number)
    records = [
        {"record": "run", "run": run, "at": at, "project": project, "currency": "USD", "after": f"{number % 997}.25"},
        *(
            {"record": "line", "run": run, "address": f"aws_instance.i[{line}]", "monthly": "70.08", "status": "priced"}
            for line in range(LINES)
        ),
    ]
    return fact("runs", project, month, f"x-{number}", records)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
