"""Saved plans: read alone as their JSON would be, with the text of their modules; damaged ones say so in one line."""

import io
import json
import random
import zipfile
from pathlib import Path

import pytest

from guardrail.errors import InputError
from guardrail.model.resource import SourceLine
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.plan.reader import read_plan
from tests.terraform.real_terraform import plan

MAIN = """\
variable "name" { default = "def" }
variable "secret" {
  default   = "hush"
  sensitive = true
}
module "m" {
  source = "./sub"
  count  = 2
  x      = var.name
}
resource "terraform_data" "r" {
  input            = module.m[0].y
  triggers_replace = var.secret
}
resource "terraform_data" "k" {
  for_each = toset(["a.b"])
  input    = { n = 1.5, l = [1, "a", null, true], id = terraform_data.r.id, big = 12345678901234567890, s = var.name }
}
"""
SUB = """\
variable "x" {}

resource "terraform_data" "t" {
  input = var.x
}
output "y" {
  value = terraform_data.t.input
}
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    (folder / "sub").mkdir()
    (folder / "main.tf").write_text(MAIN, encoding="utf-8")
    (folder / "sub/main.tf").write_text(SUB, encoding="utf-8")
    return plan(folder, name="given"), (folder / "tfplan").read_bytes(), folder


def test_a_saved_plan_reads_as_its_json(saved):
    document, _, folder = saved
    (told,) = read_plan(json.dumps(document).encode(), "plan.json")
    (found,) = read_plans(str(folder / "tfplan"))
    by_address = {change.address: change for change in found.changes}
    assert by_address.keys() == {change.address for change in told.changes}
    for change in told.changes:
        same = by_address[change.address]
        assert change.after is not None
        assert same.after is not None
        assert (same.action, same.index, same.provider) == (change.action, change.index, change.provider)
        assert (same.references, same.after.written) == (change.references, change.after.written)
        for name in change.after.names():
            assert same.after.get(name) == change.after.get(name)
            assert same.after.has_secrets(name) == change.after.has_secrets(name)


def test_its_text_tells_the_lines_even_where_no_folder_is(saved, tmp_path):
    _, data, _ = saved
    (tmp_path / "p.bin").write_bytes(data)
    (found,) = read_plans(str(tmp_path / "p.bin"))
    lines = {change.address: change.source for change in found.changes}
    assert lines["terraform_data.r"] == SourceLine("main.tf", 11, end_line=14)
    assert lines["module.m[1].terraform_data.t"] == SourceLine(
        "sub/main.tf", 3, (SourceLine("main.tf", 6, end_line=10),), end_line=5
    )


def test_beside_the_json_it_tells_the_lines(saved, tmp_path):
    document, data, _ = saved
    (tmp_path / "tfplan").write_bytes(data)
    (tmp_path / "tfplan.json").write_text(json.dumps(document), encoding="utf-8")
    (found,) = read_plans(str(tmp_path))
    assert all(change.source for change in found.changes)


def test_check_takes_a_saved_plan(saved, tmp_path, run):
    (tmp_path / "tfplan").write_bytes(saved[1])
    ran = run("check", "tfplan", "--format", "json")
    assert ran.exit_code == 0
    assert "hush" not in ran.stdout
    assert {resource["address"] for resource in json.loads(ran.stdout)["projects"][0]["resources"]} == {
        change["address"] for change in saved[0]["resource_changes"]
    }


def zipped(**entries: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    "data, message",
    [
        (b"PK\x03\x04", "a zip that cannot be read"),
        (zipped(other=b""), "a zip, but no saved plan"),
        (zipped(tfplan=b"\xff\xff"), "its plan cannot be read"),
        (zipped(tfplan=b"\x08" + b"\xff" * 1_000_000), "its plan cannot be read"),
        (zipped(tfplan=b"\0" * (64 * 1024**2 + 1)), "tfplan in it is larger than 64 MB"),
        (zipped(tfplan=b""), "saved plans of format 0 are not read"),
        (zipped(tfplan=b"\x08\x04"), "saved plans of format 4 are not read"),
        (zipped(tfplan=b"\x08\x03\xa0\x01\x01"), "terraform failed while planning"),
    ],
)
def test_what_is_no_saved_plan_says_so_in_one_line(tmp_path, data, message):
    (tmp_path / "p.bin").write_bytes(data)
    with pytest.raises(InputError, match=message) as raised:
        read_plans(str(tmp_path / "p.bin"))
    assert "\n" not in str(raised.value)


def test_damage_anywhere_is_an_input_error_or_harmless(saved, tmp_path):
    with zipfile.ZipFile(io.BytesIO(saved[1])) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    rng, outcomes = random.Random(7), set()  # noqa: S311 - no secret
    for _ in range(150):
        message = bytearray(entries["tfplan"])
        message[rng.randrange(len(message))] = rng.randrange(256)
        Path(tmp_path / "p.bin").write_bytes(zipped(**{**entries, "tfplan": bytes(message)}))
        try:
            read_plans(str(tmp_path / "p.bin"))
            outcomes.add("read")
        except InputError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
