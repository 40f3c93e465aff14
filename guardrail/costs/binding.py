"""A subject bound for one tariff: the values that its expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

from msgspec import Struct

from guardrail.cel import Path, Scope
from guardrail.cel import shown as spelled
from guardrail.costs.billing import USAGE
from guardrail.costs.definitions.fields import Field
from guardrail.costs.definitions.tariff import Tariff
from guardrail.costs.subject import Subject
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown


class GivenUsage(Struct, frozen=True):
    """Usage laid over what a tariff declares: one for all subjects of which the same is given.

    text   spells all that is given
    seen   spells what the tariff reads of it, in the order of `Tariff.looks_at_usage`
    scope  has it bound, beside what is the same for all subjects
    """

    text: str
    values: Mapping[str, Any]
    seen: tuple[str, ...]
    scope: Scope

    @classmethod
    def of(cls, tariff: Tariff, usage: Mapping[str, Any]) -> GivenUsage:
        """Lay usage over what a tariff declares."""
        values = _usage(tariff.usage, usage, "usage")
        seen = tuple(repr(values[name] if name else values) for name in tariff.looks_at_usage)
        return cls(repr(usage), values, seen, tariff.environment.rebind(tariff.constants, {"usage": values}))


class BoundTariff:
    """A subject bound for one tariff.

    values   what expressions read, by its root; but usage
    assumed  path of each attribute and reference that an assumption stands for -> what is assumed
    secret   whether the price depends on anything sensitive
    seen     spells each value that the tariff reads, for `Tariff.seen_by_charges` and the like, and last what is assumed

    What is remembered is looked up by the values alone: scopes are made when an expression is first evaluated.
    """

    def __init__(self, tariff: Tariff, subject: Subject, usage: GivenUsage) -> None:
        """Collect what a tariff reads of a subject, with its defaults and assumptions."""
        definition, attributes = tariff.definition, subject.attributes
        assume = {**definition.assume, **subject.assume} if subject.assume else definition.assume
        derived = tariff.derive(attributes.get) if tariff.derive else {}
        names = sorted(attributes.names() | derived.keys()) if tariff.attributes is None else tariff.attributes
        attr = attributes.read(names)
        for name in derived.keys() & attr.keys():
            attr[name] = derived[name]
        unassumed: dict[str, Unknown] = {}
        for name, value in attr.items():
            # Assumptions come before defaults: a null is the provider's default, an unknown is its choice.
            if isinstance(value, Unknown) and name in assume and _may_be_left_out(value):
                unassumed[name] = value
                attr[name] = assume[name]
            if attr[name] is None:
                attr[name] = definition.defaults.get(name)
        self.tariff, self.subject, self.usage = tariff, subject, usage
        self._unassumed = unassumed
        self._secrets = attributes.secrets(names)
        self.secret = bool(self._secrets or subject.visible)
        self.values: Mapping[str, Any] = {
            "attr": attr,
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
        values = self.values
        self.seen = [
            repr(values[root][name] if name and values[root] is not None else values[root])
            for root, name in tariff.looks
        ]
        self.seen += usage.seen
        self.seen.append(repr(sorted(self.assumed)) if self.assumed else "")

    def key(self, handed: Sequence[Json]) -> bytes:
        """Return what is equal only for subjects of equal price, of which children read `handed`.

        It is a hash, since what it is made of is long and many.
        """
        subject = self.subject
        beside = (
            subject.region,
            subject.depth,
            subject.on_profile,
            subject.profiled,
            subject.visible,
            [(name, subject.attributes.shown(name)) for name in self._secrets],
            self._unassumed,
            sorted(subject.absent),
            subject.assume,
            handed,
        )
        text = "\n".join((*self.seen, self.usage.text, repr(beside)))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    @cached_property
    def scope(self) -> Scope:
        """What expressions are evaluated in."""
        return self.tariff.environment.rebind(self.usage.scope, self.values)

    @cached_property
    def visible(self) -> Scope:
        """The scope for what is shown, without anything sensitive: the same one where nothing is, as binding takes time."""
        if not self.secret:
            return self.scope
        shown = {name: self.subject.attributes.shown(name) for name in self._secrets}
        attr = {**self.values["attr"], **shown}
        return self.tariff.environment.rebind(self.scope, {**self.subject.visible, "attr": attr})

    @cached_property
    def open(self) -> Scope:
        """The scope without assumptions: what they stand for is unknown there."""
        if not self.assumed:
            return self.scope
        attr = {**self.values["attr"], **self._unassumed}
        refs = {**self.subject.refs, **self.subject.absent}
        return self.tariff.environment.rebind(self.scope, {"attr": attr, "ref": refs})

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
