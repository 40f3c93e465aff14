import pytest

from tests.terraform.plans import block, by_address, call, change, document

NAT = "aws_nat_gateway.nat"


def references(source: dict, address: str, name: str) -> tuple[str, ...]:
    return by_address(source)[address].references.get(name, ())


@pytest.mark.parametrize(
    "mentioned, present, expected",
    [
        (["aws_eip.ip.id", "aws_eip.ip"], ["aws_eip.ip"], ("aws_eip.ip",)),
        (["aws_eip.ip"], ["aws_eip.ip"], ("aws_eip.ip",)),
        (["aws_eip.ip[1].id", "aws_eip.ip[1]", "aws_eip.ip"], ["aws_eip.ip[0]", "aws_eip.ip[1]"], ("aws_eip.ip[1]",)),
        (['aws_eip.ip["a.b"].id', 'aws_eip.ip["a.b"]', "aws_eip.ip"], ['aws_eip.ip["a.b"]'], ('aws_eip.ip["a.b"]',)),
        (["aws_eip.ip"], ["aws_eip.ip[0]", "aws_eip.ip[1]"], ("aws_eip.ip[0]", "aws_eip.ip[1]")),
        (
            ["aws_eip.b.id", "aws_eip.b", "aws_eip.a.id", "aws_eip.a"],
            ["aws_eip.a", "aws_eip.b"],
            ("aws_eip.b", "aws_eip.a"),
        ),
        (["aws_eip.ip", "aws_eip.ip2.id", "aws_eip.ip2"], ["aws_eip.ip", "aws_eip.ip2"], ("aws_eip.ip", "aws_eip.ip2")),
        (["aws_eip.gone.id", "aws_eip.gone"], ["aws_eip.ip"], ()),
        (["aws_eip.ip[7].id", "aws_eip.ip[7]", "aws_eip.ip"], ["aws_eip.ip[0]"], ()),
        (["data.aws_eip.ip.id", "data.aws_eip.ip"], ["aws_eip.ip"], ("data.aws_eip.ip",)),
        (["data.aws_eip.ip[1].id", "data.aws_eip.ip[1]", "data.aws_eip.ip"], [], ("data.aws_eip.ip[1]",)),
        (["local.ip", "var.nowhere", "path.module", "each.value", "count.index", "self.id"], ["aws_eip.ip"], ()),
        (["module.nowhere.id", "module.nowhere", "", "x"], ["aws_eip.ip"], ()),
    ],
)
def test_mentions_become_addresses(mentioned, present, expected):
    root = {"resources": [block(NAT, allocation_id=mentioned)]}
    changes = [change(address, {}) for address in [*present, NAT]]
    assert references(document(*changes, root=root), NAT, "allocation_id") == expected


def written_of(found):
    return found.after.written


@pytest.mark.parametrize(
    "mentioned, is_derived",
    [
        (["aws_eip.ip.id", "aws_eip.ip"], True),
        (["aws_eip.gone.id", "aws_eip.gone"], True),
        (["data.aws_eip.ip.id", "data.aws_eip.ip"], True),
        (["local.ip"], True),
        (["module.nowhere.id", "module.nowhere"], True),
        (["var.ip"], False),
        (["count.index"], False),
        (["path.module"], False),
    ],
)
def test_what_may_come_to_something_unknown_is_derived(mentioned, is_derived):
    root = {"resources": [block(NAT, allocation_id=mentioned)]}
    nat = change(NAT, {}, unknown={"allocation_id": True})
    source = document(change("aws_eip.ip", {}), nat, root=root)
    assert written_of(by_address(source)[NAT]) == (frozenset({"allocation_id"}) if is_derived else frozenset())


def test_without_a_configuration_nothing_is_known_of_what_is_written():
    assert written_of(by_address(document(change(NAT, {})))[NAT]) is None


EIP = {"references": ["aws_eip.ip.id", "aws_eip.ip"]}
WEB, DISK = "aws_instance.web", "root_block_device"


@pytest.mark.parametrize(
    "expressions, unknown, written",
    [
        (
            {DISK: [{"size": EIP, "type": {"constant_value": "gp3"}}]},
            {DISK: [{"size": True, "iops": True}]},
            {"disk.size"},
        ),
        ({DISK: [{"a": [{"b": EIP}]}, {"a": [{"c": EIP}]}]}, {DISK: [{"a": [{"b": True}]}]}, {"disk.a.b", "disk.a.c"}),
        ({DISK: [{"size": {"constant_value": 8}}]}, {DISK: [{"iops": True}]}, set()),
        ({DISK: EIP}, {DISK: [{"iops": True}]}, {"disk"}),
        ({}, {DISK: True}, set()),  # the provider's
        ({}, {DISK: [{}]}, set()),
        # dynamic blocks, which the JSON leaves out: alone, beside one that is written, and inside of one
        ({}, {DISK: [{"size": True}]}, {"disk"}),
        ({DISK: [{"size": {"constant_value": 8}}]}, {DISK: [{}, {"size": True}]}, {"disk"}),
        ({DISK: [{"size": {"constant_value": 8}}]}, {DISK: [{"a": [{"b": True}]}]}, {"disk.a"}),
    ],
)
def test_what_is_unknown_in_a_block_is_written_or_left_to_the_provider(expressions, unknown, written):
    root = {"resources": [{"address": WEB, "expressions": expressions}]}
    web = change(WEB, {}, unknown=unknown)
    found = written_of(by_address(document(change("aws_eip.ip", {}), web, root=root))[WEB])
    assert {path.replace(DISK, "disk") for path in found or ()} == written


