"""Sixteen writers at once into a ledger, five of which are killed: `python writers.py ADDRESS FILES`, in a process of its own.

They are forks of one process, since starting Python sixteen times takes longer than what they do. Prints how each ended.
"""

import os
import random
import signal
import sys

from guardrail.ledger.storage.layout import path_of
from guardrail.ledger.storage.store import Store, open_store

WRITERS, KILLED = 16, 5


def write(store: Store, seed: int, files: int, begun: int) -> None:
    """Write all files in an order of one's own; those that are to be killed tell that they are at it, and never end."""
    order = list(range(files))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, no secret
    for number, file in enumerate(order):
        if seed < KILLED and number == files // 2:
            os.write(begun, b".")
        data = b"%d" % file * 5_000
        store.put(path_of("charges", "shop", "2026-10", "", data, "parquet"), data)
    if seed < KILLED:
        signal.pause()


def main(where: str, files: int) -> None:
    """Start the writers, kill some of them half way, and wait for all."""
    if "://" in where:
        import obstore  # noqa: F401, PLC0415 - once, and not in each fork
    read, begun = os.pipe()
    pids = []
    for seed in range(WRITERS):
        pid = os.fork()
        if not pid:
            write(open_store(where), seed, files, begun)
            os._exit(0)
        pids.append(pid)
    for _ in range(KILLED):
        os.read(read, 1)
    for pid in pids[:KILLED]:
        os.kill(pid, signal.SIGKILL)
    print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids])  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
