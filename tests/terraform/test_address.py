import pytest

from guardrail.terraform.address import Address, key_value, parse, steps


@pytest.mark.parametrize(
    "text, expected",
    [
        ("aws_instance.web", Address("", "aws_instance", "web")),
        ("aws_instance.web[12]", Address("", "aws_instance", "web", "12")),
        ('aws_instance.web["a.b"].id', Address("", "aws_instance", "web", '"a.b"')),
        ('aws_instance.web["say \\"]\\""]', Address("", "aws_instance", "web", '"say \\"]\\""')),
        ("module.a.module.b[0].aws_vpc.this", Address("module.a.module.b[0]", "aws_vpc", "this")),
        ('module.a["x]. y"].aws_vpc.this[0]', Address('module.a["x]. y"]', "aws_vpc", "this", "0")),
        ("data.aws_ami.ubuntu", Address("", "aws_ami", "ubuntu", is_data=True)),
        ("module.a.data.aws_ami.ubuntu", Address("module.a", "aws_ami", "ubuntu", is_data=True)),
        ("module.a", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_addresses_are_taken_apart(text, expected):
    assert parse(text) == expected


def test_module_steps_keep_keys_with_dots():
    assert list(steps('module.a["x.y"].module.b[0]')) == [
        ('module.a["x.y"]', "a", '"x.y"'),
        ('module.a["x.y"].module.b[0]', "b", "0"),
    ]


@pytest.mark.parametrize(
    "key, value", [("", None), ("0", 0), ('"0"', "0"), ('"a\\"b"', 'a"b'), ('"a\\qb"', "a\\qb"), ('"ü"', "ü")]
)
def test_keys_stand_for_values(key, value):
    assert key_value(key) == value
