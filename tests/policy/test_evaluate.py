from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.data import rules_dir
from guardrail.files.model import validated
from guardrail.model.finding import OnUnknown
from guardrail.model.resource import Action, Side, SourceLine
from guardrail.policy import Judge, Project, RuleSelection, load_rules
from tests.policy.judging import ENGINES, NOW, PROJECT, judge, resource, rule, specs, verdict

TAGGED = {"team": "payments", "env": "prod"}
EDGE = [
    (resource("aws_s3_bucket", name="ok", tags=TAGGED), None),
    (resource("aws_s3_bucket", name="no_env", tags={"team": "a"}), ("fail", "missing tags: [env]")),
    (resource("aws_s3_bucket", name="null_tags"), ("fail", "missing tags: [team, env]")),
    (resource("aws_s3_bucket", name="unknown_map", unknown=["tags"]), ("unknown", "could not be judged: tags is known after apply")),
    (resource("aws_s3_bucket", name="unknown_value", tags={"team": "a"}, unknown=["tags.env"]), None),
    (resource("aws_s3_bucket", name="empty", tags={"team": "", "env": "prod"}), ("fail", "missing tags: [team]")),
    (
        resource("aws_s3_bucket", name="casing", tags={"Team": "a", "Env": "b"}),
        ("fail", "missing tags: [team, env], but here in other letters: Env, Team"),
    ),
    (resource("aws_s3_bucket", name="deleted", action="delete"), None),
    (
        resource(name="noop", action="no-op", tags=TAGGED, attributes={"instance_type": "x1e.32xlarge"}),
        ("pre-existing", "machine types not allowed: x1e.32xlarge"),
    ),
    (
        resource(name='fe["a.b"]', tags=TAGGED, attributes={"instance_type": "p4d.24xlarge"}),
        ("fail", "machine types not allowed: p4d.24xlarge"),
    ),
    (resource(name="later", tags=TAGGED, unknown=["instance_type"]), ("unknown", "could not be judged: instance_type is known after apply")),
    (resource("aws_s3_bucket", module='module.m["x"]', tags={"team": "a"}), ("fail", "missing tags: [env]")),
    (resource("aws_volume_attachment", taggable=False), None),
]  # fmt: skip


@cache
def edge_rules(engine):
    types = {"params": {"types": ["x1e.32xlarge", "p4d.24xlarge"]}}
    selection = validated(
        RuleSelection,
        {
            "packs": ["tagging", "instance-sizes"],
            "set": {"forbidden-instance-type": types}
            | {
                other: {"enabled": False}
                for other in ("gpu-instance", "oversized-instance", "mis-cased-tag-key", "metal-instance")
            },
        },
    )
    return load_rules(selection, rules_dir(), engine=engine).rules


@pytest.mark.parametrize("engine", ENGINES)
def test_edge_matrix(engine):
    wanted = [(said[0], one.change.address, said[1]) for one, said in EDGE if said]
    assert judge(edge_rules(engine), *(one for one, _ in EDGE)) == wanted


@given(st.permutations(EDGE))
def test_the_order_of_resources_and_of_rules_does_not_matter(order):
    rules = edge_rules("cpp")
    wanted = sorted((said[0], one.change.address, said[1]) for one, said in EDGE if said)
    assert sorted(judge(list(reversed(rules)), *(one for one, _ in order))) == wanted


