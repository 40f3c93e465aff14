"""What plans and folders say beside their resources: modules, providers with locked versions, variables, outputs, workspace."""

import json

import pytest

from guardrail.model.unknown import Unknown
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.options import Choices
from tests.terraform.plans import call, change, document, read

LOCK = """\
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.80.0"
  constraints = "~> 5.80"
  hashes = [
    "h1:x=",
  ]
}
"""
FILES = {
    "main.tf": """\
terraform {
  required_providers {
    aws    = { source = "hashicorp/aws", version = "~> 5.80" }
    random = "3.1.0"
  }
}
variable "env" { default = "prod" }
variable "later" {}
variable "password" {
  default   = "hunter2"
  sensitive = true
}
module "net" {
  count   = 2
  source  = "./net"
}
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.0"
}
resource "aws_vpc" "a" { cidr_block = "10.0.0.0/16" }
output "cidr" { value = aws_vpc.a.cidr_block }
output "id" { value = aws_vpc.a.id }
output "secret" {
  value     = var.password
  sensitive = true
}
""",
    "net/main.tf": 'module "sub" {\n  source = "./sub"\n}\nresource "aws_vpc" "b" {}\n',
    "net/sub/main.tf": 'resource "null_resource" "c" {}\n',
    ".terraform.lock.hcl": LOCK,
}


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_folder_says_what_it_asks_for(tmp_path):
    write(tmp_path, FILES)
    (plan,) = read_plans(str(tmp_path), choices=Choices(workspace="blue"))
    facts = plan.facts
    assert [(one.address, one.source, one.version) for one in facts.modules] == [
        ("module.net", "./net", ""),
        ("module.net.module.sub", "./sub", ""),
        ("module.vpc", "terraform-aws-modules/vpc/aws", "5.1.0"),
    ]
    assert [(one.name, one.source, one.constraint, one.module) for one in facts.providers] == [
        ("aws", "hashicorp/aws", "~> 5.80", ""),
        ("random", "hashicorp/random", "3.1.0", ""),
        ("null", "hashicorp/null", "", "module.net.module.sub"),
    ]
    assert facts.locked() == {"hashicorp/aws": "5.80.0"}
    assert (facts.variables["env"], facts.outputs["cidr"], facts.workspace) == ("prod", "10.0.0.0/16", "blue")
    assert "variable later has no value" in facts.variables["later"].reason
    assert facts.outputs["id"] == Unknown("plan.outputs.id")
    assert facts.secrets == {"var.password", "output.secret"}


SECTIONS = {
    "variables": {"env": {"value": "prod"}, "password": {"value": "hunter2"}},
    "output_changes": {
        "url": {"actions": ["create"], "after": "https://x", "after_unknown": False, "after_sensitive": False},
        "id": {"actions": ["create"], "after_unknown": True},
        "key": {"actions": ["create"], "after": "k", "after_unknown": False, "after_sensitive": True},
        "gone": {"actions": ["delete"], "after": None, "after_unknown": False},
    },
}
ROOT = {
    "module_calls": {
        "vpc": {
            **call([], module_calls={"sub": call([], source="./sub")}),
            "source": "terraform-aws-modules/vpc/aws",
            "version_constraint": "5.1.0",
        }
    },
    "variables": {"env": {}, "password": {"sensitive": True}},
    "outputs": {name: {"expression": {}} for name in ("url", "id", "key", "untold")},
}
PROVIDERS = {
    "aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "version_constraint": "~> 5.80"},
    "aws.eu": {"name": "aws", "alias": "eu", "full_name": "registry.terraform.io/hashicorp/aws", "version_constraint": "~> 5.80"},
    "module.vpc:aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws", "module_address": "module.vpc"},
}  # fmt: skip


def test_the_json_of_a_plan_says_the_same(tmp_path):
    source = document(change("aws_vpc.a", {}), root=ROOT, providers=PROVIDERS, **SECTIONS)
    write(tmp_path, {"plan.json": json.dumps(source), ".terraform.lock.hcl": LOCK})
    (plan,) = read_plans(str(tmp_path / "plan.json"))
    facts = plan.facts
    assert [(one.address, one.source, one.version) for one in facts.modules] == [
        ("module.vpc", "terraform-aws-modules/vpc/aws", "5.1.0"),
        ("module.vpc.module.sub", "./sub", ""),
    ]
    assert [(one.name, one.source, one.constraint) for one in facts.providers] == [("aws", "hashicorp/aws", "~> 5.80")]
    assert facts.variables == {"env": "prod", "password": "hunter2"}
    assert facts.outputs["url"] == "https://x"
    assert facts.outputs["id"] == Unknown("plan.outputs.id")
    assert (facts.outputs["untold"].reason, "gone" in facts.outputs) == ("the plan does not say it", False)
    assert facts.secrets == {"var.password", "output.key"}
    assert isinstance(facts.workspace, Unknown)
    assert facts.locked() == {"hashicorp/aws": "5.80.0"}


def test_a_plan_without_configuration_says_so():
    source = document(change("aws_vpc.a", {}))
    del source["configuration"]
    assert read(source).facts.has_configuration is False


@pytest.mark.parametrize("text", ["", "provider {", "\x00", 'provider "x/y/z" {\n}\n'])
def test_a_lock_file_that_says_nothing_locks_nothing(tmp_path, text):
    write(tmp_path, {"main.tf": "", ".terraform.lock.hcl": text})
    (plan,) = read_plans(str(tmp_path))
    assert plan.facts.locked() == {}
