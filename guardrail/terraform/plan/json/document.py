"""The shape of `terraform show -json`: what is read of it, and nothing else.

Sections and attributes that are needed of few resources, or of none, stay raw bytes until somebody asks.
The format: https://developer.hashicorp.com/terraform/internals/json-format
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from guardrail.decode import decode_json, json_decoder
from guardrail.errors import InputError
from guardrail.model.unknown import Json

Raw = msgspec.Raw
EMPTY = Raw(b"")

_FORMATS = {"0", "1"}  # major versions of format_version; Terraform promises that minor ones only add to it
_AGAIN = "make it again with `terraform show -json tfplan > plan.json`"
_ONE = "a file holds one plan, or a JSON array of plans"
_MAKE, _NEED = frozenset({"create", "update"}), frozenset({"update", "delete", "forget"})
_NO_NUMBER = re.compile(rb"[-:,\[\s]*(NaN|Infinity)")

Attributes = dict[str, Any]


class ChangeEntry(msgspec.Struct):
    """`change` of an element of `resource_changes`."""

    actions: list[str] | None = None
    before: Attributes | None = None
    after: Attributes | None = None
    after_unknown: Attributes | bool | None = None
    before_sensitive: Attributes | bool | None = None
    after_sensitive: Attributes | bool | None = None
    importing: Attributes | None = None


class ResourceChange(msgspec.Struct):
    """An element of `resource_changes`."""

    address: str
    change: ChangeEntry | None = None
    mode: str | None = None
    type: str | None = None
    name: str | None = None
    index: str | int | float | None = None
    module_address: str | None = None
    provider_name: str | None = None
    previous_address: str | None = None
    deposed: str | None = None


class DeferredChange(msgspec.Struct):
    """An element of `deferred_changes`: a change that Terraform leaves to a later plan, and why."""

    reason: str | None = None
    resource_change: ResourceChange | None = None


class StateResource(msgspec.Struct):
    """A resource in `planned_values` or `prior_state`."""

    address: str
    mode: str | None = None
    type: str | None = None
    name: str | None = None
    index: str | int | float | None = None
    provider_name: str | None = None
    values: Raw = EMPTY  # decoded for the few resources that no change lists
    sensitive_values: Raw = EMPTY


class StateModule(msgspec.Struct):
    """A module in `planned_values` or `prior_state`."""

    resources: list[StateResource] | None = None
    child_modules: "list[StateModule] | None" = None

    def all(self) -> Iterator[StateResource]:
        """Walk the resources of the module and of those below it."""
        yield from self.resources or ()
        for child in self.child_modules or ():
            yield from child.all()


class State(msgspec.Struct):
    """`planned_values`, and `values` of `prior_state`."""

    root_module: StateModule | None = None

    def managed(self) -> dict[str, StateResource]:
        """Return the managed resources by address."""
        found = self.root_module.all() if self.root_module else ()
        return {resource.address: resource for resource in found if resource.mode in {None, "managed"}}

    def data(self) -> dict[str, StateResource]:
        """Return the data sources by address."""
        found = self.root_module.all() if self.root_module else ()
        return {resource.address: resource for resource in found if resource.mode == "data"}


class PriorState(msgspec.Struct):
    """`prior_state`."""

    values: State | None = None


class ConfigResource(msgspec.Struct):
    """A resource block in `configuration`."""

    address: str
    mode: str | None = None
    provider_config_key: str | None = None
    expressions: Raw = EMPTY
    for_each_expression: Json = None

    def expression(self, name: str) -> Json:
        """Return the expression of one attribute, None if the block does not set it."""
        # Decoding is for the few blocks whose bytes have the name in them, and for what they say of it alone.
        if name.encode() not in memoryview(self.expressions).tobytes():
            return None
        expressions = decode_json(self.expressions, dict[str, Raw] | None) or {}
        return decode_json(expressions[name], object) if name in expressions else None

    def sets(self, path: str) -> bool | None:
        """Say whether the block has an expression at a path; None where a plan does not tell it.

        What `dynamic` blocks make, and what lies inside of one expression, it does not.
        """
        name, *steps = path.split(".")
        expression: Json = self.expression(name)
        if expression is None and steps:
            return None
        for step in steps:
            if isinstance(expression, list) and step.isdecimal():
                if int(step) >= len(expression):
                    return None
                expression = expression[int(step)]
            elif isinstance(expression, dict) and not {"references", "constant_value"} & expression.keys():
                expression = expression.get(step, expression if step.isdecimal() else None)
            elif expression is not None:
                return None
        return expression is not None

    def all_expressions(self) -> Mapping[str, Json]:
        """Return attribute name -> expression."""
        return decoded(self.expressions)


class ConfigVariable(msgspec.Struct):
    """A variable that a module declares."""

    default: Json = None
    sensitive: bool | None = None


class ConfigOutput(msgspec.Struct):
    """An output of a module."""

    expression: Json = None
    sensitive: bool | None = None


class ConfigModule(msgspec.Struct):
    """A module in `configuration`."""

    resources: list[ConfigResource] | None = None
    module_calls: "dict[str, ModuleCall] | None" = None
    variables: dict[str, ConfigVariable] | None = None
    outputs: dict[str, ConfigOutput] | None = None


class ModuleCall(msgspec.Struct):
    """A module block: what is called, and with which inputs."""

    module: ConfigModule | None = None
    expressions: Attributes | None = None
    for_each_expression: Json = None
    source: str | None = None
    version_constraint: str | None = None


class ProviderConfig(msgspec.Struct):
    """A provider block."""

    name: str | None = None
    alias: str | None = None
    module_address: str | None = None
    expressions: Attributes | None = None
    full_name: str | None = None
    version_constraint: str | None = None


class Configuration(msgspec.Struct):
    """`configuration`."""

    provider_config: dict[str, ProviderConfig] | None = None
    root_module: ConfigModule | None = None


class VariableValue(msgspec.Struct):
    """The value of a variable of the root module."""

    value: Json = None


class OutputChange(msgspec.Struct):
    """An element of `output_changes`."""

    actions: list[str] | None = None
    after: Json = None
    after_unknown: Json = None
    after_sensitive: Json = None


class Document(msgspec.Struct):
    """A plan, and the keys by which other files of Terraform are told from one."""

    format_version: Json = None
    terraform_version: Json = None
    errored: Json = None
    complete: Json = None
    deferred_changes: list[DeferredChange] | None = None
    resource_changes: list[ResourceChange] | None = None
    planned_values: State | None = None
    prior_state: Raw = EMPTY
    configuration: Configuration | None = None
    variables: dict[str, VariableValue] | None = None
    output_changes: dict[str, OutputChange] | None = None
    timestamp: Json = None
    values: Raw = EMPTY
    lineage: Json = None
    version: Json = None
    remote_plan_format: Json = None

    def prior(self) -> dict[str, StateResource]:
        """Return the managed resources of the prior state by address."""
        state = self._prior_values()
        return state.managed() if state else {}

    def prior_data(self) -> dict[str, StateResource]:
        """Return the data sources of the prior state by address: what Terraform read while it planned."""
        state = self._prior_values()
        return state.data() if state else {}

    def _prior_values(self) -> State | None:
        state = decode_json(self.prior_state, PriorState | None) if memoryview(self.prior_state) else None
        return state.values if state else None


def documents(text: bytes, where: str) -> list[Document]:
    """Read one plan, or an array of them. Raises InputError for what is no plan, msgspec.DecodeError for no JSON."""
    found = decode_json(text, list[Document]) if text.startswith(b"[") else [decode_json(text, Document)]
    if not found:
        raise InputError("an array without a plan in it", where=where, fix=_ONE)
    for document in found:
        _refuse_other_documents(document, where)
        _refuse_changes_without_values(document, where)
    return found


def refuse_newer_format(version: Json, where: str) -> None:
    """Raise InputError for a format_version, of a plan or of a state, that is not known: nothing tells what it means."""
    if str(version).partition(".")[0] not in _FORMATS:
        raise InputError(f"format_version {version!s:.20} is not supported", where=where, fix="update guardrail")


def _refuse_other_documents(document: Document, where: str) -> None:
    fix = "make the JSON of a saved plan with `terraform show -json tfplan > plan.json`"
    has_plan = document.planned_values is not None or document.resource_changes is not None
    if document.remote_plan_format is not None:
        what = "this only points to a plan of HCP Terraform"
        fix = "run `terraform show -json tfplan > plan.json` where you are logged in"
        raise InputError(what, where=where, fix=fix)
    # `lineage`, and `version` for the format, are what the file of a state has, and a plan has not.
    if document.lineage is not None or (document.version is not None and not has_plan):
        raise InputError("this is a state file, not a plan", where=where, fix=fix)
    # `terraform show -json` without a plan shows the state, which has `values` at its top.
    if memoryview(document.values) and not has_plan:
        raise InputError("this is the JSON of a state, not of a plan", where=where, fix=fix)
    if document.format_version is None:
        raise InputError("this is not a plan: it has no format_version", where=where, fix=fix)
    refuse_newer_format(document.format_version, where)
    # Schemas, functions, `validate -json` and an empty state have a format_version as well, which says nothing of what it is.
    if not has_plan:
        raise InputError("this is not a plan: it has neither planned_values nor resource_changes", where=where, fix=fix)
    if document.errored is True:
        raise InputError(
            "the plan is incomplete: terraform failed while planning", where=where, fix="fix that error first"
        )


def _refuse_changes_without_values(document: Document, where: str) -> None:
    """Refuse what would read as a resource that is not there, or that costs nothing."""
    for change in document.resource_changes or ():
        what = change.change
        if what is None:
            missing = "has no `change`"
        elif what.after is None and not _MAKE.isdisjoint(what.actions or ()):
            missing = "is created or updated, but its `after` is null"
        elif what.before is None and not _NEED.isdisjoint(what.actions or ()):
            missing = "exists already, but its `before` is null"
        else:
            continue
        said = f"not as Terraform writes a plan: {change.address} {missing}"
        raise InputError(said, where=where, fix=_AGAIN)


def malformed(error: msgspec.DecodeError, text: bytes, where: str) -> InputError:
    """Return the error that says in one line what a decoder complains of."""
    if isinstance(error, msgspec.ValidationError):
        return InputError(f"not as Terraform writes a plan: {error}", where=where, fix=_AGAIN)
    text = text.rstrip()
    # msgspec tells the place, and whether the text is cut, in words alone.
    at = int(found[1]) if (found := re.search(r"\(byte (\d+)\)", str(error))) else len(text)
    if _NO_NUMBER.match(text, max(at - 1, 0)):
        return InputError(f"NaN or Infinity, which is not JSON, at byte {at}", where=where, fix=_AGAIN)
    if "trailing" in str(error):
        return InputError(f"something follows the JSON of the plan at byte {at}", where=where, fix=_ONE)
    if "truncated" in str(error) and not text.endswith((b"}", b"]")):
        return InputError("the JSON ends in the middle", where=where, fix=_AGAIN)
    return InputError(f"not valid JSON at byte {at}", where=where, fix=_AGAIN)


def marks_of(section: Raw) -> Attributes | bool:
    """Return the marks of a raw section such as `sensitive_values`: True for all of it, an empty one for nothing."""
    marks = decode_json(section, object) if memoryview(section) else None
    return marks if isinstance(marks, dict) or marks is True else {}


def decoded(section: Raw) -> Attributes:
    """Return what a raw section holds; an empty one for null or absent. Raises msgspec.ValidationError."""
    return (_decode_attributes(section) if memoryview(section) else None) or {}


_decode_attributes = json_decoder(Attributes | None)
