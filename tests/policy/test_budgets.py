from decimal import Decimal
from itertools import product

import pytest
from msgspec.structs import replace

from guardrail.data import rules_dir
from guardrail.files.model import validated
from guardrail.model.cost import ResourceCost
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.report import ProjectReport
from guardrail.model.resource import Action
from guardrail.model.unknown import Unknown
from guardrail.policy import Budget, Judge, Project, RuleSelection, load_rules
from guardrail.policy.budgets import spent
from guardrail.policy.spend import Spend, spend, spends, total
from tests.policy.judging import NOW, resource, rule, specs

SHOP, BLOG = Project("shop", env="prod"), Project("blog", env="dev")
WEB = resource(name="web", module="module.web", tags={"team": "web"}, cost={"monthly": 100})
STORE = resource("aws_db_instance", tags={"team": "data"}, cost={"monthly": 40})
LOGS = resource("aws_s3_bucket", tags={"team": "web"}, cost={"monthly": 7})


def run(*resources, project=SHOP, not_evaluated=()):
    return project, ProjectReport(project.name, ".", resources, not_evaluated=tuple(not_evaluated))


RUN = [run(WEB, STORE), run(LOGS, project=BLOG)]

MATCHES = [
    ({}, 147),
    ({"project": "shop"}, 140),
    ({"projects": ["b*", "nope"]}, 7),
    ({"env": "prod"}, 140),
    ({"tags": {"team": "web"}}, 107),
    ({"tags": {"team": ["web", "data"]}}, 147),
    ({"tags": {"team": "w*"}, "types": ["aws_s3_*"]}, 7),
    ({"modules": ["module.web"]}, 100),
    ({"addresses": ["aws_db_instance.*"]}, 40),
    ({"tags": {"nope": "*"}}, 0),
]


def budget(match=None, **limits):
    return validated(Budget, {"name": "b", "match": match or {}, **limits})


def counted(one, projects):
    (sums,) = spent([one], projects)
    return sums


@pytest.mark.parametrize("match, wanted", MATCHES)
def test_match(match, wanted):
    assert counted(budget(match), RUN).known == wanted


def test_many_budgets_count_what_each_counts_alone():
    budgets = [budget(match) for match, _ in MATCHES]
    assert [sums.known for sums in spent(budgets, RUN)] == [wanted for _, wanted in MATCHES]


def test_parts_sum_to_the_whole():
    parts = [counted(budget({"tags": {"team": team}}), RUN) for team in ("web", "data")]
    assert parts[0] + parts[1] == counted(budget(), RUN) == total([WEB, STORE, LOGS])


def test_a_resource_can_move_between_budgets():
    moving = resource(tags={"team": "data"}, before={"tags": {"team": "web"}}, cost={"before": 10, "monthly": 12})
    from_web = counted(budget({"tags": {"team": "web"}}), [run(moving)])
    to_data = counted(budget({"tags": {"team": "data"}}), [run(moving)])
    assert from_web == Spend(before=Decimal(10), delta=Decimal(-10))
    assert to_data == Spend(known=Decimal(12), delta=Decimal(12))


def test_a_tag_known_after_apply_leaves_the_total_open():
    later = resource(unknown=["tags"], cost={"monthly": 50})
    sums = counted(budget({"tags": {"team": "web"}}), [run(WEB, later)])
    assert sums == Spend(known=Decimal(100), delta=Decimal(100), unpriced=1, delta_unpriced=1, tags_unknown=1)
    assert isinstance(sums.values("budget.cost")["monthly"], Unknown)


OPEN = [
    # what is missing besides WEB, what is said of it
    ([resource(unknown=["tags"], cost={"monthly": 50})], "1 with tags known after apply"),
    ([resource(unknown=["tags.team"], cost={"monthly": 50})], "1 with tags known after apply"),
    (
        [resource(unknown=["tags"], cost={"monthly": 50}), resource(tags={"team": "web"}, cost={"monthly": None})],
        "1 not priced, 1 with tags known after apply",
    ),
]


@pytest.mark.parametrize("others, said", OPEN)
def test_a_budget_whose_resources_have_unknown_tags_says_so(others, said):
    monthly = counted(budget({"tags": {"team": "web"}}), [run(WEB, *others)]).values("budget.cost")["monthly"]
    assert isinstance(monthly, Unknown)
    assert monthly.reason.endswith(f"incomplete: {said}")


def test_a_delete_saves():
    gone = resource(action="delete", tags={"team": "web"}, cost={"before": 30, "monthly": 0})
    sums = counted(budget({"tags": {"team": "web"}}), [run(gone)])
    assert sums == Spend(before=Decimal(30), delta=Decimal(-30))


def test_what_does_not_change_adds_nothing_even_without_a_price():
    same = resource(action="no-op", cost={"before": None, "monthly": None})
    values = total([same, WEB]).values("plan")
    assert (values["delta"], values["known"]) == (100, 100)
    assert values["unpriced"] == 1


def test_before_plus_delta_is_after():
    changed = resource(before={}, cost={"before": 20, "monthly": 35})
    sums = total([WEB, STORE, changed])
    assert sums.before + sums.delta == sums.known


def test_resources_that_share_their_costs_each_count_as_alone():
    sides = [None, *(resource(cost=cost).after for cost in (
        {"monthly": 35}, {"monthly": 35, "usage": "open"}, {"monthly": None}, {"monthly": 5, "assumed_usage": 3},
    ))]  # fmt: skip
    shared = [
        replace(WEB, change=replace(WEB.change, action=action), before=before, after=after, is_compared=is_compared)
        for action in Action
        for before, after, is_compared in product(sides, sides, (True, False))
    ]
    assert list(spends(shared)) == [spend(one) for one in shared]
    assert total(shared) == sum(map(spend, shared), Spend())


