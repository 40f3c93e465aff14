"""A folder of configuration as if it were a plan: everything is created, and what only a plan can know is unknown."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec.structs import replace

from guardrail.errors import InputError
from guardrail.model.plan.facts import PlanFacts, without_repetition
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Action, Change
from guardrail.model.unknown import Json, not_evaluated, with_unknowns
from guardrail.paths import followed
from guardrail.terraform.address import Address, parse
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.configuration.code.moved_blocks import moves_of
from guardrail.terraform.configuration.code.required import all_required_providers, called_modules
from guardrail.terraform.configuration.code.source_lines import Sources, with_sources
from guardrail.terraform.configuration.module_instance import ModuleCall, ModuleInstance, Run
from guardrail.terraform.configuration.providers import FolderProviders
from guardrail.terraform.configuration.repetition import Key, Repetition
from guardrail.terraform.configuration.resources import Resource
from guardrail.terraform.configuration.sides import json_of, kind_of, origins, reason, side
from guardrail.terraform.configuration.variables import given_variables, selected_workspace, workspace_of
from guardrail.terraform.language.references import references
from guardrail.terraform.language.scope import EvaluationError, Scope
from guardrail.terraform.language.syntax.nodes import Block
from guardrail.terraform.language.values import Cause, Unknown, Value
from guardrail.terraform.options import Choices
from guardrail.terraform.plan.changes import changes_of
from guardrail.terraform.plan.json.data_sources import PREFIX
from guardrail.terraform.plan.json.entries import Entry
from guardrail.terraform.plan.json.facts import LOCK_FILE, locked_versions
from guardrail.terraform.plan.providers import short_name
from guardrail.terraform.plan.reader import Plan
from guardrail.terraform.plan.regions import Located
from guardrail.terraform.plan.tag_carriers import SOMETHING_ELSE, tag_attribute


def read_folder(root: Path, choices: Choices) -> Plan:
    """Evaluate the root module in a folder. Raises InputError for what is no valid configuration."""
    return read_modules(FolderModules(root), choices)


def read_modules(
    modules: FolderModules, choices: Choices, inputs: Callable[[str], Value | None] = lambda _: None
) -> Plan:
    """Evaluate modules, from the root module down. Raises InputError for what is no valid configuration.

    `inputs` returns the value of a variable of the root module that no file, flag or environment gives one: Terragrunt's
    `inputs`, or None.
    """
    root = modules.root
    code = modules.module("")
    if code is None or not code.files:
        raise InputError("no configuration of Terraform in it", where=str(root), fix="name a root module's folder")
    if code.faults:
        raise InputError(code.faults[0].message, where=code.faults[0].where, fix="correct the configuration")
    refuse_circles(modules, "", (followed(root),))
    given = given_variables(root, code, choices)
    more = {name: value for (name,) in code.labelled("variable") if name not in given and (value := inputs(name))}
    files = modules.readable()
    run = Run(modules, workspace_of(root, code, choices), files, {**more, **given})
    instance = ModuleInstance(run, code)
    folder = _Folder(instance)
    plan = with_sources(folder.plan(), modules)
    plan = replace(plan, facts=_facts(instance, modules))
    looked = frozenset((*files.looked, selected_workspace(root), root / LOCK_FILE))
    missing = Sources(modules).blocks_with_lines(plan.not_evaluated)
    return replace(plan, not_evaluated=missing, moves=moves_of(modules), looked=looked)


def _facts(root: ModuleInstance, modules: FolderModules) -> PlanFacts:
    """Return what the configuration says beside its resources."""
    variables = {name: _told(root, ("var", name)) for (name,) in root.code.labelled("variable")}
    outputs = {name: _told(root, ("output", name)) for (name,) in root.code.labelled("output")}
    workspace = root.run.workspace.raw
    if not isinstance(workspace, str):
        workspace = not_evaluated("plan.workspace", reason(workspace) if isinstance(workspace, Unknown) else "")
    return PlanFacts(
        has_configuration=True,
        is_evaluated=True,
        modules=tuple(called_modules(modules)),
        providers=without_repetition(all_required_providers(modules)),
        variables={name: value for name, (value, _) in variables.items()},
        outputs={name: value for name, (value, _) in outputs.items()},
        exported={
            name: frozenset(".".join(map(str, path[:2])) for path in references(block.body))
            for (name,), block in root.code.labelled("output").items()
        },
        secrets=frozenset(
            {f"var.{name}" for name, (_, is_secret) in variables.items() if is_secret}
            | {f"output.{name}" for name, (_, is_secret) in outputs.items() if is_secret}
        ),
        workspace=workspace,
        locked=lambda: locked_versions(modules.root),
    )


def _told(root: ModuleInstance, name: tuple[str, str]) -> tuple[Json, bool]:
    """Return a variable or an output of the root module, and whether it, or a part of it, is sensitive."""
    path = f"plan.{'variables' if name[0] == 'var' else 'outputs'}.{name[1]}"
    try:
        value = root.output(name[1]) if name[0] == "output" else root.resolve("var", (name[1],), "")[0]
    except EvaluationError as error:
        return not_evaluated(path, str(error)), True
    told, mark, secret = json_of(value)
    return with_unknowns(told, mark, path), bool(secret)


def refuse_circles(modules: FolderModules, key: str, above: tuple[Path, ...]) -> None:
    """Refuse modules that call themselves, which have no end. Raises InputError."""
    code = modules.module(key)
    for (name,), call in code.labelled("module").items() if code else ():
        inner = f"{key}.{name}".removeprefix(".")
        path = modules.path(inner)
        if path is not None and followed(path) in above:
            raise InputError("a module that calls itself", where=call.where, fix="remove the call")
        if path is not None:
            refuse_circles(modules, inner, (*above, followed(path)))


class _Folder:
    """Gathers the resources of a configuration as a plan would list them, and what of it could not be evaluated."""

    def __init__(self, root: ModuleInstance) -> None:
        self._root = root
        self._entries: dict[str, Entry] = {}
        self._located: dict[str, Located] = {}
        self._providers = FolderProviders()
        self._missing: dict[NotEvaluated, None] = {}
        self._mentioned: set[str] = set()
        self._modules: list[ModuleInstance] = []

    def plan(self) -> Plan:
        """Evaluate all of it."""
        for instance in self._instances():
            self._modules.append(instance)
            for resource in instance.resources():
                if (why := resource.repetition.unknown) is None:
                    for key in resource.repetition.scopes:
                        self._add_instance(instance, resource, key)
                else:
                    missing = uncounted(
                        resource.address, resource.repetition, why, kind=resource.type, module=instance.address
                    )
                    self._miss(replace(missing, digest=digest(instance.written(resource.block))))
        # Only now is it known which data sources are mentioned: evaluating the resources is what finds out.
        data = [source for module in self._modules for source in self._data_of(module)]
        places = {source.address: place for source, place in data}
        changes = changes_of(self._entries, self._located, self._providers, places)
        return Plan(
            changes,
            not_evaluated=tuple(self._missing),
            is_configuration=True,
            data=tuple(source for source, _ in data),
        )

    def _data_of(self, module: ModuleInstance) -> Iterator[tuple[Change, Located]]:
        """Yield the data sources that resources mention, with the arguments that they have."""
        for source in module.data_sources():
            for key in source.repetition.scopes if source.block.type == "data" else ():
                address = source.address_of(key)
                if address not in self._mentioned:
                    continue
                # Its arguments are all that is known: they stand on both sides, as nothing happens to it.
                values = source.arguments(key)
                asked = side(values, None)
                vendor, provider_key = self._provider_of(module, source.block, source.repetition.scopes[key])
                change = Change(
                    address=address,
                    type=PREFIX + source.type,
                    name=source.block.labels[1],
                    action=Action.NO_OP,
                    before=asked,
                    after=asked,
                    module=module.address,
                    index=key,
                    provider=vendor,
                )
                place = Located(source.type, vendor, provider_key, asked, asked, values.__contains__, {}, is_data=True)
                yield change, place

    def _provider_of(self, module: ModuleInstance, block: Block, scope: Scope) -> tuple[str, str]:
        """Return the short name of the provider of a block, and the key of its configuration, which is taken note of."""
        name, alias, key = module.provider_named(block, scope)
        configuration = module.provider(name, alias, key)
        if configuration is not None:
            self._providers.add(configuration)
        vendor = short_name(module.provider_source(name) or name, block.labels[0])
        return vendor, configuration.key if configuration else name

    def _instances(self) -> Iterator[ModuleInstance]:
        """Yield the instances of the modules, each before those that it calls."""
        waiting, read = deque([self._root]), set[str]()
        while waiting:
            instance = waiting.popleft()
            if instance.key not in read:  # all instances of a module have one text: its faults are said once
                read.add(instance.key)
                faults = (f"{fault.where}: {fault.message}" for fault in instance.code.faults)
                written = digest(dict.fromkeys(block.source.text for block in instance.code.all_blocks))
                for message in (*faults, *instance.code.unmerged):
                    missing = NotEvaluated("", message, remedy="correct the configuration", module=instance.address)
                    self._miss(replace(missing, digest=written))
            for name, message, where in instance.refused_values():
                address = f"{instance.address}.var.{name}".removeprefix(".")
                note = f"Terraform refuses its value ({where}): {message}"
                self._miss(
                    NotEvaluated(address, note, remedy="give it a value that it accepts", module=instance.address)
                )
            yield instance
            for call in instance.module_calls():
                waiting.extend(self._called(call))

    def _called(self, call: ModuleCall) -> Iterator[ModuleInstance]:
        if call.code is None:
            source = call.source or "is an expression, and"
            note, remedy = f"its source {source} is not here", "run `terraform init`"
            if call.leads_out:
                where = "the checkout" if self._root.run.modules.checkout else "the current folder"
                note, remedy = f"its source {source} leads out of {where}", "run guardrail where both lie in it"
            missing = NotEvaluated(call.address, note, remedy=remedy, module=call.address)
            self._miss(replace(missing, digest=digest(call.written())))
        elif (why := call.repetition.unknown) is not None:
            missing = uncounted(call.address, call.repetition, why, module=call.address)
            self._miss(replace(missing, digest=digest(call.written())))
        else:
            yield from map(call.instance, call.repetition.scopes)

    def _add_instance(self, module: ModuleInstance, resource: Resource, key: Key) -> None:
        values = resource.values(key)
        text = resource.address_of(key)
        after = side(values, resource.schema)
        tags = tag_attribute(resource.type)
        # A plan says `tags: null` of a resource that leaves them out: known to be none, not unknown.
        if tags and tags != SOMETHING_ELSE and "." not in tags and tags not in after.unknown:
            after = replace(after, values={tags: None, **after.values})
        vendor, provider_key = self._provider_of(module, resource.block, resource.repetition.scopes[key])
        read = {attribute: found for attribute, value in values.items() if (found := origins(value))}
        self._mentioned.update(*read.values())
        address = parse(text) or Address(module.address, resource.type, resource.block.labels[1])
        self._entries[text] = Entry(address, Action.CREATE, None, after, vendor, vendor, key)
        self._located[text] = Located(
            type=resource.type,
            vendor=vendor,
            provider_key=provider_key,
            before=None,
            after=after,
            is_set=values.__contains__,
            references=read,
        )

    def _miss(self, missing: NotEvaluated) -> None:
        self._missing[missing] = None


def digest(texts: Iterable[bytes]) -> str:
    """Return a hash of how something is written, for telling whether a change touched it.

    Spaces and the ends of lines do not matter to it: `terraform fmt` is no change.
    """
    found = hashlib.sha256()
    for text in texts:
        found.update(b" ".join(text.split()) + b"\0")  # the NUL keeps ("ab", "c") and ("a", "bc") apart
    return found.hexdigest()


def uncounted(address: str, repetition: Repetition, why: Unknown, *, kind: str = "", module: str = "") -> NotEvaluated:
    """Return a block of which it is not known how many resources it stands for."""
    said = "known after apply" if why.cause is Cause.APPLY else reason(why)
    note = f"{repetition.by} is {said}" if why.cause is Cause.APPLY else f"{repetition.by}: {said}"
    remedy = not_evaluated("", why.why).remedy
    return NotEvaluated(address, note, kind_of(why), remedy, kind, module)
