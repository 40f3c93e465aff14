"""Configuration folders: verdicts without a plan, variables from everywhere, and what is missing is said."""

import json
from pathlib import Path

import pytest

from guardrail.cel.engine.engines import ENGINE_VARIABLE
from guardrail.errors import InputError
from guardrail.model.unknown import Unknown
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.options import Choices

SHOP = """\
provider "aws" {
  region = local.region
}
provider "aws" {
  alias  = "tagged"
  region = "eu-west-1"
  default_tags {
    tags = { team = "shop", env = var.stage }
  }
}
variable "later" {}
variable "stage" { default = "prod" }
variable "tags" { default = { team = "shop", env = "prod" } }
locals { region = "us-${"east"}-1" }

resource "aws_s3_bucket" "good" { tags = var.tags }
resource "aws_s3_bucket" "half" { tags = { team = "shop" } }
resource "aws_s3_bucket" "none" { bucket = "x" }
resource "aws_s3_bucket" "later" { tags = var.later }
resource "aws_s3_bucket" "later_value" { tags = { team = "shop", env = var.later } }
resource "aws_s3_bucket" "inherits" {
  provider = aws.tagged
  tags     = { Name = "x" }
}
resource "aws_s3_bucket" "empty" { tags = { team = "", env = "prod" } }
resource "aws_s3_bucket" "cased" { tags = { Team = "shop", Env = "prod" } }
data "aws_instance" "looked_up" { instance_id = "i-1" }
resource "aws_instance" "gpu" {
  for_each      = toset(["a.b"])
  instance_type = "p4d.24xlarge"
  tags          = var.tags
}
resource "aws_instance" "later_type" {
  instance_type = var.later
  tags          = var.tags
}
resource "aws_volume_attachment" "va" { device_name = "/dev/sdh" }
module "m" {
  for_each = toset(["x"])
  source   = "./mod"
}
"""
VERDICTS = {
    ("required-tags", "aws_s3_bucket.half"): ("fail", "main.tf", 17),
    ("required-tags", "aws_s3_bucket.none"): ("fail", "main.tf", 18),
    ("required-tags", "aws_s3_bucket.later"): ("unknown", "main.tf", 19),
    ("required-tags", "aws_s3_bucket.empty"): ("fail", "main.tf", 25),
    ("required-tags", "aws_s3_bucket.cased"): ("fail", "main.tf", 26),
    ("required-tags", 'module.m["x"].aws_s3_bucket.this'): ("fail", "mod/main.tf", 1),
    ("gpu-instance", 'aws_instance.gpu["a.b"]'): ("fail", "main.tf", 28),
    ("gpu-instance", "aws_instance.later_type"): ("unknown", "main.tf", 33),
}


