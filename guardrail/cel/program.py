"""A compiled expression, and the scope of values that it is evaluated in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from msgspec import Struct, field

from guardrail.cel.analysis.decided import decided
from guardrail.cel.analysis.key_access import KeyAccess, key_access
from guardrail.cel.analysis.names import OPEN, Path, check
from guardrail.cel.analysis.operands import operands
from guardrail.cel.analysis.types import Types
from guardrail.cel.analysis.value_paths import value_paths
from guardrail.cel.engine.conversion import Value, result_of
from guardrail.cel.engine.emit import emit
from guardrail.cel.engine.engines import Compiled, Engine, Evaluate, engine
from guardrail.cel.engine.forms import Form, Forms, of_this_process, portable
from guardrail.cel.expression.syntax import CelError
from guardrail.cel.expression.tree import Macro, Tree, parts
from guardrail.cel.failures import OPERAND_FAULT, DepthError, EvaluationError, StepsError
from guardrail.cel.functions.values import trace, unmarked
from guardrail.cel.lookup import NOWHERE, lookup_of
from guardrail.errors import LimitError
from guardrail.model.unknown import Unknown

_SIMPLE = frozenset({bool, float, int, type(None)})
_WHOLE = _SIMPLE | {str}
"""Types of values that hold nothing which is not known."""


class Scope(Struct, frozen=True, dict=True):
    """Values bound to names, and the paths below them that are known only after apply."""

    engine: Engine
    unknown: tuple[Path, ...] = ()
    converted: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def activation(self) -> Any:
        """The values as the engine takes them."""
        return self.engine.activation(self.converted)

    def touches(self, reads: frozenset[Path]) -> bool:
        """Say whether anything unknown lies on, above or below what is read."""
        for path in self.unknown:
            for read in reads:
                if read[0] == path[0] and read[: len(path)] == path[: len(read)]:
                    return True
        return False


class Analysis(NamedTuple):
    """An expression's tree, and the types of its parts."""

    tree: Tree
    types: Types


class Context(NamedTuple):
    """What expressions are compiled for: an engine, the names that there are, the maps that read null at a key that they lack."""

    engine: Engine
    names: tuple[str, ...]
    nullable: frozenset[Path]


