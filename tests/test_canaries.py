"""A text that is sensitive, at every place where it can stand: no report, explanation, edit, cache or message shows it.

Each place has a text of its own, so that all of them can be read in one run and the one that leaks is named.
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from guardrail.cli.bug import bug_report
from guardrail.data import CACHE_VARIABLE

FORMATS = (
    *("table", "concise", "json", "markdown", "html", "csv", "sarif", "junit", "github", "gitlab"),
    *("markdown-gitlab", "markdown-azure", "markdown-bitbucket", "infracost-json"),
)

THROUGH = {
    "itself": "S",
    "template": '"x-${S}-y"',
    "if_in_template": '"%{ if S == null }a%{ else }${S}%{ endif }"',
    "for_in_template": '"%{ for v in [S] }${v}%{ endfor }"',
    "heredoc": "<<-EOT\n  a ${S}\n  EOT\n",
    "condition": 'S == "" ? "a" : S',
    "for_list": 'join(",", [for v in [S] : v])',
    "for_map": 'join(",", keys({for v in [S] : v => 1}))',
    "splat": 'join(",", [{ a = S }][*].a)',
    "index": "[S][0]",
    "attribute": "{ a = S }.a",
    "upper": "upper(S)",
    "title": "title(S)",
    "trim": 'trim(S, "x")',
    "trimprefix": 'trimprefix(S, "x")',
    "replace": 'replace(S, "zz", "")',
    "replace_by": 'replace("zz", "zz", S)',
    "substr": "substr(S, 0, -1)",
    "format": 'format("%s", S)',
    "format_quoted": 'format("%q", [S][0])',
    "formatlist": 'formatlist("%s", [S])[0]',
    "join": 'join("-", [S])',
    "split": 'split("|", S)[0]',
    "regex": 'regex(".*", S)',
    "regexall": 'regexall(".*", S)[0]',
    "jsonencode": "jsonencode({ a = S })",
    "jsondecode": 'jsondecode("{\\"a\\":\\"${S}\\"}").a',
    "yamlencode": "yamlencode({ a = S })",
    "yamldecode": 'yamldecode("a: ${S}").a',
    "csvdecode": 'csvdecode("a\\n${S}")[0].a',
    "base64encode": "base64encode(S)",
    "base64decode": "base64decode(base64encode(S))",
    "urlencode": "urlencode(S)",
    "sha256": "sha256(S)",
    "md5": "md5(S)",
    "base64sha256": "base64sha256(S)",
    "merge": "merge({ a = S }, { b = 1 }).a",
    "lookup": 'lookup({ a = S }, "a", "")',
    "lookup_default": 'lookup({}, "a", S)',
    "element": "element([S], 0)",
    "concat": "concat([S], [])[0]",
    "flatten": "flatten([[S]])[0]",
    "coalesce": 'coalesce("", S)',
    "coalescelist": "coalescelist([], [S])[0]",
    "compact": "compact([S])[0]",
    "distinct": "distinct([S])[0]",
    "reverse": "reverse([S])[0]",
    "slice": "slice([S], 0, 1)[0]",
    "sort": "sort([S])[0]",
    "setunion": "tolist(setunion([S], []))[0]",
    "setproduct": "setproduct([S], [1])[0][0]",
    "one": "one([S])",
    "try": "try(S, 1)",
    "values": "values({ a = S })[0]",
    "zipmap": 'zipmap(["a"], [S])["a"]',
    "zipmap_key": "keys(zipmap([S], [1]))[0]",
    "transpose": "keys(transpose({ a = [S] }))[0]",
    "tomap": 'tomap({ a = S })["a"]',
    "tostring": "tostring(S)",
    "strrev": "strrev(strrev(S))",
    "local": "local.of_itself",
    "module_output": "module.of_itself.out",
}
"""How a text comes to a value; S is the sensitive variable."""

SHOWN = 'availability_zone = "us-east-1a"\n  instance_type = "p4d.24xlarge"'
PLACES = {
    "tag_key": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = {{ (S) = 1 }}\n}}",
    "tags_whole": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = M\n}}",
    "tags_merged": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = merge(M, {{ b = 1 }})\n}}",
    "tags_of_for": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = {{ for k, v in M : k => v }}\n}}",
    "tags_of_keys": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = {{ for k in keys(M) : k => 1 }}\n}}",
    "size": "resource aws_instance NAME {\n  instance_type = S\n}",
    "size_in_template": 'resource aws_instance NAME {\n  instance_type = "t3.${S}"\n}',
    "zone": 'resource aws_instance NAME {\n  instance_type = "t3.micro"\n  availability_zone = S\n}',
    "nested_block": f"resource aws_instance NAME {{\n  {SHOWN}\n  root_block_device {{\n    volume_type = S\n    volume_size = 9\n  }}\n}}",
    "nested_twice": "resource aws_autoscaling_group NAME {\n  max_size = 2\n  min_size = 1\n  tag {\n    key = S\n    value = S\n    propagate_at_launch = true\n  }\n}",
    "dynamic_block": f"resource aws_instance NAME {{\n  {SHOWN}\n  dynamic ebs_block_device {{\n    for_each = [S]\n    content {{\n      device_name = ebs_block_device.value\n      volume_type = ebs_block_device.value\n      volume_size = 9\n    }}\n  }}\n}}",
    "dynamic_over_map": f"resource aws_instance NAME {{\n  {SHOWN}\n  dynamic ebs_block_device {{\n    for_each = M\n    content {{\n      device_name = ebs_block_device.key\n      volume_size = 9\n    }}\n  }}\n}}",
    "list": f"resource aws_instance NAME {{\n  {SHOWN}\n  vpc_security_group_ids = [S]\n}}",
    "number": 'resource aws_ebs_volume NAME {\n  size = S\n  availability_zone = "us-east-1a"\n}',
    "count": f"resource aws_instance NAME {{\n  count = S\n  {SHOWN}\n}}",
    "count_of_length": f"resource aws_instance NAME {{\n  count = length(M)\n  {SHOWN}\n  user_data = keys(M)[count.index]\n}}",
    "for_each": f"resource aws_instance NAME {{\n  for_each = M\n  {SHOWN}\n}}",
    "for_each_of_set": f"resource aws_instance NAME {{\n  for_each = toset([S])\n  {SHOWN}\n}}",
    "for_each_of_keys": f"resource aws_instance NAME {{\n  for_each = toset(keys(M))\n  {SHOWN}\n}}",
    "for_each_value": f"resource aws_instance NAME {{\n  for_each = {{ a = S }}\n  {SHOWN}\n  user_data = each.value\n  tags = {{ Name = each.value }}\n}}",
    "module_input": 'module NAME {\n  source = "./m"\n  in = S\n}',
    "module_for_each": 'module NAME {\n  source = "./m"\n  for_each = M\n  in = each.key\n}',
    "module_count": 'module NAME {\n  source = "./m"\n  count = length(S) > 3 ? 1 : 0\n  in = S\n}',
    "module_source": "module NAME {\n  source = S\n}",
    "module_version": 'module NAME {\n  source = "hashicorp/x/aws"\n  version = S\n}',
    "provider_tags": f'provider aws {{\n  alias = "NAME"\n  region = "us-east-1"\n  default_tags {{\n    tags = {{ Name = S, (S) = 1 }}\n  }}\n}}\nresource aws_instance NAME {{\n  provider = aws.NAME\n  {SHOWN}\n}}',
    "provider_tags_whole": f'provider aws {{\n  alias = "NAME"\n  region = "us-east-1"\n  default_tags {{\n    tags = M\n  }}\n}}\nresource aws_instance NAME {{\n  provider = aws.NAME\n  {SHOWN}\n}}',
    "provider_region": 'provider aws {\n  alias = "NAME"\n  region = S\n}\nresource aws_instance NAME {\n  provider = aws.NAME\n  instance_type = "t3.micro"\n}',
    "google_labels": 'provider google {\n  alias = "NAME"\n  region = "us-east1"\n  default_labels = M\n}\nresource google_compute_instance NAME {\n  provider = google.NAME\n  machine_type = S\n  zone = S\n}',
    "data_argument": f"data aws_ami NAME {{\n  name_regex = S\n  owners = [S]\n}}\nresource aws_instance NAME {{\n  ami = data.aws_ami.NAME.id\n  {SHOWN}\n  user_data = data.aws_ami.NAME.name_regex\n  tags = {{ Name = data.aws_ami.NAME.name_regex }}\n}}",
    "data_for_each": f"data aws_ami NAME {{\n  for_each = M\n  owners = [each.key]\n}}\nresource aws_instance NAME {{\n  for_each = data.aws_ami.NAME\n  {SHOWN}\n}}",
    "reference": 'resource aws_launch_template NAME {\n  instance_type = S\n  user_data = S\n}\nresource aws_autoscaling_group NAME {\n  max_size = 1\n  min_size = 1\n  launch_template {\n    id = aws_launch_template.NAME.id\n  }\n  tag {\n    key = "a"\n    value = aws_launch_template.NAME.user_data\n    propagate_at_launch = true\n  }\n}',
    "output": "output NAME {\n  value = S\n}",
    "check_block": 'check NAME {\n  assert {\n    condition = S == ""\n    error_message = S\n  }\n}',
    "precondition": f'resource aws_instance NAME {{\n  {SHOWN}\n  lifecycle {{\n    precondition {{\n      condition = S == ""\n      error_message = S\n    }}\n  }}\n}}',
    "validation": 'variable NAME {\n  default = "a"\n  validation {\n    condition = S == ""\n    error_message = S\n  }\n}',
    "variable_default": "variable NAME {\n  default = S\n}",
    "no_function": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = tonumber(S)\n}}",
    "no_number": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = S + 1\n}}",
    "no_key": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = {{ a = 1 }}[S]\n}}",
    "no_json": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = jsondecode(S)\n}}",
    "no_pattern": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = regex("(${{S}}", "a")\n}}',
    "no_match": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = regex("z{{9}}", S)\n}}',
    "no_file": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = file(S)\n}}",
    "no_template": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = templatefile(S, {{}})\n}}",
    "no_base64": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = base64decode("!${{S}}")\n}}',
    "no_time": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = timeadd(S, "1h")\n}}',
    "no_network": f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = cidrsubnet(S, 1, 1)\n}}",
    "no_date_format": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = formatdate(S, "2020-01-01T00:00:00Z")\n}}',
    "no_format": f'resource aws_instance NAME {{\n  {SHOWN}\n  user_data = format("%d", S)\n}}',
    "double_key": f"resource aws_instance NAME {{\n  {SHOWN}\n  tags = {{ for v in [S, S] : v => 1 }}\n}}",
    "moved": "moved {\n  from = aws_instance.zz_NAME\n  to = aws_instance.zz[S]\n}",
    "import_id": f"resource aws_instance NAME {{\n  {SHOWN}\n}}\nimport {{\n  to = aws_instance.NAME\n  id = S\n}}",
    "import_for_each": f"resource aws_instance NAME {{\n  for_each = M\n  {SHOWN}\n}}\nimport {{\n  for_each = M\n  to = aws_instance.NAME[each.key]\n  id = each.value\n}}",
    "ignored": f"resource aws_instance NAME {{\n  {SHOWN}\n  lifecycle {{\n    ignore_changes = [S]\n  }}\n}}",
    "provisioner": f'resource aws_instance NAME {{\n  {SHOWN}\n  provisioner "local-exec" {{\n    command = S\n  }}\n}}',
}
"""Blocks; S is the sensitive variable, M a sensitive map with such a key and value, NAME the name of the place."""
for _name, _expression in THROUGH.items():
    PLACES[f"of_{_name}"] = (
        f"resource aws_instance NAME {{\n  {SHOWN}\n  user_data = {_expression}\n  tags = {{ Name = {_expression} }}\n"
        f"  iam_instance_profile = {_expression}\n}}"
    )
PLACES["of_local"] += "\nlocals {\n  of_itself = S\n}"
PLACES["of_module_output"] += '\nmodule of_itself {\n  source = "./m"\n  in = S\n}'

MODULE = f"variable in {{}}\noutput out {{\n  value = var.in\n}}\nresource aws_instance x {{\n  {SHOWN}\n  user_data = var.in\n  tags = {{ Name = var.in }}\n}}\n"
RULE = """\
id: shows-everything
title: Shows what it can
severity: low
enforcement: mandatory
validations:
  - expression: "resource.address == ''"
    message: "{resource.address} {resource.name} {resource.tags}"
  - expression: "resource.after.user_data == ''"
    message: "{resource.after.user_data}"
  - expression: "resource.after.instance_type == 't3.nano'"
    message: "{resource.after.instance_type}"
  - expression: "resource.after.root_block_device == []"
    message: "{resource.after.root_block_device}"
  - expression: "resource.after.user_data + 1 == 3"
    message: "{lower(resource.after.user_data)}"
