"""Puts the results of all parts of a fleet together, and judges what only all of them can tell: budgets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.approvals import approved
from guardrail.config import Settings
from guardrail.costs import Library
from guardrail.errors import ConfigError
from guardrail.fleet.compare import Comparing, Comparison
from guardrail.fleet.judging import rules_hash
from guardrail.fleet.outcome import NOT_EVALUATED, Found, Outcome, VerdictName
from guardrail.fleet.parts import Missing, Parts
from guardrail.fleet.results import Results
from guardrail.fleet.run import budgets_hash, exit_code_of, verdict_of
from guardrail.ledger.storage.store import open_store
from guardrail.load import loaded_rules, snapshot_of
from guardrail.model.exit_code import ExitCode
from guardrail.model.finding import Finding, FindingStatus, Waiver
from guardrail.model.order import natural
from guardrail.model.report import FailOn
from guardrail.model.runs.hashes import hashed
from guardrail.model.totals import Totals
from guardrail.policy import Judge, LoadedRules, Project, WaiverIndex, read_waivers
from guardrail.policy.budgets import plays_in
from guardrail.policy.spend import Spend, added
from guardrail.progress import tell
from guardrail.replay.outcome import Standing
from guardrail.waivers import waived

Taker = Callable[[Outcome], object]
"""Takes each outcome that counts, such as to write its facts elsewhere."""

_UNREAD = Spend(before_unpriced=1, unpriced=1, delta_unpriced=1, delta_open_below=1, not_evaluated=1)
"""What a budget misses of a workspace of which nothing is known."""
_NOTHING_KNOWN = Totals(
    gap_before=True, gap_after=True, delta_gap_before=True, delta_gap_after=True, unpriced_before=True
)
"""What sums miss of such a workspace."""
_OPEN = (Standing.FAILS, Standing.ERROR, Standing.UNKNOWN, Standing.WARNS)
_OTHER_RULES = "workspaces were judged by other rules than those of guardrail.yaml: run the fleet again"
_WAIVERS_OPEN = "not all workspaces are evaluated: which waivers none of them uses is not told"


class Row(Struct, frozen=True):
    """A workspace in a report. `totals` is None where it could not be read; `why` says what could not be evaluated."""

    name: str
    place: str
    env: str
    verdict: str
    why: str
    resources: int
    blocking: int
    totals: Totals | None


class RuleCount(Struct):
    """What a rule says over the whole fleet. `example` is the first thing that it found, with its workspace."""

    rule: str
    severity: str
    example: tuple[str, str, str]
    standings: Counter[str] = field(default_factory=Counter)
    workspaces: int = 0
    saving: Decimal = Decimal(0)

    @property
    def order(self) -> tuple[int, int, str]:
        """What blocks comes first, then what is found most often."""
        blocking = self.standings[Standing.FAILS] + self.standings[Standing.ERROR]
        return (-blocking, -sum(self.standings[one] for one in _OPEN), self.rule)


class BudgetSum(Struct, frozen=True):
    """What a budget's resources come to over the whole fleet."""

    name: str
    monthly: Decimal | None
    sums: Spend


class Fleet(Struct, frozen=True):
    """All of it.

    findings        of budgets, and of what is to be said of waivers
    unread          how many files cannot be read that tell what is missing, each of which is in the notes
    missing_shards  parts of which no workspace has a result, as "3/16"
    judged_at       the first and the last time that a workspace was judged as of
    """

    currency: str
    judged_at: tuple[str, str]
    rows: tuple[Row, ...]
    rules: tuple[RuleCount, ...]
    budgets: tuple[BudgetSum, ...]
    findings: tuple[Finding, ...]
    missing: tuple[Missing, ...]
    missing_shards: tuple[str, ...]
    notes: tuple[str, ...]
    totals: Totals
    comparison: Comparison | None = None
    unread: int = 0

    @property
    def verdicts(self) -> Counter[str]:
        """How many workspaces came to which verdict."""
        return Counter(row.verdict for row in self.rows)

    @property
    def verdict(self) -> VerdictName:
        """The answer in one word. What is compared answers for what newly blocks."""
        if (
            self.missing
            or self.unread
            or self.verdicts[NOT_EVALUATED]
            or any(one.status is FindingStatus.ERROR for one in self.findings)
        ):
            return NOT_EVALUATED
        if self.comparison:
            return (
                NOT_EVALUATED
                if self.comparison.perhaps_blocked
                else "fail"
                if self.comparison.newly_blocked
                else "pass"
            )
        loud = [one for one in self.findings if one.status in {FindingStatus.FAIL, FindingStatus.UNKNOWN}]
        found = self.verdicts + Counter("fail" if one.blocking else "warn" for one in loud)
        return verdict_of(found)

    def exit_code(self, fail_on: FailOn) -> ExitCode:
        """Return the exit code that the verdict stands for."""
        return exit_code_of(self.verdict, fail_on)


