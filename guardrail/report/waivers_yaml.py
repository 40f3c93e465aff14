"""Entries of a waivers file, ready to paste."""

from __future__ import annotations

from collections.abc import Iterable

from guardrail.model.finding import Finding
from guardrail.report.text import yaml_text


def waivers_yaml(findings: Iterable[Finding]) -> str:
    """Return the YAML that waives findings, with its reason, last day and owner left to fill in; "" for none."""
    entries = [_entry(finding) for finding in findings]
    return "\n".join(["waivers:", *entries]) if entries else ""


def _entry(finding: Finding) -> str:
    return (
        f"  - rule: {yaml_text(finding.rule)}\n"
        f"    address: {yaml_text(finding.subject)}\n"
        '    reason: ""  # why this is right\n'
        "    expires: YYYY-MM-DD  # the last day on which it holds\n"
        '    owner: ""  # who answers for it'
    )
