"""Which resources the configuration of a resource mentions, attribute by attribute, through modules."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from guardrail.model.unknown import Json, Unknown, has_marks
from guardrail.terraform.address import Address, key_value, parse, steps
from guardrail.terraform.plan.json.document import ConfigResource
from guardrail.terraform.plan.json.modules import ModuleInstance, Modules, specific

_DECODED = 256  # blocks
_MAX_STEPS = 50  # through variables and outputs; a plan with a longer chain than that was not written by Terraform
_ITERATION = ("count.", "each.")
_CONSTANT = {"constant_value"}  # the keys of an expression that mentions nothing, as most are


class _Scope(Struct, frozen=True):
    """Where an expression stands: the module instance, the key of the block's instance, and what it iterates over."""

    instance: ModuleInstance
    key: str = ""
    for_each: Json = None


class Mentions(Struct, frozen=True):
    """What the configuration of a resource mentions.

    addresses  attribute name -> addresses in the order of mention
    through_locals  attribute name -> where it leads to a local value: the name inside of a nested block, "" for the
               attribute itself, and the address of the module instance
    written    paths of the unknown values that it sets (Side.written); None where there is no configuration
    """

    addresses: Mapping[str, tuple[str, ...]]
    through_locals: Mapping[str, tuple[tuple[str, str], ...]]
    written: frozenset[str] | None


NO_MENTIONS = Mentions({}, {}, None)
_CONSTANTS = Mentions({}, {}, frozenset())


class _Found(Struct, frozen=True):
    """What an expression mentions; that of a whole block is shared by all its instances, not looked through for each.

    addresses  of resources, and of data sources
    modules    addresses of the module instances whose local values it mentions: the JSON does not follow these
    missing    whether it mentions what is not in the plan
    """

    addresses: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    missing: bool = False

    def __bool__(self) -> bool:
        return bool(self.addresses or self.modules or self.missing)


_NOTHING, _NOT_THERE = _Found(), _Found(missing=True)


class _Part(Struct, frozen=True):
    """An expression of a block that mentions something.

    attribute  the outermost attribute or nested block that it lies in
    path       its place without those in lists: root_block_device.volume_size
    leaf       its name inside of a nested block, "" for the attribute itself
    mentioned  lists of references
    """

    attribute: str
    path: str
    leaf: str
    mentioned: tuple[tuple[str, ...], ...]


