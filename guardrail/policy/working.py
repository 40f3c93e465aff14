"""How a rule comes to its verdict on one resource, plan or budget: what it matches, and every expression with its value."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from guardrail.cel import Path, Scope, Working, shown
from guardrail.model.cost import ResourceCost
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.budgets import Budget
from guardrail.policy.judging.evaluate import Judge
from guardrail.policy.judging.matching import Criterion, of_project, of_resource
from guardrail.policy.judging.resources import costs_nothing
from guardrail.policy.rules.compiled import CompiledRule, environment_of
from guardrail.policy.spend import USAGE_REMEDY, Spend
from guardrail.policy.variables.around import NO_SURROUNDINGS, Around, Surroundings
from guardrail.policy.variables.context import Project, needed, nested, open_by_usage, picked
from guardrail.policy.variables.view import SENSITIVE, ResourceView

_WIDTH = 80
_LONGEST = 400  # characters of a value in text; JSON has all of it


class RuleWorking(Struct, frozen=True):
    """How a rule has come to its verdict.

    address       "" for the plan as a whole, and for a budget
    left_out      what of the resource is read as its provider's default, as the configuration leaves it out
    budget        name of the budget, over all projects; "" for a resource or a plan
    verdict       pass, skip or the status of a finding
    why           the same in a sentence
    match         what the rule asks of resource and project; where one does not hold, nothing else was asked
    """

    rule: str
    title: str
    project: str
    address: str
    verdict: str
    why: str
    match: tuple[Criterion, ...]
    when: Working | None = None
    variables: Mapping[str, Working] = field(default_factory=dict)
    validations: tuple[Working, ...] = ()
    budget: str = ""
    left_out: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return it as JSON: each part of an expression with `value`, or why it has none in `unknown` or `error`."""
        about = {"budget": self.budget} if self.budget else {}
        return {
            "format": "guardrail.explanation/v1",
            **about,
            **{name: getattr(self, name) for name in ("rule", "title", "project", "address", "verdict", "why")},
            "match": [
                {"criterion": one.name, "wanted": one.wanted, "actual": one.actual, "holds": one.holds}
                for one in self.match
            ],
            "when": _json(self.when) if self.when else None,
            "variables": {name: _json(working) for name, working in self.variables.items()},
            "validations": [_json(working) for working in self.validations],
            **({"left_out": {path: _plain(value) for path, value in self.left_out.items()}} if self.left_out else {}),
        }

    def as_text(self) -> str:
        """Return it as text for a terminal of 80 columns."""
        about = f"{self.address or 'the whole plan'}, project {self.project}"
        about = f"the budget {self.budget}, all projects" if self.budget else about
        lines = [f"{self.rule}: {self.title}", about, ""]
        lines += textwrap.wrap(f"{self.verdict}: {self.why}", _WIDTH)
        if self.match:
            lines += ["", "match:"]
        for one in self.match:
            sign = "yes" if one.holds else "NO "
            wanted = "(the rule takes any)" if one.wanted == "*" else f"(the rule takes: {one.wanted})"
            lines += _wrapped(f"  {sign}  {one.name}: {one.actual or '(none)'}", wanted, "       ")
        if self.when:
            lines += ["", "when:", *_lines(self.when)]
        for name, working in self.variables.items():
            lines += ["", f"variables.{name}:", *_lines(working)]
        for number, working in enumerate(self.validations, 1):
            lines += ["", f"validation {number}:", *_lines(working)]
        if self.left_out:
            lines += ["", "left out, and read as the provider's default:"]
            lines += [f"  {path}  ->  {_spelled(value)}" for path, value in self.left_out.items()]
        return "\n".join(lines)


