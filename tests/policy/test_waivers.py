from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from guardrail.errors import ConfigError
from guardrail.files.yaml_file import parse_yaml
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.policy import WaiverPolicy, WaiverTerms, read_waivers
from guardrail.policy.waivers import apply_waivers, load_waivers

TODAY = date(2026, 3, 1)
FAIL = Finding(
    "big",
    "Big",
    Severity.HIGH,
    Enforcement.MANDATORY,
    FindingStatus.FAIL,
    "too big",
    True,
    address='aws_instance.a["x"]',
)
WAIVER = Waiver("big", 'aws_instance.a["x"]', "agreed", date(2026, 6, 30), "ann", "w.yaml:3")


def applied(*waivers, findings=(FAIL,), today=TODAY, **options):
    return [(f.rule, f.status.value, f.blocking) for f in apply_waivers(findings, waivers, today=today, **options)]


CASES = [
    ("fits", WAIVER, [("big", "waived", False)]),
    ("glob of addresses", replace(WAIVER, address="aws_instance.*"), [("big", "waived", False)]),
    ("one character", replace(WAIVER, address='aws_instance.a["?"]'), [("big", "waived", False)]),
    ("brackets mean themselves", replace(WAIVER, address="aws_instance.[a]*"), [("big", "fail", True), ("waiver-unused", "fail", False)]),
    ("glob of rules", replace(WAIVER, rule="b*"), [("big", "waived", False)]),
    ("another address", replace(WAIVER, address="aws_instance.b"), [("big", "fail", True), ("waiver-unused", "fail", False)]),
    ("another rule", replace(WAIVER, rule="small"), [("big", "fail", True), ("waiver-unused", "fail", False)]),
    ("expired", replace(WAIVER, expires=date(2026, 2, 28)), [("big", "fail", True), ("waiver-expired", "fail", False)]),
    ("its last day", replace(WAIVER, expires=TODAY), [("big", "waived", False), ("waiver-expiring", "fail", False)]),
    ("soon", replace(WAIVER, expires=date(2026, 3, 15)), [("big", "waived", False), ("waiver-expiring", "fail", False)]),
    ("not so soon", replace(WAIVER, expires=date(2026, 3, 16)), [("big", "waived", False)]),
]  # fmt: skip


@pytest.mark.parametrize("case, waiver, wanted", CASES)
def test_apply(case, waiver, wanted):
    assert applied(waiver) == wanted, case


@given(st.integers(-1000, 1000))
def test_a_waiver_holds_until_its_last_day(days):
    waived = applied(replace(WAIVER, expires=TODAY + timedelta(days=days)))
    assert waived[0][1] == ("waived" if days >= 0 else "fail")
    assert [rule for rule, _, _ in waived[1:]] == (
        ["waiver-expired"] if days < 0 else ["waiver-expiring"] if days <= 14 else []
    )


@given(
    st.permutations(
        [
            WAIVER,
            replace(WAIVER, expires=date(2026, 1, 1), where="w.yaml:9"),
            replace(WAIVER, rule="*", address="*", where="w.yaml:5"),
        ]
    )
)
def test_an_expired_waiver_does_not_hide_a_good_one(order):
    assert applied(*order)[0] == ("big", "waived", False)
    assert ("waiver-expired", "fail", False) in applied(*order)


def test_no_finding_is_lost_and_waivers_are_recorded():
    first, *rest = apply_waivers([FAIL], [WAIVER], today=TODAY)
    assert replace(first, status=FAIL.status, blocking=True, waiver=None) == FAIL
    assert first.waiver == WAIVER
    assert rest == []


def test_some_rules_take_no_waiver():
    (found,) = apply_waivers([FAIL], [WAIVER], today=TODAY, policy=WaiverPolicy(unwaivable={"big"}))
    assert found.blocking
    assert found.message == "too big (this rule takes no waiver: w.yaml:3 is ignored)"


@pytest.mark.parametrize(
    "policy", [WaiverPolicy(unwaivable={"big"}), WaiverPolicy(default=WaiverTerms(amount="required"))]
)
def test_why_a_waiver_does_not_count_is_said_once_however_often_a_finding_is_judged(policy):
    once = apply_waivers([FAIL], [WAIVER], today=TODAY, policy=policy)[0]
    assert once.message != FAIL.message
    assert apply_waivers([once], [WAIVER], today=TODAY, policy=policy)[0] == once


def test_errors_are_never_waived():
    broken = replace(FAIL, status=FindingStatus.ERROR)
    assert applied(WAIVER, findings=[broken])[0] == ("big", "error", True)


