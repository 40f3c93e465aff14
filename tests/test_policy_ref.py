"""Whose rules judge a change: the flag in the report, and rules read from before the change."""

import hashlib
import json
import subprocess

import pytest

from tests.platforms.fake_github import pull_request_event
from tests.terraform import plans

WEB = plans.change(
    "aws_instance.web", {"instance_type": "t3.large"}, type="aws_instance", name="web", provider_name="aws"
)
PLAN = json.dumps(plans.document(WEB))
CONFIG = """\
version: 1
rules: {packs: [], paths: [policies]}
waivers: waivers.yaml
projects: [{name: shop, plan: plan.json}]
pricing: {max_age: 99999d}
"""
RULE = """\
id: no-machines
title: No machines
severity: high
enforcement: mandatory
match: {types: [aws_instance], actions: [create, update, replace, no-op]}
validations: [{expression: "false", message: no machines}]
"""
OTHER = "# not a rule\n"


class Repository:
    """A git repository with a configuration at its top, committed as "base"."""

    def __init__(self, top):
        self.top = top
        self.git("init", "-q", "-b", "main")
        self.write("infra/guardrail.yaml", CONFIG)
        self.write("infra/policies/no-machines.yaml", RULE)
        self.write("infra/waivers.yaml", "waivers: []\n")
        self.write("infra/plan.json", PLAN)
        self.base = self.commit()

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self):
        self.git("add", "-A")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *args):
        ran = subprocess.run(["git", "-C", self.top, *args], capture_output=True, text=True, check=True)  # noqa: S607
        return ran.stdout


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repository").mkdir()
    return Repository(tmp_path / "repository")


