"""A subject bound for one tariff: the values that its expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from guardrail.cel import Path, Scope
from guardrail.cel import shown as spelled
from guardrail.costs.billing import USAGE
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.tariff import Tariff, nested_usage
from guardrail.costs.subject import Subject
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown


class BoundTariff(Struct, frozen=True):
    """A subject bound for one tariff.

    visible  is for what is shown: without anything sensitive
    assumed  path of each attribute and reference that an assumption stands for -> what is assumed
    open     the scope without assumptions: what they stand for is unknown there
    """

    scope: Scope
    visible: Scope
    values: Mapping[str, Any]
    assumed: Mapping[Path, str]
    open: Scope

    @property
    def secret(self) -> bool:
        """Whether the price depends on anything sensitive."""
        return self.visible is not self.scope

    def decided(self, condition: Field) -> bool:
        """Say whether a condition holds, or not, only by what is assumed: without it, there would be no telling."""
        if not self.assumed_in(condition.reads):
            return False
        return isinstance(condition.value(self.open), Unknown)

    def assumed_in(self, reads: Iterable[Path]) -> tuple[Path, ...]:
        """Return what is assumed of all that is read."""
        read = {path[:2] for path in reads}
        return tuple(path for path in self.assumed if path in read)

    def seen_by(self, looks: Iterable[tuple[str, str]]) -> str:
        """Spell the values that stand at (root, name), and which of them are assumed: equal only for equal ones."""
        values = self.values
        seen = [values[root][name] if name and values[root] is not None else values[root] for root, name in looks]
        return repr((seen, sorted(self.assumed))) if self.assumed else repr(seen)


def bind(tariff: Tariff, subject: Subject) -> BoundTariff:
    """Bind what a tariff reads of a subject, with its defaults, assumptions and usage."""
    definition, attributes = tariff.definition, subject.attributes
    assume = {**definition.assume, **subject.assume}
    derived = tariff.derive(attributes.get) if tariff.derive else {}
    names = (attributes.names() | derived.keys()) if tariff.attributes is None else tariff.attributes
    attr: dict[str, Json] = {}
    assumed: dict[str, Unknown] = {}
    for name in names:
        value = derived[name] if name in derived else attributes.get(name)
        # Assumptions come before defaults: a null is the provider's default, an unknown is its choice.
        if isinstance(value, Unknown) and name in assume and _may_be_left_out(value):
            assumed[name] = value
            value = assume[name]
        attr[name] = definition.defaults.get(name) if value is None else value
    values: dict[str, Any] = {
        "attr": attr,
        "usage": _usage(nested_usage(definition.usage), subject.usage, "usage"),
        "table": {name: definition.table[name] for name in tariff.tables},
        "ref": subject.refs,
        "region": subject.region,
        "name": subject.name,
        "address": subject.address,
        "parent": subject.parent,
        "each": None,
    }
    scope = visible = tariff.environment.bind(values)
    secret = {name for name in names if attributes.has_secrets(name)}
    # One scope serves both where nothing is sensitive, as binding is what costs time.
    if secret or subject.visible:
        shown = {name: attributes.shown(name) for name in secret}
        visible = tariff.environment.rebind(scope, {**subject.visible, "attr": {**attr, **shown}})
    unassumed = scope
    if assumed or subject.absent:
        refs = {**subject.refs, **subject.absent}
        unassumed = tariff.environment.rebind(scope, {"attr": {**attr, **assumed}, "ref": refs})
    stated: dict[Path, str] = {
        ("attr", name): f"{name} = {spelled(attr[name])}, known after apply" for name in sorted(assumed)
    }
    stated |= {("ref", name): definition.refs[name].assumed for name in subject.absent}
    return BoundTariff(scope, visible, values, stated, unassumed)


def _may_be_left_out(value: Unknown) -> bool:
    """Say whether an assumption may stand for it: what is written may be anything, only the provider's choice is guessed."""
    return value.kind is not Reason.NOT_EVALUATED and value.written is not True


def _usage(declared: Mapping[str, Any], given: Any, path: str) -> dict[str, Any]:
    """Lay what is given over the declared keys; what nobody gave and has no default is unknown."""
    laid_over: dict[str, Any] = {}
    for key, entry in declared.items():
        value = given.get(key) if isinstance(given, Mapping) else None
        if isinstance(entry, dict):
            laid_over[key] = _usage(entry, value, f"{path}.{key}")
        elif value is not None:
            laid_over[key] = value
        else:
            laid_over[key] = Unknown(f"{path}.{key}", USAGE, None) if entry.default is None else entry.default
    return laid_over