def test_unknown_answers_can_be_waived():
    assert applied(WAIVER, findings=[replace(FAIL, status=FindingStatus.UNKNOWN)]) == [("big", "waived", False)]


def test_what_is_pre_existing_stays_so_and_uses_its_waiver():
    assert applied(WAIVER, findings=[replace(FAIL, status=FindingStatus.PRE_EXISTING)]) == [
        ("big", "pre-existing", False)
    ]


@pytest.mark.parametrize("address, waived", [("budget:web", True), ("budget:*", True), ("*", True), ("plan", False)])
def test_budgets_have_an_address(address, waived):
    over = replace(FAIL, address="", evidence={"budget.name": "web"})
    assert (applied(replace(WAIVER, address=address), findings=[over])[0][1] == "waived") is waived


def test_a_plan_has_an_address():
    assert applied(replace(WAIVER, address="plan"), findings=[replace(FAIL, address="")])[0][1] == "waived"


def asking(by=(), **terms):
    return WaiverPolicy(terms={"big": WaiverTerms(**terms)}, by={"big": by} if by else {})


TERMS = [
    ("too long", WAIVER, asking(max_days=30), "waiver-too-long", "it lasts until 2026-06-30, and big allows 30 days"),
    ("not too long", WAIVER, asking(max_days=121), "", ""),
    ("no owner", replace(WAIVER, owner=""), asking(owner="required"), "waiver-refused", "it names no owner, which big asks for"),
    ("an owner", WAIVER, asking(owner="required"), "", ""),
    ("another's", WAIVER, asking(by=("finops",)), "waiver-refused", "its owner is ann, and big can be waived by finops only"),
    ("nobody's", replace(WAIVER, owner=""), asking(by=("*",)), "waiver-refused", "it names no owner, and big can be waived by * only"),
    ("its owner by a glob", WAIVER, asking(by=("finops", "a*")), "", ""),
    ("a comment", replace(WAIVER, in_comment=True), asking(comments="refused"), "waiver-refused", "big takes no waiver in a comment"),
    ("a file", WAIVER, asking(comments="refused"), "", ""),
    ("no amount", WAIVER, asking(amount="required"), "waiver-refused", "it does not say up to what amount it holds, which big asks for"),
    ("an amount", replace(WAIVER, up_to=Decimal(100)), asking(amount="required"), "", ""),
    ("grown beyond it", replace(WAIVER, up_to=Decimal("95.23")), asking(), "waiver-outgrown", "it holds up to 95.23 a month, and this comes to 100.00"),
    ("grown by 5%", replace(WAIVER, up_to=Decimal("95.24")), asking(), "", ""),
]  # fmt: skip


@pytest.mark.parametrize("waiver, policy, rule, why", [case[1:] for case in TERMS], ids=[case[0] for case in TERMS])
def test_what_a_waiver_needs_to_count(waiver, policy, rule, why):
    found, *notes = apply_waivers([replace(FAIL, amount=Decimal(100))], [waiver], today=TODAY, policy=policy)
    assert found.blocking is bool(why)
    assert found.message == (f"too big (the waiver at w.yaml:3 does not count: {why})" if why else "too big")
    assert [(note.rule, note.message.rpartition("count: ")[2], note.blocking) for note in notes] == (
        [(rule, why, False)] if why else []
    )
    assert all(note.fix for note in notes)


def test_a_waiver_bound_to_an_amount_excuses_nothing_whose_cost_is_not_known():
    found, note = apply_waivers([FAIL], [replace(WAIVER, up_to=Decimal(100))], today=TODAY)
    assert found.blocking
    assert note.rule == "waiver-outgrown"
    assert "what this costs is not known" in note.message


def test_a_bound_waiver_of_many_addresses_holds_for_those_below_it():
    small, large = (replace(FAIL, address=f"a.{name}", amount=Decimal(cost)) for name, cost in (("s", 90), ("l", 900)))
    one, other, *notes = apply_waivers(
        [small, large], [replace(WAIVER, address="a.*", up_to=Decimal(100))], today=TODAY
    )
    assert (one.status, other.status, notes) == (FindingStatus.WAIVED, FindingStatus.FAIL, [])
    assert "this comes to 900.00" in other.message


def test_a_waiver_that_does_not_count_leaves_room_for_one_that_does():
    unowned = replace(WAIVER, owner="", where="w.yaml:9")
    assert applied(unowned, WAIVER, policy=asking(owner="required")) == [
        ("big", "waived", False),
        ("waiver-duplicate", "fail", False),
    ]


