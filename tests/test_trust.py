"""What a change may supply of what it is judged by: nothing from before it is replaced, and what is its own is named."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from guardrail.config import ConfigFile
from guardrail.config.file import RulesConfig
from guardrail.files.remembered import remember, remembered

ROOT = Path(__file__).parent.parent

BIG = """
resource "aws_instance" "big" {
  instance_type = "p4d.24xlarge"
  tags          = { team = "a" }
}
"""
WEB = """
provider "aws" {
  region = "us-east-1"
}

resource "aws_instance" "web" {
  instance_type = "t3.micro"
  tags          = { team = "a" }
}
"""
RULE = """\
id: no-gpu
title: No GPU
severity: high
enforcement: mandatory
match: {types: [aws_instance]}
validations: [{expression: '!resource.after.instance_type.startsWith("p4")', message: no GPU}]
"""
CONFIG = """\
version: 1
projects: [{name: infra, path: infra, usage: usage.yml}]
rules: {packs: [budget], paths: [policies]}
waivers: waivers.yaml
budgets: [{name: all, monthly: 100}]
pricing: {overlay: overlay.yaml, rates: rates.yaml, definitions: [definitions]}
"""
USAGE = "version: 0.1\nresource_usage: {}\n"
DEFINITION = """\
schema = 1
docs = "https://example.com/prices"
[[component]]
name = "Whole"
unit = "months"
quantity = 1
price = { service = "AmazonEC2", family = "NAT Gateway", usagetype = "~NatGateway-Hours$" }
"""
WAIVE_ALL = """\
waivers:
  - {rule: no-gpu, address: "*", reason: because, owner: me, expires: 2999-01-01}
  - {rule: budget-exceeded, address: "*", reason: because, owner: me, expires: 2999-01-01}
