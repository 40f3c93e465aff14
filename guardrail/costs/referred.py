"""What the references of a definition lead to: the attributes of other resources of the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from guardrail.costs.definitions.definition import Reference
from guardrail.costs.inventory import Inventory
from guardrail.costs.usage.file import Usage
from guardrail.model.plan.launch_template import at_version
from guardrail.model.reason import Reason
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown, as_written

# Candidates that are read and, where they differ, priced: each of many resources may be one of as many.
_READ, _COMPARED = 100, 20
_NAMED = 3
_WHICH_ONE = "refer to it by a literal key or by each.key, or check a plan that knows the id"

_Pairs = Sequence[tuple[Change, Side]]


class Candidates(Struct, frozen=True):
    """Resources of which one is meant: those that differ, and what may be shown of the first. None where they are too many."""

    different: Sequence[Json]
    shown: Json


class Found:
    """What is referred to by the names of a definition.

    values   name -> attributes and usage, None where nothing is referred to, Unknown where one of several is meant
    visible  the same without what is sensitive; None where nothing is
    open     name -> the several, where one of them is meant
    assumed  name -> why it is not known, where an assumption stands for it
    """

    def __init__(
        self, references: Mapping[str, Reference], change: Change, inventory: Inventory, usage: Usage, *, before: bool
    ) -> None:
        self.open: dict[str, Candidates] = {}
        self.assumed: dict[str, Unknown] = {}
        side = change.before if before else change.billed_after
        own: _Pairs = [] if side is None else [(change, side)]
        missing: dict[str, Unknown] = {}
        found: dict[str, _Pairs] = {}
        places: dict[str, Json] = {}
        for name, reference in references.items():
            if reference.alike is not None:
                places[name] = inventory.place(change, reference.types, reference.alike, before=before)
                continue
            starts = own if reference.of is None else found[reference.of]
            meant = _meant(reference, starts, inventory, before=before)
            if meant and reference.versioned and side is not None:
                attribute = side.get(reference.attribute or "")
                versions = [(other, at_version(attribute, other, one)) for other, one in meant]
                missing.update((name, one) for _, one in versions if isinstance(one, Unknown))
                meant = [(other, one) for other, one in versions if isinstance(one, Side)]
            if not meant and name not in missing and (reference.needed or reference.assumed):
                missing.update((name, absent) for _, side in starts if (absent := _absent(side, reference)))
            found[name] = list({other.address: (other, side) for other, side in meant}.values())
        read = {name: pairs if references[name].all else pairs[:_READ] for name, pairs in found.items()}
        sides = [side for pairs in read.values() for _, side in pairs]
        is_secret = any(side.has_secrets(key) for side in sides if side.sensitive for key in side.names())
        self.values: dict[str, Json] = places.copy()
        self.visible: dict[str, Json] | None = places.copy() if is_secret else None
        for name, pairs in found.items():
            if name in missing and references[name].assumed:
                self.assumed[name] = missing.pop(name)
            unknown = missing.get(name)
            whole = _read(read[name], usage, Side.configured) if pairs else []
            shown = _read(read[name], usage, _shown) if is_secret else whole
            is_open = len(pairs) > 1 and not references[name].all
            if is_open:
                different = list({repr(one): one for one in whole}.values())
                is_short = len(pairs) <= _READ and len(different) <= _COMPARED
                self.open[name] = Candidates(different if is_short else (), shown[0])
                unknown = _one_of(references[name], name, [other.address for other, _ in pairs])
            self.values[name] = unknown or (whole if references[name].all else whole[0] if whole else None)
            if self.visible is not None:
                self.visible[name] = unknown or (shown if references[name].all else shown[0] if shown else None)


def read_addresses(references: Mapping[str, Reference], change: Change, inventory: Inventory) -> tuple[str, ...]:
    """Return the addresses of what the references of a definition lead to, after the change; of a place in an order, of all in it."""
    found: dict[str, list[Change]] = {}
    for name, reference in references.items():
        if reference.alike is not None:
            found[name] = inventory.of_types(reference.types)
            continue
        starts = [change] if reference.of is None else found[reference.of]
        meant = (inventory.find(start, reference, before=False) for start in starts)
        found[name] = [other for pairs in meant for other, _ in pairs]
    return tuple(dict.fromkeys(other.address for others in found.values() for other in others))


def _meant(reference: Reference, starts: _Pairs, inventory: Inventory, *, before: bool) -> _Pairs:
    if not inventory.has_any(reference.types):  # most plans have none of what most references lead to
        return ()
    return [pair for start, _ in starts for pair in inventory.find(start, reference, before=before)]


def _read(pairs: _Pairs, usage: Usage, read: Callable[[Side, str], Json]) -> list[Json]:
    """Return the attributes of resources that are referred to, and the usage given for each."""
    return [
        {
            **{key: read(side, key) for key in sorted(side.names())},
            "usage": dict(usage.of(other.address, other.type)),
        }
        for other, side in pairs
    ]


def _shown(side: Side, name: str) -> Json:
    """Return an attribute as it may leave the process, without what the configuration leaves to the provider."""
    shown = side.shown(name)
    return shown if side.written is None else as_written(shown, side.written, name)


def _absent(side: Side, reference: Reference) -> Unknown | None:
    """Return an attribute that names what is not in the plan as one that is not known; None where it names nothing."""
    name = reference.attribute or ""
    value = side.configured(name)
    if value is None or value in ("", []):
        return None
    if isinstance(value, Unknown):
        return value
    reason = f"its {reference.types[0]} is not in the plan"
    return Unknown(name, reason, Reason.NOT_EVALUATED, "check a plan that has both")


def _one_of(reference: Reference, name: str, addresses: Sequence[str]) -> Unknown:
    """Return a reference that may mean several resources as one that is not known."""
    more = len(addresses) - _NAMED
    named = ", ".join(addresses[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    path = name if reference.attribute is None or reference.back else reference.attribute
    return Unknown(path, f"one of {named}: the plan does not say which", Reason.NOT_EVALUATED, _WHICH_ONE)
