"""Where the outcomes of a fleet are kept: a folder or a prefix in an object store, a file for each workspace."""

from __future__ import annotations

import gzip
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from guardrail.decode import decode_json
from guardrail.errors import ConfigError, InputError
from guardrail.fleet.outcome import SCHEMA, Outcome, decoded, encoded
from guardrail.fleet.workspaces import Shard, Workspace
from guardrail.ledger.storage.store import Folder, Store

_OUTCOMES, _LISTS, _SHARDS = "workspaces", "lists", "shards"
_ENDING = ".outcome"
_DIGITS = 32
_AT_ONCE = 16  # requests


class Told(Struct, frozen=True):
    """What a run says of itself: its part of the fleet, the list of all workspaces, and what it judges by.

    rules    hash of the rules alone
    budgets  hash of the budgets of guardrail.yaml, whose sums the outcomes hold
    prices   hash of the catalog
    begun    when the run began by the clock, whatever it judges as of
    run      what tells it from others, as its outcomes have it
    is_finished  whether it came to all workspaces of its part
    """

    shard: int
    of: int
    list: str
    policy: str
    rules: str
    budgets: str
    prices: str
    begun: str
    run: str
    currency: str
    tool: str
    is_finished: bool = False
    schema: str = SCHEMA


class Damaged(Struct, frozen=True):
    """A file of the results that is not what was written."""

    where: str
    why: str


class Results:
    """The results of one or more runs in one place."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.where = store.where

    def known(self) -> frozenset[str]:
        """Return the names of the files of outcomes that are there. Raises InputError."""
        return frozenset(path.rpartition("/")[2] for path in self.store.paths(_OUTCOMES))

    def read(self, name: str) -> Outcome | None:
        """Return what became of a workspace; None where the file is damaged. Raises InputError where it cannot be read."""
        try:
            return decoded(self.store.read(path_of(name)))
        except ValueError:
            return None

    def write(self, outcome: Outcome) -> None:
        """Write what became of a workspace, instead of what was there. Raises ConfigError, as for a full disk."""
        self.store.put(path_of(outcome.name), encoded(outcome), replace=True)

    def outcomes(self) -> Iterator[Outcome | Damaged]:
        """Give all outcomes, a few in memory at a time: an object store takes long to answer, and answers many at once.

        Raises InputError.
        """
        paths = (path for path in self.store.paths(_OUTCOMES) if path.endswith(_ENDING))
        with ThreadPoolExecutor(_AT_ONCE) as readers:
            asked = deque((path, readers.submit(self.store.read, path)) for path in islice(paths, 2 * _AT_ONCE))
            while asked:
                path, answer = asked.popleft()
                asked.extend((following, readers.submit(self.store.read, following)) for following in islice(paths, 1))
                try:
                    yield decoded(answer.result())
                except ValueError as error:
                    yield Damaged(f"{self.where}/{path}", str(error))

    def tell(self, told: Told) -> None:
        """Say which part of the fleet is judged here, and by what. Raises ConfigError."""
        path = f"{_SHARDS}/{told.shard}-of-{told.of}.json"
        self.store.put(path, msgspec.json.encode(told) + b"\n", replace=True)

    def told(self) -> tuple[list[Told], list[Damaged]]:
        """Return what runs have said of themselves, and what of it cannot be read. Raises InputError."""
        found, damaged = [], []
        for path in self.store.paths(_SHARDS):
            try:
                found.append(decode_json(self.store.read(path), Told))
            except msgspec.MsgspecError as error:
                damaged.append(Damaged(f"{self.where}/{path}", f"cannot be read: {error}"))
        return found, damaged

    def put_list(self, workspaces: Sequence[Workspace]) -> str:
        """Keep the names of all workspaces, of this part or another, and return what the list is known by. Raises ConfigError."""
        text = msgspec.json.encode([[one.name, one.env] for one in workspaces])
        digest = sha256(text).hexdigest()[:_DIGITS]
        self.store.put(f"{_LISTS}/{digest}.json.gz", gzip.compress(text, mtime=0))
        return digest

    def list_of(self, digest: str) -> dict[str, str]:
        """Return the names of all workspaces, with the environment of each. Raises InputError."""
        path = f"{_LISTS}/{digest}.json.gz"
        try:
            text = gzip.decompress(self.store.read(path))
            if sha256(text).hexdigest()[:_DIGITS] == digest:
                return dict(decode_json(text, list[tuple[str, str]]))
        except (OSError, EOFError, zlib.error, msgspec.MsgspecError):
            pass
        fix = "run a part of the fleet again, which writes it"
        raise InputError("the list of workspaces has been changed or cut", where=f"{self.where}/{path}", fix=fix)


def file_name(name: str) -> str:
    """Return how the file of a workspace's outcome is called."""
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS] + _ENDING


def path_of(name: str) -> str:
    """Return where a workspace's outcome lies: in one of 256 folders, since some file systems slow down with large ones."""
    file = file_name(name)
    return f"{_OUTCOMES}/{file[:2]}/{file}"


@contextmanager
def locked(results: Results, shard: Shard) -> Iterator[None]:
    """Keep a second run of the same part out of a folder. An object store has no locks; there outcomes are written twice, and count once.

    Raises ConfigError where another run is at it.
    """
    if not isinstance(results.store, Folder):
        yield
        return
    root = results.store.root
    lock = FileLock(root / f".run-{shard.number}-of-{shard.of}.lock", timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        fix = "wait for it, or give this run a folder of its own: --to FOLDER"
        raise ConfigError("another run is writing its results here", where=results.where, fix=fix) from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=results.where) from None
    try:
        yield
    finally:
        lock.release()
