"""Why the cost of a resource changes: its components before and after, and the attributes that differ."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from guardrail.model.cost import Line, ResourceCost
from guardrail.model.difference import Difference
from guardrail.model.money import ZERO, money, unit_price
from guardrail.report.format import SHORT_STATUS, amount_of, line_reason, value_text
from guardrail.report.parts.amounts import MISSING, ON_ASSUMED_USAGE
from guardrail.report.text import safe

ALONE = "The amount beside an attribute is the effect of that attribute alone; the effect of several together may be larger or smaller."
"""What to say where several attributes of one resource move its cost."""

_NAME_LIMIT = 120
_VALUE_LIMIT = 120
_INDEX = re.compile(r"\[\d+\]$")


class ComponentChange(Struct, frozen=True):
    """A cost component of which something differs: one of the sides is None where it is new, or gone.

    name  what it is called: in short where nothing else of the resource is called so, else with its group and details
    """

    name: str
    before: Line | None
    after: Line | None

    @property
    def delta(self) -> Decimal | None:
        """What it adds to the month's bill; None where that is not known."""
        amounts = [line.monthly_cost if line else ZERO for line in (self.before, self.after)]
        before, after = amounts
        return None if before is None or after is None else after - before

    def amount(self, currency: str) -> str:
        """Return the delta as reports print it: "" where it is not known, a mark where it is a lower bound."""
        if self.delta is None:
            return ""
        lines = [line for line in (self.before, self.after) if line]
        mark = ON_ASSUMED_USAGE if any(line.usage_profile for line in lines) else ""
        return money(self.delta, currency, signed=True) + mark + (MISSING if any(one.at_least for one in lines) else "")

    def sides(self, currency: str) -> tuple[str, str]:
        """Return what there is before and after: "730 hours m7i.large"; "" for a side that does not exist."""
        return self._side(self.before, self.after, currency), self._side(self.after, self.before, currency)

    def _side(self, line: Line | None, other: Line | None, currency: str) -> str:
        if line is None:
            return ""
        known = _parts(other.name)[1] if other else _parts(line.name)[1]
        own = [detail for detail in _parts(line.name)[1] if detail not in known]
        if line.monthly_quantity is None:
            return line_reason(line, currency).removeprefix(f"{safe(line.name, _NAME_LIMIT)}: ")
        amount = amount_of(line.monthly_quantity, safe(line.unit, _NAME_LIMIT))
        if line.monthly_cost is None:
            return f"{amount} ({SHORT_STATUS[line.status]})"
        # A unit price is worth its room only where nothing else says why the amount differs.
        dearer = other and not own and line.unit_price is not None and line.unit_price != other.unit_price
        price = f"at {unit_price(line.unit_price, currency)}" if dearer and line.unit_price is not None else ""
        return " ".join(safe(part, _NAME_LIMIT) for part in (amount, ", ".join(own), price) if part)

    def what(self, currency: str) -> str:
        """Return what differs of it: "90 GB → 120 GB", "new, 730 hours"."""
        before, after = self.sides(currency)
        if self.before is None:
            return f"new, {after}"
        return f"{before} → {after}" if self.after else f"gone, {before}"

    def text(self, currency: str) -> str:
        """Return it in one line: "Storage: 90 GB → 120 GB", "NAT gateway: new, 730 hours"."""
        return f"{self.name}: {self.what(currency)}"


def component_changes(resource: ResourceCost) -> list[ComponentChange]:
    """Return the components that differ, the greatest effect first. What costs nothing on either side is left out."""
    before = list(resource.before.lines) if resource.before else []
    after = list(resource.after.lines) if resource.after else []
    if resource.stays:
        return []
    pairs: list[tuple[Line | None, Line | None]] = []
    # Lines are told apart by name; where that says the machine type, by what stands before the parenthesis.
    for key in (_exact, _stem):
        found, before, after = _paired(before, after, key)
        pairs += found
    pairs += [(line, None) for line in before] + [(None, line) for line in after]
    differing = [pair for pair in pairs if _differ(*pair)]
    # The short name where it is the only one: two volumes of one instance need their groups to be told apart.
    called = Counter(_short(*pair) for pair in differing)
    changes = [
        ComponentChange(safe(_short(*pair) if called[_short(*pair)] == 1 else _long(*pair), _NAME_LIMIT), *pair)
        for pair in differing
    ]
    return sorted(changes, key=lambda one: (one.delta is None, -abs(one.delta or ZERO)))


