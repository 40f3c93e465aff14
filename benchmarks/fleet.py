"""A fleet of workspaces: time, memory and equal facts, for one run, parts, Dask and killed workers: writes FLEET.md."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.growth import PACKS  # noqa: E402
from benchmarks.plans import write_plan  # noqa: E402
from benchmarks.run import BUSY  # noqa: E402
from guardrail import __version__  # noqa: E402
from guardrail.fleet.outcome import decoded, encoded  # noqa: E402

NOW = "2026-11-28"
BUDGETS = (
    "budgets:\n  - {name: all, monthly: 100000000}\n  - {name: search, match: {tags: {team: search}}, monthly: 1000}\n"
)
PAUSE = 0.25  # seconds between two looks at the memory of all processes
KILL_EVERY = 5.0  # seconds

Command = Sequence[str | Path]


@dataclass
class Took:
    """What a command and all processes that it started took: seconds of clock and processors, and MB of memory, as often as looked at."""

    wall: float = 0
    cpu: float = 0
    megabytes: list[float] = field(default_factory=list)

    @property
    def peak(self) -> float:
        """The most memory of all processes together."""
        return max(self.megabytes, default=0)

    def peak_of(self, begin: float, end: float) -> float:
        """The most memory in a part of the time."""
        number = len(self.megabytes)
        return max(self.megabytes[int(number * begin) : max(int(number * end), 1)], default=0)


def watched(
    command: Command, env: Mapping[str, str], cwd: Path, meanwhile: Callable[[int], None] | None = None
) -> Took:
    """Run a command; `meanwhile` is called with its process id at each look."""
    took, start = Took(), time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL) as process:
        done = threading.Event()

        def look() -> None:
            while not done.wait(PAUSE):
                took.megabytes.append(sum(map(resident, tree(process.pid))) / 1024**2)
                if meanwhile:
                    meanwhile(process.pid)

        thread = threading.Thread(target=look)
        thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        thread.join()
    if process.returncode not in ({0, 1, 2} if meanwhile else {0, 1}):
        raise SystemExit(f"{command} exited with {process.returncode}")
    took.wall, took.cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    return took


def tree(pid: int) -> Iterator[int]:
    """Give a process and all that it has started."""
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has, those that it shares with others included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


class Killer:
    """Kills one of the processes that judge, every few seconds."""

    def __init__(self) -> None:
        self.killed = 0
        self._rng = random.Random(20)  # noqa: S311 - whichever is killed
        self._next = time.monotonic() + KILL_EVERY

    def __call__(self, pid: int) -> None:
        """Kill one if it is time."""
        workers = list(tree(pid))[1:]
        if time.monotonic() > self._next and workers:
            os.kill(self._rng.choice(workers), signal.SIGKILL)
            self.killed += 1
            self._next = time.monotonic() + KILL_EVERY


def facts(folder: Path) -> str:
    """Return a hash of all results: the facts, verdicts and sums of each workspace, to the byte."""
    outcomes = (decoded(path.read_bytes()) for path in sorted((folder / "workspaces").rglob("*.outcome")))
    return sha256(b"".join(encoded(replace(one, run="")) for one in outcomes)).hexdigest()[:12]


def write_fleet(folder: Path, workspaces: int, resources: int) -> None:
    """Write so many plans of so many resources, in folders of a hundred."""
    for number in range(workspaces):
        path = folder / "plans" / f"team-{number // 100}" / f"workspace-{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_plan(path, resources, seed=number)
    (folder / "guardrail.yaml").write_text("version: 1\n" + PACKS + BUDGETS, encoding="utf-8")


def rows(folder: Path, env: Mapping[str, str], options: argparse.Namespace) -> Iterator[str]:
    """Measure each way, a row each."""

    def run(name: str, to: str, commands: Sequence[Command], before: Took | None = None) -> str:
        all_of = [*([before] if before else []), *(watched(one, env, folder) for one in commands)]
        took = Took(sum(one.wall for one in all_of), sum(one.cpu for one in all_of))
        took.megabytes = [look for one in all_of for look in one.megabytes]
        each = took.cpu / options.workspaces * 1000
        told = f"{took.wall:,.0f} s | {took.cpu:,.0f} s | {each:,.0f} ms"
        memory = f"{took.peak_of(0, 0.2):,.0f} MB | {took.peak_of(0.8, 1):,.0f} MB | {took.peak:,.0f} MB"
        return f"| {name} | {told} | {memory} | {facts(folder / to)} |"

    fleet = [sys.executable, "-m", "guardrail", "fleet"]

    def judge(to: str, *more: str) -> Command:
        return [*fleet, "run", "plans", "--now", NOW, "--fail-on", "never", "--to", to, *more]

    yield "| | clock | processors | a workspace | memory in the first fifth | in the last | most | results |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    yield run("one run", "whole", [judge("whole")])
    yield run("the same again: nothing has changed", "whole", [judge("whole")])
    parts = [judge("parts", "--shard", f"{number}/{options.shards}") for number in range(1, options.shards + 1)]
    yield run(f"{options.shards} parts, one after the other", "parts", parts)
    if importlib.util.find_spec("distributed"):
        yield run("Dask, on this machine", "dask", [judge("dask", "--engine", "dask")])
    killer = Killer()
    # On a loaded machine one workspace may be hit three times: the same command does what is left.
    broken = watched(judge("killed"), env, folder, killer)
    row = run("one run whose workers are killed", "killed", [judge("killed")], before=broken)
    yield row.replace("are killed", f"are killed, {killer.killed} times, and once more")
    tables = ["--ledger", "ledger", "--parquet", "tables", "--out", "json=fleet.json", "--fail-on", "never"]
    yield run("collect, with ledger and Parquet", "whole", [[*fleet, "collect", "whole", *tables]])
    size = sum(path.stat().st_size for path in (folder / "whole" / "workspaces").rglob("*.outcome"))
    yield f"\nA result takes {size / options.workspaces / 1024:,.1f} KB."


def main() -> None:
    """Measure, and write FLEET.md if it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=5_000)
    parser.add_argument("--resources", type=int, default=200)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--write", action="store_true", help="write FLEET.md")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        env = {**os.environ, "GUARDRAIL_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(HERE.parent)}
        write_fleet(folder, options.workspaces, options.resources)
        # Compiles the checkout's catalog, once; a wheel has it compiled.
        watched([sys.executable, "-m", "guardrail", "check", "plans/team-0/workspace-0.json"], env, folder)
        found = []
        for row in rows(folder, env, options):
            print(row, flush=True)
            found.append(row)
    others = "Nothing else ran on the machine." if before < BUSY else "Others used the machine meanwhile."
    head = f"""\
# A fleet

`python benchmarks/fleet.py --workspaces {options.workspaces} --write`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, \
Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors.

{options.workspaces:,} plans of {options.resources} resources, the packs tagging, instance-sizes, budget and waste, two budgets. Memory is that of all processes \
together, what they share counted in each. Equal results are equal to the byte: facts, verdicts, findings and sums. {others}

"""
    if options.write:
        (HERE / "FLEET.md").write_text(head + "\n".join(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
