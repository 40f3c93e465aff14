"""Everything that is wrong with a configuration, at once and without a plan."""

import os

import pytest

GOOD_RULE = """\
id: good
title: Good
severity: low
enforcement: advisory
match: {types: [aws_instance]}
params: {limit: 2}
validations: [{expression: resource.instance.vcpu <= params.limit, message: too large}]
tests:
  - {expect: pass, resource: {type: aws_instance, instance: {type: t3.micro, vcpu: 2}}}
  - {expect: fail, resource: {type: aws_instance, instance: {type: m5.large, vcpu: 4}}}
"""
GOOD = {
    "guardrail.yaml": "version: 1\nrules: {packs: [tagging, waste], paths: [policies], set: {good: {params: {limit: 9}}}}\n"
    "waivers: waivers.yaml\nprojects: [{name: a, path: infra, usage: usage.yml}]\n"
    "pricing: {currency: EUR, rates: rates.yaml, overlay: overlay.yaml, definitions: [own]}\n",
    "policies/good.yaml": GOOD_RULE,
    "waivers.yaml": "waivers:\n  - {rule: good, address: '*', reason: x, expires: 2999-12-31}\n",
    "usage.yml": "version: 0.1\nresource_usage: {aws_lambda_function.x: {monthly_requests: 7}}\n",
    "rates.yaml": "version: 1\ndate: 2026-01-31\nrates: {EUR: 0.9}\n",
    "overlay.yaml": "version: 1\n",
    "own/acme/acme_thing.toml": "schema = 1\n",
}


def lines(ran):
    """What it printed, with paths as they are written everywhere but on Windows."""
    return ran.stdout.replace(os.sep, "/").splitlines()


