"""Which folders are root modules, what is said to be left out, and what only other tools read."""

import pytest

from guardrail.errors import InputError
from guardrail.terraform.configuration.code.roots import folders_of_other_tools, root_modules, roots_aside
from guardrail.terraform.inputs import read_plans

VERSIONS = 'terraform { required_version = ">= 1.5" }\n'
PROVIDERS = 'provider "aws" { region = "us-east-1" }\nvariable "env" {}\n'
RESOURCE = 'resource "aws_instance" "x" { instance_type = "m5.large" }\n'
CALL = 'module "net" { source = "./net" }\n'


def tree(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def named(folder, paths):
    return [path.relative_to(folder).as_posix() for path in paths]


@pytest.mark.parametrize(
    "files, roots, aside",
    [
        ({"main.tf": RESOURCE}, ["."], []),
        ({"versions.tf": VERSIONS, "stacks/a/main.tf": RESOURCE}, ["stacks/a"], []),
        ({"providers.tf": PROVIDERS, "a/main.tf.json": "{}", "b/main.tofu": RESOURCE}, ["a", "b"], []),
        ({"versions.tf.json": '{"terraform": {}}', "live/eu/prod/main.tf": RESOURCE}, ["live/eu/prod"], []),
        ({"versions.tf": VERSIONS, "README.md": "x"}, ["."], []),
        ({"outputs.tf": 'output "x" { value = 1 }\n', "a/main.tf": CALL, "a/net/main.tf": RESOURCE}, ["a"], []),
        ({"main.tf": RESOURCE, "infra/main.tf": RESOURCE, "db/main.tf": RESOURCE}, ["."], ["db", "infra"]),
        ({"main.tf": CALL, "net/main.tf": RESOURCE, "modules/x/main.tf": RESOURCE}, ["."], []),
        ({"main.tf": CALL, "net/main.tf": RESOURCE, "ops/main.tf": RESOURCE, "ops/vars.tf": PROVIDERS}, ["."], ["ops"]),
        ({"main.tf": RESOURCE, "shared/variables.tf": PROVIDERS, ".hidden/main.tf": RESOURCE}, ["."], []),
        ({"main.tf": "removed {\n  from = aws_instance.x\n}\n", "a/main.tf": RESOURCE}, ["."], ["a"]),
        ({"main.tf": 'resource "aws_instance" "x" {\n', "a/main.tf": RESOURCE}, ["."], ["a"]),
        ({"node_modules/x/main.tf": RESOURCE, "a/main.tf": RESOURCE}, ["a"], []),
        ({"README.md": "x"}, [], []),
    ],
)
def test_root_modules_are_those_that_terraform_has_anything_to_do_in(tmp_path, files, roots, aside):
    folder = tree(tmp_path, files)
    assert named(folder, root_modules(folder)) == roots
    assert (named(folder, roots_aside(folder)) if roots == ["."] else []) == aside


@pytest.mark.parametrize(
    "files, tool, instead",
    [
        ({"live/prod/terragrunt.hcl": "", "root.hcl": ""}, "Terragrunt", "terragrunt run --all"),
        ({"terragrunt.stack.hcl": ""}, "Terragrunt", "terragrunt run --all"),
        ({"net.tfcomponent.hcl": "", "prod.tfdeploy.hcl": ""}, "Terraform Stacks", "components"),
        ({"a/net.tfstack.hcl": ""}, "Terraform Stacks", "components"),
        ({"infra/cdktf.json": "{}", "infra/main.ts": ""}, "CDK for Terraform", "cdktf synth"),
    ],
)
def test_what_only_another_tool_reads_is_named_with_what_to_run(tmp_path, run, files, tool, instead):
    tree(tmp_path, files)
    ran = run("check", ".")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert f"{tool} is not read: " in ran.stderr
    assert instead in ran.stderr
    tree(tmp_path, {"main.tf": RESOURCE})
    (note,) = [line for line in read_plans(str(tmp_path))[0].warnings if line.startswith(tool)]
    assert instead in note


def test_what_cdktf_has_made_is_read(tmp_path):
    made = '{"resource": {"aws_instance": {"x": {"instance_type": "m5.large"}}}}'
    tree(tmp_path, {"cdktf.json": "{}", "cdktf.out/stacks/app/cdk.tf.json": made})
    assert folders_of_other_tools(tmp_path) == []
    assert [change.address for plan in read_plans(str(tmp_path)) for change in plan.changes] == ["aws_instance.x"]


def test_many_places_are_folded(tmp_path, run):
    tree(tmp_path, {"main.tf": RESOURCE} | {f"r{number}/main.tf": RESOURCE for number in range(9)})
    (note,) = read_plans(str(tmp_path))[0].warnings
    assert "r0" in note
    assert "r2 and 6 more (guardrail check FOLDER" in note
    assert "not looked at" in run("check", ".").stdout


@pytest.mark.parametrize("config", ["projects: [{name: top, path: .}, {name: ops, path: ops}]", None])
def test_what_is_a_project_of_its_own_is_not_left_out(tmp_path, run, config):
    tree(tmp_path, {"main.tf": RESOURCE, "ops/main.tf": RESOURCE})
    if config:
        tree(tmp_path, {"guardrail.yaml": f"version: 1\n{config}\n"})
    ran = run("check", *([] if config else [".", "ops"]))
    assert "not looked at" not in ran.stdout


def test_a_folder_of_nothing_says_what_is_wanted(tmp_path):
    with pytest.raises(InputError, match="and without configuration"):
        read_plans(str(tmp_path))


def test_init_makes_projects_of_root_modules_beside_and_below(tmp_path, run):
    tree(tmp_path, {"main.tf": RESOURCE, "ops/main.tf": RESOURCE, "live/terragrunt.hcl": ""})
    said = run("init", "--dry-run").stdout
    assert "2 projects" in said
    assert "Terragrunt is not read: live/terragrunt.hcl" in said
