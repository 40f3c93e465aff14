"""guardrail: policy-as-code cost guardrail for Terraform."""

__version__ = "0.1.0"
