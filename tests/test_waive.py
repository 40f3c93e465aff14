"""`guardrail waive`, and what reports say of the waivers that a change brings along."""

import json
import shlex
import subprocess
from datetime import date
from decimal import Decimal

import pytest

from guardrail.errors import ConfigError
from guardrail.model.finding import Waiver
from guardrail.waivers.writing import with_waiver
from tests.platforms.fake_github import pull_request_event
from tests.terraform import plans

WEB = plans.change(
    "aws_instance.web", {"instance_type": "m5.xlarge"}, type="aws_instance", name="web", provider_name="aws"
)
CONFIG = """\
version: 1
rules: {packs: [], paths: [policies]}
projects: [{name: shop, plan: plan.json}]
pricing: {max_age: 99999d}
"""
RULE = """\
id: no-machines
title: No machines
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
validations: [{expression: "false", message: no machines}]
"""
MONTHLY = "157.10"
"""m5.xlarge, Linux, eu-west-1: $0.214 an hour, 730 hours, and 8 GB of gp2 at $0.11."""


@pytest.fixture
def shop(tmp_path):
    """A folder with a rule that every machine breaks, and one machine."""
    (tmp_path / "guardrail.yaml").write_text(CONFIG)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "no-machines.yaml").write_text(RULE)
    (tmp_path / "plan.json").write_text(json.dumps(plans.document(WEB)))
    return tmp_path


@pytest.fixture
def run(run, shop):
    """Run a command in the shop, on a day."""
    return lambda *args: run(*args, *([] if args[0] == "validate" else ["--now", "2026-11-01"]), cwd=shop)


@pytest.fixture
def waive(run):
    def call(*args, rule="no-machines", address="aws_instance.web", until="30d"):
        return run("waive", rule, address, "--reason", "agreed: for a while", "--until", until, *args)

    return call


def test_a_waiver_is_written_bound_to_what_it_is_for_and_holds(shop, run, waive):
    assert run("check").exit_code == 1
    written = waive("--owner", "ana")
    assert written.exit_code == 0, written.stderr
    assert "until 2026-12-01, up to 157.10 USD a month" in written.stdout
    assert (shop / "guardrail.yaml").read_text() == CONFIG + "\nwaivers: guardrail.waivers.yaml\n"
    assert (shop / "guardrail.waivers.yaml").read_text() == (
        "waivers:\n"
        "  - rule: no-machines\n"
        "    address: aws_instance.web\n"
        "    reason: 'agreed: for a while'\n"
        "    expires: 2026-12-01\n"
        "    owner: ana\n"
        f"    up_to: {MONTHLY}  # what it may cost a month\n"
    )
    passed = run("check")
    assert passed.exit_code == 0
    assert "waived by ana until 2026-12-01, up to 157.10 a month: agreed: for a while" in " ".join(
        passed.stdout.split()
    )


def test_what_has_grown_beyond_its_waiver_blocks_again(shop, run, waive):
    waive()
    larger = {**WEB, "change": {**WEB["change"], "after": {"instance_type": "m5.4xlarge"}}}
    (shop / "plan.json").write_text(json.dumps(plans.document(larger)))
    ran = run("check", "--format", "json")
    assert ran.exit_code == 1
    found = {
        finding["rule"]: finding
        for finding in [*json.loads(ran.stdout)["findings"], *json.loads(ran.stdout)["projects"][0]["findings"]]
    }
    assert found["no-machines"]["amount"] == "625.76"
    assert "holds up to 157.10 a month, and this comes to 625.76" in found["no-machines"]["message"]
    assert found["waiver-outgrown"]["line"] == 2
    assert waive().exit_code == 0
    assert run("check").exit_code == 0
    assert (shop / "guardrail.waivers.yaml").read_text().count("- rule") == 1


REFUSED = [
    ({"rule": "no-machine"}, [], 'no-machine: the rule finds nothing here that could be waived (did you mean "no-machines"?)'),
    ({"address": "aws_instance.wob"}, [], 'no-machines: the rule finds nothing about aws_instance.wob (did you mean "aws_instance.web"?)'),
    ({"until": "2026-10-31"}, [], "--until: 2026-10-31 is over (choose a day that is to come)"),
    ({}, ["--up-to", "20"], "no-machines: the waiver would not count: it holds up to 20.00 a month, and this comes to 157.10"),
    ({}, ["--reason", " "], "--reason: says nothing (say why the exception is right)"),
]  # fmt: skip