def write(folder, **files):
    for name, text in files.items():
        path = Path(folder, name.replace("__", "/").replace("_DOT_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def values(folder, **choices):
    """The values of the only resource's input."""
    (change,) = read_folder(folder, Choices(**choices)).changes
    assert change.after is not None
    return change.after.get("input")


@pytest.mark.parametrize("engine", ["cpp", "python"])
def test_every_verdict_is_reached_without_a_plan(tmp_path, run, monkeypatch, engine):
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    write(tmp_path, main_DOT_tf=SHOP, mod__main_DOT_tf='resource "aws_s3_bucket" "this" { tags = { team = "x" } }\n')
    (tmp_path / "guardrail.yaml").write_text(
        "version: 1\nrules: {packs: [tagging, instance-sizes]}\n", encoding="utf-8"
    )
    ran = run("check", ".", "--format", "json")
    report = json.loads(ran.stdout)
    assert (ran.exit_code, report["verdict"]) == (1, "fail")
    rules = {"required-tags", "gpu-instance"}
    found = report["projects"][0]["findings"]
    assert {
        (f["rule"], f["address"]): (f["status"], f["file"], f["line"]) for f in found if f["rule"] in rules
    } == VERDICTS
    resources = {resource["address"]: resource for resource in report["projects"][0]["resources"]}
    assert {resource["action"] for resource in resources.values()} == {"create"}
    assert resources["aws_s3_bucket.inherits"]["region"] == "eu-west-1"
    assert resources["aws_s3_bucket.good"]["region"] == "us-east-1"


PRECEDENCE = 'variable "v" { default = "default" }\nresource "terraform_data" "r" { input = var.v }\n'


def test_the_precedence_of_variables_is_terraforms(tmp_path):
    seen = [values(write(tmp_path, main_DOT_tf=PRECEDENCE))]
    environ = {"TF_VAR_v": "environment"}
    for name, text in (
        ("terraform.tfvars", 'v = "tfvars"'),
        ("terraform.tfvars.json", '{"v": "tfvars.json"}'),
        ("a.auto.tfvars", 'v = "a.auto"\nother = 1'),
        ("b.auto.tfvars.json", '{"v": "b.auto"}'),
    ):
        seen.append(values(tmp_path, environ=environ))
        (tmp_path / name).write_text(text, encoding="utf-8")
    seen.append(values(tmp_path, environ=environ))
    (tmp_path / "given").write_text('v = "file"', encoding="utf-8")
    seen.append(values(tmp_path, given=(tmp_path / "given",)))
    seen.append(values(tmp_path, given=(tmp_path / "given", "v=flag=1")))
    assert seen == ["default", "environment", "tfvars", "tfvars.json", "a.auto", "b.auto", "file", "flag=1"]


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("list(string)", '["a"]', ["a"]),
        ("map(number)", "{ a = 1 }", {"a": 1}),
        ("string", '["a"]', '["a"]'),
        ("number", "3", 3),
    ],
)
def test_flags_are_read_by_the_type_of_their_variable(tmp_path, kind, text, value):
    write(
        tmp_path, main_DOT_tf=f'variable "v" {{ type = {kind} }}\nresource "terraform_data" "r" {{ input = var.v }}\n'
    )
    assert values(tmp_path, given=(f"v={text}",)) == value
    assert values(tmp_path, environ={"TF_VAR_v": text}) == value
    assert isinstance(values(tmp_path), Unknown)


def test_the_workspace_is_chosen_or_selected(tmp_path):
    write(tmp_path, main_DOT_tf='resource "terraform_data" "r" { input = terraform.workspace }\n')
    assert values(tmp_path) == "default"
    write(tmp_path, _DOT_terraform__environment="selected")
    assert values(tmp_path) == "selected"
    assert values(tmp_path, environ={"TF_WORKSPACE": "env"}) == "env"
    assert values(tmp_path, environ={"TF_WORKSPACE": "env"}, workspace="flag") == "flag"


def test_json_syntax_and_files_of_opentofu(tmp_path):
    write(
        tmp_path,
        a_DOT_tf_DOT_json='{"variable": {"v": {"default": 2}}, "resource": {"terraform_data": {"j": {"input": "${var.v + 1}"}}}}',
        b_DOT_tofu='resource "terraform_data" "t" { input = "tofu" }',
        c_DOT_tf='resource "terraform_data" "c" { input = "replaced" }',
        c_DOT_tofu='resource "terraform_data" "c" { input = "wins" }',
    )
    plan = read_folder(tmp_path, Choices())
    found = {change.name: (change.after and change.after.get("input"), change.source) for change in plan.changes}
    assert {name: value for name, (value, _) in found.items()} == {"j": 3, "t": "tofu", "c": "wins"}
    assert all(source for _, source in found.values())


def test_dynamic_blocks_are_expanded_where_they_can_be(tmp_path):
    write(
        tmp_path,
        main_DOT_tf='resource "aws_instance" "h" {\n  disk { size = 1 }\n  dynamic "disk" {\n    for_each = { a = 2, b = 3 }\n    iterator = d\n'
        '    content {\n      size = d.value\n      dynamic "part" {\n        for_each = d.key == "b" ? [d.value] : []\n'
        "        content { n = part.value }\n      }\n    }\n  }\n}\n",
        j_DOT_tf_DOT_json='{"resource": {"aws_instance": {"j": {"dynamic": {"disk": {"for_each": [1], "content": {"size": 1}}}}}}}',
    )
    plan = read_folder(tmp_path, Choices())
    found = {change.name: change.after and change.after.get("disk") for change in plan.changes}
    assert found == {
        "h": [{"size": 1}, {"size": 2, "part": []}, {"size": 3, "part": [{"n": 3}]}],
        "j": [{"size": 1}],
    }


