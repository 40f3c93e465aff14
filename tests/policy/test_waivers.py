from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail.errors import ConfigError
from guardrail.files.yaml_file import parse_yaml
from guardrail.model.finding import Enforcement, Finding, FindingStatus, Severity, Waiver
from guardrail.policy import read_waivers
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
    (found,) = apply_waivers([FAIL], [WAIVER], today=TODAY, unwaivable={"big"})
    assert found.blocking
    assert found.message == "too big (this rule takes no waiver: w.yaml:3 is ignored)"


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


def test_a_waiver_may_not_last_too_long():
    assert applied(WAIVER, max_days=30) == [("big", "fail", True), ("waiver-too-long", "fail", False)]
    assert applied(WAIVER, max_days=121) == [("big", "waived", False)]


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