@pytest.mark.parametrize("given, more, message", REFUSED)
def test_a_waiver_that_would_come_to_nothing_is_not_written(shop, waive, given, more, message):
    ran = waive(*more, **given)
    assert ran.exit_code == 2
    assert ran.stderr.startswith(f"guardrail: {message}")
    assert not (shop / "guardrail.waivers.yaml").exists()
    assert (shop / "guardrail.yaml").read_text() == CONFIG


@pytest.mark.parametrize(
    "what", ["waivable: false", "waivable_by: [finops]", "waivers: {max_days: 7}", "waivers: {owner: required}"]
)
def test_what_a_rule_asks_of_its_waivers_is_asked_before_one_is_written(shop, waive, what):
    (shop / "policies" / "no-machines.yaml").write_text(RULE + what + "\n")
    ran = waive()
    assert ran.exit_code == 2
    assert "no-machines: " in ran.stderr
    assert not (shop / "guardrail.waivers.yaml").exists()


@pytest.mark.parametrize(
    "what, told",
    [
        ("", "--until 30d"),
        ("waivable_by: [fin*, ann]", "--until 30d --owner ann"),
        ("waivable_by: [fin*]", "--until 30d --owner NAME"),
        ("waivers: {owner: required, max_days: 7}", "--until 7d --owner NAME"),
    ],
)
def test_the_command_that_a_report_tells_writes_a_waiver_that_counts(shop, run, what, told):
    (shop / "policies" / "no-machines.yaml").write_text(RULE + what + "\n")
    (line,) = (line for line in run("check").stdout.splitlines() if "guardrail waive" in line)
    assert line.endswith(told)
    assert run(*shlex.split(line.replace("NAME", "finops"))[1:]).exit_code == 0
    assert run("check").exit_code == 0


@pytest.mark.parametrize("format_name", ["table", "markdown", "html", "sarif"])
def test_no_report_tells_how_to_waive_what_takes_no_waiver(shop, run, format_name):
    (shop / "policies" / "no-machines.yaml").write_text(RULE + "waivable: false\n")
    ran = run("check", "--format", format_name)
    assert (ran.exit_code, "waive" in ran.stdout) == (1, False)


def test_validate_names_a_waiver_that_does_not_count(shop, run):
    (shop / "guardrail.yaml").write_text(
        f"{CONFIG}waivers: w.yaml\n".replace("policies]", "policies], waivers: {owner: required}")
    )
    (shop / "w.yaml").write_text("waivers:\n  - {rule: no-machines, address: a, reason: b, expires: 2999-01-01}\n")
    ran = run("check")
    assert "it names no owner" not in ran.stdout  # it fits nothing here
    checked = run("validate")
    assert checked.exit_code == 2
    assert (
        "w.yaml:2: the waiver of no-machines does not count: it names no owner, which no-machines asks for"
        in checked.stderr + checked.stdout
    )


def test_print_writes_nothing(shop, waive):
    ran = waive("--print", "--at-any-cost")
    assert ran.exit_code == 0
    assert "- rule: no-machines" in ran.stdout
    assert "up_to" not in ran.stdout
    assert not (shop / "guardrail.waivers.yaml").exists()


def test_without_a_configuration_it_says_how_to_write_one(shop, run):
    (shop / "guardrail.yaml").unlink()
    ran = run("waive", "forbidden-instance-type", "a", "plan.json", "--reason", "x", "--until", "30d")
    assert ran.exit_code == 2
    assert (
        ran.stderr
        == "guardrail: there is no guardrail.yaml (run `guardrail init`: guardrail.yaml names the waivers file)\n"
    )


