"""What rules make of assumed usage: nothing, unless they ask for it."""

import pytest

from tests.policy.judging import ENGINES, resource, rule, verdict

GIVEN = {"monthly": 10, "usage": "open"}
ASSUMED = {"monthly": 10, "assumed_usage": 200}
SAME = (
    "resource.cost.monthly <= 100.0",
    "resource.cost.known <= 100.0",
    "resource.cost.with_usage <= 100.0",
    "resource.cost.delta <= 100.0",
    'resource.cost.status == "priced"',
    'resource.costs["usage"].monthly <= 100.0',
    "resource.cost.lines.map(l, l.monthly).sum() <= 100.0",
    'resource.cost.lines.exists(l, l.status == "usage")',
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression", SAME)
def test_a_profile_changes_no_verdict(expression, engine):
    asked = rule(expression, engine=engine)
    plain, on_profile = (verdict(asked, resource(cost=cost)) for cost in (GIVEN, ASSUMED))
    assert on_profile == plain


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "expression",
    [
        "resource.cost.assumed_usage <= 100.0",
        "resource.cost.known + resource.cost.assumed_usage <= 100.0",
        'resource.cost.lines.all(l, l.usage_profile == "" || l.assumed_usage <= 100.0)',
        'resource.cost.lines.filter(l, l.usage_profile != "").map(l, l.assumed_usage).sum() <= 100.0',
    ],
)
def test_a_rule_that_asks_for_it_can_tell(expression, engine):
    asked = rule(expression, engine=engine)
    assert verdict(asked, resource(cost=GIVEN)) == "pass"
    assert verdict(asked, resource(cost=ASSUMED)) == "fail"


@pytest.mark.parametrize("engine", ENGINES)
def test_so_it_is_of_a_plan(engine):
    known = rule("plan.known <= 100.0", id="known", scope="plan", engine=engine)
    asked = rule("plan.assumed_usage <= 100.0", id="assumed", scope="plan", engine=engine)
    assert verdict(known, resource(cost=ASSUMED)) == "pass"
    assert verdict(asked, resource(cost=ASSUMED)) == "fail"
