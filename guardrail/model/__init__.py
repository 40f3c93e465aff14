"""Frozen values without I/O that every other part of guardrail speaks in."""
