"""What a change loosens of the policy that judges it and those after it: rules, budgets, and who may approve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import to_builtins

from guardrail import data, git
from guardrail.config import Approver, Settings
from guardrail.model.money import plain
from guardrail.policy import Budget, RuleFile, choose
from guardrail.policy.rules.packs.final import loosened
from guardrail.report.text import safe

_LISTED = 20
_LONGEST = 200
_LIMITS = ("monthly", "increase", "increase_percent", "spend")
_REWRITTEN = ("scope", "match", "variables", "when", "validations")


def edits_policy(settings: Settings, top: Path, edited: frozenset[str]) -> bool:
    """Say whether a change edits guardrail.yaml, or a file that says what rules judge. `edited` are names from the top of the repository."""
    base, rules = settings.base, settings.rules
    folders = [base / name for name in rules.paths]
    folders += [base / one.folder for one in rules.sources.values() if one.folder is not None]
    files = [base / name for one in rules.set.values() for name in one.params_from.values()]
    places = [settings.config_file, *folders, *files]
    names = {name for place in places if place and (name := git.name_of(place, top))}
    return any(edit in names or any(edit.startswith(f"{name}/") for name in names) for edit in edited)


def loosened_by_change(before: Settings, after: Settings) -> list[str]:
    """Return a sentence for everything that is looser in a policy than in the one before, or of which nothing tells whether it is."""
    found = [*_rules(before, after), *_budgets(before, after), *_approvers(before, after)]
    more = [f"this change loosens {len(found) - _LISTED:,} more parts of the policy"] if found[_LISTED:] else []
    return [safe(line, 2 * _LONGEST) for line in found[:_LISTED]] + more


def _rules(before: Settings, after: Settings) -> Iterator[str]:
    was, now = _chosen(before), _chosen(after)
    for rule_id, old in was.items():
        new = now.get(rule_id)
        if new is None:
            yield f"this change switches off the rule {rule_id} ({old.rule.enforcement})"
            continue
        for part, change in loosened(old.rule, new.rule):
            name = part.removeprefix("params.")
            # Of a parameter whose rule does not say which values are tighter, nobody can tell.
            is_known = not part.startswith("params.") or name in old.rule.tighter
            yield f"this change {'loosens' if is_known else 'changes'} {rule_id}: {part}: {change}"
        if rewritten := [name for name in _REWRITTEN if getattr(old.rule, name) != getattr(new.rule, name)]:
            yield f"this change rewrites {rule_id}: {', '.join(rewritten)}"


def _chosen(settings: Settings) -> dict[str, RuleFile]:
    found = choose(
        settings.rules,
        data.rules_dir(),
        on_unpriced=settings.on_unpriced,
        base=settings.base,
        top=settings.top,
        where=settings.where_in_rules,
    )
    return {rule.rule.id: rule for rule in found.rules}


def _budgets(before: Settings, after: Settings) -> Iterator[str]:
    now = {budget.name: budget for budget in after.budgets}
    for old in before.budgets:
        new = now.get(old.name)
        if new is None:
            yield f"this change removes the budget {old.name}"
            continue
        yield from (f"this change raises the budget {old.name}: {one}" for one in _raised(old, new))
        if old.match != new.match:
            yield f"this change changes what the budget {old.name} counts"


def _raised(old: Budget, new: Budget) -> Iterator[str]:
    for name in _LIMITS:
        was, now = getattr(old, name), getattr(new, name)
        if was is not None and (now is None or now > was):
            yield f"{name}: {plain(was)} -> {'no limit' if now is None else plain(now)}"


def _approvers(before: Settings, after: Settings) -> Iterator[str]:
    for one in after.approvers:
        if one not in before.approvers:
            yield f"this change adds an approver, once it is merged: {_said(one)}"
    if after.approvals != before.approvals:
        yield "this change changes where approvals are given (approvals)"


def _said(one: Approver) -> str:
    return ", ".join(f"{key}: {value}" for key, value in to_builtins(one).items())
