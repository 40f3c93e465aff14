"""The texts that stand below the fields of a class, for its JSON Schema."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def texts_below_fields(declared: type) -> dict[str, str]:
    """Return field -> the text below it, those of the classes that it is made from included."""
    found: dict[str, str] = {}
    for made_from in reversed(declared.__mro__):
        if made_from.__module__.startswith("guardrail."):
            found |= _of_class(made_from)
    return found


def _of_class(declared: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(declared))).body
    found = {}
    for field, below in pairwise(definition.body if isinstance(definition, ast.ClassDef) else []):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = inspect.cleandoc(value.value)
    return found
