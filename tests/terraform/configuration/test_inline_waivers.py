"""Waivers in comments: where they stand, what they cover, and what is wrong with them."""

import json
from datetime import date
from pathlib import Path

import pytest

from guardrail.config import Flags, PolicyAt, settings
from guardrail.terraform.configuration.folder import read_folder
from guardrail.terraform.options import Choices

GOOD = '# guardrail:ignore gpu-instance until=2027-01-31 reason="agreed \\"so\\"" by=ml-team'
GPU = 'provider "aws" {{ region = "us-east-1" }}\n{above}\nresource "aws_instance" "gpu" {{ {trailing}\n  {inside}\n  instance_type = "g4dn.xlarge"\n}} {after}\n'
AT = ("--now", "2026-12-01", "--format", "json")


def write(folder, text, **modules):
    (folder / "main.tf").write_text(text, encoding="utf-8")
    (folder / "guardrail.yaml").write_text("version: 1\nrules: {packs: [instance-sizes]}\n", encoding="utf-8")
    for name, module in modules.items():
        Path(folder, name).mkdir()
        Path(folder, name, "main.tf").write_text(module, encoding="utf-8")


def gpu(**places):
    return GPU.format(**{place: places.get(place, "") for place in ("above", "trailing", "inside", "after")})


def findings(ran, rule="gpu-instance"):
    return [f for project in json.loads(ran.stdout)["projects"] for f in project["findings"] if f["rule"] == rule]


@pytest.mark.parametrize(
    "text, line",
    [
        (gpu(above=GOOD), 2),
        (gpu(above=f"{GOOD}\n# and why\n// so"), 2),
        (gpu(trailing=GOOD), 3),
        (gpu(inside=GOOD), 4),
        (gpu(after=GOOD), 6),
        (gpu(above=f"/* {GOOD[2:]} */"), 2),
        (gpu(above=GOOD.replace("gpu-instance", "other,gpu-*")), 2),
    ],
)
def test_a_waiver_at_a_resource_waives(tmp_path, run, text, line):
    write(tmp_path, text)
    ran = run("check", ".", *AT)
    (found,) = findings(ran)
    assert (ran.exit_code, found["status"]) == (0, "waived")
    waiver = found["waiver"]
    assert (waiver["reason"], waiver["owner"], waiver["expires"]) == ('agreed "so"', "ml-team", "2027-01-31")
    assert f"main.tf:{line}" in json.dumps(waiver)


@pytest.mark.parametrize(
    "text",
    [
        gpu(),
        gpu(above=f"{GOOD}\n"),
        gpu(above=f'resource "aws_eip" "e" {{}} {GOOD}'),
        gpu(above=GOOD.replace("gpu-instance", "other-rule")),
        gpu(inside='user_data = "# guardrail:ignore gpu-instance until=2027-01-31 reason=x"'),
        gpu(above=GOOD.replace("2027-01-31", "2026-11-30")),
    ],
)
def test_what_does_not_stand_at_it_or_is_over_does_not(tmp_path, run, text):
    write(tmp_path, text)
    ran = run("check", ".", *AT)
    assert (ran.exit_code, [f["status"] for f in findings(ran)]) == (1, ["fail"])


@pytest.mark.parametrize(
    "comment",
    [
        "# guardrail:ignore gpu-instance",
        '# guardrail:ignore until=2027-01-31 reason="x"',
        '# guardrail:ignore gpu-instance until=31.1.2027 reason="x"',
        '# guardrail:ignore gpu-instance until=2027-01-31 reason=""',
    ],
)
def test_one_that_says_too_little_waives_nothing_and_is_named(tmp_path, run, comment):
    write(tmp_path, gpu(above=comment))
    ran = run("check", ".", *AT)
    assert (ran.exit_code, [f["status"] for f in findings(ran)]) == (1, ["fail"])
    assert "main.tf:2: guardrail:ignore needs a rule" in ran.stdout


def test_one_at_a_module_call_is_for_what_it_brings_in(tmp_path, run):
    call = f'{GOOD}\nmodule "m" {{\n  source = "./sub"\n  count = 2\n}}\nmodule "n" {{ source = "./sub" }}\n'
    write(tmp_path, call, sub=gpu())
    ran = run("check", ".", *AT)
    assert {f["address"]: f["status"] for f in findings(ran)} == {
        "module.m[0].aws_instance.gpu": "waived",
        "module.m[1].aws_instance.gpu": "waived",
        "module.n.aws_instance.gpu": "fail",
    }
    assert {waiver.expires for waiver in read_folder(tmp_path, Choices()).waivers} == {date(2027, 1, 31)}


def test_it_is_for_its_own_project_alone(tmp_path, run):
    write(tmp_path, "", a=gpu(above=GOOD), b=gpu())
    (tmp_path / "main.tf").unlink()
    ran = run("check", "a", "b", *AT)
    assert [f["status"] for f in findings(ran)] == ["waived", "fail"]


def test_configuration_can_forbid_them(tmp_path, run):
    write(tmp_path, gpu(above=GOOD))
    (tmp_path / "guardrail.yaml").write_text(
        "version: 1\nrules: {packs: [instance-sizes], inline_waivers: false}\n", encoding="utf-8"
    )
    assert [f["status"] for f in findings(run("check", ".", *AT))] == ["fail"]


def test_one_that_excuses_nothing_is_reported(tmp_path, run):
    write(tmp_path, gpu(above=GOOD).replace("g4dn.xlarge", "t3.micro"))
    (found,) = findings(run("check", ".", *AT), "waiver-unused")
    assert (found["file"], found["line"]) == ("main.tf", 2)


def test_they_are_no_policy_from_another_commit(tmp_path):
    assert settings(Flags(), tmp_path).inline_waivers
    assert not settings(Flags(), tmp_path, at=PolicyAt(None, tmp_path, tmp_path, tmp_path)).inline_waivers