INCOMPLETE = {
    "count": (
        'resource "terraform_data" "r" { count = terraform_data.one.output }\nresource "terraform_data" "one" { input = 1 }',
        "terraform_data.r: count is known after apply",
    ),
    "for_each": (
        'resource "terraform_data" "r" { for_each = toset(data.aws_x.y.z) }',
        "terraform_data.r: for_each: data.aws_x.y is read only when a plan is made",
    ),
    "of a module": (
        'module "m" {\n  source = "./m"\n  count = var.unset\n}\nvariable "unset" {}',
        "module.m: count: variable unset has no value",
    ),
    "remote": (
        'module "m" { source = "terraform-aws-modules/vpc/aws" }',
        "module.m: its source terraform-aws-modules/vpc/aws",
    ),
    "gone": ('module "m" { source = "./gone" }', "module.m: its source ./gone is not here"),
}


@pytest.mark.parametrize("text, said", INCOMPLETE.values(), ids=INCOMPLETE)
def test_what_is_missing_is_said_and_is_no_pass(tmp_path, run, text, said):
    write(
        tmp_path,
        main_DOT_tf=f'{text}\nresource "terraform_data" "x" {{}}\n',
        m__main_DOT_tf='resource "terraform_data" "y" {}',
    )
    ran = run("check", ".", "--format", "json")
    report = json.loads(ran.stdout)
    (finding,) = (f for f in report["projects"][0]["findings"] if f["rule"] == "incomplete-configuration")
    assert finding["status"] == "unknown"
    assert said in finding["message"]
    assert (ran.exit_code, report["verdict"]) == (0, "warn")
    assert {r["address"] for r in report["projects"][0]["resources"]} - {"terraform_data.one"} == {"terraform_data.x"}


def test_modules_that_init_has_fetched_are_evaluated(tmp_path):
    manifest = {"Modules": [{"Key": "m", "Source": "registry/x", "Dir": ".terraform/modules/m"}]}
    write(
        tmp_path,
        main_DOT_tf='module "m" {\n  source = "terraform-aws-modules/x/aws"\n  v = 4\n}\n',
        _DOT_terraform__modules__m__main_DOT_tf='variable "v" {}\nresource "terraform_data" "r" { input = var.v }\n',
        _DOT_terraform__modules__modules_DOT_json=json.dumps(manifest),
    )
    (change,) = read_folder(tmp_path, Choices()).changes
    assert change.after is not None
    assert (change.address, change.after.get("input")) == ("module.m.terraform_data.r", 4)
    assert change.source is not None
    assert (Path(change.source.file).name, change.source.line) == ("main.tf", 1)


def test_several_root_modules_in_one_tree_are_several_projects(tmp_path, run):
    write(
        tmp_path,
        a__main_DOT_tf='module "m" { source = "../shared" }\n',
        b__main_DOT_tf='resource "terraform_data" "b" {}\n',
        shared__main_DOT_tf='resource "terraform_data" "s" {}\n',
    )
    ran = run("estimate", ".", "--format", "json")
    projects = json.loads(ran.stdout)["projects"]
    assert [[r["address"] for r in project["resources"]] for project in projects] == [
        ["module.m.terraform_data.s"],
        ["terraform_data.b"],
    ]
    assert [project["name"] for project in projects] == ["./a", "./b"]


def test_secrets_stay_secret(tmp_path, run):
    write(
        tmp_path,
        main_DOT_tf='variable "pw" {\n  sensitive = true\n}\nlocals { url = "x://${var.pw}" }\n'
        'resource "aws_db_instance" "d" {\n  instance_class = "db.t3.micro"\n  password = local.url\n  tags = { a = var.pw }\n}\n',
    )
    for format_name in ("json", "markdown", "table"):
        ran = run("check", ".", "--var", "pw=canary-7f3a9c", "--format", format_name)
        assert "canary" not in ran.stdout + ran.stderr
    (change,) = read_folder(tmp_path, Choices(("pw=canary-7f3a9c",))).changes
    assert change.after is not None
    assert change.after.has_secrets("password")
    assert change.after.has_secrets("tags")


