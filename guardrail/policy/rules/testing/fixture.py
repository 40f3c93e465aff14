"""Resources, plans and budgets as a rule's tests write them, turned into what a rule judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import field
from msgspec.structs import replace

from guardrail.files.section import BeforeValidator, Section, model_validator
from guardrail.model.cost import Cost, Line, LineStatus, ResourceCost, ResourceStatus
from guardrail.model.plan.facts import PlanFacts
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.resource import Action, Change, Side, SourceLine, Tags
from guardrail.model.unknown import Json, Unknown
from guardrail.policy.billed import NOT_BILLED, Billed
from guardrail.policy.budget_forecast import NO_OUTLOOK, Outlook
from guardrail.policy.budgets import Period
from guardrail.policy.rules.testing.plan_fixture import LineFixture, ModuleFixture, ProviderFixture
from guardrail.policy.spend import Spend, total
from guardrail.policy.variables.around import Reprice, Surroundings
from guardrail.policy.variables.machine_attributes import MACHINE_TYPES
from guardrail.policy.variables.view import SENSITIVE

if TYPE_CHECKING:
    from guardrail.policy.rules.rule import Rule


class Expected(StrEnum):
    """What a test expects of its rule."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    UNKNOWN = "unknown"
    ERROR = "error"
    PRE_EXISTING = "pre-existing"
    SKIP = "skip"  # the rule does not apply: its match or its `when` says no


class CostFixture(Section):
    """What a test's resource, plan or budget costs in a month."""

    monthly: Decimal | None = None
    """after the change; null: it has no price"""
    before: Decimal | None = Decimal(0)
    """before the change; null: it has no price"""
    known: Decimal = Decimal(0)
    """with `monthly: null`, the part that has a price: a lower bound"""
    usage: Literal["given", "open"] = "given"
    """open: it depends on usage that is not given, beside what is known"""
    assumed_usage: Decimal = Decimal(0)
    """what usage comes to that a profile assumes (--assume-usage), beside what is known"""

    def spend(self) -> Spend:
        """Return the totals of a plan or a budget that costs this."""
        known = self.known if self.monthly is None else self.monthly
        before = self.before or Decimal(0)
        gaps = (int(self.before is None), int(self.monthly is None))
        is_open = int(self.usage == "open" or bool(self.assumed_usage))
        return Spend(
            before,
            known,
            known - before,
            *gaps,
            max(gaps),
            gaps[0],
            usage_open=is_open,
            usage_open_new=is_open,
            assumed_usage=self.assumed_usage,
        )


