"""Which values of a configuration only a plan can know, and which are secret: told from expressions, not evaluated.

Marks are those of Terraform's `after_unknown`: True for a whole value, a dict or a list for parts of one, False. A text
is a mark of a whole value too, and says why it could not be evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from guardrail.model.unknown import Json
from guardrail.terraform.blocks import Block, Body
from guardrail.terraform.expressions import attributes, parts_of_call, path_of, references, traversal
from guardrail.terraform.module_tree import Module, ModuleTree

# What has another value each time, and what tfparse cannot evaluate.
_NEVER_KNOWN = re.compile(
    r"\b(?:timestamp|plantimestamp|uuid|bcrypt|ephemeralasnull|templatefile|templatestring)\s*\(|\bprovider::"
)
_SECRET = re.compile(r"\bsensitive\s*\(")
_MAX_DEPTH = 60  # from name to name; Terraform refuses what goes round in circles
_TAKEN = "id"  # tfparse writes an identifier of its own under this name
_KNOWN_HEADS = {"count", "path", "terraform"}
_UNKNOWN_PATHS = {("path", "cwd"), ("terraform", "applying")}


@dataclass(frozen=True, eq=False)
class Instance:
    """An instance of a module: its address, its key, the block that calls it and the instance that this stands in."""

    address: str
    module: Module
    key: Json = None
    call: Block | None = None
    parent: Instance | None = None


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: in which module, what its block iterates over, and what its dynamic blocks do."""

    instance: Instance
    for_each: Any = None
    key: Json = None
    iterators: Mapping[str, Any] | None = None


