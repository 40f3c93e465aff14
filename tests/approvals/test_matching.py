"""Which approvals are for a finding, and whether they hold: of values alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from guardrail.approvals import ApprovalPolicy, SignedOff, approve, key_of
from guardrail.approvals.file import ApprovalEntry
from guardrail.approvals.records import as_told, read_told, with_told, written_told
from guardrail.config import Approver
from guardrail.files.model import validated
from guardrail.model.approval import Approvable, ApprovalSource, SignOff, Told, ToldAt
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity
from guardrail.model.plan.planned import planned_of
from guardrail.model.resource import Action, Change, Side

TODAY = date(2026, 8, 20)
AT = datetime(2026, 8, 20, 12, tzinfo=UTC)
FINDING = Finding(
    rule="gpu-instance",
    title="",
    severity=Severity.HIGH,
    enforcement=Enforcement.APPROVAL,
    status=FindingStatus.FAIL,
    message="has 8 GPUs",
    blocking=True,
    address='aws_instance.web["a"]',
    project="shop",
    amount=Decimal(200),
    approval=Approvable("11" * 16),
)
ENTRY = {
    "rule": "gpu-instance",
    "address": 'aws_instance.web["a"]',
    "project": "shop",
    "by": "cfo",
    "reason": "agreed",
    "expires": "2026-12-31",
    "up_to": 200.0,
    "planned": "11" * 16,
}
CFO, FINOPS = Approver(user="cfo"), Approver(team="finops", members=("ana",), up_to=Decimal(1000))


def policy(*approvers, **changes):
    entry = validated(ApprovalEntry, {**ENTRY, **changes})
    return ApprovalPolicy(approvers or (CFO, FINOPS), "", ((entry, "approvals.yaml:2"),))


def judged(chosen, finding=FINDING, signed=None):
    (found,) = approve([finding], chosen, today=TODAY, currency="USD", signed=signed or SignedOff())
    return found


def test_the_entry_of_the_finding_approves_it():
    found = judged(policy())
    assert (found.status, found.blocking, found.approval.given.by) == (FindingStatus.APPROVED, False, "cfo")
    assert (found.approval.given.up_to, found.approval.given.where) == (Decimal(210), "approvals.yaml:2")


@pytest.mark.parametrize(
    "change",
    [
        {"address": "*"},
        {"address": 'aws_instance.web["*"]'},
        {"address": 'aws_instance.web["b"]'},
        {"address": 'aws_instance.web["\u0430"]'},
        {"rule": "*"},
        {"rule": "GPU-instance"},
        {"project": "other"},
        {"project": ""},
        {"by": "mallory"},
        {"by": "\u0441fo"},
        {"by": "*"},
        {"expires": "2026-08-19"},
        {"up_to": 190},
        {"up_to": 0},
        {"up_to": "unknown"},
        {"planned": ""},
        {"planned": "22" * 16},
    ],
    ids=str,
)
def test_an_entry_that_is_for_something_else_does_not(change):
    assert judged(policy(**change)).needs_approval


@pytest.mark.parametrize(
    "amount, approver, holds",
    [
        (Decimal(210), CFO, True),
        (Decimal("210.01"), CFO, False),
        (Decimal(-50), CFO, True),
        (None, CFO, False),
        (None, Approver(user="cfo", unknown_amount=True), False),
        (Decimal(205), Approver(user="cfo", up_to=Decimal(200)), False),
        (Decimal(200), Approver(user="cfo", up_to=Decimal(200)), True),
        (Decimal(200), Approver(user="cfo", rules=("gpu-*",)), True),
        (Decimal(200), Approver(user="cfo", rules=("budget-*",)), False),
    ],
)
def test_amounts_may_grow_by_5_percent_and_not_beyond_what_the_approver_may_approve(amount, approver, holds):
    found = judged(policy(approver), replace(FINDING, amount=amount))
    assert (found.status is FindingStatus.APPROVED) == holds


def test_what_has_no_price_is_never_approved_for_0():
    unknown = replace(FINDING, amount=None)
    for given in ({"up_to": 0}, {"up_to": 10_000_000}):
        assert judged(policy(Approver(user="cfo", unknown_amount=True), **given), unknown).needs_approval
    found = judged(policy(CFO, up_to="unknown"), unknown)
    assert "may approve findings of this rule while something has no price" in found.approval.lapsed
    assert "cfo may not approve what has no price" in found.approval.lapsed


def test_what_has_no_price_is_approved_by_whoever_may_and_only_as_it_is():
    chosen, unknown = policy(Approver(user="cfo", unknown_amount=True), up_to="unknown"), replace(FINDING, amount=None)
    found = judged(chosen, unknown)
    assert (found.status, found.approval.given.up_to) == (FindingStatus.APPROVED, None)
    assert "is $5.00 a month now" in judged(chosen, replace(unknown, amount=Decimal(5))).approval.lapsed
    assert judged(chosen, replace(unknown, approval=Approvable("22" * 16))).needs_approval


def test_what_could_not_be_evaluated_is_not_approved():
    chosen = policy(Approver(user="cfo", unknown_amount=True), up_to="unknown", planned="")
    found = judged(chosen, replace(FINDING, amount=None, approval=Approvable()))
    assert found.approval.lapsed.endswith("nothing tells it from something else")


def test_a_rule_that_could_not_be_evaluated_takes_no_approval():
    assert judged(policy(), replace(FINDING, status=FindingStatus.ERROR)).status is FindingStatus.ERROR


def test_who_may_approve_depends_on_rule_and_amount():
    nobody = ApprovalPolicy((CFO, FINOPS, Approver(user="ops", rules=("budget-*",))))
    assert judged(nobody).approval.approvers == ("cfo", "finops (up to $1,000)")
    assert judged(nobody, replace(FINDING, amount=Decimal(2000))).approval.approvers == ("cfo",)
    found = judged(ApprovalPolicy((FINOPS,)), replace(FINDING, amount=Decimal(2000)))
    assert (
        found.approval.lapsed
        == "none of the approvers in guardrail.yaml may approve findings of this rule at $2,000.00 a month"
    )


def told(amount=Decimal(200), *, commit="c1", at=AT, planned="11" * 16):
    return ToldAt(commit, at, {key_of(FINDING): Told(amount, planned)})


def signed(by="cfo", at=AT + timedelta(minutes=1), commit="c1", records=None, memberships=None):
    return SignedOff(
        (SignOff(by, at, ApprovalSource.REVIEW, commit),), (told(),) if records is None else records, memberships or {}
    )


def test_a_review_is_of_what_was_told_last_before_it():
    later = told(Decimal(900), at=AT + timedelta(minutes=5))
    assert judged(ApprovalPolicy((CFO,)), signed=signed(records=(told(), later))).approval.given.amount == Decimal(200)
    earlier = told(Decimal(100), at=AT - timedelta(minutes=5))
    assert judged(ApprovalPolicy((CFO,)), signed=signed(records=(earlier, told()))).approval.given.amount == Decimal(
        200
    )
    assert judged(ApprovalPolicy((CFO,)), signed=signed(records=(later,))).needs_approval


def test_a_team_without_listed_members_is_the_platforms_to_tell():
    team = ApprovalPolicy((Approver(team="finops"),))
    assert judged(team, signed=signed("zoe")).needs_approval
    assert judged(team, signed=signed("zoe", memberships={("finops", "zoe"): False})).needs_approval
    found = judged(team, signed=signed("zoe", memberships={("finops", "zoe"): True}))
    assert found.approval.given.by == "zoe"


def test_what_was_told_is_read_back_from_the_last_line_alone():
    kept = with_told((told(),), told(None, commit="c2", at=AT + timedelta(hours=1)))
    line = written_told(kept, "octo/shop#7 default")
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert read_told(f"marker\ntext\n\n{line}\n", "octo/shop#7 default") == kept
    assert read_told(f"marker\n{line}\ntext\n", "octo/shop#7 default") == ()
    assert read_told(line.replace('data="e', 'data="f'), "octo/shop#7 default") == ()
    assert with_told(kept, told(at=AT + timedelta(hours=2))) == kept
    assert written_told((ToldAt("c1", AT),), "x") == ""


def test_what_is_signed_is_of_one_pull_request_and_comment():
    key, other = b"0123456789abcdef", b"0123456789abcdeX"
    line = written_told((told(),), "octo/shop#7 default", key)
    assert read_told(line, "octo/shop#7 default", key) == (told(),)
    for about, by in (("octo/shop#8 default", key), ("octo/shop#7 prod", key), ("octo/shop#7 default", other)):
        assert read_told(line, about, by) == ()
    assert read_told(line, "octo/shop#7 default") == ()
    assert read_told(written_told((told(),), "octo/shop#7 default"), "octo/shop#7 default", key) == ()


def test_a_comment_has_room_for_so_much():
    many = [replace(FINDING, address=f"aws_instance.n{number}") for number in range(5000)]
    kept = (as_told(many, "c1", AT),)
    line = written_told(kept, "x")
    assert len(line) < 13_000
    (read,) = read_told(line, "x")
    assert 0 < len(read.findings) < 5000
    long = tuple(replace(told(), commit=f"{number:040}") for number in range(500))
    assert read_told(written_told(long, "x"), "x")[-1].commit == f"{499:040}"


def change(after, sensitive=None, unknown=None, **more):
    side = None if after is None else Side(after, unknown or {}, sensitive or {})
    return Change("a.b", "aws_instance", "b", Action.CREATE, None, side, **more)


def test_what_is_planned_is_told_apart():
    plans = [
        change({"type": "a"}),
        change({"type": "b"}),
        change({"type": None}),
        change({"type": 1}),
        change({"type": "1"}),
        change({"type": True}),
        change({"type": ["unknown"]}),
        change({}, unknown={"type": True}),
        change({"type": "a"}, region="eu-west-1"),
        change({"type": "a", "tags": {"team": "x"}}),
        change(None),
    ]
    assert len({planned_of(one) for one in plans}) == len(plans)


def test_what_is_sensitive_is_no_part_of_it():
    one, other = (change({"password": text}, sensitive={"password": True}) for text in ("a", "b"))
    assert planned_of(one) == planned_of(other)


@pytest.mark.parametrize(
    "text, planned",
    [
        ("plain", "eb51c3b33ad9c7e0e31630fa2ab2d494"),
        ("\x7f", "dbe4dbc9389d6e44285e67fc9f6df970"),
        ("é", "e8c5a404e8a3298fc18c2790e95b3658"),
        ("\ud800", "ba84adc92947e6b95ba92d54cb8900e3"),
    ],
)
def test_later_versions_know_again_what_was_approved(text, planned):
    values = {"b": [1, 1.5, True, None], "B": {"b_": "x", "ba": "y", "b": [{}]}, "id": None, "tags": {"a": "x"}}
    one = change({**values, "text": text}, {"tags": {"a": True}}, {"id": True, "tags": {}}, region="eu-west-1")
    assert planned_of(replace(one, provider_config="aws")) == planned
