"""Templates: what `~` and `<<-` strip, escapes, and directives, from a flat row of tokens to one expression."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from msgspec import Struct

from guardrail.terraform.language.syntax.nodes import (
    Conditional,
    Expression,
    For,
    Invalid,
    Join,
    Literal,
    Source,
    Template,
)
from guardrail.terraform.language.values import string

MOST_NESTED = 500
"""Levels of expressions, directives and blocks within each other; deeper ones are not evaluated."""

# As Terraform's scanner cuts text: after each line, and at a $ or % that begins no sequence. `~` strips one piece only.
_PIECES = re.compile(r"(?:\$\$\{~?|%%\{~?|[$%])\n?|[^$%\n]*\n|[^$%\n]+")
_ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|\$\$\{|%%\{", re.DOTALL)
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class Token(Struct, eq=False):
    """A piece of a template.

    kind  text, value (`${}`), if, else, endif, for or endfor
    text  of text: the characters; `is_last` where its piece ends a line
    expression  of a value and an `if`: itself; of a `for`: its collection
    """

    kind: str
    start: int
    end: int
    text: str = ""
    expression: Expression | None = None
    names: tuple[str, str] = ("", "")
    strips_before: bool = False
    strips_after: bool = False


def unescaped(text: str, *, quoted: bool) -> str:
    """Return text without escapes: `$${` and `%%{` anywhere, those with a backslash in quoted strings."""
    if "$${" not in text and "%%{" not in text and not (quoted and "\\" in text):
        return text

    def plain(found: re.Match[str]) -> str:
        if found[0] in {"$${", "%%{"}:
            return found[0][1:]
        if not quoted:
            return found[0]
        code = found[1] or found[2]
        if code:  # beyond Unicode, Go writes U+FFFD
            return chr(int(code, 16)) if int(code, 16) <= sys.maxunicode else "\ufffd"
        return _CHARACTERS.get(found[3], found[0])

    return _ESCAPES.sub(plain, text)


def texts(text: str, start: int, *, quoted: bool) -> Iterator[Token]:
    """Yield a literal part of a template as tokens, each at most a line."""
    for found in _PIECES.finditer(text):
        end = start + len(found[0].encode())
        yield Token("text", start, end, unescaped(found[0], quoted=quoted))
        start = end


def assemble(source: Source, start: int, end: int, tokens: list[Token], *, flush: bool = False) -> Expression:
    """Make one expression of a template's tokens. `flush` is for `<<-`: lines lose the least indentation of any."""
    # `~` strips before `<<-` outdents, as in HCL: what it takes away counts for no indentation.
    for index, token in enumerate(tokens):
        if token.strips_before and index and tokens[index - 1].kind == "text":
            tokens[index - 1].text = tokens[index - 1].text.rstrip()
        if token.strips_after and index + 1 < len(tokens) and tokens[index + 1].kind == "text":
            tokens[index + 1].text = tokens[index + 1].text.lstrip()
    if flush:
        _outdent(tokens)
    if len(tokens) == 1 and tokens[0].kind == "value" and tokens[0].expression is not None:
        # "${x}" keeps the type of x; its place is that of the whole string.
        expression = tokens[0].expression
        expression.start, expression.end = start, end
        return expression
    if all(token.kind == "text" for token in tokens):
        return Literal(source, start, end, string("".join(token.text for token in tokens)))
    builder = _Builder(source, tokens)
    parts, closing = builder.parts()
    if builder.too_deep:
        return Invalid(source, start, end, f"expressions are nested deeper than {MOST_NESTED} levels")
    if closing or builder.failed:
        return Invalid(source, start, end, "the directives of a template do not match")
    return Template(source, start, end, parts)


def _outdent(tokens: list[Token]) -> None:
    """Remove the least indentation from lines. Lines that are blank do not count; interpolated text never does."""
    # A line begins after a newline that is written out: one in an interpolated value begins none.
    least: int | None = None
    lines: list[Token] = []
    begins = True
    for token in tokens:
        if begins:
            stripped = token.text.lstrip()
            blank = token.kind == "text" and not stripped and token.text.endswith("\n")
            if not blank:
                indent = len(token.text) - len(stripped) if token.kind == "text" else 0
                least = indent if least is None else min(least, indent)
                if token.kind == "text":
                    lines.append(token)
        begins = token.kind == "text" and token.text.endswith("\n")
    for token in lines:
        token.text = token.text[least:]


class _Builder:
    """Makes nested parts of a row of tokens."""

    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.place = 0
        self.failed = False
        self.depth = 0
        self.too_deep = False

    def parts(self) -> tuple[tuple[Expression, ...], str]:
        """Return the parts up to a closing directive, and which one that is ("" at the end)."""
        found: list[Expression] = []
        text, text_start, text_end = "", 0, 0
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            self.place += 1
            if token.kind == "text":
                text_start = text_start if text else token.start
                text, text_end = text + token.text, token.end
                continue
            if text:
                found.append(Literal(self.source, text_start, text_end, string(text)))
                text = ""
            if token.kind in {"else", "endif", "endfor"}:
                return tuple(found), token.kind
            if token.kind == "value" and token.expression is not None:
                found.append(token.expression)
            else:
                found.append(self._directive(token))
        if text:
            found.append(Literal(self.source, text_start, text_end, string(text)))
        return tuple(found), ""

    def _template(self, start: int, parts: tuple[Expression, ...]) -> Template:
        return Template(self.source, start, self.tokens[self.place - 1].end, parts)

    def _directive(self, opening: Token) -> Expression:
        self.depth += 1
        self.too_deep |= self.depth > MOST_NESTED
        if self.too_deep:
            self.place = len(self.tokens)
            return Invalid(self.source, opening.start, opening.end, "")
        found = self._if(opening) if opening.kind == "if" else self._for(opening)
        self.depth -= 1
        return found

    def _if(self, opening: Token) -> Expression:
        parts, closing = self.parts()
        yes = self._template(opening.end, parts)
        parts = ()
        if closing == "else":
            parts, closing = self.parts()
        no = self._template(opening.end, parts)
        self.failed |= closing != "endif" or opening.expression is None
        end = self.tokens[self.place - 1].end
        condition = opening.expression or yes
        return Conditional(self.source, opening.start, end, condition, yes, no)

    def _for(self, opening: Token) -> Expression:
        parts, closing = self.parts()
        body = self._template(opening.end, parts)
        self.failed |= closing != "endfor" or opening.expression is None
        end = self.tokens[self.place - 1].end
        key, value = opening.names
        collection = opening.expression or body
        items = For(self.source, opening.start, end, key, value, collection, None, body, None, groups=False)
        return Join(self.source, opening.start, end, items)