class Case(Struct, frozen=True, dict=True):
    """What one rule, the only one of `judge`, is asked about: a resource of a project, its plan as a whole, or a budget.

    `resource` is None for a plan, and `budget` for all but a budget, whose resources are those of all projects.
    """

    judge: Judge
    project: Project
    resources: Sequence[ResourceCost]
    sums: Spend
    resource: ResourceCost | None = None
    missing: Sequence[NotEvaluated] = ()
    budget: Budget | None = None
    surroundings: Surroundings = NO_SURROUNDINGS

    @cached_property
    def around(self) -> Around:
        """The plan as the rule looks at it."""
        return self.judge.around(self.project, self.resources, self.missing, self.surroundings)

    @property
    def rule(self) -> CompiledRule:
        """The rule."""
        (rule,) = self.judge.rules
        return rule

    @property
    def match(self) -> tuple[Criterion, ...]:
        """What the rule's match asks."""
        if self.budget:
            return ()
        match = self.rule.rule.match
        asked = of_resource(match, self.resource.change) if self.resource else ()
        return (*asked, *of_project(match, self.project))

    def skips(self) -> bool:
        """Say whether the rule does not apply: by its match, by its `when`, or as nothing is wasted. Raises LimitError."""
        if self.wastes_nothing or not all(one.holds for one in self.match):
            return True
        return self.rule.answer(self.scope(self.rule.reads)).skipped

    @property
    def wastes_nothing(self) -> bool:
        """Whether the rule is about waste, and the resource costs nothing."""
        return self.rule.rule.waste and self.resource is not None and costs_nothing(self.resource)

    @property
    def depends_on_usage(self) -> bool:
        """Whether what is asked about costs more than is known by usage that is not given."""
        if self.resource is None:
            return bool(self.sums.usage_open)
        return bool(self.resource.after and self.resource.after.as_given.usage_based)

    def left_out(self, reads: Iterable[Path]) -> dict[str, Json]:
        """Return which of the attributes that are read the configuration leaves out, and what their provider chooses."""
        if self.resource is None:
            return {}
        view = ResourceView(self.resource, self.judge.specs, shown=True, around=self.around)
        names = {path[2] for path in reads if path[:2] == ("resource", "after") and path[2:]}
        return {
            f"resource.after.{name}": view.attribute(view.side, name) for name in sorted(names) if view.is_default(name)
        }

    def scope(
        self, reads: Iterable[Path], *, settled: bool = False, shown: bool = False, open_costs: bool = False
    ) -> Scope:
        """Return the values at these paths; `settled` as in a view of a resource, `shown`: without what is sensitive.

        With `open_costs`, the amounts that usage adds to are not known.
        """
        beside = self._beside(reads, shown=shown)
        values = picked(beside, reads)
        if shown:
            values = {path: _hidden(value, ".".join(path)) for path, value in values.items()}
        if self.resource:
            view = ResourceView(self.resource, self.judge.specs, settled=settled, shown=shown, around=self.around)
            own = {path: view.read(path) for path in reads if path[0] == "resource"}
            values |= (
                {path: _hidden(value, ".".join(path[2:] or path[1:])) for path, value in own.items()} if shown else own
            )
        return self.judge.bind(nested(open_by_usage(values) if open_costs else values))

    def _beside(self, reads: Iterable[Path], *, shown: bool) -> Mapping[str, Json]:
        if self.budget:
            return self.judge.beside_budget(self.budget, self.sums)
        now, fit = self.judge.beside(self.project, self.resources, self.sums, reads, self.around)
        return fit if shown else now