@pytest.fixture
def check(run, tmp_path, monkeypatch, repository):
    """Check the plan as a job for a pull request does, and return exit code, report and what was said beside it."""

    def call(*args, base=None, cwd="infra", event_name="pull_request"):
        event = pull_request_event(base={"sha": base or repository.base, "repo": {"full_name": "octo/shop"}})
        (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setenv("GITHUB_ACTIONS", "true")
            patch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
            patch.setenv("GITHUB_EVENT_NAME", event_name)
            ran = run("check", "--format", "json", *args, cwd=repository.top / cwd)
        return ran.exit_code, json.loads(ran.stdout or "null"), ran.stderr

    return call


EDITS = {
    "infra/policies/no-machines.yaml": RULE.replace("mandatory", "advisory"),
    "infra/policies/another.yaml": RULE.replace("no-machines", "another"),
    "infra/guardrail.yaml": CONFIG.replace("paths: [policies]", "paths: []"),
    "infra/waivers.yaml": "waivers: [{rule: x, address: y, reason: z, expires: 2999-01-01}]\n",
}


@pytest.mark.parametrize("name", EDITS)
def test_a_change_of_rules_or_waivers_is_flagged(check, repository, name):
    repository.write(name, EDITS[name])
    repository.commit()
    _, report, _ = check()
    assert name in [one["path"] for one in report["inputs"] if one["origin"] == "change"]


@pytest.mark.parametrize("event, warned", [("pull_request", False), ("pull_request_target", True)])
def test_a_privileged_run_on_the_change_itself_is_warned_of(check, event, warned):
    _, report, _ = check(event_name=event)
    assert ("a privileged run (pull_request_target) reads plan and rules" in " ".join(report["warnings"])) == warned
    _, report, _ = check("--policy-ref", "base", event_name=event)
    assert "privileged" not in " ".join(report["warnings"])


TYPES = RULE.replace('"false"', "(resource.after.instance_type in params.types) == false") + "params: {types: []}\n"
FROM_FILE = CONFIG.replace(
    "paths: [policies]", "paths: [policies], set: {no-machines: {params_from: {types: types.csv}}}"
)


def test_parameters_from_a_file_are_part_of_the_policy(check, repository):
    repository.write("infra/policies/no-machines.yaml", TYPES)
    repository.write("infra/guardrail.yaml", FROM_FILE)
    repository.write("infra/types.csv", "type\nt3.large\n")
    base = repository.commit()
    code, _, said = check(base=base)
    assert code == 1, said
    repository.write("infra/types.csv", "type\n")
    repository.commit()
    code, report, _ = check(base=base)
    assert code == 0
    assert "infra/types.csv" in [one["path"] for one in report["inputs"] if one["origin"] == "change"]
    code, report, _ = check("--policy-ref", "base", base=base)
    assert code == 1
    assert "infra/types.csv" in [one["path"] for one in report["inputs"] if one["origin"] == "base"]
    (repository.top / "infra/types.csv").unlink()
    code, _, said = check(base=base)
    assert (code, "rules.set.no-machines.params_from.types: no such file: types.csv" in said) == (2, True)


def test_other_changes_are_not_flagged(check, repository):
    repository.write("infra/main.tf", OTHER)
    repository.write("policies/elsewhere.yaml", RULE)
    repository.commit()
    code, report, said = check()
    assert (code, report["warnings"], said) == (1, [], "")


def test_what_happened_on_the_base_meanwhile_is_not_flagged(check, repository):
    repository.git("checkout", "-q", "-b", "feature")
    repository.write("infra/main.tf", OTHER)
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("infra/waivers.yaml", EDITS["infra/waivers.yaml"])
    base = repository.commit()
    repository.git("checkout", "-q", "feature")
    assert check(base=base)[1]["warnings"] == []


def test_a_base_that_is_not_there_is_said_and_stops_nothing(check):
    code, report, said = check(base="f" * 40)
    assert code == 1
    assert report["warnings"] == []
    assert "cannot tell whether the change edits the policy that it is checked by" in said
    assert "fetch-depth: 0" in said


@pytest.mark.parametrize("cwd, name", [*(("infra", name) for name in EDITS), (".", "infra/policies/no-machines.yaml")])
def test_policy_ref_base_judges_by_the_rules_of_before(check, repository, name, cwd):
    config = [] if cwd == "infra" else ["--config", "infra/guardrail.yaml"]
    before = check(*config, cwd=cwd)[1]
    repository.write(name, EDITS[name])
    repository.commit()
    code, report, _ = check("--policy-ref", "base", *config, cwd=cwd)
    assert code == 1
    assert report["projects"][0]["findings"] == before["projects"][0]["findings"]
    ours, *loosened = report["warnings"]
    assert ours == f"rules, waivers and usage are those of {repository.base[:12]}, not of this change"
    assert all(line.startswith("this change ") for line in loosened)


def test_policy_ref_base_reads_the_plan_of_the_working_tree(check, repository):
    plan = json.loads(PLAN)
    repository.write("infra/plan.json", json.dumps({**plan, "resource_changes": []}))
    repository.commit()
    assert check("--policy-ref", "base")[:1] == (0,)


def test_a_configuration_that_the_change_removes_is_still_the_base_s(check, repository):
    repository.git("rm", "-q", "infra/guardrail.yaml")
    repository.commit()
    assert check("--policy-ref", "base")[0] == 1


def test_any_revision_can_be_named(check, repository):
    repository.git("tag", "good")
    repository.write("infra/guardrail.yaml", EDITS["infra/guardrail.yaml"])
    repository.commit()
    assert check("--policy-ref", "good")[0] == 1
    assert check("--policy-ref", "head")[0] == 0


@pytest.mark.parametrize("revision", ["f" * 40, "none", "--output=x", "HEAD:infra"])
def test_a_missing_commit_is_2_and_never_silently_head(check, revision):
    code, report, said = check("--policy-ref", revision)
    assert (code, report) == (2, None)
    assert "is not in this checkout" in said
    assert "fetch-depth: 0" in said


def test_the_first_configuration_judges_the_change_that_brings_it(check, repository):
    repository.git("rm", "-q", "-r", "infra")
    base = repository.commit()
    repository.write("infra/guardrail.yaml", "version: 1\nprojects: [{name: shop, plan: plan.json}]\n")
    repository.write("infra/plan.json", PLAN)
    repository.commit()
    code, report, _ = check("--policy-ref", "base", base=base)
    assert code == 0
    assert (
        f"{base[:12]} has no guardrail.yaml: this change is judged by the one that it brings along"
        in report["warnings"]
    )
    assert [one["origin"] for one in report["inputs"] if one["kind"] == "settings"] == ["change"]


def test_a_workflow_that_is_called_like_our_file_is_no_policy(run, repository):
    """The base has the workflow, and the change brings guardrail.yaml in beside it."""
    repository.git("rm", "-q", "-r", "infra")
    repository.write("ci/guardrail.yml", "on: [push]\njobs: {}\n")
    base = repository.commit()
    repository.write("ci/.guardrail.yaml", CONFIG)
    repository.write("ci/policies/no-machines.yaml", RULE)
    repository.write("ci/waivers.yaml", "waivers: []\n")
    repository.write("ci/plan.json", PLAN)
    repository.commit()
    assert run("check", "--policy-ref", base, cwd=repository.top / "ci").exit_code == 1


def test_a_second_configuration_is_not_in_the_base(check, repository):
    repository.write("other/guardrail.yaml", "version: 1\n")
    repository.commit()
    code, _, said = check("--policy-ref", "base", cwd="other")
    assert code == 2
    assert "that commit has no guardrail.yaml" in said


def test_without_an_event_base_is_unknown(run, repository):
    ran = run("check", "--policy-ref", "base", cwd=repository.top / "infra")
    assert ran.exit_code == 2
    assert "the base commit is not known here" in ran.stderr


def test_outside_of_git_there_is_no_revision(run, tmp_path):
    ran = run("check", "--policy-ref", "main", cwd=tmp_path)
    assert ran.exit_code == 2
    assert "not in a git checkout" in ran.stderr


def test_report_reads_budgets_of_the_base(run, repository, check):
    _, report, _ = check()
    for name in ("a", "b"):
        text = json.dumps({**report, "projects": [{**report["projects"][0], "name": name, "findings": []}]})
        (repository.top / f"{name}.json").write_text(text, encoding="utf-8")
    repository.write("guardrail.yaml", "version: 1\nrules: {packs: [budget]}\nbudgets: [{name: all, increase: 1}]\n")
    strict = repository.commit()
    repository.write("guardrail.yaml", "version: 1\nrules: {packs: [budget]}\nbudgets: []\n")
    repository.commit()
    assert run("report", "a.json", "b.json", cwd=repository.top).exit_code == 0
    assert run("report", "a.json", "b.json", "--policy-ref", strict, cwd=repository.top).exit_code == 1


PACK = ".guardrail/packs/acme/no-machines.yaml"


@pytest.fixture
def packed(repository, run):
    """The rule comes from a pack that is outside of the repository and was fetched."""
    organization = repository.top.parent / "organization"
    organization.mkdir()
    (organization / "no-machines.yaml").write_text(RULE, encoding="utf-8")
    text = CONFIG.replace("paths: [policies]", "sources: {acme: {folder: ../../organization}}")
    repository.write("infra/guardrail.yaml", text)
    repository.git("rm", "-q", "-r", "infra/policies")
    assert run("rules", "fetch", cwd=repository.top / "infra").exit_code == 0
    repository.base = repository.commit()
    return organization


def test_a_change_that_edits_a_pack_and_its_lock_does_not_choose_its_judge(check, repository, run, packed):
    code, report, _ = check()
    assert code == 1
    assert [one["path"] for one in report["inputs"] if one["kind"] == "rules"] == [
        f"infra/{PACK}",
        "infra/guardrail.lock",
    ]
    (packed / "no-machines.yaml").write_text(RULE.replace("mandatory", "advisory"), encoding="utf-8")
    assert run("rules", "fetch", "--update", cwd=repository.top / "infra").exit_code == 0
    repository.commit()
    code, report, _ = check()
    assert code == 0
    edited = [one["path"] for one in report["inputs"] if one["origin"] == "change"]
    assert edited == [f"infra/{PACK}", "infra/guardrail.lock"]
    code, report, _ = check("--policy-ref", "base")
    assert code == 1
    listed = {one["path"]: one for one in report["inputs"]}
    assert {listed[name]["origin"] for name in (f"infra/{PACK}", "infra/guardrail.lock")} == {"base"}
    assert listed[f"infra/{PACK}"]["sha256"] == hashlib.sha256(RULE.encode()).hexdigest()


def test_rules_outside_of_the_repository_are_read_where_they_lie(check, repository, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "no-machines.yaml").write_text(RULE, encoding="utf-8")
    for name in ("../../rules", str(tmp_path / "rules")):
        repository.write("infra/guardrail.yaml", CONFIG.replace("[policies]", f"['{name}']"))
        base = repository.commit()
        code, report, _ = check("--policy-ref", base)
        assert code == 1
        assert [one["origin"] for one in report["inputs"] if one["kind"] == "rules"] == ["outside"]


def test_an_absolute_path_into_the_repository_is_no_way_around_the_base(check, repository):
    name = repository.top / "infra" / "policies"
    repository.write("infra/guardrail.yaml", CONFIG.replace("[policies]", f"['{name}']"))
    base = repository.commit()
    repository.write("infra/policies/no-machines.yaml", EDITS["infra/policies/no-machines.yaml"])
    repository.commit()
    assert check("--policy-ref", base)[0] == 1
    assert check()[0] == 0


@pytest.fixture
def submodule(repository):
    """The rules lie in a submodule; returns the repository that it is of."""
    rules = Repository.__new__(Repository)
    rules.top = repository.top.parent / "rules"
    rules.top.mkdir()
    rules.git("init", "-q", "-b", "main")
    rules.write("no-machines.yaml", RULE)
    rules.commit()
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(rules.top), "infra/org")
    repository.write("infra/guardrail.yaml", CONFIG.replace("[policies]", "[org]"))
    repository.base = repository.commit()
    return rules


