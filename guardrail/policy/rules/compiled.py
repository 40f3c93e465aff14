"""A rule ready to be asked: its expressions compiled, and the answer that they give together."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, reduce

from msgspec import Struct

from guardrail.cel import (
    CelError,
    Environment,
    EvaluationError,
    KeyAccess,
    Path,
    Program,
    Schema,
    Scope,
    Shapes,
    Template,
    installed_engines,
)
from guardrail.cel.compiled_expressions import CompiledExpressions
from guardrail.errors import GuardrailError, LimitError, RuleError
from guardrail.files.yaml_file import Place
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.rules.literal import literal
from guardrail.policy.rules.plan_shapes import PlanShapes
from guardrail.policy.rules.remedies import EACH, CompiledEdit, compile_edits
from guardrail.policy.rules.resource_types import NO_TYPES, ResourceTypes
from guardrail.policy.rules.rule import Rule, RuleFile, RuleScope
from guardrail.policy.variables.context import (
    KNOWN_COST,
    LOOKUPS,
    NULLABLE,
    PLAN_LOOKUPS,
    RELATIONS,
    WITH_USAGE,
    compared,
    needed,
    schema,
)
from guardrail.policy.variables.cost_groups import COST


class Answer(Struct, frozen=True):
    """What a rule says of one thing.

    failed    numbers of the validations that do not hold
    unknown   what the answer waits for, if nothing failed but not all is known
    error     why there is no answer at all, "" if there is one
    skipped   the rule does not apply (its `when` is false)
    """

    failed: tuple[int, ...] = ()
    unknown: Unknown | None = None
    error: str = ""
    skipped: bool = False

    @property
    def passed(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.failed or self.unknown or self.error)


_RELATIONS = {(relation,) for relation in RELATIONS}
_OF_OTHERS = {*_RELATIONS, ("tags_of",)}
_Part = tuple[Callable[[str, Place], object], str, Place]

PASSED = Answer()
SKIPPED = Answer(skipped=True)


class CompiledRule(Struct, frozen=True, dict=True):
    """A rule with its programs. `source` says where it came from, `engine` what they were compiled for, `kept` where their forms are."""

    source: RuleFile
    when: Program | None
    expressions: tuple[Program, ...]
    messages: tuple[Template, ...]
    engine: str | None = None
    edits: tuple[CompiledEdit, ...] = ()
    kept: CompiledExpressions | None = None
    saving: Program | None = None

    @property
    def rule(self) -> Rule:
        """What the file says."""
        return self.source.rule

    @cached_property
    def reads(self) -> frozenset[Path]:
        """The variables that the answer depends on."""
        return needed(path for program in self._programs for path in program.reads)

    @cached_property
    def shown(self) -> frozenset[Path]:
        """The variables that the answer depends on or its messages show."""
        return self.reads | needed(path for template in self.messages for path in template.reads)

    @cached_property
    def answer_keys(self) -> tuple[Path, ...]:
        """What of a resource the answer depends on, as `guardrail.policy.variables.view` reads it."""
        depends_on = needed(path for program in self._programs for path in program.depends_on)
        return compared(depends_on, _accesses(self._programs))

    @cached_property
    def message_keys(self) -> tuple[Path, ...]:
        """What of a resource its messages depend on."""
        return compared(needed(path for template in self.messages for path in template.reads), _accesses(self.messages))

    @cached_property
    def edited(self) -> frozenset[Path]:
        """The variables that its edits, and what they save, depend on."""
        saving = self.saving.reads if self.saving else frozenset()
        return needed(path for reads in (*(edit.reads for edit in self.edits), saving) for path in reads)

    @property
    def _programs(self) -> tuple[Program, ...]:
        return (*self.expressions, *([self.when] if self.when else []))

    @cached_property
    def looks_at(self) -> frozenset[Path]:
        """What answer, messages and edits use of elements of lists, for the rules that read any."""
        # Few rules read lists, and only for these are the parts of expressions gone through.
        if not any(path[0] == "plan" or path[1:2] in _RELATIONS for path in self.shown | self.edited):
            return frozenset()
        parts: list[Program | Template | CompiledEdit] = [*self._programs, *self.messages, *self.edits]
        parts += [self.saving] if self.saving else []
        return frozenset[Path]().union(*(part.value_paths for part in parts))

    @cached_property
    def reads_relations(self) -> bool:
        """Whether the answer depends on what a resource refers to, or what refers to it."""
        return any(path[0] == "resource" and path[1:2] in _OF_OTHERS for path in self.reads)

    @cached_property
    def reads_cost(self) -> bool:
        """Whether the answer depends on what a resource costs."""
        return any(path[:2] == ("resource", "cost") for path in self.reads)

    @cached_property
    def judges_known_cost(self) -> bool:
        """Whether the answer depends on an amount that leaves out usage that is not given, and does not ask for that."""
        groups = [path[-1] for program in self._programs for path in program.reads if path[:2] == COST]
        reads_known = bool(groups) or not self.reads.isdisjoint(KNOWN_COST)
        return reads_known and self.reads.isdisjoint(WITH_USAGE) and "with_usage" not in groups

    def check_by_engine(self) -> None:
        """Have the engine take the expressions that the answer depends on. Raises RuleError for one that it refuses."""
        named = zip(
            [("when",)] * bool(self.when) + [("validations", i, "expression") for i in range(len(self.expressions))],
            [*([self.when] if self.when else []), *self.expressions],
            strict=True,
        )
        for place, program in named:
            try:
                program.check_by_engine()
            except CelError as error:
                raise located(self.source, error, place) from None

    def answer(self, scope: Scope) -> Answer:
        """Judge what is bound. A condition that is not known yet leaves open only what it decides.

        Raises LimitError past the bound on an expression's steps, RuleError for a fault that only the engine finds.
        """
        try:
            applies = True if self.when is None else _truth(self.when, scope)
            if applies is False:
                return SKIPPED
            verdicts = [_truth(program, scope) for program in self.expressions]
        except EvaluationError as error:
            return Answer(error=str(error))
        except LimitError as error:
            raise self.past(error) from None
        except CelError as error:  # a fault that only the engine could find
            raise RuleError(f"rule {self.rule.id}: {error}", where=self.source.file.where(("validations",))) from None
        failed = tuple(index for index, verdict in enumerate(verdicts) if verdict is False)
        waits = next((verdict for verdict in (applies, *verdicts) if isinstance(verdict, Unknown)), None)
        # Where it is not known whether the rule applies, neither a failure nor a pass is certain.
        if failed and not isinstance(applies, Unknown):
            return Answer(failed=failed)
        if failed or any(isinstance(verdict, Unknown) for verdict in verdicts):
            return Answer(unknown=waits)
        return PASSED

    def texts(self, failed: tuple[int, ...], scope: Scope) -> tuple[str, ...]:
        """Return the messages of the validations that do not hold."""
        return tuple(self._text(index, scope) for index in failed)

    def _text(self, index: int, scope: Scope) -> str:
        try:
            return self.messages[index].evaluate(scope)
        except EvaluationError:  # what makes the rule fail can keep its message from being built: a null, a secret
            return self.rule.title
        except LimitError as error:
            raise self.past(error) from None
        except CelError as error:
            raise located(self.source, error, ("validations", index, "message")) from None

    def past(self, error: LimitError) -> LimitError:
        """Return the error with the rule's name and place."""
        return LimitError(f"rule {self.rule.id} {error.what}", where=self.source.file.where(("id",)), fix=error.fix)