@pytest.mark.parametrize(
    "files, options, said",
    [
        ({}, {}, "a folder without a plan.json"),
        ({"main_DOT_tf": 'resource "x" "a" {}\nresource "x" "b" {'}, {}, "main.tf:2: "),
        ({"main_DOT_tf": 'module "a" { source = "./" }'}, {}, "main.tf:1: a module that calls itself"),
        (
            {"main_DOT_tf": 'module "a" { source = "./a" }', "a__main_DOT_tf": 'module "b" { source = "../a/" }'},
            {},
            "main.tf:1: a module that calls itself",
        ),
        ({"main_DOT_tf": 'resource "x" "a" {}\nresource "x" "a" {}'}, {}, "main.tf:2: resource.x.a is declared twice"),
        (
            {"main_DOT_tf": "locals { a = 1 }\nlocals { a = 2 }"},
            {},
            "main.tf:2: local.a is declared twice (first in main.tf:1)",
        ),
        ({"a_DOT_tf": 'module "m" { source = "./b" }', "main_DOT_tf": 'module "m" {}'}, {}, "main.tf:1: module.m is"),
        (
            {"main_DOT_tf": 'provider "aws" {}\nprovider "aws" { region = "us-east-1" }'},
            {},
            "main.tf:2: provider.aws is",
        ),
        ({"main_DOT_tf": 'resource "aws_instance" {}'}, {}, "main.tf:1: resource has 1 labels instead of 2"),
        ({"main_DOT_tf": 'variable "v" {}\nmodule {}'}, {}, "main.tf:2: module has 0 labels instead of 1"),
        ({"main_DOT_tf": "", "terraform_DOT_tfvars": "v ="}, {}, "terraform.tfvars: not as Terraform writes values"),
        ({"main_DOT_tf": PRECEDENCE}, {"given": ("w=1",)}, "no variable 'w'"),
        ({"main_DOT_tf": PRECEDENCE}, {"given": ("v",)}, "'v' is not NAME=VALUE"),
        ({"main_DOT_tf": PRECEDENCE}, {"given": (Path("gone.tfvars"),)}, "gone.tfvars: cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, files, options, said):
    write(tmp_path, **files)
    with pytest.raises(InputError) as raised:
        read_plans(str(tmp_path), None, Choices(**options))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name, text, said, left",
    [
        ("main.tf", 'resource "x" "y" {}\n\nresource "x" "z" {\n', "a/main.tf:3: ", ["module.a.x.y"]),
        ("main.tf", 'resource "x" "y" {}\n}\n', "a/main.tf:2: ", ["module.a.x.y"]),
        ("main.tf.json", '{"resource": {\n', "a/main.tf.json:2: ", []),
        ("main.tf", 'resources "x" "y" {}\n', 'a/main.tf:1: "resources" is not a block', []),
        (
            "main.tf.json",
            '{"//": "note", "Resource": {"x": {"y": {}}}}',
            'a/main.tf.json:1: "Resource" is not a block',
            [],
        ),
        (
            "main.tf",
            'variable "v" {}\nvariable "v" {}\nresource "x" "y" {}\n',
            "variable.v is declared twice",
            ["module.a.x.y"],
        ),
    ],
)
def test_a_broken_file_makes_its_module_incomplete_and_not_the_run(tmp_path, name, text, said, left):
    write(tmp_path, main_DOT_tf='module "a" { source = "./a" }\nresource "x" "top" {}\n')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_text(text, encoding="utf-8")
    plan = read_folder(tmp_path, Choices())
    assert {change.address for change in plan.changes} <= {"x.top", *left}
    assert "x.top" in {change.address for change in plan.changes}
    (missing,) = plan.not_evaluated
    assert said in missing.note
    assert missing.remedy == "correct the configuration"
