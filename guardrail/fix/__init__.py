"""Mechanical fixes: does what rules ask for to the configuration's text, and keeps what the evaluation shows to help."""

from guardrail.fix.fixes import Fixed, Fixes, Left, check_again, fixes

__all__ = ["Fixed", "Fixes", "Left", "check_again", "fixes"]
