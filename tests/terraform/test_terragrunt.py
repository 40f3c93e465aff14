"""Terragrunt's units: the module that is planned, the inputs that it is given, and by name what is not evaluated."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from guardrail.errors import InputError
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.options import Choices
from guardrail.terraform.terragrunt.unit import units

MODULE = """\
variable "v" { default = "default" }
variable "w" { default = "default" }
resource "aws_instance" "x" {
  instance_type = "t3.micro"
  tags          = { v = try(tostring(var.v), jsonencode(var.v)), w = try(tostring(var.w), jsonencode(var.w)) }
}
"""
ROOT = """\
locals {
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals.region
}
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<EOT
provider "aws" {
  region = "${local.region}"
}
EOT
}
remote_state {
  backend = "s3"
  config  = { bucket = "state-${get_aws_account_id()}" }
}
inputs = { v = "root", w = path_relative_to_include() }
"""
FILES = {
    "modules/app/main.tf": MODULE,
    "live/root.hcl": ROOT,
    "live/dev/region.hcl": 'locals {\n  region = "us-east-1"\n  list = ["a"]\n}\n',
    "live/dev/common.yaml": "team: shop\n",
    "live/dev/app/terragrunt.hcl": "",
}
SOURCE = 'terraform {\n  source = "../../../modules//app"\n}\n'
INCLUDE = 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'
EXPOSED = INCLUDE.replace('root.hcl")\n', 'root.hcl")\n  expose = true\n')
UNIT = "live/dev/app/terragrunt.hcl"


_PLACE = re.compile(r" \(\S+:\d+\)$")


def write(folder, files):
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def git(folder, *args):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *args], check=True, capture_output=True)  # noqa: S607


@pytest.fixture
def live(tmp_path):
    write(tmp_path, FILES)
    (tmp_path / ".git").mkdir()
    return tmp_path


def read(live, text, **choices):
    write(live, {UNIT: text})
    (plan,) = read_plans(str(live / "live/dev/app"), None, Choices(terragrunt=True, **choices))
    return plan


def tags(plan):
    """Return the tags of the only resource, with why one is unknown."""
    (change,) = plan.changes
    found = change.after.get("tags")
    return {name: _PLACE.sub("", getattr(value, "reason", value)) for name, value in found.items()}


def dependency(**attributes):
    text = "".join(f"  {name} = {value}\n" for name, value in attributes.items())
    return f'dependency "d" {{\n  config_path = "../d"\n{text}}}\ninputs = {{ v = dependency.d.outputs.id }}\n'


MOCKED = {"mock_outputs": '{ id = "mock" }'}
MERGES = 'inputs = { v = { a = 1 } }\ninclude "r" {\n  path = "../r.hcl"\n  merge_strategy = "%s"\n}\n'


@pytest.mark.parametrize(
    "text, found",
    [
        ("", {"v": "default", "w": "default"}),
        ('inputs = { v = "own", other = 1 }', {"v": "own"}),
        (INCLUDE, {"v": "root", "w": "dev/app"}),
        (INCLUDE + 'inputs = { v = "own" }', {"v": "own", "w": "dev/app"}),
        (EXPOSED + "inputs = { v = include.root.locals.region, w = include.root.inputs.v }", {"v": "us-east-1", "w": "root"}),
        ('include {\n  path = find_in_parent_folders("root.hcl")\n  expose = true\n}\ninputs = { v = include.locals.region }', {"v": "us-east-1"}),
        (MERGES % "shallow", {"v": '{"a":1}', "w": "r"}),
        (MERGES % "deep", {"v": '{"a":1,"b":2}', "w": "r"}),
        (MERGES % "no_merge", {"v": '{"a":1}', "w": "default"}),
        ('locals {\n  a = local.b\n  b = "x"\n}\ninputs = { v = local.a }', {"v": "x"}),
        ("inputs = { v = get_terragrunt_dir(), w = get_repo_root() }", {"v": "{top}/live/dev/app", "w": "{top}"}),
        ("inputs = { v = get_path_from_repo_root(), w = get_path_to_repo_root() }", {"v": "live/dev/app", "w": "../../.."}),
        (INCLUDE + 'inputs = { v = get_parent_terragrunt_dir("root"), w = path_relative_from_include() }', {"v": "{top}/live", "w": "../.."}),
        ('inputs = { v = find_in_parent_folders("none.hcl", "none") }', {"v": "none"}),
        ('inputs = { v = yamldecode(file(find_in_parent_folders("common.yaml"))).team }', {"v": "shop"}),
        ('inputs = { v = read_terragrunt_config("none.hcl", { inputs = { a = "b" } }).inputs.a }', {"v": "b"}),
        ('inputs = { v = read_terragrunt_config("../r.hcl").inputs.v.b }', {"v": "2"}),
        ('inputs = { v = jsondecode(read_tfvars_file("../r.tfvars")).z }', {"v": "tfvars"}),
        ('inputs = { v = get_env("TF_VAR_from", "no"), w = get_env("TF_VAR_gone", "fallback") }', {"v": "environment", "w": "fallback"}),
        ('inputs = { v = get_env("HOME") }', {"v": 'not evaluated: get_env("HOME"): of the environment, only TF_VAR_* and TF_WORKSPACE are read'}),
        ('inputs = { v = run_cmd("id") }', {"v": "not evaluated: run_cmd(), which runs a program"}),
        ('inputs = { v = sops_decrypt_file("x") }', {"v": "not evaluated: sops_decrypt_file(), which decrypts a secret"}),
        ("inputs = { v = get_aws_account_id() }", {"v": "not evaluated: get_aws_account_id(), which asks AWS"}),
        ('inputs = merge(read_terragrunt_config("../r.hcl").inputs, { w = run_cmd("id") })', {"w": "not evaluated: run_cmd(), which runs a program"}),
        ('inputs = run_cmd("id")', {"v": "not evaluated: run_cmd(), which runs a program", "w": "not evaluated: run_cmd(), which runs a program"}),
        (INCLUDE + 'inputs = run_cmd("id")', {"v": "not evaluated: run_cmd(), which runs a program"}),
        (dependency(**MOCKED), {"v": "mock"}),
        (dependency(**MOCKED, mock_outputs_allowed_terraform_commands='["validate", "plan"]'), {"v": "mock"}),
        (dependency(**MOCKED, mock_outputs_allowed_terraform_commands='["validate"]'), {"v": "not evaluated: dependency.d.outputs, which are in the state of that unit"}),
        (dependency(mock_outputs="{ other = 1 }"), {"v": "not evaluated: dependency.d.outputs.id, which is only in the state of that unit"}),
        (dependency(), {"v": "not evaluated: dependency.d.outputs, which are in the state of that unit"}),
        ('feature "f" {\n  default = "on"\n}\ninputs = { v = feature.f.value }', {"v": "on"}),
        ('inputs = { v = read_terragrunt_config("/etc/hostname").locals.a }', {"v": "not evaluated: the file /etc/hostname, which is outside of the checkout"}),
    ],
)  # fmt: skip
def test_inputs_are_what_terragrunt_would_pass_on(live, text, found):
    write(live, {"live/dev/r.hcl": 'inputs = { v = { b = 2 }, w = "r" }\n', "live/dev/r.tfvars": 'z = "tfvars"\n'})
    plan = read(live, SOURCE + text, environ={"TF_VAR_from": "environment"})
    top = live.resolve().as_posix()
    assert {name: tags(plan)[name] for name in found} == {k: v.replace("{top}", top) for k, v in found.items()}


def test_values_win_in_terragrunts_order(live):
    extra = '  extra_arguments "e" {\n    commands = get_terraform_commands_that_need_vars()\n%s  }\n}\n'
    text = SOURCE.removesuffix("}\n") + extra + 'inputs = { v = "inputs" }\n'
    seen = [tags(read(live, SOURCE + 'inputs = { v = "inputs" }'))["v"]]
    seen.append(tags(read(live, SOURCE + 'inputs = { v = "inputs" }', environ={"TF_VAR_v": "environment"}))["v"])
    write(live, {"live/dev/app/terraform.tfvars": 'v = "beside"\n', "live/dev/x.tfvars": 'v = "extra"\n'})
    seen.append(tags(read(live, text % ""))["v"])
    seen.append(tags(read(live, text % '    optional_var_files = ["../x.tfvars", "../none.tfvars"]\n'))["v"])
    seen.append(tags(read(live, text % '    arguments = ["-var-file=../x.tfvars", "-var", "v=argument"]\n'))["v"])
    seen.append(tags(read(live, text % "", given=("v=flag",)))["v"])
    assert seen == ["inputs", "environment", "beside", "extra", "argument", "flag"]


@pytest.mark.parametrize(
    "text, region",
    [
        (INCLUDE, "us-east-1"),
        (INCLUDE + 'generate "provider" {\n  path = "provider.tf"\n  contents = "provider \\"aws\\" { region = \\"eu-west-1\\" }"\n}\n', "eu-west-1"),
        (INCLUDE + 'generate "provider" {\n  path = "provider.tf"\n  contents = ""\n  disable = true\n}\n', None),
        ('generate = { p = { path = "p.tf", contents = "provider \\"aws\\" { region = \\"eu-west-1\\" }" } }\n', "eu-west-1"),
    ],
)  # fmt: skip
def test_what_is_generated_stands_beside_the_module(live, text, region):
    (change,) = read(live, SOURCE + text).changes
    assert change.region == region if region else not isinstance(change.region, str)


def test_configuration_beside_the_unit_is_its_module_or_is_added_to_it(live):
    write(live, {"live/dev/app/own.tf": 'resource "aws_ebs_volume" "own" {\n  size = 1\n}\n'})
    assert [change.type for change in read(live, "").changes] == ["aws_ebs_volume"]
    found = {change.type: change.source.file for change in read(live, SOURCE).changes}
    assert {name: Path(file).name for name, file in found.items()} == {
        "aws_ebs_volume": "own.tf",
        "aws_instance": "main.tf",
    }


@pytest.mark.parametrize(
    "text, note",
    [
        ('terraform { source = "git::https://example.org/m.git//app?ref=v1" }', "its module git::https://example.org/m.git//app?ref=v1 is not here"),
        ('terraform { source = "tfr:///a/b/aws?version=1.0.0" }', "its module tfr:///a/b/aws?version=1.0.0 is not here"),
        ('terraform { source = "../../../modules//none" }', "its module ../../../modules//none is not here"),
        ('terraform { source = "../../../../..//etc" }', "its module ../../../../..//etc is outside of the checkout"),
        ('terraform { source = run_cmd("x") }', "terraform.source: run_cmd(), which runs a program"),
        (SOURCE + 'generate "p" {\n  path = "p.tf"\n  contents = run_cmd("x")\n}\n', "generate p: run_cmd(), which runs a program"),
    ],
)  # fmt: skip
def test_what_is_not_here_or_not_evaluated_is_named(live, text, note):
    assert [one.note for one in read(live, text).not_evaluated] == [note]


@pytest.mark.parametrize(
    "text, said",
    [
        ("inputs = {", "terragrunt.hcl:1: "),
        ("inputs = {}", "no unit of Terragrunt in it"),
        ('include "a" {\n  path = find_in_parent_folders("none.hcl")\n}\n', "terragrunt.hcl:1: the path of include is not evaluated: no none.hcl in a folder above"),
        ('include "a" {\n  path = "/etc/hostname"\n}\n', "include: /etc/hostname is outside of the checkout"),
        ('include "a" {\n  path = "terragrunt.hcl"\n}\n', "includes itself"),
        ('include "a" {\n  path = "../none.hcl"\n}\n', "none.hcl: cannot be read"),
        ('terraform {\n  source = "../../../modules//app"\n  extra_arguments "a" {\n    commands = ["plan"]\n    required_var_files = ["/etc/hostname"]\n  }\n}\n', "is outside of the checkout"),
    ],
)  # fmt: skip
def test_what_terragrunt_could_not_read_either_is_one_line(live, text, said):
    with pytest.raises(InputError) as raised:
        read(live, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "text, skipped",
    [
        ("skip = true\n", True),
        ('exclude {\n  if = true\n  actions = ["plan"]\n}\n', True),
        ('exclude {\n  if = true\n  actions = ["all"]\n}\n', True),
        ('exclude {\n  if = true\n  actions = ["destroy"]\n}\n', False),
        ("skip = false\n", False),
    ],
)
def test_a_unit_that_is_skipped_is_said_to_be(live, text, skipped):
    plan = read(live, SOURCE + text)
    assert (plan.warnings == ("Terragrunt skips this unit",), not plan.changes) == (skipped, skipped)


def test_units_are_found_below_a_folder(live):
    more = {
        "live/terragrunt.hcl": ROOT + 'terraform {\n  source = "../modules//app"\n}\n',
        "live/prod/app/terragrunt.hcl": "include {\n  path = find_in_parent_folders()\n}\n",
        "live/prod/broken/terragrunt.hcl": "inputs = {",
        "live/prod/app/.terragrunt-cache/a/terragrunt.hcl": SOURCE,
        "live/empty/terragrunt.hcl": "locals {}\n",
        UNIT: SOURCE,
    }
    write(live, more)
    found = units(live / "live")
    assert [path.relative_to(live / "live").as_posix() for path in found] == ["dev/app", "prod/app", "prod/broken"]


def test_a_tree_of_units_is_a_project_each_and_compared_with_a_commit(tmp_path, run):
    more = {
        "guardrail.yaml": "version: 1\nprojects: [{name: live, path: live, terragrunt: true}]\nrules: {packs: [waste]}\n",
        UNIT: SOURCE + INCLUDE,
        "live/dev/other/terragrunt.hcl": SOURCE + INCLUDE,
    }
    write(tmp_path, {**FILES, **more})
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "before")
    write(tmp_path, {UNIT: SOURCE + INCLUDE + 'inputs = { v = "new" }\n'})
    projects = json.loads(run("check", "--base", "HEAD", "--format", "json").stdout)["projects"]
    assert {one["name"]: one["resources"][0]["action"] for one in projects} == {
        "live/dev/app": "update",
        "live/dev/other": "no-op",
    }
    assert {one["totals"]["monthly_cost"] for one in projects} == {"8.392"}
    for file, names in (
        (UNIT, ["live/dev/app"]),
        ("live/root.hcl", ["live/dev/app", "live/dev/other"]),
        ("live/dev/region.hcl", ["live/dev/app", "live/dev/other"]),
        ("modules/app/main.tf", ["live/dev/app", "live/dev/other"]),
        ("elsewhere/packer.hcl", []),
    ):
        ran = run("check", "--hook", file, "--format", "json")
        assert [one["name"] for one in json.loads(ran.stdout)["projects"]] == names, file
    inputs = json.loads(run("check", "--format", "json").stdout)["inputs"]
    assert {"live/root.hcl", "live/dev/region.hcl", "modules/app/main.tf"} <= {one["path"] for one in inputs}


def test_a_unit_is_named_on_the_command_line_and_left_to_people_by_fixes(tmp_path, run):
    config = "version: 1\nprojects: [{name: live, path: live, terragrunt: true}]\nrules: {packs: [instance-sizes]}\n"
    old = MODULE.replace("t3.micro", "m4.large")
    write(tmp_path, {**FILES, "guardrail.yaml": config, UNIT: SOURCE + INCLUDE, "modules/app/main.tf": old})
    ran = run("check", "live/dev/app", "--fix")
    assert "it belongs to a Terragrunt unit, which is not edited" in ran.stderr
    assert (tmp_path / "modules/app/main.tf").read_text(encoding="utf-8") == old
