"""Fuzzing by hand: `python -m tests.fuzz 50000 SEED [KIND ...]`; with `KIND:NUMBER` one input again, its files left to look at."""

import argparse
import collections
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

from guardrail.data import CACHE_VARIABLE
from tests.fuzz.inputs import KINDS, Seeds
from tests.fuzz.running import findings

_BATCH = 250
"""Inputs that share a process. A run of the command line has one input, and its memory is bounded for that."""


def run() -> int:
    """Run so many inputs, print what is found, and return 1 if anything is."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("inputs", type=int, help="how many")
    parser.add_argument("seed", help="any text; the same one gives the same inputs")
    parser.add_argument(
        "kinds", nargs="*", default=list(KINDS), help=f"of {', '.join(KINDS)}; or KIND:NUMBER for one input"
    )
    given = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="guardrail-fuzz-"))
    print(f"files of the input that is running: {scratch / 'input'}", flush=True)
    os.environ[CACHE_VARIABLE] = str(scratch / "cache")  # not among those of this user
    seeds = Seeds(scratch)
    if any(kind.startswith("saved_plan") for kind in given.kinds):
        seeds.saved_plan()  # made once, for all processes
    found: collections.Counter[str] = collections.Counter()
    ran: collections.Counter[str] = collections.Counter()
    slowest, started, number = (0.0, ""), time.monotonic(), 0
    while number < given.inputs:
        last = min(number + _BATCH, given.inputs)
        for number, kind, seconds, said in batch(seeds, scratch, given, range(number, last)):  # noqa: B020
            ran[kind] += 1
            found[kind] += len(said)
            print(*said, sep="\n", end="\n" * bool(said), flush=True)
            slowest = max(slowest, (seconds, f"{kind} {given.seed}:{number}"))
        number += 1
    taken = time.monotonic() - started
    print(f"{number} inputs in {taken:.0f} s, slowest {slowest[0]:.1f} s ({slowest[1]})")
    for kind, count in sorted(ran.items()):
        print(f"  {kind}: {count} inputs, {found[kind] or 'no'} findings")
    return 1 if found.total() else 0


def batch(seeds, scratch, given, numbers):
    """Run inputs in a process of their own; yield number, kind, seconds and findings of each.

    An input that ends that process is a finding, and the last that is yielded.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_batch, args=(seeds, scratch, given, numbers, theirs))
    process.start()
    theirs.close()
    number = numbers.start
    try:
        while True:
            yield (told := ours.recv())
            number = told[0] + 1
    except EOFError:
        process.join()
    if process.exitcode:
        kind, seed = _named(given, number)
        yield number, kind, 0.0, [f"{kind} {seed}: ended the process with {process.exitcode}"]


def _batch(seeds, scratch, given, numbers, results):
    for number in numbers:
        kind, seed = _named(given, number)
        before = time.monotonic()
        said = [str(finding) for finding in findings(seeds, scratch / "input", kind, seed)]
        results.send((number, kind, time.monotonic() - before, said))


def _named(given, number):
    kind, _, only = given.kinds[number % len(given.kinds)].partition(":")
    return kind, f"{given.seed}:{only or number}"


if __name__ == "__main__":
    sys.exit(run())
