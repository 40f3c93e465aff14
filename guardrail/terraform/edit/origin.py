"""Where in the text of a configuration a value is written: in its block, or in what the block refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.unknown import Json
from guardrail.terraform.address import key_value, parse, steps
from guardrail.terraform.configuration.code.modules import ModuleCode, Modules
from guardrail.terraform.edit import layout
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.layout import Item, Patch
from guardrail.terraform.language.constants import NotConstantError, constant
from guardrail.terraform.language.references import static_path
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Block,
    Body,
    Call,
    Conditional,
    Expression,
    Literal,
    ObjectExpression,
    TupleExpression,
)

_MAX_DEPTH = 40  # from name to name; Terraform refuses what goes round in circles
_ELSEWHERE = "it is written in a module outside of this checkout"

ValuesOf = Callable[[str], Path | None]
"""The file that gives a variable of the root module its value, None for none. Raises CannotEditError for another place."""


class CalledModule(Struct, frozen=True):
    """An instance of a module: its code, the block that calls it and the module of that block, and its key."""

    code: ModuleCode
    call: Block | None = None
    parent: CalledModule | None = None
    key: Json = None


class Location(Struct, frozen=True):
    """Where an expression is written: its file and module, and what `each` is there: for_each, its location, and the key."""

    file: Path
    module: CalledModule
    each: tuple[Expression, Location] | None = None
    key: Json = None


class FilePatch(Struct, frozen=True):
    """A patch and the file that it is for."""

    file: Path
    patch: Patch


class ValueEdit(Struct, frozen=True):
    """What is to be done to a value: set it, add entries to it, or rename one of its entries.

    is_now  what the value is, as evaluated; nothing is done where the text says otherwise
    is_near add entries where the value is used, not where it is written
    """

    value: Json = None
    entries: Mapping[str, Json] | None = None
    rename: tuple[str, str] | None = None
    is_now: Json = None
    is_near: bool = False


class Origins:
    """Finds what to patch in the files of a configuration. Raises CannotEditError for what cannot be edited there."""

    def __init__(self, modules: Modules, files: EditedFiles, values_of: ValuesOf) -> None:
        self._modules, self._files, self._values_of = modules, files, values_of

    def patches(self, address: str, path: tuple[str, ...], edit: ValueEdit) -> list[FilePatch]:
        """Return the patches that make an edit to an attribute of a resource; none if it is made already."""
        found = parse(address)
        module = self._called_module(found.module) if found else None
        block = module.code.labelled("resource").get((found.type, found.name)) if found and module else None
        if found is None or module is None or block is None:
            raise CannotEditError("its block was not found in the configuration")
        body, location = self._block(block, module, key_value(found.key))
        return self._in_block(body, location, path, edit)

    def block(self, address: str) -> tuple[Block, ModuleCode]:
        """Return the block of a resource, and the module that it is written in. Raises CannotEditError for one from elsewhere."""
        found = parse(address)
        module = self._called_module(found.module) if found else None
        block = module.code.labelled("resource").get((found.type, found.name)) if found and module else None
        if module is None or block is None:
            raise CannotEditError("its block was not found in the configuration")
        if module.code.remote:
            raise CannotEditError(_ELSEWHERE)
        return block, module.code

    def _called_module(self, address: str) -> CalledModule | None:
        root, names = self._modules.module(""), list[str]()
        module = CalledModule(root) if root else None
        for _, name, key in steps(address):
            names.append(name)
            call = module.code.labelled("module").get((name,)) if module else None
            code = self._modules.module(".".join(names))
            module = CalledModule(code, call, module, key_value(key)) if code and call else None
        return module

    def _block(self, block: Block, module: CalledModule, key: Json) -> tuple[Body, Location]:
        file = Path(block.source.name)
        body = self._files.block(file, block.type, *block.labels)
        location = Location(file, module)
        each = body.attributes.get("for_each")
        return body, replace(location, each=(each.expression, location), key=key) if each else location

    def _in_block(self, body: Body, location: Location, path: tuple[str, ...], edit: ValueEdit) -> list[FilePatch]:
        name, *rest = path
        if attribute := body.attributes.get(name):
            return self._in_value(attribute.expression, location, tuple(rest), edit)
        if rest and rest[0].isdigit():
            return self._in_nested(body, location, path, edit)
        if name in {block.type for block in body.blocks} or _is_dynamic(body, name):
            raise CannotEditError(f"{name} is written as a block")
        if edit.rename:
            raise CannotEditError(f"the block does not set {name}")
        value = edit.value
        if rest or edit.entries is not None:
            value = {rest[0]: edit.value} if rest else dict(edit.entries or {})
        return [self._patch_in(location, layout.with_attribute(body, name, value))]

    def _in_nested(self, body: Body, location: Location, path: tuple[str, ...], edit: ValueEdit) -> list[FilePatch]:
        name, index, *rest = path
        nested = list(body.blocks_of(name))
        if _is_dynamic(body, name):
            raise CannotEditError(f"a dynamic block makes {name}")  # so that the index counts something else
        if int(index) < len(nested):
            return self._in_block(nested[int(index)].body, location, tuple(rest), edit)
        if int(index) > len(nested) or len(rest) != 1 or edit.rename:
            raise CannotEditError(f"the block has no {name}")
        return [self._patch_in(location, layout.with_block(body, name, {rest[0]: edit.value}))]

    def _in_value(
        self, value: Expression, location: Location, path: tuple[str, ...], edit: ValueEdit, depth: int = 0
    ) -> list[FilePatch]:
        """Follow a path into a value, and return the patches that make the edit there."""
        if depth > _MAX_DEPTH:
            raise CannotEditError("its references form a cycle")
        # Tags that are to be near are merged with what the reference gives, instead of being written where it leads.
        reference = static_path(value) if isinstance(value, Access) else None
        if reference and not (edit.is_near and edit.entries is not None and not path):
            return self._follow(tuple(map(str, reference)), location, path, edit, depth + 1)
        if path:
            return self._in_value(_part(value, path[0]), location, path[1:], edit, depth)
        if edit.entries is not None:
            return self._with_entries(value, location, edit, depth)
        if edit.rename:
            return self._with_name(value, location, edit)
        return self._with_value(value, location, edit)

    def _with_value(self, value: Expression, location: Location, edit: ValueEdit) -> list[FilePatch]:
        try:
            said = constant(value)
        except NotConstantError:
            raise CannotEditError(_why(value)) from None
        if _same(said, edit.value):
            return []
        # The value comes from elsewhere then, from an override file for example.
        if not _same(said, edit.is_now):
            raise CannotEditError(f"{location.file.name} says {said!r} where {edit.is_now!r} was evaluated")
        return [self._patch_in(location, layout.replaced(value, edit.value))]

    def _with_entries(self, value: Expression, location: Location, edit: ValueEdit, depth: int) -> list[FilePatch]:
        entries = dict(edit.entries or {})
        now = edit.is_now if isinstance(edit.is_now, Mapping) else {}
        found_patches: list[FilePatch] = []
        for part in reversed(_objects(value)):
            for key in list(entries):
                if item := _item(part, key):
                    inner = ValueEdit(entries.pop(key), is_now=now.get(key))
                    found_patches += self._in_value(item[1], location, (), inner, depth)
        if not entries:
            return found_patches
        objects = _objects(value)
        if isinstance(value, Call) and value.name == "merge" and not value.expands:
            # An argument after the last object may still win; then the check of the edited copy drops the edit.
            patch = layout.with_items(objects[-1], entries) if objects else layout.with_argument(value, entries)
        elif isinstance(value, ObjectExpression):
            patch = layout.with_items(value, entries)
        elif isinstance(value, Literal):  # null
            patch = layout.replaced(value, dict(entries))
        else:
            patch = layout.merged(value, entries)
        return [*found_patches, self._patch_in(location, patch)]

    def _with_name(self, value: Expression, location: Location, edit: ValueEdit) -> list[FilePatch]:
        old, new = edit.rename or ("", "")
        found = [(part, name, item) for part in _objects(value) for name in (old, new) if (item := _item(part, name))]
        names = [name for _, name, _ in found]
        if names == [new]:
            return []  # done already, for another instance
        if names == [old]:
            part, _, item = found[0]
            return [self._patch_in(location, layout.renamed(part, item, new))]
        if names:
            raise CannotEditError(f"{old} and {new} are both set, or one of them more than once")
        raise CannotEditError(f"{old} is not written where its block sets it")

    def _follow(
        self, reference: tuple[str, ...], location: Location, path: tuple[str, ...], edit: ValueEdit, depth: int
    ) -> list[FilePatch]:
        """Return the patches that make the edit where a reference leads."""
        match reference:
            case ("local", name, *rest):
                return self._local(name, location.module, (*rest, *path), edit, depth)
            case ("var", name, *rest) if location.module.parent is None:
                return self._root_variable(name, location.module, (*rest, *path), edit, depth)
            case ("var", name, *rest):
                return self._variable(name, location.module, (*rest, *path), edit, depth)
            case ("each", "value", *rest) if location.each:
                # One step into what for_each goes through: the instance's key.
                every, there = location.each
                return self._in_value(every, there, (str(location.key), *rest, *path), edit, depth)
        raise CannotEditError(f"its value is that of {'.'.join(reference)}")

    def _local(
        self, name: str, module: CalledModule, path: tuple[str, ...], edit: ValueEdit, depth: int
    ) -> list[FilePatch]:
        attribute = module.code.locals.get(name)
        file = Path(attribute.source.name) if attribute else None
        for body in self._files.locals(file) if file else ():
            if file and (found := body.attributes.get(name)):
                return self._in_value(found.expression, Location(file, module), path, edit, depth)
        raise CannotEditError(f"local.{name} is not defined")

    def _variable(
        self, name: str, module: CalledModule, path: tuple[str, ...], edit: ValueEdit, depth: int
    ) -> list[FilePatch]:
        """Edit the argument of the module call, else the variable's default. Fetched modules are not edited."""
        if module.call is None or module.parent is None:
            raise CannotEditError(f"var.{name} has no value in the configuration")
        body, location = self._block(module.call, module.parent, module.key)
        if argument := body.attributes.get(name):
            return self._in_value(argument.expression, location, path, edit, depth)
        if module.code.remote and not path and edit.entries is None and not edit.rename:
            return [self._patch_in(location, layout.with_attribute(body, name, edit.value))]
        return self._default(name, module, path, edit, depth)

    def _root_variable(
        self, name: str, module: CalledModule, path: tuple[str, ...], edit: ValueEdit, depth: int
    ) -> list[FilePatch]:
        file = self._values_of(name)
        if file is None:
            return self._default(name, module, path, edit, depth)
        given = self._files.values(file).attributes.get(name)
        if given is None:
            raise CannotEditError(f"var.{name} is not where it was found in {file.name}")
        return self._in_value(given.expression, Location(file, module), path, edit, depth)

    def _default(
        self, name: str, module: CalledModule, path: tuple[str, ...], edit: ValueEdit, depth: int
    ) -> list[FilePatch]:
        block = module.code.labelled("variable").get((name,))
        if block is None:
            raise CannotEditError(f"var.{name} is not declared")
        file = Path(block.source.name)
        default = self._files.block(file, "variable", name).attributes.get("default")
        if default is None:
            raise CannotEditError(f"var.{name} has no value in the configuration")
        return self._in_value(default.expression, Location(file, module), path, edit, depth)

    def _patch_in(self, location: Location, patch: Patch) -> FilePatch:
        if location.module.code.remote:
            raise CannotEditError(_ELSEWHERE)
        return FilePatch(location.file, patch)


