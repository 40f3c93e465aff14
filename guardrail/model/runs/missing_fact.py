"""Facts that are missing, and the answers of rules that wait for them: one missing fact is one thing to tell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.reason import Reason
from guardrail.model.unknown import Unknown

TITLE = "missing fact"
"""What stands in the place of a rule where several wait for the same."""

_RULES = 5
_KEY = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_CAUSE = re.compile(r"(?s).*(?:not evaluated|not known): (.+)")  # behind what depends on it: "size: not evaluated: "
_AFTER_APPLY = re.compile(r"(?s).*known after apply: (.+)")


def named(unknown: Unknown, subject: str) -> str:
    """Return what an answer about a subject (an address, a budget) waits for, in words that all answers have that wait for it.

    A variable without a value, a price or the facts of a machine type are one for all resources. What else is not known is the
    subject's own, and one for all instances of a block, which share its expressions.
    """
    if unknown.machine_type:
        return f"facts of {unknown.machine_type} are not known"
    if unknown.kind is Reason.NOT_EVALUATED and (cause := _CAUSE.fullmatch(unknown.reason)):
        return cause[1]
    reason = unknown.reason.removeprefix("incomplete: ")
    if unknown.kind is Reason.NO_PRICE:
        return reason
    what = unknown.text
    if late := _AFTER_APPLY.fullmatch(reason):
        what = f"{late[1]} is known after apply"
    elif reason != unknown.reason or unknown.path.startswith("resource.cost."):  # whichever amount was asked for
        what = f"what it costs is {unknown.reason}"
    return f"{_KEY.sub('', subject)}: {what}" if subject else what


class MissingFact(Struct, frozen=True, dict=True):
    """A fact that several answers wait for, in the order of the findings. `name` says what is not known."""

    name: str
    findings: tuple[Finding, ...]

    @cached_property
    def rules(self) -> list[str]:
        """The rules that wait for it."""
        return sorted({one.rule for one in self.findings})

    @cached_property
    def subjects(self) -> list[str]:
        """The resources, budgets and plans that they are about, as waivers name them."""
        return list(dict.fromkeys(one.subject for one in self.findings))

    @cached_property
    def blocking(self) -> bool:
        """Whether any of the answers blocks."""
        return any(one.blocking for one in self.findings)

    @cached_property
    def as_finding(self) -> Finding:
        """One finding for all, as people read it: of one resource with its place, of several without."""
        first = self.findings[0]
        places = {(one.project, one.address) for one in self.findings}
        asked = f"{'rules' if self.rules[1:] else 'rule'} {', '.join(self.rules[:_RULES])}"
        asked += f" and {len(self.rules) - _RULES:,} more" if self.rules[_RULES:] else ""
        number = f"{len(places):,} resources, " if places and len(places) > 1 else ""
        found = replace(
            first,
            rule=TITLE,
            title="",
            severity=max((one.severity for one in self.findings), key=lambda one: one.rank),
            message=f"{self.name} ({number}{asked})",
            blocking=self.blocking,
            approval=first.approval if all(one.needs_approval for one in self.findings if one.blocking) else None,
            docs="",
        )
        if len(places) == 1:
            return found
        return replace(found, project="", address="", evidence={}, file=None, line=None, end_line=None, calls=())


def missing_facts(findings: Iterable[Finding]) -> tuple[MissingFact, ...]:
    """Return the facts that more than one answer waits for. Variables and resources are those of a project."""
    groups: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.waits_for and finding.status is FindingStatus.UNKNOWN:
            groups["" if finding.machine_type else finding.project, finding.waits_for].append(finding)
    return tuple(MissingFact(name, tuple(group)) for (_, name), group in groups.items() if group[1:])
