"""Measures what judging costs above pricing: processor time of `check` with 60 rules less that of `estimate`, on one plan.

    python benchmarks/rules.py plan.json
    python benchmarks/rules.py plan.json --all-packs

The rules are those of four shipped packs and copies of them under other ids. The goal is 0.4 s for a plan of 1,000 resources.
With --all-packs, it compares 50 such rules with all shipped ones, most of which match nothing: these should cost at most half as much again.
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


def all_packs(plan: Path) -> None:
    """Print the processor time of `check` with 50 rules and with all shipped ones, the least of several runs in turns."""
    packs = sorted(folder.name for folder in (Path(__file__).parent.parent / "rules").iterdir() if folder.is_dir())
    with tempfile.TemporaryDirectory() as some, tempfile.TemporaryDirectory() as every:
        write_rules(Path(some, "own"), 50)
        for folder, rules in ((some, "packs: [], paths: [own]"), (every, f"packs: [{', '.join(packs)}]")):
            Path(folder, "plan.json").symlink_to(plan)
            config = f"version: 1\nrules: {{{rules}}}\nprojects: [{{name: plan, plan: plan.json}}]\n"
            Path(folder, "guardrail.yaml").write_text(config, encoding="utf-8")
            seconds("check", folder)
        runs = [(seconds("check", some), seconds("check", every)) for _ in range(3)]
    few, many = map(min, zip(*runs, strict=True))
    print(f"50 rules {few:.2f} s, all {len(packs)} packs {many:.2f} s: {many / few:.2f} times")


def main() -> None:
    """Print both processor times and their difference, each the least of several runs, and the median difference of two that followed each other."""
    plan = Path(sys.argv[1]).resolve()
    if "--all-packs" in sys.argv:
        all_packs(plan)
        return
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


def write_rules(folder: Path, rules: int = RULES) -> None:
    """Write the shipped rules, and copies until there are enough."""
    folder.mkdir()
    for number in range(rules):
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
    if ran.returncode not in {0, 1} and ran.stderr:  # 2 without a word: a rule met text where there are numbers
        raise SystemExit(ran.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
