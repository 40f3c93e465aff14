"""A definition ready for use: every expression compiled, every name it reads known."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property, reduce
from operator import itemgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from guardrail.cel import OPEN, CelError, Environment, KeyAccess, Path, Scope
from guardrail.cel.compiled_expressions import CompiledExpressions
from guardrail.costs.definitions.definition import Child, Component, Definition, UsageKey
from guardrail.costs.definitions.derive import DERIVATIONS, Derivation
from guardrail.costs.definitions.fields import Field, compiled
from guardrail.costs.subject import Attributes
from guardrail.errors import DefinitionError, did_you_mean
from guardrail.model.unknown import Json

_LET = re.compile(r"\$\{let\.(\w+)\}")

# What a child is told by them is the same of all parents.
_WHETHER_A_CHILD = frozenset({"=parent == null", "=parent != null"})

Picking = Callable[[Sequence[str]], Hashable]
"""Picks some of the texts that `BoundTariff.seen` has."""


class Charge(Struct, frozen=True):
    """A compiled component.

    usage_key  the one key of a usage file that the quantity follows; "" where it follows none, or several
    otherwise  what is asked for where the catalog has no such price
    """

    component: Component
    name: Field
    unit: Field
    quantity: Field
    per: Field
    times: Field
    floor: Field
    assumed: Field
    tier_from: Field
    upfront_months: Field
    sustained: Field
    group: Field
    when: Field | None
    optional: Field
    service: Field
    family: Field | None
    region: Field | None
    purchase_option: Field
    attributes: tuple[tuple[str, Field], ...]
    usage_key: str
    otherwise: Charge | None

    @property
    def fields(self) -> list[Field | None]:
        """All that it computes, but what it asks for otherwise."""
        return [
            *(self.name, self.unit, self.quantity, self.per, self.times, self.tier_from, self.group, self.when),
            *(self.floor, self.assumed, self.upfront_months, self.sustained, self.optional),
            *(self.service, self.family, self.region, self.purchase_option),
            *(field for _, field in self.attributes),
        ]

    @property
    def sells(self) -> frozenset[Path]:
        """What the line is called and which price it has depends on: all but how much it is."""
        called = [self.name, self.unit, self.group]
        sold = [self.service, self.family, self.region, self.purchase_option]
        return _reads_of(called + sold + [field for _, field in self.attributes])

    @property
    def reads(self) -> frozenset[Path]:
        """Everything that the line depends on."""
        other = self.otherwise.reads if self.otherwise else frozenset()
        return other | _reads_of(self.fields)


class Part(Struct, frozen=True):
    """A compiled child.

    usage_keys  a key of the child's usage -> the one of its parent that it stands for, "" where that is none or several
    """

    child: Child
    type: Field
    items: Field | None
    attributes: Field | None
    handed: tuple[tuple[str, Field], ...]
    assume: tuple[tuple[str, Field], ...]
    usage: tuple[tuple[str, Field], ...]
    when: Field | None
    times: Field
    floor: Field
    assumed: Field
    group: Field | None
    usage_keys: Mapping[str, str]

    def attributes_for(self, scope: Scope) -> dict[str, Json]:
        """Return the attributes that the child is handed."""
        whole = self.attributes.value(scope) if self.attributes else None
        attributes = dict(whole) if isinstance(whole, dict) else {}
        return attributes | {key: given.value(scope) for key, given in self.handed}

    @property
    def fields(self) -> list[Field | None]:
        """All that it computes."""
        fields = [self.type, self.items, self.attributes, self.when, self.times, self.group, self.floor, self.assumed]
        return fields + [field for _, field in (*self.handed, *self.assume, *self.usage)]

    @property
    def reads(self) -> frozenset[Path]:
        """Everything that the child depends on, without what it reads itself."""
        return _reads_of(self.fields)


class Tariff:
    """How one resource type is priced.

    attributes  names of the attributes that it reads; None if it reads them as a whole
    told_by     those, and the ones that may name what is not in the plan: by them and by what of `named_by` a resource has,
                its address or its name, resources that refer to nothing are told apart
    refers_to   types that its references may lead to; None where one counts resources instead
    looks       what it reads, as pairs of a root and a name below it, "" for the root as a whole; but usage and constants
    """

    def __init__(
        self, type_name: str, vendor: str, definition: Definition, where: str, kept: CompiledExpressions | None = None
    ) -> None:
        """Compile a definition; `kept` is what an earlier run has made of it. Raises DefinitionError."""
        self.type = type_name
        self.vendor = vendor
        self.definition = definition
        self.where = where
        self.kept = kept
        self.environment = Environment(_schema(definition), exact=True, forms=kept.forms if kept else None)
        self._place = "let"
        try:
            self._compile()
        except CelError as error:
            fix = error.hint
            what = f"{self._place}{error.name and '.' + error.name}: {error.message} (column {error.column})"
            raise DefinitionError(what, where=where, fix=fix) from None

    @cached_property
    def constants(self) -> Scope:
        """What is the same for all resources, bound once: a table may be many times longer than all else that is read."""
        return self.environment.bind({"table": self.tables, "each": None})

    @cached_property
    def parents(self) -> frozenset[str] | None:
        """The names of the attributes that it reads of its parent as a child; None if it reads the parent as a whole."""
        if ("parent",) not in self.reads:
            return _below("parent", self.reads)
        charges = [*self.charges, *(charge.otherwise for charge in self.charges if charge.otherwise)]
        fields = [self.region, *(condition for condition, _ in self.free_when)]
        fields += [field for charge in charges for field in charge.fields if field]
        fields += [field for part in self.parts for field in part.fields if field]
        accesses = (field.key_access(("parent",)) for field in fields if field.source not in _WHETHER_A_CHILD)
        access = reduce(operator.or_, accesses, KeyAccess())
        return None if access.whole or access.names else access.keys

    def parent_names(self, attributes: Attributes) -> Iterable[str]:
        """Return which attributes of its parent a child of this type reads; all of them if it reads the parent as a whole."""
        return sorted(attributes.names()) if self.parents is None else self.parents

    def _compile(self) -> None:
        definition = self.definition
        # First, since every other expression may use its names.
        self.environment.define("let", {name: expression(value) for name, value in definition.let.items()})
        self._place = "region"
        self.region = compiled(definition.region, self.environment)
        self._place = "free_when"
        self.free_when = tuple(
            (compiled(case.condition, self.environment), case.reason) for case in definition.free_when
        )
        self.charges = tuple(map(self._charge, range(len(definition.component)), definition.component))
        self.parts = tuple(map(self._part, range(len(definition.child)), definition.child))
        self.reads = _reads_of([self.region, *(condition for condition, _ in self.free_when)]).union(
            *(charge.reads for charge in self.charges), *(part.reads for part in self.parts)
        )
        looks = _roots_and_names(self.reads)
        self.looks = tuple(one for one in looks if one[0] != "usage")
        self.looks_at_usage = tuple(name for root, name in looks if root == "usage")
        self.seen_by_charges = tuple(self._picking(charge.reads | self.region.reads) for charge in self.charges)
        every = [*self.charges, *(charge.otherwise for charge in self.charges if charge.otherwise)]
        self.seen_by_offers = {id(one): self._picking(one.sells | self.region.reads) for one in every}
        self.seen_by_parts = tuple(self._picking(part.reads) for part in self.parts)
        self.attributes = _below("attr", self.reads)
        self.tables = {name: definition.table[name] for name in _below("table", self.reads) or ()}
        self.named_by = tuple(root for root in ("name", "address") if (root,) in self.reads)
        self.derive: Derivation | None = None
        if definition.derive:
            if definition.derive not in DERIVATIONS:
                hint = did_you_mean(definition.derive, DERIVATIONS)
                raise DefinitionError(f"no such derivation: {definition.derive}", where=self.where, fix=hint)
            self.derive = DERIVATIONS[definition.derive]
        self.usage = nested_usage(definition.usage)
        refs = definition.refs.values()
        naming = {one.attribute for one in refs if (one.needed or one.assumed) and one.attribute}
        reads_all = self.attributes is None or self.derive
        self.told_by = None if reads_all else tuple(sorted(naming.union(self.attributes or ())))
        counts = any(one.alike is not None for one in refs)
        self.refers_to = None if counts else frozenset(name for one in refs for name in one.types)

    def _picking(self, reads: frozenset[Path]) -> Picking:
        """Return what picks, of all that is seen of a subject, that which is read, and what is assumed."""
        order = (*self.looks, *(("usage", name) for name in self.looks_at_usage))
        places = {one: place for place, one in enumerate(order)}
        return itemgetter(*(places[one] for one in _roots_and_names(reads)), len(order))

    def _optional(self, value: Any) -> Field | None:
        return None if value is None else compiled(value, self.environment)

    def _charge(self, number: int, component: Component) -> Charge:
        self._place = f"component {number + 1} ({component.name})"
        price, environment = component.price, self.environment
        return Charge(
            component,
            compiled(component.name, environment),
            compiled(component.unit, environment),
            compiled(component.quantity, environment),
            compiled(component.per, environment),
            compiled(component.times, environment),
            compiled(component.floor, environment),
            compiled(component.assumed, environment),
            compiled(component.tier_from, environment),
            compiled(component.upfront_months, environment),
            compiled(component.sustained, environment),
            compiled(component.group, environment),
            self._optional(component.when),
            compiled(component.optional, environment),
            Field(self._service(price.service)),
            self._optional(price.family),
            self._optional(price.region),
            compiled(price.purchase_option, environment),
            tuple((key, compiled(value, environment)) for key, value in sorted(price.attributes.items())),
            self._usage_key(compiled(component.quantity, environment), compiled(component.times, environment)),
            self._otherwise(number, component),
        )

    def _service(self, text: str) -> str:
        """Return a service with plain texts of `let` filled in: a sync asks for it without a resource. Raises DefinitionError."""
        let = self.definition.let
        plain = {name: value for name, value in let.items() if isinstance(value, str) and not _computed(value)}
        service = _LET.sub(lambda found: plain.get(found[1], found[0]), text)
        if _computed(service):
            raise DefinitionError(
                f"{self._place}: a service is a text, in which let.* are texts, too", where=self.where
            )
        return service

    def _otherwise(self, number: int, component: Component) -> Charge | None:
        other = component.otherwise
        if other is None:
            return None
        return self._charge(number, replace(component, price=other.price, times=other.times, otherwise=None))

    def _usage_key(self, *fields: Field) -> str:
        """Return the one key of the usage file that values depend on, through `let` too; "" for none, or several."""
        read = [".".join(path[1:]) for path in _reads_of(fields) if path[0] == "usage"]
        return read[0] if len(read) == 1 and read[0] in self.definition.usage else ""

    def _part(self, number: int, child: Child) -> Part:
        self._place = f"child {number + 1} ({child.as_})"
        environment = self.environment
        items = f"=attr.{child.block}" if child.block else child.for_each
        return Part(
            child,
            compiled(child.as_, environment),
            self._optional(items),
            self._optional(child.attributes),
            tuple((key, compiled(value, environment)) for key, value in child.with_.items()),
            tuple((key, compiled(value, environment)) for key, value in child.assume.items()),
            tuple((key, compiled(value, environment)) for key, value in child.usage.items()),
            self._optional(child.when),
            compiled(child.times, environment),
            compiled(child.floor, environment),
            compiled(child.assumed, environment),
            self._optional(child.group),
            {key: self._usage_key(compiled(value, environment)) for key, value in child.usage.items()},
        )


def nested_usage(usage: Mapping[str, UsageKey]) -> dict[str, Any]:
    """Return the usage keys as nested maps: "standard.storage_gb" stands below "standard"."""
    nested: dict[str, Any] = {}
    for key, declared in usage.items():
        *outer, last = key.split(".")
        level = nested
        for step in outer:
            level = level.setdefault(step, {})
        level[last] = declared
    return nested


def _schema(definition: Definition) -> dict[str, Any]:
    def closed(level: Mapping[str, Any]) -> dict[str, Any]:
        return {key: closed(part) if isinstance(part, dict) else OPEN for key, part in level.items()}

    return {
        "attr": OPEN,
        # An empty mapping would mean that any name may be below it.
        "usage": closed(nested_usage(definition.usage)) or {"": OPEN},
        "table": dict.fromkeys(definition.table, OPEN) or {"": OPEN},
        "ref": dict.fromkeys(definition.refs, OPEN) or {"": OPEN},
        "region": OPEN,
        "name": OPEN,
        "address": OPEN,
        "parent": OPEN,
        "each": OPEN,
    }


def expression(value: Any) -> str:
    """Return what a `let` stands for as an expression."""
    if isinstance(value, str):
        return value[1:] if value.startswith("=") else repr(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _reads_of(fields: Iterable[Field | None]) -> frozenset[Path]:
    return frozenset().union(*(field.reads for field in fields if field))


def _roots_and_names(reads: frozenset[Path]) -> tuple[tuple[str, str], ...]:
    """Return what is read as pairs of a root and a name below it, "" for a root that is read as a whole; but no constants."""
    read = {(path[0], path[1] if len(path) > 1 else "") for path in reads}
    return tuple(sorted(one for one in read if one[0] not in {"table", "each"}))


def _below(root: str, reads: frozenset[Path]) -> frozenset[str] | None:
    """Return the names read directly below a root; None if the root is read as a whole."""
    if (root,) in reads:
        return None
    return frozenset(path[1] for path in reads if path[0] == root)


def _computed(text: str) -> bool:
    return text.startswith("=") or "${" in text
