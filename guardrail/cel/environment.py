"""Expressions over a known set of names: compile once, bind a scope, evaluate."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any

from guardrail.cel.conversion import Value, plain_value, result_of
from guardrail.cel.emit import emit
from guardrail.cel.engines import Engine, Evaluate, engine
from guardrail.cel.failures import OPERAND_FAULT, DepthError, EvaluationError, StepsError
from guardrail.cel.functions.values import text, trace, unmarked
from guardrail.cel.key_access import KeyAccess, key_access
from guardrail.cel.lookups import with_lookups
from guardrail.cel.names import Path, Schema, check, expand
from guardrail.cel.operands import operands
from guardrail.cel.parts import branches, shown_parts, written
from guardrail.cel.shapes import Shapes, check_shapes
from guardrail.cel.syntax import CelError, parse
from guardrail.cel.tree import Tree
from guardrail.cel.types import Types, infer
from guardrail.cel.value_paths import value_paths
from guardrail.errors import LimitError
from guardrail.model.unknown import Unknown

_SIMPLE = frozenset({bool, float, int, type(None)})


@dataclass(frozen=True, slots=True)
class Scope:
    """Values bound to names, and the paths below them that are known only after apply."""

    activation: Any
    unknown: tuple[Path, ...] = ()
    converted: Mapping[str, Any] = field(default_factory=dict)

    def touches(self, reads: frozenset[Path]) -> bool:
        """Say whether anything unknown lies on, above or below what is read."""
        return any(read[: len(path)] == path[: len(read)] for path in self.unknown for read in reads)


@dataclass(frozen=True, slots=True)
class Working:
    """A part of an expression, as the rule writes it, and what it comes to: a value, or `error` says why there is none."""

    text: str
    value: Value
    error: str
    parts: tuple[Working, ...]


class Environment:
    """The names that exist for a set of expressions, and what is defined over them."""

    def __init__(
        self,
        schema: Schema,
        *,
        engine_name: str | None = None,
        declared: Mapping[str, str] | None = None,
        shapes: Shapes | None = None,
        nullable: frozenset[Path] = frozenset(),
        exact: bool = False,
        lookups: frozenset[str] = frozenset(),
    ) -> None:
        """Read expressions over the names of a schema.

        `shapes` are what is known of data at a path. The maps at `nullable` paths read null at a key that they lack.

        `declared` are the types of names that are no data: their values are bound as they are. `exact` refuses a division of
        whole numbers, whose fraction is lost. `lookups` are the calls that stand for data (`guardrail.cel.lookups`).
        """
        self._schema = schema
        self._exact = exact
        self._lookups = lookups
        self._shapes = shapes or {}
        self._nullable = nullable
        self._declared = declared or {}
        self._engine: Engine = engine(engine_name)
        self._definitions: dict[str, dict[str, Tree]] = {}
        self._programs: dict[str, Program] = {}

    def define(self, namespace: str, expressions: Mapping[str, str]) -> None:
        """Make `namespace.name` stand for an expression, each usable in those after it.

        Raises CelError with an attribute `name` that says which one is at fault.
        """
        defined = self._definitions.setdefault(namespace, {})
        for name, expression in expressions.items():
            try:
                tree = expand(parse(expression), self._definitions)
                self._checked(with_lookups(tree, self._lookups))
            except CelError as error:
                error.name = name
                raise
            defined[name] = tree
        self._programs.clear()

    def compile(self, expression: str) -> Program:
        """Return the program of an expression. Raises CelError."""
        if expression not in self._programs:
            self._programs[expression] = self._program(parse(expression), expression)
        return self._programs[expression]

    def _program(self, written_tree: Tree, text: str) -> Program:
        tree = with_lookups(expand(written_tree, self._definitions), self._lookups)
        reads, types = self._checked(tree)
        return Program(text, reads, tree, types, self._engine, tuple(self._schema), self._nullable)

    def _checked(self, tree: Tree) -> tuple[frozenset[Path], Types]:
        reads = check(tree, self._schema)
        types = infer(tree, self._schema, self._declared, exact=self._exact)
        check_shapes(tree, reads, types, self._shapes)
        return reads, types

    def working(self, expression: str, scope: Scope) -> Working:
        """Return an expression and each of its parts with their values. Raises CelError, LimitError."""
        return self._working(parse(expression), expression.strip(), scope, set())

    def _working(self, tree: Tree, text: str, scope: Scope, told: set[str]) -> Working:
        program = self._program(tree, text)
        try:
            value, error = program.evaluate(scope), ""
        except EvaluationError as fault:
            value, error = None, str(fault)
        told.add(text)
        inner = (
            self._working(part, part_text, scope, told)
            for part in shown_parts(tree)
            if (part_text := written(part)) not in told
        )
        return Working(text, value, error, tuple(inner))

    def branches(self, expression: str) -> list[tuple[Program, ...]]:
        """Return the conditions inside an expression, the sides of `&&` and `||` and what `? :` asks.

        Each has the condition as its text, and gives what it is: true or false, null where it is not come to, a list inside of
        a macro. Where that is not known, a second program gives what it decides beside a side that is not. Raises CelError.
        """
        return [
            tuple(self._program(tree, one.text) for tree in (one.reach, one.deciding) if tree)
            for one in branches(parse(expression))
        ]

    def template(self, pattern: str, *, opening: str = "{") -> Template:
        """Return the template of a text with `{expression}` (or `${expression}`) in it. Raises CelError."""
        return Template(pattern, self, opening)

    def bind(self, values: Mapping[str, Value]) -> Scope:
        """Convert values for evaluation: once, for any number of programs of any environment on this engine."""
        return self.rebind(Scope(None), values)

    def rebind(self, scope: Scope, values: Mapping[str, Value]) -> Scope:
        """Bind some names anew; the other values of the scope are not converted again."""
        unknown = [path for path in scope.unknown if path[0] not in values]
        plain = {
            name: value if name in self._declared else plain_value(value, (name,), unknown)
            for name, value in values.items()
        }
        converted = {**scope.converted, **plain}
        return Scope(self._engine.activation(converted), tuple(unknown), converted)


class Program:
    """A compiled expression. `reads` are the context paths that it uses, defined names expanded."""

    __slots__ = ("_careful", "_engine", "_names", "_nullable", "_plain", "_tree", "_types", "reads", "text")

    def __init__(
        self,
        text: str,
        reads: frozenset[Path],
        tree: Tree,
        types: Types,
        engine: Engine,
        names: tuple[str, ...],
        nullable: frozenset[Path],
    ) -> None:
        self.text = text
        self.reads = reads
        self._tree = tree
        self._types = types
        self._engine = engine
        self._names = names
        self._nullable = nullable
        self._plain: Evaluate | None = None
        self._careful: Evaluate | None = None

    def evaluate(self, scope: Scope) -> Value:
        """Return the value, or Unknown if it depends on what is known only after apply.

        Raises EvaluationError if there is no value, LimitError for what goes through too much.
        """
        is_open = bool(scope.unknown) and scope.touches(self.reads)
        try:
            return self._evaluate_carefully(scope) if is_open else self._evaluate(scope)
        except (StepsError, DepthError):
            return self._evaluate_at_length(scope)

    def _evaluate(self, scope: Scope) -> Value:
        if self._plain is None:
            self._plain = self.compiled(careful=False)
        try:
            value = self._plain(scope.activation)
            return value if type(value) in _SIMPLE else result_of(value)
        except EvaluationError:
            # Google's engine goes through a map in any order, and may have met another of several errors first.
            return self._evaluate_carefully(scope)

    def _evaluate_at_length(self, scope: Scope) -> Value:
        """Evaluate what is too long or too deep for Google's engine with the other, which ends later, and whose bound is ours."""
        other = engine("python")
        if self._engine is not other:
            program = self._on(other)
            return program.evaluate(Scope(other.activation(scope.converted), scope.unknown, scope.converted))
        from guardrail.cel.python import MAX_STEPS  # noqa: PLC0415 - loads cel-python, which is loaded by now

        what = f"takes more than {MAX_STEPS:,} steps: {self.text:.80}"
        raise LimitError(what, fix="nested macros multiply their steps: use shorter lists")

    def _on(self, other: Engine) -> Program:
        return Program(self.text, self.reads, self._tree, self._types, other, self._names, self._nullable)

    def check_by_engine(self) -> None:
        """Compile it now, which is else done when it is first evaluated. Raises CelError for what no engine takes."""
        try:
            self._plain = self._plain or self.compiled(careful=False)
        except DepthError:
            self._on(engine("python")).check_by_engine()

    def check_by_engines(self, engines: Iterable[str]) -> None:
        """Compile it on each of these engines, in both ways. Raises CelError for what one refuses, and no other takes for it."""
        for name in engines:
            program = self._on(engine(name))
            program.check_by_engine()
            with suppress(DepthError):
                program.compiled(careful=True)

    def key_access(self, path: Path) -> KeyAccess:
        """Return what the value depends on of the map at a path."""
        return key_access(self._tree, path)

    @property
    def value_paths(self) -> frozenset[Path]:
        """The paths of the values that it uses, those of elements below the path of their list."""
        return value_paths(self._tree)

    def compiled(self, *, careful: bool) -> Evaluate:
        """Have the engine compile it: as it is, or (`careful`) for a scope that holds values that are not known."""
        return _program(
            self._engine,
            emit(self._tree, self._types, native=self._engine.has_functions, careful=careful, nullable=self._nullable),
            self._names,
        )

    def _evaluate_carefully(self, scope: Scope) -> Value:
        if self._careful is None:
            self._careful = self.compiled(careful=True)
        trace.clear()
        try:
            value = self._careful(scope.activation)
        except EvaluationError as error:
            if trace.unknown:
                return unmarked(trace.unknown[0])
            if str(error) != OPERAND_FAULT:
                raise
            raise EvaluationError(operands(self.reads, scope.converted) or OPERAND_FAULT) from None
        return result_of(value)


