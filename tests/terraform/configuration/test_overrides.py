"""Override files: a configuration with them comes to what Terraform makes of it, and lines stay those of the originals."""

from pathlib import Path

import pytest

from guardrail.terraform.configuration.code.overrides import merged
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.language.syntax import parse_file
from guardrail.terraform.options import Choices
from tests.terraform.configuration.test_agreement import compared

MAIN = """\
variable "size" {
  type    = number
  default = 1
}
variable "kept" { default = "kept" }
locals {
  a = "a"
  b = "b"
}
locals { c = "c" }
resource "terraform_data" "r" {
  input            = "base"
  triggers_replace = local.a
}
resource "terraform_data" "twice" {
  count = 2
  input = [var.size, var.kept, local.b, local.c]
}
module "m" {
  source = "./m"
  x      = "base"
}
module "n" {
  source = "./m"
  x      = "base"
}
"""
FILES = {
    "m/main.tf": 'variable "x" {}\nresource "terraform_data" "m" { input = var.x }\n',
    "m/x_override.tf": 'resource "terraform_data" "m" {\n  input = "${var.x}!"\n}\n',
    "other/main.tf": 'variable "x" {}\nresource "terraform_data" "o" { input = upper(var.x) }\n',
    "a_override.tf": 'locals {\n  b = "first"\n  c = "over"\n}\nvariable "size" { default = "7" }\n'
    'resource "terraform_data" "r" { input = { not = "this" } }\n',
    "override.tf": 'resource "terraform_data" "r" { # last\n  input = <<-EOT\n    } ${local.b}\n  EOT\n}\n'
    'resource "terraform_data" "twice" { count = 3 }\n'
    'module "m" { x = local.c }\nmodule "n" { source = "./other" }\nprovider "terraform" {}\n',
    "b_override.tf": 'locals { b = "second" }\n',
    "j.tf.json": '{"resource": {"terraform_data": {"j": {"input": 1, "triggers_replace": "t"}, "k": {"input": 2}}}}',
    "j_override.tf.json": '{"resource": [{"terraform_data": {"j": {"input": "${upper(local.a)}"}}}]}',
    "not_an_overridetoo.tf": 'resource "terraform_data" "plain" { input = 1 }\n',
}


def write(folder, files):
    for name, text in files.items():
        Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, name).write_text(text, encoding="utf-8")


def test_override_files_agree_with_terraform(tmp_path):
    write(tmp_path, FILES)
    told, planned, wrong, known, found = compared(tmp_path, MAIN)
    assert wrong == []
    assert (told, found.not_evaluated) == (planned, ())
    assert known >= len(planned)
    lines = {
        change.address: change.source and (Path(change.source.file).name, change.source.line)
        for change in found.changes
    }
    assert lines["terraform_data.r"] == ("main.tf", 11)
    assert lines["module.m.terraform_data.m"] == ("main.tf", 2)
    assert lines["terraform_data.j"] == ("j.tf.json", 1)


BASE = """\
resource "aws_instance" "a" {
  ami = "base" # why
  root_block_device {
    volume_size = 1
    encrypted   = true
  }
  ebs_block_device { device_name = "a" }
  ebs_block_device { device_name = "b" }
  dynamic "network_interface" {
    for_each = [1]
    content {}
  }
}
"""
OVER = """\
resource "aws_instance" "a" {
  root_block_device { volume_size = 2 }
  dynamic "ebs_block_device" {
    for_each = []
    content {}
  }
  network_interface {}
}
"""


def said(body):
    """A body as data: what its attributes say, and lists of its blocks by type; a dynamic block counts for its label."""
    found = {name: part.expression.text for name, part in body.attributes.items()}
    for block in body.blocks:
        found.setdefault(".".join((block.type, *block.labels)), []).append(said(block.body))
    return found


def test_nested_blocks_take_the_place_of_all_of_their_type():
    texts = {"main.tf": "# first\n" + BASE, "override.tf": OVER}
    (block,), left = merged({name: parse_file(name, text.encode()).body for name, text in texts.items()})
    assert (block.where, block.end_line, left) == ("main.tf:2", 14, [])
    assert said(block.body) == {
        "ami": '"base"',
        "root_block_device": [{"volume_size": "2"}],
        "dynamic.ebs_block_device": [{"for_each": "[]", "content": [{}]}],
        "network_interface": [{}],
    }


def test_blocks_in_json_syntax_are_merged_likewise():
    base = '{"resource": {"x": {"y": {"a": 1, "b": [{"c": 1}], "d": {}, "dynamic": {"e": {}, "f": {}}}}}, "output": {"o": {"value": 1}}}'
    over = '{"resource": {"x": {"y": {"b": {"c": 2}, "e": {}, "dynamic": [{"d": {"content": {}}}]}}}}'
    texts = {"a.tf.json": base, "override.tf.json": over}
    blocks, left = merged({name: parse_file(name, text.encode()).body for name, text in texts.items()})
    found = {".".join((block.type, *block.labels)): said(block.body) for block in blocks}
    resource = {"a": "1", "b": '{"c": 2}', "e": "{}", "dynamic.f": [{}], "dynamic.d": [{"content": [{}]}]}
    assert (found, left) == ({"resource.x.y": resource, "output.o": {"value": "1"}}, [])


def test_providers_are_told_apart_by_their_alias(tmp_path):
    main = 'provider "aws" { region = "eu-west-1" }\nprovider "aws" {\n  alias  = "b"\n  region = "eu-west-2"\n}\n'
    over = 'provider "aws" {\n  alias  = "b"\n  region = "eu-west-3"\n  default_tags { tags = { team = "x" } }\n}\nprovider "google" { region = "europe-west1" }\n'
    use = 'resource "aws_s3_bucket" "a" {}\nresource "aws_s3_bucket" "b" { provider = aws.b }\nresource "google_storage_bucket" "c" {}\n'
    write(tmp_path, {"main.tf": main, "override.tf": over, "use.tf": use})
    plan = read_folder(tmp_path, Choices())
    assert [(change.name, change.region, dict(change.tags.values)) for change in plan.changes] == [
        ("a", "eu-west-1", {}),
        ("b", "eu-west-3", {"team": "x"}),
        ("c", "europe-west1", {}),
    ]
    assert plan.not_evaluated == ()


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("override.tf", '\nresource "terraform_data" "gone" {}', ":2: there is no resource.terraform_data.gone that this could override"),
        ("override.tf", "locals { gone = 1 }", ":1: there is no local.gone that"),
        ("override.tf", 'provider "aws" { alias = "gone" }', ":1: there is no provider.aws that"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_said(tmp_path, name, text, said):
    write(
        tmp_path, {"main.tf": 'locals { here = 1 }\nresource "terraform_data" "r" { input = local.here }', name: text}
    )
    plan = read_folder(tmp_path, Choices())
    (left,) = plan.not_evaluated
    assert said in left.note
    assert [change.address for change in plan.changes] == ["terraform_data.r"]


def test_modules_beside_the_folder_and_files_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        {
            "shared/main.tf": 'variable "x" {}\nresource "terraform_data" "s" { input = "${var.x}${file("${path.module}/t")}" }\n',
            "shared/t": "text",
            "live/app/main.tf": 'module "s" {\n  source = "../../shared"\n  x = 1\n}\n',
            "live/app/override.tf": 'module "s" { x = file("${path.root}/data/d") }\n',
            "live/app/data/d": "data",
        },
    )
    (change,) = read_folder(tmp_path / "live" / "app", Choices()).changes
    assert change.after is not None
    assert change.after.get("input") == "datatext"
    assert change.source is not None
    assert change.source.file.endswith("shared/main.tf")