@pytest.fixture
def write(tmp_path):
    def put(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return put


def test_nothing_wrong_is_one_line(run, write):
    write(GOOD)
    ran = run("validate")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == "no problems: 1 rule of your own, 2 tests passed\n"


BAD = {
    "guardrail.yaml": """\
version: 1
projcts: []
rules:
  packs: [wast, budget]
  paths: [policies, nowhere]
  set:
    expensive-resource: {params: {monthly: lots}}
    unpriced-resource: {enforcment: advisory}
projects:
  - {name: a, path: infra, usage: usage.yml}
  - {name: a, path: infra, plan: x.json, usage: none.yml}
waivers: waivers.yaml
pricing: {currency: EUR, overlay: overlay.yaml, definitions: [own], max_age: long}
""",
    "policies/a.yaml": "id: Bad_Id\ntitle: x\nseverity: low\nenforcement: advisory\nmatch: {types: [aws_instanc]}\n"
    "validations: [{expression: 'true', message: x}]\n",
    "policies/b.yaml": "id: b\ntitle: x\nseverity: lo\nenforcment: advisory\nvalidations: []\n",
    "policies/c.yaml": "id: c\ntitle: x\nseverity: low\nenforcement: advisory\nvalidations:\n"
    "  - {expression: resource.afer.x == 1, message: '{nope}'}\n  - {expression: (, message: x}\n",
    "policies/d.yaml": GOOD_RULE.replace("vcpu: 4", "vcpu: 1"),
    "policies/e.yaml": GOOD_RULE.replace("good", "e").replace("expect: pass", "expect: unknown"),
    "policies/f.yaml": "id: [\n",
    "waivers.yaml": "waivers:\n  - {rule: x, address: y, expires: 2026-02-30}\n  - {rul: x}\n",
    "usage.yml": "resource_usge: {}\nresource_usage: 7\n",
    "overlay.yaml": "version: 2\n",
    "own/acme/acme_thing.toml": "schema = 1\nnonsense = 2\n",
    "own/acme/acme_other.toml": "schema = [\n",
}


def test_every_problem_is_one_line(run, write, golden):
    write(BAD)
    ran = run("validate")
    assert ran.exit_code == 2
    golden("validate.txt", ran.stdout.replace(os.sep, "/"))
    assert ran.stderr == f"guardrail: {len(ran.stdout.splitlines())} problems\n"


@pytest.mark.parametrize(
    "content, problems",
    [
        ("", ["guardrail.yaml: must hold keys and values"]),
        ("[]", ["guardrail.yaml: must hold keys and values"]),
        ("version: [", ["guardrail.yaml:2: not valid YAML"]),
        (b"\xff\xfe", ["guardrail.yaml: is not UTF-8 text"]),
        ("rules: 7", ["guardrail.yaml:1: rules: should be", "guardrail.yaml:1: 'version' is missing"]),
        ("version: 1\nprojects: [{path: .}, {name: b}]", ["guardrail.yaml:2: 'name' is missing in 'projects.0'"]),
        ("version: 1\nprojects: [{name: b}]", ["guardrail.yaml:2: project 'b' needs either a path or a plan"]),
        ("version: 1\npricing: {currency: EUR}", ["guardrail.yaml:2: amounts in EUR need an exchange rate"]),
        ("version: 1\nrules:\n  set:\n    nope: {}", ["guardrail.yaml:4: rules.set: no rule is called nope"]),
        ("version: 1\nrules:\n  packs:\n    - 7\n    - wast", ["guardrail.yaml:4: rules.packs.0: should be"]),
        (
            "version: 1\nwaivers: waivers.yaml\nrules: {set: {gpu-instance: {enabled: false}}}",
            ['waivers.yaml:1: no rule is called gpu-instnace (did you mean "gpu-instance"?)'],
        ),
    ],
)
def test_a_configuration_that_is_wrong_in_itself(run, write, content, problems):
    write({"guardrail.yaml": content})
    write({"waivers.yaml": "waivers: [{rule: gpu-instnace, address: x, reason: y, expires: 2026-01-31}]"})
    ran = run("validate")
    assert ran.exit_code == 2
    assert len(ran.stdout.splitlines()) == len(problems)
    for line, problem in zip(ran.stdout.splitlines(), problems, strict=True):
        assert line.startswith(problem)


OTHER = {
    "team/guardrail.yaml": "version: 1\n",
    "team/waivers.yml": "waivers: [{rule: x}]\n",
    "team/usage.yml": "resource_usage: 7\n",
    "team/rules/loose.yaml": GOOD_RULE.replace("vcpu: 4", "vcpu: 1"),
    "team/rules/broken.yaml": "id: [\n",
    "team/notes.yaml": "a: 1\n",
    "team/x.txt": "a",
    "team/rules/helm.yaml": "{{ if .x }}\na: [\n",
    "nowhere/loose.yaml": GOOD_RULE.replace("resource.instance", "resource.instnce"),
    "team/.github/workflows/guardrail.yml": "on: [push]\njobs: {}\n",
}


@pytest.mark.parametrize(
    "files, code, problems",
    [
        (["team/guardrail.yaml"], 0, []),
        (
            ["team/waivers.yml"],
            2,
            [f"team/waivers.yml:1: '{name}' is missing" for name in ("address", "reason", "expires")],
        ),
        (["team/usage.yml"], 2, ["team/usage.yml:1: resource_usage: should be"]),
        (["team/rules/loose.yaml"], 2, ["team/rules/loose.yaml:10: rule good, test 2: fail: expected fail, got pass"]),
        (["team/rules/broken.yaml"], 2, ["team/rules/broken.yaml:2: not valid YAML"]),
        (
            ["nowhere/loose.yaml"],
            2,
            ["policies/d.yaml:10: rule good, test 2", "nowhere/loose.yaml:7: no such name: resource.instnce"],
        ),
        (["team/notes.yaml", "team/x.txt", "team/rules/helm.yaml"], 0, []),
        (["team/.github/workflows/guardrail.yml"], 0, []),
        (["guardrail.yaml", "policies/d.yaml"], 2, ["policies/d.yaml:10: rule good, test 2"]),
        (["policies/d.yaml"], 2, ["policies/d.yaml:10: rule good, test 2"]),
    ],
)
def test_files_are_checked_with_the_configuration_that_they_belong_to(run, write, files, code, problems):
    write({**OTHER, "policies/d.yaml": BAD["policies/d.yaml"]})
    write({"guardrail.yaml": "version: 1\nrules: {packs: [], paths: [policies]}\n"})
    ran = run("validate", *files)
    assert ran.exit_code == code
    found = [line for line in lines(ran) if not line.startswith("no problems")]
    assert len(found) == len(problems)
    assert [problem for problem in problems if not any(line.startswith(problem) for line in found)] == []
    for stranger in {
        "team/notes.yaml",
        "team/x.txt",
        "team/rules/helm.yaml",
        "team/.github/workflows/guardrail.yml",
    } & set(files):
        assert f"{stranger}: not a file that guardrail reads; skipped" in ran.stderr.replace(os.sep, "/")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["validate"], "no guardrail.yaml here or above (`guardrail init` writes one)"),
        (["validate", "--config", "nope.yaml"], "nope.yaml: no such configuration"),
        (["validate", "nope.yaml"], "nope.yaml: no such file"),
        (["validate", "x", "--config", "y"], "give files or --config"),
    ],
)
def test_what_is_not_there(run, arguments, message):
    ran = run(*arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert message in ran.stderr


def test_what_validate_finds_stops_a_check(run, write):
    """Nothing is an error here that a check would take: each of these is refused by both."""
    write({"guardrail.yaml": "version: 1\nrules: {packs: [], paths: [policies]}\n", "plan.json": "{}"})
    for name in ("a", "b", "c", "f"):
        write({"policies/r.yaml": BAD[f"policies/{name}.yaml"]})
        first = run("validate").stdout.splitlines()[0]
        checked = run("check", "plan.json")
        assert checked.exit_code == 2
        assert first in checked.stderr.replace(str(write({})) + os.sep, "")


def test_tests_of_a_rule_are_of_the_rule_as_its_file_has_it(run, write):
    write(GOOD)
    for command in (["validate"], ["rules", "test"]):
        assert run(*command).exit_code == 0
