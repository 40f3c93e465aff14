"""Builds reports for tests: a small one with something of everything, and single resources to make others from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from msgspec.structs import replace

from guardrail.model.cost import FREE, Cost, Line, LineStatus, PriceSource, ResourceCost, ResourceStatus
from guardrail.model.difference import SENSITIVE, Difference
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.model.plan.not_evaluated import NotEvaluated
from guardrail.model.reason import Reason
from guardrail.model.report import CatalogInfo, ProjectReport, Report
from guardrail.model.resource import Action, Change, Side, SourceLine, Tags
from guardrail.model.runs.input import Input, InputKind, Origin
from guardrail.model.unknown import Unknown

NOW = datetime(2026, 8, 20, 9, 30, tzinfo=UTC)
CATALOG = CatalogInfo("aws", "2026-08-14", "2026-07-01", "list prices", "0" * 64)
UNSUPPORTED = Cost((), ResourceStatus.UNSUPPORTED, "", Reason.NOT_COVERED, "write a cost definition")

RULES = (
    "allowed-family",
    "budget-increase-exceeded",
    "log-retention",
    "oversized-instance",
    "required-tags",
    "unused-address",
)

SHOP_INPUTS = (
    Input("guardrail.yaml", InputKind.SETTINGS, Origin.BASE, "1" * 64),
    Input("guardrail.waivers.yaml", InputKind.WAIVERS, Origin.CHANGE, "2" * 64),
    Input("infracost-usage.yml", InputKind.USAGE, Origin.CHANGE, "3" * 64),
    Input("shop.json", InputKind.PLAN, Origin.OUTSIDE, "4" * 64),
)

_EXISTS_BEFORE = set(Action) - {Action.CREATE}
_EXISTS_AFTER = set(Action) - {Action.DELETE}


def line(name: str = "Instance usage", monthly: str | None = "60.74", **more: object) -> Line:
    """Return a line that costs `monthly` at a quantity of 730 hours, or one without a cost."""
    source = PriceSource("SKU1", "aws-bulk", "2026-08-14", "AmazonEC2", "eu-west-1")
    fields: dict[str, object] = {"unit": "hours", "status": LineStatus.PRICED, "monthly_quantity": Decimal(730)}
    if monthly is None:
        fields |= {"monthly_quantity": None, "status": LineStatus.UNKNOWN, "note": "instance_type"}
    else:
        amount = Decimal(monthly)
        fields |= {"monthly_cost": amount, "unit_price": amount / 730, "price": source}
    return Line(name, **(fields | more))  # type: ignore[arg-type]


def usage_line(name: str = "Requests", price: str | None = "0.20", unit: str = "1M requests") -> Line:
    """Return a line that depends on usage which nobody gave."""
    return Line(name, unit, LineStatus.USAGE, unit_price=Decimal(price) if price else None)


def cost(*lines: Line) -> Cost:
    """Return the cost that consists of these lines."""
    whole = all(part.monthly_cost is not None for part in lines)
    return Cost(lines, ResourceStatus.PRICED if whole else ResourceStatus.PARTIAL)


def resource(
    address: str = "aws_instance.web",
    action: Action = Action.CREATE,
    before: Cost | None = None,
    after: Cost | None = None,
    differences: Sequence[Difference] = (),
    **more: object,
) -> ResourceCost:
    """Return a priced change; the type is read from the address unless given."""
    fields: dict[str, object] = {"type": "aws_instance", "name": "web", "provider": "aws", "region": "eu-west-1"}
    sides = {
        "before": Side({}) if action in _EXISTS_BEFORE else None,
        "after": Side({}) if action in _EXISTS_AFTER else None,
    }
    change = Change(address, action=action, **(fields | sides | more))  # type: ignore[arg-type]
    return ResourceCost(change, before, after, differences=tuple(differences))


def finding(rule: str = "required-tags", *, blocking: bool = True, **more: object) -> Finding:
    """Return a violation of a mandatory rule, or of an advisory one."""
    fields: dict[str, object] = {
        "title": "Taggable resources carry the tags that cost allocation needs",
        "severity": Severity.HIGH if blocking else Severity.LOW,
        "enforcement": Enforcement.MANDATORY if blocking else Enforcement.ADVISORY,
        "status": FindingStatus.FAIL,
        "message": "missing tags: [team]",
        "address": "aws_instance.web",
        "fix": "Add the tags to the resource.",
    }
    return Finding(rule, blocking=blocking, **(fields | more))  # type: ignore[arg-type]


def report(
    resources: Sequence[ResourceCost] = (),
    findings: Sequence[Finding] = (),
    *,
    name: str = "shop",
    judged: bool = True,
    **more: object,
) -> Report:
    """Return a report of one project."""
    project = ProjectReport(name, ".", tuple(resources), tuple(findings))
    fields: dict[str, object] = {"currency": "USD", "generated_at": NOW, "tool_version": "1.2.3", "catalog": (CATALOG,)}
    return Report((project,), judged=judged, **(fields | more))  # type: ignore[arg-type]


def shop_resources() -> list[ResourceCost]:
    """Return resources in every state that a report tells apart."""
    disk = line("Storage (gp3)", "0.64", unit="GB", group="root_block_device", monthly_quantity=Decimal(8))
    unpriced = Line("Data processed", "GB", LineStatus.NO_PRICE, monthly_quantity=Decimal(100), reason=Reason.NO_PRICE)
    assumed = line("Provisioned IOPS", "15.00", unit="IOPS", status=LineStatus.ASSUMED, note="iops = 3000")
    differences = [
        Difference("instance_type", "m5.large", "m5.2xlarge", Decimal("182.20")),
        Difference("user_data", SENSITIVE, SENSITIVE),
        Difference("ami", "ami-1", Unknown("ami"), Decimal(0)),
        Difference("monitoring", None, True, Decimal(0)),
    ]
    tags = Tags({"team": "shop", "owner": Unknown("tags.owner")}, {"team": "resource"})
    return [
        resource('module.web["eu"].aws_instance.app[0]', Action.UPDATE, cost(line(monthly="60.74"), disk),
                 cost(line(monthly="242.94"), disk), module='module.web["eu"]', tags=tags, source=SourceLine("main.tf", 12, (SourceLine("root.tf", 4),), 31),
                 differences=differences),
        resource("aws_db_instance.main", Action.REPLACE, cost(line("Database instance", "124.10")),
                 cost(line("Database instance", "496.40"), assumed), type="aws_db_instance"),
        resource("aws_instance.later", after=cost(line("Instance usage", None), disk)),
        resource("aws_nat_gateway.this", after=cost(line("NAT gateway", "35.04"), unpriced), type="aws_nat_gateway"),
        resource("aws_lambda_function.resize", type="aws_lambda_function",
                 after=cost(usage_line(), usage_line("Duration", "0.0000166667", "GB-seconds"))),
        resource("aws_foo_bar.a", after=UNSUPPORTED, type="aws_foo_bar"),
        resource("aws_foo_bar.b", after=UNSUPPORTED, type="aws_foo_bar"),
        resource("aws_ebs_volume.old", Action.DELETE, cost(line("Storage (gp2)", "50.00")), type="aws_ebs_volume"),
        resource("aws_instance.stays", Action.NO_OP, cost(line(monthly="30.37")), cost(line(monthly="30.37"))),
        resource("aws_instance.retagged", Action.UPDATE, cost(line(monthly="7.59")), cost(line(monthly="7.59"))),
        resource("aws_iam_role.app", after=FREE, type="aws_iam_role"),
    ]  # fmt: skip


def shop_findings() -> list[Finding]:
    """Return findings in every state that a report tells apart."""
    waiver = Waiver("oversized-instance", "aws_db_instance.*", "load test until the sale", date(2026, 12, 31), "ana")
    return [
        finding("previous-generation", blocking=False, address="aws_instance.stays", status=FindingStatus.PRE_EXISTING,
                message="m3 is a previous generation"),
        finding(address='module.web["eu"].aws_instance.app[0]', file="main.tf", line=12, end_line=31, calls=(SourceLine("root.tf", 4),),
                docs="https://example.com/rules/required-tags", evidence={"missing": ["team"], "region": Unknown("region")}),
        finding("oversized-instance", blocking=False, address="aws_db_instance.main", status=FindingStatus.WAIVED,
                message="64 vCPU, at most 16", waiver=waiver),
        finding("allowed-family", blocking=False, address="aws_instance.later", status=FindingStatus.UNKNOWN,
                message="instance_type is known after apply", fix=""),
        finding("budget-increase-exceeded", address="", severity=Severity.CRITICAL,
                message="the change adds $554.54 a month, the budget allows $100.00", fix="Ask the budget's owner."),
        finding("log-retention", blocking=False, address="aws_lambda_function.resize", message="logs are kept for ever"),
    ]  # fmt: skip


def shop(*, judged: bool = True) -> Report:
    """Return a report with something of everything."""
    warnings = ("shop.json: 2 lines of a wrapper's output were left out",)
    findings, rules = (shop_findings(), RULES) if judged else ((), ())
    inputs = SHOP_INPUTS if judged else ()
    return report(shop_resources(), findings, judged=judged, rules=rules, warnings=warnings, inputs=inputs)


def several() -> Report:
    """Return a report of three projects: two of one name, one of them unchanged."""
    stays = resource("aws_instance.stays", Action.NO_OP, cost(line(monthly="30.37")), cost(line(monthly="30.37")))
    grows = resource("aws_instance.app", Action.UPDATE, cost(line(monthly="100")), cost(line(monthly="150")))
    projects = (
        ProjectReport("prod", "live/prod", tuple(shop_resources()), tuple(shop_findings())),
        ProjectReport("data", "live/eu", (grows,)),
        ProjectReport("data", "live/us", (stays,)),
    )
    return Report(projects, "EUR", NOW, "1.2.3", (CATALOG,), rules=RULES)


def missing() -> Report:
    """Return a report of projects from each of which something is missing, in every way that a report tells apart."""
    unpriced = Line(
        "Data processed",
        "GB",
        LineStatus.NO_PRICE,
        note="no price shipped for eu-central-1 (AWSELB)",
        reason=Reason.NO_PRICE,
        remedy="run `guardrail pricing sync --vendor aws --service AWSELB --region eu-central-1`",
    )
    unset = Line(
        "Storage",
        "GB",
        LineStatus.UNKNOWN,
        note="size: not evaluated: variable size has no value",
        reason=Reason.NOT_EVALUATED,
        remedy="give the variable a value: `--var-file FILE` or `--var NAME=VALUE`",
    )
    floor = line(
        "Capacity units", "43.80", status=LineStatus.USAGE, note="at its minimum; depends on usage", at_least=True
    )
    compute = line()
    count = NotEvaluated(
        "aws_nat_gateway.n",
        "count is known after apply",
        Reason.KNOWN_AFTER_APPLY,
        "check the JSON of a plan, which has the value",
        "aws_nat_gateway",
        source=SourceLine("net/main.tf", 4),
    )
    subnets = NotEvaluated("aws_subnet.s", "count: variable azs has no value", type="aws_subnet").free
    partial = NotEvaluated("", "the plan is not complete (`complete: false`)", before=True, later=True)
    lb, volume, rds = "aws_lb.front", "aws_ebs_volume.data", "aws_rds_cluster.main"
    projects = (
        ProjectReport("after", "a", (resource(after=cost(compute)), resource(lb, after=cost(compute, unpriced), type="aws_lb")),
                      not_evaluated=(count,)),
        ProjectReport("before", "b", (resource(lb, Action.DELETE, cost(compute, unpriced), type="aws_lb"),)),
        ProjectReport("both", "c", (resource(volume, Action.UPDATE, cost(compute, unset), cost(compute, unset),
                                             type="aws_ebs_volume"),)),
        ProjectReport("floor", "d", (resource(rds, after=cost(floor), type="aws_rds_cluster"),)),
        ProjectReport("free", "e", (resource(after=cost(compute)),), not_evaluated=(subnets,)),
        ProjectReport("nothing", "f", (), not_evaluated=(count,)),
        ProjectReport("target", "g", (resource(after=cost(compute)),), not_evaluated=(partial,)),
        ProjectReport("unchanged", "h", (resource(lb, Action.NO_OP, cost(compute, unpriced), cost(compute, unpriced),
                                                  type="aws_lb"),)),
    )  # fmt: skip
    return Report(projects, "USD", NOW, "1.2.3", (CATALOG,), rules=RULES)


def large(number: int) -> Report:
    """Return a report of many changed resources, each of another size, and as many findings."""
    disks = [line("Storage (gp3)", f"{i + 1}.64", group="root_block_device") for i in range(number)]
    resources = [
        resource(f'module.web["z{i % 7}"].aws_instance.app[{i}]', after=cost(line(), disk, usage_line()))
        for i, disk in enumerate(disks)
    ]
    findings = [finding(address=one.change.address) for one in resources]
    return report(resources, findings)


def assumed_usage() -> Report:
    """Return a report of usage that a profile assumes: in whole, above a minimum, alike on both sides, and beside a gap."""
    note = "assumed usage (profile medium): monthly_requests 30,000,000"
    requests = on_assumed("Requests", "6", "6", note)
    capacity = on_assumed("Serverless capacity", "175.20", "131.40", "assumed usage (profile medium): capacity 2")
    given = cost(usage_line(), line("Serverless capacity", "43.80", status=LineStatus.USAGE, at_least=True))
    grown = Cost((requests, capacity), ResourceStatus.PARTIAL, given=given)
    alike = Cost(
        (line("Gateway", "32.85"), requests), ResourceStatus.PARTIAL, given=cost(line("Gateway", "32.85"), usage_line())
    )
    dearer = replace(alike, lines=(line("Gateway", "40"), requests), given=cost(line("Gateway", "40"), usage_line()))
    gap = Cost(
        (requests, line("Duration", None)), ResourceStatus.PARTIAL, given=cost(usage_line(), line("Duration", None))
    )
    resources = (
        resource("aws_rds_cluster.new", Action.CREATE, after=grown),
        resource("aws_nat_gateway.same", Action.NO_OP, before=alike, after=alike),
        resource("aws_nat_gateway.dearer", Action.UPDATE, before=alike, after=dearer),
        resource("aws_lambda_function.gap", Action.CREATE, after=gap),
    )
    return report(resources, judged=False, compares=True, usage_profile="medium")


def on_assumed(name: str, monthly: str, assumed: str, note: str) -> Line:
    """Return a line on assumed usage."""
    more = {"status": LineStatus.ASSUMED, "usage_profile": "medium", "assumed_usage": Decimal(assumed), "note": note}
    return line(name, monthly, **more)