def _accesses(asked: Sequence[Program | Template]) -> Callable[[Path], KeyAccess]:
    """Return what tells what of a variable is looked at."""
    return lambda path: reduce(operator.or_, (one.key_access(path) for one in asked), KeyAccess())


def _truth(program: Program, scope: Scope) -> bool | Unknown:
    value = program.evaluate(scope)
    if isinstance(value, bool | Unknown):
        return value
    raise EvaluationError(f"{program.text:.80} is {_kind(value)}, not true or false")


def _kind(value: Json) -> str:
    return {str: "a text", float: "a number", list: "a list", dict: "a map"}.get(type(value), "null")


def compile_rule(
    source: RuleFile,
    *,
    engine: str | None = None,
    types: ResourceTypes = NO_TYPES,
    kept: CompiledExpressions | None = None,
) -> CompiledRule:
    """Compile a rule's expressions. `types` tell which attributes there are, `kept` what an earlier run has made of them.

    Raises RuleError with file, line and column.
    """
    rule = source.rule
    compiler, edits = _compilers(source, engine, types, kept=kept)
    return CompiledRule(
        source,
        _condition(compiler, rule),
        tuple(compiler.program(v.expression, ("validations", i, "expression")) for i, v in enumerate(rule.validations)),
        tuple(compiler.template(v.message, ("validations", i, "message")) for i, v in enumerate(rule.validations)),
        engine,
        compile_edits(rule.edits, edits.program, edits.template),
        kept,
        compiler.program(rule.saving, ("saving",)) if rule.saving else None,
    )


