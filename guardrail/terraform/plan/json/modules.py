"""The configuration of a plan: modules and their inputs, and what expressions come to where that can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from guardrail.model.reason import Reason
from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.address import Address, key_value, steps
from guardrail.terraform.plan.json.document import (
    ConfigModule,
    ConfigResource,
    Configuration,
    ModuleCall,
    VariableValue,
)

_PART = re.compile(r"[.\[]")
_MAX_STEPS = 50  # from variable to variable; a plan with a longer chain than that was not written by Terraform


class ModuleInstance(Struct, frozen=True, eq=False):
    """An instance of a module: its address and key, how it is called and from where (None: the root module)."""

    address: str
    module: ConfigModule
    key: str = ""
    call: ModuleCall | None = None
    parent: ModuleInstance | None = None

    @property
    def inputs(self) -> Mapping[str, Json]:
        """The expressions that the caller hands over."""
        return (self.call.expressions if self.call else None) or {}


_NOT_TOLD = Unknown("", "cannot be told from the configuration", Reason.NOT_EVALUATED)


class Modules:
    """Finds module instances and their blocks, and evaluates what the JSON tells of their expressions."""

    def __init__(self, configuration: Configuration | None, variables: Mapping[str, VariableValue] | None) -> None:
        root = (configuration.root_module if configuration else None) or ConfigModule()
        self.root = ModuleInstance("", root)
        self._variables = variables or {}
        self._unset = frozenset(root.variables or ()) - self._variables.keys() if variables is not None else frozenset()
        self._instances_by_address: dict[str, ModuleInstance | None] = {"": self.root}
        self._blocks: dict[int, Mapping[str, ConfigResource]] = {}

    def instance(self, address: str) -> ModuleInstance | None:
        """Return the module instance at an address; None if the configuration does not have it."""
        if address not in self._instances_by_address:
            instance: ModuleInstance | None = self.root
            for so_far, name, key in steps(address):
                call = (instance.module.module_calls or {}).get(name) if instance else None
                inner = ModuleInstance(so_far, call.module or ConfigModule(), key, call, instance) if call else None
                instance = self._instances_by_address.setdefault(so_far, inner)
            self._instances_by_address[address] = instance
        return self._instances_by_address[address]

    def is_unset(self, name: str) -> bool:
        """Return whether a variable of the root module has no value: a plan has one for each, a folder may not."""
        return name in self._unset

    def block(self, address: Address) -> ConfigResource | None:
        """Return the block that a managed resource is an instance of; None for one that is configured no more."""
        return self._blocks_of(address.module).get(address.resource)

    def data_block(self, address: Address) -> ConfigResource | None:
        """Return the block of a data source."""
        return self._blocks_of(address.module).get(f"data.{address.resource}")

    def _blocks_of(self, module: str) -> Mapping[str, ConfigResource]:
        instance = self.instance(module)
        if instance is None:
            return {}
        blocks = self._blocks.get(id(instance.module))
        if blocks is None:
            blocks = self._blocks[id(instance.module)] = {
                block.address: block for block in instance.module.resources or ()
            }
        return blocks

    def value(self, expression: Json, instance: ModuleInstance, depth: int = 0) -> Json:
        """Return the value of an expression, None if it is absent.

        Terraform writes constants and the names that an expression mentions, but not what it does with them. An
        expression that mentions one variable (or one output, or the key of its module) and nothing else is taken to
        be that; all else is Unknown.
        """
        if not isinstance(expression, dict) or not expression:
            return None
        if "constant_value" in expression:
            return expression["constant_value"]
        mentioned = specific(expression.get("references"))
        if len(mentioned) != 1 or depth > _MAX_STEPS:
            return _NOT_TOLD
        head, _, rest = mentioned[0].partition(".")
        if head == "var":
            name, *path = rest.split(".")
            declared = (instance.module.variables or {}).get(name)
            if instance.parent is None:
                given = self._variables.get(name)
                value = given.value if given else None
            else:
                value = self.value(instance.inputs.get(name), instance.parent, depth + 1)
            if value is None and declared:  # null that a call passes counts as left out
                value = declared.default
            for step in path:
                value = value.get(step) if isinstance(value, dict) else value if isinstance(value, Unknown) else None
            return value
        if head == "each" and rest == "key":
            return key_value(instance.key)
        return _NOT_TOLD


def specific(references: Json) -> list[str]:
    """Leave out the references that only repeat the beginning of a longer one, as Terraform lists them."""
    names = (
        dict.fromkeys(name for name in references if isinstance(name, str))
        if isinstance(references, list | tuple)
        else {}
    )
    if len(names) <= 1:
        return list(names)
    beginnings = {name[: end.start()] for name in names for end in _PART.finditer(name)}
    return [name for name in names if name not in beginnings]
