"""Results and states into a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.ledger.records.facts import Fact, records_of
from guardrail.ledger.records.inventory import fact_of_state
from guardrail.ledger.records.runs import facts_of_run
from guardrail.ledger.storage.layout import KINDS, VERSION, parsed, written
from guardrail.ledger.storage.store import Store
from guardrail.report.json.document import SCHEMA
from guardrail.report.json.read import MAX_BYTES, parse_result


class Adding(Struct, frozen=True):
    """How results and states are added.

    now           the time that states are of, which say none
    project       the project that the input is of, "" for those that a result names
    environments  the environment of each project of guardrail.yaml; a state is of the only one, if there is one alone
    """

    now: datetime
    project: str
    environments: Mapping[str, str]

    def facts(self, data: bytes, *, where: str, store: Store) -> Iterator[Fact]:
        """Give the facts in a file. Raises InputError for what is neither a result nor a state."""
        if len(data) > MAX_BYTES:
            raise InputError(f"{len(data):,} bytes are more than the {MAX_BYTES:,} that are read", where=where)
        try:
            if SCHEMA.encode() in data[:200]:
                yield from facts_of_run(parse_result(data, where=where), self.environments, self.project)
            else:
                yield from self._of_state(data, where, store)
        except InputError as error:
            raise InputError(error.what, where=error.where or where, fix=error.fix) from None

    def _of_state(self, data: bytes, where: str, store: Store) -> Iterator[Fact]:
        """Give the inventory, unless it is what the project's newest one says already."""
        project = self.project or next(iter(self.environments), "")
        fact, state = fact_of_state(data, project, self.now, where=where)
        if not self.project and len(self.environments) != 1:
            raise InputError("a state does not say which project it is of", where=where, fix="say it: --project NAME")
        if state != _newest_state(project, store):
            yield fact


def _newest_state(project: str, store: Store) -> str:
    """Return what tells the contents of a project's newest inventory from others, "" where there is none to be read."""
    folder = f"{VERSION}/{KINDS[1]}/project={written(project)}"
    keys = [key for key in map(parsed, store.paths(folder)) if key]
    if not keys:
        return ""
    newest = max(keys, key=lambda key: (key.head, key.digest))
    try:
        _, state, *_ = records_of(store.read(newest.path))
    except ValueError:
        return ""
    return str(state.get("state", ""))
