"""`guardrail recommend` from the command line: what is recommended, its edit, dismissals, and exit codes."""

import json
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from guardrail.cli.commands.finops.recommend import KIND_NAMES
from guardrail.recommend.kinds import KINDS, OF_ACCOUNTS
from guardrail.recommend.output.shape import RecommendationsDocument

GIT = shutil.which("git") or "git"
SHOP = Path(__file__).parents[2] / "examples" / "shop"
VOLUMES = """
provider "aws" {
  region = "us-east-1"
}

resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  size              = 2000
  type              = "gp2"
}

resource "aws_ebs_volume" "many" {
  count             = 2
  availability_zone = "us-east-1a"
  size              = 100
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  instance_id = "i-1"
  volume_id   = aws_ebs_volume.data.id
}

resource "aws_volume_attachment" "many" {
  count       = 2
  device_name = "/dev/sdf"
  instance_id = "i-1"
  volume_id   = aws_ebs_volume.many[count.index].id
}
"""


@pytest.fixture
def folder(tmp_path):
    """A configuration with volumes of gp2."""
    (tmp_path / "main.tf").write_text(VOLUMES)
    return tmp_path


def recommended(run, *args, exit_code=0):
    """What `recommend` says, as JSON."""
    ran = run("recommend", "--now", "2026-11-20", "--format", "json", *args)
    assert ran.exit_code == exit_code, ran.stderr
    RecommendationsDocument.model_validate_json(ran.stdout)
    return json.loads(ran.stdout)


def by_address(found):
    return {one["address"]: one for one in found["recommendations"]}


@pytest.mark.usefixtures("folder")
def test_a_volume_keeps_the_iops_and_the_throughput_that_gp2_gives_it_by_its_size(run):
    found = by_address(recommended(run, "."))
    data = found["aws_ebs_volume.data"]
    assert {one["path"]: one["value"] for one in data["set"]} == {"type": "gp3", "iops": 6000, "throughput": 250}
    # 2,000 x 0.10 before; 2,000 x 0.08 + 3,000 x 0.005 + 125 x 0.04 after
    assert (data["monthly_before"], data["monthly_after"], data["saving"]) == ("200", "180", "20")
    assert data["proved"]
    assert data["edit"]["replacements"][0]["first_line"] == 9
    assert found["aws_ebs_volume.many[1]"]["saving"] == "2"
    assert {one["source"] for one in data["evidence"]} > {"aws-ebs-json"}, "the source of each price is told"


def test_the_edits_of_a_folder_lower_its_estimate_by_what_they_say(run, folder):
    said = recommended(run, ".")["totals"]
    subprocess.run([GIT, "init", "-q", folder], check=True)
    diff = run("recommend", ".", "--fix-diff")
    assert "3 of 3 recommendations edited; saves $24.00 a month" in diff.stderr
    before = json.loads(run("estimate", ".", "--format", "json").stdout)["totals"]["monthly_cost"]
    subprocess.run([GIT, "apply"], input=diff.stdout.encode(), cwd=folder, check=True)
    after = json.loads(run("estimate", ".", "--format", "json").stdout)["totals"]["monthly_cost"]
    assert (float(before) - float(after), float(said["saving"])) == (24, 24)
    assert "Nothing to recommend" in run("recommend", ".").stdout


def test_the_configuration_of_some_instances_only_is_not_edited(run, folder):
    text = VOLUMES.replace("size              = 100", "size              = count.index == 0 ? 100 : null")
    (folder / "main.tf").write_text(text)
    found = recommended(run, ".")
    assert by_address(found)["aws_ebs_volume.many[0]"]["no_edit"] == "the same lines also change aws_ebs_volume.many[1]"
    assert by_address(found)["aws_ebs_volume.data"]["proved"]
    (unknown,) = found["not_judged"]
    assert unknown["reason"] == "uses gp2 storage of a size that is not known"
    assert unknown["addresses"] == ["aws_ebs_volume.many[1]"]


