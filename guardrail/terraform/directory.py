"""A folder of configuration as if it were a plan: everything is created, and what only a plan can know is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from guardrail.errors import InputError
from guardrail.model.not_evaluated import NotEvaluated
from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown, with_unknowns
from guardrail.terraform.address import key_value
from guardrail.terraform.blocks import Block, Body
from guardrail.terraform.choices import Choices
from guardrail.terraform.configuration_json import alias_of, configuration_json, provider_of
from guardrail.terraform.evaluation import Evaluation, plain, values_of
from guardrail.terraform.expressions import constant
from guardrail.terraform.fitting import both, fitted
from guardrail.terraform.kept import Evaluated, evaluated
from guardrail.terraform.marks import Instance, Marks, Scope
from guardrail.terraform.module_tree import FolderTree, Module
from guardrail.terraform.moves import moves_of
from guardrail.terraform.nulls import failures
from guardrail.terraform.plan import Plan, read_plan
from guardrail.terraform.source import Sources, with_sources
from guardrail.terraform.tag_carriers import SOMETHING_ELSE, tag_attribute
from guardrail.terraform.configuration.variables import given_variables, workspace_of

_META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"})
_PLAN = "check the JSON of a plan, which knows it"
_UNKNOWN = {"references": ["local.unknown"]}


def read_folder(root: Path, choices: Choices) -> Plan:
    """Evaluate the root module in a folder. Raises InputError for what is no valid configuration."""
    tree = FolderTree(root)
    module = tree.module("")
    if module is None or not module.files:
        raise InputError("no configuration of Terraform in it", where=str(root), fix="name a root module's folder")
    _refuse_circles(tree, module, (root.resolve(),))
    _refuse_faults(tree)
    given, workspace = given_variables(root, module, choices), workspace_of(root, choices)
    found = evaluated(tree, given, workspace, lambda: _Folder(tree, module, given, workspace).evaluated())
    (plan,) = read_plan(found.document.encode(), str(root))
    plan = with_sources(plan, tree)
    return replace(
        plan, not_evaluated=Sources(tree).placed_blocks(found.missing), is_configuration=True, moves=moves_of(tree)
    )


def _refuse_circles(tree: FolderTree, module: Module, above: tuple[Path, ...]) -> None:
    """Refuse modules that call themselves, which have no end. Raises InputError."""
    for call in module.blocks("module"):
        key = f"{module.key}.{call.labels[0]}" if module.key else call.labels[0]
        path, child = tree.path(key), tree.module(key)
        if path is None or child is None:
            continue
        if path.resolve() in above:
            raise InputError("a module that calls itself", where=f"{call.file}:{call.line}", fix="remove the call")
        _refuse_circles(tree, child, (*above, path.resolve()))


def _refuse_faults(tree: FolderTree) -> None:
    """Refuse files of the reader's own in which something is never closed: below the root, tfparse says nothing of them."""
    for module in tree.all():
        for file in module.files:
            if file.fault and not module.remote:
                where, what = file.fault
                raise InputError(what, where=where, fix="mend the configuration")


