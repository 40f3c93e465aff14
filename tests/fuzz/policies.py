"""Kinds of input that are a policy: a rule, waivers, approvals, guardrail.yaml, a fetched pack; each damaged, around one small plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import yaml

from tests.fuzz.mutation import any_bytes, any_document, any_lines, written
from tests.terraform import plans

if TYPE_CHECKING:
    from tests.fuzz.inputs import Seeds

RULE = """\
id: large
title: Streams are no larger than agreed
severity: high
enforcement: mandatory
effective_from: 2026-01-01
match: {types: [aws_kinesis_stream], tags: {team: [a*]}, modules: ["", "module.*"], module_sources: ["*"], provider_aliases: [""],
  environments: [prod]}
params: {shards: 2, allowed: [kept], by: {prod: 1.5}}
tighter: {shards: lower, allowed: fewer}
variables:
  shards: double(resource.after.shard_count)
  names: resource.tags.map(t, t + "=" + resource.tags[t])
when: resource.after.shard_count != null
validations:
  - expression: variables.shards <= double(params.shards) || resource.name in params.allowed
    message: "{resource.after.name} has {variables.shards} shards, {variables.names}"
  - {expression: 'resource.cost.monthly < 10.0 * get(params.by, project.env, 1.0)', message: "costs {money(resource.cost.known, currency)}"}
on_unknown: deny
waivable_by: [ann]
waivers: {max_days: 90, owner: required, amount: optional, comments: refused}
final: [params.shards]
edits: [{set: shard_count, value: '1', when: 'resource.after.shard_count != 1', otherwise: "none"}]
saving: 'resource.cost.monthly - price.of(resource, {"shard_count": 1})'
fix: Take a smaller one.
tests:
  - {expect: skip, resource: {type: aws_kinesis_stream, tags: {team: b}}}
  - {expect: fail, resource: {type: aws_kinesis_stream, tags: {team: a}, attributes: {shard_count: 4, name: a}, cost: {monthly: 5}},
     project: {env: prod}, params: {shards: 1}}
"""
WAIVERS = """\
waivers:
  - {rule: large, address: aws_kinesis_stream.a, reason: agreed, expires: 2026-03-31, owner: ann, up_to: 90.5, ticket: T-1}
  - rule: lar*  # a pattern
    address: 'aws_kinesis_stream.b["x"]'
    reason: |
      of two
      lines
    expires: 2026-02-14
  - {rule: other, address: "budget:all", reason: agreed, expires: 2025-01-01}
"""
APPROVALS = """\
approvals:
  - {rule: large, address: aws_kinesis_stream.a, project: shop, by: ann, reason: agreed, expires: 2026-03-31, up_to: 90.5, planned: 0123456789abcdef0123456789abcdef}
  - rule: budget-exceeded
    address: budget:all
    by: finops
    reason: agreed
    expires: 2026-03-31
    up_to: unknown
    ticket: T-1
"""
SETTINGS = """\
version: 1
projects: [{name: shop, plan: plan.json, env: prod, usage: usage.yml}]
rules:
  packs: [budget]
  paths: [policies]
  set: {large: {enforcement: approval, params: {shards: 1}, waivers: {max_days: 30}}, budget-exceeded: {severity: low}}
  pre_existing: block
  waivers: {max_days: 365}
  strict_waivers: true
