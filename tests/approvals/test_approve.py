"""`guardrail approve`, and the approvals file that it writes."""

import pytest
import yaml

from guardrail.approvals.file import ApprovalEntry
from guardrail.approvals.writing import with_approval
from guardrail.errors import ConfigError
from guardrail.files.model import validated
from tests.approvals.repository import CONFIG, EMPTY, added, volume
from tests.conftest import Ran

GIVEN = ("--by", "cfo", "--reason", "agreed in FIN-12")
BUDGET = ("budget-increase-exceeded", "budget:all")


@pytest.fixture
def shop(tmp_path, command):
    """A folder without git: what it says of approvers counts as it is."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "guardrail.yaml").write_text(CONFIG)

    return Shop(tmp_path, command)


class Shop:
    """Runs commands in the folder, on a configuration."""

    def __init__(self, folder, command):
        self.folder, self.command = folder, command

    def __call__(self, *args, configuration=None):
        (self.folder / "infra" / "main.tf").write_text(configuration or added(200))
        ran = self.command(*args, *([] if args[0] == "validate" else ["--now", "2026-08-20"]), cwd=self.folder)
        return Ran(ran.exit_code, " ".join(ran.stdout.split()), ran.stderr)


def test_it_writes_an_entry_that_counts_until_it_costs_over_5_percent_more(shop):
    ran = shop("approve", *BUDGET, *GIVEN)
    assert ran.exit_code == 0, ran.stderr
    assert "is approved by cfo until 2026-09-19, up to $200.00 a month" in ran.stdout
    (entry,) = yaml.safe_load((shop.folder / "approvals.yaml").read_text())["approvals"]
    assert (entry["rule"], entry["address"], entry["by"], entry["up_to"]) == (*BUDGET, "cfo", 200.0)
    assert not entry.keys() & {"project", "planned"}
    assert shop("check").exit_code == 0
    assert shop("check", configuration=added(209)).exit_code == 0
    ran = shop("check", configuration=added(211))
    assert ran.exit_code == 1
    assert "cfo approved $200.00 a month, and this comes to $211.00" in ran.stdout


def test_it_is_of_what_is_planned_now(shop):
    big = EMPTY + volume(size=1600)
    ran = shop("approve", "expensive-resource", "aws_ebs_volume.data", *GIVEN, configuration=big)
    assert ran.exit_code == 0, ran.stderr
    shop("approve", *BUDGET, *GIVEN, configuration=big)
    assert len(yaml.safe_load((shop.folder / "approvals.yaml").read_text())["approvals"]) == 2
    assert shop("check", configuration=big).exit_code == 0
    ran = shop("check", configuration=EMPTY + volume(size=1600, tags='a = "b"'))
    assert (ran.exit_code, "what is planned is not what cfo approved" in ran.stdout) == (1, True)


def test_a_second_approval_by_the_same_approver_replaces_the_first(shop):
    shop("approve", *BUDGET, *GIVEN)
    shop("approve", *BUDGET, *GIVEN, configuration=added(300))
    (entry,) = yaml.safe_load((shop.folder / "approvals.yaml").read_text())["approvals"]
    assert entry["up_to"] == 300.0


@pytest.mark.parametrize(
    "args, says",
    [
        ((*BUDGET, "--by", "mallory", "--reason", "x"), "mallory is none of the approvers"),
        ((*BUDGET, "--by", "finops", "--reason", "x", "--up-to", "1200"), ""),
        ((*BUDGET, "--by", "cfo", "--reason", " "), "--reason: says nothing"),
        ((*BUDGET, *GIVEN, "--up-to", "150"), "cfo approved $150.00 a month, and this comes to $200.00"),
        ((*BUDGET, *GIVEN, "--until", "2020-01-01"), "2020-01-01 is over"),
        ((*BUDGET, *GIVEN, "--unknown-amount"), "its amount is known: 200.00"),
        (("budget-increase-exceeded", "budget:*", *GIVEN), "the rule finds nothing about budget:*"),
        (("budget-increase-exceded", "budget:all", *GIVEN), "no finding of it needs approval"),
    ],
)
def test_what_would_not_count_is_not_written(shop, args, says):
    ran = shop("approve", *args)
    assert says in ran.stderr
    assert (ran.exit_code, (shop.folder / "approvals.yaml").exists()) == ((2, False) if says else (0, True))


def test_of_somebody_else_the_approvers_are_named_and_of_an_approver_nobody_else(shop):
    assert '(did you mean "cfo"?)' in shop("approve", *BUDGET, "--by", "cfoo", "--reason", "x").stderr
    for by in ("cfo", "finops"):
        ran = shop("approve", *BUDGET, "--by", by, "--reason", "x", "--up-to", "150")
        assert ran.stderr.endswith(f"{by} approved $150.00 a month, and this comes to $200.00\n")


def test_a_limit_above_what_the_approver_may_approve_holds_up_to_that(shop):
    shop("approve", *BUDGET, "--by", "finops", "--reason", "x", "--up-to", "1200")
    assert shop("check", configuration=added(1000)).exit_code == 0
    ran = shop("check", configuration=added(1001))
    assert (ran.exit_code, "finops may approve up to $1,000.00 a month" in ran.stdout) == (1, True)


def test_without_approvers_it_says_what_to_do(shop):
    (shop.folder / "guardrail.yaml").write_text(CONFIG.replace("approvers:", "#"))
    ran = shop("approve", *BUDGET, *GIVEN)
    assert (ran.exit_code, "guardrail.yaml names no approvers" in ran.stderr) == (2, True)
    ran = shop("check")
    assert "Needs approval: guardrail.yaml names nobody who may give it (approvers)" in ran.stdout


def test_validate_looks_at_the_file(shop):
    shop("approve", *BUDGET, *GIVEN)
    assert shop("validate").exit_code == 0
    file = shop.folder / "approvals.yaml"
    file.write_text(file.read_text().replace("by: cfo", "by: cfoo").replace("increase-exceeded", "increase-exceded"))
    ran = shop("validate")
    assert ran.exit_code == 2
    assert (
        'approvals.yaml:2: no rule is called budget-increase-exceded (did you mean "budget-increase-exceeded"?)'
        in ran.stdout
    )
    assert 'cfoo is none of the approvers (did you mean "cfo"?)' in ran.stdout


LINE = "  - {rule: budget-increase-exceeded, address: plan, by: cfo, reason: x, expires: 2999-01-01, up_to: 5}\n"
WRONG = [
    ("address: plan", "address: aws_sqs_queue.a", "up_to: 5", "up_to: -5", "approvals.yaml:2: approvals.0: up_to is -5, and a resource costs nothing below 0"),
    ("by: cfo", "by: cfo, project: shpo", "", "", 'approvals.yaml:2: no project is called shpo (did you mean "shop"?)'),
    ("up_to: 5", "up_to: 5, planned: zz", "", "", "approvals.yaml:2: approvals.0.planned: "),
]  # fmt: skip


@pytest.mark.parametrize("old, new, other, by, says", WRONG, ids=["below 0", "no project", "no hash"])
def test_validate_names_what_can_approve_nothing(shop, old, new, other, by, says):
    file = shop.folder / "approvals.yaml"
    file.write_text("approvals:\n" + LINE.replace(old, new).replace(other, by))
    ran = shop("validate")
    assert (ran.exit_code, ran.stdout.startswith(says)) == (2, True), ran.stdout


def test_validate_tells_an_approval_and_a_waiver_that_have_ended(shop):
    (shop.folder / "guardrail.yaml").write_text(f"{CONFIG}waivers: w.yaml\n")
    (shop.folder / "approvals.yaml").write_text("approvals:\n" + LINE.replace("2999", "2020"))
    (shop.folder / "w.yaml").write_text(
        "waivers:\n  - {rule: gpu-instance, address: a, reason: r, expires: 2020-02-01}\n"
    )
    ran = shop("validate")
    assert ran.exit_code == 0
    assert ran.stderr.splitlines() == [
        "guardrail: w.yaml:2: the waiver of gpu-instance for a ended on 2020-02-01 (remove it, or fix what it excused)",
        "guardrail: approvals.yaml:2: the approval of budget-increase-exceeded for plan by cfo ended on 2020-01-01 (remove it, or approve anew)",
    ]


def test_a_broken_file_is_one_line(shop):
    (shop.folder / "approvals.yaml").write_text("approvals:\n  - {rule: x}\n")
    ran = shop("check")
    assert ran.exit_code == 2
    assert "approvals.yaml:2: 'address' is missing in 'approvals.0'" in ran.stderr


ENTRY = validated(
    ApprovalEntry,
    {
        "rule": "r",
        "address": 'a["x"]',
        "by": "cfo",
        "reason": "b: c #d",
        "expires": "2026-12-31",
        "up_to": "unknown",
        "planned": "0123456789abcdef" * 2,
    },
)


def test_what_stands_around_an_entry_stays():
    text = "# ours\napprovals:\n  - rule: other\n    address: plan\n    by: cfo\n    reason: y\n    expires: 2026-01-01\n    up_to: 5 # five\n# end\n"
    written = with_approval(text, ENTRY, name="f")
    assert written.startswith(text.removesuffix("# end\n"))
    assert written.endswith("    up_to: unknown  # it has no price\n# end\n")
    assert with_approval(written, ENTRY, name="f") == written
    with pytest.raises(ConfigError, match="stand in one line"):
        with_approval(
            "approvals: [{rule: r, address: a, by: b, reason: c, expires: 2026-01-01, up_to: 1}]", ENTRY, name="f"
        )