class _Folder:
    """One root module: what tfparse makes of it, and what of that can be relied on."""

    def __init__(self, tree: FolderTree, module: Module, given: Mapping[str, Json], workspace: str) -> None:
        self.tree, self.given = tree, given
        self.root = Instance("", module)
        self.missing: dict[NotEvaluated, None] = {}
        self._evaluation = Evaluation(tree, given, workspace)
        known, absent = frozenset(given), frozenset(self._evaluation.absent)
        self._unknown = Marks(tree, known, absent)
        self._secret = Marks(tree, known, absent, is_secret=True)
        modules = list(tree.all())
        self._miss_all(what for module in modules for what in module.left)
        faults = (file.fault for module in modules for file in module.files if file.fault)
        self._miss_all(": ".join(fault) for fault in faults)
        blocks = (block for module in modules for file in module.files for block in file.blocks)
        self._has_secrets = any("sensitive" in (block.text or block.json) for block in blocks)

    def evaluated(self) -> Evaluated:
        """Tell what it comes to."""
        changes = [change for instance in self.instances() for change in self.changes(instance)]
        document = {
            "format_version": "1.2",
            "resource_changes": changes,
            "configuration": configuration_json(self.tree, self.providers()),
            "variables": {name: {"value": value} for name, value in {**self.defaults(), **self.given}.items()},
        }
        return Evaluated(json.dumps(document), tuple(self.missing))

    def instances(self) -> Iterator[Instance]:
        """Walk the instances of the modules, each before those that it calls."""
        waiting = [self.root]
        while waiting:
            instance = waiting.pop(0)
            yield instance
            for call in instance.module.blocks("module"):
                waiting += self._called(instance, call)

    def _called(self, instance: Instance, call: Block) -> Iterator[Instance]:
        name, key = call.labels[0], instance.module.key
        address = f"{instance.address}.module.{name}".removeprefix(".")
        child, body = self.tree.module(f"{key}.{name}" if key else name), call.body()
        if child is None:
            source = str(body.get("source", "")).strip('"')
            self._miss(address, f"its source {source} is not here", "run `terraform init`", module=address)
            return
        raws = self._evaluation.calls(instance.address, name)
        if self._is_countable(address, body, Scope(instance), raws, module=address):
            for spelled in sorted(raws, key=_order):
                yield Instance(_keyed(address, spelled), child, key_value(spelled), call, instance)

    def changes(self, instance: Instance) -> Iterator[dict[str, Any]]:
        """Tell of the resources of a module instance, as a plan's JSON would."""
        blocks = instance.module.blocks("resource")
        names = {".".join(block.labels) for block in blocks}
        names |= {f"module.{block.labels[0]}" for block in instance.module.blocks("module")}
        for name in sorted(self._evaluation.names[instance.address] - names):
            address = f"{instance.address}.{name}".removeprefix(".")
            self._miss(address, "its block is not found: is it written in an unusual way?", module=instance.address)
        for block in blocks:
            body = block.body()
            address = f"{instance.address}.{'.'.join(block.labels)}".removeprefix(".")
            raws = self._evaluation.resources(instance.address, block)
            if self._is_countable(address, body, Scope(instance), raws, block.labels[0], instance.address):
                for spelled in sorted(raws, key=_order):
                    scope = Scope(instance, body.get("for_each"), key_value(spelled))
                    yield self._change(block, _keyed(address, spelled), raws[spelled], scope)

    def _change(self, block: Block, address: str, raw: dict[str, Any], scope: Scope) -> dict[str, Any]:
        whole = block.body()
        body = {name: part for name, part in whole.items() if name not in _META}
        values = values_of(raw, [body])
        told = self._unknown.of_block(body, scope, values)
        marks = {**fitted(values, both(told, failures(body, values, scope, self.given))), "id": True}
        tags = tag_attribute(block.labels[0])
        if tags and tags != SOMETHING_ELSE and "." not in tags:
            values.setdefault(tags, None)
        secret = self._secret.of_block(body, scope, values) if self._has_secrets else {}
        return {
            "address": address,
            "mode": "managed",
            "type": block.labels[0],
            "name": block.labels[1],
            "index": scope.key,
            "provider_name": provider_of(whole, block.labels[0]).partition(".")[0],
            "change": {
                "actions": ["create"],
                "before": None,
                "after": known_part(values, marks),
                "after_unknown": marks,
                "after_sensitive": secret,
            },
        }

    def _miss(self, address: str, note: str, remedy: str = _PLAN, *, kind: str = "", module: str = "") -> None:
        self.missing[NotEvaluated(address, note, remedy=remedy, type=kind, module=module)] = None

    def _miss_all(self, said: Iterable[str]) -> None:
        for text in said:
            self._miss("", text)

    def _is_countable(
        self, address: str, body: Body, scope: Scope, raws: Mapping[str, Any], kind: str = "", module: str = ""
    ) -> bool:
        """Say whether the number of instances is known; what is not is said to be missing."""
        for name in ("count", "for_each"):
            if name not in body:
                continue
            mark = self._unknown.of(body[name], scope)
            if mark and not isinstance(mark, dict):
                unknown = with_unknowns(None, mark if isinstance(mark, str) else True, name)
                self.missing[_uncounted(address, unknown, kind, module)] = None
                return False
            if any(name in raw and plain(raw[name]) is None for raw in raws.values()):
                self._miss(address, f"{name} cannot be evaluated", kind=kind, module=module)
                return False
            return True
        if not raws:
            self._miss(address, "cannot be evaluated", kind=kind, module=module)
        return bool(raws)

    def defaults(self) -> dict[str, Json]:
        """Return the variables of the root module that have a default."""
        bodies = {block.labels[0]: block.body() for block in self.root.module.blocks("variable")}
        return {name: constant(body["default"]) for name, body in bodies.items() if "default" in body}

    def providers(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Return what provider blocks come to: regions, zones and default tags."""
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for instance in self.instances():
            for block in instance.module.blocks("provider"):
                body = block.body()
                key = (block.file, block.labels[0], alias_of(body))
                raw = self._evaluation.providers.get(key)
                if raw is None:
                    continue
                values, marks = values_of(raw, [body]), self._unknown.of_block(body, Scope(instance), {})
                told = {name: _told(values[name], marks.get(name)) for name in values if name != "alias"}
                found[key] = told
        return found


def known_part(value: Json, mark: Any) -> Json:
    """Return a value without what is marked as unknown: left out of maps, null in lists."""
    if isinstance(value, dict) and isinstance(mark, dict):
        return {key: known_part(part, mark.get(key)) for key, part in value.items() if not _is_whole(mark.get(key))}
    if isinstance(value, list) and isinstance(mark, list):
        marks = mark + [False] * (len(value) - len(mark))
        return [known_part(part, one) for part, one in zip(value, marks, strict=False)]
    return None if _is_whole(mark) else value


def _is_whole(mark: Any) -> bool:
    return mark is True or isinstance(mark, str)


def _told(value: Json, mark: Any) -> Any:
    if isinstance(value, list) and all(isinstance(block, dict) for block in value):
        marks = mark if isinstance(mark, list) else [{}] * len(value)
        pairs = zip(value, marks, strict=False)
        return [{name: _told(part, one.get(name)) for name, part in block.items()} for block, one in pairs]
    return _UNKNOWN if mark or value is None else {"constant_value": value}


def _uncounted(address: str, unknown: Unknown, kind: str, module: str) -> NotEvaluated:
    """Return a block of which it is not known how many resources it stands for."""
    note = f"{unknown.path} is {unknown.reason}".replace(" is not evaluated:", ":")
    return NotEvaluated(address, note, unknown.kind or Reason.NOT_EVALUATED, unknown.remedy or _PLAN, kind, module)


def _keyed(address: str, spelled: str) -> str:
    return f"{address}[{spelled}]" if spelled else address


def _order(spelled: str) -> tuple[int, str]:
    key = key_value(spelled)
    return (key, "") if isinstance(key, int) else (-1, str(key))
