"""What rules read around a resource: what it refers to, cost lines, other prices, and what the plan says beside."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.costs import Library
from guardrail.errors import RuleError
from guardrail.load import repricer, resource_types
from guardrail.model.cost import Cost, Line, LineStatus, ResourceStatus
from guardrail.model.plan.facts import CalledModule, PlanFacts, RequiredProvider
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.unknown import Unknown
from guardrail.policy import Surroundings, compile_rule
from guardrail.policy.rules.testing import run_tests
from tests.policy.judging import ENGINES, TOLD, judge, resource, rule, specs, verdict
from tests.terraform.plans import block, change, document, read

EIP = resource("aws_eip", name="a", attributes={"id": "eipalloc-1"})
USED = resource("aws_eip_association", references={"allocation_id": ["aws_eip.a"]})
SUBNET = {"type": "aws_subnet", "name": "s", "attributes": {"cidr_block": "10.0.0.0/24"}, "tags": {"env": "prod"}}
INSTANCE = {"type": "aws_instance", "references": {"subnet_id": ["aws_subnet.s"], "ami": ["data.aws_ami.x"]}}
OTHERS = [resource(**SUBNET), resource(**INSTANCE)]

ASKED = [
    ('size(resource.references("aws_subnet")) == 1', "pass"),
    ('resource.references("aws_subnet").all(s, s.after.cidr_block == "10.0.0.0/24")', "pass"),
    ('resource.references("aws_subnet")[0].tags.env == "prod"', "pass"),
    ('resource.references("aws_*").exists(s, s.address == "aws_subnet.s" && s.action == "create")', "pass"),
    ('resource.references().map(s, s.type) == ["aws_subnet", "data.aws_ami"]', "pass"),
    ('resource.references("data.aws_ami").all(d, d.address == "data.aws_ami.x")', "pass"),
    ('resource.references("data.aws_ami").all(d, d.after.architecture == "arm64")', "unknown"),
    ('resource.references("aws_vpc").size() == 0', "pass"),
    ('resource.referrers("aws_vpc").size() > 0', "fail"),
    ('resource.references("aws_subnet")[0].referrers("aws_instance")[0].name == "this"', "pass"),
    ('get(resource.references("aws_subnet"), "0.after.cidr_block", "") == "10.0.0.0/24"', "pass"),
    ("resource.references(params.type).size() == 1", "pass"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text, wanted", ASKED)
def test_a_resource_knows_what_it_refers_to(text, wanted, engine):
    asked = rule(text, engine=engine, match={"types": ["aws_instance"]}, params={"type": "aws_subnet"})
    found = judge(asked, *OTHERS)
    assert (found[0][0] if found else "pass") == wanted


@pytest.mark.parametrize("engine", ENGINES)
def test_elements_of_the_plan_have_what_resources_have(engine):
    text = 'plan.resources.filter(r, r.type == "aws_subnet").all(r, r.after.cidr_block.startsWith("10.") && r.referrers("aws_instance").size() == 1)'
    assert judge(rule(text, scope="plan", engine=engine), *OTHERS) == []
    shown = rule(
        "false", scope="plan", engine=engine, message="{plan.resources.map(r, r.name)} {plan.resources[0].tags}"
    )
    assert judge(shown, *OTHERS)[0][2] == "[s, this] {env: prod}"


REFERRERS = 'resource.referrers("aws_eip_association").size() > 0'
LEFT = [NotEvaluated("aws_eip_association.x", "count is known after apply", type="aws_eip_association")]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_refers_to_a_resource_is_unknown_where_it_cannot_be_told(engine):
    asked = rule(REFERRERS, engine=engine, match={"types": ["aws_eip"]})
    assert judge(asked, EIP, USED) == []
    assert judge(asked, EIP)[0][0] == "fail"
    ((status, _, why),) = judge(asked, EIP, missing=LEFT)
    assert (status, "aws_eip_association.x: count is known after apply" in why) == ("unknown", True)
    assert judge(asked, EIP, missing=[NotEvaluated("aws_vpc.x", "count", type="aws_vpc")])[0][0] == "fail"
    ((status, _, why),) = judge(asked, EIP, beside=Surroundings())
    assert (status, "no configuration section" in why) == ("unknown", True)


def planned(*changes, blocks):
    plan = read(document(*changes, root={"resources": blocks}))
    return [free(one) for one in plan.changes], Surroundings(plan.facts, plan.data)


def free(one):
    from guardrail.model.cost import FREE, ResourceCost  # noqa: PLC0415

    return ResourceCost(one, FREE if one.before else None, FREE if one.after else None)


EIPS = [change(f"aws_eip.a[{i}]", {}, unknown={"id": True}, index=i) for i in range(2)]
COMPUTED = {
    "a local value stands for it": (["local.it"], {"allocation_id": True}, {}, "unknown"),
    "a key is computed": (["aws_eip.a", "local.key"], {"allocation_id": True}, {}, "unknown"),
    "one is named": (["aws_eip.a[0].id", "aws_eip.a[0]", "aws_eip.a"], {"allocation_id": True}, {}, "fail"),
    "both are meant": (["aws_eip.a"], {"allocation_id": [True, True]}, {"allocation_id": [None, None]}, "pass"),
    "known and another": (["local.it"], {}, {"allocation_id": "eipalloc-9"}, "fail"),
}


@pytest.mark.parametrize("case", COMPUTED)
def test_a_plan_tells_instances_as_far_as_it_knows_them(case):
    mentioned, unknown, values, wanted = COMPUTED[case]
    using = change("aws_eip_association.x", values, unknown=unknown)
    blocks = [block("aws_eip.a"), block("aws_eip_association.x", allocation_id=mentioned)]
    resources, beside = planned(*EIPS, using, blocks=blocks)
    found = judge(rule(REFERRERS, match={"types": ["aws_eip"]}), *resources, beside=beside)
    by_address = {address: status for status, address, _ in found}
    assert by_address.get("aws_eip.a[1]", "pass") == wanted


def test_what_is_no_longer_referred_to_was_not_so_before():
    eip = change("aws_eip.a", {"id": "e-1"}, before={"id": "e-1"}, actions=["no-op"])
    gone = change("aws_eip_association.x", None, before={"allocation_id": "e-1"}, actions=["delete"])
    asked = rule(REFERRERS, match={"types": ["aws_eip"]})
    resources, beside = planned(eip, gone, blocks=[block("aws_eip.a")])
    assert judge(asked, *resources, beside=beside)[0][0] == "fail"
    resources, beside = planned(eip, blocks=[block("aws_eip.a")])
    assert judge(asked, *resources, beside=beside)[0][0] == "pre-existing"


REFUSED = [
    (
        'resource.references("aws_subnt").size() > 0',
        "no such resource type: aws_subnt",
    ),
    ("resource.references(resource.type).size() > 0", "references needs a resource type written as text"),
    ('resource.references("aws_a", "b").size() > 0', "references takes one resource type, or none for all, not 2"),
    ("size(resource.references) > 0", "references is a function"),
    ('resource.references("aws_subnet").all(s, s.typ != "")', "no such attribute: typ of what is referred to"),
    ('resource.references("aws_subnet").all(s, s.after.cidr != "")', "no such attribute: cidr of aws_subnet"),
    ("plan.resources.all(r, r.after == r.befor)", "no such attribute: befor of an element of plan.resources"),
    ('plan.modules.all(m, m.versio != "")', "no such attribute: versio of an element of plan.modules"),
    ("plan.modules.all(m, m.version > 3)", "> is not for a string and an int"),
    ('price.of(resource, {"instance_typ": "x"}) > 1.0', "no such attribute: instance_typ of aws_instance"),
    ('price.of(resource, {"root_block_device.0.typ": "x"}) > 1.0', "no such attribute: typ of root_block_device"),
    ('price.of(resource, "x") > 1.0', "price.of is not for anything and a string"),
]


@pytest.mark.parametrize("text, what", REFUSED)
def test_names_that_there_are_not_are_refused_at_load(text, what):
    source = rule("true", match={"types": ["aws_instance"]}).source
    validations = (replace(source.rule.validations[0], expression=text),)
    with pytest.raises(RuleError) as refused:
        compile_rule(source.changed(validations=validations), types=resource_types(Library()))
    assert what in str(refused.value)


def lines(*found):
    return Cost(tuple(found), ResourceStatus.PRICED)


COSTS = [
    ('resource.costs["Instance usage"].monthly == 10.0 && resource.costs["Instance usage"].quantity == 730.0', "pass"),
    ('resource.costs["Storage"].monthly == 5.0', "pass"),
    ('resource.costs["Requests"].monthly < 9.0', "unknown"),
    ('resource.costs["Other"] == null', "pass"),
    ('resource.cost.lines.filter(l, l.group == "disk").map(l, l.monthly).sum() == 3.0', "pass"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text, wanted", COSTS)
def test_a_cost_line_is_read_by_its_name(text, wanted, engine):
    after = lines(
        Line("Instance usage", "hours", LineStatus.PRICED, "", Decimal(730), monthly_cost=Decimal(10)),
        Line("Storage", "GB", LineStatus.PRICED, "root", Decimal(20), monthly_cost=Decimal(2)),
        Line("Storage", "GB", LineStatus.PRICED, "disk", Decimal(30), monthly_cost=Decimal(3)),
        Line("Requests", "1k", LineStatus.USAGE, note="depends on usage: requests"),
    )
    one = type(EIP)(EIP.change, None, after)
    assert verdict(rule(text, engine=engine), one) == wanted


def test_what_has_no_cost_definition_has_no_known_lines():
    one = type(EIP)(EIP.change, None, Cost((), ResourceStatus.UNSUPPORTED))
    assert verdict(rule('resource.costs["x"] == null'), one) == "unknown"
    assert verdict(rule("resource.cost.lines.size() == 0"), one) == "unknown"


FACTS = Surroundings(
    PlanFacts(
        has_configuration=True,
        modules=(CalledModule("module.net", "acme/net/aws", "1.2"), CalledModule("module.net.module.sub", "./sub")),
        providers=(RequiredProvider("aws", "hashicorp/aws", "~> 5.0"), RequiredProvider("random", "hashicorp/random")),
        variables={"env": "prod", "password": "hunter2", "size": Unknown("plan.variables.size")},
        outputs={"url": "https://x"},
        secrets=frozenset({"var.password"}),
        workspace="prod",
        locked=lambda: {"hashicorp/aws": "5.31.0"},
    )
)
BESIDE = [
    ('plan.modules.all(m, m.source.startsWith("acme/") || m.source.startsWith("./"))', "pass"),
    ('plan.modules.filter(m, m.version == "").map(m, m.address) == ["module.net.module.sub"]', "pass"),
    ('plan.providers.all(p, p.constraint != "")', "fail"),
    ('plan.providers.filter(p, p.name == "aws").all(p, p.version == "5.31.0")', "pass"),
    ('plan.providers.filter(p, p.name == "random").all(p, p.version == null)', "pass"),
    ('plan.variables.env == plan.workspace && plan.variables["nothing"] == null', "pass"),
    ('plan.variables.size == "x"', "unknown"),
    ('plan.variables.password == "hunter2"', "pass"),
    ('plan.outputs.url.startsWith("https://")', "pass"),
    ('project.repository == "acme/shop"', "pass"),
    ("plan.data.size() == 0", "pass"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text, wanted", BESIDE)
def test_a_plan_says_more_than_its_resources(text, wanted, engine):
    found = judge(rule(text, scope="plan", engine=engine), EIP, beside=FACTS)
    assert (found[0][0] if found else "pass") == wanted


def test_a_module_is_known_by_its_call_whatever_the_instance():
    inside = resource("aws_vpc", module='module.net["a.b[0]"].module.sub[1]')
    asked = rule('resource.module_source == "./sub" && resource.module_version == ""')
    assert verdict(asked, inside, beside=FACTS) == "pass"
    assert verdict(asked, resource("aws_vpc", module="module.other"), beside=FACTS) == "unknown"
    assert verdict(rule('resource.module_source == ""'), EIP, beside=FACTS) == "pass"


def test_secrets_of_the_plan_stay_in_the_process():
    shown = rule('plan.variables.password == "x"', scope="plan", message="{plan.variables.password}")
    assert judge(shown, EIP, beside=FACTS) == [("fail", "", "(sensitive)")]
    secret = resource("aws_db_instance", attributes={"password": "hunter2"}, sensitive=["password"])
    all_of_it = "{plan.resources.map(r, r.after.password)} {plan.resources.map(r, r.after)}"
    told = judge(rule('plan.resources.exists(r, r.after.password == "hunter2")', scope="plan"), secret)
    assert told == []
    ((_, _, message),) = judge(rule("false", scope="plan", message=all_of_it), secret)
    assert ("hunter2" in message, "(sensitive)" in message) == (False, True)
    ((status, _, message),) = judge(
        rule("plan.resources.exists(r, number(r.after.password) > 1)", scope="plan"), secret
    )
    assert (status, "hunter2" in message) == ("error", False)
    user = resource("aws_instance", references={"user_data": ["aws_db_instance.this"]})
    reading = rule(
        'number(resource.references("aws_db_instance")[0].after.password) > 1', match={"types": ["aws_instance"]}
    )
    ((status, _, message),) = judge(reading, user, secret)
    assert (status, "hunter2" in message) == ("error", False)


def test_without_a_line_or_a_workspace_nothing_is_guessed():
    assert verdict(rule('resource.file == "main.tf"'), EIP) == "unknown"
    assert verdict(rule("plan.workspace == 'x'", scope="plan"), EIP, beside=Surroundings()) == "unknown"
    assert judge(rule("plan.modules.size() == 0", scope="plan"), EIP, beside=Surroundings())[0][0] == "unknown"


M5 = {"type": "aws_instance", "region": "eu-west-1", "attributes": {"instance_type": "m5.large"}}
PRICES = [
    ({"instance_type": "m5.large"}, "== resource.cost.monthly", "pass"),
    ({"instance_type": "m5.xlarge"}, "> price.of(resource, {}) * 1.5", "pass"),
    ({"instance_type": "m99.large"}, "> 1.0", "unknown"),
    ({"root_block_device.0.volume_size": 100.0}, "> price.of(resource, {})", "pass"),
    ({"tenancy": "dedicated"}, "> price.of(resource, {})", "pass"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("attributes, than, wanted", PRICES)
def test_a_resource_has_a_price_with_other_attributes(attributes, than, wanted, engine, catalog):
    import json  # noqa: PLC0415

    text = f"price.of(resource, {json.dumps(attributes)}) {than}"
    asked = compile_rule(rule(text, engine=engine).source, engine=engine)
    one = resource(**M5)
    prices = repricer(catalog, Library())([one.change], [])
    priced = type(one)(one.change, None, prices(one.change, {}, False))
    beside = Surroundings(TOLD.facts, reprice=prices)
    assert verdict(asked, priced, beside=beside) == wanted


def test_prices_of_tests_are_those_of_the_catalog(catalog):
    text = 'price.of(resource, {"instance_type": params.other}) < resource.cost.monthly'
    tests = [
        {"expect": "pass", "resource": {**M5, "cost": {"monthly": 1000}}},
        {"expect": "fail", "resource": {**M5, "cost": {"monthly": 1}}},
        {"expect": "unknown", "resource": {**M5, "cost": {"monthly": 1}}, "params": {"other": "m99.large"}},
        {
            "expect": "unknown",
            "resource": {"type": "aws_instance", "unknown": ["tenancy"], "region": "eu-west-1", "cost": {"monthly": 1}},
        },
    ]
    source = rule(text, params={"other": "m7g.large"}, tests=tests).source
    results = run_tests([source], specs=specs, repricer=repricer(catalog, Library()))
    assert [one.mismatch for one in results] == ["", "", "", ""]


def test_a_path_that_leads_nowhere_is_an_error_and_no_price(catalog):
    asked = rule('price.of(resource, {"root_block_device.3.volume_size": 1.0}) > 0.0')
    one = resource(**M5)
    beside = Surroundings(TOLD.facts, reprice=repricer(catalog, Library())([one.change], []))
    ((status, _, why),) = judge(asked, one, beside=beside)
    assert (status, "there is no root_block_device.3.volume_size" in why) == ("error", True)