class Marks:
    """Tells marks of expressions.

    given      the variables of the root module that have a value
    absent     calls of modules whose outputs were not evaluated: (address of the caller, name of the call)
    is_secret  marks of what is sensitive are told, not of what is unknown
    """

    def __init__(
        self, tree: ModuleTree, given: frozenset[str], absent: frozenset[tuple[str, str]], *, is_secret: bool = False
    ) -> None:
        self._tree, self._given, self._absent, self._is_secret = tree, given, absent, is_secret
        self._functions = _SECRET if is_secret else _NEVER_KNOWN
        self._found: dict[tuple[Any, ...], Any] = {}

    def of(self, value: Any, scope: Scope, depth: int = 0) -> Any:
        """Return the marks of an expression."""
        if isinstance(value, dict):
            if any(self.of(f"${{{key}}}", scope, depth) for key in value if key.startswith(("(", '"${'))):
                return True
            return {
                key.strip('"'): mark for key, part in attributes(value) if (mark := self.of(part, scope, depth))
            } or False
        if isinstance(value, list):
            marks = [self.of(part, scope, depth) for part in value]
            return marks if any(marks) else False
        if not isinstance(value, str) or ("${" not in value and "%{" not in value):
            return False
        if self._functions.search(value) or depth > _MAX_DEPTH:
            return True
        path = traversal(value)
        if path:
            return self._target(path, scope, depth + 1)
        mentioned = [path_of(name) for name in references(value)]
        if not self._is_secret and any(is_fragile(path, scope) for path in mentioned):
            return True
        merged = parts_of_call(value, "merge")
        if merged is not None:
            return self._merged(merged, scope, depth)
        return _whole(self._target(path, scope, depth + 1) for path in mentioned)

    def of_block(self, body: Body, scope: Scope, built: Json) -> dict[str, Any]:
        """Return the marks of what a block sets. `built` is what it came to, which tells the number of nested blocks."""
        marks: dict[str, Any] = {}
        is_lost = not self._is_secret and _any(self.of(scope.for_each, scope))  # what is unknown there spoils the rest
        for name, value in attributes(body):
            if name == "dynamic":
                for part in value if isinstance(value, list) else [value]:
                    for label, block in attributes(part):
                        _add(marks, label.strip('"'), self._dynamic(label.strip('"'), block, scope), built)
            elif is_blocks(value):
                for block in value:
                    _add(marks, name, self.of_block(block, scope, {}), built)
            elif (
                mark := (name == _TAKEN and not self._is_secret)
                or self.of(value, scope)
                or (is_lost and _is_computed(value))
            ):
                marks[name] = mark
        return marks

    def _dynamic(self, label: str, block: Any, scope: Scope) -> Any:
        if not isinstance(block, dict) or "__is_block__" not in block:
            return not self._is_secret  # tfparse does not expand those in JSON syntax
        each = self.of(block.get("for_each"), scope)
        if each is True or isinstance(each, str):
            return each
        iterator = traversal(block.get("iterator")) or [block.get("iterator") or label]
        name = iterator[0].removeprefix("${").removesuffix("}").strip('"')
        inner = Scope(scope.instance, scope.for_each, scope.key, {**(scope.iterators or {}), name: bool(each)})
        content = block.get("content")
        return self.of_block(content[0] if isinstance(content, list) and content else content or {}, inner, {})

    def _merged(self, parts: list[Any], scope: Scope, depth: int) -> Any:
        """Return the marks of `merge(...)`: those of the last that has a key; what is unknown itself may have any."""
        merged: dict[str, Any] = {}
        for part in parts:
            mark = self.of(part, scope, depth)
            if mark and not isinstance(mark, dict):
                return mark if isinstance(mark, str) else True
            known = part if isinstance(part, dict) else {}
            merged = {key: one for key, one in merged.items() if key not in {name.strip('"') for name in known}}
            merged.update(mark or {})
        return merged or False

    def _target(self, path: list[str], scope: Scope, depth: int) -> Any:
        head, *rest = path
        if scope.iterators and head in scope.iterators:
            return scope.iterators[head] if rest[:1] == ["value"] else False
        if head in _KNOWN_HEADS:
            return not self._is_secret and tuple(path[:2]) in _UNKNOWN_PATHS
        if head == "each":
            return self._each(rest, scope, depth)
        if head == "data":
            return False if self._is_secret else f"{'.'.join(path[:3])} is read only when a plan is made"
        instance = scope.instance
        if head in {"var", "local"} and rest:
            memo = (instance.address, head, rest[0])
            if memo not in self._found:
                self._found[memo] = True  # whoever comes back here goes round in circles
                tell = self._variable if head == "var" else self._local
                self._found[memo] = tell(rest[0], instance, depth)
            return _part(self._found[memo], rest[1:])
        if head == "module" and rest:
            return self._output(rest, instance, depth)
        block = instance.module.find("resource", head, rest[0]) if rest else None
        return self._attribute(block, rest[1:], instance, depth) if block else head == "self" and not self._is_secret

    def _each(self, rest: list[str], scope: Scope, depth: int) -> Any:
        marks = self.of(scope.for_each, scope, depth)
        if rest[:1] == ["key"] or marks is False:
            return marks if marks is True or isinstance(marks, str) else False
        own = marks.get(str(scope.key), False) if isinstance(marks, dict) else _whole([marks])
        return _part(own, rest[1:])

    def _variable(self, name: str, instance: Instance, depth: int) -> Any:
        block = instance.module.find("variable", name)
        body = block.body() if block else {}
        if self._is_secret and body.get("sensitive") in {"true", "${true}", True}:
            return True
        if instance.parent is None or instance.call is None:
            is_unset = not self._is_secret and name not in self._given and "default" not in body
            return is_unset and f"variable {name} has no value"
        if name == _TAKEN and not self._is_secret:
            return True
        call = instance.call.body()
        if name in call:
            return self.of(call[name], Scope(instance.parent, call.get("for_each"), instance.key), depth)
        return not self._is_secret and "default" not in body and f"variable {name} of {instance.address} has no value"

    def _local(self, name: str, instance: Instance, depth: int) -> Any:
        for block in instance.module.blocks("locals"):
            body = block.body()
            if name in body:
                return self.of(body[name], Scope(instance), depth)
        return not self._is_secret

    def _output(self, path: list[str], instance: Instance, depth: int) -> Any:
        name, *rest = path
        call = instance.module.find("module", name)
        key = f"{instance.module.key}.{name}" if instance.module.key else name
        child = self._tree.module(key) if call else None
        if call is None or child is None or (instance.address, name) in self._absent:
            return not self._is_secret
        body = call.body()
        own: Json = None
        if "for_each" in body or "count" in body:
            own, rest = (rest[0], rest[1:]) if rest else (None, [])
        spelled = "" if own is None else f"[{own}]" if "count" in body else f"[{json.dumps(own)}]"
        address = f"{instance.address}.module.{name}{spelled}".removeprefix(".")
        inner = Instance(address, child, own, call, instance)
        wanted = [child.find("output", rest[0])] if rest else child.blocks("output")
        marks = [self._output_value(block, body, Scope(inner), depth) if block else True for block in wanted]
        return _part(marks[0], rest[1:]) if rest else _whole(marks)

    def _output_value(self, output: Block, call: Body, scope: Scope, depth: int) -> Any:
        """Return the marks of an output. Where an input has its name tfparse tells that one instead."""
        value, name = output.body().get("value"), output.labels[0]
        if name in call and not self._is_secret:
            variable = scope.instance.module.find("variable", name)
            kind = variable.body().get("type", "any") if variable else ""
            if traversal(value) != ["var", name] or str(kind).strip('"${}') not in {"any", "string"}:
                return True
        return self.of(value, scope, depth)

    def _attribute(self, block: Block, path: list[str], instance: Instance, depth: int) -> Any:
        body = block.body()
        key: Json = None
        if ("for_each" in body or "count" in body) and path:
            key, *path = path
        if not path:
            return not self._is_secret
        value = body.get(path[0])
        if path[0] not in body or path[0] == _TAKEN or is_blocks(value):
            return not self._is_secret
        return _part(self.of(value, Scope(instance, body.get("for_each"), key), depth), path[1:])


