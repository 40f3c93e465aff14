"""What a rule has answered, by what it reads: most resources look alike to most rules."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from guardrail.cel import Path, Scope
from guardrail.model.exact import exact
from guardrail.model.finding import Finding
from guardrail.model.unknown import Json
from guardrail.policy.rules.compiled import Answer, CompiledRule
from guardrail.policy.variables.view import ResourceView

REMEMBERED = 2048
"""Answers a rule: enough for the kinds of things there are, too few to fill memory with names."""

Answers = dict[tuple[Any, ...], Answer]
Texts = dict[tuple[Any, ...], tuple[str, ...]]


class LazyScope:
    """Variables that are bound when the first rule needs them."""

    def __init__(self, bind: Callable[[], Scope]) -> None:
        self._bind = bind

    @cached_property
    def value(self) -> Scope:
        """The bound variables."""
        return self._bind()


Key = Callable[[ResourceView], Hashable]
"""Tells resources apart by something of them, the same for the same."""


class Said(Struct):
    """What a rule says of resources that it says the same of: messages, evidence, and the findings, by whether it was so before."""

    texts: tuple[str, ...]
    evidence: Mapping[str, Json]
    findings: dict[bool, Finding | None] = {}


class AskedRule(Struct, frozen=True, eq=False):
    """A rule about single resources as a project asks it.

    place      its place among all of them
    answers    what it has answered, by what its answers depend on
    texts      its messages, by what they depend on, once it is known which validations do not hold
    own        variables of a resource that its findings show, each by its name
    others     the other values that they show, which are the same for all
    edited     variables of a resource that its edits, and what they save, depend on, beside its price
    of_itself  whether it reads nothing of other resources
    shown_by   what tells resources apart for its messages and evidence
    said       what it has said, by that and its answer
    """

    place: int
    rule: CompiledRule
    answers: Answers
    texts: Texts
    own: tuple[tuple[str, Path], ...]
    others: Mapping[str, Json]
    edited: tuple[Path, ...]
    of_itself: bool
    shown_by: tuple[Key, ...]
    said: dict[tuple[Any, ...], Said] = {}

    def answer(self, view: ResourceView, scope: LazyScope) -> Answer:
        """Return what the rule says of a resource, asked only if it has not been."""
        return self.answer_by(key_of(self.rule.answer_keys, view), scope)

    def answer_by(self, key: tuple[Any, ...], scope: LazyScope) -> Answer:
        """Return what the rule says of what has this key, asked only if it has not been."""
        answer = self.answers.get(key)
        if answer is None:
            answer = self.rule.answer(scope.value)
            if len(self.answers) < REMEMBERED:
                self.answers[key] = answer
        return answer

    def messages(self, failed: tuple[int, ...], view: ResourceView, scope: Callable[[], Scope]) -> tuple[str, ...]:
        """Return the messages of validations that do not hold, about a resource as it may be shown."""
        key = (failed, *key_of(self.rule.message_keys, view))
        found = self.texts.get(key)
        if found is None:
            found = self.rule.texts(failed, scope())
            if len(self.texts) < REMEMBERED:
                self.texts[key] = found
        return found


def key_of(paths: Iterable[Path], view: ResourceView) -> tuple[Any, ...]:
    """Return what tells a resource apart for what reads these paths."""
    return tuple([hashable(view.read(path)) for path in paths])


def hashable(value: Json) -> Any:
    """Return something that is equal for equal values of the same kind only: to Python, True is 1, and so is 1.0."""
    return exact(value) if type(value) in _OF_JSON else value


_OF_JSON = frozenset({bool, int, float, dict, list})
