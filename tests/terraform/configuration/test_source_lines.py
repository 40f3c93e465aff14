"""Source lines: each resource of a plan points to its block, through modules."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from guardrail.terraform.address import steps
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


OPEN = 'resource "aws_instance" "web" {\n  instance_type = "t3.micro"\n}\n'
MANIFEST = ".terraform/modules/modules.json"
TABLE: dict[str, tuple[dict[str, str], dict[str, list[str]]]] = {
    # configuration: its files, and for each address the place of its block, then those of the calls that lead to it
    "comments that look like blocks": (
        {"main.tf": "".join(f"{mark} {line}\n" for mark in ("#", "//") for line in OPEN.splitlines()) + f"/* {OPEN}*/\n/**/ {OPEN}"},
        {"aws_instance.web": ["main.tf:11"]},
    ),
    "heredocs that look like blocks": (
        {"main.tf": f'locals {{\n  a = <<EOT\n{OPEN}EOT\n  b = <<-"X"\n  EOT\n  c = "\\"}}{{"\n}}\n'.replace('"X"', "EOT") + OPEN},
        {"aws_instance.web": ["main.tf:11"]},
    ),
    "strings and templates with braces": (
        {"main.tf": 'locals { a = "${join("}", ["{", "$${"])}%{ if true }}%{ endif }" }\n' + OPEN},
        {"aws_instance.web": ["main.tf:2"]},
    ),
    "two blocks on one line": (
        {"main.tf": '\nresource "aws_instance" "a" {} resource "aws_instance" "web" { ami = "}" }\nlocals {} resource "aws_instance" "c" {\n}'},
        {"aws_instance.a": ["main.tf:2"], "aws_instance.web": ["main.tf:2"], "aws_instance.c": ["main.tf:3"]},
    ),
    "line ends of Windows, tabs and a byte order mark": (
        {"main.tf": '\ufeff\r\n/* x\r\n*/\r\n\tresource\t"aws_instance"\t\t"web"\t{\r\n\t}\r\n\r\nresource aws_instance bare {\r\n}\r\n'},
        {"aws_instance.web": ["main.tf:4"], "aws_instance.bare": ["main.tf:7"]},
    ),
    "JSON on one line and over many": (
        {
            "a.tf.json": '{"resource": {"aws_instance": {"web": {}}}}',
            "b.tf.json": '{\n "locals": {"web": 1},\n "resource": [\n  {"aws_instance": {"b": {\n    "tags": {"c": "d"}},\n   "c": {}}}\n ]\n}',
        },
        {"aws_instance.web": ["a.tf.json:1"], "aws_instance.b": ["b.tf.json:4"], "aws_instance.c": ["b.tf.json:6"]},
    ),
    "OpenTofu's file wins": (
        {"main.tf": OPEN, "main.tofu": "\n" + OPEN, "z.tofu.json": '{"resource": {"aws_instance": {"z": {}}}}'},
        {"aws_instance.web": ["main.tofu:2"], "aws_instance.z": ["z.tofu.json:1"]},
    ),
    "the block that an override file changes": (
        {"a_override.tf": "\n\n" + OPEN, "main.tf": "\n" + OPEN},
        {"aws_instance.web": ["main.tf:2"]},
    ),
    "the same names in other modules, types and data": (
        {
            "main.tf": 'data "aws_instance" "web" {}\nresource "aws_ami" "web" {}\nmodule "web" {\n  source = "./aws_instance"\n}\n' + OPEN,
            "aws_instance/web.tf": "\n" + OPEN,
        },
        {"aws_instance.web": ["main.tf:6"], "module.web.aws_instance.web": ["aws_instance/web.tf:2", "main.tf:3"]},
    ),
    "one module called twice": (
        {"main.tf": 'module "a" { source = "./m" }\nmodule "b" { source = "./m/../m" }\n', "m/main.tf": OPEN},
        {"module.a.aws_instance.web": ["m/main.tf:1", "main.tf:1"], "module.b.aws_instance.web": ["m/main.tf:1", "main.tf:2"]},
    ),
    "modules in modules with count and for_each": (
        {
            "main.tf": '\nmodule "a" {\n  for_each = {}\n  source = "./a"\n}\n',
            "a/main.tf": 'locals {}\nmodule "b" {\n  count = 2\n  source = "../b"\n}\n',
            "b/x.tf": "\n\n" + OPEN,
        },
        {
            f'module.a["{key}"].module.b[{number}].aws_instance.web{own}': ["b/x.tf:3", "main.tf:2", "a/main.tf:2"]
            for key, number, own in (("x", 0, ""), ("x.y[0].module.b", 1, "[0]"), ('q\\"]', 0, '["a.aws_instance.web"]'))
        },
    ),
    "a fetched module": (
        {
            MANIFEST: '{"Modules": [{"Key": "m", "Dir": ".terraform/modules/m"}, {"Key": "m.inner", "Dir": ".terraform/modules/m/sub"}, {"Key": "o.far", "Dir": ".terraform/modules/far"}]}',
            "main.tf": '\nmodule "m" {\n  source = "x/y/aws"\n}\nmodule "o" {\n  source = "./own"\n}\n',
            ".terraform/modules/m/main.tf": '\n\n\n\nmodule "inner" { source = "./sub" }\n' + OPEN,
            ".terraform/modules/m/sub/main.tf": OPEN,
            "own/main.tf": 'locals {}\n\nmodule "far" { source = "git::https://example.com/far" }\n',
            ".terraform/modules/far/main.tf": OPEN,
        },
        {
            "module.m.aws_instance.web": ["main.tf:2", "main.tf:2"],
            "module.m.module.inner.aws_instance.web": ["main.tf:2", "main.tf:2"],
            "module.o.module.far.aws_instance.web": ["own/main.tf:3", "main.tf:5", "own/main.tf:3"],
        },
    ),
    "a module that is not there": (
        {"main.tf": 'module "m" {\n  source = "x/y/aws"\n}\n'},
        {"module.m[0].aws_instance.web": ["main.tf:1", "main.tf:1"]},
    ),
    "a module called in JSON": (
        {"main.tf.json": '{\n "module": {\n  "m": {"source": "./m"}}}', "m/main.tf.json": '{"resource":\n {"aws_instance":\n {"web": {}}}}'},
        {"module.m.aws_instance.web": ["m/main.tf.json:3", "main.tf.json:3"]},
    ),
    "a block after one that is broken": (
        {"a.tf": 'resource "aws_instance" "web" {\n  = 3\n}\n\nresource "aws_instance" "b" {\n}\n'},
        {"aws_instance.web": ["a.tf:1"], "aws_instance.b": ["a.tf:5"]},
    ),
    "files that are none of the configuration": (
        {".hidden.tf": OPEN, "main.tf~": OPEN, "main.tf.bak": OPEN, "sub/main.tf": OPEN, "x.tftest.hcl": OPEN, "z.tf": "\n\n" + OPEN},
        {"aws_instance.web": ["z.tf:3"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("files, places", TABLE.values(), ids=TABLE)
def test_every_finding_points_to_its_line(tmp_path, run, files, places):
    for name, text in files.items():
        Path(tmp_path, name).parent.mkdir(parents=True, exist_ok=True)
        Path(tmp_path, name).write_bytes(text.encode())
    (tmp_path / "plan.json").write_text(plan_of(*places), encoding="utf-8")
    report = json.loads(run("check", "plan.json", "--format", "json").stdout)
    told = {found["address"]: f"{found['file']}:{found['line']}" for found in report["projects"][0]["findings"]}
    assert told == {address: place for address, (place, *_) in places.items()}
    (changes,) = (plan.changes for plan in read_plans(str(tmp_path / "plan.json")))
    for change in changes:
        assert change.source is not None
        near = [
            f"{Path(one.file).relative_to(tmp_path).as_posix()}:{one.line}"
            for one in (change.source, *change.source.calls)
        ]
        assert near == places[change.address]
        assert change.name in text_at(change.source) or near[0] in near[1:]
        called = [name for _, name, _ in steps(change.module)]
        assert all(name in text_at(call) for name, call in zip(called, change.source.calls, strict=False))


def test_links_are_followed_in_the_checkout_and_paths_are_as_seen_from_here(tmp_path, run):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)  # noqa: S607 - whichever git there is
    Path(tmp_path, "shared/m").mkdir(parents=True)
    Path(tmp_path, "shared/m/main.tf").write_text("\n" + OPEN, encoding="utf-8")
    Path(tmp_path, "live/app/deep").mkdir(parents=True)
    Path(tmp_path, "live/app/linked").symlink_to(tmp_path / "shared/m", target_is_directory=True)
    Path(tmp_path, "live/app/main.tf").write_text('module "m" { source = "./linked" }\n', encoding="utf-8")
    Path(tmp_path, "live/app/plan.json").write_text(plan_of("module.m.aws_instance.web"), encoding="utf-8")
    Path(tmp_path, "root").symlink_to(tmp_path / "live/app", target_is_directory=True)
    seen = {}
    for cwd, given in ((".", "live/app"), ("live/app", "."), ("live/app/deep", ".."), (".", "root/plan.json")):
        ran = run("check", given, "--format", "json", cwd=tmp_path / cwd)
        (finding,) = json.loads(ran.stdout)["projects"][0]["findings"]
        seen[cwd, given] = (finding["file"], finding["line"])
    assert seen == {
        (".", "live/app"): ("live/app/linked/main.tf", 2),
        ("live/app", "."): ("linked/main.tf", 2),
        ("live/app/deep", ".."): ("../linked/main.tf", 2),
        (".", "root/plan.json"): ("root/linked/main.tf", 2),
    }


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