def _is_computed(value: Any) -> bool:
    """Say whether a value mentions anything else than the key of its instance."""
    return any(name != "each.key" for name in references(value))


def is_fragile(path: list[str], scope: Scope) -> bool:
    """Say whether tfparse gets lost: it does not know of other blocks where it computes in one of several instances."""
    if scope.key is None and scope.for_each is None and not scope.iterators:
        return False
    return path[0] == "module" or (len(path) > 1 and scope.instance.module.find("resource", *path[:2]) is not None)


def is_blocks(value: Any) -> bool:
    """Say whether what a body holds is nested blocks."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and "__is_block__" in one for one in value)
    )


def _add(marks: dict[str, Any], name: str, mark: Any, built: Json) -> None:
    """Add the marks of a nested block. Which of several blocks it becomes is not told: they count for each of them."""
    if not mark or marks.get(name) is True or isinstance(marks.get(name), str):
        return
    if mark is True or isinstance(mark, str):
        marks[name] = mark
        return
    blocks = built.get(name) if isinstance(built, dict) else None
    former = marks[name][0] if marks.get(name) else {}
    marks[name] = [{**former, **mark}] * max(len(blocks) if isinstance(blocks, list) else 1, 1)


def _whole(marks: Iterable[Any]) -> bool | str:
    """Return the mark of what is put together from values with these marks: a reason, if one of them has one."""
    found = [mark for mark in marks if mark]
    return next((mark for mark in found if isinstance(mark, str)), bool(found))


def _any(mark: Any) -> bool:
    return bool(mark)


def _part(mark: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(mark, dict):
            mark = mark.get(step, False)
        elif isinstance(mark, list):
            mark = mark[int(step)] if step.isdigit() and int(step) < len(mark) else True
    return mark
