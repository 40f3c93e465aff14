"""A small fleet, judged in this process: what a process of its own adds is tested by itself."""

import json

import pytest

from guardrail.fleet import run as runs
from guardrail.fleet.judging import Judging
from tests.terraform import plans

NOW = "2026-11-28"
CONFIG = """\
version: 1
rules: {packs: [budget], paths: [policies]}
budgets:
  - {name: all, monthly: 1000}
  - {name: prod, match: {env: prod}, monthly: 1000}
"""
RULE = """\
id: team-tag
title: Team
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
validations: [{expression: '"team" in resource.tags', message: "no team"}]
"""
LARGE = """\
id: no-large
title: No large machines
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
validations: [{expression: 'resource.after.instance_type != "m5.large"', message: "too large"}]
"""


def plan(*types, team="core"):
    """Return a plan that creates machines of these types."""
    tags = {"team": team} if team else {}
    changes = [
        plans.change(
            f"aws_instance.m{number}",
            {"instance_type": one, "tags": tags, "tags_all": tags, "availability_zone": "us-east-1a"},
            type="aws_instance",
            name=f"m{number}",
            provider_name="aws",
        )
        for number, one in enumerate(types)
    ]
    return json.dumps(plans.document(*changes))


def machine_state():
    """Return the JSON of a state with one machine."""
    resource = {
        "address": "aws_instance.live",
        "mode": "managed",
        "type": "aws_instance",
        "name": "live",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "values": {"instance_type": "t3.micro", "tags": {"team": "core"}, "availability_zone": "us-east-1a"},
    }
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"resources": [resource]}}})


@pytest.fixture
def folder(tmp_path):
    """A guardrail.yaml, a rule, and five workspaces: a pass, a fail, one that costs more, a state, and one that is no plan."""
    (tmp_path / "guardrail.yaml").write_text(CONFIG)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "team.yaml").write_text(RULE)
    for name, text in {
        "shop/plan.json": plan("t3.micro"),
        "bare.json": plan("t3.micro", "t3.micro", team=""),
        "größe/ünïcode.json": plan("m5.large"),
        "live.json": machine_state(),
        "broken.json": "{",
    }.items():
        (tmp_path / "plans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plans" / name).write_text(text)
    return tmp_path


@pytest.fixture
def here(monkeypatch):
    """Judge in this process, and remember which workspaces were looked at."""
    seen = []

    def local(_processes):
        def engine(job, workspaces, _limits):
            judging = Judging(job)
            for workspace in workspaces:
                seen.append(workspace.name)
                yield judging.judge(workspace)

        return engine

    monkeypatch.setattr(runs, "local", local)
    return seen


@pytest.fixture
def fleet(run, here, folder):
    """Run `guardrail fleet ...` as of one day."""
    assert folder.is_dir()
    assert here == []

    def call(command, *args):
        return run("fleet", command, *args, "--now", NOW)

    return call


@pytest.fixture
def document(fleet):
    """Collect, and return the JSON."""

    def call(*args):
        ran = fleet("collect", *args, "--format", "json")
        assert ran.stdout, ran.stderr
        return json.loads(ran.stdout)

    return call
