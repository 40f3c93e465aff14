"""A unit: a folder of Terragrunt's, evaluated to the module that is planned and to what it is given."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.terraform.configuration.code.files import (
    LEADS_OUT,
    configuration_files,
    is_configuration,
    leads_out,
    shown,
)
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.configuration.folder import digest, read_modules
from guardrail.terraform.configuration.variable_files import automatic_files
from guardrail.terraform.language.syntax.nodes import Block
from guardrail.terraform.language.values import Value
from guardrail.terraform.options import Choices, terraform_environment
from guardrail.terraform.plan.reader import Plan
from guardrail.terraform.terragrunt.file import PLAN, TerragruntFile
from guardrail.terraform.terragrunt.reading import FILE_NAMES, Reading, configuration_of

_PRUNED = frozenset({"node_modules"})
_PLANNED = "check the JSON of its plan: terragrunt run --all --json-out-dir plans plan"


def units(folder: Path) -> list[Path]:
    """Return the units in and below a folder: those that have a module to plan, and those that cannot be read.

    A file that another one includes is no unit.
    """
    opened: dict[Path, TerragruntFile | None] = {}
    for place, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _PRUNED)
        if not set(FILE_NAMES).isdisjoint(files):
            opened[Path(place)] = _opened(Path(place))
    included = {include.file.path for file in opened.values() if file for include in file.includes}
    found = []
    for path, file in opened.items():
        # A file with neither `source` nor configuration beside it only groups others, or holds what they read.
        has_module = file is not None and (
            bool(configuration_files(file.folder)) or any("source" in one.body.attributes for _, one in file.settings())
        )
        if file is None or (file.path not in included and has_module):
            found.append(path)
    return found


def _opened(folder: Path) -> TerragruntFile | None:
    """Return the file in a folder with the files that it includes; None where one of them cannot be read."""
    try:
        file = _file(folder, Reading(folder, {}))
        _ = file.includes
    except InputError:
        return None
    return file


def _file(folder: Path, reading: Reading) -> TerragruntFile:
    path = configuration_of(folder)
    if path is None:
        raise InputError("no unit of Terragrunt in it", where=shown(folder), fix="name a folder with a terragrunt.hcl")
    if not reading.holds(path):
        raise InputError(LEADS_OUT, where=shown(path))
    return TerragruntFile(reading.unit / path.name, reading, reading.unit)


def read_unit(folder: Path, choices: Choices) -> Plan:
    """Evaluate the module of a unit with its inputs. Raises InputError for what neither Terragrunt nor Terraform could read."""
    unit = Unit(folder, choices)
    if unit.is_skipped:
        return Plan((), is_configuration=True, warnings=("Terragrunt skips this unit",))
    if unit.module is None:
        return Plan((), is_configuration=True, not_evaluated=unit.not_evaluated())
    own = automatic_files(folder) if unit.module != unit.file.folder else []
    environ = {**choices.environ, **unit.environ}
    passed = replace(choices, given=(*own, *unit.given, *choices.given), environ=environ)
    plan = read_modules(FolderModules(unit.module, unit.added), passed, unit.file.inputs.get)
    mocked = ", ".join(unit.file.reading.mocked)
    notes = (f"mock outputs stand for the outputs of {mocked}",) if mocked else ()
    return replace(plan, not_evaluated=(*unit.not_evaluated(), *plan.not_evaluated), warnings=(*notes, *plan.warnings))


@dataclass
class Unit:
    """A unit, evaluated.

    module   the folder of its root module; None where that is not here, which `missing` says
    added    what Terragrunt puts beside the module's files, by name: what messages call it, and the text
    given    files of variables and assignments that its `extra_arguments` pass on; `environ` the variables that they set
    missing  what of it could not be evaluated
    """

    folder: Path
    choices: Choices
    file: TerragruntFile = field(init=False)
    module: Path | None = field(init=False)
    added: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    given: list[Path | str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    missing: list[NotEvaluated] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file = _file(self.folder, Reading(self.folder, self.choices.environ))
        self.module = self._module()
        # Terragrunt copies the unit's own files to the module's.
        for path in configuration_files(self.file.folder) if self.module != self.file.folder else ():
            if leads_out(path):
                raise InputError(LEADS_OUT, where=shown(path))
            try:
                self.added[path.name] = (shown(path), path.read_bytes())
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror}", where=shown(path)) from None
        for label, parts in self.file.generated():
            self._generate(label, parts)
        extra = [
            (scope, one) for scope, block in self.file.settings() for one in block.body.blocks_of("extra_arguments")
        ]
        named = {one.labels: (scope, one) for scope, one in reversed(extra)}  # of one name, the first wins
        for scope, block in named.values():
            self._pass_on(scope, block)

    @property
    def is_skipped(self) -> bool:
        """Whether Terragrunt does not plan it."""
        attribute = self.file.body.attributes.get("skip")  # before Terragrunt had `exclude` blocks
        conditions = [self.file.evaluated(attribute)] if attribute else []
        for block in self.file.body.blocks_of("exclude"):
            actions = self.file.value_in(block, "actions")
            names = {one.raw for one in actions.raw} if actions and isinstance(actions.raw, tuple) else set()
            if not names.isdisjoint({PLAN, "all"}) and (condition := self.file.value_in(block, "if")) is not None:
                conditions.append(condition)
        return any(value.raw is True for value in conditions)

    def _module(self) -> Path | None:
        """Return the folder of the module that `source` names, the unit's own without one; None if it is not at hand."""
        sources = ((scope.value_in(block, "source")) for scope, block in self.file.settings())
        source = next((value for value in sources if value is not None), None)
        if source is None:
            return self.file.folder
        if not isinstance(source.raw, str):
            self._miss("terraform.source", source)
            return None
        # In "../..//modules/vpc?ref=v1", what stands behind // is a folder in what is fetched.
        base, _, inside = source.raw.partition("?")[0].partition("//")
        found = self.file.at(base) / inside
        is_remote = "::" in source.raw or "://" in source.raw
        if is_remote or (self.file.reading.holds(found) and not configuration_files(found)):
            self._absent(f"its module {source.raw} is not here")
            return None
        if not self.file.reading.holds(found):
            self._absent(f"its module {source.raw} is outside of the checkout")
            return None
        return found

    def not_evaluated(self) -> tuple[NotEvaluated, ...]:
        """Return what could not be evaluated, which may depend on every file that was read."""
        self.file.inputs.as_value().first_unknown()  # evaluates them: what they read is then looked at
        read = sorted(path for path in self.file.reading.looked if path.is_file())
        written = digest(path.read_bytes() for path in read)
        return tuple(replace(one, digest=written) for one in self.missing)

    def _absent(self, note: str) -> None:
        self.missing.append(NotEvaluated("", note, remedy=_PLANNED))

    def _miss(self, what: str, value: Value | None) -> None:
        why = value.first_unknown() if value else None
        said = why.why or why.cause if why else "it is none that Terragrunt takes"
        self.missing.append(NotEvaluated("", f"{what}: {said}", remedy=_PLANNED))

    def _generate(self, label: str, parts: dict[str, Value]) -> None:
        path, contents = parts.get("path"), parts.get("contents")
        exists, disable = parts.get("if_exists"), parts.get("disable")
        if disable is not None and disable.raw is True:
            return
        # A path that is not known may be one of configuration, which is then missing; others nobody reads.
        name = path.raw if path and isinstance(path.raw, str) else "?.tf"
        if "/" in name or not is_configuration(name):
            return
        is_there = name in self.added or (self.module is not None and (self.module / name).exists())
        if exists is not None and exists.raw == "skip" and is_there:
            return
        if name != "?.tf" and contents is not None and isinstance(contents.raw, str):
            self.added[name] = (shown(self.folder / name), contents.raw.encode())
        else:
            self._miss(f"generate {label}", contents if name != "?.tf" else path)

    def _pass_on(self, scope: TerragruntFile, block: Block) -> None:
        commands = self._texts(scope, block, "commands")
        if PLAN not in commands:
            return
        self.given += [self._variables(path) for path in self._texts(scope, block, "required_var_files")]
        optional = map(self._variables, self._texts(scope, block, "optional_var_files"))
        self.given += [path for path in optional if path.is_file()]
        arguments = iter(self._texts(scope, block, "arguments"))
        for argument in arguments:
            # Terraform takes one hyphen and two, and the value behind = or as the next argument.
            flag, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
            if flag in {"var", "var-file"}:
                text = value if equals else next(arguments, "")
                self.given.append(text if flag == "var" else self._variables(text))
        variables = scope.value_in(block, "env_vars")
        known = variables.raw if variables and isinstance(variables.raw, dict) else {}
        texts = {name: value.raw for name, value in known.items() if isinstance(value.raw, str)}
        self.environ |= terraform_environment(texts)
        for name in terraform_environment(dict.fromkeys(known.keys() - texts.keys(), "")):
            self._miss(f"env_vars.{name}", known[name])

    def _texts(self, scope: TerragruntFile, block: Block, name: str) -> list[str]:
        value = scope.value_in(block, name)
        if value is None:
            return []
        parts = value.raw if isinstance(value.raw, tuple) else (value,)
        if not all(isinstance(part.raw, str) for part in parts):
            self._miss(f"{name} of extra_arguments {''.join(block.labels)}", value)
            return []
        return [part.raw for part in parts]

    def _variables(self, path: str) -> Path:
        found = self.file.at(path)
        if not self.file.reading.holds(found):
            raise InputError(f"the file of variables {path} is outside of the checkout", where=shown(self.folder))
        return found
