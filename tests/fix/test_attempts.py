"""Only edits that help, and harm nothing else, are kept; the evaluation of a copy decides."""

from __future__ import annotations

import pytest

from guardrail.config import Flags, settings
from guardrail.errors import InputError
from guardrail.fix import fixes

RULE = """
id: {id}
title: A rule of a test
severity: low
enforcement: mandatory
match: {{types: [{type}]}}
validations: [{{expression: '{holds}', message: broken}}]
edits: {edits}
"""
RULES = {
    "good": ("aws_ebs_volume", 'resource.after.type != "gp2"', '[{set: type, value: "\'gp3\'"}]'),
    "useless": ("aws_ebs_volume", "resource.after.size < 100", '[{set: iops, value: "1"}]'),
    "harmful": ("aws_sqs_queue", 'resource.after.name == "a"', '[{set: name, value: "\'a\'"}]'),
    "harmed": ("aws_sqs_queue", 'resource.after.name == "b"', "[]"),
    "priceless": ("aws_instance", 'resource.after.instance_type != "m5.large"', '[{set: instance_type, value: "\'zz9.huge\'"}]'),
}  # fmt: skip
MAIN = """
resource "aws_ebs_volume" "a" {
  availability_zone = "us-east-1a"
  size              = 100
  type              = "gp2"
}

resource "aws_sqs_queue" "a" {
  name = "b"
}

resource "aws_instance" "a" {
  instance_type = "m5.large"
}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Settings for a configuration with these rules."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.tf").write_text(MAIN, encoding="utf-8")
    (tmp_path / "policies").mkdir()
    for name, (type_, holds, edits) in RULES.items():
        text = RULE.format(id=name, type=type_, holds=holds, edits=edits)
        (tmp_path / "policies" / f"{name}.yaml").write_text(text, encoding="utf-8")
    config = "version: 1\nrules: {packs: [], paths: [policies]}\n"
    (tmp_path / "guardrail.yaml").write_text(config, encoding="utf-8")
    return settings(Flags(), tmp_path)


def test_what_does_not_help_or_does_harm_is_left_out(shop, tmp_path):
    found = fixes(shop)
    assert [one.finding.rule for one in found.fixed] == ["good"]
    assert {one.finding.rule: one.reason for one in found.left} == {
        "useless": "it is still there after the edit: broken",
        "harmful": "it leads to another finding: harmed: aws_sqs_queue.a: broken",
        "priceless": "what it leads to has no price in the catalog",
    }
    ((old, new),) = found.files.values()
    assert (old, new) == (MAIN, MAIN.replace('"gp2"', '"gp3"'))
    assert (tmp_path / "main.tf").read_text(encoding="utf-8") == MAIN
    saving = found.saving
    assert saving
    assert saving.before - saving.after == 2
    assert saving.left_out == 0


def test_an_edit_that_breaks_the_configuration_is_not_kept(shop, monkeypatch):
    def breaks(*_args, **_kwargs):
        raise InputError("not valid")

    monkeypatch.setattr("guardrail.fix.attempts.check", breaks)
    found = fixes(shop)
    assert found.fixed == ()
    assert found.files == {}
    assert found.after == found.before
    assert {one.reason for one in found.left} == {"the edit breaks the configuration: not valid"}