class Template:
    """A text with expressions in it."""

    __slots__ = ("_parts", "reads")

    def __init__(self, pattern: str, environment: Environment, opening: str) -> None:
        self._parts: list[str | Program] = []
        for is_expression, part, column in _pieces(pattern, opening):
            try:
                self._parts.append(environment.compile(part) if is_expression else part)
            except CelError as error:
                error.column += column
                raise
        self.reads: frozenset[Path] = frozenset().union(*(p.reads for p in self._parts if isinstance(p, Program)))

    def check_by_engines(self, engines: Iterable[str]) -> None:
        """Compile all its expressions on each of these engines; see `Program.check_by_engines`."""
        for part in self._parts:
            if isinstance(part, Program):
                part.check_by_engines(engines)

    def key_access(self, path: Path) -> KeyAccess:
        """Return what the text depends on of the map at a path."""
        accesses = (part.key_access(path) for part in self._parts if isinstance(part, Program))
        return reduce(operator.or_, accesses, KeyAccess())

    @property
    def value_paths(self) -> frozenset[Path]:
        """The paths of the values that it shows; see `Program.value_paths`."""
        return frozenset().union(*(part.value_paths for part in self._parts if isinstance(part, Program)))

    def evaluate(self, scope: Scope) -> str:
        """Return the text. What is known only after apply reads so. Raises EvaluationError."""
        return "".join(part if isinstance(part, str) else shown(part.evaluate(scope)) for part in self._parts)

    def values(self, scope: Scope) -> list[str | tuple[Value]]:
        """Return the parts: constant text as it is, each value in a tuple of its own. Raises EvaluationError."""
        return [part if isinstance(part, str) else (part.evaluate(scope),) for part in self._parts]


