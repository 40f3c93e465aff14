"""Writes a test of a rule from a resource of a plan: with what the rule reads of it, and nothing that is sensitive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from guardrail.cel import Path
from guardrail.errors import InputError
from guardrail.model.cost import Cost, ResourceCost
from guardrail.model.finding import Finding
from guardrail.model.resource import Action, Change, Side
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.rules.rule import RuleScope, check_rule
from guardrail.policy.rules.testing.testing import run_tests
from guardrail.policy.variables.context import LOOKUPS
from guardrail.policy.variables.environment import ENVIRONMENT_TAGS
from guardrail.policy.variables.machine import FACTS
from guardrail.policy.variables.machine_attributes import GPUS, MACHINE_TYPES, WITHOUT_MACHINES
from guardrail.policy.variables.view import SENSITIVE, ResourceView
from guardrail.policy.working import Case, explain


def recorded(case: Case, finding: Finding | None) -> dict[str, Json]:
    """Return a test in which the rule says of a resource what it says of it in its plan.

    Raises InputError where it would say something else (the answer depends on a secret), or reads the whole plan.
    """
    rule, resource = case.rule, case.resource
    if case.budget:
        what = f"the rule {rule.rule.id} judges budgets, and cannot be recorded"
        raise InputError(
            what,
            fix="write a test with amounts: tests: [{expect: fail, budget: {name: web, monthly: 100, cost: {monthly: 101}}}]",
        )
    if resource is None or rule.rule.scope is not RuleScope.RESOURCE or any(map(_is_around, rule.shown)):
        what = f"the rule {rule.rule.id} reads the whole plan, and cannot be recorded for one resource"
        raise InputError(
            what, fix="write a test with a plan file: tests: [{expect: fail, plan: FILE, address: ADDRESS}]"
        )
    verdict = explain(case, finding).verdict
    test: dict[str, Json] = {"expect": verdict}
    if finding and verdict in {"fail", "pre-existing"}:
        test["message"] = finding.message
    reads = {path[1:] for path in rule.shown if path[0] == "resource"}
    test |= {"resource": _resource(case, resource, reads), **_beside(case)}
    original = check_rule(rule.source.file, pack=rule.source.pack)
    if params := {name: value for name, value in rule.rule.params.items() if original.rule.params.get(name) != value}:
        test["params"] = params
    with_test = original.changed(tests=(test,))
    for result in run_tests([with_test], specs=case.judge.specs, defaults=case.judge.defaults):
        if not result.passed:
            what = f"the rule's answer depends on sensitive values, which a recorded test leaves out: {result.mismatch}"
            raise InputError(what, fix="write the test by hand, with other values")
    return test


def _is_around(path: Path) -> bool:
    return path[0] == "plan" or (path[0] == "resource" and path[1] in LOOKUPS)


def _resource(case: Case, resource: ResourceCost, reads: set[Path]) -> dict[str, Json]:
    """Return the resource as a test writes it, without what has the default value."""
    change, heads = resource.change, {path[0] for path in reads}
    view = ResourceView(resource, case.judge.specs, shown=True, around=case.around)
    machine = (
        {path.split(".")[0] for table in (MACHINE_TYPES, GPUS, WITHOUT_MACHINES) for path in table.get(change.type, ())}
        if "instance" in heads
        else set()
    )
    names = {path[1] if path[1:] else "*" for path in reads if path[0] in {"after", "before"}} | machine
    present = change.after or change.before
    given = {"type": change.type, **_identity(change, heads)}
    if present:
        given |= {"attributes": _values(present, names), "tags": _tags(case, view)}
        given["sensitive"] = list(_paths(present.sensitive, names | ({"tags"} if "tags" in heads else set())))
    if change.before and change.after:
        past = _tags(case, ResourceView(resource, case.judge.specs, past=True, shown=True, around=case.around))
        given["before"] = _values(change.before, names - {"tags"}) | ({"tags": past} if past else {})
    if "*" in names:
        given["unknown"] = view.unknown_paths()
    else:
        wanted = names | ({"tags"} if heads & {"tags", "unknown"} else set())
        given["unknown"] = [path for path in view.unknown_paths() if path.split(".")[0] in wanted]
    facts = {path[1]: view.instance[path[1]] for path in reads if path[0] == "instance" and path[1] in FACTS}
    given["instance"] = {
        n: v for n, v in facts.items() if v is not None and not isinstance(v, Unknown) and v != SENSITIVE
    }
    if "cost" in heads:
        given["cost"] = {"monthly": _amount(resource.after), "before": _amount(resource.before)}
        if resource.after and resource.after.as_given.usage_based:
            given["cost"]["usage"] = "open"
    if case.rule.rule.match.taggable is not None and not change.taggable:
        given["taggable"] = False
    return {name: value for name, value in given.items() if value not in ([], {}) or name == "before"}


def _identity(change: Change, heads: set[str]) -> dict[str, Json]:
    given: dict[str, Json] = {}
    if "address" in heads:
        given["address"] = change.address
    given |= {name: getattr(change, name) for name in ("name", "module") if name in heads}
    if change.provider != change.type.partition("_")[0]:
        given["provider"] = change.provider
    if "region" in heads and isinstance(change.region, str):
        given["region"] = change.region
    if change.action is not (Action.UPDATE if change.before and change.after else Action.CREATE):
        given["action"] = change.action.value
    return given


def _tags(case: Case, view: ResourceView) -> dict[str, Json]:
    """Return the tags that the rule looks at; all of them where it looks at their names."""
    asked = {path for path in case.rule.answer_keys + case.rule.message_keys if path[:2][-1].startswith("tag")}
    tags = view.effective_tags()
    by_environment = ("resource", "environment") in case.rule.shown
    if isinstance(tags, Unknown) or not (asked or by_environment):
        return {}
    keys = {path[2] for path in asked if path[2:]} if all(path[2:] for path in asked) else set(tags)
    keys |= {key for key in tags if by_environment and key.lower() in ENVIRONMENT_TAGS}
    return {key: tags[key] for key in tags if key in keys and isinstance(tags[key], str) and tags[key] != SENSITIVE}


def _values(side: Side, names: set[str]) -> dict[str, Json]:
    """Return the attributes that are known, without what is sensitive in them."""
    wanted = side.names() - {"tags_all"} if "*" in names else names & side.names()
    values = {name: _known(side.shown(name)) for name in sorted(wanted)}
    return {name: value for name, value in values.items() if value is not None}


def _known(value: Json) -> Json:
    if isinstance(value, Unknown) or value == SENSITIVE:
        return None
    if isinstance(value, dict):
        return {key: known for key, part in value.items() if (known := _known(part)) is not None}
    return [_known(part) for part in value] if isinstance(value, list) else value


def _paths(marks: Json, names: set[str]) -> Iterator[str]:
    """Yield the dotted paths of what is marked below these names."""
    if marks is True:
        yield from sorted(names - {"*"})
        return
    for name, mark in sorted(marks.items()):
        if name in names or "*" in names:
            yield from _below(mark, name)


def _below(mark: Json, path: str) -> Iterator[str]:
    if mark is True:
        yield path
    parts: Iterable[tuple[object, Json]] = ()
    if isinstance(mark, dict | list):
        parts = mark.items() if isinstance(mark, dict) else enumerate(mark)
    for key, part in parts:
        yield from _below(part, f"{path}.{key}")


def _beside(case: Case) -> dict[str, Json]:
    """Return what the rule reads beside the resource."""
    heads, match = {path[0] for path in case.rule.shown}, case.rule.rule.match
    given: dict[str, Json] = {}
    environment = ("resource", "environment") in case.rule.shown
    if "project" in heads or environment or match.projects or match.environments:
        given["project"] = {"name": case.project.name, "path": case.project.path, "env": case.project.env}
    if "pr" in heads and case.judge.pr:
        given["pr"] = dict(case.judge.pr)
    if heads & {"now", "today"}:
        given["now"] = case.judge.now.isoformat(timespec="seconds")
    return given


def _amount(cost: Cost | None) -> float | None:
    if cost is None:
        return 0.0
    return None if cost.as_given.unpriced else float(cost.as_given.known)
