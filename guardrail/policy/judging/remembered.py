"""What a rule has answered, by what it reads: most resources look alike to most rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from guardrail.cel import Path, Scope
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


def remembered_answer(rule: CompiledRule, answers: Answers, key: tuple[Any, ...], scope: LazyScope) -> Answer:
    """Return what a rule says of what has this key, asked only if it has not been."""
    answer = answers.get(key)
    if answer is None:
        answer = rule.answer(scope.value)
        if len(answers) < REMEMBERED:
            answers[key] = answer
    return answer


def key_of(paths: Iterable[Path], view: ResourceView) -> tuple[Any, ...]:
    """Return what tells a resource apart for what reads these paths."""
    return tuple(hashable(view.read(path)) for path in paths)


def hashable(value: Json) -> Any:
    """Return something that is equal for equal values only: to Python, True is 1."""
    kind = type(value)
    if kind is bool or kind is dict or kind is list:
        return (kind, repr(value))
    return value
