"""An instance of a module: what the names in it mean, each evaluated when somebody asks for it, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from msgspec import Struct, field

from guardrail.terraform.configuration.code.modules import FolderModules, ModuleCode, literal
from guardrail.terraform.configuration.providers import ProviderConfiguration, provider_reference
from guardrail.terraform.configuration.repetition import Key, Repeated, Repetition, repetition, resolved
from guardrail.terraform.configuration.resources import DataSource, Resource, key_suffix, unread_value
from guardrail.terraform.configuration.variables import (
    Constraint,
    constraint_of,
    is_true,
    remote_workspace,
    variable_value,
)
from guardrail.terraform.language.evaluation import evaluate_or_unknown, render
from guardrail.terraform.language.functions.calling import call
from guardrail.terraform.language.functions.file_reader import FileReader
from guardrail.terraform.language.functions.signature import FunctionContext
from guardrail.terraform.language.references import references, static_path
from guardrail.terraform.language.scope import Budget, EvaluationError, LimitError, ResolvedStep, Scope
from guardrail.terraform.language.syntax.nodes import Block, Expression, Node, ObjectExpression
from guardrail.terraform.language.types import STRING
from guardrail.terraform.language.values import Cause, Flag, Unknown, Value, lazy_object, string, unknown


class Run(Struct):
    """One evaluation of a configuration.

    given      the values that the variables of the root module are given
    """

    modules: FolderModules
    workspace: Value
    files: FileReader
    given: dict[str, Value]
    budget: Budget = field(default_factory=Budget)
    constraints: dict[int, Constraint] = field(default_factory=dict)

    def call(self, name: str, arguments: list[Value], where: str, scope: Scope) -> Value:
        """Call a function."""
        context = FunctionContext(self.files, lambda text, given, file: render(text, given, file, scope), where)
        return call(name, arguments, context)


class Constants(Struct):
    """The scope of a variable's default, which may call functions and refer to nothing."""

    run: Run

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.run.budget

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Refuse every name."""
        del steps
        raise EvaluationError(f"{root} may not be referred to here", where)

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function."""
        return self.run.call(name, arguments, where, self)


