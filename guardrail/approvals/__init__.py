"""Approvals in a run: who may give them, which were given, whether they still hold, and how they are written."""

from guardrail.approvals.matching import NO_SIGN_OFFS, SignedOff, approve, approved, key_of
from guardrail.approvals.policy import ApprovalPolicy, approval_policy, approvals_base

__all__ = [
    "NO_SIGN_OFFS",
    "ApprovalPolicy",
    "SignedOff",
    "approval_policy",
    "approvals_base",
    "approve",
    "approved",
    "key_of",
]