def test_nested_blocks_count_for_the_outermost():
    nested = [
        {"ebs": [{"kms_key_id": {"references": ["aws_kms_key.k.arn", "aws_kms_key.k"]}}]},
        {"size": {"constant_value": 1}},
    ]
    root = {
        "resources": [{"address": "aws_instance.web", "expressions": {"disk": nested, "ami": {"constant_value": "x"}}}]
    }
    source = document(change("aws_instance.web", {}), change("aws_kms_key.k", {}), root=root)
    assert by_address(source)["aws_instance.web"].references == {"disk": ("aws_kms_key.k",)}


@pytest.mark.parametrize(
    "mentioned, expected",
    [
        (["aws_eip.ip", "count.index"], ("aws_eip.ip[1]",)),
        (["aws_eip.one.id", "aws_eip.one", "count.index"], ("aws_eip.one",)),
        (["aws_eip.ip"], ("aws_eip.ip[0]", "aws_eip.ip[1]")),
    ],
)
def test_instances_find_those_with_the_same_key(mentioned, expected):
    root = {"resources": [block(NAT, allocation_id=mentioned)]}
    addresses = ["aws_eip.ip[0]", "aws_eip.ip[1]", "aws_eip.one", f"{NAT}[0]", f"{NAT}[1]"]
    source = document(*(change(address, {}) for address in addresses), root=root)
    assert references(source, f"{NAT}[1]", "allocation_id") == expected


def test_for_each_over_resources_is_followed():
    nat = block(NAT, allocation_id=["each.value.id", "each.value"]) | {
        "for_each_expression": {"references": ["aws_eip.ip"]}
    }
    addresses = ['aws_eip.ip["a"]', 'aws_eip.ip["b"]', f'{NAT}["a"]', f'{NAT}["b"]']
    source = document(*(change(address, {}) for address in addresses), root={"resources": [nat]})
    assert references(source, f'{NAT}["b"]', "allocation_id") == ('aws_eip.ip["b"]',)


def modules(inputs: dict, outputs: dict, inner: list[dict], **keys) -> dict:
    return {"module_calls": {"net": call(inner, inputs=inputs, outputs=outputs, **keys)}}


def test_variables_lead_to_the_caller():
    root = modules({"ip": ["aws_eip.ip.id", "aws_eip.ip"]}, {}, [block(NAT, allocation_id=["var.ip"])])
    source = document(change("aws_eip.ip", {}), change(f"module.net.{NAT}", {}), root=root)
    assert references(source, f"module.net.{NAT}", "allocation_id") == ("aws_eip.ip",)


def test_variables_of_a_module_with_for_each_lead_to_the_same_key():
    root = modules({"ip": ["aws_eip.ip", "each.key"]}, {}, [block(NAT, allocation_id=["var.ip.id", "var.ip"])])
    addresses = ['aws_eip.ip["x"]', 'aws_eip.ip["y"]', f'module.net["x"].{NAT}', f'module.net["y"].{NAT}']
    source = document(*(change(address, {}) for address in addresses), root=root)
    assert references(source, f'module.net["y"].{NAT}', "allocation_id") == ('aws_eip.ip["y"]',)


@pytest.mark.parametrize(
    "mentioned, expected",
    [
        (["module.net.ip", "module.net"], ("module.net[0].aws_eip.ip", "module.net[1].aws_eip.ip")),
        (["module.net[1].ip", "module.net[1]", "module.net"], ("module.net[1].aws_eip.ip",)),
        (["module.net", "count.index"], ("module.net[0].aws_eip.ip", "module.net[0].aws_kms_key.k")),
    ],
)
def test_outputs_lead_into_the_module(mentioned, expected):
    outputs = {"ip": ["aws_eip.ip.id", "aws_eip.ip"], "key": ["aws_kms_key.k.arn", "aws_kms_key.k"]}
    root = modules({}, outputs, []) | {"resources": [block(NAT, allocation_id=mentioned)]}
    inner = [f"module.net[{i}].{name}" for i in (0, 1) for name in ("aws_eip.ip", "aws_kms_key.k")]
    source = document(*(change(address, {}) for address in [*inner, f"{NAT}[0]"]), root=root)
    assert references(source, f"{NAT}[0]", "allocation_id") == expected


def test_from_module_to_module_through_the_root():
    root = {
        "module_calls": {
            "ips": call([], outputs={"id": ["aws_eip.ip.id", "aws_eip.ip"]}),
            "net": call(
                [], inputs={"ip": ["module.ips.id", "module.ips"]},
                module_calls={"inner": call([block(NAT, allocation_id=["var.address"])], inputs={"address": ["var.ip"]})},
            ),
        }
    }  # fmt: skip
    nat = f"module.net.module.inner.{NAT}"
    source = document(change("module.ips.aws_eip.ip", {}), change(nat, {}), root=root)
    assert references(source, nat, "allocation_id") == ("module.ips.aws_eip.ip",)


def test_circles_end():
    circle = {"a": ["module.net.b"], "b": ["module.net.a"], "c": ["var.x"]}
    root = modules({"x": ["module.net.c"]}, circle, [block(NAT, one=["var.x"])])
    root["resources"] = [block(NAT, two=["module.net.a", "module.net"])]
    source = document(change(NAT, {}), change(f"module.net.{NAT}", {}), root=root)
    assert [found.references for found in by_address(source).values()] == [{}, {}]


def test_what_is_configured_no_more_has_no_references():
    source = document(change("module.gone.aws_eip.ip", actions=["delete"], before={}), change("aws_eip.gone", {}))
    assert [found.references for found in by_address(source).values()] == [{}, {}]
