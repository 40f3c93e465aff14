"""What a team can do with rules, by the rows' numbers in `test_section_6.py`, as it does it: by commands, their reports and exit codes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform import plans

TESTS = Path(__file__).parents[1]
ELSEWHERE = {
    2: ("policy/test_tags_of.py::test_labels_of_nodes_disks_and_managed_groups_of_google",),
    4: ("terraform/configuration/test_saved_plan.py::test_its_text_tells_the_lines_even_where_no_folder_is",),
    5: ("terraform/configuration/test_inline_waivers.py::test_a_waiver_at_a_resource_waives",),
    7: (
        "test_trust.py::test_a_change_cannot_excuse_itself",
        "test_waive.py::test_a_report_lists_the_waivers_that_the_change_brings_along",
        "fetch/test_packs.py::test_a_waiver_of_a_final_rule_is_an_error_where_it_stands",
    ),
    8: (
        "cli/test_commands.py::test_a_bug_of_ours_is_exit_code_3_and_a_file_without_values_of_the_plan",
        "test_waive.py::test_a_rule_blocks_from_its_day_on_and_says_so_before",
    ),
    9: (
        "approvals/test_acceptance.py::test_a_push_that_makes_it_209_still_passes",
        "approvals/test_acceptance.py::test_a_push_that_makes_it_211_blocks",
        "approvals/test_own_change.py::test_a_label_approves_what_the_comment_told_when_it_was_put_there",
        "test_waive.py::test_what_has_grown_beyond_its_waiver_blocks_again",
    ),
    16: (
        "policy/test_testing.py::test_coverage_says_what_no_test_reaches",
        "cli/test_record.py::test_no_secret_is_in_a_recorded_test_whatever_the_rule_reads",
    ),
    17: ("replay/test_replay.py::test_a_changed_rule_newly_fails_by_rule_and_project",),
    18: (
        "report/test_hostile.py::test_sarif_is_valid_and_points_into_the_repository",
        "report/test_hostile.py::test_junit_is_valid_and_has_the_same_tests",
        "report/test_annotations.py::test_at_most_ten_of_a_level_and_the_last_counts_the_others",
        "report/test_golden.py::test_report",
    ),
    19: (
        "report/test_markdown.py::test_equal_reports_give_equal_and_whole_bodies",
        "report/test_markdown.py::test_a_crowded_body_keeps_to_the_limit_and_stays_whole",
        "platforms/test_comment.py::test_marker_and_body_together_keep_the_limit",
    ),
    20: ("fix/test_fixes.py::test_the_diff_applies_with_git_and_with_patch_and_is_what_fix_does",),
    21: (
        "fetch/test_packs.py::test_what_a_pack_calls_final_is_not_loosened",
        "fetch/test_packs.py::test_loosening_what_is_not_final_is_said_in_the_report",
        "fetch/test_packs.py::test_what_is_not_as_it_was_fetched_is_one_line_and_2",
        "fetch/test_packs.py::test_an_archive_is_fetched_by_its_hash",
    ),
    23: ("replay/test_replay.py::test_the_same_rules_and_inputs_come_to_the_same_verdict",),
    24: (
        "test_canaries.py::test_nothing_says_what_is_sensitive_in_a_plan",
        "test_canaries.py::test_nothing_says_what_is_sensitive_in_a_configuration",
    ),
    25: ("growth/test_parts.py::test_three_times_the_size_takes_three_times_the_work",),
}


def test_each_of_the_27_rows_has_tests_that_there_are():
    text_of = {
        path.relative_to(TESTS).as_posix(): path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")
    }
    by_name = {int(row) for text in text_of.values() for row in re.findall(r"^def test_row_(\d+)_", text, re.MULTILINE)}
    assert by_name | ELSEWHERE.keys() == set(range(1, 28))
    named = [name.split("::") for names in ELSEWHERE.values() for name in names]
    assert [test for path, test in named if f"def {test}(" not in text_of[path]] == []


CONFIG = """\
version: 1
rules: {packs: [], paths: [policies], strict_waivers: STRICT}
projects: [{name: shop, plan: plan.json}]
approvers: [{user: ann}]
waivers: waivers.yaml
pricing: {max_age: 99999d}
"""
RULE = """\
id: small-streams
title: Streams are small
severity: high
enforcement: mandatory
match: {types: [aws_kinesis_stream]}
params: {shards: 2}
validations: [{expression: "double(resource.after.shard_count) <= params.shards", message: "{resource.after.shard_count} shards"}]
"""
AT = ("--now", "2026-11-01")


def stream(name, shards, **marks):
    values = {"name": f"stream-{name}", "shard_count": shards}
    return plans.change(f"aws_kinesis_stream.{name}", values, type="aws_kinesis_stream", name=name, **marks)


class Shop:
    """A folder with a rule and a plan of streams; `check` is what a job runs."""

    def __init__(self, top, run):
        self.top, self.run = top, run
        self.write("guardrail.yaml", CONFIG.replace("STRICT", "false"))
        self.write("policies/small-streams.yaml", RULE)
        self.write("waivers.yaml", "")
        self.plan(stream("a", 4))

    def write(self, name, text):
        (self.top / name).parent.mkdir(exist_ok=True)
        (self.top / name).write_text(text, encoding="utf-8")

    def rule(self, **changes):
        self.write("policies/small-streams.yaml", yaml.safe_dump(yaml.safe_load(RULE) | changes, sort_keys=False))

    def plan(self, *changes):
        self.write("plan.json", json.dumps(plans.document(*changes)))

    def waivers(self, *entries):
        usual = {
            "rule": "small-streams",
            "address": "aws_kinesis_stream.a",
            "reason": "agreed",
            "expires": "2027-01-31",
        }
        self.write("waivers.yaml", json.dumps({"waivers": [usual | entry for entry in entries]}))

    def check(self, *args):
        return self.run("check", *AT, *args)

    def findings(self):
        """Exit code, and what is said by rule."""
        ran = self.check("--format", "json")
        report = json.loads(ran.stdout or '{"findings": [], "projects": []}')
        found = [*report["findings"], *(one for project in report["projects"] for one in project["findings"])]
        return ran.exit_code, {one["rule"]: one for one in found}


@pytest.fixture
def shop(tmp_path, run):
    return Shop(tmp_path, run)


def test_row_4_each_finding_of_40_modules_has_file_lines_and_calls(run, tmp_path):
    calls = "".join(f'module "m{number}" {{\n  source = "./m"\n}}\n' for number in range(40))
    (tmp_path / "main.tf").write_text(calls, encoding="utf-8")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/main.tf").write_text('\nresource "aws_sqs_queue" "q" {\n  name = "q"\n}\n', encoding="utf-8")
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrules: {packs: [tagging]}\n", encoding="utf-8")
    report = json.loads(run("check", ".", "--format", "json").stdout)
    found = [one for one in report["projects"][0]["findings"] if one["rule"] == "required-tags"]
    assert {(one["file"], one["line"], one["end_line"]) for one in found} == {("m/main.tf", 2, 4)}
    places = sorted(place["line"] for one in found for place in one["calls"])
    assert places == list(range(1, 121, 3))


WAIVERS = [
    ("holds", {}, 0, {}),
    ("is over", {"expires": "2026-10-31"}, 1, {"waiver-expired": "expired on 2026-10-31"}),
    ("ends in 14 days", {"expires": "2026-11-15"}, 0, {"waiver-expiring": "in 14 days"}),
    ("has no reason", {"reason": ""}, 2, {}),
    ("lasts too long", {"expires": "2026-12-02"}, 1, {"waiver-too-long": "small-streams allows 30 days"}),
    ("has no owner", {"owner": ""}, 1, {"waiver-refused": "names no owner"}),
    ("is somebody's who may not", {"owner": "bob"}, 1, {"waiver-refused": "can be waived by ann"}),
]  # fmt: skip
TERMS: dict[str, dict[str, Any]] = {
    "lasts too long": {"waivers": {"max_days": 30}},
    "has no owner": {"waivers": {"owner": "required"}},
}


@pytest.mark.parametrize("case, entry, code, said", WAIVERS, ids=[case[0] for case in WAIVERS])
def test_row_5_a_waiver_has_a_reason_an_end_and_what_its_rule_asks_of_it(shop, case, entry, code, said):
    shop.rule(**TERMS.get(case, {"waivable_by": ["ann"]}))
    shop.waivers({"owner": "ann", "ticket": "T-1", **entry})
    exit_code, found = shop.findings()
    assert exit_code == code
    assert found.keys() == ({"small-streams", *said} if code < 2 else set())
    assert all(words in found[rule]["message"] for rule, words in said.items())


HYGIENE = [
    ("waiver-unused", [{}, {"address": "aws_kinesis_stream.gone"}]),
    ("waiver-unused", [{}, {"rule": "no-such-rule"}]),
    ("waiver-too-broad", [{"rule": "*", "address": "*"}]),
    ("waiver-duplicate", [{}, {"reason": "again"}]),
]


@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize("rule, entries", HYGIENE, ids=["unused", "orphan", "too broad", "duplicate"])
def test_row_6_what_is_wrong_with_a_waiver_is_a_finding_and_blocks_where_asked(shop, rule, entries, is_strict):
    shop.write("guardrail.yaml", CONFIG.replace("STRICT", str(is_strict).lower()))
    shop.waivers(*entries)
    exit_code, found = shop.findings()
    assert (exit_code, found[rule]["blocking"]) == ((1, True) if is_strict else (0, False))
    assert found["small-streams"]["status"] == "waived"


@pytest.mark.parametrize(
    "fields, owner, code",
    [
        ({"waivable": False}, "ann", 1),
        ({"waivable_by": ["finops"]}, "ann", 1),
        ({"waivable_by": ["finops"]}, "finops", 0),
    ],
)
def test_row_7_a_rule_says_whether_it_can_be_waived_and_by_whom(shop, fields, owner, code):
    shop.rule(**fields)
    shop.waivers({"owner": owner})
    assert shop.check().exit_code == code
    told = "yes, by finops" if "waivable_by" in fields else "no"
    assert f"waivable:    {told}\n" in shop.run("rules", "show", "small-streams").stdout


LEVELS = [
    ("advisory", {"enforcement": "advisory"}, 0),
    ("approval", {"enforcement": "approval"}, 1),
    ("mandatory", {}, 1),
    ("kept", {"params": {"shards": 4}}, 0),
    ("unknown", {"validations": [{"expression": "resource.after.arn == ''", "message": "x"}]}, 0),
    (
        "unknown, denied",
        {"validations": [{"expression": "resource.after.arn == ''", "message": "x"}], "on_unknown": "deny"},
        1,
    ),
    ("not a rule", {"validations": []}, 2),
    ("cannot be evaluated", {"validations": [{"expression": "double(resource.name) > 1.0", "message": "x"}]}, 2),
]


@pytest.mark.parametrize("fields, code", [case[1:] for case in LEVELS], ids=[case[0] for case in LEVELS])
def test_row_8_levels_and_errors_have_exit_codes_of_their_own(shop, fields, code):
    shop.plan(stream("a", 4, unknown={"arn": True}))
    shop.rule(**fields)
    assert shop.check().exit_code == code


def test_row_9_an_approval_holds_for_the_same_plan_and_for_no_further_instance(shop):
    shop.rule(enforcement="approval")
    given = shop.run("approve", "small-streams", "aws_kinesis_stream.a", "--by", "ann", "--reason", "x", *AT)
    assert given.exit_code == 0, given.stderr
    assert [shop.check().exit_code for _ in range(2)] == [0, 0]
    shop.plan(stream("a", 4), stream("b", 4))
    exit_code, found = shop.findings()
    assert (exit_code, found["small-streams"]["address"]) == (1, "aws_kinesis_stream.b")


@pytest.mark.parametrize("begins", [{}, {"effective_from": "2999-01-01"}])
def test_row_16_a_recorded_test_passes_until_the_threshold_is_another(shop, begins):
    shop.rule(**begins)
    shop.waivers({})  # what excuses a finding is no part of what its rule says
    shop.plan(stream("a", 4, after_sensitive={"name": True}))
    recorded = shop.run("rules", "record", "small-streams", "aws_kinesis_stream.a", "plan.json", "--write")
    assert recorded.exit_code == 0, recorded.stderr
    text = (shop.top / "policies/small-streams.yaml").read_text(encoding="utf-8")
    assert ("shard_count: 4" in text, "stream-a" in text) == (True, False)
    assert shop.run("rules", "test", "policies").exit_code == 0
    shop.write("policies/small-streams.yaml", text.replace("shards: 2", "shards: 4"))
    broken = shop.run("rules", "test", "policies")
    assert (broken.exit_code, "expected fail, got pass" in broken.stdout) == (1, True)


def test_row_18_formats_say_the_block_s_last_line_and_what_excuses_a_finding(shop):
    shop.write("main.tf", 'resource "aws_kinesis_stream" "a" {\n  name        = "a"\n  shard_count = 4\n}\n')
    shop.write("guardrail.yaml", CONFIG.replace("STRICT", "false").replace("plan: plan.json", "path: ."))
    assert (
        "::error file=main.tf,line=1,endLine=4,title=guardrail%3A small-streams::4 shards"
        in shop.check("--format", "github").stdout
    )
    (quality,) = json.loads(shop.check("--format", "gitlab").stdout)
    assert quality["location"] == {"path": "main.tf", "lines": {"begin": 1, "end": 4}}
    shop.waivers({"owner": "ann"})
    (result,) = json.loads(shop.check("--format", "sarif-suppressed").stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "endLine": 4}
    assert result["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Waived by ann until 2027-01-31, at any cost: agreed",
        }
    ]
    assert json.loads(shop.check("--format", "sarif").stdout)["runs"][0]["results"] == []
