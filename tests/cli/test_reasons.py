"""Four reasons why there is no amount, four remedies: never one for another, as the command line says them."""

import json
import shlex

import pytest

from guardrail.catalog import Selector
from guardrail.costs.billing import sync_command


@pytest.fixture
def write(tmp_path):
    def call(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return call


PROVIDER = 'provider "aws" { region = "eu-west-1" }\n'
FOLDERS = {
    "known after apply": (
        (
            'resource "aws_ebs_volume" "v" {\n  size = terraform_data.t.output\n  availability_zone = "eu-west-1a"\n}\n'
            'resource "terraform_data" "t" { input = 8 }\n'
        ),
        "aws_ebs_volume.v",
        ("known-after-apply", "known after apply: size", ""),
    ),
    "a variable without a value": (
        (
            'variable "size" { type = number }\n'
            'resource "aws_ebs_volume" "v" {\n  size = var.size\n  availability_zone = "eu-west-1a"\n}\n'
        ),
        "aws_ebs_volume.v",
        ("not-evaluated", "size: not evaluated: variable size has no value", "--var-file"),
    ),
    "a variable of a module": (
        'variable "kind" {}\nmodule "m" {\n  source = "./m"\n  kind = var.kind\n}\n',
        "module.m.aws_instance.i",
        ("not-evaluated", "instance_type: not evaluated: variable kind has no value", "--var-file"),
    ),
    "a data source": (
        (
            'data "aws_ssm_parameter" "p" { name = "size" }\n'
            'resource "aws_ebs_volume" "v" {\n  size = data.aws_ssm_parameter.p.value\n  availability_zone = "eu-west-1a"\n}\n'
        ),
        "aws_ebs_volume.v",
        ("not-evaluated", "data.aws_ssm_parameter.p is read only when a plan is made", "plan"),
    ),
    "no price in the region": (
        'resource "aws_lb" "l" {\n  provider = aws.there\n}\nprovider "aws" {\n  alias = "there"\n  region = "mx-central-1"\n}\n',
        "aws_lb.l",
        (
            "no-price",
            "no price shipped for mx-central-1 (AWSELB)",
            "run `guardrail pricing sync --vendor aws --service AWSELB --region mx-central-1`",
        ),
    ),
}


@pytest.mark.parametrize("text, address, said", FOLDERS.values(), ids=FOLDERS)
def test_each_gap_has_its_own_reason_and_remedy(run, write, text, address, said):
    write("main.tf", PROVIDER + text)
    write(
        "m/main.tf",
        'variable "kind" {}\nresource "aws_instance" "i" {\n  ami = "ami-1"\n  instance_type = var.kind\n}\n',
    )
    report = json.loads(run("estimate", ".", "--format", "json").stdout)
    (resource,) = (one for one in report["projects"][0]["resources"] if one["address"] == address)
    line = next(one for one in resource["components"] if one["monthly_cost"] is None and one["status"] != "usage")
    reason, note, remedy = said
    assert line["reason"] == reason
    assert note in line["note"]
    assert remedy in line["remedy"]
    assert bool(remedy) == bool(line["remedy"])
    shown = " ".join(run("estimate", ".").stdout.split())
    assert note in shown
    assert ("run `guardrail pricing sync --for " if "pricing sync" in remedy else remedy) in shown


SELECTORS = [
    ("aws", "AWSELB", "eu-central-1"),
    ("azure", "Load Balancer", "westeurope"),
    ("aws", "AmazonCloudFront", ""),
    ("gcp", "Compute Engine", "europe-west1"),
]


@pytest.mark.parametrize("vendor, service, region", SELECTORS)
def test_the_command_that_is_named_is_one(run, tmp_path, vendor, service, region):
    text = sync_command(Selector(vendor, service, region, None, (), "on_demand"))
    _, command, _ = text.split("`")
    program, *arguments = shlex.split(command)
    assert (program, "--region" in arguments) == ("guardrail", bool(region))
    ran = run(*arguments, "--from", tmp_path / "nowhere")
    assert "no such folder of price lists" in ran.stderr


RULE = """\
id: size-known
title: The size is known
severity: low
enforcement: advisory
match: {types: ["aws_ebs_volume"], actions: [create]}
validations:
  - expression: resource.after.size < 100
    message: "too large"
fix: Make it smaller.
"""


@pytest.mark.parametrize(
    "volume, status, message, fix",
    [
        ("size = terraform_data.t.output", "unknown", "size is known after apply", ""),
        ("size = var.size", "unknown", "size is not evaluated: variable size has no value", "--var-file"),
        ('type = "gp3"', "unknown", "size", ""),  # which the provider chooses
        ("size = null", "unknown", "size", ""),
        ("size = 100", "fail", "too large", "Make it smaller."),
    ],
)  # fmt: skip
def test_a_rule_says_why_it_has_no_answer(run, write, volume, status, message, fix):
    write(
        "main.tf",
        f'{PROVIDER}variable "size" {{}}\nresource "terraform_data" "t" {{ input = 8 }}\n'
        f'resource "aws_ebs_volume" "v" {{\n  availability_zone = "eu-west-1a"\n  {volume}\n}}\n',
    )
    write("policies/size.yaml", RULE)
    write("guardrail.yaml", "version: 1\nrules: {packs: [], paths: [policies]}\n")
    report = json.loads(run("check", ".", "--format", "json").stdout)
    finding = report["projects"][0]["findings"][-1]
    assert (finding["rule"], finding["status"]) == ("size-known", status)
    assert message in finding["message"]
    assert fix in finding["fix"]


EVALUATOR_WORDS = ("operand", "wrong type", "neither a list nor a map", "no such key", "overload")
FAULTS = {
    "a text where a number belongs": 'resource "aws_ebs_volume" "v" {\n  size = "large"\n  availability_zone = "a"\n}\n',
    "a block where a text belongs": 'resource "aws_instance" "i" {\n  ami = "a"\n  instance_type = { a = 1 }\n}\n',
    "a text where blocks belong": 'resource "aws_dynamodb_table" "t" {\n  name = "t"\n  replica = "eu"\n}\n',
    "nothing at all": 'resource "aws_db_instance" "d" {\n}\nresource "aws_msk_cluster" "m" {\n}\n',
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS)
def test_nobody_reads_what_an_evaluator_says(run, write, text):
    write("main.tf", PROVIDER + text)
    for format_name in ("table", "json", "markdown"):
        said = run("check", ".", "--format", format_name).stdout
        assert not [word for word in EVALUATOR_WORDS if word in said]
