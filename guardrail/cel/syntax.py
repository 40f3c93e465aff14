"""CEL's grammar: text to a tree. What guardrail needs to know of an expression before an engine sees it."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

# Loosest first, as in CEL's language definition; `? :` and unary operators are handled apart.
_BINARY = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"<", "<=", ">", ">=", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
"""Words that CEL keeps for later. A field may be called so, a variable may not."""
_TOKEN = re.compile(
    r"""\s+ | //[^\n]*
    | (?P<number> (?: \d+\.\d* | \.\d+ | \d+ ) (?: [eE][+-]?\d+ )? | 0x[0-9a-fA-F]+ )(?P<unsigned>[uU])?(?![\w])
    | (?P<string> [rR]? (?: '''(?:\\.|[^\\])*?''' | \"\"\"(?:\\.|[^\\])*?\"\"\" | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*" ) )
    | (?P<name> [A-Za-z_]\w* )
    | (?P<mark> \|\| | && | [<>=!]= | [-+*/%<>!?:.,()\[\]{}] )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_MAX_DEPTH = 60
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
"""Methods whose first argument names the element of the list or the key of the map that they go through."""


class CelError(Exception):
    """An expression that cannot be compiled: what is wrong, the column it begins in (from 1), and what to do."""

    def __init__(self, message: str, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint
        self.name = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, bool or null."""

    value: float | str | None
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name by itself: a context variable, or one that a macro binds."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`."""

    operand: Tree
    field: str
    at: int


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`."""

    operand: Tree
    key: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`, or `target.name(args)`."""

    name: str
    target: Tree | None
    args: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    operator: str
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Tree
    right: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Ternary:
    """`condition ? then : otherwise`."""

    condition: Tree
    then: Tree
    otherwise: Tree
    at: int


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{key: value}`."""

    entries: tuple[tuple[Tree, Tree], ...]
    at: int


Tree = Literal | Name | Select | Index | Call | Unary | Binary | Ternary | ListOf | MapOf


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, string, name, mark, end
    text: str
    at: int


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree:
    """Return the tree of an expression. Raises CelError with the column of the first fault."""
    parser = _Parser(text)
    tree = parser.expression()
    if parser.token.kind != "end":
        parser.fail(f"unexpected {parser.token.text!r}")
    return tree


def quote(text: str) -> str:
    """Spell a string as a CEL literal."""
    return json.dumps(text, ensure_ascii=False)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def fail(self, message: str, at: int | None = None, hint: str = "") -> NoReturn:
        raise CelError(message, (self.token.at if at is None else at) + 1, hint)

    def _tokens(self) -> list[_Token]:
        found, at = [], 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise CelError(f"unexpected {self.text[at]!r}", at + 1, _hint_for(self.text[at]))
            if match.lastgroup:
                kind = "number" if match.group("number") else match.lastgroup
                found.append(_Token(kind, match.group(kind), at))
            at = match.end()
        return [*found, _Token("end", "", at)]

    def take(self, *texts: str) -> _Token | None:
        token = self.token
        if token.kind in {"mark", "name"} and token.text in texts:
            self.position += 1
            return token
        return None

    def _shown(self, token: _Token) -> str:
        return repr(token.text) if token.text else "the end"

    def need(self, text: str) -> None:
        if not self.take(text):
            self.fail(f"expected {text!r} before {self._shown(self.token)}")

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail("nested too deeply")
        tree = self.binary(0)
        if mark := self.take("?"):
            then = self.binary(0)
            self.need(":")
            tree = Ternary(tree, then, self.expression(), mark.at)
        self.depth -= 1
        return tree

    def binary(self, level: int) -> Tree:
        if level == len(_BINARY):
            return self.unary()
        tree = self.binary(level + 1)
        while mark := self.take(*_BINARY[level]):
            if mark.text == "%":
                self.fail("numbers are doubles here and have no remainder", mark.at, "use floor(a / b)")
            tree = Binary(mark.text, tree, self.binary(level + 1), mark.at)
        return tree

    def unary(self) -> Tree:
        if mark := self.take("!", "-"):
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                self.fail("nested too deeply")
            tree = Unary(mark.text, self.unary(), mark.at)
            self.depth -= 1
            return tree
        return self.member()

    def member(self) -> Tree:
        tree = self.primary()
        while mark := self.take(".", "["):
            if mark.text == "[":
                tree = Index(tree, self.expression(), mark.at)
                self.need("]")
                continue
            field = self.token
            if field.kind != "name":
                self.fail("expected a name after '.'")
            self.position += 1
            if self.take("("):
                tree = Call(field.text, tree, self.items(")"), field.at)
            else:
                tree = Select(tree, field.text, field.at)
        return tree

    def primary(self) -> Tree:
        token = self.token
        self.position += 1
        if token.kind == "number":
            return Literal(self.number(token), token.at)
        if token.kind == "string":
            return Literal(self.string(token), token.at)
        if token.kind == "name":
            return self.name(token)
        if token.text == "(":
            tree = self.expression()
            self.need(")")
            return tree
        if token.text == "[":
            return ListOf(self.items("]"), token.at)
        if token.text == "{":
            return MapOf(self.entries(), token.at)
        return self.fail(f"expected a value, found {self._shown(token)}", token.at)

    def name(self, token: _Token) -> Tree:
        if token.text in {"true", "false", "null"}:
            return Literal({"true": True, "false": False, "null": None}[token.text], token.at)
        if token.text in RESERVED and not (token.text == "let" and self.token.text == "."):
            self.fail(f"{token.text!r} is a reserved word of CEL", token.at)
        if self.take("("):
            return Call(token.text, None, self.items(")"), token.at)
        return Name(token.text, token.at)

    def items(self, closing: str) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while not self.take(closing):
            if found:
                self.need(",")
                if closing == "]" and self.take(closing):
                    break
            found.append(self.expression())
        return tuple(found)

    def entries(self) -> tuple[tuple[Tree, Tree], ...]:
        found: list[tuple[Tree, Tree]] = []
        while not self.take("}"):
            if found:
                self.need(",")
                if self.take("}"):
                    break
            key = self.expression()
            self.need(":")
            found.append((key, self.expression()))
        return tuple(found)

    def number(self, token: _Token) -> float:
        try:
            found = float(int(token.text, 16) if token.text[:2] == "0x" else token.text)
        except OverflowError:
            found = math.inf
        if math.isinf(found):
            self.fail("a number out of range", token.at)
        return found

    def string(self, token: _Token) -> str:
        text = token.text
        raw = text[0] in "rR"
        text = text[1:] if raw else text
        width = 3 if text[:3] in {"'''", '"""'} else 1
        body = text[width:-width]
        return body if raw else _ESCAPE.sub(self._escape, body)

    def _escape(self, match: re.Match[str]) -> str:
        x, u, big, octal, other = match.groups()
        if octal:
            return chr(int(octal, 8))
        if code := x or u or big:
            if int(code, 16) > sys.maxunicode or 0xD800 <= int(code, 16) < 0xE000:  # noqa: PLR2004 - surrogates
                self.fail(f"no such character: {match.group()}")
            return chr(int(code, 16))
        if other in _ESCAPED:
            return _ESCAPED[other]
        if other in "\\'\"`?":
            return str(other)
        return self.fail(
            f"no such escape: \\{other}",
            self.tokens[self.position - 1].at,
            hint='write regular expressions as raw strings: r"\\d+"',
        )


def _hint_for(character: str) -> str:
    if character in {"=", "&", "|"}:
        return f"write {character * 2}"
    return "close the string" if character in {"'", '"'} else ""