"""
EDIT = """\
id: smaller
title: Sizes are small
severity: low
enforcement: mandatory
match: {types: [aws_db_instance, aws_launch_template]}
validations:
  - expression: "(resource.type == 'aws_db_instance' ? resource.after.instance_class : resource.after.instance_type) == 'db.t3.micro'"
    message: is large
edits:
  - {set: instance_class, value: "'db.t3.micro'"}
"""
CONFIG = """\
version: 1
projects: [{name: p, path: ., usage: usage.yml}]
rules: {paths: [rules], packs: [tagging, instance-sizes, waste, budget]}
budgets: [{name: b, monthly: 1, increase: 1}]
"""


def canary(name):
    return f"canary{hashlib.sha256(name.encode()).hexdigest()[:12]}q"


def forms(text):
    """How the text may look after the functions that are tested, in lower case."""
    data = text.encode()
    encoded = {base64.b64encode(data).decode(), base64.b64encode(hashlib.sha256(data).digest()).decode()}
    hashes = (hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest())  # noqa: S324 - as Terraform's functions
    return {one.lower() for one in {text, text[::-1], *encoded, *hashes}}


def write(folder: Path, places, *, sensitive=True):
    """A configuration with all of these places, its secrets in a file of variables."""
    marked = "sensitive = true" if sensitive else ""
    text, values = 'provider aws {\n  region = "us-east-1"\n}\n', ""
    for name, block in places.items():
        text += f"variable s_{name} {{\n  {marked}\n}}\nvariable m_{name} {{\n  type = map(string)\n  {marked}\n}}\n"
        text += re.sub(r"\bS\b", f"var.s_{name}", re.sub(r"\bM\b", f"var.m_{name}", block)).replace("NAME", name) + "\n"
        values += f's_{name} = "{canary(name)}"\nm_{name} = {{ "{canary(name)}" = "{canary(name)}" }}\n'
    for path, content in {
        "main.tf": text,
        "m/main.tf": MODULE,
        "secret.auto.tfvars": values,
        "rules/shows.yaml": RULE,
        "rules/smaller.yaml": EDIT,
        "guardrail.yaml": CONFIG,
        "usage.yml": "version: 0.1\nresource_type_default_usage: {aws_instance: {operating_system: linux}}\n",
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


def everything(command, folder: Path, subject: str, explained):
    """All that the commands say, print and write of a configuration or a plan, in lower case."""
    reports = folder.parent / f"{folder.name}-reports"
    reports.mkdir()
    outs = [f"--out={name}={reports / name}" for name in FORMATS]
    said = []
    for args in (
        ("check", subject, "--suggest", *outs),
        ("check", subject, "--details"),
        ("check", subject, "--fix-diff"),
        ("estimate", subject, *(one + "-estimate" for one in outs)),
        ("diff", reports / "json", subject, *(one + "-diff" for one in outs)),
        ("report", reports / "json", "--comment", "never", *(one + "-report" for one in outs)),
        *(("explain", address, subject) for address in explained),
        *(("explain", "smaller", address, subject) for address in explained),
        ("usage", "init", subject),
    ):
        ran = command(*args, cwd=folder)
        assert ran.exit_code in {0, 1, 2}, ran.stderr
        said.append(f"$ {args}\n{ran.stdout}{ran.stderr}")
    said += [f"$ {path.name}\n{path.read_text(encoding='utf-8')}" for path in sorted(reports.iterdir())]
    assert len(said) > 4 * len(FORMATS)
    return "\n".join(said).lower()


@pytest.fixture(scope="module")
def of_folder(command, compiled_catalog, tmp_path_factory):
    """Everything said of the configuration, and the bytes of the cache but for the prices in it."""
    root = tmp_path_factory.mktemp("canaries")
    with pytest.MonkeyPatch.context() as patch:
        folder = root / "secret"
        folder.mkdir()
        write(folder, PLACES)
        said = everything(command, folder, ".", ["aws_instance.size", "aws_instance.of_itself"])
        cache = root / "cache"
        cache.mkdir()
        prices = cache / compiled_catalog.name
        prices.symlink_to(compiled_catalog)
        patch.setenv(CACHE_VARIABLE, str(cache))
        command("check", ".", "--base", ".", cwd=folder)
        kept = b"".join(path.read_bytes() for path in cache.rglob("*") if path.is_file() and path != prices)
        assert kept
    return said, kept.decode("latin-1").lower()


@pytest.mark.parametrize("place", PLACES)
def test_nothing_says_what_is_sensitive_in_a_configuration(of_folder, place):
    said, kept = of_folder
    for form in forms(canary(place)):
        assert form not in said, said[max(0, said.index(form) - 300) : said.index(form) + 200]
        assert form not in kept


def test_most_of_it_would_be_said_were_it_not_sensitive(command, tmp_path):
    write(tmp_path, PLACES, sensitive=False)
    formats = ("json", "infracost-json")
    outs = [f"--out={name}={tmp_path / name}" for name in formats]
    assert command("check", ".", *outs, cwd=tmp_path).exit_code in {1, 2}
    said = "".join((tmp_path / name).read_text(encoding="utf-8") for name in formats).lower()
    assert sum(any(form in said for form in forms(canary(place))) for place in PLACES) >= 60


OUTSIDE = """\
resource aws_instance x {
  for_each = toset(concat(
    [for l in split("\\n", try(file("ABOVE"), "")) : l],
    [try(filebase64("ABOVE"), ""), try(file("link"), ""), try(file("${path.module}/../above"), "")],
    [try(templatefile("link", {}), ""), try(jsondecode(file("link")), ""), try(one(fileset("..", "above*")), "")],
  ))
  instance_type = "t3.micro"
  user_data     = file("link")
  tags = { Name = file("ABOVE"), a = fileexists("ABOVE") ? "above-is-there" : "", b = filesha256("link") }
}
"""


def test_nothing_says_what_is_outside_of_the_checkout_or_in_the_environment(command, tmp_path, monkeypatch):
    text = canary("outside")
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ARM_CLIENT_SECRET", "TF_TOKEN_x"):
        monkeypatch.setenv(name, text)
    folder, above = tmp_path / "secret", tmp_path / "above"
    folder.mkdir()
    above.write_text(text, encoding="utf-8")
    write(folder, {})
    (folder / "main.tf").write_text(OUTSIDE.replace("ABOVE", above.as_posix()), encoding="utf-8")
    (folder / "link").symlink_to(above)
    said = everything(command, folder, ".", ["aws_instance.x"])
    for form in forms(text) | {"above-is-there"}:
        assert form not in said, said[max(0, said.index(form) - 300) : said.index(form) + 200]


def test_a_file_of_variables_that_leads_out_is_refused_without_what_it_holds(command, tmp_path):
    folder, above = tmp_path / "secret", tmp_path / "above"
    folder.mkdir()
    above.write_text(f'x = "{canary("above")}"\n', encoding="utf-8")
    write(folder, {})
    (folder / "main.tf").write_text(
        f"variable x {{}}\nresource aws_instance x {{\n  {SHOWN}\n  user_data = var.x\n}}\n", encoding="utf-8"
    )
    (folder / "stolen.auto.tfvars").symlink_to(above)
    ran = command("check", ".", cwd=folder)
    assert ran.exit_code == 2
    assert ran.stderr.count("\n") == 1
    assert canary("above") not in ran.stdout + ran.stderr


@pytest.mark.parametrize("checkout", [True, False])
def test_configuration_that_a_link_brings_in_from_outside_is_not_read(command, tmp_path, checkout):
    folder = tmp_path / "secret"
    folder.mkdir()
    if checkout:
        (folder / ".git").mkdir()
    (tmp_path / "above.tf").write_text(f"resource aws_instance {canary('above')} {{\n  {SHOWN}\n}}\n", encoding="utf-8")
    write(folder, {})
    (folder / "link.tf").symlink_to(tmp_path / "above.tf")
    ran = command("check", ".", cwd=folder)
    assert ran.exit_code == 2
    assert ran.stderr.startswith("guardrail: link.tf: is a link that leads out of the checkout")
    assert ran.stderr.count("\n") == 1
    assert canary("above") not in ran.stdout


def test_a_workspace_that_a_link_brings_in_from_outside_is_not_read(command, tmp_path):
    folder = tmp_path / "secret"
    (folder / ".terraform").mkdir(parents=True)
    (tmp_path / "above").write_text(canary("above"), encoding="utf-8")
    (folder / ".terraform/environment").symlink_to(tmp_path / "above")
    write(folder, {})
    (folder / "main.tf").write_text(
        f"resource aws_instance x {{\n  {SHOWN}\n  tags = {{ Name = terraform.workspace }}\n}}\n", encoding="utf-8"
    )
    assert canary("above") not in everything(command, folder, ".", [])


def test_the_file_of_a_bug_has_no_values(monkeypatch):
    monkeypatch.setattr("sys.argv", ["guardrail", "check", "--var", f"pw={canary('bug')}"])
    message = bug_report(ValueError(canary("bug")))
    file = Path(message.rpartition(" ")[2])
    assert canary("bug") not in message + file.read_text(encoding="utf-8")
    file.unlink()


SIDES: dict[str, tuple[dict[str, object], Any]] = {
    "whole": ({"user_data": "S", "tags": {"a": "S"}}, True),
    "attribute": ({"user_data": "S"}, {"user_data": True}),
    "tag_value": ({"tags": {"a": "S", "b": "x"}}, {"tags": {"a": True}}),
    "tags_with_keys": ({"tags": {"S": "S"}}, {"tags": True}),
    "all_tags": ({"tags_all": {"a": "S"}}, {"tags_all": {"a": True}}),
    "all_tags_with_keys": ({"tags_all": {"S": "S"}}, {"tags_all": True}),
    "size": ({"instance_type": "S"}, {"instance_type": True}),
    "zone": ({"availability_zone": "S"}, {"availability_zone": True}),
    "block": ({"root_block_device": [{"volume_type": "S"}]}, {"root_block_device": [{"volume_type": True}]}),
    "block_whole": ({"root_block_device": [{"volume_type": "S"}]}, {"root_block_device": True}),
    "second_block": (
        {"ebs_block_device": [{"volume_type": "gp3"}, {"device_name": "S", "volume_type": "S"}]},
        {"ebs_block_device": [{}, {"device_name": True, "volume_type": True}]},
    ),
    "list_element": ({"vpc_security_group_ids": ["a", "S"]}, {"vpc_security_group_ids": [False, True]}),
    "map_value": ({"metadata_options": [{"x": {"y": "S"}}]}, {"metadata_options": [{"x": {"y": True}}]}),
    "map_with_keys": ({"user_data": {"S": "S"}}, {"user_data": True}),
}
"""What a plan holds of a resource, and its marks."""
ACTIONS = {"create": ("after",), "update": ("before", "after"), "delete": ("before",)}


@pytest.fixture(scope="module")
def of_plan(command, tmp_path_factory):
    """Everything said of a plan that has each of them in resources that are created, changed and deleted."""
    folder = tmp_path_factory.mktemp("planned") / "secret"
    folder.mkdir()
    changes = []
    for place, (values, marks) in SIDES.items():
        for action, sides in ACTIONS.items():
            text = canary(f"{place}-{action}")
            held = json.loads(json.dumps({"instance_type": "p4d.24xlarge", **values}).replace('"S"', f'"{text}"'))
            what = {name: held if name in sides else None for name in ("before", "after")}
            if action == "update":
                what["before"] = {**held, "instance_type": "t3.micro"} if place != "size" else held
            what |= {f"{name}_sensitive": marks for name in sides}
            changes.append(
                {
                    "address": f"aws_instance.{place}_{action}",
                    "mode": "managed",
                    "type": "aws_instance",
                    "name": f"{place}_{action}",
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "change": {"actions": [action], "after_unknown": {}, **what},
                }
            )
    plan = {"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": {}}}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "rules").mkdir()
    (folder / "rules/shows.yaml").write_text(RULE, encoding="utf-8")
    (folder / "guardrail.yaml").write_text(
        "version: 1\nrules: {paths: [rules], packs: [tagging, instance-sizes, waste, budget]}\n"
        "budgets: [{name: b, monthly: 1, increase: 1}]\n",
        encoding="utf-8",
    )
    return everything(
        command, folder, "plan.json", [f"aws_instance.{place}_update" for place in ("whole", "size", "block")]
    )


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", SIDES)
def test_nothing_says_what_is_sensitive_in_a_plan(of_plan, place, action):
    said = of_plan
    text = canary(f"{place}-{action}").lower()
    assert text not in said, said[max(0, said.index(text) - 300) : said.index(text) + 200]
