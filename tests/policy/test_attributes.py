"""Attributes in rules: which there are of the types that a rule matches, and what can be done with them."""

from datetime import UTC, datetime

import pytest

from guardrail.cel import installed_engines
from guardrail.costs import Library
from guardrail.errors import RuleError
from guardrail.files.yaml_file import parse_yaml
from guardrail.load import resource_types
from guardrail.policy import CompiledRule, Judge, RuleSelection, compile_faults, compile_rule, load_rules
from guardrail.policy.rules.rule import check_rule

NOW = datetime(2026, 1, 31, tzinfo=UTC)
TYPES = resource_types(Library())
INSTANCE, LOGS = "[aws_instance]", "[aws_cloudwatch_log_group]"


def rule(expression, types=INSTANCE, more="", message="m"):
    text = f"""\
id: a-rule
title: A title
severity: high
enforcement: mandatory
match: {{types: {types}}}
{more}validations:
  - message: "{message}"
    expression: |-
      {expression}
"""
    return check_rule(parse_yaml(text, RuleError, name="r.yaml"), types=TYPES)


MISTAKES = [
    (
        INSTANCE,
        'resource.after.instnce_type == "m5.large"',
        'r.yaml:9: no such attribute: instnce_type of aws_instance, column 16 of validations.0.expression (did you mean "instance_type"?)',
    ),
    (
        INSTANCE,
        'resource.before.instnce_type == "a"',
        "no such attribute: instnce_type of aws_instance, column 17 of validations.0.expression",
    ),
    (
        INSTANCE,
        "!has(resource.after.instnce_type)",
        "no such attribute: instnce_type of aws_instance, column 21 of validations.0.expression",
    ),
    (
        LOGS,
        'resource.after.retention_in_days > "30"',
        "> is not for a number and a string, column 34 of validations.0.expression",
    ),
    (LOGS, 'resource.after.retention_in_days == "30"', "== compares a number with a string, which are never equal"),
    (LOGS, 'resource.after.retention_in_days in ["30"]', "in compares a number with a string, which are never equal"),
    (LOGS, "resource.after.name + 1 == null", "+ is not for a string and an int"),
    (INSTANCE, "resource.after.ebs_optimized == 1", "== compares a bool with a number, which are never equal"),
    (INSTANCE, "!resource.after.instance_type", "! takes a bool, not a string"),
    (INSTANCE, "size(resource.after.ebs_optimized) > 0", "size is not for a bool"),
    (
        INSTANCE,
        "resource.after.root_block_device[0].volme_size > 3",
        "no such attribute: volme_size of root_block_device of aws_instance",
    ),
    (
        INSTANCE,
        "resource.after.ebs_block_device.exists(b, b.volme_size > 3)",
        'column 45 of validations.0.expression (did you mean "volume_size"?)',
    ),
    (
        INSTANCE,
        "resource.after.ebs_block_device.filter(b, b.volume_size > 3)[0].volme_size > 3",
        "no such attribute: volme_size of ebs_block_device of aws_instance",
    ),
    (
        INSTANCE,
        "resource.after.root_block_device.volume_size > 3",
        "blocks are a list: write root_block_device[0].volume_size, or go through them with exists or all",
    ),
    (
        INSTANCE,
        'get(resource.after.root_block_device, "0.volume_typ", "") == "gp3"',
        "no such attribute: volume_typ of root_block_device of aws_instance, column 39 of validations.0.expression",
    ),
    (INSTANCE, "cel.bind(a, resource.after, a.amy == 'x')", 'did you mean "ami"?'),
    (
        "[azurerm_managed_disk]",
        "resource.after.disk_size > 3",
        'no such attribute: disk_size of azurerm_managed_disk, column 16 of validations.0.expression (did you mean "disk_size_gb"?)',
    ),
    (
        "[google_compute_instance]",
        "resource.after.boot_disk[0].initialize_params[0].sise > 3",
        "no such attribute: sise of initialize_params of boot_disk of google_compute_instance",
    ),
    (
        "[aws_instance, aws_db_instance]",
        'resource.after.klass == "x"',
        "no such attribute: klass of aws_instance or aws_db_instance",
    ),
    (
        "['aws_*']",
        "resource.after.tagz == null",
        'no such attribute: tagz of aws_*, column 16 of validations.0.expression (did you mean "tag"?)',
    ),
    ("['aws_ebs_*']", 'resource.after.volume_typ == "x"', "no such attribute: volume_typ of aws_ebs_*"),
]


@pytest.mark.parametrize("types, expression, message", MISTAKES)
def test_a_mistake_is_named_with_its_place(types, expression, message):
    (fault,) = compile_faults(rule(expression, types), TYPES)
    assert message in str(fault)
    assert str(fault).startswith("r.yaml:9: ")