def explain(case: Case, finding: Finding | None) -> RuleWorking:
    """Return how a rule comes to a finding (None: there is none).

    What is sensitive is read as not known, and so is what depends on it. Raises LimitError for an expression that goes through
    too much.
    """
    rule, address = case.rule, case.resource.change.address if case.resource else ""
    working = RuleWorking(rule.rule.id, rule.rule.title, case.project.name, address, "", "", case.match)
    working = replace(working, budget=case.budget.name) if case.budget else working
    if missed := ", ".join(one.name for one in working.match if not one.holds):
        return replace(working, verdict="skip", why=f"the rule's match does not fit: {missed}")
    if case.wastes_nothing:
        return replace(working, verdict="skip", why="the rule is about waste, and the resource costs nothing")
    environment = environment_of(rule.source, rule.engine)
    variables = rule.rule.variables
    reads = rule.reads | needed(path for text in variables.values() for path in environment.compile(text).reads)
    scope = case.scope(reads, settled=is_failure(finding), shown=True)
    is_open = (
        rule.judges_known_cost
        and case.depends_on_usage
        and bool(rule.answer(case.scope(rule.reads, open_costs=True)).unknown)
    )
    verdict, why = _verdict(finding, rule, is_skipped=finding is None and case.skips(), is_open=is_open)
    if finding is None and rule.rule.waste and rule.answer(case.scope(rule.reads, settled=True)).failed:
        why = "the rule is about waste, and mending what it is about would save nothing"
    return replace(
        working,
        verdict=verdict,
        why=why,
        when=environment.working(rule.rule.applies_when, scope) if rule.rule.applies_when else None,
        variables={name: environment.working(text, scope) for name, text in variables.items()},
        validations=tuple(environment.working(one.expression, scope) for one in rule.rule.validations),
        left_out=case.left_out(reads),
    )


def is_failure(finding: Finding | None) -> bool:
    """Say whether a validation does not hold, whatever comes of it."""
    return finding is not None and finding.status not in {FindingStatus.UNKNOWN, FindingStatus.ERROR}


def _verdict(finding: Finding | None, rule: CompiledRule, *, is_skipped: bool, is_open: bool) -> tuple[str, str]:
    if is_skipped:
        return "skip", f"`when` is false: {rule.rule.applies_when}"
    if finding is None:
        by_known = f"; usage that is not given is left out of the cost: {USAGE_REMEDY}" if is_open else ""
        return "pass", f"every validation is true{by_known}"
    also = {
        FindingStatus.PRE_EXISTING: "; it was so before the change",
        FindingStatus.WAIVED: f"; waived: {finding.waiver.reason}" if finding.waiver else "",
    }
    return finding.status.value, finding.message + also.get(finding.status, "")


def _hidden(value: Json, path: str) -> Json:
    """Return a value with what is sensitive in it as not known, so that nothing that depends on it is shown either."""
    if value == SENSITIVE:
        return Unknown(path, "sensitive", None)
    if isinstance(value, dict):
        return {key: _hidden(part, f"{path}.{key}") for key, part in value.items()}
    if isinstance(value, list):
        return [_hidden(part, path) for part in value]
    return value


def _lines(working: Working, depth: int = 1) -> Iterator[str]:
    indent = "  " * depth
    value = f"error: {working.error}" if working.error else _spelled(working.value)
    if len(value) > _LONGEST:
        value = f"{value[:_LONGEST]}... ({len(value):,} characters)"
    text = " ".join(working.text.split())
    yield from _wrapped(f"{indent}{text}", f" ->  {value}", f"{indent}    ")
    for part in working.parts:
        yield from _lines(part, depth + 1)


def _wrapped(text: str, value: str, indent: str) -> list[str]:
    """Return both on one line where there is room for it, else the value on lines of its own."""
    if len(f"{text} {value}") <= _WIDTH:
        return [f"{text} {value}"]
    initial = text[: len(text) - len(text.lstrip())]
    wrap = textwrap.TextWrapper(_WIDTH, subsequent_indent=f"{initial}  ", break_on_hyphens=False)
    again = textwrap.TextWrapper(
        _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_on_hyphens=False
    )
    return [*wrap.wrap(text), *again.wrap(value.strip())]


def _spelled(value: Json) -> str:
    """Return a value as an expression would spell it, numbers as people write them."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_spelled(part)}' for key, part in value.items())}}}"
    return "null" if value is None else shown(value)


def _json(working: Working) -> Json:
    explained: Json = {"expression": working.text}
    if working.error:
        explained["error"] = working.error
    elif isinstance(working.value, Unknown):
        explained["unknown"] = working.value.text
    else:
        explained["value"] = _plain(working.value)
    return {**explained, "parts": [_json(part) for part in working.parts]} if working.parts else explained


def _plain(value: Json) -> Json:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | float | int) else shown(value)
