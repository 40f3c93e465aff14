"""Expressions over a known set of names: compile once, bind a scope, evaluate."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from functools import reduce

from msgspec import Struct

from guardrail.cel.analysis.key_access import KeyAccess
from guardrail.cel.analysis.names import Path, Schema, check, expand
from guardrail.cel.analysis.shapes import Shapes, check_shapes
from guardrail.cel.analysis.types import Types, infer
from guardrail.cel.engine.conversion import Value, plain_value
from guardrail.cel.engine.engines import Engine, engine
from guardrail.cel.engine.forms import Form, Forms
from guardrail.cel.engine.lookups import with_lookups
from guardrail.cel.expression.parts import branches, shown_parts, written
from guardrail.cel.expression.syntax import CelError, parse
from guardrail.cel.expression.tree import Tree
from guardrail.cel.failures import EvaluationError
from guardrail.cel.functions.values import text
from guardrail.cel.program import Analysis, Context, Program, Scope
from guardrail.model.unknown import Unknown


class Working(Struct, frozen=True):
    """A part of an expression, as the rule writes it, and what it comes to: a value, or `error` says why there is none."""

    text: str
    value: Value
    error: str
    parts: tuple[Working, ...]


class Environment:
    """The names that exist for a set of expressions, and what is defined over them."""

    def __init__(  # noqa: PLR0913 - what expressions may be read over, each by its name
        self,
        schema: Schema,
        *,
        engine_name: str | None = None,
        declared: Mapping[str, str] | None = None,
        shapes: Shapes | None = None,
        nullable: frozenset[Path] = frozenset(),
        exact: bool = False,
        lookups: frozenset[str] = frozenset(),
        forms: Forms | None = None,
    ) -> None:
        """Read expressions over the names of a schema.

        `shapes` are what is known of data at a path. The maps at `nullable` paths read null at a key that they lack.

        `declared` are the types of names that are no data: their values are bound as they are. `exact` refuses a division of
        whole numbers, whose fraction is lost. `lookups` are the calls that stand for data (`guardrail.cel.engine.lookups`). `forms`
        are what an earlier run has left of these expressions, over these names, and take up what this one adds.
        """
        self._schema = schema
        self._exact = exact
        self._lookups = lookups
        self._shapes = shapes or {}
        self._nullable = nullable
        self._declared = declared or {}
        self._engine: Engine = engine(engine_name)
        self._forms = forms
        self._definitions: dict[str, dict[str, Tree]] = {}
        self._put_off: list[tuple[str, Mapping[str, str]]] = []
        self._programs: dict[str, Program] = {}

    def define(self, namespace: str, expressions: Mapping[str, str]) -> None:
        """Make `namespace.name` stand for an expression, each usable in those after it.

        Raises CelError with an attribute `name` that says which one is at fault.
        """
        self._programs.clear()
        if self._forms and self._forms.known:
            self._put_off.append((namespace, expressions))
        else:
            self._define(namespace, expressions)

    def _define(self, namespace: str, expressions: Mapping[str, str]) -> None:
        defined = self._definitions.setdefault(namespace, {})
        for name, expression in expressions.items():
            try:
                tree = expand(parse(expression), self._definitions)
                self._checked(with_lookups(tree, self._lookups))
            except CelError as error:
                error.name = name
                raise
            defined[name] = tree

    def compile(self, expression: str) -> Program:
        """Return the program of an expression. Raises CelError."""
        if expression not in self._programs:
            form = self._forms.by_text.get(expression) if self._forms else None
            if form:
                self._programs[expression] = Program(
                    expression, form, lambda: self._analysed(parse(expression)), self._context, self._forms
                )
            else:
                program = self._programs[expression] = self._program(parse(expression), expression, self._forms)
                if self._forms:
                    self._forms.add(expression, program.form)
        return self._programs[expression]

    def _program(self, written_tree: Tree, text: str, forms: Forms | None = None) -> Program:
        reads, analysis = self._read(written_tree)
        return Program(text, Form(reads), lambda: analysis, self._context, forms)

    @property
    def _context(self) -> Context:
        return Context(self._engine, tuple(self._schema), self._nullable)

    def _analysed(self, written_tree: Tree) -> Analysis:
        return self._read(written_tree)[1]

    def _read(self, written_tree: Tree) -> tuple[frozenset[Path], Analysis]:
        """Return what an expression reads, and its tree with the types of its parts."""
        while self._put_off:
            self._define(*self._put_off.pop(0))
        tree = with_lookups(expand(written_tree, self._definitions), self._lookups)
        reads, types = self._checked(tree)
        return reads, Analysis(tree, types)

    def _checked(self, tree: Tree) -> tuple[frozenset[Path], Types]:
        reads = check(tree, self._schema)
        types = infer(tree, self._schema, self._declared, exact=self._exact)
        check_shapes(tree, reads, types, self._shapes)
        return reads, types

    def working(self, expression: str, scope: Scope) -> Working:
        """Return an expression and each of its parts with their values. Raises CelError, LimitError."""
        return self._working(parse(expression), expression.strip(), scope, set())

    def _working(self, tree: Tree, text: str, scope: Scope, listed: set[str]) -> Working:
        program = self._program(tree, text)
        try:
            value, error = program.evaluate(scope), ""
        except EvaluationError as fault:
            value, error = None, str(fault)
        listed.add(text)
        inner = (
            self._working(part, part_text, scope, listed)
            for part in shown_parts(tree)
            if (part_text := written(part)) not in listed
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
        return self.rebind(Scope(self._engine), values)

    def rebind(self, scope: Scope, values: Mapping[str, Value]) -> Scope:
        """Bind some names anew; the other values of the scope are not converted again."""
        unknown = [path for path in scope.unknown if path[0] not in values]
        plain = {
            name: value if name in self._declared else plain_value(value, (name,), unknown)
            for name, value in values.items()
        }
        converted = {**scope.converted, **plain}
        return Scope(self._engine, tuple(unknown), converted)


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
