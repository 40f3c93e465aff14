"""The managed resources of a plan and what happens to each, whichever of its sections tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.resource import Action, Side
from guardrail.model.unknown import Json, has_marks
from guardrail.terraform.address import Address, key_value, parse
from guardrail.terraform.plan.json.document import (
    Attributes,
    ChangeEntry,
    Document,
    ResourceChange,
    StateResource,
    decoded,
    marks_of,
)
from guardrail.terraform.plan.json.modules import Modules
from guardrail.terraform.plan.providers import short_name

_ACTIONS = {
    ("no-op",): Action.NO_OP,
    ("read",): Action.NO_OP,
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    # The old object is left alone and goes on costing what it costs: what the change adds is the new one.
    ("create", "forget"): Action.CREATE,
    ("forget", "create"): Action.CREATE,
}
_SAME = frozenset({Action.NO_OP, Action.IMPORT, Action.MOVE})
_GONE = frozenset({Action.DELETE, Action.FORGET})
_NO_CHANGE = ChangeEntry()


class Entry(Struct, frozen=True):
    """One managed resource, before its region, tags and references are told."""

    address: Address
    action: Action
    before: Side | None
    after: Side | None
    provider: str
    provider_name: str = ""
    index: str | int | None = None
    previous_address: str | None = None
    importing: bool = False


def entries(document: Document, modules: Modules) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Return address -> entry in the order of the plan, and remarks for the reader.

    Data sources and drift are left out. So are deposed objects (what is left of an interrupted replacement), as long
    as the resource itself is there: their deletion is not its deletion.
    """
    changes = [change for change in document.resource_changes or () if _is_managed(change)]
    current = {change.address for change in changes if not change.deposed}
    found: dict[str, Entry] = {}
    repeated: Counter[str] = Counter()
    deposed: dict[str, None] = {}
    for change in changes:
        # A deposed object has the address of the resource: taken for it, it would hide what becomes of the resource.
        if change.deposed and change.address in current:
            deposed[change.address] = None
        elif change.address in found:
            repeated[change.address] += 1
        else:
            found[change.address] = _listed(change)
    found.update(_unlisted(document, found, modules))
    remarks = [
        f"{address} stands in the plan {count + 1} times: the first is used" for address, count in repeated.items()
    ]
    remarks += [f"an old object of {address} is deleted too: what it costs is not counted" for address in deposed]
    return found, tuple(remarks)


def _is_managed(change: ResourceChange) -> bool:
    if change.mode is not None:
        return change.mode == "managed"
    address = parse(change.address)
    return address is None or not address.is_data


def _listed(change: ResourceChange) -> Entry:
    """Return the entry of an element of `resource_changes`."""
    what = change.change or _NO_CHANGE
    before = _side(what.before, None, what.before_sensitive)
    after = _side(what.after, what.after_unknown, what.after_sensitive)
    action = _ACTIONS.get(tuple(what.actions or ()))
    if action is None:  # an action of a later Terraform: what is there before and after tells enough
        if what.before is None:
            action = Action.NO_OP if what.after is None else Action.CREATE
        else:
            action = Action.DELETE if what.after is None else Action.UPDATE
    if action is Action.NO_OP and what.importing is not None:
        action = Action.IMPORT
    elif action is Action.NO_OP and change.previous_address not in {None, change.address}:
        action = Action.MOVE
    address = _address(change)
    if action in _SAME:
        # Nothing changes, so a side that the plan leaves out is the other one.
        before, after = before or after, after or before
        if before and after and before.values == after.values:
            # Two copies of the same: one is enough to keep, and what holds of one side holds of the other.
            after = replace(after, values=before.values)
    return Entry(
        address=address,
        action=action,
        before=None if action is Action.CREATE else before,
        after=None if action in _GONE else after,
        provider=short_name(change.provider_name, address.type),
        provider_name=change.provider_name or "",
        index=change.index if isinstance(change.index, str | int) else None,
        previous_address=change.previous_address,
        importing=what.importing is not None,
    )


def _address(resource: ResourceChange | StateResource) -> Address:
    found = parse(resource.address)
    return found or Address("", resource.type or "", resource.name or resource.address)


def _side(values: Attributes | None, unknown: Json, sensitive: Json) -> Side | None:
    if values is None:
        return None
    # Terraform writes `true` in the place of an object for all of it, and `false` for nothing of it.
    marks = unknown if isinstance(unknown, dict) else dict.fromkeys(values, True) if unknown is True else {}
    if not has_marks(marks) and marks.keys() <= values.keys():
        marks = {}
    return Side(values, marks, sensitive if has_marks(sensitive) else {})


def _unlisted(document: Document, listed: dict[str, Entry], modules: Modules) -> Iterator[tuple[str, Entry]]:
    """Yield the resources in `planned_values` that `resource_changes` does not list.

    The prior state says whether they exist, and what is not planned any more. Without one, what is planned is taken
    to be new, unless other resources are listed: then what is not listed does not change.
    """
    planned = document.planned_values.managed() if document.planned_values else {}
    # So it is in most plans: the prior state, which may be large, need not be decoded.
    if document.resource_changes is not None and planned.keys() <= listed.keys():
        return
    prior = document.prior()
    for text, resource in planned.items():
        if text not in listed:
            after = _planned_side(resource, modules)
            before = _state_side(prior[text]) if text in prior else None if not listed else after
            if before is None:
                yield text, _entry(resource, Action.CREATE, None, after)
            else:
                same = before.values == after.values
                yield text, _entry(resource, Action.NO_OP if same else Action.UPDATE, before, after)
    if document.resource_changes is None:
        for text, resource in prior.items():
            if text not in planned:
                yield text, _entry(resource, Action.DELETE, _state_side(resource), None)


def _entry(resource: StateResource, action: Action, before: Side | None, after: Side | None) -> Entry:
    address = _address(resource)
    name = resource.provider_name
    return Entry(address, action, before, after, short_name(name, address.type), name or "")


def _state_side(resource: StateResource) -> Side:
    return Side(decoded(resource.values), {}, marks_of(resource.sensitive_values))


def _planned_side(resource: StateResource, modules: Modules) -> Side:
    """Return planned values. Those not known yet are left out there: what is set and absent is unknown."""
    side = _state_side(resource)
    block = modules.block(_address(resource))
    expressions = block.all_expressions() if block else {}
    computed = (name for name, part in expressions.items() if isinstance(part, dict) and "references" in part)
    return Side(side.values, {name: True for name in computed if name not in side.values}, side.sensitive)


def index_of(entry: Entry) -> str | int | None:
    """Return the key of an instance: as the plan has it, else as its address spells it."""
    return key_value(entry.address.key) if entry.index is None else entry.index