class References:
    """Resolves what expressions mention to the addresses of resources of the plan, and of data sources.

    `data` are the data sources that have been mentioned so far.
    """

    def __init__(self, modules: Modules, addresses: Mapping[str, Address]) -> None:
        self._modules = modules
        self._instances: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._calls: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._found: dict[tuple[str, str, tuple[str, ...]], _Found] = {}
        self._iterated: dict[tuple[str, int], tuple[_Found, dict[str, _Found]]] = {}
        self._whole: dict[tuple[str, str], _Found] = {}  # of all instances of a block or a module, which is shared
        self._referring: dict[int, bool] = {}
        self._decoded: dict[int, tuple[Mapping[str, Json], list[_Part]]] = {}
        self.data: set[str] = set()
        for text, address in addresses.items():
            self._instances[address.module, address.resource][address.key] = text
        for module in dict.fromkeys(address.module for address in addresses.values()):
            parent = ""
            for so_far, name, key in steps(module):
                self._calls[parent, name][key] = so_far
                parent = so_far

    def of(self, address: Address, block: ConfigResource | None, unknown: Mapping[str, Json]) -> Mentions:
        """Return what each attribute mentions; nested blocks count for their outermost one.

        `unknown` are the marks of the resource's values that are known only after apply.
        """
        instance = self._modules.instance(address.module)
        if block is None or instance is None:
            return NO_MENTIONS
        nested: dict[str, list[Json]] = {}
        if list in map(type, unknown.values()):  # of few resources
            nested = {name: mark for name, mark in unknown.items() if isinstance(mark, list) and has_marks(mark)}
        if not nested and not self._has_references(block):
            return _CONSTANTS
        expressions, parts = self._parts_of(block)
        scope = _Scope(instance, address.key, block.for_each_expression)
        by_attribute: defaultdict[str, list[_Found]] = defaultdict(list)
        through: defaultdict[str, tuple[tuple[str, str], ...]] = defaultdict(tuple)
        written: set[str] = set()
        for part in parts:
            found = _joined([self._mentioned(names, scope, 0) for names in part.mentioned])
            if found:
                by_attribute[part.attribute].append(found)
                if unknown.get(part.attribute):
                    written.add(part.path)
                if found.modules:
                    through[part.attribute] += tuple((part.leaf, module) for module in found.modules)
        for name, mark in nested.items():
            written.update(_of_dynamic_blocks(expressions.get(name), mark, name))
        addresses = {name: all_ for name, several in by_attribute.items() if (all_ := _joined(several).addresses)}
        return Mentions(addresses, dict(through), frozenset(written))

    def _has_references(self, block: ConfigResource) -> bool:
        """Most blocks are constants: the raw bytes tell without decoding them."""
        known = self._referring.get(id(block))
        if known is None:
            known = self._referring[id(block)] = b'"references"' in memoryview(block.expressions).tobytes()
        return known

    def _parts_of(self, block: ConfigResource) -> tuple[Mapping[str, Json], list[_Part]]:
        """Decode a block once for many of its instances, and keep few: a plan may have as many blocks as resources."""
        if id(block) not in self._decoded:
            if len(self._decoded) >= _DECODED:
                self._decoded.clear()
            expressions = block.all_expressions()
            parts = [part for name, expression in expressions.items() for part in _parts(expression, name, name)]
            self._decoded[id(block)] = expressions, parts
        return self._decoded[id(block)]

    def _resolve(self, expression: Json, scope: _Scope, depth: int) -> _Found:
        if depth > _MAX_STEPS:
            return _NOTHING
        return _joined([self._mentioned(names, scope, depth) for names in _lists(expression)])

    def _mentioned(self, names: tuple[str, ...], scope: _Scope, depth: int) -> _Found:
        iteration = [name for name in names if name.startswith(_ITERATION)]
        # What does not depend on the instance is the same for all of them, and may be long.
        where = f"{scope.key} {id(scope.for_each)}" if iteration else ""
        memo = (scope.instance.address, where, names)
        if memo not in self._found:
            self._found[memo] = (
                _NOTHING  # while it is being found: variables and outputs may refer to each other in a circle
            )
            keys = {key for name in specific(iteration) if (key := self._key(name, scope))}
            self._found[memo] = _joined([self._target(name, scope, depth, keys) for name in specific(names)])
        return self._found[memo]

    def _key(self, name: str, scope: _Scope) -> str:
        """Return the key that `count.index`, `each.key` or `each.value.x` comes to, as an address spells it; "" if unknown.

        What a block iterates over is known where it is a constant or a variable, as far as the JSON tells; without that,
        `each.value` is the key as in a set, and nothing tells what lies in it.
        """
        if not name.startswith("each.value"):
            return scope.key
        known, path = self._modules.value(scope.for_each, scope.instance), name.split(".")[2:]
        value = known.get(key_value(scope.key)) if isinstance(known, dict) else None
        # for_each = toset([...]) is a list here, if it is told at all: its elements are the keys.
        if value is None or isinstance(value, Unknown):
            return "" if path or isinstance(value, Unknown) else scope.key
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return json.dumps(value) if isinstance(value, str | int) else ""

    def _target(self, name: str, scope: _Scope, depth: int, keys: AbstractSet[str]) -> _Found:
        instance = scope.instance
        head, _, rest = name.partition(".")
        if head == "var" and instance.parent:
            caller = _Scope(instance.parent, instance.key, instance.call.for_each_expression if instance.call else None)
            return self._resolve(instance.inputs.get(rest.partition(".")[0]), caller, depth + 1)
        if head == "each":
            return self._of_each(scope, depth)
        if head == "local":
            return _Found(modules=(instance.address,))
        if head == "var" and self._modules.is_unset(rest.partition(".")[0]):
            return _NOT_THERE
        if head in {"var", "path", "terraform", "self", "count"}:  # names that lead to no resource
            return _NOTHING
        if head == "module":
            return self._output(name, scope, depth, keys)
        return self._resource(name, instance, keys)

    def _resource(self, name: str, instance: ModuleInstance, keys: AbstractSet[str]) -> _Found:
        """Resolve the name of a resource, or of a data source; all of its instances where the key is computed."""
        target = parse(name)
        if target is None:
            return _NOTHING
        if target.is_data:
            key = target.key or (next(iter(keys)) if len(keys) == 1 else "")
            source = f"{instance.address}.data.{target.resource}".removeprefix(".") + (f"[{key}]" if key else "")
            self.data.add(source)
            return _Found((source,))
        # What is not among the resources of the plan may be anything: it is mentioned, and nothing is known of it.
        instances = self._instances.get((instance.address, target.resource), {})
        if not instances:
            return _NOT_THERE
        if (chosen := _chosen(instances, target.key, keys)) is not None:
            return _Found(chosen) if chosen else _NOT_THERE
        where = (instance.address, target.resource)
        if where not in self._whole:
            self._whole[where] = _Found(tuple(instances.values()))
        return self._whole[where]

    def _of_each(self, scope: _Scope, depth: int) -> _Found:
        """Resolve `each`, which stands for the instance with the same key of what the block iterates over."""
        where = (scope.instance.address, id(scope.for_each))
        if where not in self._iterated:
            found = self._resolve(scope.for_each, _Scope(scope.instance), depth + 1)
            by_key: defaultdict[str, list[str]] = defaultdict(list)
            for text in found.addresses:
                if target := parse(text):
                    by_key[target.key].append(text)
            self._iterated[where] = (found, {key: _Found(tuple(same)) for key, same in by_key.items()})
        found, keyed = self._iterated[where]
        return keyed.get(scope.key, found)

    def _output(self, name: str, scope: _Scope, depth: int, keys: AbstractSet[str]) -> _Found:
        """Resolve an output; all of them where the key is computed, since Terraform then writes the module alone."""
        module, call, key = next(steps(name), ("", "", ""))
        wanted = re.split(r"[.\[]", name[len(module) + 1 :])[0]
        modules = self._calls.get((scope.instance.address, call), {})
        if not modules:
            return _NOT_THERE
        chosen = _chosen(modules, key, keys)
        where = (scope.instance.address, name)
        if chosen is None and where in self._whole:
            return self._whole[where]
        found: list[_Found] = []
        for address in modules.values() if chosen is None else chosen:
            child = self._modules.instance(address)
            for label, output in ((child.module.outputs or {}) if child else {}).items():
                if child and wanted in {"", label}:
                    found.append(self._resolve(output.expression, _Scope(child), depth + 1))
        joined = _joined(found)
        if chosen is None:
            self._whole[where] = joined
        return joined


