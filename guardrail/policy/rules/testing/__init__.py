"""Tests that rules carry: their fixtures, what running them says, and which branches they go through."""

from guardrail.policy.rules.testing.coverage import Coverage, RuleCoverage
from guardrail.policy.rules.testing.fixture import Repricer
from guardrail.policy.rules.testing.testing import PricedPlan, ReadPlan, RuleTestResult, run_tests

__all__ = ["Coverage", "PricedPlan", "ReadPlan", "Repricer", "RuleCoverage", "RuleTestResult", "run_tests"]
