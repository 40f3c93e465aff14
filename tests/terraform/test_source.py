"""Source lines: each resource of a plan points to its block, through modules."""

import itertools
import json
from pathlib import Path

import pytest

from guardrail.terraform.inputs import read_plans

PROVIDER = "registry.terraform.io/hashicorp/aws"
SHAPES = [
    (depth, iterated, remote, style)
    for depth, iterated, remote, style in itertools.product(
        (0, 1, 2), (False, True), (False, True), ("plain", "hostile")
    )
    if depth or not remote
]


def filler(style, number):
    """Text before a block that a careless reader takes for one."""
    if style == "plain":
        return "\n" * number
    return '/* resource "aws_instance" "web" {\n} */\nlocals {\n  a = <<-EOT\n    resource "aws_instance" "web" {\n  EOT\n}\n'


def lay_out(root, depth, iterated, remote, style):
    """Write a configuration of modules in modules; return the address of its resource."""
    each = '  for_each = toset(["a.b"])\n' if iterated else ""
    folder, prefix, key, manifest = root, "", "", [{"Key": "", "Source": "", "Dir": "."}]
    for level in range(depth):
        name = f"m{level}"
        key = f"{key}.{name}" if key else name
        fetched = remote and level == depth - 1
        child = root / ".terraform/modules" / key if fetched else folder / "sub"
        source = "terraform-aws-modules/x/aws" if fetched else "./sub"
        folder.mkdir(parents=True, exist_ok=True)
        text = f'{filler(style, level)}module "{name}" {{ # call {name}\n  source = "{source}"\n{each}}}\n'
        (folder / "calls.tf").write_text(text, encoding="utf-8")
        manifest.append({"Key": key, "Source": source, "Dir": str(child.relative_to(root))})
        prefix += f"module.{name}" + ('["a.b"].' if iterated else ".")
        folder = child
    folder.mkdir(parents=True, exist_ok=True)
    text = f'{filler(style, 3)}resource "aws_instance" "web" {{ # block\n{each}  instance_type = "t3.micro"\n}}\n'
    (folder / "main.tf").write_text(text, encoding="utf-8")
    (root / ".terraform/modules").mkdir(parents=True, exist_ok=True)
    (root / ".terraform/modules/modules.json").write_text(json.dumps({"Modules": manifest}), encoding="utf-8")
    return prefix + "aws_instance.web" + ('["a.b"]' if iterated else "")


def plan_of(*addresses):
    changes = [
        {
            "address": address,
            "mode": "managed",
            "type": "aws_instance",
            "provider_name": PROVIDER,
            "change": {"actions": ["create"], "before": None, "after": {"instance_type": "t3.micro"}},
        }
        for address in addresses
    ]
    return json.dumps({"format_version": "1.2", "resource_changes": changes})


def text_at(source):
    return Path(source.file).read_text(encoding="utf-8").splitlines()[source.line - 1]


@pytest.mark.parametrize("depth, iterated, remote, style", SHAPES)
def test_a_resource_points_to_its_block_and_to_the_calls_that_lead_to_it(tmp_path, depth, iterated, remote, style):
    address = lay_out(tmp_path, depth, iterated, remote, style)
    (tmp_path / "plan.json").write_text(plan_of(address), encoding="utf-8")
    ((change,),) = (plan.changes for plan in read_plans(str(tmp_path / "plan.json")))
    assert change.source is not None
    expected = f"# call m{depth - 1}" if remote else "# block"
    assert text_at(change.source).endswith(expected)
    assert [text_at(call).rpartition(" ")[2] for call in change.source.calls] == [f"m{level}" for level in range(depth)]


def test_the_source_may_be_elsewhere(tmp_path, run):
    address = lay_out(tmp_path / "infra", 1, iterated=False, remote=False, style="plain")
    (tmp_path / "plan.json").write_text(plan_of(address), encoding="utf-8")
    ran = run("check", "plan.json", "--source", "infra", "--format", "json")
    (resource,) = json.loads(ran.stdout)["projects"][0]["resources"]
    assert (resource["file"], resource["line"]) == ("infra/sub/main.tf", 4)
    ran = run("check", "plan.json", "--source", "nowhere")
    assert (ran.exit_code, ran.stderr) == (
        2,
        "guardrail: nowhere: no configuration of Terraform in it (name the root module's folder)\n",
    )


@pytest.mark.parametrize(
    "address",
    ["aws_instance.gone", "module.gone.aws_instance.web", 'module.m0["x"].module.gone.aws_instance.web', "odd"],
)
def test_what_the_configuration_does_not_have_has_no_line(tmp_path, address):
    lay_out(tmp_path, 1, iterated=True, remote=False, style="plain")
    (tmp_path / "plan.json").write_text(plan_of(address), encoding="utf-8")
    assert [change.source for plan in read_plans(str(tmp_path)) for change in plan.changes] == [None]


def test_a_configuration_that_cannot_be_read_hides_no_plan(tmp_path):
    (tmp_path / "main.tf").write_text('module "m0" {\n  = }\nresource', encoding="utf-8")
    (tmp_path / "plan.json").write_text(plan_of("module.m0.aws_instance.web"), encoding="utf-8")
    ((change,),) = (plan.changes for plan in read_plans(str(tmp_path)))
    assert change.source is None


def test_modules_that_call_themselves_end(tmp_path):
    (tmp_path / "main.tf").write_text('module "a" {\n  source = "./../' + tmp_path.name + '"\n}\n', encoding="utf-8")
    (tmp_path / "plan.json").write_text(plan_of("module.a." * 300 + "aws_instance.web"), encoding="utf-8")
    ((change,),) = (plan.changes for plan in read_plans(str(tmp_path)))
    assert change.source is None or change.source.line == 1
