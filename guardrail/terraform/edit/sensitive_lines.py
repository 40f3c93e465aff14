"""The lines of a configuration's files on which something is written that is marked as sensitive.

A diff quotes lines beside an edit. What a file of variables gives to a sensitive variable is as secret there as it is in
a report. The text before the edits is enough: what they add comes from rules, and the rest of a line was there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from guardrail.paths import followed
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.language.syntax import parse_file
from guardrail.terraform.language.syntax.nodes import Attribute, Block, Body
from guardrail.terraform.schemas.schema import Schema, resource_schema

_MARKS = ("sensitive", "ephemeral")
_CALL = re.compile(r"\bsensitive\s*\(")  # in the text of an expression, wherever in it
_RESOURCES = {"resource", "data"}


class SensitiveLines:
    """Finds them in the files of root modules, of the modules that they call, and of their variables."""

    def __init__(self, roots: Iterable[Path]) -> None:
        self._modules = [FolderModules(root) for root in roots]
        self._found: dict[Path, tuple[str, frozenset[int]]] = {}

    def of(self, file: Path, text: str) -> frozenset[int]:
        """Return the lines of a file with this text, from 1."""
        if file not in self._found or self._found[file][0] != text:
            body = parse_file(file.name, text.removeprefix("\ufeff").encode()).body
            found = self._in_configuration(file, body) if file.suffix == ".tf" else self._in_values(body)
            lines = frozenset(line for one in found for line in range(one.line, one.end_line + 1))
            self._found[file] = text, lines
        return self._found[file][1]

    def _in_values(self, body: Body) -> Iterator[Attribute]:
        """Yield the values of variables that a root marks, or that none declares: nobody says what those hold."""
        variables = [_marks(modules, "") for modules in self._modules]
        for name, attribute in body.attributes.items():
            # Several roots may share the file: one that marks the variable is enough.
            marks = [one[name] for one in variables if name in one]
            if any(marks) or not marks:
                yield attribute

    def _in_configuration(self, file: Path, body: Body) -> Iterator[Attribute]:
        yield from (one for one in _attributes(body) if _CALL.search(one.expression.text))
        for block in body.blocks:
            name = block.labels[-1] if block.labels else ""
            attributes = block.body.attributes
            if block.type in {"variable", "output"} and _is_marked(block):
                yield from (attributes[one] for one in ("default", "value") if one in attributes)
            elif block.type == "module":
                # An argument is as secret as the variable of the module that it is for.
                declared = self._called(file.parent, name)
                yield from (one for argument, one in attributes.items() if declared.get(argument))
            elif block.type in _RESOURCES and len(block.labels) > 1 and (schema := resource_schema(block.labels[0])):
                yield from _of_schema(block.body, schema)

    def _called(self, folder: Path, name: str) -> Mapping[str, bool]:
        """Return the variables of what a module of this folder calls, and whether they are marked."""
        found: dict[str, bool] = {}
        for modules in self._modules:
            for key, path in modules.folders():
                if path is not None and followed(path) == followed(folder):
                    marks = _marks(modules, f"{key}.{name}" if key else name)
                    found |= {one: mark or found.get(one, False) for one, mark in marks.items()}
        return found


def _marks(modules: FolderModules, key: str) -> dict[str, bool]:
    """Return the variables of a module, and whether they are marked; nothing of one that is not at hand."""
    code = modules.module(key)
    return {name: _is_marked(block) for (name,), block in code.labelled("variable").items()} if code else {}


def _is_marked(block: Block) -> bool:
    """Return whether a variable or output is marked; an expression that is anything but a plain `false` counts as a mark."""
    said = (block.body.attributes.get(mark) for mark in _MARKS)
    return any(one is not None and one.expression.text.strip() != "false" for one in said)


def _of_schema(body: Body, schema: Schema) -> Iterator[Attribute]:
    """Yield the attributes that the provider marks, at any depth."""
    for name, attribute in body.attributes.items():
        if (described := schema.get(name)) and (
            described.sensitive or (described.nested is not None and described.nested.has_sensitive)
        ):
            yield attribute
    for block in body.blocks:
        inner = block
        if block.type == "dynamic" and block.labels:
            inner = next(block.body.blocks_of("content"), block)
        described = schema.get(block.labels[0] if inner is not block else block.type)
        if described and described.nested:
            yield from _of_schema(inner.body, described.nested)


def _attributes(body: Body) -> Iterator[Attribute]:
    yield from body.attributes.values()
    for block in body.blocks:
        yield from _attributes(block.body)
