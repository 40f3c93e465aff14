"""Whether several conditions together cover every case, told from their texts alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from guardrail.cel.expression.syntax import parse
from guardrail.cel.expression.tree import Binary, ListOf, Literal, Name, Select, Ternary, Tree, Unary

_Condition = Callable[[Mapping[str, bool]], bool]
_Parts = dict[str, str]
"""What counts as true or false -> what it compares with a constant, "" for anything else."""
_MAX_PARTS = 14
_OPPOSITES = {"!=": "==", "<=": ">", "<": ">="}


def cover_all(conditions: Iterable[str], let: Mapping[str, str]) -> bool:
    """Say whether one of the conditions holds in every case. `let` spells the names that stand for expressions.

    Each comparison, call or name in them counts as true or false by itself, and `x in [a, b]` as two comparisons: True is
    certain, False may only mean that the texts do not show it. Raises CelError.
    """
    parts: _Parts = {}
    tests = [_test(parse(text), let, parts) for text in conditions]
    # Every row of the truth table is tried: 2^14 take about 0.1 s, and each further part doubles that.
    if len(parts) > _MAX_PARTS:
        return False
    rows = (dict(zip(parts, values, strict=True)) for values in product((True, False), repeat=len(parts)))
    return all(any(test(row) for test in tests) for row in rows if _possible(row, parts))


def _possible(row: Mapping[str, bool], parts: _Parts) -> bool:
    """Say whether nothing in a row is equal to two constants at once."""
    equal = [subject for part, subject in parts.items() if subject and row[part]]
    return len(equal) == len(set(equal))


def _test(tree: Tree, let: Mapping[str, str], parts: _Parts) -> _Condition:
    match tree:
        case Literal(value=value):
            return lambda _: value is True
        case Unary(operator="!", operand=operand):
            inner = _test(operand, let, parts)
            return lambda row: not inner(row)
        case Binary(operator="&&" | "||" as operator, left=left, right=right):
            one, other = _test(left, let, parts), _test(right, let, parts)
            return (lambda row: one(row) and other(row)) if operator == "&&" else (lambda row: one(row) or other(row))
        case Ternary(condition=condition, then=then, otherwise=otherwise):
            asked, yes, no = (_test(part, let, parts) for part in (condition, then, otherwise))
            return lambda row: yes(row) if asked(row) else no(row)
        case Binary(operator="in", left=left, right=ListOf(items=items), at=at):
            tests = [_test(Binary("==", left, item, at), let, parts) for item in items]
            return lambda row: any(test(row) for test in tests)
        case Binary(operator=operator, left=left, right=right, at=at) if operator in _OPPOSITES:
            opposite = _test(Binary(_OPPOSITES[operator], left, right, at), let, parts)
            return lambda row: not opposite(row)
        case Select(operand=Name(name="let"), field=name) if name in let:
            return _test(parse(let[name]), let, parts)
        case Binary(operator="==", left=left, right=Literal()):
            subject = _key(left)
        case _:
            subject = ""
    key = _key(tree)
    parts[key] = subject
    return lambda row: row[key]


def _key(tree: Tree) -> str:
    """Return what is equal for equal texts, wherever they stand."""
    return re.sub(r", at=\d+", "", repr(tree))
