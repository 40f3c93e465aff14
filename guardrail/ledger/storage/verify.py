"""Whether a ledger's files are what they were when they were written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.ledger.records.facts import records_of
from guardrail.ledger.storage.layout import SCHEMA, VERSION, Key, digest, parsed
from guardrail.ledger.storage.store import Store

_NEWER = re.compile(r"v(\d+)/")


class Fault(Struct, frozen=True):
    """What is wrong with a file."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def facts_in(store: Store, kinds: Sequence[str] = ()) -> list[Key]:
    """Return the facts of a ledger, all or those of some kinds.

    Raises InputError where a newer guardrail has written: what it says is never passed over.
    """
    paths = store.paths()
    refuse_newer(store, paths)
    return [key for key in map(parsed, paths) if key and (not kinds or key.kind in kinds)]


def refuse_newer(store: Store, paths: Sequence[str]) -> None:
    """Raise InputError for a ledger with files of a newer schema, with the version that reads them."""
    for path in paths:
        found = _NEWER.match(path)
        if found and int(found[1]) > int(VERSION[1:]):
            raise InputError(
                f"is of the schema v{found[1]}, and this guardrail reads {VERSION}", where=path, fix=_fix(store, path)
            )


def _fix(store: Store, path: str) -> str:
    """Say which version to install: the first line of a file tells who has written it."""
    try:
        tool = str(next(records_of(store.read(path)))["tool"])
    except (InputError, KeyError, StopIteration, ValueError):
        return "install the newest guardrail-finops"
    return f"install guardrail-finops>={tool}"


def verify(store: Store, known: Sequence[str] = ()) -> Iterator[Fault]:
    """Give the faults of a ledger's files: changed, cut, not a fact's, or missing among those that are `known` to be there.

    Raises InputError for a newer schema.
    """
    paths = store.paths()
    refuse_newer(store, paths)
    generations: defaultdict[str, set[int]] = defaultdict(set)
    for path in paths:
        if not path.startswith(f"{VERSION}/"):
            continue  # a README, what git keeps
        key = parsed(path)
        if key is None:
            yield Fault(path, "is not called as a fact is: it has been renamed, or is none")
            continue
        generations[path.rpartition("/")[0]].add(key.generation)
        fault = fault_of(key, store.read(path))
        if fault:
            yield Fault(path, fault)
    for folder, numbers in sorted(generations.items()):
        missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
        if missing:
            yield Fault(folder, f"generation {', '.join(map(str, missing))} of the bill is missing")
    yield from (Fault(path, "is missing") for path in sorted(set(known) - set(paths)))


def fault_of(key: Key, data: bytes) -> str:
    """Return what is wrong with a file's bytes, "" for nothing."""
    if digest(data) != key.digest:
        return f"has been changed or cut: its {len(data):,} bytes are not those that it is named by"
    if key.ending == "parquet":
        return ""
    try:
        first = next(records_of(data))
    except StopIteration:
        return "is empty"
    except ValueError as error:
        return f"cannot be read: {error}"
    said = first.get("schema")
    return "" if said == SCHEMA else f"says that it is of {said!r}, not of {SCHEMA}"
