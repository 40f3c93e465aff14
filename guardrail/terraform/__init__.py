"""What Terraform is about to do: plans in, changes out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guardrail.terraform.inputs import read_plans
    from guardrail.terraform.plan.reader import Plan, read_plan

__all__ = ["Plan", "read_plan", "read_plans"]


def __getattr__(name: str) -> Any:
    """Load the readers when one is asked for: a configuration is read where no plan is."""
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{'inputs' if name == 'read_plans' else 'plan.reader'}"), name)