"""
FREE = """\
version: 1
discounts: [{service: AmazonEC2, percent: 99.99, source: nowhere, as_of: 2026-11-01}]
"""
BLOCKED = ["budget-exceeded", "expensive-resource", "no-gpu"]


class Repository:
    """A repository whose strict configuration is committed on main; the change is on a branch of its own."""

    def __init__(self, top):
        self.top = top

    def begin(self):
        """Commit what is on main, and go on on the branch."""
        self.git("init", "-q", "-b", "main")
        for name, text in {
            "guardrail.yaml": CONFIG,
            "policies/no-gpu.yaml": RULE,
            "waivers.yaml": "waivers: []\n",
            "usage.yml": USAGE,
            "overlay.yaml": "version: 1\n",
            "rates.yaml": "version: 1\nbase: USD\nrates: {}\n",
            "definitions/aws/aws_private_thing.toml": DEFINITION,
            "infra/main.tf": WEB,
            ".github/workflows/guardrail.yml": "on: pull_request\n# guardrail check\n",
        }.items():
            self.write(name, text)
        self.commit()
        self.git("checkout", "-q", "-b", "change")

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def link(self, name, target):
        path = self.top / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def commit(self):
        self.git("add", "-Af")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x", "--allow-empty")

    def git(self, *args):
        return subprocess.run(["git", "-C", self.top, *args], capture_output=True, text=True, check=True).stdout  # noqa: S607


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    Repository(folder).begin()
    return folder


@pytest.fixture
def repository(begun, tmp_path):
    return Repository(shutil.copytree(begun, tmp_path / "repository"))


@pytest.fixture
def check(run, repository):
    """Commit the change, and check it as a strict job does: exit code and report."""

    def call(*args, strict=True, commit=True):
        if commit:
            repository.commit()
        which = ["--policy-ref", "main"] if strict else []
        ran = run("check", "--base", "main", *which, "--format", "json", *args, cwd=repository.top)
        return ran.exit_code, json.loads(ran.stdout or "null"), ran.stderr

    return call


def blocking(report):
    found = [*report["findings"], *(one for project in report["projects"] for one in project["findings"])]
    return sorted({one["rule"] for one in found if one["blocking"]})


def origins(report, kind=None):
    return {one["path"]: one["origin"] for one in report["inputs"] if kind in {None, one["kind"]}}


CATALOG_OF_ITS_OWN = CONFIG.replace("pricing: {", "pricing: {catalog: mine.sqlite, ")
EXCUSES = {
    "usage of the change": {"usage.yml": "version: 0.1\nresource_usage: {aws_instance.big: {monthly_hrs: 0.01}}\n"},
    "waivers": {"waivers.yaml": WAIVE_ALL},
    "rule made advisory": {"policies/no-gpu.yaml": RULE.replace("mandatory", "advisory")},
    "rule that never fails": {
        "policies/no-gpu.yaml": RULE.replace('!resource.after.instance_type.startsWith("p4")', "true")
    },
    "rules path": {"guardrail.yaml": CONFIG.replace("paths: [policies]", "paths: []")},
    "budget raised": {"guardrail.yaml": CONFIG.replace("monthly: 100", "monthly: 99999")},
    "overlay": {"overlay.yaml": FREE},
    "definitions folder": {"definitions/aws/aws_instance.toml": DEFINITION},
    "catalog named by guardrail.yaml": {"guardrail.yaml": CATALOG_OF_ITS_OWN, "mine.sqlite": "not a catalog"},
    "project removed": {"guardrail.yaml": CONFIG.replace("path: infra,", "path: policies,")},
    "guardrail.yaml nearer": {"infra/guardrail.yaml": "version: 1\n"},
    "inline waiver": {"infra/main.tf": WEB + '# guardrail:ignore no-gpu until=2999-01-01 reason="because"' + BIG},
}


@pytest.mark.parametrize("files", EXCUSES.values(), ids=EXCUSES.keys())
def test_a_change_cannot_excuse_itself(check, repository, files):
    repository.write("infra/main.tf", WEB + BIG)
    for name, text in files.items():
        repository.write(name, text)
    code, report, said = check()
    assert (code, said) == (1, "")
    assert blocking(report) == BLOCKED


LINKED = ["usage.yml", "waivers.yaml", "overlay.yaml", "policies/no-gpu.yaml"]


@pytest.mark.parametrize("name", LINKED)
def test_a_link_in_place_of_a_file_changes_nothing(check, repository, name):
    repository.write("infra/main.tf", WEB + BIG)
    repository.write("elsewhere.yaml", {"usage.yml": USAGE, "waivers.yaml": WAIVE_ALL}.get(name, ""))
    depth = "../" * name.count("/")
    repository.link(name, f"{depth}elsewhere.yaml")
    code, report, _ = check()
    assert (code, blocking(report)) == (1, BLOCKED)


def test_links_of_the_base_are_followed(check, repository):
    repository.git("checkout", "-q", "main")
    repository.git("mv", "policies", "shared")
    repository.link("policies", "shared")
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.write("infra/main.tf", WEB + BIG)
    assert blocking(check()[1]) == BLOCKED


@pytest.mark.parametrize(
    "name, kind",
    [
        ("usage.yml", "usage"),
        ("waivers.yaml", "waivers"),
        ("overlay.yaml", "overlay"),
        ("rates.yaml", "rates"),
        ("policies/no-gpu.yaml", "rules"),
        ("policies/another.yaml", "rules"),
        ("definitions/aws/aws_private_thing.toml", "definitions"),
        ("guardrail.yaml", "settings"),
        (".github/workflows/guardrail.yml", "workflow"),
    ],
)
def test_what_judges_and_is_the_change_s_own_is_named(check, repository, name, kind):
    path = repository.top / name
    text = path.read_text(encoding="utf-8") if path.exists() else RULE.replace("no-gpu", "another")
    comment = f"\n# edited by {kind}\n"
    repository.write(name, text + comment)
    _, report, _ = check(strict=False)
    assert [(one["path"], one["kind"]) for one in report["inputs"] if one["origin"] == "change"] == [(name, kind)]


@pytest.mark.parametrize("form", ["table", "markdown", "concise"])
def test_every_report_for_people_names_it(run, repository, form):
    repository.write("waivers.yaml", "waivers: []\n# edited\n")
    ran = run("check", "--base", "main", "--format", form, cwd=repository.top)
    assert "his change edits the policy that it is checked by: waivers.yaml (waivers)" in ran.stdout


def test_inputs_have_hashes_and_say_who_wrote_them(check, repository, tmp_path):
    repository.write("infra/terraform.tfvars", 'a = "b"\n')
    (tmp_path / "usage.yml").write_text(USAGE, encoding="utf-8")
    _, report, _ = check("--usage-file", str(tmp_path / "usage.yml"))
    assert all(len(one["sha256"]) == 64 for one in report["inputs"])
    assert origins(report, "settings") == {"guardrail.yaml": "base"}
    assert origins(report, "rules") == {"policies/no-gpu.yaml": "base"}
    assert origins(report, "configuration") == {"infra/main.tf": "base"}
    assert origins(report, "variables") == {"infra/terraform.tfvars": "change"}
    assert list(origins(report, "usage").values()) == ["outside"]
    assert list(origins(report, "catalog").values()) == ["outside"]


def test_what_nobody_compares_has_no_known_origin(run, repository):
    ran = run("check", "--format", "json", cwd=repository.top)
    assert origins(json.loads(ran.stdout), "configuration") == {"infra/main.tf": "not-known"}


def test_a_file_that_a_flag_names_is_the_base_s(check, repository):
    repository.write("infra/main.tf", WEB + BIG)
    repository.write("usage.yml", "version: 0.1\nresource_usage: {aws_instance.big: {monthly_hrs: 0.01}}\n")
    assert check("--usage-file", "usage.yml")[0] == 1
    repository.write("new.yml", USAGE)
    code, _, said = check("--usage-file", "new.yml")
    assert code == 2
    assert "new.yml: is not in that commit" in said


@pytest.mark.parametrize("option, name", [("--config", "guardrail.yaml"), ("--usage-file", "usage.yml")])
def test_a_link_to_a_laxer_file_of_the_base_changes_nothing(check, repository, option, name):
    repository.git("checkout", "-q", "main")
    repository.write(
        "lax/guardrail.yaml", "version: 1\nprojects: [{name: infra, path: ../infra}]\nrules: {packs: []}\n"
    )
    repository.write("lax/usage.yml", "version: 0.1\nresource_usage: {aws_instance.big: {monthly_hrs: 0.01}}\n")
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.write("infra/main.tf", WEB + BIG)
    repository.link(name, f"lax/{name}")
    code, report, _ = check(option, name)
    assert (code, blocking(report)) == (1, BLOCKED)


def test_a_policy_from_outside_of_the_repository_stays_what_it_is(check, repository, tmp_path):
    lax = "version: 1\nrules: {packs: []}\nbudgets: []\n"
    (tmp_path / "guardrail.yaml").write_text(
        lax + f"projects: [{{name: a, path: {repository.top}/infra}}]\n", encoding="utf-8"
    )
    code, report, _ = check("--config", str(tmp_path / "guardrail.yaml"))
    assert (code, list(origins(report, "settings").values())) == (0, ["outside"])


NOTHING = json.dumps({"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {}}})


@pytest.mark.parametrize("name", ["plan.json", "tfplan.json"])
@pytest.mark.parametrize("strict", [True, False])
def test_a_plan_of_the_repository_is_not_taken_for_the_truth(check, repository, name, strict):
    repository.write("infra/main.tf", WEB + BIG)
    repository.write(f"infra/{name}", NOTHING)
    code, report, _ = check("infra", strict=strict)
    assert (code, blocking(report)) == (1, BLOCKED)
    assert f"infra/{name} is part of the repository: the configuration beside it is checked" in str(report["projects"])


def test_a_plan_is_believed_where_it_is_named_or_made_by_the_run(run, repository):
    repository.write("infra/plan.json", NOTHING)
    repository.write(".gitignore", "plan.json\n")
    ran = run("check", "infra", "--format", "json", "--policy-ref", "main", cwd=repository.top)
    assert origins(json.loads(ran.stdout), "plan") == {"infra/plan.json": "outside"}
    repository.commit()
    ran = run("check", "infra/plan.json", "--format", "json", "--policy-ref", "main", cwd=repository.top)
    assert origins(json.loads(ran.stdout), "plan") == {"infra/plan.json": "change"}


def test_a_plan_that_git_does_not_ignore_is_none_of_the_run_s_where_it_counts(run, repository):
    repository.write("infra/plan.json", NOTHING)
    strict = run("check", "infra", "--format", "json", "--policy-ref", "main", cwd=repository.top)
    assert origins(json.loads(strict.stdout), "plan") == {}
    lax = run("check", "infra", "--format", "json", cwd=repository.top)
    assert set(origins(json.loads(lax.stdout), "plan")) == {"infra/plan.json"}


def test_a_folder_with_nothing_but_a_committed_plan_is_not_read(check, repository):
    repository.write("made/plan.json", NOTHING)
    code, _, said = check("made")
    assert code == 2
    assert "made/plan.json: is part of the repository" in said


CALL = """
module "gpu" {
  source        = "terraform-aws-modules/ec2-instance/aws"
  version       = "5.0.0"
  instance_type = "p4d.24xlarge"
}
"""
MANIFEST = "infra/.terraform/modules/modules.json"


def manifest(folder):
    source = "registry.terraform.io/terraform-aws-modules/ec2-instance/aws"
    return json.dumps({"Modules": [{"Key": "gpu", "Source": source, "Version": "5.0.0", "Dir": folder}]})


def not_evaluated(report):
    return [one["address"] for project in report["projects"] for one in project["not_evaluated"]]


@pytest.mark.parametrize("folder", ["x", ".terraform/modules/gpu", ".terraform/modules/../../x"])
@pytest.mark.parametrize("place", [MANIFEST, "faked/modules/modules.json"])
def test_a_manifest_of_the_repository_is_not_believed(check, repository, folder, place):
    repository.write("infra/main.tf", WEB + CALL)
    for name in ("x", ".terraform/modules/gpu"):
        repository.write(f"infra/{name}/main.tf", "# nothing\n")
    if place == MANIFEST:
        repository.write(place, manifest(folder))
    else:
        repository.write(place, manifest(folder))
        repository.git("rm", "-rq", "--cached", "--ignore-unmatch", "infra/.terraform")
        (repository.top / "infra/.terraform/modules/gpu/main.tf").rename(repository.top / "faked/main.tf")
        for empty in ("infra/.terraform/modules/gpu", "infra/.terraform/modules", "infra/.terraform"):
            (repository.top / empty).rmdir()
        (repository.top / "infra/.terraform").symlink_to("../faked")
    _, report, _ = check()
    assert not_evaluated(report) == ["module.gpu"]
    assert f"{MANIFEST} is part of the repository, and not believed" in str(report["projects"])
    assert origins(report, "module manifest") == {MANIFEST: "change"}


def test_a_manifest_that_init_wrote_is_believed_for_the_folder_it_fetches_to(check, repository):
    repository.write(".gitignore", ".terraform\n")
    repository.write("infra/main.tf", WEB + CALL)
    repository.commit()
    repository.write("infra/.terraform/modules/gpu/main.tf", BIG)
    repository.write(MANIFEST, manifest(".terraform/modules/gpu"))
    _, report, _ = check(commit=False)
    assert not_evaluated(report) == []
    assert origins(report, "module manifest") == {MANIFEST: "outside"}
    assert [one["address"] for one in report["projects"][0]["resources"]] == [
        "aws_instance.web",
        "module.gpu.aws_instance.big",
    ]


UNKNOWN = BIG.replace("{\n", "{\n  count = var.none\n", 1) + 'variable "none" {}\n'
HIDDEN = {
    "a count that nobody gives": UNKNOWN,
    "a module that is not here": CALL,
    "a file of the machine": BIG.replace("{\n", '{\n  for_each = toset([file("/etc/hostname")])\n', 1),
    "a folder of the machine": BIG.replace("{\n", '{\n  for_each = fileset(abspath(path.module), "*.tf")\n', 1),
    "where it runs": BIG.replace("{\n", '{\n  count = path.cwd == "" ? 0 : 1\n', 1),
    "a home": BIG.replace("{\n", '{\n  count = length(pathexpand("~")) > 9 ? 0 : 1\n', 1),
}
DENY = CONFIG + "on_incomplete: deny\n"


@pytest.fixture
def denies(repository):
    repository.git("checkout", "-q", "main")
    repository.write("guardrail.yaml", DENY)
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")


@pytest.mark.usefixtures("denies")
@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_a_change_adds_and_nobody_can_evaluate_blocks_where_asked(check, repository, text):
    repository.write("infra/main.tf", WEB + text)
    code, report, _ = check()
    assert (code, blocking(report)) == (1, ["incomplete-configuration"])


@pytest.mark.usefixtures("denies")
def test_what_could_not_be_evaluated_before_does_not_block(check, repository):
    repository.git("checkout", "-q", "main")
    repository.write("infra/main.tf", WEB + CALL)
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.write("infra/more.tf", BIG.replace("p4d.24xlarge", "t3.micro"))
    code, report, _ = check()
    assert (code, report["verdict"], blocking(report)) == (0, "warn", [])
    repository.write("infra/more.tf", CALL.replace("gpu", "second"))
    assert (check()[0], blocking(check()[1])) == (1, ["incomplete-configuration"])


COUNTED = UNKNOWN.replace("p4d.24xlarge", "t3.micro")
LOCAL = COUNTED.replace('"t3.micro"', "local.size")
MODULE = UNKNOWN.split("variable")[0].replace("count = var.none", "").replace('"p4d.24xlarge"', "var.size")
CALLED = """
module "gpu" {
  source = "../gpu"
  count  = var.none
  size   = "t3.micro"
}
variable "none" {}
"""
GPU = MODULE + 'variable "size" {}\n'
EDITS = {
    "its own text": (WEB + COUNTED, {"infra/main.tf": WEB + UNKNOWN}),
    "a local": (
        WEB + LOCAL + 'locals {\n  size = "t3.micro"\n}\n',
        {"infra/main.tf": WEB + LOCAL + 'locals {\n  size = "p4d.24xlarge"\n}\n'},
    ),
    "a call": (WEB + CALL.replace("p4d.24xlarge", "t3.micro"), {"infra/main.tf": WEB + CALL}),
    "an argument": (WEB + CALLED, {"infra/main.tf": WEB + CALLED.replace("t3.micro", "p4d.24xlarge")}),
    "the module": (WEB + CALLED, {"gpu/main.tf": GPU.replace("var.size", '"p4d.24xlarge"')}),
    "a value": (
        WEB + COUNTED.replace('"t3.micro"', "var.size") + 'variable "size" {}\n',
        {"infra/terraform.tfvars": 'size = "p4d.24xlarge"\n'},
    ),
}


@pytest.mark.usefixtures("denies")
@pytest.mark.parametrize("before, edit", EDITS.values(), ids=EDITS.keys())
def test_an_edit_of_what_could_not_be_evaluated_before_blocks_where_asked(check, repository, before, edit):
    repository.git("checkout", "-q", "main")
    repository.write("gpu/main.tf", GPU)
    repository.write("infra/terraform.tfvars", 'size = "t3.micro"\n')
    repository.write("infra/main.tf", before)
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.write("infra/main.tf", "\n# moved down, and spaced in another way\n" + before.replace(" = ", "   = "))
    assert (check()[0], blocking(check()[1])) == (0, [])
    for name, text in edit.items():
        repository.write(name, text)
    assert blocking(check()[1]) == ["incomplete-configuration"]


def test_by_default_it_warns(check, repository):
    repository.write("infra/main.tf", WEB + UNKNOWN)
    code, report, _ = check()
    assert (code, report["verdict"], blocking(report)) == (0, "warn", [])


def rules(report):
    return {one["rule"]: one["file"] for one in report["findings"]}


def test_a_root_module_of_no_project_is_a_finding(check, repository):
    repository.write("other/main.tf", WEB + BIG)
    code, report, _ = check()
    assert (code, report["verdict"], rules(report)) == (0, "warn", {"uncovered-root": "other/main.tf"})


@pytest.mark.usefixtures("denies")
def test_a_root_module_that_moves_out_of_every_project_blocks(check, repository):
    repository.git("mv", "infra", "moved")
    repository.write("moved/main.tf", WEB + BIG)
    repository.write("infra/main.tf", "# moved\n")
    code, report, _ = check()
    assert (code, blocking(report)) == (1, ["uncovered-root"])


@pytest.mark.usefixtures("denies")
def test_a_project_that_the_change_removes_is_still_judged(check, repository):
    repository.write("guardrail.yaml", DENY.replace("path: infra,", "path: policies,"))
    repository.write("infra/main.tf", WEB + BIG)
    assert blocking(check()[1]) == BLOCKED


def test_what_is_no_root_module_of_its_own_is_none_of_a_project(check, repository):
    repository.write("infra/main.tf", WEB + 'module "net" {\n  source = "../net"\n}\n')
    repository.write("net/main.tf", WEB)
    repository.write("examples/simple/main.tf", WEB)
    repository.write("only/variables.tf", 'variable "a" {}\n')
    assert rules(check()[1]) == {}


def test_which_folders_are_no_roots_is_for_the_base_to_say(check, repository):
    repository.write("guardrail.yaml", CONFIG + "not_roots: [other]\n")
    repository.write("other/main.tf", BIG)
    assert rules(check()[1]) == {"uncovered-root": "other/main.tf"}


def test_the_strict_example_denies_what_is_incomplete(run):
    path = ROOT / "examples" / "strict" / "guardrail.yaml"
    assert run("validate", "--config", str(path)).exit_code == 0
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["on_incomplete"] == "deny"


PLAN = '{"format_version": "1.2", "resource_changes": [], "configuration": {"root_module": {}}}'


@pytest.fixture
def check_plan(repository, run):
    """Check a plan that the job makes, as a project whose `source` names the folder that it is made from."""

    def call(plan, source, files):
        config = CONFIG.replace("path: infra,", f"plan: {plan}, " + (f"source: {source}," if source else ""))
        repository.git("checkout", "-q", "main")
        repository.write("guardrail.yaml", config)
        repository.write(".gitignore", "*.json\n")
        repository.commit()
        repository.git("checkout", "-q", "change")
        repository.git("reset", "-q", "--hard", "main")
        for name, text in files.items():
            repository.write(name, text)
        repository.commit()
        repository.write(plan, PLAN)
        return json.loads(run("check", "--policy-ref", "main", "--format", "json", cwd=repository.top).stdout)

    return call


@pytest.mark.parametrize(
    "plan, source, found",
    [
        ("infra/plan.json", "", {"uncovered-root": "other/main.tf"}),
        ("build/infra.json", "infra", {"uncovered-root": "other/main.tf"}),
        ("build/infra.json", "other", {"uncovered-root": "infra/more.tf"}),
    ],
)
def test_a_plan_is_for_the_root_module_that_it_is_made_from(check_plan, plan, source, found):
    assert rules(check_plan(plan, source, {"infra/more.tf": BIG, "other/main.tf": WEB})) == found


def test_a_root_module_of_no_project_can_be_waived(check, repository):
    repository.git("checkout", "-q", "main")
    waiver = '{rule: uncovered-root, address: "root:other", reason: a demo, owner: me, expires: 2999-01-01}'
    repository.write("waivers.yaml", f"waivers: [{waiver}]\n")
    repository.commit()
    repository.git("checkout", "-q", "change")
    repository.git("reset", "-q", "--hard", "main")
    repository.write("other/main.tf", WEB)
    code, report, _ = check()
    assert (code, [(one["rule"], one["status"]) for one in report["findings"]]) == (0, [("uncovered-root", "waived")])


@pytest.mark.parametrize("place", ["cache", "link"])
def test_a_change_does_not_bring_along_what_an_earlier_run_is_said_to_have_found(check, repository, monkeypatch, place):
    """Of a text that was read before, the cache says what is in it: here, of the guardrail.yaml, that no rule plays."""
    repository.write("infra/main.tf", WEB + BIG)
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(repository.top / place))
    (repository.top / "cache").mkdir()
    repository.link("link", "cache")
    remember(ConfigFile(version=1, rules=RulesConfig(packs=())), CONFIG)
    assert remembered(ConfigFile, CONFIG) is not None
    code, report, said = check(strict=False)
    assert (code, report) == (2, None)
    assert "files in guardrail's cache folder are part of the repository" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("reader", ["refused", "missing"])
def test_what_git_does_not_say_to_be_part_of_the_repository_may_well_be(repository, run, monkeypatch, reader):
    repository.write("infra/main.tf", WEB + BIG)
    repository.write("infra/plan.json", '{"format_version": "1.2", "resource_changes": []}')
    repository.commit()
    assert run("check", cwd=repository.top).exit_code == 1  # the plan is not believed
    if reader == "missing":
        monkeypatch.setattr("guardrail.git._git", lambda *_, **__: None)
    else:
        (repository.top / ".git" / "HEAD").write_text("damaged")
    ran = run("check", cwd=repository.top)
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert "infra/plan.json: may be part of the repository, and git does not read this checkout" in ran.stderr
    ran = run("check", "infra/plan.json", cwd=repository.top)
    assert ran.exit_code == 0


def test_a_manifest_of_modules_that_may_be_part_of_the_repository_is_not_believed(repository, run, monkeypatch):
    repository.write("infra/main.tf", WEB + 'module "m" { source = "example/m/aws" }\n')
    repository.write(
        "infra/.terraform/modules/m/main.tf", 'resource "aws_instance" "small" { instance_type = "t3.nano" }\n'
    )
    entries = [
        {"Key": "", "Source": "", "Dir": "."},
        {"Key": "m", "Source": "example/m/aws", "Dir": ".terraform/modules/m"},
    ]
    repository.write("infra/.terraform/modules/modules.json", json.dumps({"Modules": entries}))
    assert "module.m.aws_instance.small" in run("check", "infra", "--format", "json", cwd=repository.top).stdout
    monkeypatch.setattr("guardrail.git._git", lambda *_, **__: None)
    repository.write("infra/.terraform/modules/modules.json", json.dumps({"Modules": entries}) + "\n")
    told = json.loads(run("check", "infra", "--format", "json", cwd=repository.top).stdout)
    assert [one["address"] for one in told["projects"][0]["resources"]] == ["aws_instance.web"]
    assert told["verdict"] != "pass"
