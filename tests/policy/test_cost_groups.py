"""`plan.cost.by_tag(key)`, `plan.cost.by_module` and cost lines (row 11 of the policy engine's list), on both engines."""

import pytest
from msgspec.structs import replace

from guardrail.costs import Library
from guardrail.errors import RuleError
from guardrail.load import resource_types
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.policy.rules.compiled import compile_rule
from tests.policy.judging import ENGINES, judge, resource, rule

SHOP = 'plan.cost.by_tag("team")["shop"]'


def machine(name, team=None, monthly=100, **fields):
    tags = {} if team is None else {"team": team}
    return resource(name=name, tags=tags, cost={"monthly": monthly, **fields.pop("cost", {})}, **fields)


def ask(expression, *resources, engine, missing=(), message="{plan.cost.by_module}"):
    found = judge(rule(expression, engine=engine, scope="plan", message=message), *resources, missing=missing)
    return [(status, said) for status, _, said in found]


@pytest.mark.parametrize("engine", ENGINES)
def test_row_11_a_tag_s_cost_is_exact_to_the_cent(engine):
    resources = [machine("a", "shop", "10.10"), machine("b", "shop", "0.25"), machine("c", "other", 99), machine("d")]
    for expression in (
        f"{SHOP}.monthly == 10.35",
        'plan.cost.by_tag("team")[""].monthly == 100.0',
        f"{SHOP}.delta == 10.35",
    ):
        assert ask(expression, *resources, engine=engine) == []
    assert ask(f"{SHOP}.monthly < 10.35", *resources, engine=engine, message=f"{{{SHOP}.monthly}}") == [
        ("fail", "10.35")
    ]
    assert ask('plan.cost.by_tag("nobody")["x"] == null', *resources, engine=engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_unknown_stays_unknown(engine):
    unpriced = machine("a", "shop", None, cost={"known": 5})
    assert [status for status, _ in ask(f"{SHOP}.monthly < 10.0", unpriced, engine=engine)] == ["unknown"]
    assert ask(f"{SHOP}.known < 10.0", unpriced, engine=engine) == []
    assert ask(f"{SHOP}.monthly < 1000.0", machine("b", "shop"), machine("c", "x", None), engine=engine) == []
    somebody = resource(name="d", unknown=["tags.team"], cost={"monthly": 1})
    for others in ((), (machine("e", "shop"),)):
        found = ask(f"{SHOP} == null || {SHOP}.monthly < 1000.0", somebody, *others, engine=engine)
        assert [status for status, _ in found] == ["unknown"]
    block = NotEvaluated("module.x.aws_instance.y", "count is not known", type="aws_instance", module="module.x")
    assert [s for s, _ in ask(f"{SHOP} == null || {SHOP}.monthly < 1.0", engine=engine, missing=[block])] == ["unknown"]


@pytest.mark.parametrize("engine", ENGINES)
def test_modules_are_those_of_the_calls_and_a_block_that_is_missing_opens_its_own(engine):
    resources = [machine("a", module="module.web[0]"), machine("b", module='module.web["x"]'), machine("c")]
    block = NotEvaluated("module.x.aws_instance.y", "count is not known", type="aws_instance", module="module.x")
    web = 'plan.cost.by_module["module.web"].monthly'
    assert ask(f"{web} == 200.0", *resources, engine=engine, missing=[block]) == []
    assert ask('plan.cost.by_module[""].monthly == 100.0', *resources, engine=engine) == []
    found = ask('plan.cost.by_module["module.x"].monthly < 1.0', *resources, engine=engine, missing=[block])
    assert [status for status, _ in found] == ["unknown"]


@pytest.mark.parametrize("engine", ENGINES)
def test_all_groups_can_be_gone_through(engine):
    resources = [machine("a", "shop", 10), machine("b", "ops", 700)]
    every = 'plan.cost.by_tag("team").all(t, plan.cost.by_tag("team")[t].monthly < 500.0)'
    assert [status for status, _ in ask(every, *resources, engine=engine)] == ["fail"]
    assert ask(every, resources[0], engine=engine) == []
    assert ask(f"{every} && {SHOP}.known < 20.0", resources[0], engine=engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_resource_that_changes_hands_counts_on_each_side_by_its_own_tags(engine):
    moved = machine("a", "shop", 50, cost={"before": 40}, action="update", before={"tags": {"team": "ops"}})
    expected = f'{SHOP}.delta == 50.0 && {SHOP}.before == 0.0 && plan.cost.by_tag("team")["ops"].delta == -40.0'
    assert ask(expected, moved, engine=engine) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_group_cost_before_is_pre_existing(engine):
    dear = machine("a", "shop", 50, cost={"before": 50}, action="no-op", before={"tags": {"team": "shop"}})
    assert [status for status, _ in ask(f"{SHOP}.known < 10.0", dear, engine=engine)] == ["pre-existing"]


@pytest.mark.parametrize("engine", ENGINES)
def test_rules_about_resources_read_groups_and_lines_too(engine):
    lines = {"Storage": {"monthly": 5, "quantity": 50, "unit": "GB"}}
    one = resource(name="a", tags={"team": "shop"}, costs=lines)
    assert judge(rule(f"{SHOP}.known == 5.0", engine=engine), one) == []
    line = (
        'resource.cost.lines.exists(l, l.name == "Storage" && l.unit == "GB" && l.quantity == 50.0 && l.price == 0.1)'
    )
    assert judge(rule(line, engine=engine), one) == []


@pytest.mark.parametrize(
    "expression, fault",
    [
        (f"{SHOP}.montly < 1.0", 'did you mean "monthly"'),
        ('plan.cost.by_module["x"].x < 1.0', "no such attribute: x"),
        (f'{SHOP}.monthly < "1"', "not for a number and a string"),
        ('plan.cost.by_tag["team"] == null', 'write by_tag\\("team"\\)'),
        ("plan.cost.by_tag() == null", "the key of one tag"),
        ("plan.cost.by_tag(project.name) == null", "the key of one tag"),
        ("plan.cost.by_team == null", "by_team"),
    ],
)
def test_what_does_not_fit_is_an_error_at_load(expression, fault):
    source = rule("true", scope="plan").source
    broken = source.changed(validations=(replace(source.rule.validations[0], expression=expression),))
    with pytest.raises(RuleError, match=fault):
        compile_rule(broken, types=resource_types(Library()))
