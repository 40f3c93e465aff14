"""What an expression refers to, without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from guardrail.terraform.language.syntax import parse_expression
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Expression,
    For,
    Literal,
    Node,
    Splat,
    Variable,
)

Path = tuple[str | int, ...]
"""A reference's first name and the steps after it: a str for a name or a quoted key, an int for a number."""


def references(node: Node | Splat) -> Iterator[Path]:
    """Yield what an expression, an attribute, a block or a body refers to, as often as it does.

    A path ends where its steps are no longer written out (an index that is an expression, a splat). Names that a `for`
    gives are left out; iterators of dynamic blocks are not.
    """
    for found in mentions(node):
        if isinstance(found, Variable):
            yield (found.name,)
        elif isinstance(found.origin, Variable):
            yield (found.origin.name, *_written_out(found))


def mentions(node: Node | Splat, local: frozenset[str] = frozenset()) -> Iterator[Access | Variable]:
    """Yield the references themselves: names, and steps into what a name stands for. `local` are names to leave out."""
    if isinstance(node, For):
        yield from mentions(node.collection, local)
        local |= {node.key_name, node.value_name}
        inner: list[Node | Splat] = [part for part in (node.key, node.value, node.condition) if part]
    elif isinstance(node, Access) and isinstance(node.origin, Variable):
        if node.origin.name not in local:
            yield node
        inner = [step for step in node.steps if not isinstance(step, str)]
    else:
        if isinstance(node, Variable) and node.name not in local:
            yield node
        inner = list(_parts(node))
    for part in inner:
        yield from mentions(part, local)


def _written_out(node: Access) -> Iterator[str | int]:
    for step in node.steps:
        if isinstance(step, str):
            yield step
        elif isinstance(step, Literal) and isinstance(step.value.raw, str | int):
            yield step.value.raw
        else:
            return


@cache  # there are some twenty kinds of nodes
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name not in {"source", "start", "end"})


def _parts(node: Node | Splat) -> Iterator[Node | Splat]:
    """Yield the nodes right below one, in the order in which they are written."""
    kind: Any = type(node)
    pending = [getattr(node, name) for name in reversed(_fields(kind))]
    while pending:
        part = pending.pop()
        if isinstance(part, Node | Splat):
            yield part
        elif isinstance(part, tuple | list):
            pending += reversed(part)
        elif isinstance(part, dict):
            pending += reversed(list(part.values()))


def static_path(expression: Expression) -> Path | None:
    """Return a reference that is wholly written out: `aws.west`, `module.a["k"]`, in JSON a string of it. Else None.

    It is what `provider`, `providers`, `depends_on`, `ignore_changes`, `moved` and `import` take.
    """
    # "aws.west" in quotes is how the JSON syntax, and Terraform before 0.12, writes a reference.
    if isinstance(expression, Literal) and isinstance(expression.value.raw, str):
        inner = parse_expression(expression.value.raw, expression.source.name)
        return None if isinstance(inner, Literal) else static_path(inner)
    if isinstance(expression, Variable):
        return (expression.name,)
    if isinstance(expression, Access) and isinstance(expression.origin, Variable):
        steps = tuple(_written_out(expression))
        return (expression.origin.name, *steps) if len(steps) == len(expression.steps) else None
    return None
