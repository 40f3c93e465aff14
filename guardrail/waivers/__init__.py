"""Waivers in a run: applied to findings, listed where a change adds them, written into their file."""

from guardrail.waivers.added import added_waivers
from guardrail.waivers.applied import refused_waivers, waived, waived_inline, waiver_policy, waivers_without_terms

__all__ = [
    "added_waivers",
    "refused_waivers",
    "waived",
    "waived_inline",
    "waiver_policy",
    "waivers_without_terms",
]