budgets: [{name: all, match: {project: shop, tags: {team: [a, b]}}, monthly: 50, increase: 20, increase_percent: 10}]
approvers: [{user: ann, up_to: 100, rules: [large]}, {team: finops, members: [ann, bob], unknown_amount: true}]
approvals: {file: approvals.yaml}
waivers: waivers.yaml
pricing: {currency: USD, max_age: 9000d, on_unpriced: warn, default_region: {aws: us-east-1}, assume_usage: small}
report: {team_tag: team, ids: false}
on_incomplete: deny
not_roots: [modules]
kpis: {targets: {cost-per-unit: 1.5}}
anomalies: {spreads: 4, expected: [{name: sale, date: 2026-11-27, until: 2026-11-30, amount: 100}]}
notify: {channels: [{name: finops, slack: {url_env: SLACK_URL}, owners: ["*"]}], max_messages: 3}
ledger: {path: ledger, max_age: 7d, address_tag: address}
recommend: {min_saving: 5, schedules: {environments: [dev], hours: "08:00-18:00"}, spot: {environments: [dev]}}
"""
USAGE = "version: 0.1\nresource_usage: {aws_kinesis_stream.a: {monthly_on_demand_data_in_gb: 3}}\n"
PACK = {
    "rules.yaml": RULE.replace("id: large", "id: theirs"),
    "pack.yaml": "version: 1\nset: {theirs: {final: true}}\n",
}


def _plan() -> str:
    """Three streams, with and without tags, as Terraform tells them."""
    after = {"a": (4, {"team": "a"}), 'b["x"]': (1, {"team": "b"}), "c": (9, {})}
    changes = [
        plans.change(
            f"aws_kinesis_stream.{name}",
            {"name": name, "shard_count": shards, "tags": tags, "tags_all": tags},
            provider_name="aws",
        )
        for name, (shards, tags) in after.items()
    ]
    return json.dumps(plans.document(*changes))


PLAN = _plan()
FILES = {
    "plan.json": PLAN,
    "guardrail.yaml": SETTINGS,
    "policies/large.yaml": RULE,
    "waivers.yaml": WAIVERS,
    "approvals.yaml": APPROVALS,
    "usage.yml": USAGE,
}
NOW = ("--now", "2026-02-01")
_SOURCE = {"git": "https://example.com/rules", "ref": "v1"}
FORMATS = ("table", "json", "markdown", "sarif-suppressed", "junit")


def rule(random: Random, folder: Path, _: Seeds) -> list[str]:
    """A rule that is not what it should be."""
    _write(folder, {**FILES, "policies/large.yaml": _damaged(random, RULE)})
    asked = (["check"], ["check", "--details"], ["validate"], ["rules", "test", "policies"], ["rules", "lint"])
    more = (["rules", "docs", "policies"], ["rules", "show", "large"], ["explain", "large", "aws_kinesis_stream.a"])
    return _on_a_day(random, random.choice((*asked, *more, ["rules", "record", "large", "aws_kinesis_stream.a"])))


def waivers(random: Random, folder: Path, _: Seeds) -> list[str]:
    """A waivers file that is not what it should be, which a check reads and `waive` writes an entry into."""
    _write(folder, {**FILES, "waivers.yaml": _damaged(random, WAIVERS)})
    waive = ["waive", "large", random.choice(("aws_kinesis_stream.a", "*", "")), "--reason", "x", "--until", "20d"]
    asked = (["check"], ["validate"], [*waive, "--owner", "ann"], [*waive, "--print", "--owner", "ann"])
    return _on_a_day(random, random.choice(asked))


def approvals(random: Random, folder: Path, _: Seeds) -> list[str]:
    """An approvals file that is not what it should be, which a check reads and `approve` writes an entry into."""
    _write(folder, {**FILES, "approvals.yaml": _damaged(random, APPROVALS)})
    approve = ["approve", "large", random.choice(("aws_kinesis_stream.a", "plan")), "--by", "ann", "--reason", "x"]
    return _on_a_day(random, random.choice((["check"], ["validate"], approve, [*approve, "--print"])))


def settings(random: Random, folder: Path, _: Seeds) -> list[str]:
    """A guardrail.yaml, or a usage file, that is not what it should be."""
    name = random.choice(("guardrail.yaml", "guardrail.yaml", "guardrail.yaml", "usage.yml"))
    _write(folder, {**FILES, name: _damaged(random, FILES[name])})
    asked = (["check"], ["check", "plan.json"], ["estimate"], ["validate"], ["rules", "list"], ["rules", "lint"])
    return _on_a_day(
        random, random.choice((*asked, ["rules", "list", "plan.json"], ["explain", "budget-exceeded", "all"]))
    )


def pack(random: Random, folder: Path, _: Seeds) -> list[str]:
    """A fetched pack whose lock, pack.yaml or rule is not what it should be."""
    texts = {name: _damaged(random, text) if random.random() < 0.5 else text.encode() for name, text in PACK.items()}
    files = {name: sha256(text).hexdigest() for name, text in texts.items()}
    entry = {"source": _SOURCE, "commit": "a" * 40, "fetched": "2026-01-01", "files": files}
    lock = any_document(random, {"version": 1, "packs": {"acme": entry}}, random.choice((0, 0, 0, 1, 3)))
    settings = SETTINGS.replace("  paths:", f"  sources: {json.dumps({'acme': _SOURCE})}\n  paths:")
    _write(folder, {**FILES, "guardrail.yaml": settings, "guardrail.lock": json.dumps(lock)})
    _write(folder, {f".guardrail/packs/acme/{name}": text for name, text in texts.items()})
    asked = (["check"], ["validate"], ["rules", "fetch", "--check"], ["rules", "list"], ["rules", "show", "theirs"])
    return _on_a_day(random, random.choice(asked))


def stored(random: Random, folder: Path, seeds: Seeds) -> list[str]:
    """Plans and results of earlier runs, one of them damaged, beside rules of today."""
    _write(folder, FILES)
    plan, result = json.loads(PLAN), random.choice(seeds.results)
    if random.random() < 0.7:
        result = any_document(random, result, random.choice((1, 2, 6)))
    else:
        _write(folder, {"stored/b/plan.json": written(random, any_document(random, plan, 3))})
    _write(folder, {"stored/a/plan.json": PLAN, "stored/b/c/result.json": written(random, result)})
    return ["check", "--replay", "stored", "--format", random.choice(("table", "json", "markdown"))]


def _damaged(random: Random, text: str) -> bytes:
    """Return a YAML file damaged in the tree of its content, or in its lines and bytes."""
    if random.random() < 0.5:
        document = json.loads(json.dumps(yaml.load(text, yaml.CSafeLoader), default=str))
        changed = any_document(random, document, random.choice((1, 2, 5)))
        text = json.dumps(changed) if random.random() < 0.5 else yaml.safe_dump(changed)
        return text.encode("utf-8", "replace")
    data = any_lines(random, text, random.choice((1, 2, 6))).encode("utf-8", "replace")
    return any_bytes(random, data, random.choice((0, 0, 0, 2)))


def _write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)


def _on_a_day(random: Random, args: list[str]) -> list[str]:
    """Return the command with a day, where it takes one, and a format, where it has several."""
    if args[0] in {"check", "estimate"}:
        args = [*args, "--format", random.choice(FORMATS)]
    takes_a_day = args[0] in {"check", "estimate", "waive", "approve", "explain"} or args[:2] == ["rules", "record"]
    return [*args, *NOW] if takes_a_day else args


KINDS = (rule, settings, waivers, approvals, pack, stored)