NEW = Waiver("big", "a.b", "why", date(2027, 1, 31), "ann", up_to=Decimal("12.5"))
ENTRY = "- rule: big\n  address: a.b\n  reason: why\n  expires: 2027-01-31\n  owner: ann\n  up_to: 12.50  # what it may cost a month\n"
INDENTED = "".join(f"  {line}\n" for line in ENTRY.splitlines())
OTHER = "- {rule: x, address: y, reason: z, expires: 2027-01-31}\n"
SAME = "- rule: big  # as agreed\n  address: a.b\n  reason: old\n  expires: 2026-01-31\n"
TEXTS = [
    ("nothing", "", f"waivers:\n{INDENTED}"),
    ("a comment", "# ours\n", f"# ours\nwaivers:\n{INDENTED}"),
    ("an empty list", "# a\nwaivers: []\n# b\n", f"# a\nwaivers:\n{INDENTED}# b\n"),
    ("one more", f"waivers:\n{OTHER}\n# the end\n", f"waivers:\n{OTHER}{ENTRY}\n# the end\n"),
    ("indented", f"waivers:\n  {OTHER}", f"waivers:\n  {OTHER}{INDENTED}"),
    ("no last line break", f"waivers:\n{OTHER}".rstrip(), f"waivers:\n{OTHER}{ENTRY}"),
    ("in place", f"waivers:\n{SAME}# kept\n{OTHER}", f"waivers:\n{ENTRY}# kept\n{OTHER}"),
    ("a text of several lines", f"waivers:\n{OTHER}- rule: t\n  address: a\n  expires: 2027-01-31\n  reason: |\n    one\n    two\n", f"waivers:\n{OTHER}- rule: t\n  address: a\n  expires: 2027-01-31\n  reason: |\n    one\n    two\n{ENTRY}"),
]  # fmt: skip


@pytest.mark.parametrize("text, wanted", [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_an_entry_changes_nothing_around_it(text, wanted):
    assert with_waiver(text, NEW, name="w.yaml") == wanted
    assert with_waiver(wanted, NEW, name="w.yaml") == wanted


def test_a_list_in_one_line_is_left_alone():
    with pytest.raises(ConfigError) as raised:
        with_waiver("waivers: [{rule: x, address: y, reason: z, expires: 2027-01-31}]\n", NEW, name="w.yaml")
    assert str(raised.value).startswith("w.yaml:1: its waivers stand in one line")


def test_a_rule_blocks_from_its_day_on_and_says_so_before(shop, run):
    (shop / "policies" / "no-machines.yaml").write_text(f"{RULE}effective_from: 2026-11-02\n")
    before = run("check", "--format", "json")
    assert before.exit_code == 0
    (finding,) = json.loads(before.stdout)["projects"][0]["findings"]
    assert (finding["enforcement"], finding["message"]) == ("advisory", "no machines (blocks from 2026-11-02)")
    (shop / "policies" / "no-machines.yaml").write_text(f"{RULE}effective_from: 2026-11-01\n")
    assert run("check").exit_code == 1


def git(folder, *args):
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    ran = subprocess.run(["git", "-C", folder, *names, *args], capture_output=True, text=True, check=True)  # noqa: S607
    return ran.stdout.strip()


def test_a_report_lists_the_waivers_that_the_change_brings_along(shop, run, monkeypatch):
    (shop / "guardrail.yaml").write_text(f"{CONFIG}waivers: w.yaml\n")
    kept = "  - {rule: no-machines, address: aws_instance.kept, reason: r, expires: 2027-01-31}\n"
    (shop / "w.yaml").write_text(
        f"waivers:\n{kept}  - {{rule: no-machines, address: b, reason: r, expires: 2026-12-31}}\n"
    )
    (shop / "main.tf").write_text("# guardrail:ignore old until=2027-01-31 reason=x\n")
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", "-A")
    git(shop, "commit", "-qm", "base")
    base = git(shop, "rev-parse", "HEAD")
    (shop / "w.yaml").write_text(
        f"# moved\nwaivers:\n{kept}  - {{rule: no-machines, address: b, reason: r, expires: 2027-12-31, owner: ann}}\n"
        "  - {rule: no-machines, address: aws_instance.web, reason: big sale, expires: 2027-01-31, up_to: 150}\n"
    )
    (shop / "main.tf").write_text(
        "\n# guardrail:ignore old until=2027-01-31 reason=x\n# guardrail:ignore new until=2027-01-31 reason=y\n"
    )
    git(shop, "add", "-A")
    git(shop, "commit", "-qm", "change")
    event = shop.parent / "event.json"
    event.write_text(json.dumps(pull_request_event(base={"sha": base, "repo": {"full_name": "octo/shop"}})))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    ran = run("check", "--format", "json")
    added = [line for line in json.loads(ran.stdout)["warnings"] if "waiver" in line]
    assert added == [
        "this change changes a waiver: no-machines for b by ann until 2027-12-31, at any cost: r",
        "this change adds a waiver: no-machines for aws_instance.web until 2027-01-31, up to 150.00 a month: big sale",
        "this change adds a waiver in a comment: main.tf:3: guardrail:ignore new until=2027-01-31 reason=y",
    ]