SIZED = resource("aws_ebs_volume", attributes={"size": 10, "type": "gp3"})
LATER = resource("aws_ebs_volume", attributes={"type": "gp3"}, unknown=["size"])
KLEENE = [
    (SIZED, ["resource.after.size < 20"], None, "pass"),
    (SIZED, ["resource.after.size < 5"], None, "fail"),
    (LATER, ["resource.after.size < 5"], None, "unknown"),
    (LATER, ["resource.after.size < 5", "resource.after.type == 'gp3'"], None, "unknown"),
    (LATER, ["resource.after.size < 5", "resource.after.type == 'gp2'"], None, "fail"),
    (LATER, ["resource.after.type == 'gp3' || resource.after.size < 5"], None, "pass"),
    (LATER, ["resource.after.type == 'gp2'"], "resource.after.size > 1", "unknown"),
    (LATER, ["resource.after.type == 'gp3'"], "resource.after.size > 1", "pass"),
    (LATER, ["resource.after.size < 5"], "resource.after.type == 'gp2'", "pass"),
    (SIZED, ["resource.after.size"], None, "error"),
    (SIZED, ["resource.after.type < 3"], None, "error"),
    (SIZED, ["resource.after.type == 'gp2'", "resource.after.type < 3"], None, "error"),
    (SIZED, ["resource.after.absent == null"], None, "pass"),
    (SIZED, ["resource.before.size == null"], None, "pass"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("one, expressions, when, wanted", KLEENE)
def test_three_verdicts(one, expressions, when, wanted, engine):
    fields = {"when": when} if when else {}
    assert verdict(rule(*expressions, engine=engine, **fields), one) == wanted


def findings(one_rule, *resources, **options):
    return Judge([one_rule], specs, NOW, **options).project(PROJECT, resources)


BLOCKING = [
    ("mandatory", "warn", SIZED, True),
    ("approval", "warn", SIZED, True),
    ("advisory", "warn", SIZED, False),
    ("mandatory", "warn", LATER, False),
    ("mandatory", "deny", LATER, True),
    ("advisory", "deny", LATER, False),
]


@pytest.mark.parametrize("enforcement, on_unknown, one, blocks", BLOCKING)
def test_what_blocks(enforcement, on_unknown, one, blocks):
    (found,) = findings(rule("resource.after.size < 5", enforcement=enforcement, on_unknown=on_unknown), one)
    assert found.blocking is blocks


def test_unknown_may_pass():
    loud = rule("resource.after.size < 5")
    assert findings(rule("resource.after.size < 5", on_unknown=OnUnknown.PASS), LATER) == ()
    assert len(findings(loud, LATER)) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "expression, wanted",
    [
        ("resource.after.public == null", "unknown"),  # the provider may choose one
        ("resource.after.public != true", "unknown"),
        ("resource.after.public != null", "fail"),
        ("resource.after.size < 50 || resource.after.public == null", "pass"),
        ("resource.after.size < 5 && resource.after.public == null", "fail"),
    ],
)
def test_what_is_left_out_and_may_be_chosen_fails_a_rule_and_lets_none_pass(expression, wanted, engine):
    sized = replace(SIZED.change, after=replace(SIZED.change.after, open=frozenset({"public"})))
    assert verdict(rule(expression, engine=engine), replace(SIZED, change=sized)) == wanted


def test_every_broken_validation_is_said():
    broken = rule(
        "resource.after.size < 5", "resource.after.type == 'gp2'", message="{resource.after.size} {resource.after.type}"
    )
    (found,) = findings(broken, SIZED)
    assert found.message == "10 gp3; 10 gp3"
    assert found.evidence == {"resource.after.size": 10, "resource.after.type": "gp3"}


PAST = [
    ("same words", "too big", {"size": 30}, {"size": 30, "name": "b"}, "pre-existing"),
    ("other words", "{resource.after.size} is too big", {"size": 30}, {"size": 40}, "fail"),
    ("was kept", "too big", {"size": 10}, {"size": 30}, "fail"),
    ("now mended", "too big", {"size": 30}, {"size": 10}, "pass"),
]


@pytest.mark.parametrize("case, message, before, after, wanted", PAST)
def test_pre_existing(case, message, before, after, wanted):
    one = resource("aws_ebs_volume", before=before, attributes=after)
    assert verdict(rule("resource.after.size < 20", message=message), one) == wanted, case


COSTS = [
    (100, 200, "fail"),
    (200, 200, "pre-existing"),
    (200, 150, "pre-existing"),
    (None, 200, "fail"),
    (200, 40, "pass"),
]


@pytest.mark.parametrize("before, after, wanted", COSTS)
def test_a_cost_that_does_not_rise_is_pre_existing(before, after, wanted):
    one = resource(before={}, cost={"before": before, "monthly": after})
    assert verdict(rule("resource.cost.known < 50", message="{resource.cost.known}"), one) == wanted


def test_pre_existing_blocks_only_if_asked_for():
    one = resource("aws_ebs_volume", before={"size": 30}, attributes={"size": 30})
    big = rule("resource.after.size < 20")
    assert [found.blocking for found in findings(big, one)] == [False]
    assert [found.blocking for found in findings(big, one, pre_existing_blocks=True)] == [True]


@pytest.mark.parametrize("action", sorted(Action))
def test_only_what_will_be_there_is_judged_by_default(action):
    one = resource(action=action, attributes={"size": 1})
    asked = bool(judge(rule("resource.address == ''"), one))
    assert asked is (action not in {Action.DELETE, Action.FORGET})


def test_a_rule_may_ask_about_deletes():
    gone = resource("aws_db_instance", action="delete", attributes={"deletion_protection": True}, tags={"env": "prod"})
    about = rule(
        "!(resource.before.deletion_protection && resource.tags.env == 'prod') || resource.after.deletion_protection != null",
        match={"actions": ["delete"]},
    )
    assert verdict(about, gone) == "fail"


MATCHES = [
    ({"types": ["aws_inst*"]}, True),
    ({"types": ["aws_s3_*", "google_*"]}, False),
    ({"taggable": True}, True),
    ({"taggable": False}, False),
    ({"providers": ["aws"]}, True),
    ({"providers": ["google*"]}, False),
    ({"projects": ["sh?p"]}, True),
    ({"projects": ["other"]}, False),
    ({"environments": ["prod"]}, True),
    ({"environments": ["dev"]}, False),
    ({"actions": ["create"]}, True),
    ({"actions": ["update"]}, False),
]


@pytest.mark.parametrize("match, applies", MATCHES)
def test_match(match, applies):
    judging = Judge([rule("false", match=match)], specs, NOW)
    assert bool(judging.project(PROJECT, [resource()])) is applies
    assert bool(judging.use["test-rule"].matched) is applies


@pytest.mark.parametrize("engine", ENGINES)
def test_sensitive_values_are_judged_and_not_shown(engine):
    one = resource("aws_db_instance", attributes={"password": "canary-1", "size": 3}, tags={"team": "canary-2"})
    secret = Side(one.change.after.values, sensitive={"password": True, "tags": {"team": True}})
    one = replace(one, change=replace(one.change, after=secret))
    broken = rule(
        "resource.after.password != 'canary-1'",
        "resource.tags.team == ''",
        message="{resource.after.password} {resource.tags}",
        engine=engine,
    )
    (found,) = Judge([broken], specs, NOW).project(PROJECT, [one])
    assert found.message.startswith("(sensitive) {team: (sensitive)}")
    assert "canary" not in repr(found)
    (error,) = Judge([rule("number(resource.after.password) > 1", engine=engine)], specs, NOW).project(PROJECT, [one])
    assert error.status.value == "error"
    assert "canary" not in repr(error)


def test_a_finding_says_where_it_is():
    one = resource("aws_ebs_volume")
    one = replace(one, change=replace(one.change, source=SourceLine("main.tf", 12)))
    (found,) = findings(rule("false"), one)
    assert (found.file, found.line, found.project, found.address) == ("main.tf", 12, "shop", "aws_ebs_volume.this")


def test_true_is_not_one_to_a_rule_that_remembers():
    flags = [
        resource("aws_ebs_volume", name=f"v{i}", attributes={"flag": flag}) for i, flag in enumerate((True, 1, True, 1))
    ]
    assert [address for _, address, _ in judge(rule("resource.after.flag == true"), *flags)] == [
        "aws_ebs_volume.v1",
        "aws_ebs_volume.v3",
    ]


TAG_RULES = [
    "!('Team' in resource.tags)",
    "resource.tags.exists(k, lower(k) == 'team')",
    "resource.tags.all(k, resource.tags[k] != '')",
    "['team', 'env'].all(t, t in resource.tags && resource.tags[t] != '')",
    "!has(resource.tags.env) || resource.tags.env == 'a'",
    "size(resource.tags) < 2",
]
TAG_VALUES = st.dictionaries(st.sampled_from(["team", "Team", "env", "other"]), st.sampled_from(["", "a", "b"]))


@given(st.sampled_from(TAG_RULES), st.lists(st.tuples(TAG_VALUES, TAG_VALUES), max_size=8))
def test_what_a_rule_remembers_is_what_it_would_say(text, pairs):
    asked = rule(text, message="{resource.tags.filter(k, k != 'team')}")
    tagged = [
        resource("aws_s3_bucket", name=f"b{i}", tags=after, before={"tags": before})
        for i, (before, after) in enumerate(pairs)
    ]
    assert judge(asked, *tagged) == [found for one in tagged for found in judge(asked, one)]


def test_what_is_said_of_an_open_value_is_not_said_of_a_secret_one():
    tags = {"owner": "canary"}
    open_, secret = (resource("aws_s3_bucket", name=name, tags=tags) for name in ("open", "secret"))
    hidden = Side(secret.change.after.values, sensitive={"tags": {"owner": True}})
    secret = replace(secret, change=replace(secret.change, after=hidden))
    found = judge(rule("resource.tags.owner == ''", message="{resource.tags.owner}"), open_, secret)
    assert [message for _, _, message in found] == ["canary", "(sensitive)"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_is_judged_as_a_whole(engine):
    old = resource(name="a", before={}, cost={"before": 100, "monthly": 150})
    new = resource(name="b", cost={"monthly": 30})
    whole = rule(
        "plan.delta <= 50",
        "plan.counts.create == 0",
        "plan.resources.all(r, r.cost.monthly < 100)",
        scope="plan",
        message="{plan.before} to {plan.monthly}: {plan.delta_percent} %, {project.name} {today}",
        engine=engine,
    )
    (found,) = judge(whole, old, new)
    assert found == ("fail", "", "; ".join(["100 to 180: 80 %, shop 2026-03-01"] * 3))


CROSSING = [
    (9500, 10500, "fail"),
    (10600, 10700, "pre-existing"),
    (9000, 9500, "pass"),
    (9000, None, "unknown"),
    (None, None, "unknown"),
]


@pytest.mark.parametrize("before, after, wanted", CROSSING)
def test_a_limit_on_a_total_fires_when_it_is_crossed(before, after, wanted):
    limit = rule("plan.known <= 10000 && plan.monthly <= 10000", scope="plan")
    assert verdict(limit, resource(before={}, cost={"before": before, "monthly": after})) == wanted


def test_percent_of_nothing_is_null():
    assert verdict(rule("plan.delta_percent == null", scope="plan"), resource(cost={"monthly": 10})) == "pass"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cost, expected", [
    ({"before": 100, "monthly": 125}, "pass"),
    ({"before": 100, "monthly": 126}, "fail"),
    ({"before": 100, "monthly": 10}, "pass"),
    ({"before": 0, "monthly": 10}, "pass"),  # null: nothing was there
    ({"before": 100, "monthly": None}, "unknown"),
    ({"before": None, "monthly": 100}, "unknown"),
])  # fmt: skip
def test_the_delta_of_a_resource_in_percent(cost, expected, engine):
    limit = rule("resource.cost.delta_percent == null || resource.cost.delta_percent <= 25", engine=engine)
    assert verdict(limit, resource(before={}, cost=cost)) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_percent_of_nothing_that_is_compared_is_an_error(engine):
    limit = rule("resource.cost.delta_percent <= 25", engine=engine)
    assert verdict(limit, resource(cost={"monthly": 10})) == "error"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("expression", [
    "resource.cost.monthly / resource.cost.before > 2.0",
    "resource.after.a / resource.after.zero > 2",
    "resource.after.a / resource.after.zero <= 2",
    "resource.after.zero / resource.after.zero == 1",
])  # fmt: skip
def test_data_divided_by_zero_is_an_error_and_never_a_verdict(expression, engine):
    given = resource(attributes={"a": 6, "zero": 0}, cost={"monthly": 10})
    ((status, _, message),) = judge(rule(expression, engine=engine), given)
    assert (status, message) == ("error", "the rule could not be evaluated: division by zero")
    assert verdict(rule(f"{expression} || true", engine=engine), given) == "pass"


def test_resource_rules_see_the_plan_and_the_project():
    seen = rule("plan.unpriced == 0", "project.env == 'dev'", message="{project.env} {project.path} {now}")
    found = judge(seen, resource(cost={"monthly": 1}), project=Project("a", "b", "prod"))
    assert found == [("fail", "aws_instance.this", "prod b 2026-03-01T09:30:00Z")]


def test_shipped_rules_lie_where_data_says():
    assert isinstance(rules_dir(), Path)
    assert (rules_dir() / "tagging" / "required-tags.yaml").is_file()


def test_a_rule_about_what_is_done_is_broken_anew():
    replaced = resource("aws_ebs_volume", before={}, action="replace", address="aws_ebs_volume.a")
    asks = rule('resource.action != "replace"', match={"types": ["aws_ebs_volume"]}, message="is replaced")
    assert judge(asks, replaced) == [("fail", "aws_ebs_volume.a", "is replaced")]