@pytest.mark.parametrize("saving", [Decimal(-20), Decimal("-20.5")])
def test_a_change_that_saves_is_bound_by_what_it_was_agreed_for(saving):
    plan, waiver = replace(FAIL, address="", amount=saving), replace(WAIVER, address="plan", up_to=Decimal(-20))
    assert applied(waiver, findings=[plan])[0] == ("big", "waived", False)


BROAD = [
    ("*", "*", "for all rules"),
    ("*", "aws_instance.a", "for all rules"),
    ("big", "*", "for all addresses"),
    ("big", "**", "for all addresses"),
    ("big", "*.*", "for all addresses"),
    ("*?", "*_*.?*", "for all rules"),
    ("big", "module.a.*", ""),
]


@pytest.mark.parametrize("rule, address, what", BROAD)
def test_a_waiver_for_everything_is_named(rule, address, what):
    _, *notes = apply_waivers([FAIL], [replace(WAIVER, rule=rule, address=address)], today=TODAY)
    assert [what in note.message for note in notes if note.rule == "waiver-too-broad"] == ([True] if what else [])


def test_where_waivers_are_strict_what_is_wrong_with_one_blocks():
    strict, ends = WaiverPolicy(is_strict=True), replace(WAIVER, expires=TODAY)
    assert applied(replace(WAIVER, rule="small"), policy=strict)[1] == ("waiver-unused", "fail", True)
    assert applied(replace(WAIVER, address="*"), policy=strict)[1] == ("waiver-too-broad", "fail", True)
    assert applied(ends, policy=strict)[1] == ("waiver-expiring", "fail", False)


@given(st.decimals(0, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_a_bound_waiver_holds_exactly_until_five_percent_more(up_to, amount):
    found = apply_waivers([replace(FAIL, amount=amount)], [replace(WAIVER, up_to=up_to)], today=TODAY)[0]
    assert (found.status is FindingStatus.WAIVED) is (amount * 100 <= up_to * 105)


def test_where_only_a_part_is_judged_nothing_is_unused():
    assert applied(replace(WAIVER, rule="small"), report_unused=False) == [("big", "fail", True)]


def test_an_unused_waiver_tells_a_misspelt_rule():
    _, note = apply_waivers([FAIL], [replace(WAIVER, rule="bigg")], today=TODAY, rules={"big", "small"})
    assert (note.fix, note.file, note.line) == ('did you mean "big"?', "w.yaml", 3)


GOOD = """\
waivers:
  - rule: big
    address: aws_instance.*
    reason: agreed
    expires: 2026-06-30
    owner: ann
    ticket: FIN-1
"""


def test_read(tmp_path):
    path = tmp_path / "guardrail.waivers.yaml"
    path.write_text(GOOD, encoding="utf-8")
    (waiver,) = read_waivers(path, name="w.yaml")
    assert waiver == Waiver("big", "aws_instance.*", "agreed (FIN-1)", date(2026, 6, 30), "ann", "w.yaml:2")


@pytest.mark.parametrize("text", ["", "waivers: []\n"])
def test_no_waivers(text):
    assert load_waivers(parse_yaml(text, ConfigError, name="w.yaml")) == ()


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("    reason: agreed\n", "", "w.yaml:2: 'reason' is missing in 'waivers.0'"),
        ("reason: agreed", "reason: '  '", "w.yaml:4: waivers.0.reason: String should have at least 1 character"),
        ("    expires: 2026-06-30\n", "", "w.yaml:2: 'expires' is missing in 'waivers.0'"),
        ("2026-06-30", "2026-06-31", "w.yaml:5: waivers.0.expires: must be a day like 2026-01-31"),
        ("2026-06-30", "20260630", "w.yaml:5: waivers.0.expires: must be a day like 2026-01-31"),
        ("2026-06-30", "never", "w.yaml:5: waivers.0.expires: must be a day like 2026-01-31"),
        ("owner:", "onwer:", "w.yaml:6: unknown key 'waivers.0.onwer' (did you mean \"owner\"?)"),
        ("waivers:", "waiver:", "w.yaml:1: unknown key 'waiver' (did you mean \"waivers\"?)"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, message):
    with pytest.raises(ConfigError) as caught:
        load_waivers(parse_yaml(GOOD.replace(old, new), ConfigError, name="w.yaml"))
    assert str(caught.value).startswith(message)
