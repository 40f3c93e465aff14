"""The native syntax (`.tf`), from tree-sitter's tree to nodes."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable

import tree_sitter
import tree_sitter_hcl

from guardrail.terraform.language.numbers import parse as parse_number
from guardrail.terraform.language.syntax.nodes import (
    Access,
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    Expression,
    Fault,
    For,
    Invalid,
    Literal,
    ObjectExpression,
    Source,
    Splat,
    Step,
    TupleExpression,
    Unary,
    Variable,
)
from guardrail.terraform.language.syntax.template import MOST_NESTED, Token, assemble, texts, unescaped
from guardrail.terraform.language.values import FALSE, NULL, TRUE, Value, number, string

# Of Python: a level takes several, of the parser as of the evaluation, and references follow references.
_FRAMES = 10_000
_OPERATORS = frozenset({"||", "&&", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"})
_WORDS = {"true": TRUE, "false": FALSE, "null": NULL}

_LANGUAGE = tree_sitter.Language(tree_sitter_hcl.language())


def tree_of(text: bytes) -> tree_sitter.Node:
    """Parse a text."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
    return tree_sitter.Parser(_LANGUAGE).parse(text).root_node


class Reader:
    """Makes nodes of one tree. `shift` is where in the source the tree's text begins."""

    def __init__(self, source: Source, *, shift: int = 0) -> None:
        self.source = source
        self.shift = shift
        self.faults: list[Fault] = []
        self._depth = 0
        self._kinds: dict[str, Callable[[tree_sitter.Node], Expression]] = {
            "literal_value": self._literal,
            "variable_expr": self._variable,
            "template_expr": self._template_of,
            "expression": self.expression,
            "operation": lambda node: self._operation(_plain(node.children)[0]),
            "conditional": self._conditional,
            "function_call": self._call,
            "collection_value": lambda node: self._collection(node.children[0]),
            "for_expr": lambda node: self._for(node.children[0]),
        }

    def body(self, node: tree_sitter.Node | None, start: int, end: int) -> Body:
        """Make a body of tree-sitter's `body`, which is absent where there is nothing in it."""
        body = Body(self.source, start, end)
        if self._depth > MOST_NESTED:
            self.faults.append(Fault(f"blocks are nested deeper than {MOST_NESTED} levels", body.where))
            return body
        self._depth += 1
        for child in node.children if node else ():
            if child.type == "attribute":
                name, _, value = _plain(child.children)
                attribute = Attribute(*self._span(child), self._text(name), self.expression(value))
                if attribute.name in body.attributes:  # Terraform refuses it; the first one stays, to have some value
                    first = body.attributes[attribute.name].line
                    message = f'attribute "{attribute.name}" is set twice (first on line {first})'
                    self.faults.append(Fault(message, attribute.where))
                else:
                    body.attributes[attribute.name] = attribute
            elif child.type == "block":
                body.blocks.append(self._block(child))
        self._depth -= 1
        return body

    def _block(self, node: tree_sitter.Node) -> Block:
        names: list[str] = []
        # A block without anything in it has no body in the tree: its place is between the braces.
        inner, opened, closed = None, node.start_byte, node.end_byte
        for child in node.children:
            if child.type == "identifier":
                names.append(self._text(child))
            elif child.type == "string_lit":
                names.append(self._string(child))
            elif child.type == "body":
                inner = child
            elif child.type == "block_start":
                opened = child.end_byte
            elif child.type == "block_end":
                closed = child.start_byte
        body = self.body(inner, opened + self.shift, closed + self.shift)
        return Block(*self._span(node), names[0], tuple(names[1:]), body)

    def expression(self, node: tree_sitter.Node) -> Expression:
        """Make an expression of tree-sitter's `expression`."""
        if self._depth > MOST_NESTED:
            return self._too_deep(node)
        self._depth += 1
        found = self._operand(_plain(node.children))
        self._depth -= 1
        return found

    def _operand(self, nodes: list[tree_sitter.Node]) -> Expression:
        """Make an expression of a term and the steps after it."""
        first = nodes[0]
        rest = 1
        if first.type == "(":
            origin = self.expression(nodes[1])
            rest = 3
        else:
            origin = self._kinds[first.type](first)
        if len(nodes) == rest:
            return origin
        # The grammar puts what follows a splat within it, with rules of its own; HCL's are those of `_grouped`.
        flat: list[tree_sitter.Node] = []
        for node in nodes[rest:]:
            flat += node.children[0].children if node.type == "splat" else [node]
        steps, _ = self._grouped(flat, 0, only_attributes=False)
        return Access(self.source, first.start_byte + self.shift, flat[-1].end_byte + self.shift, origin, steps)

    def _grouped(
        self, nodes: list[tree_sitter.Node], place: int, *, only_attributes: bool
    ) -> tuple[tuple[Step, ...], int]:
        """Make steps. A `.*` takes the names and numbers that follow it, `[*]` all that follows."""
        steps: list[Step] = []
        while place < len(nodes):
            node = nodes[place]
            kind = node.type
            if kind == "index":
                node = node.children[0]
                kind = node.type
            if only_attributes and kind not in {"get_attr", "legacy_index"}:
                break
            place += 1
            if kind == "get_attr":
                steps.append(self._text(node.children[-1]))
            elif kind == "legacy_index":  # `.0`
                steps.append(Literal(*self._span(node), number(int(self._text(node)[1:]))))
            elif kind == "new_index":
                steps.append(self.expression(_plain(node.children)[1]))
            elif kind in {".*", "[*]"}:
                inner, place = self._grouped(nodes, place, only_attributes=kind == ".*")
                steps.append(Splat(inner))
        return tuple(steps), place

    def _literal(self, node: tree_sitter.Node) -> Expression:
        child = node.children[0]
        value: Value
        if child.type == "string_lit":
            value = string(self._string(child))
        elif child.type == "numeric_lit":
            try:
                value = number(parse_number(self._text(child)))
            except ValueError:
                return Invalid(*self._span(node), "a number that is too large")
        else:
            value = _WORDS[self._text(child)]
        return Literal(*self._span(node), value)

    def _variable(self, node: tree_sitter.Node) -> Expression:
        return Variable(*self._span(node), self._text(node))

    def _operation(self, node: tree_sitter.Node) -> Expression:
        if self._depth > MOST_NESTED:
            return self._too_deep(node)
        self._depth += 1
        nodes = _plain(node.children)
        found: Expression
        if node.type == "unary_operation":
            found = Unary(*self._span(node), nodes[0].type, self._operand(nodes[1:]))
        else:
            place = next(index for index, child in enumerate(nodes) if child.type in _OPERATORS)
            left, right = self._operand(nodes[:place]), self._operand(nodes[place + 1 :])
            found = Binary(*self._span(node), nodes[place].type, left, right)
        self._depth -= 1
        return found

    def _conditional(self, node: tree_sitter.Node) -> Expression:
        """Make a condition. `a ? b : c ? d : e` means `a ? b : (c ? d : e)`; the grammar groups it to the left."""
        chosen: list[tuple[tree_sitter.Node, tree_sitter.Node]] = []
        condition, _, yes, _, last = _plain(node.children)
        while (inner := _plain(condition.children))[0].type == "conditional":
            chosen.append((yes, last))
            condition, _, yes, _, last = _plain(inner[0].children)
        if len(chosen) + self._depth > MOST_NESTED:
            return self._too_deep(node)
        source, start, end = self._span(node)
        conditions = [(condition, yes)]
        for following, otherwise in reversed(chosen):
            conditions.append((last, following))
            last = otherwise
        found = self.expression(last)
        for test, result in reversed(conditions):
            start = test.start_byte + self.shift
            found = Conditional(source, start, end, self.expression(test), self.expression(result), found)
        return found

    def _call(self, node: tree_sitter.Node) -> Expression:
        nodes = _plain(node.children)
        inner = nodes[2].children if nodes[2].type == "function_arguments" else []
        arguments = tuple(self.expression(child) for child in inner if child.type == "expression")
        name = "".join(self._text(nodes[0]).split())  # `provider::x::f` may have spaces in it
        return Call(*self._span(node), name, arguments, expands=bool(inner) and inner[-1].type == "ellipsis")

    def _collection(self, node: tree_sitter.Node) -> Expression:
        if node.type == "tuple":
            items = tuple(self.expression(child) for child in node.children if child.type == "expression")
            return TupleExpression(*self._span(node), items)
        pairs = []
        for child in node.children:
            if child.type == "object_elem":
                key, _, value = _plain(child.children)
                pairs.append((self._key(key), self.expression(value)))
        return ObjectExpression(*self._span(node), tuple(pairs))

    def _key(self, node: tree_sitter.Node) -> Expression:
        """Make the key of an object's item. A bare name is a string, `true` and `null` as well; `(name)` is a reference."""
        nodes = _plain(node.children)
        if len(nodes) == 1 and nodes[0].type == "variable_expr":
            return Literal(*self._span(node), string(self._text(node)))
        if len(nodes) == 1 and nodes[0].type == "literal_value" and nodes[0].children[0].type.endswith("_lit"):
            text = self._text(node)
            if text in _WORDS:
                return Literal(*self._span(node), string(text))
        return self.expression(node)

    def _for(self, node: tree_sitter.Node) -> Expression:
        names: list[str] = []
        collection: Expression | None = None
        condition: Expression | None = None
        inner: list[Expression] = []
        groups = False
        for child in node.children:
            if child.type == "for_intro":
                names = [self._text(one) for one in child.children if one.type == "identifier"]
                collection = next((self.expression(one) for one in child.children if one.type == "expression"), None)
            elif child.type == "for_cond":
                condition = self.expression(_plain(child.children)[-1])
            elif child.type == "expression":
                inner.append(self.expression(child))
            elif child.type == "ellipsis":
                groups = True
        key = inner[0] if len(inner) > 1 else None  # `{for … : key => value}`
        key_name, value_name = ("", *names)[-2:]
        span = self._span(node)
        if collection is None:
            return Invalid(*span, "a for expression without a collection")
        return For(*span, key_name, value_name, collection, key, inner[-1], condition, groups=groups)

    def _template_of(self, node: tree_sitter.Node) -> Expression:
        inner = node.children[0]
        children = _plain(inner.children)
        if inner.type == "quoted_template":
            tokens = self._tokens(children[1:-1], children[0].end_byte, children[-1].start_byte, quoted=True)
            return assemble(*self._span(node), tokens)
        # A heredoc: its text is from the line after `<<EOT` up to the line of the closing `EOT`.
        text = self.source.text
        start = text.find(b"\n", children[1].end_byte + self.shift) + 1 - self.shift
        end = text.rfind(b"\n", 0, children[-1].start_byte + self.shift) + 1 - self.shift
        tokens = self._tokens(children[2:-1], start, end, quoted=False)
        flush = self._text(children[0]) == "<<-"
        return assemble(*self._span(node), tokens, flush=flush)

    def bare_template(self, node: tree_sitter.Node, start: int, end: int) -> Expression:
        """Make a template of the text between two bytes, which a heredoc (an `expression`) was put around."""
        heredoc = node.children[0].children[0]
        tokens = self._tokens(_plain(heredoc.children)[2:-1], start, end, quoted=False)
        return assemble(self.source, start + self.shift, end + self.shift, tokens)

    def _tokens(self, nodes: list[tree_sitter.Node], start: int, end: int, *, quoted: bool) -> list[Token]:
        """Make a template's tokens. What lies between sequences is text: the parser leaves spaces out of its literals."""
        # Directives nest in the tree; `assemble` wants them flat, since `~` reaches over their borders.
        marks: list[tree_sitter.Node] = []
        pending = nodes[::-1]
        while pending:
            node = pending.pop()
            if node.type in {"template_directive", "template_if", "template_for"}:
                pending += node.children[::-1]
            elif node.type != "template_literal":
                marks.append(node)
        tokens: list[Token] = []
        for node in marks:
            tokens += self._text_tokens(start, node.start_byte, quoted=quoted)
            tokens.append(self._mark(node))
            start = node.end_byte
        tokens += self._text_tokens(start, end, quoted=quoted)
        return tokens

    def _text_tokens(self, start: int, end: int, *, quoted: bool) -> Iterable[Token]:
        if start >= end:
            return ()
        text = self.source.text[start + self.shift : end + self.shift].decode(errors="replace")
        return texts(text, start + self.shift, quoted=quoted)

    def _mark(self, node: tree_sitter.Node) -> Token:
        children = _plain(node.children)
        token = Token(_MARKS[node.type], node.start_byte + self.shift, node.end_byte + self.shift)
        token.strips_before = children[1].type == "strip_marker"
        token.strips_after = children[-2].type == "strip_marker"
        names = [self._text(child) for child in children if child.type == "identifier"]
        token.names = ("", *names)[-2:] if names else ("", "")  # type: ignore[assignment]
        token.expression = next((self.expression(child) for child in children if child.type == "expression"), None)
        if token.kind == "value" and token.expression is None:
            token.expression = Invalid(self.source, token.start, token.end, "an empty interpolation")
        return token

    def _string(self, node: tree_sitter.Node) -> str:
        children = node.children
        start, end = children[0].end_byte + self.shift, children[-1].start_byte + self.shift
        return unescaped(self.source.text[start:end].decode(errors="replace"), quoted=True)

    def _too_deep(self, node: tree_sitter.Node) -> Invalid:
        return Invalid(*self._span(node), f"expressions are nested deeper than {MOST_NESTED} levels")

    def _text(self, node: tree_sitter.Node) -> str:
        start, end = node.start_byte + self.shift, node.end_byte + self.shift
        text = self.source.text[start:end].decode(errors="replace")
        return text if text.isascii() else unicodedata.normalize("NFC", text)

    def _span(self, node: tree_sitter.Node) -> tuple[Source, int, int]:
        return self.source, node.start_byte + self.shift, node.end_byte + self.shift


_MARKS = {
    "template_interpolation": "value",
    "template_if_intro": "if",
    "template_else_intro": "else",
    "template_if_end": "endif",
    "template_for_start": "for",
    "template_for_end": "endfor",
}


def _plain(nodes: list[tree_sitter.Node]) -> list[tree_sitter.Node]:
    """Leave out comments, which may stand anywhere."""
    return [node for node in nodes if node.type != "comment"]
