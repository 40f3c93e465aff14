"""Waivers: agreed exceptions from rules, each with a reason, an owner and an end.

`rule` and `address` are globs in which only `*` and `?` are special, so that `aws_instance.web["a"]` is itself.
A finding about a budget has the address `budget:NAME`, one about a plan `plan`.
A waiver with `up_to` is bound to an amount: what has grown beyond it is asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.errors import ConfigError, did_you_mean
from guardrail.files.checked import checked
from guardrail.files.section import BeforeValidator, Field, Section, StringConstraints
from guardrail.files.yaml_file import YamlFile, read_yaml
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver, WaiverNeeds
from guardrail.policy.glob import Globs, is_pattern, matches, matches_any
from guardrail.policy.rules.packs.selection import WaiverTerms

WARN_DAYS = 14
"""A waiver that ends within so many days is announced."""
GROWTH = Decimal("1.05")
"""A waiver bound to an amount holds until what it is for costs this much more: prices and usage move a little by themselves."""

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
    up_to: Annotated[Decimal, Field(max_digits=15, decimal_places=2)] | None = None
    """what it may cost a month: a resource as a whole; of a plan or a budget, what the change adds"""


class WaiverList(Section):
    """A waivers file."""

    waivers: tuple[WaiverEntry, ...] = ()


def read_waivers(path: Path, *, name: str = "") -> tuple[Waiver, ...]:
    """Read a waivers file. `name` is how errors and findings call it. Raises ConfigError."""
    return load_waivers(read_yaml(path, ConfigError, name=name))


def load_waivers(file: YamlFile) -> tuple[Waiver, ...]:
    """Return the waivers that a file holds. Raises ConfigError with file and line."""
    entries = checked(WaiverList, file, ConfigError, may_be_empty=True).waivers
    return tuple(
        Waiver(
            entry.rule,
            entry.address,
            f"{entry.reason} ({entry.ticket})" if entry.ticket else entry.reason,
            entry.expires,
            entry.owner,
            file.where(("waivers", index)),
            entry.up_to,
        )
        for index, entry in enumerate(entries)
    )


class WaiverPolicy(Struct, frozen=True):
    """What waivers need to count, by rule.

    unwaivable  ids of rules that take no waiver
    terms       what a waiver of a rule needs; `default` for rules that are not in it
    by          globs of the owners that may waive a rule; none: anybody
    is_strict   whether what is wrong with a waiver blocks
    of_base     what findings that need approval can be waived by: waivers of the base, without their places; None: any waiver
    """

    unwaivable: Collection[str] = ()
    terms: Mapping[str, WaiverTerms] = field(default_factory=dict)
    default: WaiverTerms = field(default_factory=WaiverTerms)
    by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_strict: bool = False
    of_base: Collection[Waiver] | None = None

    def of(self, rule: str) -> WaiverTerms:
        """Return what a waiver of a rule needs."""
        return self.terms.get(rule, self.default)

    def needs(self, rule: str) -> WaiverNeeds | None:
        """Return what whoever writes a waiver of a rule has to know; None where nothing more than of any waiver."""
        terms = self.of(rule)
        needs = WaiverNeeds(
            rule in self.unwaivable, tuple(self.by.get(rule, ())), terms.owner == "required", terms.max_days
        )
        return None if needs == WaiverNeeds() else needs


NO_TERMS = WaiverPolicy()


def apply_waivers(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    *,
    today: date,
    policy: WaiverPolicy = NO_TERMS,
    rules: Collection[str] = (),
    report_unused: bool = True,
    used: Iterable[Waiver] = (),
) -> tuple[Finding, ...]:
    """Return the findings with waivers applied, followed by what there is to say about the waivers themselves.

    rules          ids of all rules, to tell a misspelt one
    report_unused  off where only a part of the projects was judged
    used           those that fit findings which were judged elsewhere
    """
    index, seen = WaiverIndex(waivers), _Seen()
    seen.fitting.update(used)
    result: list[Finding] = []
    for finding in findings:
        fitting = index.fitting(finding)
        # All that fit count as used, the expired ones too: these are reported as expired, not as unused.
        seen.fitting.update(fitting)
        objections = [
            _Objection("waiver-expired", "it has expired")
            if today > one.expires
            else objection(one, finding, policy, today)
            for one in fitting
        ]
        chosen = next((one for one, against in zip(fitting, objections, strict=True) if against is None), None)
        if chosen:
            seen.holding.add(chosen)
            result.append(_waived(finding, chosen, finding.rule in policy.unwaivable))
            continue
        for one, against in zip(fitting, objections, strict=True):
            if against and today <= one.expires:
                seen.objections.setdefault(one, against)
        result.append(_not_waived(finding, fitting, objections))
    firsts: dict[tuple[str, str], Waiver] = {}
    for waiver in dict.fromkeys(waivers):
        first = firsts.setdefault((waiver.rule, waiver.address), waiver)
        notes = _hygiene(waiver, first, today, seen, report_unused=report_unused, rules=rules)
        result += (_blocking(note) for note in notes) if policy.is_strict else notes
    return tuple(result)


class _Objection(Struct, frozen=True):
    """Why a waiver does not count: the id under which it is reported, and in words."""

    rule: str
    why: str
    fix: str = ""


class _Seen(Struct):
    """What waivers came to in a run: those that fit a finding, those that waived one, and why others did not."""

    fitting: set[Waiver] = field(default_factory=set)
    holding: set[Waiver] = field(default_factory=set)
    objections: dict[Waiver, _Objection] = field(default_factory=dict)


def objection(waiver: Waiver, finding: Finding, policy: WaiverPolicy, today: date) -> _Objection | None:
    """Return why a waiver that fits a finding, and has not expired, does not count for it; None where it does."""
    if against := refused_by_terms(waiver, finding.rule, policy, today):
        return against
    if finding.approval and policy.of_base is not None and replace(waiver, where="") not in policy.of_base:
        what = f"it is the change's own, and {finding.rule} asks for approval"
        return _Objection("waiver-refused", what, "have the finding approved")
    if waiver.up_to is None:
        return None
    limit = f"it holds up to {waiver.up_to:,.2f} a month"
    if finding.amount is None:
        return _Objection(
            "waiver-outgrown", f"{limit}, and what this costs is not known", "have it priced, or remove up_to"
        )
    # What costs less than nothing, a change that saves, is below any limit.
    if finding.amount > max(waiver.up_to, waiver.up_to * GROWTH):
        what = f"{limit}, and this comes to {finding.amount:,.2f}"
        return _Objection("waiver-outgrown", what, "have the new amount agreed to, and set up_to to it")
    return None


def refused_by_terms(waiver: Waiver, rule: str, policy: WaiverPolicy, today: date) -> _Objection | None:
    """Return what a waiver lacks of what a rule asks of its waivers, whatever it finds."""
    terms, by = policy.of(rule), policy.by.get(rule, ())
    if waiver.in_comment and terms.comments == "refused":
        return _Objection("waiver-refused", f"{rule} takes no waiver in a comment", "move it to the waivers file")
    if by and not (waiver.owner and matches_any(by, waiver.owner)):
        who = f"its owner is {waiver.owner}" if waiver.owner else "it names no owner"
        return _Objection(
            "waiver-refused", f"{who}, and {rule} can be waived by {', '.join(by)} only", "have one of them own it"
        )
    if terms.owner == "required" and not waiver.owner:
        return _Objection(
            "waiver-refused", f"it names no owner, which {rule} asks for", "add owner: who answers for it"
        )
    if terms.amount == "required" and waiver.up_to is None:
        what = f"it does not say up to what amount it holds, which {rule} asks for"
        return _Objection("waiver-refused", what, f"add up_to; `guardrail waive {rule} ADDRESS` does")
    if terms.max_days is not None and waiver.expires > today + timedelta(days=terms.max_days):
        what = f"it lasts until {waiver.expires}, and {rule} allows {terms.max_days} days"
        return _Objection("waiver-too-long", what, f"choose a day until {today + timedelta(days=terms.max_days)}")
    return None


def _not_waived(finding: Finding, fitting: Sequence[Waiver], objections: Sequence[_Objection | None]) -> Finding:
    """Return a finding that no waiver excuses, with what the first one that was meant for it lacks."""
    for waiver, against in zip(fitting, objections, strict=True):
        if against and against.rule != "waiver-expired":
            return _noted(finding, f"the waiver at {waiver.where} does not count: {against.why}")
    return finding


class WaiverIndex:
    """Waivers by what they are for: rule patterns are few, and each has its addresses."""

    def __init__(self, waivers: Iterable[Waiver]) -> None:
        self._addresses: dict[str, Globs[tuple[int, Waiver]]] = {}
        for number, waiver in enumerate(waivers):
            self._addresses.setdefault(waiver.rule, Globs()).add(waiver.address, (number, waiver))
        self._of_rule: dict[str, list[Globs[tuple[int, Waiver]]]] = {}

    def fitting(self, finding: Finding) -> list[Waiver]:
        """Return the waivers for a finding, in the order of their file. A rule that could not be evaluated has none."""
        return [] if finding.status is FindingStatus.ERROR else self.naming(finding.rule, finding.subject)

    def naming(self, rule: str, subject: str) -> list[Waiver]:
        """Return the waivers that name a rule and what it finds, in the order of their file."""
        if rule not in self._of_rule:
            own = [addresses for pattern, addresses in self._addresses.items() if matches(pattern, rule)]
            self._of_rule[rule] = own
        found = (entry for one in self._of_rule[rule] for entry in one.find(subject))
        entries = sorted(found, key=itemgetter(0))
        return [waiver for _, waiver in entries]


def _noted(finding: Finding, note: str) -> Finding:
    """Return a finding with a note in its message, once: results of parts are judged again where they are combined."""
    return finding if f"({note})" in finding.message else replace(finding, message=f"{finding.message} ({note})")


def _waived(finding: Finding, waiver: Waiver, refused: bool) -> Finding:  # noqa: FBT001 - private, named at its call
    if refused:
        return _noted(finding, f"this rule takes no waiver: {waiver.where} is ignored")
    # It did not block: it stays pre-existing in the counts, and shows who has agreed to it.
    if finding.status is FindingStatus.PRE_EXISTING:
        return replace(finding, waiver=waiver, blocking=False)
    return replace(finding, status=FindingStatus.WAIVED, waiver=waiver, blocking=False)


def _hygiene(
    waiver: Waiver, first: Waiver, today: date, seen: _Seen, *, report_unused: bool, rules: Collection[str]
) -> Iterator[Finding]:
    about = f"the waiver of {waiver.rule} for {waiver.address}"
    days = (waiver.expires - today).days
    against = seen.objections.get(waiver)
    if waiver != first:
        yield _note("waiver-duplicate", f"{about} is there twice, first at {first.where}", waiver, "remove one of them")
    if _is_everything(waiver.rule) or _is_everything(waiver.address):
        what = "rules" if _is_everything(waiver.rule) else "addresses"
        fix = "name what it is for; a rule that is to judge nothing is switched off under rules.set"
        yield _note("waiver-too-broad", f"{about} is for all {what}, those that come later included", waiver, fix)
    if days < 0:
        fix = "renew it, or fix what it excused"
        yield _note("waiver-expired", f"{about} expired on {waiver.expires}", waiver, fix)
    elif waiver not in seen.fitting:
        if report_unused:
            yield _unused(waiver, about, rules)
    elif against and waiver not in seen.holding:
        yield _note(against.rule, f"{about} does not count: {against.why}", waiver, against.fix)
    elif days <= WARN_DAYS:
        left = "today" if not days else f"in {days} day{'s' if days > 1 else ''}"
        note = _note("waiver-expiring", f"{about} expires {left}", waiver, "renew it, or fix what it excuses")
        yield replace(note, severity=Severity.INFO)


def _unused(waiver: Waiver, about: str, rules: Collection[str]) -> Finding:
    is_known = not rules or is_pattern(waiver.rule) or waiver.rule in rules
    hint = "" if is_known else did_you_mean(waiver.rule, rules)
    what = f"{about} excuses nothing" + (f": no rule is called {waiver.rule}" if hint else "")
    return _note("waiver-unused", what, waiver, hint or "remove it")


def _is_everything(pattern: str) -> bool:
    # Every address has a dot, and most ids of rules a hyphen: `*.*` is everything as well.
    return "*" in pattern and not any(char.isalnum() for char in pattern)


def _blocking(note: Finding) -> Finding:
    """Return what is wrong with a waiver as what blocks; that it soon ends is no fault yet."""
    if note.rule == "waiver-expiring":
        return note
    return replace(note, blocking=True, enforcement=Enforcement.MANDATORY)


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
