"""Measures whole processes, as people start them, against the budgets: `python benchmarks/run.py` writes RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.own_rules import write_rules  # noqa: E402
from guardrail import __version__  # noqa: E402 - found by the line above
from guardrail.cel.engine.engines import ENGINE_VARIABLE  # noqa: E402

SIZES = (100, 500, 1_000, 10_000)
ENGINES = {"cpp": "fast (C++)", "python": "cel-python"}
RULES = 50
PACKS = ("tagging", "instance-sizes", "budget", "waste")
TIMES = 5
PARSE = "import json, sys; json.load(open(sys.argv[1], 'rb'))"
BUSY = 0.5  # processes that want a processor, beside ours: above it, times of the clock say little
BUDGETS = {
    ("500", "cpp"): "0.5 s",
    ("10,000", "cpp"): "4 times parsing, 300 MB",
    ("10,000", "python"): "20 s",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds of the clock and of the processor, and the most memory it held, in MB."""

    wall: float
    cpu: float
    megabytes: float


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: str | Path | None = None) -> Run:
    """Run a command once. A verdict of fail is no failure."""
    start = time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        error = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode not in {0, 1}:
        raise SystemExit(f"{command} exited with {process.returncode}: {error.decode()}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(wall, usage.ru_utime + usage.ru_stime, kilobytes / 1024)


def middle(runs: Sequence[Run]) -> Run:
    """Return the medians of several runs, and the most memory of all."""
    return Run(median(r.wall for r in runs), median(r.cpu for r in runs), max(r.megabytes for r in runs))


def write_project(folder: Path) -> Path:
    """Write a guardrail.yaml with as many rules of its own as the packs that it names lack of the number measured."""
    shipped = sum(len(list((HERE.parent / "rules" / pack).glob("*.yaml"))) for pack in PACKS)
    (folder / "rules").mkdir()
    write_rules(folder / "rules", RULES - shipped)
    config = folder / "guardrail.yaml"
    config.write_text(
        f"version: 1\nrules: {{packs: [{', '.join(PACKS)}], paths: [rules]}}\n"
        "budgets: [{name: all, monthly: 10000000}]\n",
        encoding="utf-8",
    )
    return config


def plans(folder: Path, sizes: Sequence[int], given: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Make a plan of each size, and take those that are given; each is called as its row is to begin."""
    for size in sizes:
        plan = folder / f"{size}.json"
        # In a process of its own: what this one holds would count as the peak of its children.
        subprocess.run([sys.executable, HERE / "plans.py", str(size), plan], check=True, stdout=sys.stderr)
        yield f"{size:,}", plan
    for plan in given:
        yield plan.name, plan


def table(folder: Path, sizes: Sequence[int], given: Sequence[Path]) -> Iterator[str]:
    """Measure every plan with every engine, a row each."""
    config = write_project(folder)
    env = {**os.environ, "GUARDRAIL_CACHE_DIR": str(folder / "cache")}
    guardrail = [sys.executable, "-m", "guardrail"]
    yield "| resources | plan | engine | check | of it CPU | parsing the JSON alone (CPU) | times | peak memory | budget |"
    yield "|---:|---:|---|---:|---:|---:|---:|---:|---|"
    for title, plan in plans(folder, sizes, given):
        for engine, name in ENGINES.items():
            check: list[str | Path] = [*guardrail, "check", "--config", config, "--format", "json", plan]
            here = {**env, ENGINE_VARIABLE: engine}
            run(check, here)  # compiles the checkout's catalog, once; a wheel has it compiled
            pairs = [(run([sys.executable, "-c", PARSE, plan], env), run(check, here)) for _ in range(TIMES)]
            parse, whole = (middle(runs) for runs in zip(*pairs, strict=True))
            times = median(checked.cpu / parsed.cpu for parsed, checked in pairs)
            yield (
                f"| {title} | {plan.stat().st_size / 1e6:.1f} MB | {name} | {whole.wall:.2f} s | {whole.cpu:.2f} s "
                f"| {parse.cpu:.2f} s | {times:.1f} | {whole.megabytes:.0f} MB | {BUDGETS.get((title, engine), '')} |"
            )
    version = middle([run([*guardrail, "--version"], env) for _ in range(TIMES)])
    yield ""
    yield f"`guardrail --version`: {version.wall:.2f} s, {version.cpu:.2f} s of it CPU (budget 0.08 s), {version.megabytes:.0f} MB."


def main() -> None:
    """Measure and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plan", type=Path, nargs="+", default=(), help="plans of others to measure beside them")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    arguments = parser.parse_args()
    before, rows = os.getloadavg()[0], []
    with tempfile.TemporaryDirectory() as folder:
        for row in table(Path(folder), arguments.sizes, arguments.plan):
            print(row, flush=True)
            rows.append(row)
    busy = f"Others used the machine meanwhile (load {before:.1f} at the start): the seconds of the clock are too high."
    head = f"""\
# Measurements

`python benchmarks/run.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, Python {platform.python_version()}, \
{platform.system()} {platform.machine()}, {os.cpu_count()} processors.

Whole processes, from start to exit; medians of {TIMES} runs, each after one of parsing alone, which is `json.load` in a process of its own.
`check --format json` prices both sides and judges {RULES} rules: the shipped ones and `benchmarks/own_rules.py`. "times" compares processor time.
{busy if before > BUSY else "Nothing else ran on the machine."}

"""
    arguments.out.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