def _condition(compiler: _Compiler, rule: Rule) -> Program | None:
    """Compile what has to be true for a rule to apply; a fault is told by its place in `when` as it is written."""
    if rule.when and rule.applies_when != rule.when:
        compiler.program(rule.when, ("when",))
    return compiler.program(rule.applies_when, ("when",)) if rule.applies_when else None


def environment_of(source: RuleFile, engine: str | None = None) -> Environment:
    """Return what a rule's expressions are read over. Raises RuleError with file, line and column."""
    return _compilers(source, engine, NO_TYPES)[0].environment


def compile_faults(source: RuleFile, types: ResourceTypes = NO_TYPES) -> list[GuardrailError]:
    """Return all that is wrong with a rule's expressions; only the first of what others build on."""
    rule = source.rule
    try:
        compiler, edits = _compilers(source, None, types, engines=installed_engines())
    except RuleError as error:
        return [error]
    faults: list[GuardrailError] = []
    parts: list[_Part] = [(compiler.program, rule.when, ("when",))] if rule.when else []
    for i, one in enumerate(rule.validations):
        parts.append((compiler.program, one.expression, ("validations", i, "expression")))
        parts.append((compiler.template, one.message, ("validations", i, "message")))
    parts += [(compiler.program, rule.saving, ("saving",))] if rule.saving else []
    for make, text, place in parts:
        try:
            make(text, place)
        except RuleError as error:
            faults.append(error)
    try:
        compile_edits(rule.edits, edits.program, edits.template)
    except RuleError as error:
        faults.append(error)
    return faults


def _compilers(
    source: RuleFile,
    engine: str | None,
    types: ResourceTypes,
    engines: Sequence[str] = (),
    kept: CompiledExpressions | None = None,
) -> tuple[_Compiler, _Compiler]:
    """Return what compiles a rule's expressions, and those of its edits. `engines` have to take them beside its own."""
    rule = source.rule
    # A type that guardrail has no schema of may have any attribute.
    is_open = rule.scope is not RuleScope.RESOURCE or rule.match.types_extra
    shapes: Shapes = PlanShapes(types, () if is_open else rule.match.types)

    def compiler(names: Schema) -> _Compiler:
        # Edits may share the forms: what they have beside the rule's names, no expression of the rule can name.
        environment = Environment(
            names,
            engine_name=engine,
            shapes=shapes,
            nullable=NULLABLE,
            lookups=LOOKUPS | PLAN_LOOKUPS,
            forms=kept.forms if kept else None,
        )
        return _defined(_Compiler(source, environment, engines))

    first = compiler(schema(rule.scope))
    return first, compiler({**schema(rule.scope), **EACH}) if rule.edits else first


def _defined(compiler: _Compiler) -> _Compiler:
    """Return it with the rule's parameters and variables."""
    source = compiler.source
    compiler.define("params", {name: _constant(source, name, value) for name, value in source.rule.params.items()})
    compiler.define("variables", source.rule.variables)
    return compiler


def _constant(source: RuleFile, name: str, value: Json) -> str:
    try:
        return literal(value)
    except ValueError as error:
        raise RuleError(f"params.{name}: {error}", where=source.file.where(("params", name))) from None


class _Compiler:
    """Compiles and says where in the file a fault lies."""

    def __init__(self, source: RuleFile, environment: Environment, engines: Sequence[str]) -> None:
        self.source = source
        self.environment = environment
        self.engines = engines

    def define(self, namespace: str, expressions: Mapping[str, str]) -> None:
        try:
            self.environment.define(namespace, expressions)
        except CelError as error:
            raise located(self.source, error, (namespace, error.name)) from None

    def program(self, text: str, place: Place) -> Program:
        try:
            program = self.environment.compile(text)
            program.check_by_engines(self.engines)
        except CelError as error:
            raise located(self.source, error, place) from None
        return program

    def template(self, text: str, place: Place) -> Template:
        try:
            template = self.environment.template(text)
            template.check_by_engines(self.engines)
        except CelError as error:
            raise located(self.source, error, place) from None
        return template


def located(source: RuleFile, error: CelError, place: Place) -> RuleError:
    """Return the error of an expression with its place in the rule's file."""
    where, column = source.file.inside(place, error.column)
    at = f"column {column}" if column else f"column {error.column} of {'.'.join(map(str, place))}"
    scope = source.rule.scope
    hint = error.hint
    if scope is not RuleScope.RESOURCE and "no such name: resource" in error.message:
        hint = f"a rule of scope {scope} is not evaluated for single resources"
    return RuleError(f"{error.message}, {at}", where=where, fix=hint)
