"""A subject bound for one tariff: the values that its expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from guardrail.cel import Path, Scope
from guardrail.cel import shown as spelled
from guardrail.costs.billing import USAGE
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.tariff import Tariff
from guardrail.costs.subject import Subject
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown


class BoundTariff:
    """A subject bound for one tariff.

    values   what expressions read, by its root
    assumed  path of each attribute and reference that an assumption stands for -> what is assumed
    secret   whether the price depends on anything sensitive

    What is remembered is looked up by the values alone: scopes are made when an expression is first evaluated.
    """

    def __init__(self, tariff: Tariff, subject: Subject) -> None:
        """Collect what a tariff reads of a subject, with its defaults, assumptions and usage."""
        definition, attributes = tariff.definition, subject.attributes
        assume = {**definition.assume, **subject.assume}
        derived = tariff.derive(attributes.get) if tariff.derive else {}
        names = (attributes.names() | derived.keys()) if tariff.attributes is None else tariff.attributes
        attr: dict[str, Json] = {}
        unassumed: dict[str, Unknown] = {}
        for name in names:
            value = derived[name] if name in derived else attributes.get(name)
            # Assumptions come before defaults: a null is the provider's default, an unknown is its choice.
            if isinstance(value, Unknown) and name in assume and _may_be_left_out(value):
                unassumed[name] = value
                value = assume[name]
            attr[name] = definition.defaults.get(name) if value is None else value
        self._tariff, self._subject, self._unassumed = tariff, subject, unassumed
        self._secrets = [name for name in names if attributes.has_secrets(name)]
        self.secret = bool(self._secrets or subject.visible)
        self.values: Mapping[str, Any] = {
            "attr": attr,
            "usage": _usage(tariff.usage, subject.usage, "usage"),
            "ref": subject.refs,
            "region": subject.region,
            "name": subject.name,
            "address": subject.address,
            "parent": subject.parent,
        }
        stated: dict[Path, str] = {
            ("attr", name): f"{name} = {spelled(attr[name])}, known after apply" for name in sorted(unassumed)
        }
        self.assumed = stated | {("ref", name): definition.refs[name].assumed for name in subject.absent}

    @cached_property
    def scope(self) -> Scope:
        """What expressions are evaluated in."""
        return self._tariff.environment.rebind(self._tariff.constants, self.values)

    @cached_property
    def visible(self) -> Scope:
        """The scope for what is shown, without anything sensitive: the same one where nothing is, as binding takes time."""
        if not self.secret:
            return self.scope
        shown = {name: self._subject.attributes.shown(name) for name in self._secrets}
        attr = {**self.values["attr"], **shown}
        return self._tariff.environment.rebind(self.scope, {**self._subject.visible, "attr": attr})

    @cached_property
    def open(self) -> Scope:
        """The scope without assumptions: what they stand for is unknown there."""
        if not self.assumed:
            return self.scope
        attr = {**self.values["attr"], **self._unassumed}
        refs = {**self._subject.refs, **self._subject.absent}
        return self._tariff.environment.rebind(self.scope, {"attr": attr, "ref": refs})

    def decided(self, condition: Field) -> bool:
        """Say whether a condition holds, or not, only by what is assumed: without it, there would be no telling."""
        if not self.assumed_in(condition.reads):
            return False
        return isinstance(condition.value(self.open), Unknown)

    def assumed_in(self, reads: Iterable[Path]) -> tuple[Path, ...]:
        """Return what is assumed of all that is read."""
        if not self.assumed:
            return ()
        read = {path[:2] for path in reads}
        return tuple(path for path in self.assumed if path in read)

    def seen_by(self, looks: Iterable[tuple[str, str]]) -> str:
        """Spell the values that stand at (root, name), and which of them are assumed: equal only for equal ones."""
        values = self.values
        seen = [values[root][name] if name and values[root] is not None else values[root] for root, name in looks]
        return repr((seen, sorted(self.assumed))) if self.assumed else repr(seen)


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