def collect(
    places: Sequence[str], settings: Settings, takers: Sequence[Taker] = (), against: Sequence[str] = ()
) -> Fleet:
    """Read the results of all parts once, one outcome in memory at a time, and return the fleet.

    `against`: results of another run, by other rules, that this one is compared with. Raises InputError for places without
    results, ConfigError where guardrail.yaml has other budgets than the run had.
    """
    parts = Parts([Results(open_store(place)) for place in places])
    newest = parts.newest
    if newest.budgets != budgets_hash(settings) or newest.currency != settings.currency:
        fix = "name the guardrail.yaml of the run (--config), or run the fleet again"
        raise ConfigError("guardrail.yaml has other budgets, or another currency, than the run was made with", fix=fix)
    loaded = loaded_rules(settings, Library(settings.definitions))
    comparing = Comparing([Results(open_store(place)) for place in against], newest.prices) if against else None
    gathered = _Gathered(WaiverIndex(read_waivers(settings.waivers) if settings.waivers else ()))
    for outcome in parts.outcomes():
        gathered.add(outcome)
        if comparing:
            comparing.add(outcome)
        for take in takers:
            take(outcome)
        tell("results read", len(gathered.rows), len(parts.names))
    missing, missing_shards = parts.missing()
    judged = _budgets(gathered, missing, parts, settings, loaded)
    damaged = [*parts.damaged, *(comparing.damaged if comparing else ())]
    notes = [f"{one.where}: {one.why}: run that part of the fleet again" for one in damaged]
    notes += [*parts.notes(), *([_OTHER_RULES] if newest.rules != rules_hash(loaded) else [])]
    if settings.waivers and not _is_whole(gathered, missing, parts):
        notes.append(_WAIVERS_OPEN)
    return Fleet(
        currency=newest.currency,
        judged_at=(min(gathered.times, default=""), max(gathered.times, default="")),
        rows=tuple(sorted(gathered.rows, key=lambda one: natural(one.name))),
        rules=tuple(sorted(gathered.rules.values(), key=lambda one: one.order)),
        budgets=judged[0],
        findings=judged[1],
        missing=tuple(sorted(missing, key=lambda one: natural(one.name))),
        missing_shards=tuple(missing_shards),
        notes=tuple(notes),
        totals=gathered.totals + _NOTHING_KNOWN if missing or parts.damaged else gathered.totals,
        comparison=comparing.comparison() if comparing else None,
        unread=len(damaged),
    )


class _Gathered:
    """What all outcomes come to."""

    def __init__(self, waivers: WaiverIndex) -> None:
        self._waivers = waivers
        self.used: set[Waiver] = set()
        self.rows: list[Row] = []
        self.rules: dict[str, RuleCount] = {}
        self.budgets: defaultdict[str, Spend] = defaultdict(Spend)
        self.totals = Totals()
        self.times: set[str] = set()
        self.contents: list[str] = []

    def add(self, one: Outcome) -> None:
        """Count an outcome."""
        blocking = sum(found.standing in {Standing.FAILS, Standing.ERROR} for found in one.findings)
        self.rows.append(Row(one.name, one.place, one.env, one.verdict, one.why, one.resources, blocking, one.totals))
        self.times.add(one.at)
        self.contents.append(one.input)
        self.totals += one.totals or _NOTHING_KNOWN
        for name, sums in one.budgets.items():
            self.budgets[name] += sums
        for found in one.findings:
            if found.standing != Standing.ERROR:  # as where they are applied
                self.used.update(self._waivers.naming(found.rule, found.subject))
        for rule in {found.rule for found in one.findings}:
            self._count(one.name, [found for found in one.findings if found.rule == rule])

    def _count(self, workspace: str, findings: Sequence[Found]) -> None:
        first = findings[0]
        example = (workspace, first.subject, first.message)
        rule = self.rules.setdefault(first.rule, RuleCount(first.rule, first.severity, example))
        rule.example = min(rule.example, example)  # the same, in whatever order results are read
        rule.workspaces += 1
        rule.standings.update(found.standing for found in findings)
        rule.saving += sum(
            (Decimal(one.saving) for one in findings if one.saving and one.standing in _OPEN), Decimal(0)
        )


def _budgets(
    gathered: _Gathered, missing: Sequence[Missing], parts: Parts, settings: Settings, loaded: LoadedRules
) -> tuple[tuple[BudgetSum, ...], tuple[Finding, ...]]:
    """Judge the budgets of guardrail.yaml over all workspaces. What is not known of one of them is not known of its budgets."""
    unread = [Project(row.name, row.place, row.env) for row in gathered.rows if row.totals is None]
    unread += [Project(one.name, "", parts.names[one.name]) for one in missing]
    sums = []
    for budget in settings.budgets:
        open_ = sum(plays_in(budget.match, project) for project in unread) + bool(parts.damaged)
        sums.append(added([gathered.budgets[budget.name], *[_UNREAD] * open_]))
    rules = loaded.on(settings.now.date()).rules
    judge = Judge(
        rules,
        lambda _vendor, _name: None,  # rules on budgets read sums alone
        settings.now,
        settings.pr,
        currency=settings.currency,
        snapshot=snapshot_of(settings),
    )
    # An approval is for this very fleet: whatever else is planned in any workspace asks anew.
    planned = hashed(sorted(gathered.contents))
    found = judge.budgets_of_sums(settings.budgets, sums, parts.names, lambda _: planned)
    # What could not be read, or is of none of these parts, may be what a waiver is for.
    is_complete = _is_whole(gathered, missing, parts) and parts.names.keys() >= settings.environments.keys()
    told = waived(list(found), rules, replace(settings, complete=is_complete), used=gathered.used)
    findings = approved(told, settings)
    pairs = zip(settings.budgets, sums, strict=True)
    return tuple(BudgetSum(budget.name, budget.monthly, one) for budget, one in pairs), findings


def _is_whole(gathered: _Gathered, missing: Sequence[Missing], parts: Parts) -> bool:
    """Say whether all workspaces have been evaluated."""
    return not missing and not parts.damaged and all(row.verdict != NOT_EVALUATED for row in gathered.rows)
