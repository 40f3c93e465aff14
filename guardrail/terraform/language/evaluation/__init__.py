"""Expressions to values, by the rules of HCL as Terraform 1.15 has them.

Unknown is decided by value, not by mention: a condition that is known chooses, `false && unknown` is false, a known key
of a partly unknown map has its value. Marks travel with values as they do in Terraform.
"""

from guardrail.terraform.language.evaluation import calls, constructors, operations, traversals
from guardrail.terraform.language.evaluation.dispatch import evaluate, evaluate_or_unknown
from guardrail.terraform.language.evaluation.templates import render
from guardrail.terraform.language.scope import EvaluationError, LimitError

__all__ = [
    "EvaluationError",
    "LimitError",
    "calls",
    "constructors",
    "evaluate",
    "evaluate_or_unknown",
    "operations",
    "render",
    "traversals",
]
