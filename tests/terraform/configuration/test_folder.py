"""Folders, evaluated: references by what values were read from, providers, instances, bounds, and what stays unknown."""

import pytest

from guardrail.model.unknown import Unknown
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.configuration.repetition import MOST_INSTANCES
from guardrail.terraform.options import Choices


def evaluated(folder, **files):
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.tf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_folder(folder, Choices())


TARGETS = """\
variable "yes" { default = true }
resource "aws_kms_key" "a" {}
resource "aws_kms_key" "many" { count = 2 }
resource "aws_kms_key" "each" {
  for_each    = toset(["x", "y"])
  description = "d"
}
data "aws_kms_key" "read" { key_id = "alias/x" }
locals {
  direct = aws_kms_key.a.arn
  deep   = { keys = [for k, v in aws_kms_key.each : v.arn if k == "x"] }
}
"""
REFERENCES = {
    "local.direct": ("aws_kms_key.a",),
    "one(local.deep.keys)": ('aws_kms_key.each["x"]',),
    'aws_kms_key.each["y"].arn': ('aws_kms_key.each["y"]',),
    "aws_kms_key.many[1].arn": ("aws_kms_key.many[1]",),
    'join(",", aws_kms_key.many[*].arn)': ("aws_kms_key.many[0]", "aws_kms_key.many[1]"),
    'coalesce("known", aws_kms_key.a.arn)': ("aws_kms_key.a",),
    "data.aws_kms_key.read.arn": ("data.aws_kms_key.read",),
    "var.yes ? aws_kms_key.a.arn : aws_kms_key.many[0].arn": ("aws_kms_key.a",),
    "{ for r in aws_kms_key.many : r.arn => r.arn if r.multi_region == null }": (
        "aws_kms_key.many[0]",
        "aws_kms_key.many[1]",
    ),
    '{ for k, r in aws_kms_key.each : "${r.description}-${k}" => r.arn }["d-x"]': ('aws_kms_key.each["x"]',),
    '[for k, r in aws_kms_key.each : r.arn if r.description == "d"][1]': ('aws_kms_key.each["y"]',),
    '{ (aws_kms_key.each["x"].description) = aws_kms_key.a.arn, b = aws_kms_key.many[0].arn }.b': (
        "aws_kms_key.many[0]",
    ),
    "module.m.key": ("module.m.aws_kms_key.inner",),
    '"x"': (),
}


@pytest.mark.parametrize("text", REFERENCES)
def test_references_are_what_a_value_was_read_from(tmp_path, text):
    plan = evaluated(
        tmp_path,
        main=f'{TARGETS}module "m" {{ source = "./m" }}\nresource "aws_ebs_volume" "v" {{ kms_key_id = {text} }}\n',
        m__main='resource "aws_kms_key" "inner" {}\noutput "key" { value = aws_kms_key.inner.arn }\n',
    )
    (volume,) = (change for change in plan.changes if change.type == "aws_ebs_volume")
    assert volume.references.get("kms_key_id", ()) == REFERENCES[text]
    assert {source.address for source in plan.data} == {one for one in REFERENCES[text] if one.startswith("data.")}


PROVIDERS = """\
provider "aws" { region = "us-east-1" }
provider "aws" {
  alias  = "eu"
  region = "eu-west-1"
}
provider "aws" {
  for_each = toset(["eu-north-1", "eu-south-1"])
  alias    = "by"
  region   = each.value
}
"""
CHILD = """\
terraform { required_providers { aws = { source = "hashicorp/aws", configuration_aliases = [aws.peer] } } }
data "aws_region" "here" {}
data "aws_partition" "here" {}
resource "aws_s3_bucket" "own" { bucket = data.aws_region.here.name }
resource "aws_s3_bucket" "peer" {
  provider = aws.peer
  bucket   = data.aws_partition.here.partition
}
"""


def test_providers_are_passed_inherited_and_repeated(tmp_path):
    plan = evaluated(
        tmp_path,
        main=f'{PROVIDERS}module "m" {{\n  source = "./m"\n  providers = {{ aws = aws.eu, aws.peer = aws }}\n}}\n'
        'module "n" {\n  source   = "./m"\n  for_each = toset(["eu-south-1"])\n  providers = { aws.peer = aws.by[each.key] }\n}\n'
        'resource "aws_s3_bucket" "r" { provider = aws.by["eu-north-1"] }\n',
        m__main=CHILD,
    )
    found = {change.address: (change.region, change.after and change.after.get("bucket")) for change in plan.changes}
    assert found == {
        "aws_s3_bucket.r": ("eu-north-1", None),
        "module.m.aws_s3_bucket.own": ("eu-west-1", "eu-west-1"),
        "module.m.aws_s3_bucket.peer": ("us-east-1", "aws"),
        'module.n["eu-south-1"].aws_s3_bucket.own': ("us-east-1", "us-east-1"),
        'module.n["eu-south-1"].aws_s3_bucket.peer': ("eu-south-1", "aws"),
    }


