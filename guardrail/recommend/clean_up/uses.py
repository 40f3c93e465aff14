"""What uses a resource: what refers to it by the configuration, and what has its id among its values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from guardrail.ledger.records.identifiers import normal_forms
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.variables.relations import Relations
from guardrail.recommend.clean_up.rules import BY_TYPE, Unused
from guardrail.terraform.address import steps
from guardrail.terraform.plan.reader import Plan

_IDS = ("id", "arn")
_OUTPUT = "an output"
_BETWEEN = frozenset({"aws_lb_listener", "aws_alb_listener", "aws_lb_target_group", "aws_alb_target_group"})


class Uses:
    """Looks uses up in one plan or state."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def of(self, change: Change, side: Side, rule: Unused) -> str | Unknown:
        """Return what uses a resource, "" for nothing that is there, Unknown where that cannot be told."""
        for name in rule.own:
            value = side.configured(name)
            if isinstance(value, Unknown):
                return value if side.written is None else name
            if value:
                return name
        if missing := next((one for one in self._plan.not_evaluated if one.after or not one.before), None):
            return Unknown("references", f"what uses it is not known: {missing.text}", missing.reason)
        names = set(_names(side, rule))
        for user, type_ in ((user, type_) for name in names for user, type_ in self._mentions.get(name, ())):
            if user != change.address and (type_ == _OUTPUT or rule.is_use(type_)):
                return user
        if self._plan.facts.has_configuration:
            return self._referrer(change, rule)
        return (
            "" if names else Unknown("references", "what uses it is not known: the plan has no configuration section")
        )

    def existing(self, *types: str) -> Iterator[tuple[Change, Side]]:
        """Give the resources of these types that there will be."""
        for one in self._plan.changes:
            if one.type in types and (side := one.billed_after):
                yield one, side

    def users(self, change: Change, side: Side, *types: str) -> list[Change] | Unknown:
        """Return the resources, of these types or of any, that refer to one; Unknown where that cannot be told.

        Who reads an output is not among them: see `is_output`.
        """
        if missing := next((one for one in self._plan.not_evaluated if one.after or not one.before), None):
            return Unknown("references", f"what uses it is not known: {missing.text}", missing.reason)
        mentions = [found for name in set(_names(side, None)) for found in self._mentions.get(name, ())]
        users = {address for address, _ in mentions}
        for pattern in (types or ("*",)) if self._plan.facts.has_configuration else ():
            found = self._relations.referrers(change, pattern, past=False)
            if isinstance(found, Unknown):
                return found
            users |= {one.address for one in found}
        return [
            one
            for one in (*self._plan.changes, *self._plan.data)
            if one.address in users and one is not change and one.billed_after and (not types or one.type in types)
        ]

    def is_output(self, change: Change, side: Side) -> bool:
        """Say whether an output tells a resource, or may tell it, to others."""
        mentions = (type_ for name in _names(side, None) for _, type_ in self._mentions.get(name, ()))
        return _OUTPUT in mentions or any(self._untold_outputs(change))

    def is_told(self, side: Side, rule: Unused) -> bool:
        """Say whether the resource itself tells that nothing has it, so that no other state can have it either."""
        return bool(rule.own) and all(
            name in side.values and not isinstance(side.get(name), Unknown) for name in rule.own
        )

    def _referrer(self, change: Change, rule: Unused) -> str | Unknown:
        for name in self._untold_outputs(change):
            return Unknown("references", f"output {name} may tell it to others") if change.module else f"output {name}"
        for pattern in rule.by or ("*",):
            found = self._relations.referrers(change, pattern, past=False)
            if isinstance(found, Unknown):
                return found
            if user := next((one.address for one in found if one.billed_after and rule.is_use(one.type)), ""):
                return user
        return ""

    def _untold_outputs(self, change: Change) -> Iterator[str]:
        """Give the outputs whose value is not known, and in which it, or the module that it is in, is mentioned."""
        facts = self._plan.facts
        outermost = next((name for _, name, _ in steps(change.module)), "")
        asked = f"module.{outermost}" if outermost else f"{change.type}.{change.name}"
        yield from (
            name
            for name, mentions in facts.exported.items()
            if asked in mentions and _has_unknown(facts.outputs.get(name))
        )

    @cached_property
    def _relations(self) -> Relations:
        plan = self._plan
        return Relations(plan.changes, plan.data, plan.not_evaluated, plan.facts)

    @cached_property
    def _mentions(self) -> dict[str, list[tuple[str, str]]]:
        """Return by what a resource that may be unused is called: who has that among its values, and of which type that is."""
        asked = set[str]()
        sides = [(one, one.billed_after) for one in (*self._plan.changes, *self._plan.data)]
        for change, side in sides:
            rule = BY_TYPE.get(change.type)
            if side and (rule or change.type in _BETWEEN):
                asked.update(_names(side, rule))
        found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for change, side in sides:
            values = (side.values.values() if side else ()) if asked else ()
            for name in _texts_among(asked, values):
                found[name].append((change.address, change.type))
        for name in _texts_among(asked, self._plan.facts.outputs.values()):
            found[name].append((_OUTPUT, _OUTPUT))
        return found


def _names(side: Side, rule: Unused | None) -> Iterator[str]:
    for name in (*_IDS, *(rule.names if rule else ())):
        value = side.get(name)
        if isinstance(value, str):
            yield from normal_forms(value)[:1]  # the last part of an ARN alone may be that of others


def _texts_among(asked: set[str], values: Iterable[Json]) -> set[str]:
    return {form for text in texts_of(values) for form in normal_forms(text)[:1] if form in asked}


def texts_of(values: Iterable[Json]) -> Iterator[str]:
    """Give all texts in values, however deep."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from texts_of(value.values() if isinstance(value, dict) else value)


def _has_unknown(value: Json) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_unknown, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Unknown)