class ModuleInstance:
    """An instance of a module, which is the scope of the expressions in it.

    address    "" for the root module
    key        names of the calls that lead to it, joined by dots
    parent     where it is called from, by which call, and what the expressions of that are evaluated in
    """

    def __init__(
        self,
        run: Run,
        code: ModuleCode,
        address: str = "",
        key: str = "",
        parent: tuple[ModuleInstance, Block, Scope] | None = None,
    ) -> None:
        self.run, self.code, self.address, self.key, self.parent = run, code, address, key, parent
        self._values: dict[tuple[str, str], Value] = {}
        self._blocks: dict[tuple[str, tuple[str, ...]], Resource | DataSource | ModuleCall] = {}
        self._configurations: dict[tuple[str, str, Key], ProviderConfiguration] = {}
        self._in_evaluation: set[str] = set()

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.run.budget

    def call(self, name: str, arguments: list[Value], where: str) -> Value:
        """Call a function."""
        return self.run.call(name, arguments, where, self)

    def resolve(self, root: str, steps: Sequence[ResolvedStep], where: str) -> tuple[Value, int]:
        """Return the value of a reference, and how many of the steps after its first name that took.

        `steps` are names, and index values: `aws_instance.a[0].id` has root "aws_instance" and steps "a", 0, "id".
        Raises EvaluationError for a name that is not declared.
        """
        names = [step if isinstance(step, str) else "" for step in steps[:2]] + ["", ""]
        match root:
            case "var" | "local" | "path" | "terraform" | "tofu" if names[0]:
                return self._named(root, names[0], where), 1
            case "module" if names[0]:
                return self._of_block("module", (names[0],), steps, 1, where)
            case "data" | "ephemeral" if names[0] and names[1]:
                # Declared or not (the file may be one that could not be read), what it looks up is not known here.
                if (names[0], names[1]) not in self.code.labelled(root):
                    return unread_value(f"{root}.{names[0]}.{names[1]}"), 2
                return self._of_block(root, (names[0], names[1]), steps, 2, where)
            case "resource" if names[0] and names[1]:
                return self._of_block("resource", (names[0], names[1]), steps, 2, where)
            case "each" | "count" | "self":
                raise EvaluationError(f"{root} has no meaning here", where)
            case _ if names[0]:
                return self._of_block("resource", (root, names[0]), steps, 1, where)
            case _:
                raise EvaluationError(f"{root} is no reference", where)

    def written(self, *nodes: Node) -> Iterator[bytes]:
        """Yield the text of parts of the module, and of all that they refer to, in it and in its callers.

        Two sides of a change whose texts are equal come to the same, although nobody can evaluate either.
        """
        waiting, seen = list(nodes), set[int]()  # by id: nodes have no equality, and are kept by the module's code
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node.text.encode()
            for path in references(node):
                root, name, *more = (*(step for step in path if isinstance(step, str)), "")
                waiting += self._declarations(root, name, *more)
                if root == "module":
                    yield from self.written_below(f"{self.key}.{name}".removeprefix("."))
                elif root == "var" and self.parent is None:
                    value = self.run.given.get(name)
                    yield repr(value).encode() if value and value.is_wholly_known() else b""
                elif root == "var" and self.parent is not None:
                    caller, module_call, _ = self.parent
                    if argument := module_call.body.attributes.get(name):
                        yield from caller.written(argument)

    def _declarations(self, root: str, *names: str) -> list[Node]:
        """Return the block or local value of this module that a reference names; none for what it does not declare."""
        if root == "local":
            return [self.code.locals[names[0]]] if names[0] in self.code.locals else []
        kind = "variable" if root == "var" else root if root in {"module", "data", "ephemeral"} else "resource"
        labels = names if root in {"var", "module", "data", "ephemeral"} else (root, *names)
        size = 2 if kind in {"data", "ephemeral", "resource"} else 1
        return [found] if (found := self.code.labelled(kind).get(labels[:size])) else []

    def written_below(self, key: str) -> Iterator[bytes]:
        """Yield the text of a module and of those that it calls.

        Fetched modules are left out: `.terraform` is no part of the checkout, so both sides of a change share one copy.
        """
        code = self.run.modules.module(key)
        if code is None or code.remote:
            return
        yield from (block.text.encode() for block in code.all_blocks)
        for (name,) in code.labelled("module"):
            yield from self.written_below(f"{key}.{name}")

    @contextmanager
    def evaluating(self, name: str, where: str) -> Iterator[None]:
        """Mark something as being evaluated within the block. Raises LimitError where it is already: it refers to itself."""
        if name in self._in_evaluation:
            raise LimitError(f"{name} refers to itself", where)
        self._in_evaluation.add(name)
        try:
            yield
        finally:
            self._in_evaluation.discard(name)

    def _named(self, root: str, name: str, where: str) -> Value:
        """Return the value of `local.name`, `var.name`, `path.name` or `terraform.name`, evaluated once."""
        found = self._values.get((root, name))
        if found is not None:
            return found
        with self.evaluating(f"{root}.{name}", where):
            match root:
                case "local":
                    attribute = self.code.locals.get(name)
                    if attribute is None:
                        raise self._absent(f"local.{name}", where)
                    found = evaluate_or_unknown(attribute.expression, self)
                case "var":
                    found = self._variable(name, where)
                case "path" if name in {"module", "root"}:
                    found = string(self.code.folder if name == "module" else ".")
                case "terraform" | "tofu" if name == "workspace":
                    found = self.run.workspace
                case _:
                    # path.cwd, and terraform.applying, say something of the machine or of the moment.
                    why = f"{root}.{name} depends on where it runs"
                    found = unknown(STRING, Unknown(Cause.NOT_EVALUATED, why, where))
        self._values[root, name] = found
        return found

    def _absent(self, name: str, where: str) -> EvaluationError:
        """Return the error for a name that nothing declares.

        In a module that was not read as a whole it may be declared where it could not be read: then it is a limit of
        ours and no mistake, which `can` and `try` must not turn into an answer.
        """
        return (EvaluationError if self.code.is_whole else LimitError)(f"there is no {name}", where)

    def _variable(self, name: str, where: str) -> Value:
        block = self.code.labelled("variable").get((name,))
        if block is None:
            raise self._absent(f"variable {name}", where)
        if self.parent is None:
            given, of = self.run.given.get(name), ""
            # Its variables are not in any file: without this, people would look for the mistake in their own.
            lack = ": it may be set in the HCP workspace" if remote_workspace(self.code) else ""
        else:
            _, module_call, scope = self.parent
            attribute = module_call.body.attributes.get(name)
            given = evaluate_or_unknown(attribute.expression, scope) if attribute else None
            of, lack = f" of {self.address}", ""
        # By block: the type is the same for all instances of the module.
        constants = Constants(self.run)
        constraint = self.run.constraints.get(id(block))
        if constraint is None:
            constraint = self.run.constraints[id(block)] = constraint_of(block, constants)
        return variable_value(block, given, constraint, constants, of, lack)

    def refused_values(self) -> Iterator[tuple[str, str, str]]:
        """Yield the variables whose value a `validation` of theirs refuses: name, message, file and line.

        A condition that is not known refuses nothing; Terraform asks it again when it applies the plan.
        """
        for (name,), block in self.code.labelled("variable").items():
            for validation in block.body.blocks_of("validation"):
                condition = validation.body.attributes.get("condition")
                holds = evaluate_or_unknown(condition.expression, self) if condition else None
                if holds is not None and holds.raw is False:
                    attribute = validation.body.attributes.get("error_message")
                    said = evaluate_or_unknown(attribute.expression, self) if attribute else None
                    is_shown = said is not None and isinstance(said.raw, str) and not said.is_sensitive
                    yield name, said.raw if said and is_shown else "a validation of it does not hold", validation.where

    def output(self, name: str) -> Value:
        """Return an output. Raises EvaluationError for one that is not there."""
        block = self.code.labelled("output").get((name,))
        if block is None:
            raise self._absent(f"output {name} of {self.address}", "")
        memo = ("output", name)
        found = self._values.get(memo)
        if found is None:
            with self.evaluating(f"output.{name}", block.where):
                attribute = block.body.attributes.get("value")
                found = evaluate_or_unknown(attribute.expression, self) if attribute else unknown()
            # `sensitive = true` of the output, beside what its value is marked with.
            flags = {flag for flag in Flag if is_true(block, flag.value)}
            found = self._values[memo] = found.marked(flags)
        return found

    def _of_block(
        self, type_: str, labels: tuple[str, ...], steps: Sequence[ResolvedStep], taken: int, where: str
    ) -> tuple[Value, int]:
        block = self.code.labelled(type_).get(labels)
        if block is None:
            name = ".".join(labels if type_ == "resource" else (type_, *labels))
            raise self._absent(name, where)
        return resolved(self._repeated(type_, block), steps, taken, where)

    def _repeated(self, type_: str, block: Block) -> Repeated:
        memo = (type_, block.labels)
        found = self._blocks.get(memo)
        if found is None:
            found = self._blocks[memo] = _CLASSES[type_](block, self)
        return found

    def resources(self) -> Iterator[Resource]:
        """Yield the resource blocks."""
        for block in self.code.labelled("resource").values():
            found = self._repeated("resource", block)
            if isinstance(found, Resource):
                yield found

    def data_sources(self) -> Iterator[DataSource]:
        """Yield the data sources that something refers to."""
        yield from (found for found in self._blocks.values() if isinstance(found, DataSource))

    def module_calls(self) -> Iterator[ModuleCall]:
        """Yield the calls of modules."""
        for block in self.code.labelled("module").values():
            found = self._repeated("module", block)
            if isinstance(found, ModuleCall):
                yield found

    def provider_of(self, block: Block, scope: Scope) -> ProviderConfiguration | None:
        """Return the provider configuration that an instance of a resource uses; None where the environment is it."""
        return self.provider(*self.provider_named(block, scope))

    def provider_named(self, block: Block, scope: Scope) -> tuple[str, str, Key]:
        """Return name, alias and instance key of the provider configuration that a resource names.

        Without `provider`, it is the one whose name is the first word of the resource's type, as Terraform has it.
        """
        attribute = block.body.attributes.get("provider")
        found = provider_reference(attribute.expression, scope) if attribute else None
        return found or (block.labels[0].partition("_")[0], "", None)

    def provider_source(self, name: str) -> str:
        """Return the source of a provider by its name in this module; "" where nothing says it."""
        return self.code.provider_sources.get(name, "")

    def provider(self, name: str, alias: str, key: Key) -> ProviderConfiguration | None:
        """Return a provider configuration: the one that is passed, else the module's own, else the one that it inherits.

        None where no block configures it: then the environment of the run does.
        """
        if self.parent is not None:
            outer, _, scope = self.parent
            passed = self._passed.get((name, alias))
            if passed is not None and (named := provider_reference(passed, scope)):
                return outer.provider(*named)
        block = self.code.providers.get((name, alias))
        # An empty block in a module only says that a configuration is passed, or inherited (Terraform before 0.15).
        if block is None or (self.parent is not None and not block.body.attributes.keys() - {"alias", "version"}):
            # Modules inherit the default configuration of a provider; those with an alias are passed, or not there.
            return self.parent[0].provider(name, "", None) if self.parent is not None and not alias else None
        memo = (name, alias, key)
        if memo not in self._configurations:
            instances = repetition(block.body, self)  # OpenTofu has `for_each` in provider blocks
            scope = instances.scopes.get(key if instances.by else None, self)
            text = f"{name}.{alias}" if alias else name
            where = f"{self.address}:" if self.address else ""
            made = ProviderConfiguration(f"{where}{text}{key_suffix(key)}", name, block, scope, self)
            self._configurations[memo] = made
        return self._configurations[memo]

    @cached_property
    def _passed(self) -> dict[tuple[str, str], Expression]:
        attribute = self.parent[1].body.attributes.get("providers") if self.parent else None
        if attribute is None or not isinstance(attribute.expression, ObjectExpression):
            return {}
        named = [(static_path(name), given) for name, given in attribute.expression.items]
        return {(str(path[0]), str(path[1]) if path[1:] else ""): given for path, given in named if path}


