"""CEL, the expression language of rules and cost definitions: one adapter, two engines (see docs/cel.md)."""

from guardrail.cel.coverage import cover_all
from guardrail.cel.engines import engine_package, installed_engines
from guardrail.cel.environment import Environment, Template, Working, shown
from guardrail.cel.failures import EvaluationError
from guardrail.cel.forms import Form, Forms
from guardrail.cel.functions.prices import Handle
from guardrail.cel.key_access import KeyAccess
from guardrail.cel.names import OPEN, Path, Schema
from guardrail.cel.program import Program, Scope
from guardrail.cel.shapes import Shape, Shapes, joined_shape
from guardrail.cel.syntax import CelError

__all__ = [
    "OPEN",
    "CelError",
    "Environment",
    "EvaluationError",
    "Form",
    "Forms",
    "Handle",
    "KeyAccess",
    "Path",
    "Program",
    "Schema",
    "Scope",
    "Shape",
    "Shapes",
    "Template",
    "Working",
    "cover_all",
    "engine_package",
    "installed_engines",
    "joined_shape",
    "shown",
]
