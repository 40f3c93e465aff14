"""Writes an approval into the approvals file; what stands around it stays as it is."""

from __future__ import annotations

from guardrail.approvals.file import UNKNOWN, ApprovalEntry, load_approvals
from guardrail.errors import ConfigError
from guardrail.files.yaml_file import parse_yaml
from guardrail.files.yaml_list import with_item, written


def with_approval(text: str, entry: ApprovalEntry, *, name: str) -> str:
    """Return the text of an approvals file with one more approval, in the place of one for the same finding by the same approver.

    `name` is how errors call the file. Raises ConfigError where it is no approvals file, or is written in one line.
    """
    file = parse_yaml(text, ConfigError, name=name)
    same = [number for number, (one, _) in enumerate(load_approvals(file)) if _names(one) == _names(entry)]
    said = {
        "rule": entry.rule,
        "address": entry.address,
        "project": entry.project,
        "by": entry.by,
        "reason": entry.reason,
        "expires": entry.expires,
        "ticket": entry.ticket,
        "planned": entry.planned,
    }
    known = f"up_to: {entry.amount:.2f}  # what it may come to a month" if entry.amount is not None else ""
    item = [*written(said), known or f"up_to: {UNKNOWN}  # it has no price"]
    return with_item(text, file, "approvals", item, at=same[-1] if same else None)


def _names(entry: ApprovalEntry) -> tuple[str, ...]:
    return entry.rule, entry.project, entry.address, entry.by.lower()
