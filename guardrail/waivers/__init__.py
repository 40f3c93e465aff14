"""Waivers in a run: applied to findings, listed where a change adds them, written into their file."""

from guardrail.waivers.added import added_waivers
from guardrail.waivers.applied import refused_waivers, waived, waived_inline, waiver_policy, waivers_without_terms
from guardrail.waivers.asked import Asked, waiver_for
from guardrail.waivers.writing import naming_waivers, waivers_file, with_waiver

__all__ = [
    "Asked",
    "added_waivers",
    "naming_waivers",
    "refused_waivers",
    "waived",
    "waived_inline",
    "waiver_for",
    "waiver_policy",
    "waivers_file",
    "waivers_without_terms",
    "with_waiver",
]
