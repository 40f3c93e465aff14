"""What a verdict stands on, in the JSON of a report: hashes of what it was made from, and how far each rule was of use."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from guardrail.model import report
from guardrail.model.runs import hashes
from guardrail.report.json.scalars import Count

HashesByName = dict[str, Annotated[str, Meta(max_length=100)]]


class RuleUse(msgspec.Struct):
    """How far a rule was of use in the run."""

    matched: Annotated[Count, Meta(description="how many resources, plans or budgets its `match` fits")]
    applied: Annotated[bool, Meta(description="whether its `when` was true, or not known, for any of them")]


class Hashes(msgspec.Struct):
    """What the verdict was made from, as SHA-256 in hexadecimal digits."""

    engine: Annotated[str, Meta(description="the CEL engine and its version")]
    version: Annotated[str, Meta(description="the version of guardrail")]
    verdict: Annotated[str, Meta(description="of the amounts and findings")]
    rule_set: Annotated[str, Meta(description="of all rules together")]
    rules: Annotated[HashesByName, Meta(description="by id, of the rule with the values that are set for it")]
    catalog: Annotated[HashesByName, Meta(description="by vendor, of the price file")] = {}
    files: Annotated[HashesByName, Meta(description="by kind, of all files of the kind in `inputs`")] = {}
    plans: Annotated[HashesByName, Meta(description="by project, of the plan that was read")] = {}


def hashes_document(found: hashes.Hashes, of: report.Report) -> dict[str, Any]:
    """Return the hashes of a report as its JSON has them."""
    return {
        "engine": found.engine,
        "version": found.version,
        "verdict": hashes.verdict_hash(of),
        "rule_set": found.rule_set,
        "rules": found.rules,
        "catalog": found.catalog,
        "files": found.files,
        "plans": found.plans,
    }


def hashes_of(data: Hashes) -> hashes.Hashes:
    """Return the hashes that a result tells."""
    return hashes.Hashes(data.engine, data.version, data.rules, data.catalog, data.files, data.plans, data.verdict)


def use_document(of: report.Report) -> dict[str, Any]:
    """Return how far each rule was of use as the JSON has it."""
    return {name: {"matched": one.matched, "applied": one.applied} for name, one in of.rule_use.items()}


def use_of(data: dict[str, RuleUse]) -> dict[str, report.RuleUse]:
    """Return how far each rule was of use as a result tells it."""
    return {name: report.RuleUse(one.matched, applied=one.applied) for name, one in data.items()}