def test_instances_chain_over_resources_and_modules(tmp_path):
    plan = evaluated(
        tmp_path,
        main='resource "terraform_data" "a" {\n  for_each = { x = 1, y = 2 }\n  input = each.value\n}\n'
        'resource "terraform_data" "b" {\n  for_each = terraform_data.a\n  input = each.value.input + 1\n}\n'
        'module "m" {\n  source = "./m"\n  for_each = terraform_data.b\n  n = each.value.input\n}\n'
        'resource "terraform_data" "c" {\n  count = length(module.m)\n  input = values(module.m)[count.index].n\n}\n',
        m__main='variable "n" { type = number }\noutput "n" { value = var.n }\n',
    )
    found = {change.address: change.after and change.after.get("input") for change in plan.changes}
    assert found['terraform_data.b["y"]'] == 3
    assert [found[f"terraform_data.c[{place}]"] for place in range(2)] == [2, 3]
    assert plan.not_evaluated == ()


NOT_COUNTED = {
    f"count = {MOST_INSTANCES + 1}": f"count: it makes {MOST_INSTANCES + 1:,} instances; at most",
    "count = null": "count: it is null",
    "count = -1": "count: it is no whole number from 0",
    'for_each = ["a"]': "for_each: it has to be a map, or a set of strings",
    "for_each = toset([aws_kms_key.k.id])": "for_each is known after apply",
    "count = local.circle": "refers to itself",
    "count = local.gone": "count: there is no local.gone",
    'count = jsondecode("{")': "count: ",
    'count = 1\n  for_each = toset(["a"])': "for_each: a block cannot have count, too",
    "for_each = {}\n  count = 0": "for_each: a block cannot have count, too",
}


@pytest.mark.parametrize("text", NOT_COUNTED)
def test_what_cannot_be_counted_is_named_with_its_line(tmp_path, text):
    plan = evaluated(
        tmp_path,
        main='locals { circle = local.circle + 1 }\nresource "aws_kms_key" "k" {}\n'
        f'resource "aws_instance" "i" {{\n  {text}\n}}\n',
    )
    (missing,) = plan.not_evaluated
    assert (missing.address, missing.type) == ("aws_instance.i", "aws_instance")
    assert NOT_COUNTED[text] in missing.note
    assert missing.source is not None
    assert missing.source.line == 3


def test_what_a_provider_computes_is_known_after_apply_and_what_it_never_does_is_null(tmp_path):
    plan = evaluated(
        tmp_path,
        main='resource "aws_instance" "a" {\n  instance_type = "m5.large"\n  root_block_device { volume_size = "8" }\n}\n'
        'resource "terraform_data" "r" {\n  input = [\n    aws_instance.a.root_block_device[0].volume_size,\n'
        "    aws_instance.a.root_block_device[0].volume_id, aws_instance.a.private_ip, aws_instance.a.instance_type\n  ]\n}\n",
    )
    (made,) = (change.after for change in plan.changes if change.name == "r" and change.after)
    assert made.get("input") == [8, Unknown("input.1"), Unknown("input.2"), "m5.large"]


def test_files_outside_of_the_checkout_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    root = tmp_path / "checkout" / "live"
    root.mkdir(parents=True)
    (tmp_path / "checkout" / ".git").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "checkout" / "common").write_text("shared", encoding="utf-8")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('resource "terraform_data" "m" {}\n', encoding="utf-8")
    plan = evaluated(
        root,
        main='resource "terraform_data" "r" { input = [file("../common"), try(file("link"), 1), try(file("../../secret"), 1)] }\n'
        'module "m" { source = "../../m" }\n',
    )
    ((change,), (missing,)) = (plan.changes, plan.not_evaluated)
    value = change.after and change.after.get("input")
    assert value[0] == "shared"
    assert all(isinstance(part, Unknown) and "outside of the checkout" in part.reason for part in value[1:])
    assert missing.text == "module.m: its source ../../m leads out of the checkout"


