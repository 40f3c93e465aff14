"""Which parts of an expression its constants leave any say: `params.strict || x` is true whatever x is, where strict is true."""

from __future__ import annotations

from guardrail.cel.analysis.names import rebuilt
from guardrail.cel.expression.tree import Binary, ListOf, Literal, Ternary, Tree, Unary


def decided(tree: Tree) -> Tree:
    """Return a tree that has no value but that of the whole, without what is never come to.

    Only what stands first decides: an engine comes to the other side of a constant that stands second.
    """
    tree = rebuilt(tree, decided)
    match tree:
        case Unary("!", Literal(bool() as value)):
            return Literal(not value, tree.at)
        case Binary("||", Literal(bool() as value) as left, right):
            return left if value else right
        case Binary("&&", Literal(bool() as value) as left, right):
            return right if value else left
        case Ternary(Literal(bool() as value), then, otherwise):
            return then if value else otherwise
        case Binary("==" | "!=" as operator, Literal(str() as left), Literal(str() as right)):
            return Literal((left == right) == (operator == "=="), tree.at)
        case Binary("in", Literal(str() as text), ListOf(items, _, optional)) if not optional and all(
            map(_is_text, items)
        ):
            return Literal(any(isinstance(one, Literal) and one.value == text for one in items), tree.at)
        case _:
            return tree


def _is_text(tree: Tree) -> bool:
    return isinstance(tree, Literal) and isinstance(tree.value, str)
