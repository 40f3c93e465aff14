"""What a reader should know of the input and of the prices that a report stands on, one line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct, field

from guardrail.config import OnIncomplete, Settings, Source
from guardrail.costs import Library, load_usage
from guardrail.costs.usage.file import Wildcards
from guardrail.errors import did_you_mean
from guardrail.load import terms_of
from guardrail.model.finding import Finding
from guardrail.model.money import ZERO, money
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import CatalogInfo, ProjectReport
from guardrail.model.resource import Change
from guardrail.policy import CompiledRule, Judge
from guardrail.policy.completeness import incomplete, uncovered, unread
from guardrail.policy.rules.dead import why_dead
from guardrail.policy.spend import USAGE_REMEDY
from guardrail.policy.unmatched import COUNTS_NOTHING, Projects, unmatched_budgets, unmatched_rule, why_unmatched
from guardrail.terraform.plan.reader import Plan

_BY_TYPE, _BY_ADDRESS = "resource_type_default_usage", "resource_usage"
_VENDORS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}
_SHOWN = 5  # lines of a kind: whoever has more of them has one mistake, not many


class UsageInUse(Struct):
    """The usage files of a run, each with the types of the resources that it is for, by address.

    unread   files of projects that could not be read, of whose resources nothing is known
    charged  files of which a project has what they say of no resource
    """

    types: dict[Path, dict[str, str]] = field(default_factory=dict)
    charged: set[Path] = field(default_factory=set)
    unread: set[Path] = field(default_factory=set)

    def alone(self, source: Source, plan: Plan, library: Library) -> tuple[Change, ...]:
        """Return what a usage file has beside the resources of plans: for the first project that it is of. Raises InputError."""
        if not source.usage or plan.fault or source.usage in self.charged:
            return ()
        from guardrail.costs.usage.alone import alone  # noqa: PLC0415 - only for a usage file

        self.charged.add(source.usage)
        found = alone(load_usage(source.usage), library)
        self.types.setdefault(source.usage, {}).update((one.address, one.type) for one in found)
        return found

    def add(self, source: Source, plan: Plan) -> None:
        """Take note of a project's resources."""
        if source.usage:
            self.types.setdefault(source.usage, {}).update((one.address, one.type) for one in plan.changes)
            if plan.fault:
                self.unread.add(source.usage)


def not_evaluated(source: Source, plan: Plan, missing: Sequence[NotEvaluated], settings: Settings) -> list[Finding]:
    """Return the findings about a plan that could not be read, or about what is missing from it.

    With `on_incomplete: deny` what is missing blocks: all of a plan, and of a configuration what was not missing before,
    or was written in another way.
    """
    if plan.fault:
        return [unread(source.name, plan.fault)]
    is_compared = plan.is_configuration and bool(settings.compare_with)
    denies = settings.on_incomplete is OnIncomplete.DENY
    return incomplete(
        source.name,
        missing,
        blocks=lambda one: denies and one.after and not (is_compared and one.before and not one.edited),
    )


def not_covered(settings: Settings) -> list[Finding]:
    """Return the findings about root modules that the change adds or edits, and that no project is for."""
    denies = settings.on_incomplete is OnIncomplete.DENY
    return [uncovered(file, blocking=denies) for file in settings.uncovered]


def input_notes(plan: Plan) -> tuple[str, ...]:
    """Return what is to be said of an input, also that there is nothing in it."""
    kind = "the configuration" if plan.is_configuration else "the plan"
    empty = [] if plan.changes or plan.not_evaluated else [f"there is no resource in {kind}"]
    return (*plan.warnings, *empty)


def usage_notes(in_use: UsageInUse, library: Library, settings: Settings) -> list[str]:
    """Say what of the usage files nothing reads: keys that a type does not have, and entries for what is not there.

    Usage by type may stand there for types that a plan does not have. A file of several projects is looked at for all of
    them together, and not at all for addresses where some are not in the run. Raises InputError for a wrong value.
    """
    if not in_use.types:
        return []
    from guardrail.costs.usage.keys import unread_keys  # noqa: PLC0415 - only for usage files

    said = []
    for path, exact in in_use.types.items():
        usage = load_usage(path)
        used = {type_name: type_name for type_name in exact.values()}
        wildcards = Wildcards(usage.by_address)
        meant = dict.fromkeys(usage.by_address, "")
        for address, type_name in exact.items():
            for name in wildcards.of(address):
                meant[name] = meant[name] or type_name
        meant |= {name: exact[name] for name in meant if exact.get(name)}
        used |= {name: type_name for name, type_name in meant.items() if type_name}
        said += [f"{where}: {what}" for where, what in unread_keys(usage, used, library)]
        priced = library.priced_types()
        for name in usage.by_type:
            if name not in priced:
                fix = did_you_mean(name, priced) or "no definition prices it"
                said.append(f"{usage.where(_BY_TYPE, name)}: no usage of {name} is read ({fix})")
        if path in in_use.unread or (path in settings.shared_usage and not settings.complete):
            continue
        stale = [name for name, type_name in meant.items() if not type_name]
        for name in stale[:_SHOWN]:
            fix = did_you_mean(name, exact)
            said.append(f"{usage.where(_BY_ADDRESS, name)}: no resource has the address {name}" + (fix and f" ({fix})"))
        said += [f"{path}: {more}" for more in _more(len(stale), "addresses that no resource has")]
    return said


