"""The JSON Schema of `guardrail.report/v1`, for editors and for programs that read reports."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Any

from guardrail.model.cost import LineStatus, ResourceStatus
from guardrail.model.finding import Enforcement, FindingStatus, Severity
from guardrail.model.input import InputKind, Origin
from guardrail.model.reason import Reason
from guardrail.model.report import Bound, Counts, Event, Verdict
from guardrail.model.resource import Action
from guardrail.report.json.v1 import SCHEMA

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_AMOUNT = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "description": "exact decimal"}
_AMOUNT_OR_NULL = {**_AMOUNT, "type": ["string", "null"], "description": "exact decimal; null where it is not known"}
_LINE_OR_NULL = {"type": ["integer", "null"], "minimum": 1}


def report_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of what `--format json` prints."""
    report = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "guardrail report",
        **_object(
            schema={"const": SCHEMA},
            verdict=_words(Verdict),
            judged={**_FLAG, "description": "false for an estimate, which no rule has seen"},
            currency=_TEXT,
            generated_at={"type": "string", "format": "date-time"},
            tool_version=_TEXT,
            pull_request={
                **_or_null(_pull_request()),
                "description": "the change that the run was for, where its environment tells",
            },
            rules={**_list(_TEXT), "description": "ids of the rules that judged it"},
            catalog=_list(_object(vendor=_TEXT, as_of=_TEXT, oldest=_TEXT, source=_TEXT, sha256=_TEXT)),
            totals=_totals(),
            projects=_list(_project()),
            findings={**_list(_finding()), "description": "findings about the run as a whole"},
            warnings=_list(_TEXT),
        ),
    }
    report["properties"] |= {
        "commit": {**_TEXT_OR_NULL, "description": "the commit that was checked; of a pull request its head"},
        "ref": {**_TEXT_OR_NULL, "description": "the branch or tag"},
        "event": {**_or_null(_words(Event)), "description": "what made the CI system start the run"},
    }
    report["properties"]["compares"] = {**_FLAG, "description": "an estimate of a change, as that of `guardrail diff`"}
    report["properties"]["team_tag"] = {**_TEXT, "description": "the tag by which reports sum costs by team"}
    report["properties"]["counts"] = {**_counts(), "description": "the numbers that every report names"}
    report["properties"]["inputs"] = {
        **_list(_object(path=_TEXT, kind=_words(InputKind), origin=_words(Origin), sha256=_TEXT)),
        "description": "files that the verdict depends on; origin: who has written them, as seen from the change",
    }
    return report


def _pull_request() -> dict[str, Any]:
    pull = _object(number={"type": "integer", "minimum": 1}, commit=_TEXT)
    merged_at = {"type": ["string", "null"], "format": "date-time", "description": "null before it is merged"}
    pull["properties"] |= {
        "author": {**_TEXT_OR_NULL, "description": "who has opened it; left out by `report: {author: false}`"},
        "merged_at": merged_at,
    }
    return pull


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all these properties; later versions may add others."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _words(names: type[StrEnum]) -> dict[str, Any]:
    return {"enum": [name.value for name in names]}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _counts() -> dict[str, Any]:
    return _object(**{part.name: _COUNT for part in fields(Counts)})


def _totals() -> dict[str, Any]:
    totals = _object(
        monthly_before=_AMOUNT,
        monthly_cost=_AMOUNT,
        monthly_delta=_AMOUNT,
        unpriced={**_COUNT, "description": "resources with something that has no price, missing from the sums"},
        usage_based={**_COUNT, "description": "resources that depend on usage which is not given"},
    )
    what = "blocks, deferred changes and modules that stand for resources which nobody could tell"
    bound = "what the amount is to the real one, as a number with its sign"
    totals["properties"] |= {
        "not_evaluated": {**_COUNT, "description": what},
        "assumed": {**_COUNT, "description": "resources of which something stands on an assumption: the sums hold it"},
        "lower_bound": {**_FLAG, "description": "something is missing from monthly_before or monthly_cost"},
        "monthly_before_bound": {**_words(Bound), "description": bound},
        "monthly_cost_bound": {**_words(Bound), "description": bound},
        "monthly_delta_bound": {**_words(Bound), "description": bound},
    }
    return totals


def _project() -> dict[str, Any]:
    project = _object(
        name=_TEXT,
        path=_TEXT,
        totals=_totals(),
        resources=_list(_resource()),
        findings=_list(_finding()),
        warnings=_list(_TEXT),
    )
    project["properties"]["not_evaluated"] = _list(_not_evaluated())
    return project


def _not_evaluated() -> dict[str, Any]:
    return _object(
        address={**_TEXT, "description": "of a block, or of a module; empty for the input as a whole"},
        type={**_TEXT, "description": "resource type, empty where resources of any may be missing"},
        module=_TEXT,
        note={**_TEXT, "description": "why"},
        reason=_words(Reason),
        remedy=_TEXT,
        before={**_FLAG, "description": "something is missing from what was before the change"},
        after={**_FLAG, "description": "something is missing from what will be"},
        later={**_FLAG, "description": "a later plan changes it: what this one adds is known all the same"},
        file=_TEXT_OR_NULL,
        line=_LINE_OR_NULL,
    )


