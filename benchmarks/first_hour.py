"""Measures the commands of the first hour in the layouts that the test lives: `python benchmarks/first_hour.py` writes FIRST_HOUR.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.run import BUSY, run  # noqa: E402
from guardrail import __version__  # noqa: E402 - found by the line above
from tests.test_first_hour import LAYOUTS, WHO, Machine, write  # noqa: E402


def rows(folder: Path) -> Iterator[str]:
    """Live the hour in each layout, a row each: seconds of the processor, and of the clock in all."""
    machine = Machine(folder, f'"{sys.executable}" -m guardrail')
    machine.git(machine.release, "tag", f"v{__version__}")
    guardrail = [sys.executable, "-m", "guardrail"]
    for number, (name, layout) in enumerate(LAYOUTS.items()):
        repository = folder / str(number)
        write(repository, layout["files"])
        machine.git(repository, "init", "-q", "-b", "main")
        base = machine.committed(repository)
        took = [
            run([*guardrail, "init"], machine.environ, repository),
            run([sys.executable, "-m", "pre_commit", "install"], machine.environ, repository),
        ]
        machine.git(repository, "add", "-A")
        took.append(run(["git", *WHO, "commit", "-q", "-m", "guardrail"], machine.environ, repository))
        file, before, after = layout["change"]
        write(repository, {file: layout["files"][file].replace(before, after)})
        compared = [] if file.endswith("plan.json") else ["--base", base]
        result = folder / f"{number}.json"
        check = [*guardrail, "check", *compared, "--out", f"json={result}"]
        took += [
            run(check, machine.environ, repository),
            run([*guardrail, "report", result], machine.environ, repository),
        ]
        row = f"| {name} | " + " | ".join(f"{one.cpu:.2f} s" for one in took)
        yield f"{row} | {sum(one.cpu for one in took):.1f} s | {sum(one.wall for one in took):.1f} s |"


def main() -> None:
    """Measure and write FIRST_HOUR.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "FIRST_HOUR.md")
    out = parser.parse_args().out.resolve()
    load, found = os.getloadavg()[0], []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            print(row, flush=True)
            found.append(row)
    busy = f"Others used the machine meanwhile (load {load:.1f} at the start): the seconds of the clock are too high."
    text = f"""\
# The first hour

`python benchmarks/first_hour.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, Python {platform.python_version()}, \
{platform.system()} {platform.machine()}, {os.cpu_count()} processors.

What a machine does in somebody's first hour, in the layouts of `tests/test_first_hour.py`: `guardrail init`, `pre-commit install`, the first commit
with its hooks (in the first layout pre-commit fetches them, too), and the check and the report of the first pull request. Seconds of the processor,
once each. {busy if load > BUSY else "Nothing else ran on the machine."}

| layout | init | pre-commit install | commit | check | report | all | of the clock |
|---|---:|---:|---:|---:|---:|---:|---:|
"""
    out.write_text(text + "\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
