"""What `guardrail.report/v1` holds, as types: results are read back by them, and the published schema is made of them.

A member with a default may be absent; members that later versions add are passed over. `v1` writes the same members, one
resource at a time, and is held against the schema by tests.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from guardrail.model.cost import LineStatus, ResourceStatus
from guardrail.model.reason import Reason
from guardrail.model.report import TEAM_TAG, Counts, Event
from guardrail.model.resource import Action
from guardrail.model.runs.input import InputKind, Origin
from guardrail.model.totals import Bound
from guardrail.report.json.basis import Hashes, RuleUse
from guardrail.report.json.finding import Calls, EndLine, Finding
from guardrail.report.json.scalars import Amount, AmountOrNull, Count, LineNumber, Time

SCHEMA = "guardrail.report/v1"

TagsOrUnknown = dict[str, str | None]

_Remedy = Annotated[str, Meta(description="the command to run, or what to do, so that the amount becomes known")]
_WhyNot = Annotated[
    Reason | None, Meta(description="why there is no price, or no known amount; absent where there is one")
]
_Compared = Annotated[
    str | int | float | bool | None,
    Meta(description="null where it is not set; the JSON of what is nested; (sensitive) for what Terraform marks so"),
]
_WhyUnknown = Annotated[str | None, Meta(description="why it is not known; absent where it is")]
_BoundOf = Annotated[Bound, Meta(description="what the amount is to the real one, as a number with its sign")]
_OnAssumedUsage = Meta(
    description="the part of the sum of that name (monthly_...) that stands on assumed usage; absent without a profile"
)
_ABSENT_ID = "absent where it is not known, is sensitive, or with `report: {ids: false}`"


class Price(msgspec.Struct):
    """A row of the price catalog."""

    sku: str
    source: str
    as_of: str
    service: str
    region: str
    purchase_option: str
    list_price: Annotated[
        Amount | None, Meta(description="the list's price for a unit, where unit_price is one of your own")
    ] = None


class Component(msgspec.Struct):
    """A line of a resource's bill."""

    name: str
    group: str
    unit: str
    monthly_quantity: AmountOrNull
    unit_price: AmountOrNull
    monthly_cost: AmountOrNull
    status: LineStatus
    note: str
    price: Price | None
    reason: _WhyNot = None
    remedy: _Remedy = ""
    at_least: Annotated[bool, Meta(description="the amount is that of a minimum; absent elsewhere")] = False
    usage_key: Annotated[
        str,
        Meta(description="the key of a usage file that the quantity follows; absent where it follows none, or several"),
    ] = ""
    meter: Annotated[
        str,
        Meta(
            description="what the vendor's bill calls it. AWS: usage type; Azure: name of the meter; Google: SKU id; "
            "absent where the catalog does not tell"
        ),
    ] = ""
    usage_profile: Annotated[
        str, Meta(description="profile whose assumed usage the quantity stands on; absent where it stands on none")
    ] = ""
    assumed_usage: Annotated[
        Amount, Meta(description="the part of monthly_cost that stands on assumed usage; absent where none does")
    ] = "0"


class Difference(msgspec.Struct):
    """An attribute that a change gives another value."""

    path: Annotated[str, Meta(description="as in root_block_device[0].volume_size")]
    before: _Compared
    after: _Compared
    effect: Annotated[Amount | None, Meta(description="what this alone does to the monthly cost; null where not told")]
    of: Annotated[
        str, Meta(description="address of another resource that it is an attribute of (a launch template)")
    ] = ""
    before_unknown: _WhyUnknown = None
    after_unknown: _WhyUnknown = None


class Resource(msgspec.Struct):
    """A resource of a project, with what it costs before and after the change."""

    address: str
    type: str
    module: str
    provider: str
    region: str | None
    action: Action
    previous_address: str | None
    status: ResourceStatus
    note: str
    tags: Annotated[
        TagsOrUnknown, Meta(description="effective tags; a value is null where it is known only after apply")
    ]
    tags_before: Annotated[
        TagsOrUnknown | None, Meta(description="the tags before the change; null where they are the same")
    ]
    tags_unknown: Annotated[bool, Meta(description="there may be tags whose keys are known only after apply")]
    file: str | None
    line: LineNumber | None
    monthly_before: AmountOrNull
    monthly_cost: AmountOrNull
    monthly_delta: AmountOrNull
    unpriced: Annotated[bool, Meta(description="something of the cost after the change has no price")]
    delta_unpriced: Annotated[bool, Meta(description="the delta is not completely known")]
    components: list[Component]
    components_before: list[Component]
    reason: _WhyNot = None
    remedy: _Remedy = ""
    end_line: EndLine = None
    calls: Calls = []
    differences: Annotated[
        list[Difference],
        Meta(description="attributes that differ, what moves the cost most first; absent where none does"),
    ] = []
    differences_omitted: Annotated[Count, Meta(description="differences that are left out")] = 0
    id: Annotated[str | None, Meta(description=f"the resource's id, as Terraform keeps it; {_ABSENT_ID}")] = None
    arn: Annotated[str | None, Meta(description=f"its Amazon Resource Name; {_ABSENT_ID}")] = None
    planned: Annotated[
        str, Meta(description="hash of what is planned, where something of what the change costs has no amount")
    ] = ""
    billed: Annotated[
        Billed | None, Meta(description="what it came to, by bills; absent where no snapshot of a ledger tells it")
    ] = None


