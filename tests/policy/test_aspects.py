"""What rules have answered once holds for what is alike by what they look at, and for nothing else."""

from itertools import product

import pytest
from msgspec.structs import replace

from guardrail.model.resource import Side
from tests.policy.judging import ENGINES, judge, resource, rule

RULES = {
    "cost": ["resource.cost.monthly < 50.0", "resource.cost.delta <= 20.0 || resource.cost.before > 0.0"],
    "tags": ["resource.tags.team != 'a'", "size(resource.tags) < 3", "'env' in resource.tags"],
    "attribute": ["resource.after.size != 1.0", "resource.after.size == null || resource.after.size < 3.0"],
    "machine": ["resource.instance.type == null || resource.instance.vcpu < 8.0"],
    "place": ["resource.module != 'module.a'", "resource.region != 'us-east-1'"],
    "mixed": ["resource.cost.known < 50.0 || resource.tags.team == 'a'", "size(resource.unknown) == 0"],
    "constant": ["project.env != 'prod'"],
}
RESOURCES = [
    resource(kind, name=f"n{number}", module=module, region=region, tags=tags, cost=cost, attributes=attributes, **open_)
    for number, (kind, (module, region), tags, cost, (attributes, open_)) in enumerate(
        product(
            ("aws_instance", "aws_sqs_queue"),
            (("", "eu-west-1"), ("module.a", "us-east-1")),
            ({}, {"team": "a"}, {"team": "b", "env": "x", "more": "1"}),
            ({"monthly": 10, "before": 10}, {"monthly": 60, "before": 10, "usage": "open"}, {"monthly": None}),
            (
                ({"size": 1, "instance_type": "m5.large"}, {}),
                ({"size": True, "instance_type": "c5.9xlarge"}, {}),
                ({"size": 4}, {"unknown": ["instance_type"]}),
                ({}, {"unknown": ["size", "tags.env"]}),
            ),
        )
    )
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_many_resources_are_judged_as_each_alone_is(engine):
    rules = [rule(*expressions, engine=engine, id=name) for name, expressions in RULES.items()]
    together = judge(rules, *RESOURCES)
    alone = [found for one in RESOURCES for found in judge(rules, one)]
    assert together == alone
    assert {status for status, _, _ in together} >= {"fail", "unknown"}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_may_be_chosen_by_the_provider_is_not_what_is_null(engine):
    left_out = resource("aws_sqs_queue", attributes={}, name="null")
    side = replace(left_out.change.after, open=frozenset({"size"}))
    open_ = replace(left_out, change=replace(left_out.change, after=side, address="aws_sqs_queue.open"))
    one = rule("resource.after.size != null", engine=engine)
    assert judge(one, left_out, open_) == [*judge(one, left_out), *judge(one, open_)]
    assert isinstance(side, Side)