def _resource() -> dict[str, Any]:
    resource = _object(
        address=_TEXT,
        type=_TEXT,
        module=_TEXT,
        provider=_TEXT,
        region=_TEXT_OR_NULL,
        action=_words(Action),
        previous_address=_TEXT_OR_NULL,
        status=_words(ResourceStatus),
        note=_TEXT,
        tags={
            "type": "object",
            "additionalProperties": _TEXT_OR_NULL,
            "description": "effective tags; a value is null where it is known only after apply",
        },
        tags_before={
            "type": ["object", "null"],
            "additionalProperties": _TEXT_OR_NULL,
            "description": "the tags before the change; null where they are the same",
        },
        tags_unknown={**_FLAG, "description": "there may be tags whose keys are known only after apply"},
        file=_TEXT_OR_NULL,
        line=_LINE_OR_NULL,
        monthly_before=_AMOUNT_OR_NULL,
        monthly_cost=_AMOUNT_OR_NULL,
        monthly_delta=_AMOUNT_OR_NULL,
        unpriced={**_FLAG, "description": "something of the cost after the change has no price"},
        delta_unpriced={**_FLAG, "description": "the delta is not completely known"},
        components=_list(_component()),
        components_before=_list(_component()),
    )
    calls = _list(_object(file=_TEXT, line={"type": "integer", "minimum": 1}))
    ids = "absent where it is not known, is sensitive, or with `report: {ids: false}`"
    resource["properties"] |= _gap() | {
        "id": {**_TEXT, "description": f"the resource's id, as Terraform keeps it; {ids}"},
        "arn": {**_TEXT, "description": f"its Amazon Resource Name; {ids}"},
        "calls": {**calls, "description": "module blocks that lead to the resource, from the root module down"},
        "differences": {
            **_list(_difference()),
            "description": "attributes that differ, what moves the cost most first; absent where none does",
        },
        "differences_omitted": {**_COUNT, "description": "differences that are left out"},
    }
    return resource


def _difference() -> dict[str, Any]:
    value = {"type": ["string", "number", "boolean", "null"]}
    what = "null where it is not set; the JSON of what is nested; (sensitive) for what Terraform marks so"
    difference = _object(
        path={**_TEXT, "description": "as in root_block_device[0].volume_size"},
        before={**value, "description": what},
        after={**value, "description": what},
        effect={**_AMOUNT_OR_NULL, "description": "what this alone does to the monthly cost; null where not told"},
    )
    difference["properties"] |= {
        "of": {**_TEXT, "description": "address of another resource that it is an attribute of (a launch template)"},
        "before_unknown": {**_TEXT, "description": "why it is not known; absent where it is"},
        "after_unknown": {**_TEXT, "description": "why it is not known; absent where it is"},
    }
    return difference


def _component() -> dict[str, Any]:
    price = _object(sku=_TEXT, source=_TEXT, as_of=_TEXT, service=_TEXT, region=_TEXT, purchase_option=_TEXT)
    listed = "the list's price for a unit, where unit_price is one of your own"
    price["properties"]["list_price"] = {**_AMOUNT, "description": listed}
    component = _object(
        name=_TEXT,
        group=_TEXT,
        unit=_TEXT,
        monthly_quantity=_AMOUNT_OR_NULL,
        unit_price=_AMOUNT_OR_NULL,
        monthly_cost=_AMOUNT_OR_NULL,
        status=_words(LineStatus),
        note=_TEXT,
        price=_or_null(price),
    )
    component["properties"] |= _gap()
    key = "the key of a usage file that the quantity follows; absent where it follows none, or several"
    meter = "AWS: usage type; Azure: name of the meter; Google: SKU id; absent where the catalog does not tell"
    component["properties"] |= {
        "usage_key": {**_TEXT, "description": key},
        "meter": {**_TEXT, "description": f"what the vendor's bill calls it. {meter}"},
    }
    component["properties"]["at_least"] = {**_FLAG, "description": "the amount is that of a minimum; absent elsewhere"}
    return component


def _gap() -> dict[str, Any]:
    return {
        "reason": {**_words(Reason), "description": "why there is no price, or no known amount; absent where there is"},
        "remedy": {**_TEXT, "description": "the command to run, or what to do, so that the amount becomes known"},
    }


def _finding() -> dict[str, Any]:
    date = {"type": "string", "format": "date"}
    waiver = _object(rule=_TEXT, address=_TEXT, reason=_TEXT, expires=date, owner=_TEXT, where=_TEXT)
    finding = _object(
        rule=_TEXT,
        title=_TEXT,
        severity=_words(Severity),
        enforcement=_words(Enforcement),
        status=_words(FindingStatus),
        blocking=_FLAG,
        project=_TEXT,
        address=_TEXT,
        message=_TEXT,
        fix=_TEXT,
        docs=_TEXT,
        file=_TEXT_OR_NULL,
        line=_LINE_OR_NULL,
        evidence={"type": "object"},
        waiver=_or_null(waiver),
    )
    finding["properties"]["edit"] = _edit()
    return finding


def _edit() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0}
    lines = _object(file=_TEXT, first_line=number, last_line=number, was=_TEXT, text=_TEXT)
    lines["description"] = (
        "lines of a file, counted from 1, and the text that takes their place, both without the last line break; "
        "where last_line is the one before first_line, the text comes in between"
    )
    return {
        **_object(description=_TEXT, replacements=_list(lines)),
        "description": "what to change in the configuration so that the finding goes (with --suggest)",
    }
