"""Measures whole processes, as people start them, and writes the table RESULTS.md: `python benchmarks/run.py`."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from guardrail import __version__  # noqa: E402 - found by the line above
from guardrail.cel.engines import ENGINE_VARIABLE  # noqa: E402

SIZES = (100, 1_000, 10_000)
ENGINES = {"cpp": "fast (C++)", "python": "cel-python"}
RULES = 50
PARSE = "import json, sys; json.load(open(sys.argv[1], 'rb'))"
RULE = """\
id: bench-{number}
title: Rule {number} of the benchmark
severity: low
enforcement: advisory
match: {{types: ["{types}"]}}
validations:
  - expression: {expression}
    message: "{{resource.address}} breaks rule {number}"
"""
EXPRESSIONS = (
    ("aws_instance", '!(resource.instance.type in ["x1e.{n}xlarge", "p4d.24xlarge"])'),
    ("aws_*", "resource.cost.known <= {n}00000.0"),
    ("aws_db_instance", "resource.after.allocated_storage <= 10{n}00"),
    ("*", '!("legacy-{n}" in resource.tags)'),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: wall-clock seconds and the most memory it held, in MB."""

    seconds: float
    megabytes: float


def measured(command: Sequence[str | Path], env: Mapping[str, str], *, times: int) -> Run:
    """Run a command several times; the fastest run counts, since everything else on the machine only adds to it."""
    return min((_once(command, env) for _ in range(times)), key=lambda run: run.seconds)


def _once(command: Sequence[str | Path], env: Mapping[str, str]) -> Run:
    start = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        error = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode not in {0, 1}:
        raise SystemExit(f"{command} exited with {process.returncode}: {error.decode()}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(seconds, kilobytes / 1024)


def write_project(folder: Path, shipped: int) -> Path:
    """Write a guardrail.yaml with as many rules of its own as are missing from the number measured."""
    (folder / "rules").mkdir()
    for number in range(RULES - shipped):
        types, expression = EXPRESSIONS[number % len(EXPRESSIONS)]
        text = RULE.format(number=number, types=types, expression="'" + expression.format(n=number + 1) + "'")
        (folder / "rules" / f"bench-{number}.yaml").write_text(text, encoding="utf-8")
    config = folder / "guardrail.yaml"
    config.write_text(
        "version: 1\nrules: {packs: [tagging, instance-sizes, budget, waste], paths: [rules]}\n"
        "budgets: [{name: all, monthly: 10000000}]\n",
        encoding="utf-8",
    )
    return config


def table(folder: Path, sizes: Sequence[int]) -> list[str]:
    """Measure every size with every engine, a row each."""
    shipped = len(list((HERE.parent / "rules").glob("*/*.yaml")))
    config = write_project(folder, shipped)
    env = {**os.environ, "GUARDRAIL_CACHE_DIR": str(folder / "cache")}
    guardrail = [sys.executable, "-m", "guardrail"]
    rows = [
        "| resources | plan | parsing the JSON alone | engine | check | times parsing | peak memory |",
        "|---:|---:|---:|---|---:|---:|---:|",
    ]
    for size in sizes:
        plan = folder / f"{size}.json"
        # In a process of its own: what this one holds would count as the peak of its children.
        subprocess.run([sys.executable, HERE / "plans.py", str(size), plan], check=True)
        times = 2 if size == max(SIZES) else 3
        parse = measured([sys.executable, "-c", PARSE, plan], env, times=times)
        for engine, name in ENGINES.items():
            check: list[str | Path] = [*guardrail, "check", "--config", config, "--format", "json", plan]
            run = measured(check, {**env, ENGINE_VARIABLE: engine}, times=times)
            ratio = run.seconds / parse.seconds
            rows.append(
                f"| {size:,} | {plan.stat().st_size / 1e6:.1f} MB | {parse.seconds:.2f} s | {name} "
                f"| {run.seconds:.2f} s | {ratio:.1f} | {run.megabytes:.0f} MB |"
            )
            print(rows[-1], flush=True)
    version = measured([*guardrail, "--version"], env, times=5)
    return [*rows, "", f"`guardrail --version`: {version.seconds:.2f} s, {version.megabytes:.0f} MB."]


def main() -> None:
    """Measure and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = table(Path(folder), arguments.sizes)
    head = (
        f"# Measurements\n\n`python benchmarks/run.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors.\n\n"
        f"Whole processes, from start to exit; the fastest of two or three runs. `check --format json` prices both sides and judges "
        f"{RULES} rules.\nParsing alone is `json.load` in a process of its own.\n\n"
    )
    arguments.out.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
