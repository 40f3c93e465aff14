"""Expressions as python-hcl2 writes them: what they mention, and what they are where nothing has to be evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from guardrail.errors import InputError
from guardrail.terraform.blocks import Body, value_of

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TRAVERSAL = re.compile(
    r'(?<![\w.\]"-])([A-Za-z_][\w-]*)((?:\.(?:[A-Za-z_][\w-]*|\d+|\*)|\[(?:"(?:[^"\\]|\\.)*"|[^\[\]"]*|[^\[\]]*\[[^\[\]]*\][^\[\]]*)\])+)'
)
_STEP = re.compile(r'\.([A-Za-z_][\w-]*|\d+|\*)|\[("(?:[^"\\$%]|\\.)*"|\d+)\]')
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_NOT_MENTIONED = frozenset({"__is_block__"})


class NotConstantError(Exception):
    """An expression that has to be evaluated."""


def is_expression(value: Any) -> bool:
    """Say whether a value is the text of an expression, not of a string."""
    return isinstance(value, str) and value.startswith("${") and value.endswith("}")


def constant(value: Any) -> Any:
    """Return what a value is that mentions nothing and calls nothing. Raises NotConstantError for any other."""
    if isinstance(value, dict):
        return {_key(key): constant(part) for key, part in value.items()}
    if isinstance(value, list):
        return [constant(part) for part in value]
    if not isinstance(value, str):
        return value
    text = value
    if is_expression(value):
        text = value[2:-1].strip()
        if _NUMBER.fullmatch(text):
            return json.loads(text)
    if text in {"null", "true", "false"}:
        return json.loads(text)
    if not _STRING.fullmatch(text) or _TEMPLATE.search(text):
        raise NotConstantError(text[:80])
    return _unescaped(text[1:-1])


def references(value: Any) -> list[str]:
    """Return what a value mentions, in order and without repetition: `var.a`, `aws_instance.b["k"].id`."""
    if isinstance(value, str):
        return list(_references_of_text(value))
    return list(dict.fromkeys(name for text in _texts(value) for name in _references_of_text(text)))


@lru_cache(maxsize=8192)
def _references_of_text(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for code in _code(text):
        for mention in _TRAVERSAL.finditer(code):
            found.setdefault(mention[1] + _plain_steps(mention[2]))
            found.update(dict.fromkeys(references(f"${{{mention[2]}}}")) if "[" in mention[2] else {})
    return tuple(found)


def path_of(reference: str) -> list[str]:
    """Take a reference apart: `local.a["b"].c` is local, a, b, c."""
    head = re.match(r"[A-Za-z_][\w-]*", reference)
    if head is None:
        return [reference]
    steps = (
        name or (json.loads(key) if key.startswith('"') else key)
        for name, key in _STEP.findall(reference[head.end() :])
    )
    return [head[0], *steps]


def traversal(value: Any) -> list[str] | None:
    """Return the parts of an expression that is one reference and nothing else; None for any other."""
    text = value[2:-1].strip() if is_expression(value) else ""
    found = _TRAVERSAL.fullmatch(text)
    return path_of(text) if found and _plain_steps(found[2]) == found[2] else None


def _plain_steps(steps: str) -> str:
    """Leave out what follows a key that is computed."""
    at = 0
    while found := _STEP.match(steps, at):
        at = found.end()
    return steps[:at]


def _texts(value: Any) -> Iterator[str]:
    """Walk the texts in a value, keys that are computed among them."""
    if isinstance(value, dict):
        for key, part in value.items():
            if "${" in key or key.startswith("("):
                yield f"${{{key}}}"
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _code(text: str) -> Iterator[str]:
    """Walk the code in a text: expressions without the text of the strings in them."""
    return _code_of_expression(text[2:-1]) if is_expression(text) else _code_of_template(text)


def _code_of_expression(text: str) -> Iterator[str]:
    """Split an expression into its own code and that of the templates in its strings. Keys in brackets stay."""
    code, at = "", 0
    while (quote := text.find('"', at)) >= 0:
        end = _end_of_string(text, quote)
        inner = text[quote + 1 : end - 1]
        is_key = text[:quote].rstrip().endswith("[") and text[end:].lstrip().startswith("]") and "${" not in inner
        code += text[at:quote] + (text[quote:end] if is_key else " ")
        yield from _code_of_template(inner)
        at = end
    yield code + text[at:]


def _code_of_template(text: str) -> Iterator[str]:
    at = 0
    while found := re.compile(r"\$\$\{|%%\{|[$%]\{").search(text, at):
        at = found.end()
        if len(found[0]) == len("${"):
            end = _end_of_code(text, at)
            yield from _code_of_expression(text[at : end - 1])
            at = end


def _end_of_string(text: str, at: int) -> int:
    """Return where the string ends whose quote stands at a place."""
    at += 1
    while found := re.compile(r'\\.|\$\$\{|%%\{|[$%]\{|"', re.DOTALL).search(text, at):
        at = found.end()
        if found[0] == '"':
            return at
        if found[0] in {"${", "%{"}:
            at = _end_of_code(text, at)
    return len(text)


def _end_of_code(text: str, at: int) -> int:
    """Return where the code ends whose brace has been opened just before a place."""
    depth = 1
    while found := re.compile(r'[{}"]').search(text, at):
        at = found.end()
        if found[0] == '"':
            at = _end_of_string(text, found.start())
            continue
        depth += 1 if found[0] == "{" else -1
        if not depth:
            return at
    return len(text)


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text.replace("$${", "${").replace("%%{", "%{")}"', strict=False))
    except ValueError:
        raise NotConstantError(text[:80]) from None


def _key(key: str) -> str:
    if key.startswith("(") or _TEMPLATE.search(key):
        raise NotConstantError(key)
    return _unescaped(key[1:-1]) if _STRING.fullmatch(key) else key


def attributes(body: Body) -> Iterator[tuple[str, Any]]:
    """Walk what a block sets, without what is python-hcl2's own."""
    return ((name, part) for name, part in body.items() if name not in _NOT_MENTIONED)


def parts_of_call(value: Any, function: str) -> list[Any] | None:
    """Return the arguments of an expression that is one call of a function and nothing else; None for any other."""
    text = value[2:-1].strip() if is_expression(value) else ""
    if not text.startswith(f"{function}(") or not text.endswith(")") or text.endswith("...)"):
        return None
    try:
        parts = value_of(f"[{text[len(function) + 1 : -1]}]")
    except InputError:
        return None  # two calls side by side, say
    return parts if isinstance(parts, list) else None
