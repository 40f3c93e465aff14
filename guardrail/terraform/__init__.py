"""What Terraform is about to do: plans in, changes out."""

from guardrail.terraform.inputs import read_plans
from guardrail.terraform.plan import Plan, read_plan

__all__ = ["Plan", "read_plan", "read_plans"]