SOUND = [
    (INSTANCE, 'resource.after.instance_type != resource.before["instance_type"]'),
    (INSTANCE, 'resource.after["attribute_of_another_version"] == null'),
    (INSTANCE, "resource.after.root_block_device.all(b, b.volume_size / 2 <= 50)"),
    (INSTANCE, "resource.after.tags == null || resource.after.tags.anything == 'x'"),
    (INSTANCE, "(has(resource.after.host_id) ? resource.after.host_id : '') == ''"),
    (LOGS, "resource.after.retention_in_days == null || resource.after.retention_in_days % 2 == 0"),
    (INSTANCE, '"owner" in resource.after.tags && resource.after.instance_type in {"m5.large": 1}'),
    # one of the two has it; of the other it is null
    ("[aws_instance, aws_db_instance]", 'resource.after.instance_class == "x" || resource.after.ami == "y"'),
    ("['aws_db_*']", "resource.after.allocated_storage > 3"),
    # nobody knows what these have
    ("['*']", "resource.after.whatever == 1"),
    ("['*_instance']", "resource.after.whatever == 1"),
]


@pytest.mark.parametrize("types, expression", SOUND)
def test_what_there_is_can_be_read(types, expression):
    assert compile_faults(rule(expression, types), TYPES) == []


def test_a_declared_type_has_any_attribute():
    source = check_rule(
        parse_yaml(
            "id: a-rule\ntitle: t\nseverity: low\nenforcement: advisory\n"
            "match: {types: [aws_instance, acme_vm], types_extra: [acme_*]}\n"
            "validations: [{expression: resource.after.size > 3, message: m}]\n",
            RuleError,
            name="r.yaml",
        ),
        types=TYPES,
    )
    assert compile_faults(source, TYPES) == []


def test_variables_edits_and_messages_are_checked_as_well():
    more = "variables:\n  a: resource.after.amy\n"
    assert "r.yaml:7: no such attribute: amy of aws_instance" in str(compile_faults(rule("true", more=more), TYPES)[0])
    message = "{resource.after.amy}"
    assert "r.yaml:7: no such attribute: amy" in str(compile_faults(rule("true", message=message), TYPES)[0])
    edits = "edits: [{set: ami, value: resource.after.amy}]\n"
    assert "r.yaml:6: no such attribute: amy" in str(compile_faults(rule("true", more=edits), TYPES)[0])


@pytest.mark.parametrize("engine", installed_engines())
def test_what_an_engine_refuses_is_an_error_of_the_rule(engine):
    brackets = " + ".join(["resource.after.cpu_core_count"] * 300) + " > 3"
    compiled = compile_rule(rule(brackets, "['*']"), engine=engine)
    with pytest.raises(
        RuleError, match=r"^r.yaml:9: nested too deeply, column 1 of validations.0.expression \(write sum"
    ):
        compiled.check_by_engine()


@pytest.mark.parametrize("engine", installed_engines())
def test_what_is_deeper_than_one_engine_goes_has_an_answer_on_both(engine):
    program = compile_rule(rule(" + ".join(["resource.after.cpu"] * 60) + " == 120", "['*']"), engine=engine)
    program.check_by_engine()
    judge = Judge([program], lambda _vendor, _name: None, NOW)
    scope = judge.bind({"resource": {"after": {"cpu": 2}}})
    assert program.answer(scope).passed


def test_rules_that_an_engine_took_are_not_compiled_again(monkeypatch, tmp_path):
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "cache"))
    compiled = []
    monkeypatch.setattr(CompiledRule, "check_by_engine", lambda one: compiled.append(one.rule.id))
    own = tmp_path / "r.yaml"

    def load(limit):
        text = (
            "id: a-rule\ntitle: t\nseverity: low\nenforcement: advisory\n"
            f"validations: [{{expression: resource.cost.monthly < {limit}, message: m}}]\n"
        )
        own.write_text(text)
        load_rules(RuleSelection(paths=("r.yaml",)), tmp_path, base=tmp_path)

    for limit in (3, 3, 4, 3, 4):
        load(limit)
    assert compiled == ["a-rule", "a-rule"]


@pytest.mark.parametrize("engine", installed_engines())
def test_a_tag_that_is_not_there_reads_null(engine):
    compiled = compile_rule(
        rule("resource.tags.owner == null && resource.tags['owner'] == null && !has(resource.tags.owner)"),
        engine=engine,
    )
    bind = Judge([compiled], lambda _vendor, _name: None, NOW).bind
    assert compiled.answer(bind({"resource": {"tags": {}}})).passed
    assert compiled.answer(bind({"resource": {"tags": {"owner": "a"}}})).failed == (0,)