@pytest.mark.parametrize(
    "here, found", [(".", []), ("live", ["module.m: its source ../m leads out of the current folder"])]
)
def test_outside_of_git_modules_lie_in_the_current_folder(tmp_path, monkeypatch, here, found):
    (tmp_path / "live").mkdir()
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('resource "terraform_data" "m" {}\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path / here)
    plan = evaluated(tmp_path / "live", main='module "m" { source = "../m" }\n')
    assert [missing.text for missing in plan.not_evaluated] == found


THROUGH_FUNCTIONS = {
    "one(data.azapi_client_config.c).tenant_id": "not evaluated",
    'try(one(data.azapi_client_config.c).tenant_id, "default")': "not evaluated",
    "one(null_resource.n).later": "known after apply",
    "element(null_resource.n, 0).triggers.a": "b",
    "one([for r in null_resource.n : r]).triggers.a": "b",
    "coalesce(one(null_resource.n)).later": "known after apply",
    "var.whole.later": "known after apply",
    "var.whole.triggers.a": "b",
}


@pytest.mark.parametrize("text", THROUGH_FUNCTIONS)
def test_what_only_the_provider_knows_of_a_resource_is_unknown_after_functions_too(tmp_path, text):
    plan = evaluated(
        tmp_path,
        main='data "azapi_client_config" "c" { count = 1 }\nresource "null_resource" "n" {\n  count = 1\n'
        '  triggers = { a = "b" }\n}\nmodule "m" {\n  source = "./m"\n  whole = one(null_resource.n)\n}\n'
        f'resource "terraform_data" "d" {{ input = {text.replace("var.", "module.m.")} }}\n',
        m__main='variable "whole" {\n  type = object({ triggers = map(string), later = optional(string) })\n}\n'
        'output "whole" { value = var.whole }\n',
    )
    (data,) = (change.after for change in plan.changes if change.type == "terraform_data")
    assert data is not None
    value = data.get("input")
    assert (value.reason.partition(":")[0] if isinstance(value, Unknown) else value) == THROUGH_FUNCTIONS[text]


NO_BLOCKS: dict[tuple[str, str], list[object] | Unknown | None] = {
    ("aws_instance", "ebs_block_device"): Unknown("ebs_block_device"),
    ("aws_dynamodb_table", "point_in_time_recovery"): Unknown("point_in_time_recovery"),
    ("google_compute_instance", "guest_accelerator"): None,
    ("aws_dynamodb_table", "replica"): [],
    ("azurerm_linux_virtual_machine", "identity"): [],
}


@pytest.mark.parametrize("kind, block", NO_BLOCKS)
def test_a_dynamic_block_that_makes_none_leaves_to_the_provider_what_the_provider_may_say(tmp_path, kind, block):
    text = f'dynamic "{block}" {{\n    for_each = []\n    content {{}}\n  }}'
    plan = evaluated(tmp_path, main=f'resource "{kind}" "r" {{\n  {text}\n}}\noutput "o" {{ value = 1 }}\n')
    (change,) = plan.changes
    assert change.after is not None
    assert change.after.get(block) == NO_BLOCKS[kind, block]


VALIDATED = """\
variable "size" {
  default = "m5.large"
  validation {
    condition     = can(regex("^t3", var.size))
    error_message = "must be a t3, not ${var.size}"
  }
}
variable "open" {
  validation {
    condition     = var.open > 3
    error_message = "more than three"
  }
}
variable "hidden" {
  default   = "hush"
  sensitive = true
  validation {
    condition     = length(var.hidden) > 10
    error_message = "too short: ${var.hidden}"
  }
}
variable "fine" {
  default = 4
  validation {
    condition     = var.fine > 3
    error_message = "more than three"
  }
}
resource "aws_instance" "i" { instance_type = var.size }
"""


def test_a_value_that_a_validation_refuses_counts_as_not_evaluated(tmp_path):
    plan = evaluated(tmp_path, main=VALIDATED)
    assert [one.address for one in plan.not_evaluated] == ["var.size", "var.hidden"]
    assert "must be a t3, not m5.large" in plan.not_evaluated[0].note
    assert "hush" not in plan.not_evaluated[1].note


def test_validations_of_called_modules_see_what_they_are_given(tmp_path):
    call = 'module "m" {\n  source = "./m"\n  size   = "m5.large"\n}\n'
    plan = evaluated(tmp_path, main=call, m__main=VALIDATED.replace('default = "m5.large"', 'default = "t3.nano"'))
    assert [one.address for one in plan.not_evaluated][:1] == ["module.m.var.size"]


def test_what_only_the_provider_sets_is_known_after_apply(tmp_path):
    plan = evaluated(tmp_path, main='resource "aws_db_instance" "d" {}\nresource "aws_kms_key" "k" {}\n')
    sides = {change.type: change.after for change in plan.changes}
    assert isinstance(sides["aws_db_instance"].get("endpoint"), Unknown)
    assert isinstance(sides["aws_kms_key"].get("arn"), Unknown)


@pytest.mark.parametrize(
    "kind, name, value, is_open",
    [
        ("aws_kms_key", "description", Unknown("description"), False),  # optional and computed
        ("azurerm_managed_disk", "disk_size_gb", Unknown("disk_size_gb"), False),
        ("aws_db_instance", "publicly_accessible", None, False),  # never computed
        ("aws_kms_key", "tags", None, False),
        ("aws_instance", "region", None, False),  # the provider's configuration says it
        ("google_compute_instance", "can_ip_forward", None, True),  # a type of which the table does not tell
        ("google_storage_bucket", "labels", None, False),
    ],
)
def test_what_is_left_out_is_unknown_where_the_provider_may_choose_it(tmp_path, kind, name, value, is_open):
    (change,) = evaluated(tmp_path, main=f'resource "{kind}" "r" {{}}\n').changes
    assert change.after is not None
    assert (change.after.get(name), name in change.after.open) == (value, is_open)
    assert change.after.configured(name) is None
