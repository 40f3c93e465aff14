"""Calls that stand for data: `resource.references("aws_eip")` is read as an entry of what the context holds.

So an engine needs no functions that know of a plan, what is read is known before anything is computed, and what is not known
travels as it does everywhere.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from guardrail.cel.analysis.names import rebuilt
from guardrail.cel.expression.syntax import CelError
from guardrail.cel.expression.tree import Call, Literal, Name, Select, Tree

PRICE = "price.of"
"""The function whose first operand is a resource, and the entry of a resource by which it is found."""
BY_TAG = "by_tag"
"""The function of a plan's cost that takes the key of a tag, and cannot do without one."""


def with_lookups(tree: Tree, names: AbstractSet[str]) -> Tree:
    """Return a tree in which `x.name(text)` of these names is `x.name[text]`, and `price.of(x, y)` gets the entry of x.

    Without a text, all are meant: "*". Raises CelError for a text that is not written out, and for a name without a call.
    """
    if not names:
        return tree

    def walk(node: Tree) -> Tree:
        match node:
            case Call(name, target, args, at) if target is not None and name in names:
                return Select(Select(walk(target), name, at), _pattern(name, args, at), at)
            case Call(name, None, (first, *others), at) if name == PRICE in names:
                return Call(name, None, (Select(walk(first), PRICE, first.at), *map(walk, others)), at)
            case Select(Select(Name("plan"), "cost"), "by_tag", at) if BY_TAG in names:
                raise CelError("by_tag is a function", at + 1, 'write by_tag("team")')
            case Select(Name(), name, at) if name in names:
                raise CelError(f"{name} is a function", at + 1, f'write {name}("aws_eip"), or {name}() for all types')
            case _:
                return rebuilt(node, walk)

    return walk(tree)


def _pattern(name: str, args: tuple[Tree, ...], at: int) -> str:
    match args:
        case () if name != BY_TAG:
            return "*"
        case (Literal(str() as pattern),):
            return pattern
        case _ if name == BY_TAG:
            fix = "write it as text, or use a parameter that is a text; a computed key is not possible"
            raise CelError("by_tag needs the key of one tag written as text", at + 1, fix)
        case (_,):
            fix = "write the type as text, or use a parameter that is a text; a computed type is not possible"
            raise CelError(f"{name} needs a resource type written as text", at + 1, fix)
    raise CelError(f"{name} takes one resource type, or none for all, not {len(args)}", at + 1)