class PlanFixture(CostFixture):
    """A whole change of a test: its cost, or the resources that make it up."""

    resources: tuple[ResourceFixture, ...] = ()
    """in place of `monthly` and `before`: what there is to sum and count"""
    file: str = ""
    """in place of all that: the JSON of a plan, beside the rule. `plan: fixtures/x.json` says the same"""
    not_evaluated: tuple[str, ...] = ()
    """resource types of blocks that could not be evaluated"""
    data: tuple[ResourceFixture, ...] = ()
    """data sources: their types begin with `data.`"""
    modules: tuple[ModuleFixture, ...] = ()
    providers: tuple[ProviderFixture, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """what is not known: variables.NAME, outputs.NAME"""
    workspace: str | None = None
    """default: nothing tells"""

    def judged(self) -> tuple[list[ResourceCost], Spend]:
        """Return the resources and what they cost together."""
        resources = [resource.priced() for resource in self.resources]
        return resources, total(resources, self.missing()) if resources else self.spend()

    def missing(self) -> list[NotEvaluated]:
        """Return what was not evaluated."""
        return [NotEvaluated(f"{name}.test", "count is known after apply", type=name) for name in self.not_evaluated]

    def facts(self) -> PlanFacts:
        """Return what the plan says beside its resources."""
        locked = {one.source or f"hashicorp/{one.name}": one.version for one in self.providers if one.version}
        values = {"variables": dict(self.variables), "outputs": dict(self.outputs)}
        for path in self.unknown:
            section, _, name = path.partition(".")
            values[section][name] = Unknown(f"plan.{path}")
        facts = PlanFacts(
            has_configuration=True,
            modules=tuple(one.called() for one in self.modules),
            providers=tuple(one.required() for one in self.providers),
            variables=values["variables"],
            outputs=values["outputs"],
            locked=lambda: locked or None,
        )
        return facts if self.workspace is None else replace(facts, workspace=self.workspace)


class SpentFixture(Section):
    """What bills say of the period of a test's budget."""

    known: Decimal
    """spent so far, at least"""
    most: Decimal | None = None
    """at most; default: the same"""
    rest: Decimal = Decimal(0)
    """how much of the period is left, in months of 730 hours"""


class ForecastFixture(Section):
    """What a test's budget is forecast to come to, and what open pull requests add to it."""

    known: Decimal
    """without the change, at least"""
    most: Decimal | None = None
    """at most; default: the same"""
    half: Decimal | None = None
    """how far it may be off in four cases of five; default: there is too little history"""
    rest: Decimal = Decimal(0)
    """how much of the period is left, in months of 730 hours"""
    open: int = 0
    """open pull requests beside the change"""
    added: Decimal | None = Decimal(0)
    """what they add to the period; null: part of it has no price"""

    def outlook(self) -> Outlook:
        """Return it as a snapshot would tell it."""
        most = self.known if self.most is None else self.most
        return Outlook(self.known, most, self.half, self.rest, self.open, self.added)


class BudgetFixture(Section):
    """A budget of a test and what its resources cost."""

    name: str = "test"
    monthly: Decimal | None = None
    increase: Decimal | None = None
    increase_percent: Decimal | None = None
    spend: Decimal | None = None
    period: Period = Period.MONTH
    cost: CostFixture = CostFixture()
    spent: SpentFixture | None = None
    """what bills say of its period; default: nothing does"""
    forecast: ForecastFixture | None = None
    """what its period is forecast to come to; default: nothing tells"""

    def billed(self) -> Billed:
        """Return what a snapshot would tell of it."""
        outlook = self.forecast.outlook() if self.forecast else NO_OUTLOOK
        if self.spent is None:
            return replace(NOT_BILLED, outlook=outlook)
        told = self.spent
        return Billed(told.known, told.known if told.most is None else told.most, told.rest, outlook=outlook)


class ProjectFixture(Section):
    """The project that a test plays in."""

    name: str = "test"
    path: str = "."
    env: str = ""
    repository: str | None = None
    """owner/name; default: nothing tells"""


class ResourceFixture(Section):
    """One resource of a test. Everything but `type` has a default."""

    type: str
    name: str = "this"
    index: str | int | None = None
    """its key in `for_each`, or its number in `count`"""
    module: str = ""
    address: str = ""
    """default: made of module, type, name and index"""
    provider: str = ""
    """default: what the type begins with"""
    provider_alias: str = ""
    region: str | None = None
    action: Action | None = None
    """default: update if `before` is given, else create"""
    taggable: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    """after the change; before it, for a delete"""
    before: dict[str, Any] | None = None
    """attributes before the change; `tags` among them are its tags"""
    unknown: tuple[str, ...] = ()
    """dotted paths of what is known only after apply: instance_type, tags, tags.env, region"""
    sensitive: tuple[str, ...] = ()
    """dotted paths of what is sensitive; what of it has no value among `attributes` is the text `(sensitive)`"""
    instance: dict[str, Any] | None = None
    """its machine type and what the catalog would say of it: type, vcpu, memory_gib, family, current_generation, gpus, arch"""
    cost: CostFixture | None = None
    costs: dict[str, LineFixture] = field(default_factory=dict)
    """in place of `cost`: the lines of what it costs after the change, by name"""
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """attribute -> addresses of what it refers to: other resources of the test, or data sources"""
    file: str = ""
    """the file that it is written in"""
    line: int = 1

    def priced(self) -> ResourceCost:
        """Return the resource with its cost, as a plan would have it."""
        change = self.change()
        if self.costs:
            lines = tuple(one.line(name) for name, one in self.costs.items())
            after = Cost(lines, ResourceStatus.PRICED) if change.after else None
            return ResourceCost(change, Cost((), ResourceStatus.FREE) if change.before else None, after)
        if self.cost is None:
            free = Cost((), ResourceStatus.FREE)
            return ResourceCost(change, free if change.before else None, free if change.after else None)
        before = _cost(self.cost.before) if change.before else None
        after = _cost(self.cost.monthly, self.cost.known, self.cost.usage) if change.after else None
        if after and self.cost.assumed_usage:
            assumed = self.cost.assumed_usage
            line = Line(
                "usage",
                "units",
                LineStatus.ASSUMED,
                monthly_cost=assumed,
                usage_profile="medium",
                assumed_usage=assumed,
            )
            given = _cost(self.cost.monthly, self.cost.known, "open")
            after = Cost((*after.lines, line), ResourceStatus.PARTIAL, given=given)
        return ResourceCost(change, before, after)

    def change(self) -> Change:
        """Return what happens to the resource."""
        action = self.action or (Action.CREATE if self.before is None else Action.UPDATE)
        secrets = _marks(self.sensitive)
        values = _filled({**self._machine(), **self.attributes, "tags": self.tags}, secrets)
        present = Side(values, _marks(self.unknown), secrets, frozenset(self.unknown), is_set=_is_given)
        existing = (
            present if self.before is None else Side(_filled(self.before, secrets), sensitive=secrets, is_set=_is_given)
        )
        tags = _tags(values["tags"], self.unknown)
        return Change(
            address=self.address or self._address(),
            type=self.type,
            name=self.name,
            index=self.index,
            action=action,
            before=None if action is Action.CREATE else existing,
            after=None if action in {Action.DELETE, Action.FORGET} else present,
            module=self.module,
            provider=self.provider or self.type.partition("_")[0],
            provider_config=f"{self.type.partition('_')[0]}.{self.provider_alias}".rstrip("."),
            region=Unknown("region") if "region" in self.unknown else self.region,
            before_region=self.region,
            tags=tags,
            before_tags=tags if self.before is None else _tags(self.before.get("tags") or {}, ()),
            taggable=self.taggable,
            references=self.references,
            source=SourceLine(self.file, self.line) if self.file else None,
        )

    def _address(self) -> str:
        index = "" if self.index is None else f"[{json.dumps(self.index, ensure_ascii=False)}]"
        return f"{self.module}{'.' * bool(self.module)}{self.type}.{self.name}{index}"

    def _machine(self) -> dict[str, Json]:
        """Return the attribute that names the machine type, if the test says it only under `instance`."""
        path = MACHINE_TYPES.get(self.type, ("",))[0]
        named = (self.instance or {}).get("type")
        return {path: named} if named and path and "." not in path else {}


def _filled(value: Json, secret: Json) -> Json:
    """Return a value with a text in each place that is sensitive and has none."""
    if secret is True:
        return SENSITIVE if value is None else value
    if isinstance(secret, dict):
        parts = dict(value or {})
        return {**parts, **{key: _filled(parts.get(key), mark) for key, mark in secret.items()}}
    if isinstance(secret, list):
        items = [*(value or []), *[None] * (len(secret) - len(value or []))]
        return [_filled(item, mark) for item, mark in zip_longest(items, secret)]
    return value


class ExpectedEdit(Section):
    """One step that a test expects of its rule's edits: path and value as they come out."""

    set: str | None = None
    value: Any = None
    rename: str | None = None
    to: str | None = None


Repricer = Callable[[Sequence[Change], Sequence[Change]], Reprice]
"""(resources, data sources) -> what prices one of the resources with other attributes."""


def _of_file(plan: Any) -> Any:
    return {"file": plan} if isinstance(plan, str) else plan


class RuleTest(Section):
    """One example of a rule: what it is given, and what it must say."""

    expect: Expected
    name: str = ""
    message: str | None = None
    """the whole message that a failing rule gives"""
    edits: tuple[ExpectedEdit, ...] | None = None
    """what a failing rule would have done, all of it and in order"""
    no_edit: str | None = None
    """why a failing rule would have nothing done"""
    resource: ResourceFixture | None = None
    siblings: tuple[ResourceFixture, ...] = ()
    """other resources of the plan, for what rules read as plan"""
    plan: Annotated[PlanFixture, BeforeValidator(_of_file, json_schema_input_type=PlanFixture | str)] | None = None
    address: str = ""
    """which resource of the plan's file the rule is asked about"""
    budget: BudgetFixture | None = None
    params: dict[str, Any] = field(default_factory=dict)
    project: ProjectFixture = ProjectFixture()
    pr: dict[str, Any] = field(default_factory=dict)
    """the pull request, as rules read it: number, title, labels, author"""
    now: datetime | None = None
    """the time of the run; default: 2026-01-31T12:00:00Z"""

    @property
    def says_cost(self) -> bool:
        """Whether it says, or the plan that it names does, what its resource costs."""
        given = self.resource
        return given is None or given.cost is not None or bool(given.costs)

    def surroundings(self, repricer: Repricer | None, changes: Sequence[Change]) -> Surroundings:
        """Return what the plan says beside these resources, and what prices them anew."""
        plan = self.plan or PlanFixture()
        data = tuple(one.change() for one in plan.data)
        return Surroundings(plan.facts(), data, repricer(changes, data) if repricer else None)

    @model_validator
    def _message_needs_a_finding(self) -> None:
        if self.message is not None and self.expect in {Expected.PASS, Expected.SKIP}:
            msg = f"a test that expects {self.expect} cannot have a message"
            raise ValueError(msg)
        names_edits = self.edits is not None or self.no_edit is not None
        if names_edits and self.expect not in {Expected.FAIL, Expected.PRE_EXISTING}:
            msg = f"a test that expects {self.expect} cannot have edits"
            raise ValueError(msg)
        if self.address and not (self.plan and self.plan.file):
            msg = "`address` needs a plan file, like `plan: fixtures/x.json`"
            raise ValueError(msg)


def declared_tests(rule: Rule) -> tuple[RuleTest, ...]:
    """Return the tests of a rule, which keeps them as its file has them."""
    from guardrail.files.model import validated  # noqa: PLC0415 - loads pydantic

    return tuple(validated(RuleTest, one) for one in rule.tests)


def _is_given(_path: str) -> bool:
    """What a test gives a value is set."""
    return True


def _cost(amount: Decimal | None, known: Decimal = Decimal(0), usage: str = "given") -> Cost:
    """Return a cost of one line, or (None) of one without a price beside what is known; with usage that is open, of one more."""
    by_usage = (Line("usage", "units", LineStatus.USAGE),) if usage == "open" else ()
    if amount is not None:
        line = Line("test", "months", LineStatus.PRICED, monthly_cost=amount)
        return Cost((line, *by_usage), ResourceStatus.PRICED)
    priced = (Line("known", "months", LineStatus.PRICED, monthly_cost=known),) if known else ()
    return Cost((Line("test", "months", LineStatus.NO_PRICE), *priced, *by_usage), ResourceStatus.PARTIAL)


def _tags(values: Mapping[str, Json], unknown: Iterable[str]) -> Tags:
    paths = set(unknown)
    if "tags" in paths:
        return Tags(unknown=Unknown("tags"))
    marked = {path.removeprefix("tags."): Unknown(path) for path in paths if path.startswith("tags.")}
    effective = {**values, **marked}
    return Tags(effective, dict.fromkeys(effective, "resource"))


def _marks(paths: Iterable[str]) -> dict[str, Json]:
    """Return the marks that Terraform would put on these paths. A list's element is named by its index."""
    tree: dict[str, Any] = {}
    for path in paths:
        level = tree
        *parents, last = path.split(".")
        for step in parents:
            level = level.setdefault(step, {})
        level[last] = True
    return {name: _with_lists(mark) for name, mark in tree.items()}


def _with_lists(mark: Json) -> Json:
    if not isinstance(mark, dict):
        return mark
    parts = {key: _with_lists(part) for key, part in mark.items()}
    # Steps that are all numbers are places in a list of blocks: Terraform's marks have the shape of the value.
    if all(key.isdecimal() for key in parts):
        return [parts.get(str(index), False) for index in range(max(map(int, parts)) + 1)]
    return parts