def _short(was: Line | None, will: Line | None) -> str:
    """Return a name without its details where both sides have some: what differs of them stands beside the quantities."""
    line = will or was
    name = line.name if line else ""
    return _parts(name)[0] if was and will else name


def _long(was: Line | None, will: Line | None) -> str:
    """Return a name with its group and the details that both sides share."""
    line = will or was
    if line is None:
        return ""
    stem, details = _parts(line.name)
    shared = [one for one in details if not was or one in _parts(was.name)[1]]
    name = f"{stem} ({', '.join(shared)})" if shared else stem
    return f"{line.group} / {name}" if line.group else name


def _paired(
    before: list[Line], after: list[Line], key: Callable[[Line], object]
) -> tuple[list[tuple[Line, Line]], list[Line], list[Line]]:
    """Return the pairs of lines with the same key, in order, and what is left of either side."""
    waiting: defaultdict[object, list[Line]] = defaultdict(list)
    for line in before:
        waiting[key(line)].append(line)
    pairs: list[tuple[Line, Line]] = []
    rest: list[Line] = []
    for line in after:
        same = waiting[key(line)]
        if same:
            pairs.append((same.pop(0), line))
        else:
            rest.append(line)
    left = {id(line) for lines in waiting.values() for line in lines}
    return pairs, [line for line in before if id(line) in left], rest


def _exact(line: Line) -> object:
    return line.group, line.name


def _stem(line: Line) -> object:
    return _INDEX.sub("", line.group), _parts(line.name)[0]


def _differ(was: Line | None, will: Line | None) -> bool:
    """Say whether a component is worth telling: it costs something, or may."""
    if was and will:
        same = (was.monthly_cost, was.monthly_quantity, was.unit_price, was.status, was.note)
        return same != (will.monthly_cost, will.monthly_quantity, will.unit_price, will.status, will.note)
    line = was or will
    return line is not None and line.monthly_cost != ZERO


def _parts(name: str) -> tuple[str, list[str]]:
    """Split "Instance usage (Linux/UNIX, on-demand, m4.large)" into what it is and its details."""
    stem, bracket, details = name.removesuffix(")").partition(" (")
    return (stem, details.split(", ")) if bracket and name.endswith(")") else (name, [])


def difference_text(one: Difference) -> tuple[str, str]:
    """Return the attribute, and its values: "instance_type", "m7i.large → m7i.xlarge"."""
    path = ".".join(filter(None, (safe(one.of, _NAME_LIMIT), safe(one.path, _NAME_LIMIT))))
    if one.before == one.after:  # of what is sensitive nothing is shown but that it differs
        return path, f"{value_text(one.after, _VALUE_LIMIT)} changes" if one.path else "changes"
    return path, f"{value_text(one.before, _VALUE_LIMIT)} → {value_text(one.after, _VALUE_LIMIT)}"


def effect_amount(one: Difference, currency: str) -> str:
    """Return what an attribute by itself does to the cost, "" where it does nothing or that is not told."""
    return money(one.effect, currency, signed=True) if one.effect else ""


def moved_most(resources: Iterable[ResourceCost]) -> Iterator[tuple[ResourceCost, Difference]]:
    """Give the attributes that move costs, with their resources, the greatest effect first."""
    found = [(resource, one) for resource in resources for one in resource.differences if one.effect]
    yield from sorted(found, key=lambda pair: -abs(pair[1].effect or ZERO))
