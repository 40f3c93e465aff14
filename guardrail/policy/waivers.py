"""Waivers: agreed exceptions from rules, each with a reason, an owner and an end.

`rule` and `address` are globs in which only `*` and `?` are special, so that `aws_instance.web["a"]` is itself.
A finding about a budget has the address `budget:NAME`, one about a plan `plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from guardrail.errors import ConfigError, did_you_mean
from guardrail.files.checked import Section, checked
from guardrail.files.yaml_file import YamlFile, read_yaml
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.policy.glob import Globs, is_pattern, matches

WARN_DAYS = 14
"""A waiver that ends within so many days is announced."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _no_day() -> date:
    msg = "must be a day like 2026-01-31"
    raise ValueError(msg)


def _iso(value: Any) -> date:
    try:
        # Since Python 3.11 it also reads 20260131, which the file does not take.
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-01-31") else _no_day()
    except ValueError:
        return _no_day()


Day = Annotated[date, BeforeValidator(_iso)]
"""A day as files write it: 2026-01-31."""


class WaiverEntry(Section):
    """One waiver as the file states it."""

    rule: Text
    """id of a rule, or a glob of ids"""
    address: Text
    """address of a resource, or a glob of addresses"""
    reason: Text
    expires: Day
    """the last day on which it holds"""
    owner: str = ""
    ticket: str = ""


class WaiverList(Section):
    """A waivers file."""

    waivers: tuple[WaiverEntry, ...] = Field(default=())


def read_waivers(path: Path, *, name: str = "") -> tuple[Waiver, ...]:
    """Read a waivers file. `name` is how errors and findings call it. Raises ConfigError."""
    return load_waivers(read_yaml(path, ConfigError, name=name))


def load_waivers(file: YamlFile) -> tuple[Waiver, ...]:
    """Return the waivers that a file holds. Raises ConfigError with file and line."""
    if file.data is None:
        return ()
    entries = checked(WaiverList, file, ConfigError).waivers
    return tuple(
        Waiver(
            entry.rule,
            entry.address,
            f"{entry.reason} ({entry.ticket})" if entry.ticket else entry.reason,
            entry.expires,
            entry.owner,
            file.where(("waivers", index)),
        )
        for index, entry in enumerate(entries)
    )


def apply_waivers(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    *,
    today: date,
    unwaivable: Collection[str] = (),
    rules: Collection[str] = (),
    max_days: int | None = None,
    report_unused: bool = True,
) -> tuple[Finding, ...]:
    """Return the findings with waivers applied, followed by what there is to say about the waivers themselves.

    unwaivable     ids of rules that take no waiver
    rules          ids of all rules, to tell a misspelt one
    max_days       a waiver may not reach further into the future than this
    report_unused  off where only a part of the projects was judged
    """
    index = _Index(waivers)
    used: set[Waiver] = set()
    result: list[Finding] = []
    for finding in findings:
        fitting = index.fitting(finding)
        used.update(fitting)
        # All that fit count as used, the expired ones too: these are reported as expired, not as unused.
        good = (one for one in fitting if today <= one.expires and not _too_long(one, today, max_days))
        chosen = next(good, None)
        result.append(_waived(finding, chosen, finding.rule in unwaivable) if chosen else finding)
    for waiver in dict.fromkeys(waivers):
        result += _hygiene(waiver, today, max_days, used=waiver in used or not report_unused, rules=rules)
    return tuple(result)


class _Index:
    """Waivers by what they are for: rule patterns are few, and each has its addresses."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._addresses: dict[str, Globs[tuple[int, Waiver]]] = {}
        for number, waiver in enumerate(waivers):
            self._addresses.setdefault(waiver.rule, Globs()).add(waiver.address, (number, waiver))

    def fitting(self, finding: Finding) -> list[Waiver]:
        """Return the waivers for a finding, in the order of their file. A rule that could not be evaluated has none."""
        if finding.status is FindingStatus.ERROR:
            return []
        rules = (entries for rule, entries in self._addresses.items() if matches(rule, finding.rule))
        entries = sorted((entry for one in rules for entry in one.find(finding.subject)), key=itemgetter(0))
        return [waiver for _, waiver in entries]


def _waived(finding: Finding, waiver: Waiver, refused: bool) -> Finding:  # noqa: FBT001 - private, named at its call
    if refused:
        return replace(finding, message=f"{finding.message} (this rule takes no waiver: {waiver.where} is ignored)")
    # It did not block: it stays pre-existing in the counts, and shows who has agreed to it.
    if finding.status is FindingStatus.PRE_EXISTING:
        return replace(finding, waiver=waiver, blocking=False)
    return replace(finding, status=FindingStatus.WAIVED, waiver=waiver, blocking=False)


def _too_long(waiver: Waiver, today: date, max_days: int | None) -> bool:
    return max_days is not None and waiver.expires > today + timedelta(days=max_days)


def _hygiene(
    waiver: Waiver, today: date, max_days: int | None, *, used: bool, rules: Collection[str]
) -> Iterable[Finding]:
    about = f"the waiver of {waiver.rule} for {waiver.address}"
    days = (waiver.expires - today).days
    if days < 0:
        yield _note(
            "waiver-expired", f"{about} expired on {waiver.expires}", waiver, "renew it, or fix what it excused"
        )
    elif _too_long(waiver, today, max_days):
        fix = f"choose a day within {max_days} days"
        yield _note("waiver-too-long", f"{about} does not count: it lasts until {waiver.expires}", waiver, fix)
    elif not used:
        hint = (
            did_you_mean(waiver.rule, rules)
            if rules and not is_pattern(waiver.rule) and waiver.rule not in rules
            else ""
        )
        what = f"{about} excuses nothing" + (f": no rule is called {waiver.rule}" if hint else "")
        yield _note("waiver-unused", what, waiver, hint or "remove it")
    elif days <= WARN_DAYS:
        left = "today" if not days else f"in {days} day{'s' if days > 1 else ''}"
        note = _note("waiver-expiring", f"{about} expires {left}", waiver, "renew it, or fix what it excuses")
        yield replace(note, severity=Severity.INFO)


def _note(rule: str, message: str, waiver: Waiver, fix: str) -> Finding:
    file, _, line = waiver.where.rpartition(":")
    return Finding(
        rule=rule,
        title="Waivers are kept in order",
        severity=Severity.LOW,
        enforcement=Enforcement.ADVISORY,
        status=FindingStatus.FAIL,
        message=message,
        blocking=False,
        fix=fix,
        file=file or None,
        line=int(line) if line.isdecimal() else None,
        waiver=waiver,
    )