class TypeAccuracy(msgspec.Struct):
    """How estimates of a resource type have come out: what they and the bills came to, of the same resources and hours."""

    type: str
    resources: Count
    months: Count
    estimated: Amount
    billed: Amount


class BudgetForecast(msgspec.Struct):
    """What a budget's period will come to by the forecast of a snapshot; null for what is not known."""

    known: Annotated[AmountOrNull, Meta(description="at least, before this change")]
    most: Annotated[AmountOrNull, Meta(description="at most, with charges of which nothing tells whose they are")]
    half: Annotated[AmountOrNull, Meta(description="how far it may be off in four cases of five")]
    change: Annotated[AmountOrNull, Meta(description="what this change adds to the period if it is merged now")]
    others: Annotated[Count | None, Meta(description="open pull requests beside this one that change what it comes to")]
    added: Annotated[AmountOrNull, Meta(description="what they add to the period")]
    if_all_merge: Annotated[AmountOrNull, Meta(description="known, with this change and all of them")]
    why: Annotated[str, Meta(description="what keeps it from being known, or known exactly")] = ""


class BudgetSpend(msgspec.Struct):
    """What of a budget is spent in the period of the run, and what the period comes to with the rest at the estimate."""

    name: str
    period: Annotated[str, Meta(description="2026-11, 2026-Q4 or 2026")]
    limit: Amount | None
    through: Annotated[Time | None, Meta(description="until when bills tell it")]
    spent: Annotated[AmountOrNull, Meta(description="at least; null where it is not known")]
    spent_most: Annotated[AmountOrNull, Meta(description="at most; null where it is not known")]
    projected: Annotated[AmountOrNull, Meta(description="at least; null where it is not known")]
    projected_most: Annotated[AmountOrNull, Meta(description="at most; null where it is not known")]
    why: Annotated[str, Meta(description="what keeps it from being known, or known exactly")] = ""
    forecast: BudgetForecast | None = None


class Ledger(msgspec.Struct):
    """What bills have come to, by the snapshot of a ledger. Resources have it as `billed`."""

    file: str
    generated_at: Annotated[Time | None, Meta(description="null where the snapshot is not used")]
    why: Annotated[str, Meta(description="why nothing is known; empty where the snapshot is used")] = ""
    cost: Annotated[str, Meta(description="effective or billed")] = ""
    month: Annotated[str | None, Meta(description="of the amounts of resources; null where no month is told whole")] = (
        None
    )
    open: Annotated[bool, Meta(description="a bill of the month may still change")] = False
    accuracy: list[TypeAccuracy] = []
    budgets: list[BudgetSpend] = []


class Billed(msgspec.Struct):
    """What a resource came to in a month, by bills."""

    month: str
    amount: Annotated[AmountOrNull, Meta(description="null where an export does not tell all of it")]
    open: bool = False


class NotEvaluated(msgspec.Struct):
    """What stands for resources that could not be told."""

    address: Annotated[str, Meta(description="of a block, or of a module; empty for the input as a whole")]
    type: Annotated[str, Meta(description="resource type, empty where resources of any may be missing")]
    module: str
    note: Annotated[str, Meta(description="why")]
    reason: Reason
    remedy: str
    before: Annotated[bool, Meta(description="something is missing from what was before the change")]
    after: Annotated[bool, Meta(description="something is missing from what will be")]
    later: Annotated[bool, Meta(description="a later plan changes it: what this one adds is known all the same")]
    file: str | None
    line: LineNumber | None