@lru_cache(maxsize=4096)
def _program(engine: Engine, text: str, names: tuple[str, ...]) -> Evaluate:
    """Compile what several definitions say in the same words once. Raises CelError."""
    return engine.program(text, names)


def shown(value: Value) -> str:
    """Return how a value reads in a sentence."""
    if isinstance(value, Unknown):
        return f"({value.reason})"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(value[key])}' for key in sorted(value))}}}"
    return text(value)


def _pieces(pattern: str, opening: str) -> list[tuple[bool, str, int]]:
    """Split a pattern into (is expression, text, column): braces inside strings and maps do not end one."""
    pieces: list[tuple[bool, str, int]] = []
    constant, at = "", 0
    while at < len(pattern):
        if opening == "{" and pattern.startswith(("{{", "}}"), at):
            constant, at = constant + pattern[at], at + 2
        elif pattern.startswith(opening, at):
            end = _closing(pattern, at + len(opening))
            if constant:
                pieces.append((False, constant, at))
            pieces.append((True, pattern[at + len(opening) : end], at + len(opening)))
            constant, at = "", end + 1
        else:
            constant, at = constant + pattern[at], at + 1
    return [*pieces, (False, constant, at)] if constant else pieces


def _closing(pattern: str, start: int) -> int:
    depth, quoted = 0, ""
    for at in range(start, len(pattern)):
        character = pattern[at]
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                return at
            depth -= 1
    raise CelError("an opening brace is not closed", start + 1, "write {{ for a brace that is text")
