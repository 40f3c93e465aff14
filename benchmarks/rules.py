"""Measures what judging costs above pricing: processor time of `check` with 60 rules less that of `estimate`, on one plan.

    python benchmarks/rules.py plan.json

The rules are those of four shipped packs and copies of them under other ids. The goal is 0.4 s for a plan of 1,000 resources.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

RULES = 60
RUNS = 21
PACKS = ("budget", "instance-sizes", "tagging", "waste")  # whose rules find something on nearly every resource
SHIPPED = sorted(path for pack in PACKS for path in (Path(__file__).parent.parent / "rules" / pack).glob("*.yaml"))


def main() -> None:
    """Print both processor times and their difference, each the least of several runs, and the median difference of two that followed each other."""
    plan = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        write_rules(Path(folder, "own"))
        config = f"version: 1\nrules: {{paths: [own]}}\nprojects: [{{name: plan, path: '{plan}'}}]\n"
        Path(folder, "guardrail.yaml").write_text(config, encoding="utf-8")
        seconds("check", folder)  # compiles prices, and remembers that the rules are sound
        # In turns, so that a slow minute of the machine meets both.
        runs = [(seconds("estimate", folder), seconds("check", folder)) for _ in range(RUNS)]
    priced, judged = map(min, zip(*runs, strict=True))
    apart = median(both - one for one, both in runs)
    print(
        f"estimate {priced:.2f} s, check with {RULES} rules {judged:.2f} s: {judged - priced:.2f} s above, {apart:.2f} s in the median pair"
    )


def write_rules(folder: Path) -> None:
    """Write the shipped rules, and copies until there are enough."""
    folder.mkdir()
    for number in range(RULES):
        source = SHIPPED[number % len(SHIPPED)]
        own = f"{source.stem}-copy-{number}"
        text = source.read_text(encoding="utf-8").replace(f"id: {source.stem}\n", f"id: {own}\n", 1)
        (folder / f"{own}.yaml").write_text(text, encoding="utf-8")


def seconds(verb: str, folder: str) -> float:
    """Return the processor time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        shutil.which("guardrail", path=str(Path(sys.executable).parent)) or "guardrail",
        verb,
        "--format",
        "json",
    ]
    ran = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if ran.returncode not in {0, 1}:
        raise SystemExit(ran.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