def test_each_budget_is_judged_by_each_budget_rule():
    judge = Judge([rule("budget.cost.monthly <= budget.monthly", scope="budget", message="{budget.name}")], specs, NOW)
    limits = [
        budget({"project": "shop"}, monthly=100),
        budget({"project": "blog"}, monthly=100),
    ]
    (found,) = judge.budgets(limits, RUN)
    assert (found.message, found.address, found.evidence["budget.name"]) == ("b", "", "b")
    assert found.evidence["budget.cost.monthly"] == "140"


NAT, MODULE = "aws_nat_gateway", "module.net"
COUNT = NotEvaluated("module.net.aws_nat_gateway.n", "count is known after apply", type=NAT, module=MODULE)
NOT_THERE = NotEvaluated(MODULE, "its source is not here", module=MODULE)
WHOLE = NotEvaluated("", "the plan is not complete", before=True, later=True)

CONCERNED = [
    # what is not evaluated, match, whether it concerns the budget
    (COUNT, {}, True),
    (COUNT, {"types": ["aws_nat_*"]}, True),
    (COUNT, {"types": ["aws_db_*"]}, False),
    (COUNT, {"modules": [MODULE]}, True),
    (COUNT, {"modules": ["module.web*"]}, False),
    (COUNT, {"addresses": ["module.net.*"]}, True),
    (COUNT, {"addresses": ["module.net.aws_nat_gateway.n[0]"]}, True),
    (COUNT, {"addresses": ["module.net.aws_nat_gateway.other*"]}, False),
    (COUNT, {"tags": {"team": "web"}}, True),
    (COUNT, {"project": "blog"}, False),
    (NOT_THERE, {"types": ["aws_db_*"]}, True),
    (NOT_THERE, {"modules": ["module.net.module.inner"]}, True),
    (NOT_THERE, {"modules": ["module.web"]}, False),
    (NOT_THERE, {"addresses": ["module.net.aws_instance.*"]}, True),
    (NOT_THERE, {"addresses": ["aws_instance.*"]}, False),
    (WHOLE, {"types": ["aws_db_*"], "modules": ["module.web"], "addresses": ["module.web.*"]}, True),
]  # fmt: skip


@pytest.mark.parametrize("block, match, concerned", CONCERNED)
def test_what_was_not_evaluated_leaves_open_the_budgets_that_it_may_concern(block, match, concerned):
    sums = counted(budget(match), [run(WEB, STORE, not_evaluated=[block])])
    assert sums.not_evaluated == int(concerned)
    assert isinstance(sums.values("budget.cost")["monthly"], Unknown) == concerned


OVER = resource(name="over", cost={"monthly": 600})
BEFORE_UNKNOWN = resource(name="b", before={}, cost={"before": None, "monthly": 600})
SURE = resource(name="sure", before={}, cost={"before": 100, "monthly": 105})

LIMITS = [
    # limits, resources, not evaluated: status of each budget rule that has something to say
    ({"monthly": 500}, [OVER], [COUNT], "fail"),  # what is known is already too much
    ({"monthly": 1000}, [OVER], [COUNT], "unknown"),
    ({"monthly": 1000}, [OVER], [], None),
    ({"increase": 500}, [OVER], [COUNT], "fail"),
    ({"increase": 1000}, [OVER], [COUNT], "unknown"),
    ({"increase": 500}, [OVER], [replace(COUNT, before=True)], "unknown"),  # the rest may have become cheaper
    ({"increase": 500}, [BEFORE_UNKNOWN], [], "unknown"),
    ({"increase": 500}, [OVER], [WHOLE], "fail"),  # -target is no way around a limit
    ({"increase_percent": 3}, [SURE], [COUNT], "fail"),
    ({"increase_percent": 10}, [SURE], [COUNT], "unknown"),
    ({"increase_percent": 10}, [SURE], [], None),
    ({"increase_percent": 10}, [OVER], [COUNT], "fail"),  # from nothing, above `from_zero`
    ({"increase_percent": 3}, [SURE, BEFORE_UNKNOWN], [], "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("limits, resources, missing, status", LIMITS)
def test_what_is_known_can_break_a_limit_and_what_is_missing_leaves_it_open(limits, resources, missing, status):
    rules = load_rules(validated(RuleSelection, {"packs": ["budget"]}), rules_dir()).rules
    found = Judge(rules, specs, NOW).budgets([budget(**limits)], [run(*resources, not_evaluated=missing)])
    assert [one.status for one in found] == ([status] if status else [])


def test_a_budget_says_how_much_is_missing():
    judge = Judge([rule("budget.cost.monthly <= budget.monthly", scope="budget")], specs, NOW)
    unpriced = resource(name="u", cost={"monthly": None})
    (found,) = judge.budgets([budget(monthly=1000)], [run(WEB, unpriced, not_evaluated=[COUNT])])
    assert "is incomplete: 1 not evaluated, 1 not priced" in found.message


def test_without_budgets_a_budget_rule_matches_nothing():
    judge = Judge([rule("false", scope="budget")], specs, NOW)
    assert judge.budgets([], RUN) == ()
    assert judge.use["test-rule"].matched == 0


@pytest.mark.parametrize("bad", [{"monthly": -1}, {"increase": "NaN"}, {"montly": 1}, {"name": ""}])
def test_a_budget_that_makes_no_sense_is_refused(bad):
    with pytest.raises(ValueError, match="validation error"):
        validated(Budget, {"name": "b", **bad})


def test_unsupported_types_leave_totals_open():
    unsupported = replace(WEB, after=replace(WEB.after, lines=(), status="unsupported"))
    assert isinstance(unsupported, ResourceCost)
    assert total([unsupported]).known == 0