def usage_open_notes(judge: Judge) -> list[str]:
    """Say which rules have let something pass by the known part of its cost, as usage is not given: in one note for the run."""
    nouns = {rule.rule.id: rule.rule.scope.value for rule in judge.rules}
    passed = sorted((name, number) for name, number in judge.passed_known_cost.items() if number)
    if not passed:
        return []
    told = [f"{name} ({number:,} {nouns[name]}{'s' * (number != 1)})" for name, number in passed[:_SHOWN]]
    told += _more(len(passed), "rules")
    return [f"passed by the known part of the cost, as usage is not given: {', '.join(told)}; {USAGE_REMEDY}"]


def policy_notes(rules: Sequence[CompiledRule], projects: Projects, settings: Settings) -> list[str]:
    """Say which own rules can never say anything; and, where all projects are in the run, which budgets and rules are about nothing."""
    own = [(rule.rule.id, *why_dead(rule)) for rule in rules if not rule.source.pack or rule.source.fetched]
    dead = [f"{where}: rule {name} {why}" for name, where, why in own if why]
    dead = [*dead[:_SHOWN], *_more(len(dead), "rules that can never say anything")]
    if not settings.complete:
        return dead
    played = [(rule.rule.id, *unmatched_rule(rule, [one for one, _ in projects])) for rule in rules]
    idle = [f"{where}: rule {name} applies to nothing: {why}" for name, where, why in played if why]
    return [*dead, *budget_notes(projects, settings), *idle[:_SHOWN], *_more(len(idle), "rules that apply to nothing")]


def budget_notes(projects: Projects, settings: Settings) -> list[str]:
    """Say which budgets count nothing of a run."""
    idle = unmatched_budgets(settings.budgets, projects)
    # Why is told of those alone that are shown: it takes a look at everything there is.
    found = [(settings.where_budget(at), settings.budgets[at]) for at in idle[:_SHOWN]]
    lines = [f"{where}: budget {one.name} {COUNTS_NOTHING}: {why_unmatched(one, projects)}" for where, one in found]
    return [*lines, *_more(len(idle), "budgets that count nothing")]


def _more(count: int, what: str) -> list[str]:
    return [f"{count - _SHOWN:,} more {what}"] if count > _SHOWN else []


def profile_notes(settings: Settings) -> list[str]:
    """Say by which profile usage is assumed, if any is."""
    if not settings.usage_profile:
        return []
    what = f"usage that no usage file gives is assumed by the profile {settings.usage_profile}"
    why = "`guardrail usage assumptions` prints what it assumes and why"
    return [f"{what}; rules and budgets do not count it; {why}"]


def price_notes(projects: tuple[ProjectReport, ...], used: tuple[CatalogInfo, ...], settings: Settings) -> list[str]:
    """Return what is to be said of prices: that they are old, or that they are not the list in US dollars."""
    return [*_stale(used, settings), *_basis(projects, settings)]


def _basis(projects: tuple[ProjectReport, ...], settings: Settings) -> list[str]:
    """Say what amounts stand on where that is not the list in US dollars, and what the list makes of the bill."""
    terms = terms_of(settings)
    if terms is None:
        return []
    sides = [resource.after for project in projects for resource in project.resources if resource.after]
    listed = sum((line.list_cost or ZERO for side in sides for line in side.lines), ZERO)
    at_list = f"at list prices the monthly cost after the change is {money(listed, settings.currency)}"
    return [*terms.notes, at_list] if settings.overlay else list(terms.notes)


def _stale(used: tuple[CatalogInfo, ...], settings: Settings) -> list[str]:
    """Say which prices are older than the configuration finds good."""
    limit = settings.now.date() - settings.max_age
    return [
        f"some {_VENDORS[info.vendor]} prices date from {info.oldest}, more than {settings.max_age.days} days ago"
        for info in used
        if info.oldest and date.fromisoformat(info.oldest) < limit
    ]
