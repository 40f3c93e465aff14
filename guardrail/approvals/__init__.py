"""Approvals in a run: who may give them, which were given, whether they still hold, and how they are written."""

from guardrail.approvals.asked import Asked, approval_for
from guardrail.approvals.matching import NO_SIGN_OFFS, SignedOff, approve, approved, key_of
from guardrail.approvals.policy import ApprovalPolicy, approval_policy, approvals_base
from guardrail.approvals.records import as_told, read_told, with_told, written_told
from guardrail.approvals.writing import with_approval

__all__ = [
    "NO_SIGN_OFFS",
    "ApprovalPolicy",
    "Asked",
    "SignedOff",
    "approval_for",
    "approval_policy",
    "approvals_base",
    "approve",
    "approved",
    "as_told",
    "key_of",
    "read_told",
    "with_approval",
    "with_told",
    "written_told",
]