def _is_dynamic(body: Body, name: str) -> bool:
    return any(block.labels == (name,) for block in body.blocks_of("dynamic"))


def _objects(value: Expression) -> list[ObjectExpression]:
    """Return the objects that are written out in a value: itself, or those that a `merge` puts together."""
    parts = value.arguments if isinstance(value, Call) and value.name == "merge" else (value,)
    return [part for part in parts if isinstance(part, ObjectExpression)]


def _item(value: ObjectExpression, name: str) -> Item | None:
    """Return the item of an object with this key: the last one, which is the one that counts."""
    return next(
        (item for item in reversed(value.items) if isinstance(item[0], Literal) and item[0].value.raw == name), None
    )


def _part(value: Expression, step: str) -> Expression:
    """Return a part of an object or a list that is written out."""
    if isinstance(value, ObjectExpression) and (item := _item(value, step)):
        return item[1]
    if isinstance(value, TupleExpression) and step.isdigit() and int(step) < len(value.items):
        return value.items[int(step)]
    raise CannotEditError(f"{step} is not written out where its value comes from")


def _why(value: Expression) -> str:
    said = " ".join(value.text.split())
    shown = said if len(said) <= 60 else f"{said[:59]}…"  # noqa: PLR2004 - a line
    if isinstance(value, Conditional):
        return f"a condition decides: {shown}"
    return f"a function computes it: {shown}" if isinstance(value, Call) else f"it is an expression: {shown}"


def _same(one: Json, other: Json) -> bool:
    """Return whether two values are the same to Terraform, to which "1" and 1 are where a number is asked for."""
    return one == other or _spelled(one) == _spelled(other)


def _spelled(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def each_file(patches: Iterable[FilePatch]) -> dict[Path, list[Patch]]:
    """Return patches by file."""
    found: dict[Path, list[Patch]] = {}
    for one in patches:
        found.setdefault(one.file, []).append(one.patch)
    return found
