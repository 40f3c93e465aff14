"""Files of a ledger that are not what they were, and writers that do not wait for each other."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.errors import InputError
from guardrail.ledger.layout import parsed, path_of
from guardrail.ledger.records.facts import compressed
from guardrail.ledger.store import Folder
from guardrail.ledger.verify import fault_of, verify
from guardrail.ledger.views import open_ledger
from tests.ledger.conftest import result

WRITER = """
import random, signal, sys
from pathlib import Path
from guardrail.ledger.records.facts import compressed
from guardrail.ledger.layout import parsed, path_of
from guardrail.ledger.store import Folder
store, order = Folder(Path(sys.argv[1])), list(range(150))
random.Random(int(sys.argv[2])).shuffle(order)
print("ready", flush=True)
for number in order:
    data = b"%d" % number * 5_000
    store.put(path_of("charges", "shop", "2026-10", "", data, "parquet"), data)
if sys.argv[3:]:
    signal.pause()  # until it is killed, however soon it was done
"""


def faults(store):
    return [str(fault) for fault in verify(store)]


def test_a_ledger_is_what_it_was(add, store):
    assert faults(store) == []
    add(result(), result("search"))
    assert faults(store) == []


def test_a_file_cut_at_any_byte_is_found(add, store):
    (path,) = add(result())
    key, whole = parsed(path), store.read(path)
    assert key
    assert fault_of(key, whole) == ""
    for size in range(len(whole)):
        assert "has been changed or cut" in fault_of(key, whole[:size])
    (store.root / path).write_bytes(whole[:-1])
    assert len(faults(store)) == 1


def test_any_changed_byte_is_found(add, store):
    (path,) = add(result())
    key, whole = parsed(path), store.read(path)
    assert key
    for place in range(len(whole)):
        assert fault_of(key, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])


def test_what_is_no_fact_is_named(add, store):
    (path,) = add(result())
    (store.root / path).rename(store.root / path.replace("20261128", "20261127").replace("-aaaa", "_aaaa"))
    (store.root / "README.md").write_text("notes")
    (fault,) = faults(store)
    assert "is not called as a fact is" in fault


def test_a_missing_generation_is_named(store):
    for generation in (1, 4):
        store.put(path_of("charges", "aws", "2026-10", str(generation), b"x", "parquet"), b"x")
    assert faults(store) == ["v1/charges/source=aws/month=2026-10: generation 2, 3 of the bill is missing"]


def test_a_file_that_was_known_and_is_gone_is_named(add, store):
    (path,) = add(result())
    (store.root / path).unlink()
    assert [str(fault) for fault in verify(store, [path])] == [f"{path}: is missing"]


@pytest.mark.parametrize("said, fix", [("9.1.0", "install guardrail-finops>=9.1.0"), (None, "install the newest")])
def test_a_newer_schema_is_an_error_with_the_version_to_install(store, said, fix):
    data = compressed([{"schema": "guardrail.ledger/v2", "tool": said}]) if said else b"?"
    store.put("v2/runs/what/ever.jsonl.gz", data)
    for read in (lambda: faults(store), lambda: open_ledger(store)):
        with pytest.raises(InputError, match="schema v2") as caught:
            read()
        assert fix in str(caught.value)


def test_writers_that_are_killed_lose_nothing_and_leave_nothing_half_written(tmp_path):
    def start(seed):
        waits = ["waits"] if seed < 2 else []
        return subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(seed), *waits],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )

    writers = [start(seed) for seed in range(4)]
    for writer in writers:
        writer.stdout.readline()
    os.kill(writers[0].pid, signal.SIGKILL)
    os.kill(writers[1].pid, signal.SIGKILL)
    ends = [writer.wait() for writer in writers]
    for writer in writers:
        writer.stdout.close()
    assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0, 0]
    store = Folder(tmp_path)
    assert faults(store) == []
    assert len(store.paths()) == 150


def test_what_a_killed_writer_has_left_is_no_fact_and_is_tidied_after_a_day(add, store):
    (path,) = add(result())
    left = (store.root / path).parent / ".writing-x"
    left.write_bytes(b"half")
    assert store.paths() == [path]
    assert store.tidy() == 0
    os.utime(left, (0, 0))
    assert store.tidy() == 1
    assert not left.exists()
