"""CEL, the expression language of rules and cost definitions: one adapter, two engines (see docs/cel.md)."""

from guardrail.cel.analysis.key_access import KeyAccess
from guardrail.cel.analysis.names import OPEN, Path, Schema
from guardrail.cel.analysis.shapes import Shape, Shapes, joined_shape
from guardrail.cel.engine.engines import engine_package, engine_version, installed_engines
from guardrail.cel.engine.forms import Form, Forms
from guardrail.cel.environment import Environment, Template, Working, shown
from guardrail.cel.expression.syntax import CelError
from guardrail.cel.failures import EvaluationError
from guardrail.cel.functions.prices import Handle
from guardrail.cel.program import Program, Scope

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
    "engine_package",
    "engine_version",
    "installed_engines",
    "joined_shape",
    "shown",
]
