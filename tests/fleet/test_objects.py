"""Plans and results in an object store."""

import pytest

from guardrail.config import Flags, settings
from guardrail.fleet import pool
from guardrail.fleet.judging import Job, Policy
from guardrail.fleet.pool import Limits
from guardrail.fleet.workspaces import Workspace
from guardrail.ledger.storage.remote import ObjectStore
from tests.fleet.conftest import plan
from tests.ledger.test_object_store import s3, server

__all__ = ["s3", "server"]  # fixtures


@pytest.fixture
def plans(s3):
    """Three plans below an address."""
    store = ObjectStore(f"{s3}/plans")
    for name in ("a/plan.json", "b.json", "größe/c.json"):
        store.put(name, plan("t3.micro").encode())
    store.put("notes.txt", b"no plan")
    return store


@pytest.fixture
def read(monkeypatch):
    """What is read from object stores."""
    paths = []
    original = ObjectStore.read

    def reading(self, path):
        paths.append(path)
        return original(self, path)

    monkeypatch.setattr(ObjectStore, "read", reading)
    return paths


def test_a_prefix_is_judged_and_what_has_not_changed_is_not_even_fetched(fleet, plans, read, document):
    to = f"{plans.where.removesuffix('plans')}fleet"
    assert fleet("run", plans.where, "--to", to).exit_code == 0
    found = document(to)
    assert [one["name"] for one in found["workspaces"]] == ["a", "b", "größe/c"]
    assert found["counts"]["pass"] == 3
    read.clear()
    again = fleet("run", plans.where, "--to", to)
    assert ", 3 of them before" in again.stdout
    assert all(path.endswith(".outcome") for path in read)
    plans.put("b.json", plan("t3.micro", team="").encode(), replace=True)
    assert ", 2 of them before" in fleet("run", plans.where, "--to", to).stdout


def test_an_object_that_cannot_be_fetched_is_not_evaluated(plans, folder, compiled_catalog, monkeypatch):
    assert compiled_catalog.is_file()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pool, "_PAUSES", (0,))
    chosen = settings(Flags(("-",)), folder)
    job = Job(chosen, str(folder / "fleet"), Policy(chosen).key, str(folder))
    several = [Workspace(name, f"{plans.where}/{name}.json") for name in ("gone", "b")]
    found = {one.name: (one.verdict, one.why) for one in pool.judged(job, several, 1, Limits())}
    assert found["b"] == ("pass", "")
    assert found["gone"][0] == "not-evaluated"
    assert "the store says 404 Not Found" in found["gone"][1]