def _of_dynamic_blocks(expression: Json, marks: list[Json], path: str) -> Iterator[str]:
    """Yield the paths of blocks with unknown values that the configuration section leaves out. Each of their values may be set.

    The JSON of a plan leaves out dynamic blocks (https://github.com/hashicorp/terraform/issues/28346).
    """
    if expression is None or (isinstance(expression, list) and len(expression) < len(marks)):
        yield path
    elif isinstance(expression, list):
        for block in marks:
            for name, mark in block.items() if isinstance(block, dict) else ():
                if isinstance(mark, list) and has_marks(mark):
                    inner = [one[name] for one in expression if isinstance(one, dict) and one.get(name) is not None]
                    told = [part for one in inner for part in (one if isinstance(one, list) else [one])]
                    yield from _of_dynamic_blocks(told or None, mark, f"{path}.{name}")


def _parts(expression: Json, attribute: str, path: str, leaf: str = "") -> Sequence[_Part]:
    """Return the expressions of an attribute, or of nested blocks, that mention something."""
    if isinstance(expression, list):
        return [part for block in expression for part in _parts(block, attribute, path, leaf)]
    if not isinstance(expression, dict) or expression.keys() == _CONSTANT:
        return ()
    if "references" in expression or "constant_value" in expression:
        mentioned = tuple(_lists(expression))
        return (_Part(attribute, path, leaf, mentioned),) if mentioned else ()
    return [part for name, one in expression.items() for part in _parts(one, attribute, f"{path}.{name}", name)]


def _lists(expression: Json) -> Iterator[tuple[str, ...]]:
    """Find the lists of references in an expression, or in the expressions of a nested block."""
    if isinstance(expression, list):
        for part in expression:
            yield from _lists(part)
    elif isinstance(expression, dict):
        references = expression.get("references")
        if isinstance(references, list):
            yield tuple(name for name in references if isinstance(name, str))
        for name, part in expression.items():
            if name not in {"references", "constant_value"}:
                yield from _lists(part)


def _chosen(instances: Mapping[str, str], key: str, keys: AbstractSet[str]) -> tuple[str, ...] | None:
    """Return the instance with the key that is written, else with the one that the expression has as its value; None: all."""
    if key:
        return (instances[key],) if key in instances else ()
    own = [one for one in keys if one in instances]
    return (instances[own[0]],) if len(own) == 1 else None


def _joined(parts: Sequence[_Found]) -> _Found:
    """Join without repetition; one part alone is shared, not copied: a thousand instances mention the same hundred."""
    found = [part for part in parts if part] if len(parts) > 1 else parts
    if not found:
        return _NOTHING
    if len(found) == 1:
        return found[0]
    return _Found(
        tuple(dict.fromkeys(address for part in found for address in part.addresses)),
        tuple(dict.fromkeys(module for part in found for module in part.modules)),
        any(part.missing for part in found),
    )
