"""The values of a definition: constants, expressions, texts with expressions in them, and patterns."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from guardrail.catalog import ABSENT, Match, Pattern
from guardrail.cel import Environment, KeyAccess, Path, Program, Scope, Template, shown
from guardrail.model.unknown import Unknown

Value = Any


class Field(Struct, frozen=True):
    """One compiled value: `program` for `=...`, `template` for a text with `${...}`, else a constant."""

    source: Value
    program: Program | None = None
    template: Template | None = None
    is_pattern: bool = False

    @property
    def reads(self) -> frozenset[Path]:
        """The names that the value depends on."""
        part = self.program or self.template
        return part.reads if part else frozenset()

    def key_access(self, path: Path) -> KeyAccess:
        """Return what the value depends on of the map at a path."""
        part = self.program or self.template
        return part.key_access(path) if part else KeyAccess()

    def value(self, scope: Scope) -> Value:
        """Return the value, or Unknown. Raises EvaluationError."""
        if self.program:
            return self.program.evaluate(scope)
        if self.template is None:
            return self.source
        parts = self.template.values(scope)
        unknown = next((part[0] for part in parts if isinstance(part, tuple) and isinstance(part[0], Unknown)), None)
        return unknown or "".join(part if isinstance(part, str) else self._inserted(part[0]) for part in parts)

    def _inserted(self, value: Value) -> str:
        return re.escape(shown(value)) if self.is_pattern else shown(value)

    def match(self, scope: Scope) -> Match | Unknown:
        """Return what a selector asks of an attribute. A null expression asks for its absence."""
        value = self.value(scope)
        if isinstance(value, Unknown):
            return value
        if value is None:
            return ABSENT
        text = shown(value)
        if self.is_pattern:
            return Pattern(text)
        return Pattern(text[1:]) if self.program and text.startswith("~") else text

    def text(self, scope: Scope) -> str:
        """Return how the value reads, with an ellipsis for what is not known: why, the note of the line says."""
        parts = self.template.values(scope) if self.template else [(self.value(scope),)]
        return "".join(part if isinstance(part, str) else _read(part[0]) for part in parts)


def _read(value: Value) -> str:
    return "\N{HORIZONTAL ELLIPSIS}" if isinstance(value, Unknown) else shown(value)


def compiled(source: Value, environment: Environment) -> Field:
    """Compile a value of a definition. Raises CelError."""
    if not isinstance(source, str):
        return Field(source)
    if source.startswith("="):
        return Field(source, program=environment.compile(source[1:]))
    is_pattern = source.startswith("~")
    body = source[1:] if is_pattern else source
    if "${" in body:
        return Field(source, template=environment.template(body, opening="${"), is_pattern=is_pattern)
    return Field(body, is_pattern=is_pattern)
