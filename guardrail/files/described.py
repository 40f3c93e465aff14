"""The texts that stand below the fields of a model, for its JSON Schema."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise

from pydantic import BaseModel


def texts_below_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return field -> the text below it, those of the models that it is made from included."""
    found: dict[str, str] = {}
    for made_from in reversed(model.__mro__):
        if made_from is not BaseModel and issubclass(made_from, BaseModel):
            found |= _of_class(made_from)
    return {name: text for name, text in found.items() if name in model.model_fields}


def _of_class(model: type[BaseModel]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    found = {}
    for field, below in pairwise(definition.body if isinstance(definition, ast.ClassDef) else []):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            value = below.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = inspect.cleandoc(value.value)
    return found
