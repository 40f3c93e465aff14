"""What rules have answered once holds for what is alike by what they look at, and for nothing else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.model.resource import Action, Side, Tags
from guardrail.model.unknown import Unknown
from guardrail.policy import Judge
from guardrail.policy.variables.view import ResourceView
from tests.policy.judging import ENGINES, NOW, PROJECT, SPECS, TOLD, judge, resource, rule, specs

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


# Every variable below `resource` that an answer may be remembered by, some of them beside others.
READS = [
    "size(resource.unknown) == 0",
    "!('size' in resource.unknown) && !('tags.team' in resource.unknown)",
    "resource.unknown.all(p, p != 'tags') && resource.cost.status == 'free'",
    "['team', 'env'].all(t, !(('tags.' + t) in resource.unknown))",
    "!('root_block_device' in resource.unknown)",
    "get(resource.unknown, '0', '') == ''",
    "'a' in ['b'] || resource.region == 'us-east-1' || !('tags' in resource.unknown)",
    "(true || resource.cost.known < 50.0) && resource.tags.team != 'a'",
    "resource.instance.vcpu == null || resource.instance.vcpu < 8.0",
    "resource.instance.types.all(t, t != 'm5.large') && resource.tags.team != 'b'",
    "resource.instance.successors.all(s, s.path == 'machine_type')",
    "resource.tags_of.volumes.all(v, 'team' in v.own)",
    "resource.type != 'aws_sqs_queue'",
    "resource.action == 'create' || resource.after.size != 1",
    "resource.provider != 'google'",
    "resource.after.size == null || resource.before.size == null",
    "resource.region == 'us-east-1' || resource.module == ''",
    "resource.cost.known < 50.0 || resource.tags.all(k, k != 'env')",
    "resource.cost.delta <= 0.0",
    "resource.environment == 'x' || resource.name != 'n1'",
    "resource.set.root_block_device || resource.cost.priced",
]
MESSAGE = "{resource.instance.successors.map(s, s.path)} {resource.tags} {resource.unknown} {resource.after.size}"
KINDS = ["aws_instance", "aws_sqs_queue", "aws_sns_topic", "google_compute_instance", "google_container_node_pool"]
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from([1, True, 1.0, "1", None, 4]),
        "instance_type": st.sampled_from(["m5.large", "c5.9xlarge", "t2.micro"]),
        "machine_type": st.just("n1-standard-1"),
        "node_config": st.just([{"machine_type": "n1-standard-1"}]),
        "root_block_device": st.sampled_from([[], [{"tags": {"team": "a"}}]]),
    },
)
PLACES = ["size", "tags.team", "tags.env", "instance_type", "machine_type", "root_block_device"]


@st.composite
def _resources(draw):
    found = []
    for number in range(draw(st.integers(2, 6))):
        action = draw(st.sampled_from([Action.CREATE, Action.UPDATE, Action.NO_OP]))
        one = resource(
            draw(st.sampled_from(KINDS)),
            name=f"n{number}",
            action=action,
            attributes=draw(ATTRIBUTES),
            before=None if action is Action.CREATE else draw(ATTRIBUTES),
            tags=draw(st.dictionaries(st.sampled_from(["team", "env"]), st.sampled_from(["a", "b"]))),
            unknown=draw(st.just(["tags"]) | st.lists(st.sampled_from(PLACES), max_size=2, unique=True)),
            sensitive=draw(st.lists(st.sampled_from(PLACES), max_size=1)),
            region=draw(st.sampled_from(["us-east-1", "eu-west-1"])),
            cost=draw(st.sampled_from([None, {"monthly": 60, "before": 10, "usage": "open"}, {"monthly": None}])),
        )
        open_ = draw(st.frozensets(st.sampled_from(["size", "root_block_device", "instance_type"]), max_size=1))
        after = replace(one.change.after, open=open_ - one.change.after.names())
        found.append(replace(one, change=replace(one.change, after=after)))
    return found


def _specs(vendor, name):
    return specs(vendor, name) or {**SPECS["m5.large"], "current_generation": False}


def _defaults(type_name):
    return {"size": {"": 4}} if type_name == "aws_sns_topic" else {}


@given(st.lists(st.sampled_from(READS), min_size=1, max_size=5, unique=True), _resources())
def test_resources_of_many_kinds_are_judged_as_each_alone_is(expressions, resources):
    rules = [rule(text, message=MESSAGE, id=f"rule-{number}") for number, text in enumerate(expressions)]

    def found(*asked):
        return Judge(rules, _specs, NOW, defaults=_defaults).project(PROJECT, asked, (), TOLD)

    # As it is spelled, since to Python 1 is 1.0 and True.
    assert repr(found(*resources)) == repr(tuple(one for each in resources for one in found(each)))


_NAMES = st.sampled_from(["a", "b", "a.b", "0"])
_MARKS = st.recursive(
    st.sampled_from([True, False, None, "variable v has no value"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


@given(
    unknown=st.dictionaries(_NAMES, _MARKS, max_size=3),
    open_=st.frozensets(_NAMES, max_size=1),
    open_inside=st.dictionaries(_NAMES, _MARKS, max_size=1),
    tags=st.sampled_from([Tags(), Tags({"a": Unknown("tags.a")}), Tags(unknown=Unknown("tags"))]),
    places=st.lists(st.sampled_from(["a", "b", "a.b", "a.0", "a.b.0", "a.a.b", "tags", "tags.a"]), max_size=3),
)
def test_places_are_unknown_that_stand_among_all_that_are(unknown, open_, open_inside, tags, places):
    one = resource("aws_sns_topic", attributes={})
    side = replace(one.change.after, unknown=unknown, open=open_, open_inside=open_inside)
    view = ResourceView(replace(one, change=replace(one.change, after=side, tags=tags)), specs)
    told = view.read(("resource", "unknown"))
    assert view.unknown_among(tuple(places)) == tuple(place for place in places if place in told)


def test_findings_show_each_value_as_it_is():
    sizes = [1, 1.0, True, "1", [1], [1.0], [True], {"a": 1}, {"a": [None]}, None, 2**80, 10**400, "\ud800"]
    one = resource("aws_sqs_queue", attributes={})
    side = one.change.after
    resources = [
        replace(one, change=replace(one.change, address=f"aws_sqs_queue.n{number}", after=after))
        for number, after in enumerate(
            [
                *(replace(side, values={"size": size}) for size in sizes),
                *(replace(side, values={"size": size}, sensitive={"size": True}) for size in sizes),
                *(replace(side, values={"size": [size]}, unknown={"size": [True]}) for size in sizes),
            ]
        )
    ]
    asked = rule("resource.after.size == 'x'")
    found = Judge([asked], specs, NOW).project(PROJECT, [*resources, *reversed(resources)], (), TOLD)
    shown = [repr(each.evidence["resource.after.size"]) for each in found]
    assert shown[: len(resources)] == shown[: len(resources) - 1 : -1]
    assert shown[: len(sizes)] == [repr(size) for size in sizes]
    assert set(shown[len(sizes) : 2 * len(sizes)]) == {"'(sensitive)'"}
    assert set(shown[2 * len(sizes) : 3 * len(sizes)]) == {"['(known after apply)']"}


@pytest.mark.parametrize("engine", ENGINES)
def test_where_a_machine_type_stands_is_not_what_it_is(engine):
    named = resource("google_compute_instance", attributes={"machine_type": "n1-standard-1"})
    inside = resource("google_container_node_pool", attributes={"node_config": [{"machine_type": "n1-standard-1"}]})
    asked = rule(
        "resource.instance.successors.all(s, s.path == 'machine_type')",
        message="{resource.instance.successors.map(s, s.path)}",
        engine=engine,
    )
    (found,) = Judge([asked], _specs, NOW).project(PROJECT, [named, inside], (), TOLD)
    assert (found.address, found.message) == (inside.change.address, "[node_config.0.machine_type]")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_waits_for_a_machine_type_does_not_name_a_secret_one(engine):
    open_, secret = (
        resource("aws_instance", name=name, attributes={"instance_type": "x9.canary"}, sensitive=sensitive)
        for name, sensitive in (("open", []), ("secret", ["instance_type"]))
    )
    told = dict(
        zip(("open", "secret"), judge(rule("resource.instance.vcpu < 8", engine=engine), open_, secret), strict=True)
    )
    assert "x9.canary" in told["open"][2]
    assert "canary" not in told["secret"][2]
    assert judge(rule("resource.instance.vcpu < 8", engine=engine), secret, open_) == [told["secret"], told["open"]]
