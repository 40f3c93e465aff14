"""New resources as text, laid out as `terraform fmt` would, and where they are put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from guardrail.model.plan.new_resource import Expression, NewResource
from guardrail.model.unknown import Json
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.layout import Patch, line_break
from guardrail.terraform.edit.literals import literal

_INDENT = "  "


def added(texts: EditedFiles, file: Path, labels: tuple[str, str], resources: Sequence[NewResource]) -> None:
    """Write resources after the block of another, of the same provider; those that stand there already stay.

    Raises CannotEditError where a resource of that name is another one, or the file cannot be edited.
    """
    block = texts.resource(file, *labels)
    provider = block.body.attributes.get("provider")
    written = [text_of(one, provider.expression.text if provider else "") for one in resources]
    names = [("resource", one.type, one.name) for one in resources]
    if all(texts.says(file, name, text) for name, text in zip(names, written, strict=True)):
        return
    source = texts.text(file)
    newline = line_break(source, block.start)
    end = source.find(b"\n", block.end)
    end = len(source) if end < 0 else end - (newline == "\r\n")
    inserted = "".join(f"\n\n{one}" for one in written).replace("\n", newline)
    texts.insert(file, Patch(end, end, inserted), names)


def text_of(resource: NewResource, provider: str = "") -> str:
    """Return a resource as its block, without a last line break. Raises CannotEditError for a value that has no literal."""
    try:
        body = {**({"provider": _Plain(provider)} if provider else {}), **resource.body}
        lines = "\n".join(_lines(body, 1))
    except ValueError as error:
        raise CannotEditError(f"it cannot be written: {error}") from None
    return f'resource "{resource.type}" "{resource.name}" {{\n{lines}\n}}'


class _Plain(str):
    """Text that is written as it is: which provider."""

    __slots__ = ()


def _lines(body: Mapping[str, Json], depth: int) -> Iterator[str]:
    """Give the lines of a body: attributes on one line that follow each other have their signs below each other."""
    indent, is_first = _INDENT * depth, True
    for kind, some in groupby(body.items(), lambda item: _kind(item[1])):
        entries = list(some)
        width = max(len(name) for name, _ in entries) if kind == _ON_ONE_LINE else 0
        if kind == _ON_ONE_LINE and not is_first:
            yield ""
        for name, value in entries:
            if kind == _ON_ONE_LINE:
                yield f"{indent}{name.ljust(width)} = {_written(value)}"
                continue
            for part in value if kind == _BLOCKS else [value]:
                if not is_first:
                    yield ""
                if kind == _BLOCKS:
                    yield from (f"{indent}{name} {{", *_lines(part, depth + 1), f"{indent}}}")
                else:
                    yield f"{indent}{name} = {_written(part)}"
                is_first = False
        is_first = False


_BLOCKS, _ON_LINES, _ON_ONE_LINE = range(3)


def _kind(value: Json) -> int:
    if isinstance(value, tuple):
        return _BLOCKS
    return _ON_LINES if isinstance(value, Expression) and "\n" in value else _ON_ONE_LINE


def _written(value: Json) -> str:
    return str(value) if isinstance(value, _Plain) else literal(value)