class Totals(msgspec.Struct):
    """Sums, and what is missing from them."""

    monthly_before: Amount
    monthly_cost: Amount
    monthly_delta: Amount
    unpriced: Annotated[Count, Meta(description="resources with something that has no price, missing from the sums")]
    usage_based: Annotated[Count, Meta(description="resources that depend on usage which is not given")]
    not_evaluated: Annotated[
        Count,
        Meta(description="blocks, deferred changes and modules that stand for resources which nobody could tell"),
    ] = 0
    assumed: Annotated[
        Count, Meta(description="resources of which something stands on an assumption: the sums hold it")
    ] = 0
    lower_bound: Annotated[bool, Meta(description="something is missing from monthly_before or monthly_cost")] = False
    monthly_before_bound: _BoundOf = Bound.EXACT
    monthly_cost_bound: _BoundOf = Bound.EXACT
    monthly_delta_bound: _BoundOf = Bound.EXACT
    on_assumed_usage: Annotated[
        Count, Meta(description="resources of which something stands on assumed usage; absent without a profile")
    ] = 0
    assumed_usage_before: Annotated[Amount, _OnAssumedUsage] = "0"
    assumed_usage_cost: Annotated[Amount, _OnAssumedUsage] = "0"
    assumed_usage_delta: Annotated[Amount, _OnAssumedUsage] = "0"


class Project(msgspec.Struct):
    """A project's resources, and what is said of them."""

    name: str
    path: str
    totals: Totals
    resources: list[Resource]
    findings: list[Finding]
    warnings: list[str]
    not_evaluated: list[NotEvaluated] | None = None


class Catalog(msgspec.Struct):
    """A vendor's prices, and from when they are."""

    vendor: str
    as_of: str
    oldest: str
    source: str
    sha256: str


class PullRequest(msgspec.Struct):
    """The pull request that a run was for."""

    number: LineNumber
    commit: str
    author: Annotated[str | None, Meta(description="who has opened it; left out by `report: {author: false}`")] = None
    merged_at: Annotated[Time | None, Meta(description="null before it is merged")] = None
    title: Annotated[str | None, Meta(description="absent where the CI does not tell it")] = None
    labels: Annotated[list[str] | None, Meta(description="absent where the CI does not tell them")] = None


class Input(msgspec.Struct):
    """A file that the verdict depends on."""

    path: str
    kind: InputKind
    origin: Annotated[Origin, Meta(description="who has written it, as seen from the change")]
    sha256: str


class MissingFact(msgspec.Struct):
    """Something that is not known, and that several answers wait for: people read it as one finding."""

    name: Annotated[str, Meta(description="what is not known; the findings have it as waits_for")]
    project: Annotated[
        str, Meta(description="that of the first finding; facts of machine types are those of all projects")
    ]
    blocking: Annotated[bool, Meta(description="whether any of the findings blocks")]
    rules: list[str]
    subjects: Annotated[list[str], Meta(description="addresses, budgets and plans, as waivers name them")]
    findings: Annotated[Count, Meta(description="how many findings wait for it")]


class Result(msgspec.Struct):
    """What `--format json` prints."""

    schema: Literal["guardrail.report/v1"]
    verdict: Literal["pass", "warn", "fail"]
    judged: Annotated[bool, Meta(description="false for an estimate, which no rule has seen")]
    currency: str
    generated_at: Time
    tool_version: str
    pull_request: Annotated[
        PullRequest | None, Meta(description="the change that the run was for, where its environment tells")
    ]
    catalog: list[Catalog]
    totals: Totals
    projects: list[Project]
    findings: Annotated[list[Finding], Meta(description="findings about the run as a whole")]
    warnings: list[str]
    rules: Annotated[list[str], Meta(description="ids of the rules that judged it")]
    compares: Annotated[bool, Meta(description="an estimate of a change, as that of `guardrail diff`")] = False
    inputs: Annotated[list[Input], Meta(description="files that the verdict depends on")] = []
    team_tag: Annotated[str, Meta(description="the tag by which reports sum costs by team")] = TEAM_TAG
    counts: Annotated[Counts | None, Meta(description="the numbers that every report names")] = None
    commit: Annotated[str | None, Meta(description="the commit that was checked; of a pull request its head")] = None
    ref: Annotated[str | None, Meta(description="the branch or tag")] = None
    event: Annotated[Event | None, Meta(description="what made the CI system start the run")] = None
    usage_profile: Annotated[
        str, Meta(description="profile by which usage is assumed where none is given; absent without one")
    ] = ""
    missing_facts: Annotated[
        list[MissingFact], Meta(description="what several findings wait for; absent where nothing is")
    ] = []
    rule_use: Annotated[dict[str, RuleUse], Meta(description="by id, of the rules that judged it")] = {}
    hashes: Annotated[Hashes | None, Meta(description="absent of an estimate, and in results of earlier versions")] = (
        None
    )
    repository: Annotated[str, Meta(description="owner/name as the CI tells it; absent where it does not")] = ""
    ledger: Annotated[Ledger | None, Meta(description="absent where guardrail.yaml names no snapshot of a ledger")] = (
        None
    )


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what `--format json` prints."""
    (root,), definitions = msgspec.json.schema_components([Result], ref_template="#/$defs/{name}")
    result = definitions.pop(root["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **result,
        "title": "guardrail report",
        "$defs": definitions,
    }
