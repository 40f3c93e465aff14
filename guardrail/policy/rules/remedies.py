"""Edits of a rule, compiled, and what they come to for one resource: the steps that would make its finding go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from guardrail.cel import OPEN, EvaluationError, Path, Program, Schema, Scope, Template
from guardrail.files.yaml_file import Place
from guardrail.model.remedy import Assignment, Remedy, Renaming
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.rules.rule import RuleEdit

EACH: Schema = {"each": {"key": OPEN, "value": OPEN}}
"""What an edit's expressions may read beside what others may: the element of its `for_each`."""

NO_EDIT = "its rule has no edit for it"
_SENSITIVE = "(sensitive)"

CompileProgram = Callable[[str, Place], Program]
CompileTemplate = Callable[[str, Place], Template]
Rebind = Callable[[Scope, Mapping[str, Json]], Scope]


class CompiledEdit(Struct, frozen=True, dict=True):
    """One edit with its programs."""

    edit: RuleEdit
    path: Template
    value: Program
    when: Program | None
    for_each: Program | None
    otherwise: Template

    @cached_property
    def reads(self) -> frozenset[Path]:
        """The variables that it depends on."""
        return frozenset().union(*(program.reads for program in self._programs))

    @property
    def value_paths(self) -> frozenset[Path]:
        """What it uses of them; see `guardrail.cel.Program.value_paths`."""
        return frozenset().union(*(program.value_paths for program in self._programs))

    @property
    def _programs(self) -> Sequence[Program | Template]:
        programs = (self.path, self.value, self.when, self.for_each, self.otherwise)
        return [program for program in programs if program]


class _ObstacleError(Exception):
    """Why a remedy has no steps."""


def compile_edits(
    edits: Sequence[RuleEdit], program: CompileProgram, template: CompileTemplate
) -> tuple[CompiledEdit, ...]:
    """Compile edits with what compiles the expressions of their rule, given a text and its place in the file."""
    return tuple(_compiled(edit, ("edits", index), program, template) for index, edit in enumerate(edits))


def _compiled(edit: RuleEdit, place: Place, program: CompileProgram, template: CompileTemplate) -> CompiledEdit:
    def optional(name: str) -> Program | None:
        text = getattr(edit, name)
        return program(text, (*place, name)) if text else None

    path, value = ("set", "value") if edit.set else ("rename", "to")
    return CompiledEdit(
        edit,
        template(getattr(edit, path), (*place, path)),
        program(getattr(edit, value), (*place, value)),
        optional("when"),
        optional("for_each"),
        template(edit.otherwise, (*place, "otherwise")),
    )


def remedy(edits: Sequence[CompiledEdit], scope: Scope, rebind: Rebind) -> Remedy:
    """Return what a rule's edits come to for what is bound. If one of them depends on what is not known, none is made."""
    try:
        steps = [step for edit in edits for step in _steps(edit, scope, rebind)]
    except _ObstacleError as obstacle:
        return Remedy(obstacle=str(obstacle))
    except EvaluationError as error:
        return Remedy(obstacle=f"its edit could not be evaluated: {error}")
    return Remedy(tuple(steps)) if steps else Remedy(obstacle=NO_EDIT)


def _steps(edit: CompiledEdit, scope: Scope, rebind: Rebind) -> Iterator[Assignment | Renaming]:
    for key, value in _elements(edit, scope):
        inner = rebind(scope, {"each": {"key": key, "value": value}})
        if edit.when and _known(edit.when.evaluate(inner)) is not True:
            continue
        to = _known(edit.value.evaluate(inner))
        path = _path(edit.path, inner)
        if to is None:
            reason = edit.otherwise.evaluate(inner)
            raise _ObstacleError(reason or f"the rule gives no value for {'.'.join(path)}")
        if _holds_secret(to):
            raise _ObstacleError("its value is sensitive")
        yield Renaming(path, _text(to)) if edit.edit.rename else Assignment(path, _plain(to))


def _elements(edit: CompiledEdit, scope: Scope) -> list[tuple[Json, Json]]:
    if edit.for_each is None:
        return [(None, None)]
    elements = _known(edit.for_each.evaluate(scope))
    if isinstance(elements, Mapping):
        return sorted(elements.items())
    if isinstance(elements, list):
        return [(one, one) for one in elements]
    raise EvaluationError(f"{edit.for_each.text:.80} is not a list or a map")


def _path(template: Template, scope: Scope) -> tuple[str, ...]:
    """Dots part steps in the rule's own words; a value is one step with all its dots, unless it is all there is."""
    parts = [(part, "") if isinstance(part, str) else ("", _text(_known(part[0]))) for part in template.values(scope)]
    if len(parts) == 1:
        return tuple((parts[0][0] or parts[0][1]).split("."))
    steps = [""]
    for words, value in parts:
        first, *others = words.split(".")
        steps[-1] += first + value
        steps += others
    return tuple(steps)


def _known(value: Json) -> Json:
    unknown = next(iter(_unknowns(value)), None)
    if unknown:
        raise _ObstacleError(f"no edit, because {unknown.text}")
    return value


def _unknowns(value: Json) -> Iterator[Unknown]:
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _unknowns(part)
    elif isinstance(value, list):
        for part in value:
            yield from _unknowns(part)


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise EvaluationError("the name of an attribute or key is not a text")


def _plain(value: Any) -> Json:
    """CEL computes in doubles; what is whole is written so."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return {key: _plain(part) for key, part in value.items()} if isinstance(value, Mapping) else value


def _holds_secret(value: Json) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == _SENSITIVE
