"""Fuzzing by hand: `python -m tests.fuzz 50000 SEED [KIND ...]`; with `KIND:NUMBER` one input again, its files left to look at.

An input that ends the process itself, past a bound inside a library, is the one whose files are left.
"""

import argparse
import collections
import functools
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from guardrail.data import CACHE_VARIABLE
from tests.fuzz.inputs import KINDS, Seeds
from tests.fuzz.running import findings

_BATCH = 250


def forget() -> None:
    """Empty what is cached: a run of the command line has one input, and its memory is bounded for that."""
    for one in gc.get_objects():
        if isinstance(one, functools._lru_cache_wrapper):
            one.cache_clear()
    gc.collect()


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
    os.environ[CACHE_VARIABLE] = str(scratch / "cache")  # evaluations are remembered; not among those of this user
    seeds = Seeds(scratch)
    found: collections.Counter[str] = collections.Counter()
    slowest, started = (0.0, ""), time.monotonic()
    number = 0
    for number in range(given.inputs):
        kind, _, only = given.kinds[number % len(given.kinds)].partition(":")
        seed = f"{given.seed}:{only or number}"
        if number % _BATCH == 0:
            forget()
        (scratch / "running").write_text(f"{kind} {seed}", encoding="utf-8")
        before = time.monotonic()
        for finding in findings(seeds, scratch / "input", kind, seed):
            found[kind] += 1
            print(finding, flush=True)
        slowest = max(slowest, (time.monotonic() - before, f"{kind} {seed}"))
    print(
        f"{number + 1} inputs in {time.monotonic() - started:.0f} s, slowest {slowest[0]:.1f} s ({slowest[1]}); findings: {dict(found) or 'none'}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run())