def test_a_state_is_an_input(run, tmp_path):
    volume = {
        "availability_zone": "us-east-1a",
        "size": 100,
        "type": "gp2",
        "iops": 300,
        "throughput": 0,
        "id": "vol-1",
    }
    resource: dict[str, object] = {
        "address": "aws_ebs_volume.a",
        "mode": "managed",
        "type": "aws_ebs_volume",
        "name": "a",
    }
    resource |= {"provider_name": "registry.terraform.io/hashicorp/aws", "values": volume}
    state = {"format_version": "1.0", "values": {"root_module": {"resources": [resource]}}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    found = by_address(recommended(run, "state.json", "--only", "rightsizing"))
    assert found["aws_ebs_volume.a"]["saving"] == "2", "100 GB: 10.00 as gp2, 8.00 as gp3"
    assert found["aws_ebs_volume.a"]["no_edit"].startswith("the configuration of the plan was not found")
    assert run("check", "state.json").exit_code == 2, "a state is no plan to be checked"


def test_nothing_to_recommend_says_what_was_looked_at(run, tmp_path):
    (tmp_path / "main.tf").write_text('resource "aws_sqs_queue" "q" {}\n')
    ran = run("recommend", ".")
    assert ran.exit_code == 0
    assert ran.stdout.startswith("Nothing to recommend: 1 resource looked at for ")


def configure(folder, text):
    (folder / "guardrail.yaml").write_text(f"version: 1\nprojects: [{{name: shop, path: .}}]\n{text}")


def test_what_is_dismissed_is_not_in_the_sum_and_says_why(run, folder):
    configure(folder, "recommend: {dismissals: no.yaml}")
    (folder / "no.yaml").write_text(
        "dismissals:\n"
        "  - {kind: gp2-to-gp3, address: 'aws_ebs_volume.many*', reason: goes in March, expires: 2026-12-31, owner: ann}\n"
        "  - {kind: rightsizing, address: aws_ebs_volume.data, reason: later, expires: 2026-10-01}\n"
        "  - {kind: rightsizng, address: '*.x', reason: later, expires: 2027-10-01}\n"
    )
    found = recommended(run)
    assert found["totals"]["saving"] == "20"
    assert by_address(found)["aws_ebs_volume.many[0]"]["dismissal"]["reason"] == "goes in March"
    assert [note.partition(":")[2].partition(":")[2] for note in found["notes"]] == [
        " the dismissal of rightsizing for aws_ebs_volume.data expired on 2026-10-01: renew it, or follow the recommendation",
        ' the dismissal of rightsizng for *.x dismisses nothing: did you mean "rightsizing"?',
    ]
    assert (
        "Dismissed\n  $4.00  aws_ebs_volume.many[0], aws_ebs_volume.many[1]"
        in run("recommend", "--now", "2026-11-20").stdout
    )
    (folder / "no.yaml").write_text("dismissals: [{kind: rightsizing, address: a, expires: 2026-12-31}]\n")
    ran = run("recommend")
    assert ran.exit_code == 2
    assert "no.yaml:1" in ran.stderr
    assert "reason" in ran.stderr


def test_what_is_open_above_an_amount_blocks(run, folder):
    configure(folder, "recommend: {block_above: 19.99}")
    assert recommended(run, exit_code=1)["totals"]["blocking"] == 1
    configure(folder, "recommend: {block_above: 20}")
    assert recommended(run)["totals"]["blocking"] == 0


def test_what_breaks_a_rule_is_withheld(run, folder):
    (folder / "rules").mkdir()
    rule = {
        "id": "no-gp3",
        "title": "No gp3",
        "severity": "low",
        "enforcement": "mandatory",
        "match": {"types": ["aws_ebs_volume"]},
        "validations": [
            {"expression": "resource.after.type != 'gp3' || resource.after.size < 1000", "message": "is gp3"}
        ],
        "tests": [{"expect": "pass", "resource": {"type": "aws_ebs_volume", "attributes": {"type": "gp2"}}}],
    }
    (folder / "rules" / "no-gp3.yaml").write_text(json.dumps(rule))
    configure(folder, "rules: {paths: [rules]}")
    found = recommended(run)
    data = by_address(found)["aws_ebs_volume.data"]
    assert (data["status"], data["reason"]) == ("withheld", "it leads to another finding: no-gp3: is gp3")
    assert found["totals"]["saving"] == "4", "the others are kept"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_people_are_shown_the_same_sum(run, format_name):
    ran = run("recommend", ".", "--format", format_name)
    assert "$24.00" in unescape(ran.stdout.partition("\n")[0])


@pytest.mark.usefixtures("folder")
def test_an_unknown_kind_is_refused(run):
    ran = run("recommend", ".", "--only", "rightsizng")
    assert ran.exit_code == 2
    assert 'did you mean "rightsizing"' in ran.stderr
    assert (*KINDS, *OF_ACCOUNTS) == KIND_NAMES


def test_a_check_tells_what_is_recommended_for_what_changes_where_the_configuration_asks(run, folder):
    configure(folder, "recommend: {in_check: true}")
    document = json.loads(run("check", "--format", "json", "--now", "2026-11-20").stdout)
    found = [one for one in document["projects"][0]["findings"] if one["rule"] == "recommendation"]
    assert {one["address"] for one in found} == {
        *("aws_ebs_volume.data", "aws_ebs_volume.many[0]", "aws_ebs_volume.many[1]"),
    }
    assert all(one["enforcement"] == "advisory" and one["edit"] for one in found)
    markdown = run("check", "--format", "markdown").stdout
    assert "guardrail recommend --fix-diff` makes them" in markdown


def test_in_a_check_what_saves_more_than_may_be_open_blocks_until_it_is_waived_or_dismissed(run, folder):
    configure(folder, "recommend: {in_check: true, block_above: 10}\nwaivers: w.yaml")
    (folder / "w.yaml").write_text("waivers: []\n")
    assert run("check", "--now", "2026-11-20").exit_code == 1
    (folder / "w.yaml").write_text(
        "waivers: [{rule: recommendation, address: aws_ebs_volume.data, reason: later, expires: 2026-12-01, owner: ann}]\n"
    )
    ran = run("check", "--now", "2026-11-20")
    assert ran.exit_code == 0, ran.stdout


def test_what_a_change_leaves_alone_is_no_finding_of_its_check(run, tmp_path):
    values = {"availability_zone": "us-east-1a", "size": 100, "type": "gp2"}
    change = {"actions": ["no-op"], "before": values, "after": values, "after_unknown": {}}
    entry = {"address": "aws_ebs_volume.a", "mode": "managed", "type": "aws_ebs_volume", "name": "a", "change": change}
    plan = {
        "format_version": "1.2",
        "resource_changes": [{**entry, "provider_name": "registry.terraform.io/hashicorp/aws"}],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "guardrail.yaml").write_text("version: 1\nrecommend: {in_check: true}\n")
    ran = run("check", "plan.json", "--format", "json")
    assert [one for one in json.loads(ran.stdout)["projects"][0]["findings"] if one["rule"] == "recommendation"] == []
    assert run("recommend", "plan.json").stdout.startswith("1 recommendation: $2.00")


def test_what_is_not_in_the_sum_is_counted_once_and_marked_in_the_table(run):
    text = run("recommend", cwd=SHOP).stdout
    assert text.startswith("5 recommendations, 2 of them not in the sum: $111.63 of at least $1,600.49 a month")
    table = run("recommend", "--format", "markdown", cwd=SHOP).stdout
    assert "| &#36;112.13, not in the sum | <code>module.web.aws_launch_template.web</code>" in table
    assert "| &#36;9.93 | <code>aws_instance.bastion</code>" in table


def test_what_is_to_be_pasted_is_a_code_block_in_markdown_with_its_indents(run):
    page = run("recommend", "--format", "markdown", cwd=SHOP).stdout
    _, block, _ = page.split("```", 2)
    assert block.startswith("\npolicies:\n  - name: clean-up-aws-nat-gateway\n    resource: aws.nat-gateway\n")
    assert "        policies:\n          - name: clean-up" in run("recommend", cwd=SHOP).stdout