class ModuleCall:
    """A module block in one module instance."""

    def __init__(self, block: Block, module: ModuleInstance) -> None:
        self.block, self._module = block, module
        self.name = f"module.{block.labels[0]}"
        self.address = f"{module.address}.{self.name}".removeprefix(".")
        self._key = f"{module.key}.{block.labels[0]}".removeprefix(".")
        self.code = module.run.modules.module(self._key)
        self._instances: dict[Key, ModuleInstance] = {}

    @cached_property
    def repetition(self) -> Repetition:
        """Its instances."""
        if self.code is None:
            return Repetition(unknown=Unknown(Cause.NOT_EVALUATED, f"{self.name} is not here"))
        with self._module.evaluating(self.name, self.block.where):
            return repetition(self.block.body, self._module)

    def written(self) -> Iterator[bytes]:
        """Yield its text, that of all it refers to, and the module's."""
        yield from self._module.written(self.block)
        yield from self._module.written_below(self._key)

    @property
    def source(self) -> str:
        """Where the module is from, "" where an expression says it."""
        return literal(self.block, "source")

    @property
    def leads_out(self) -> bool:
        """Whether its source is a folder that is not read, as it lies outside."""
        return self._module.run.modules.leads_out(self._key)

    def instance(self, key: Key) -> ModuleInstance:
        """Return the instance with a key."""
        if self.code is None:
            raise AssertionError(self.name)  # a call without code has no instances to ask for
        if key not in self._instances:
            parent = (self._module, self.block, self.repetition.scopes[key])
            made = ModuleInstance(self._module.run, self.code, self.address + key_suffix(key), self._key, parent)
            self._instances[key] = made
        return self._instances[key]

    def whole(self, key: Key) -> Value:
        """Return the outputs of an instance as an object."""
        names = [name for (name,) in self.code.labelled("output")] if self.code else []
        return lazy_object(names, self.instance(key).output)

    def attribute(self, key: Key, name: str) -> Value:
        """Return one output of an instance."""
        return self.instance(key).output(name)


_CLASSES: dict[str, Callable[[Block, ModuleInstance], Resource | DataSource | ModuleCall]] = {
    "resource": Resource,
    "module": ModuleCall,
    "data": DataSource,
    "ephemeral": DataSource,
}
