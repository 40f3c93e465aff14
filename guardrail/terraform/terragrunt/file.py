"""One file of Terragrunt's: what the names in it mean, each evaluated when somebody asks for it, and once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.terraform.configuration.code.files import shown
from guardrail.terraform.language.evaluation import evaluate_or_unknown, render
from guardrail.terraform.language.functions.calling import call as call_of_terraform
from guardrail.terraform.language.functions.file_reader import FileReader
from guardrail.terraform.language.functions.signature import FunctionContext
from guardrail.terraform.language.scope import Budget, EvaluationError, LimitError, ResolvedStep
from guardrail.terraform.language.syntax.nodes import Attribute, Block
from guardrail.terraform.language.types import ANY
from guardrail.terraform.language.values import Cause, Unknown, Value, lazy_object, object_, unknown
from guardrail.terraform.terragrunt import functions
from guardrail.terraform.terragrunt.merging import NO_MERGE, SHALLOW, Inputs, inputs_of, merged
from guardrail.terraform.terragrunt.reading import Reading

PLAN = "plan"
"""The command that is evaluated for."""


class Include(Struct, frozen=True):
    """A file that another one includes: by which name, whether its values may be referred to, and how it is merged."""

    name: str
    file: TerragruntFile
    exposed: bool
    strategy: str


class TerragruntFile:
    """A file, which is the scope of the expressions in it.

    path    where it lies
    folder  what it takes for the folder of its unit: of an included file, that of the file that includes it
    above   the files that led to it
    """

    def __init__(
        self, path: Path, reading: Reading, folder: Path, above: tuple[Path, ...] = (), *, is_included: bool = False
    ) -> None:
        self.path, self.reading, self.folder = path, reading, folder
        self._above, self._is_included = (*above, path), is_included
        self.body = reading.parsed(path).body
        self._locals: dict[str, Value] = {}
        self._in_evaluation: set[str] = set()
        self._others: dict[Path, TerragruntFile] = {}
        self._files = FileReader(reading.top, folder, looked=reading.looked)

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.reading.budget

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function of Terragrunt's, or of Terraform's."""
        found = functions.call(name, arguments, self, where)
        if found is not None:
            return found
        context = FunctionContext(self._files, lambda text, given, file: render(text, given, file, self), where)
        return call_of_terraform(name, arguments, context)

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Return the value of a reference, and how many of the steps after its first name that took."""
        name = steps[0] if steps and isinstance(steps[0], str) else ""
        match root:
            case "local" if name:
                return self._local(name, where), 1
            case "include":
                return self._included_value(name, where)
            case "dependency" if name:
                return self._dependency(name, where), 1
            case "feature" if name:
                return self._feature(name, where), 1
            case "values" | "unit" | "stack":  # a generated unit may well have them
                raise LimitError(f"{root}, which a stack gives", where)
            case _:
                raise EvaluationError(f"{root} is no reference here", where)

    def _local(self, name: str, where: str) -> Value:
        if name not in self._locals:
            given = [
                block.body.attributes[name] for block in self.body.blocks_of("locals") if name in block.body.attributes
            ]
            if not given:
                raise EvaluationError(f"there is no local.{name}", where)
            if name in self._in_evaluation:
                raise LimitError(f"local.{name} refers to itself", where)
            self._in_evaluation.add(name)
            self._locals[name] = evaluate_or_unknown(given[0].expression, self)
            self._in_evaluation.discard(name)
        return self._locals[name]

    @cached_property
    def includes(self) -> tuple[Include, ...]:
        """The files that it includes, in the order in which they are merged. Raises InputError for one that cannot be read."""
        return tuple(map(self._include, self.body.blocks_of("include")))

    def _include(self, block: Block) -> Include:
        path = self.value_in(block, "path")
        if path is None or not isinstance(path.raw, str):
            why = path.first_unknown() if path else None
            raise InputError(
                f"the path of include is not evaluated: {why.why if why else 'it is no text'}", where=block.where
            )
        found = self.at(path.raw)
        if not self.reading.holds(found):
            raise InputError(f"include: {path.raw} is outside of the checkout", where=block.where)
        if found in self._above:
            raise InputError(f"include: {shown(found)} includes itself", where=block.where)
        expose, strategy = self.value_in(block, "expose"), self.value_in(block, "merge_strategy")
        # Expressions of an included file are evaluated as if they stood here: with this file's folder.
        file = TerragruntFile(found, self.reading, self.folder, self._above, is_included=True)
        name = block.labels[0] if block.labels else ""
        return Include(name, file, bool(expose and expose.raw is True), str(strategy.raw) if strategy else SHALLOW)

    def _included_value(self, name: str, where: str) -> tuple[Value, int]:
        for include in self.includes:
            if include.name == name or not include.name:
                if not include.exposed:
                    raise EvaluationError(f"include {include.name} is not exposed".replace("  ", " "), where)
                return include.file.as_value(), 1 if include.name else 0
        raise EvaluationError(f"there is no include {name}", where)

    def parent_folder(self, names: list[str], where: str) -> Path:
        """Return the folder of the file that is included: this one, the one of that name, or the single one."""
        if self._is_included:
            return self.path.parent
        blocks = [block for block in self.body.blocks_of("include") if not names or block.labels == (names[0],)]
        if not blocks and names:
            raise EvaluationError(f"there is no include {names[0]}", where)
        if not blocks:
            return self.folder
        path = self.value_in(blocks[0], "path")
        if path is None or not isinstance(path.raw, str):
            raise LimitError("the path of include is not evaluated", where)
        return self.at(path.raw).parent

    def other(self, path: Path, where: str) -> TerragruntFile:
        """Return a file that is read for its values, as which it has a folder of its own. Raises EvaluationError."""
        if path in self._above:
            raise LimitError(f"{shown(path)} reads itself", where)
        if path not in self._others:
            try:
                self._others[path] = TerragruntFile(path, self.reading, path.parent, self._above)
            except InputError as error:
                raise EvaluationError(str(error), where) from None
        return self._others[path]

    def as_value(self) -> Value:
        """Return what others may read of it."""
        return lazy_object(("locals", "inputs", "dependency", "generate"), self._part, is_open=True)

    def _part(self, name: str) -> Value:
        match name:
            case "locals":
                names = [name for block in self.body.blocks_of("locals") for name in block.body.attributes]
                return lazy_object(names, lambda one: self._local(one, ""))
            case "inputs":
                return self.inputs.as_value()
            case "dependency":
                return lazy_object(self._dependencies(), lambda one: self._dependency(one, ""))
            case "generate":
                return object_({name: object_(parts) for name, parts in self.generated()})
            case _:
                return unknown(ANY, Unknown(Cause.NOT_EVALUATED, f"{name} of {shown(self.path)}"))

    def _dependencies(self) -> list[str]:
        """Return the names of the dependencies of this file and of those that it includes."""
        own = [block.labels[0] for block in self.body.blocks_of("dependency") if block.labels]
        return [*own, *(name for include in self.includes for name in include.file._dependencies())]  # noqa: SLF001

    def _dependency(self, name: str, where: str) -> Value:
        """Return a dependency. Its outputs are in a state that is not read here; its mock outputs stand for them, as in a plan."""
        blocks = [block for block in self.body.blocks_of("dependency") if block.labels == (name,)]
        if not blocks:
            for include in self.includes:
                if name in include.file._dependencies():  # noqa: SLF001
                    return include.file._dependency(name, where)  # noqa: SLF001
            raise EvaluationError(f"there is no dependency {name}", where)
        # Without the list of commands, Terragrunt takes mock outputs for every command.
        mocks, commands = (
            self.value_in(blocks[0], f"mock_outputs{end}") for end in ("", "_allowed_terraform_commands")
        )
        may = commands is None or (
            isinstance(commands.raw, tuple) and any(command.raw == PLAN for command in commands.raw)
        )
        known = mocks.raw if may and mocks and isinstance(mocks.raw, dict) else {}

        def output(one: str) -> Value:
            if one in known:
                self.reading.mocked[name] = None
                mock: Value = known[one]
                return mock
            why = f"dependency.{name}.outputs.{one}, which is only in the state of that unit"
            return unknown(ANY, Unknown(Cause.NOT_EVALUATED, why, where))

        outputs = lazy_object(known, output, is_open=True)
        if not known:
            why = f"dependency.{name}.outputs, which are in the state of that unit"
            outputs = unknown(ANY, Unknown(Cause.NOT_EVALUATED, why, where))
        return lazy_object(("outputs",), lambda _: outputs)

    def _feature(self, name: str, where: str) -> Value:
        blocks = [block for block in self.body.blocks_of("feature") if block.labels == (name,)]
        if not blocks:
            raise EvaluationError(f"there is no feature {name}", where)
        default = self.value_in(blocks[0], "default")
        return object_({"value": default if default is not None else unknown()})

    @cached_property
    def inputs(self) -> Inputs:
        """Its inputs, with those of the files that it includes."""
        given = self.body.attributes.get("inputs")
        found = inputs_of(self.evaluated(given)) if given else Inputs()
        for include in reversed(self.includes):  # a later include wins over an earlier one
            if include.strategy != NO_MERGE:
                found = merged(include.file.inputs, found, include.strategy)
        return found

    def settings(self) -> Iterator[tuple[TerragruntFile, Block]]:
        """Yield the `terraform` blocks with the file that each stands in, those that win first."""
        yield from ((self, block) for block in self.body.blocks_of("terraform"))
        for include in reversed(self.includes):
            if include.strategy != NO_MERGE:
                yield from include.file.settings()

    def generated(self) -> list[tuple[str, dict[str, Value]]]:
        """Return the files that it has generated, by name; what it says wins over what it includes."""
        found = dict(
            one for include in self.includes if include.strategy != NO_MERGE for one in include.file.generated()
        )
        for block in self.body.blocks_of("generate"):
            found["".join(block.labels)] = {name: self.evaluated(part) for name, part in block.body.attributes.items()}
        if attribute := self.body.attributes.get("generate"):
            value = self.evaluated(attribute)
            for name, part in value.raw.items() if isinstance(value.raw, dict) else ():
                found[name] = dict(part.raw.items()) if isinstance(part.raw, dict) else {"contents": part}
            if value.is_unknown:  # so that it is named as missing, and not taken for nothing
                found["generate"] = {"path": value, "contents": value}
        return list(found.items())

    def value_in(self, block: Block, name: str) -> Value | None:
        """Return what a block sets, None where it does not."""
        attribute = block.body.attributes.get(name)
        return self.evaluated(attribute) if attribute else None

    def evaluated(self, attribute: Attribute) -> Value:
        """Return the value of an attribute; one that cannot be evaluated is unknown."""
        return evaluate_or_unknown(attribute.expression, self)

    def at(self, path: str) -> Path:
        """Return where a path leads from the unit's folder."""
        return Path(os.path.normpath(self.folder / path))
