"""CEL's grammar: text to a tree. What guardrail needs to know of an expression before an engine sees it."""

from __future__ import annotations

import json
import math
import re
import sys
from functools import lru_cache
from typing import NoReturn

from msgspec import Struct

from guardrail.cel.expression.tree import (
    Binary,
    Call,
    Index,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Name,
    Select,
    Ternary,
    Tree,
    UInt,
    Unary,
)

# Loosest first, as in CEL's language definition; `? :` and unary operators are handled apart.
_BINARY = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"<", "<=", ">", ">=", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_LOGICAL = 1  # the last level of `||` and `&&`
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
    | (?P<number> 0x[0-9a-fA-F]+ | (?: \d+\.\d+ | \.\d+ | \d+ ) (?: [eE][+-]?\d+ )? )(?P<unsigned>[uU])?(?![\w])
    | (?P<string> (?: [bB][rR]? | [rR][bB]? )?
        (?: '''(?:\\.|[^\\])*?''' | \"\"\"(?:\\.|[^\\])*?\"\"\" | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*" ) )
    | (?P<name> [A-Za-z_]\w* )
    | `(?P<quoted> [\w.\-/ ]+ )`
    | (?P<mark> \|\| | && | [<>=!]= | [-+*/%<>!?:.,()\[\]{}] )""",
    re.VERBOSE | re.DOTALL,
)
_RAW = re.compile(
    r"""(?P<string> (?: [bB][rR] | [rR][bB]? ) (?: '''.*?''' | \"\"\".*?\"\"\" | '[^'\n]*' | "[^"\n]*" ) )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 60
_DIGITS = 25  # of a decimal number: more are out of range, and would take long to read
_MOST, _MOST_UNSIGNED = 2**63 - 1, 2**64 - 1

MACROS: dict[str, tuple[tuple[int, int], ...]] = {
    "all": ((1, 1), (2, 1)),
    "exists": ((1, 1), (2, 1)),
    "exists_one": ((1, 1), (2, 1)),
    "map": ((1, 1), (1, 2)),
    "filter": ((1, 1),),
    "transformList": ((2, 1), (2, 2)),
    "transformMap": ((2, 1), (2, 2)),
    "transformMapEntry": ((2, 1), (2, 2)),
    "sortBy": ((1, 1),),
    "optMap": ((1, 1),),
    "optFlatMap": ((1, 1),),
}
"""Methods that name what they go through -> numbers of (variables, bodies). Two variables: place and element, or key and value."""
_OTHER_NAMES = {"existsOne": "exists_one"}
LIBRARIES = frozenset(
    {"math", "strings", "lists", "sets", "optional", "base64", "regex", "ip", "format", "json", "price", "cel"}
)
"""What may stand before a function's name, as in `math.greatest(1, 2)`."""


class CelError(Exception):
    """An expression that cannot be compiled: what is wrong, the column it begins in (from 1), and what to do."""

    def __init__(self, message: str, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint
        self.name = ""


class _Token(Struct, frozen=True):
    kind: str  # number, unsigned, string, name, quoted, mark, end
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
            match = _RAW.match(self.text, at) or _TOKEN.match(self.text, at)
            if match is None:
                raise CelError(f"unexpected {self.text[at]!r}", at + 1, _hint_for(self.text[at]))
            if match.groupdict().get("unsigned"):
                found.append(_Token("unsigned", match["number"], at))
            elif match.lastgroup:
                found.append(_Token(match.lastgroup, match[match.lastgroup], at))
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
        if level <= _LOGICAL:
            return self.chain(level, tree)
        while mark := self.take(*_BINARY[level]):
            tree = Binary(mark.text, tree, self.binary(level + 1), mark.at)
        return tree

    def chain(self, level: int, first: Tree) -> Tree:
        """Return `a || b || c ...` as a balanced tree: engines bound the depth, and the order of evaluation is the same."""
        operands, marks = [first], []
        while mark := self.take(*_BINARY[level]):
            marks.append(mark)
            operands.append(self.binary(level + 1))

        def balanced(start: int, end: int) -> Tree:
            if end - start == 1:
                return operands[start]
            middle = (start + end + 1) // 2
            mark = marks[middle - 1]
            return Binary(mark.text, balanced(start, middle), balanced(middle, end), mark.at)

        return balanced(0, len(operands))

    def unary(self) -> Tree:
        mark = self.take("!", "-")
        if not mark:
            return self.member(self.primary())
        if mark.text == "-" and self.token.kind == "number":
            token = self.token
            self.position += 1
            return self.member(Literal(self.number(token, negative=True), mark.at))
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail("nested too deeply")
        tree = Unary(mark.text, self.unary(), mark.at)
        self.depth -= 1
        return tree

    def member(self, tree: Tree) -> Tree:
        while mark := self.take(".", "["):
            is_optional = bool(self.take("?"))
            if mark.text == "[":
                tree = Index(tree, self.expression(), mark.at, is_optional)
                self.need("]")
                continue
            field = self.token
            if field.kind not in {"name", "quoted"}:
                self.fail("expected a name after '.'")
            self.position += 1
            if field.kind == "name" and not is_optional and self.take("("):
                tree = self.called(field, tree, self.arguments())
            else:
                tree = Select(tree, field.text, field.at, is_optional)
        return tree

    def called(self, field: _Token, target: Tree, args: tuple[Tree, ...]) -> Tree:
        """Return what `target.field(args)` is: a macro, a function of a library, or a method."""
        library = target.name if isinstance(target, Name) else ""
        if library == "cel" and field.text == "bind":
            return (
                self.macro("bind", args[1:2], (args[0], *args[2:]), ((1, 1),), field) if args[1:] else self.arity(field)
            )
        if library in LIBRARIES:
            return Call(f"{library}.{field.text}", None, args, target.at)
        name = _OTHER_NAMES.get(field.text, field.text)
        if name in MACROS:
            return self.macro(name, (target,), args, MACROS[name], field)
        return Call(field.text, target, args, field.at)

    def macro(
        self,
        name: str,
        targets: tuple[Tree, ...],
        args: tuple[Tree, ...],
        shapes: tuple[tuple[int, int], ...],
        field: _Token,
    ) -> Tree:
        for variables, bodies in shapes:
            if variables + bodies == len(args):
                for variable in args[:variables]:
                    if not isinstance(variable, Name):
                        first = "first argument of" if variables == 1 else "first two arguments of"
                        fault = f"the {first} {field.text} must be {'a name' if variables == 1 else 'names'} for the element"
                        raise CelError(fault, variable.at + 1, "write a name: x")
                names = tuple(variable.name for variable in args[:variables] if isinstance(variable, Name))
                return Macro(name, targets[0], names, args[variables:], field.at)
        return self.arity(field)

    def arity(self, field: _Token) -> NoReturn:
        shapes = MACROS.get(_OTHER_NAMES.get(field.text, field.text), ((1, 2),))
        counts = sorted({sum(shape) for shape in shapes})
        self.fail(f"{field.text} takes {' or '.join(map(str, counts))} arguments", field.at)

    def primary(self) -> Tree:
        token = self.token
        self.position += 1
        if token.kind in {"number", "unsigned"}:
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
            return ListOf(*self.items(token))
        if token.text == "{":
            return MapOf(*self.entries(token))
        if token.text == "." and self.token.kind == "name":  # a name of the outermost scope: all of ours are
            name = self.token
            self.position += 1
            return self.name(name)
        return self.fail(f"expected a value, found {self._shown(token)}", token.at)

    def name(self, token: _Token) -> Tree:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.at)
        if token.text in RESERVED and not (token.text == "let" and self.token.text == "."):
            self.fail(f"{token.text!r} is a reserved word of CEL", token.at)
        if self.take("("):
            return Call(token.text, None, self.arguments(), token.at)
        return Name(token.text, token.at)

    def arguments(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        while not self.take(")"):
            if found:
                self.need(",")
            found.append(self.expression())
        return tuple(found)

    def items(self, opening: _Token) -> tuple[tuple[Tree, ...], int, frozenset[int]]:
        found: list[Tree] = []
        optional = set()
        while not self.take("]"):
            if found:
                self.need(",")
                if self.take("]"):
                    break
            if self.take("?"):
                optional.add(len(found))
            found.append(self.expression())
        return tuple(found), opening.at, frozenset(optional)

    def entries(self, opening: _Token) -> tuple[tuple[tuple[Tree, Tree], ...], int, frozenset[int]]:
        found: list[tuple[Tree, Tree]] = []
        optional = set()
        while not self.take("}"):
            if found:
                self.need(",")
                if self.take("}"):
                    break
            if self.take("?"):
                optional.add(len(found))
            key = self.expression()
            self.need(":")
            found.append((key, self.expression()))
        return tuple(found), opening.at, frozenset(optional)

    def number(self, token: _Token, *, negative: bool = False) -> int | float:
        text = token.text
        if text[:2] == "0x" or text.isdecimal():
            whole = int(text, 16) if text[:2] == "0x" else int(text) if len(text) <= _DIGITS else _MOST_UNSIGNED + 1
            if token.kind == "unsigned" and whole <= _MOST_UNSIGNED:
                return UInt(whole)
            if token.kind == "number" and whole <= _MOST + negative:
                return -whole if negative else whole
            self.fail("a number out of range", token.at)
        found = -float(text) if negative else float(text)
        if math.isinf(found):
            self.fail("a number out of range", token.at)
        return found

    def string(self, token: _Token) -> str | bytes:
        quoted = token.text.lstrip("bBrR")
        prefix = token.text[: -len(quoted)].lower()
        width = 3 if quoted[:3] in {"'''", '"""'} else 1
        body = quoted[width:-width]
        if "b" not in prefix:
            return body if "r" in prefix else _ESCAPE.sub(lambda found: self._escape(found, token), body)
        # Escapes of one byte are that byte, all else is UTF-8.
        pieces, at = b"", 0
        for found in () if "r" in prefix else _ESCAPE.finditer(body):
            x, _, _, octal, _ = found.groups()
            code = bytes([int(x, 16) if x else int(octal, 8)]) if x or octal else self._escape(found, token).encode()
            pieces, at = pieces + body[at : found.start()].encode() + code, found.end()
        return pieces + body[at:].encode("utf-8", "surrogatepass")

    def _escape(self, match: re.Match[str], token: _Token) -> str:
        x, u, big, octal, other = match.groups()
        if octal:
            return chr(int(octal, 8))
        if code := x or u or big:
            if int(code, 16) > sys.maxunicode or 0xD800 <= int(code, 16) < 0xE000:  # noqa: PLR2004 - surrogates
                self.fail(f"no such character: {match.group()}", token.at)
            return chr(int(code, 16))
        if other in _ESCAPED:
            return _ESCAPED[other]
        if other in "\\'\"`?":
            return str(other)
        hint = 'write regular expressions as raw strings: r"\\d+"'
        return self.fail(f"no such escape: \\{other}", token.at, hint=hint)


def _hint_for(character: str) -> str:
    if character in {"=", "&", "|"}:
        return f"write {character * 2}"
    return "close the string" if character in {"'", '"'} else ""