class Program:
    """A compiled expression."""

    __slots__ = ("_analysis", "_careful", "_context", "_forms", "_lookup", "_plain", "form", "text")

    def __init__(
        self, text: str, form: Form, analysis: Callable[[], Analysis], context: Context, forms: Forms | None = None
    ) -> None:
        """Make one of its form and of what gives its tree, asked where the form leaves something open. `forms` hears of what is added."""
        self.text = text
        self.form = form
        self._analysis = analysis
        self._context = context
        self._forms = forms
        self._plain: Evaluate | None = None
        self._careful: Evaluate | None = None
        self._lookup = lookup_of(text, form.reads)

    @property
    def reads(self) -> frozenset[Path]:
        """The context paths that it uses, defined names expanded."""
        return self.form.reads

    def evaluate(self, scope: Scope) -> Value:
        """Return the value, or Unknown if it depends on what is known only after apply.

        Raises EvaluationError if there is no value, LimitError for what goes through too much.
        """
        if self._lookup and (found := self._lookup.value(scope.converted)) is not NOWHERE:
            return found
        is_open = bool(scope.unknown) and scope.touches(self.reads)
        is_googles = self._context.engine.has_functions
        # Google's engine computes what is named, whether it is used or not.
        is_eager = is_googles and "bind" in self.text
        try:
            found = self._evaluate_carefully(scope) if is_open else self._evaluate(scope)
            if not (is_eager and isinstance(found, Unknown)):
                return found
        except (StepsError, DepthError):
            pass
        except EvaluationError:
            # Google's engine meets the error of an operand before one that is not known: which of them counts is for the
            # other to say, as it would where that is the only one.
            if not is_eager and not (is_open and is_googles and self._may_meet_unknown(scope)):
                raise
        return self._evaluate_on_python(scope)

    def _may_meet_unknown(self, scope: Scope) -> bool:
        """Say whether any part may meet what is not known: the other engine takes a third of a second to start."""
        tree, types = self._analysis()
        names = dict.fromkeys(self._context.names, OPEN)

        def meets(part: Tree) -> bool:
            reads = check(part, names)
            if not scope.touches(reads) or isinstance(part, Macro):  # whose variables have no values outside of it
                return scope.touches(reads)
            alone = Program(self.text, Form(reads), lambda: Analysis(part, types), self._context)
            try:
                return type(alone._evaluate_carefully(scope)) not in _WHOLE
            except EvaluationError:
                return any(map(meets, parts(part)))
            except (StepsError, DepthError):
                return True

        return isinstance(tree, Macro) or any(map(meets, parts(tree)))

    def _evaluate(self, scope: Scope) -> Value:
        if self._plain is None:
            self._plain = self.compiled(careful=False)
        try:
            value = self._plain(scope.activation)
            return value if type(value) in _SIMPLE else result_of(value)
        except EvaluationError:
            # Google's engine goes through a map in any order, and may have met another of several errors first.
            return self._evaluate_carefully(scope)

    def _evaluate_on_python(self, scope: Scope) -> Value:
        """Evaluate with the engine in Python what Google's cannot: it ends later, and its bound is ours."""
        other = engine("python")
        if self._context.engine is not other:
            program = self._on(other)
            return program.evaluate(Scope(other, scope.unknown, scope.converted))
        from guardrail.cel.engine.python import MAX_STEPS  # noqa: PLC0415 - loads cel-python, which is loaded by now

        what = f"takes more than {MAX_STEPS:,} steps: {self.text:.80}"
        raise LimitError(what, fix="use shorter lists, or fewer nested macros, whose steps multiply")

    def _on(self, other: Engine) -> Program:
        return Program(self.text, Form(self.reads), self._analysis, self._context._replace(engine=other))

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
        name = ".".join(path)
        if name not in self.form.key_access:
            self.form.key_access[name] = key_access(self._analysis().tree, path)
            self._note_growth()
        return self.form.key_access[name]

    @property
    def depends_on(self) -> frozenset[Path]:
        """The paths that its value depends on: those that it uses, without what its constants leave no say."""
        if self.form.depends_on is None:
            names = dict.fromkeys(self._context.names, OPEN)
            self.form.depends_on = check(decided(self._analysis().tree), names)
            self._note_growth()
        return self.form.depends_on

    @property
    def value_paths(self) -> frozenset[Path]:
        """The paths of the values that it uses, those of elements below the path of their list."""
        if self.form.value_paths is None:
            self.form.value_paths = value_paths(self._analysis().tree)
            self._note_growth()
        return self.form.value_paths

    def compiled(self, *, careful: bool) -> Evaluate:
        """Have the engine compile it: as it is, or (`careful`) for a scope that holds values that are not known."""
        takes, names, nullable = self._context
        if kept := self.form.careful if careful else self.form.plain:
            with suppress(CelError):
                return _restored(takes, kept, names)
        tree, types = self._analysis()
        made = _program(takes, emit(tree, types, native=takes.has_functions, careful=careful, nullable=nullable), names)
        if self._forms:
            setattr(self.form, "careful" if careful else "plain", portable(made.kept()))
            self._note_growth()
        return made.evaluate

    def _note_growth(self) -> None:
        if self._forms:
            self._forms.has_grown = True

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
            # What has no say is not told: others, to which the same holds, may have it.
            raise EvaluationError(operands(self.depends_on, scope.converted) or OPERAND_FAULT) from None
        return result_of(value)


@lru_cache(maxsize=4096)
def _program(engine: Engine, text: str, names: tuple[str, ...]) -> Compiled:
    """Compile what several definitions say in the same words once. Raises CelError."""
    return engine.program(text, names)


@lru_cache(maxsize=4096)
def _restored(engine: Engine, kept: bytes, names: tuple[str, ...]) -> Evaluate:
    """Take up what was kept in the same words once. Raises CelError for what is no form of the engine."""
    return engine.restored(of_this_process(kept), names)
