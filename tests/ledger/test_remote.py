"""A ledger in an object store, here one in memory."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from obstore.store import MemoryStore

from guardrail.errors import ConfigError, InputError
from guardrail.ledger.storage.remote import ObjectStore
from guardrail.ledger.storage.store import open_store
from guardrail.ledger.storage.verify import verify
from guardrail.ledger.views import open_ledger
from guardrail.ledger.writing.compact import compact
from tests.ledger.conftest import result
from tests.ledger.test_compact import NEXT_MONTH


@pytest.fixture
def store():
    found = ObjectStore("s3://bucket/ledger")
    found._store = MemoryStore()
    return found


def test_facts_are_written_once_listed_and_read(add, store, rows):
    (path,) = add(result())
    assert add(result()) == []
    assert store.paths() == [path] == store.paths("v1/runs")
    assert store.paths("v1/charges") == []
    assert rows("select project from runs") == [("shop",)]
    assert list(verify(store)) == []
    store.remove(path)
    store.remove(path)
    assert store.paths() == []
    with pytest.raises(InputError, match=r"s3://bucket/ledger/.*: cannot be read"):
        store.read(path)


def test_of_many_writers_one_writes(store):
    with ThreadPoolExecutor(8) as pool:
        wrote = list(pool.map(lambda number: store.put(f"v1/{number % 10}", b"x" * (number % 10)), range(80)))
    assert sum(wrote) == 10
    assert len(store.paths()) == 10


def test_past_months_are_put_together_there(add, store):
    add(result(), result("search"))
    compact(store, NEXT_MONTH)
    assert open_ledger(store).rows("select project from runs order by project") == [("search",), ("shop",)]
    assert list(verify(store)) == []


def test_an_address_of_nothing_known_is_refused():
    with pytest.raises(ConfigError, match=r"ftp://x/y: is no address of an object store \(one of s3://"):
        open_store("ftp://x/y")
    with pytest.raises(ConfigError, match="s3://: cannot be opened"):
        open_store("s3://")


def test_without_obstore_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigError, match=r"pip install 'guardrail-finops\[cloud\]'"):
        open_store("s3://bucket")
