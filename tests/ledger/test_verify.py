"""Files of a ledger that are not what they were, and writers that do not wait for each other."""

import os

import pytest

from guardrail.errors import InputError
from guardrail.ledger.records.facts import compressed
from guardrail.ledger.storage.layout import parsed, path_of
from guardrail.ledger.storage.verify import fault_of, verify
from guardrail.ledger.views import open_ledger
from tests.ledger.conftest import result


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


def test_what_a_killed_writer_has_left_is_no_fact_and_is_tidied_after_a_day(add, store):
    (path,) = add(result())
    left = (store.root / path).parent / ".writing-x"
    left.write_bytes(b"half")
    assert store.paths() == [path]
    assert store.tidy() == 0
    os.utime(left, (0, 0))
    assert store.tidy() == 1
    assert not left.exists()