def test_rules_of_a_submodule_are_those_of_its_commit_in_the_base(check, repository, submodule):
    submodule.write("no-machines.yaml", EDITS["infra/policies/no-machines.yaml"])
    submodule.commit()
    repository.git("-C", "infra/org", "-c", "protocol.file.allow=always", "pull", "-q")
    repository.commit()
    assert check()[0] == 0
    code, report, _ = check("--policy-ref", "base")
    assert code == 1
    assert [one["origin"] for one in report["inputs"] if one["kind"] == "rules"] == ["base"]


@pytest.mark.usefixtures("submodule")
def test_a_submodule_that_is_not_there_is_named(check, repository):
    repository.git("submodule", "deinit", "-q", "-f", "infra/org")
    code, _, said = check("--policy-ref", "base")
    assert code == 2
    assert "guardrail.yaml:2: rules.paths.0: org is in the submodule infra/org, whose commit" in said
    code, _, said = check()
    assert code == 2
    assert "holds no rules" in said
    assert "git submodule update --init" in said


SNAPSHOT = '{"schema":"guardrail.ledger-snapshot/v1","tool":"1","generated_at":"2026-11-10T00:00:00Z","currency":"USD","cost":"billed","month":null}'


def test_policy_ref_base_reads_the_snapshot_of_before(check, repository):
    repository.write("infra/guardrail.yaml", f"{CONFIG}ledger: {{snapshot: snapshot.json, max_age: 99999d}}\n")
    repository.commit()

    def known():
        report = check("--policy-ref", "HEAD", "--now", "2026-11-11")[1]
        return report["ledger"]["why"], [one["origin"] for one in report["inputs"] if "snapshot" in one["kind"]]

    assert known() == ("snapshot.json is not there", [])
    repository.write("infra/snapshot.json", SNAPSHOT)
    assert known() == ("", ["change"])  # no commit has it: the run has made it
    repository.git("add", "-A")
    assert known() == ("snapshot.json is not there", [])
    repository.commit()
    assert known() == ("", ["base"])
    repository.write("infra/snapshot.json", "{")
    assert known() == ("", ["base"])
