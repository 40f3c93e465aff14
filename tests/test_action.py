"""The action: its steps run in a shell as a runner runs them, against a fake of GitHub; and what is pinned in workflows."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from guardrail.deliver import comment_outputs, verdict_outputs
from guardrail.model.exit_code import ExitCode
from guardrail.report.json.v1 import json_v1
from tests.platforms.fake_github import TOKEN, fake_github, pull_request_event
from tests.report import samples
from tests.terraform import plans

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "actions" / "guardrail"
ACTION = yaml.safe_load((FOLDER / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/workflows/*.yml")])
USES = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.MULTILINE)
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there, the first bash on the PATH is not the one that a runner takes"
)


def plan(*addresses, kind="t3.large"):
    values = {"instance_type": kind, "ami": "ami-1", "tags": {"team": "a"}}
    made = [plans.change(one, values, type="aws_instance", name="web", provider_name="aws") for one in addresses]
    return json.dumps(plans.document(*made))


PLAN = plan("aws_instance.web")
HOSTILE = '--help"; touch pwned; $(touch pwned) `touch pwned`'
RECORDER = """\
#!/bin/sh
echo guardrail >> "$RUNNER_TEMP/arguments"
for one in "$@"; do
    printf '%s\\n' "$one" >> "$RUNNER_TEMP/arguments"
    case $one in --out=json=*|--out=markdown=*) : > "${one#--out=*=}" ;; esac
done
"""
CONFIG = "version: 1\nbudgets: [{name: all, increase: 10}]\n"


class Step:
    """Runs the action: `step(fake, plan="plan.json")`; then `outputs` and `summary` are what it has written."""

    def __init__(self, folder, guardrail):
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir()
        self.outputs, self.summary = {}, ""
        (folder / "path").mkdir()
        self.stand_in(f'#!/bin/sh\nexec {guardrail} "$@"\n')

    def stand_in(self, script):
        """Make a script what the steps find as guardrail."""
        command = self.folder / "path" / "guardrail"
        command.write_text(script, encoding="utf-8")
        command.chmod(0o755)

    def __call__(self, fake, *, event=None, environ=(), **inputs):
        paths = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
        paths["GITHUB_EVENT_PATH"].write_text(json.dumps(event or pull_request_event()), encoding="utf-8")
        (self.folder / "temp").mkdir(exist_ok=True)
        runner = {name: str(path) for name, path in paths.items()} | {"RUNNER_TEMP": str(self.folder / "temp")}
        environ = {**os.environ, **fake.environ(**runner), "GITHUB_ACTION_PATH": str(FOLDER), **dict(environ)}
        environ.pop("GITHUB_TOKEN")
        environ |= {"PATH": f"{self.folder / 'path'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        given |= {"github-token": TOKEN, "skip-install": "true"}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        ran = subprocess.CompletedProcess([], 0, "", "")
        told: dict[str, str] = {}
        said = ""
        for step in STEPS:
            if step.get("uses", "").startswith("actions/cache@"):
                continue
            if step.get("if") == "inputs.skip-install != 'true'" and given["skip-install"] == "true":
                continue
            if step.get("if") == "inputs.results == ''" and given["results"]:
                continue
            paths["GITHUB_OUTPUT"].unlink(missing_ok=True)
            ran = self._run(step, {**environ, **{k: evaluated(v, given, told) for k, v in step["env"].items()}})
            said += ran.stderr
            if ran.returncode:
                break
            output = paths["GITHUB_OUTPUT"]
            found = written(output.read_text(encoding="utf-8")) if output.exists() else {}
            told |= {f"steps.{step['id']}.outputs.{name}": value for name, value in found.items()}
        ran.stderr = said
        read = {name: path.read_text(encoding="utf-8") if path.exists() else "" for name, path in paths.items()}
        self.outputs, self.summary = written(read["GITHUB_OUTPUT"]), read["GITHUB_STEP_SUMMARY"]
        assert TOKEN not in ran.stdout + ran.stderr + self.summary + read["GITHUB_OUTPUT"]
        assert not [*self.work.rglob("pwned")]
        return ran

    def _run(self, step, environ):
        script = self.folder / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        command = [shutil.which("bash") or "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        return subprocess.run(
            command, env=environ, cwd=self.work, capture_output=True, encoding="utf-8", check=False, timeout=120
        )


def evaluated(expression, inputs, told):
    """What a runner makes of the expressions that the action uses."""
    if expression.startswith("${{ steps."):
        return told.get(expression.removeprefix("${{ ").removesuffix(" }}"), "")
    return INPUT.sub(lambda match: inputs[match[1]], expression)


def written(text):
    """Read GITHUB_OUTPUT as a runner does: name=value, or a value between delimiters."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, separator, delimiter = line.partition("<<")
        if "=" in line.split("<<")[0]:
            name, _, found[line.partition("=")[0]] = line.partition("=")
        elif separator:
            value = []
            while (one := next(lines)) != delimiter:
                value.append(one)
            found[name] = "\n".join(value)
        else:
            pytest.fail(f"the runner would refuse {line!r}")
    return found


@pytest.fixture
def github():
    with fake_github() as fake:
        yield fake


@pytest.fixture
def step(tmp_path, warm):
    made = Step(tmp_path, warm)
    (made.work / "plan.json").write_text(PLAN, encoding="utf-8")
    return made


def test_a_check_that_passes(github, step):
    ran = step(github, plan="plan.json", comment="always")
    assert ran.returncode == 0, ran.stderr
    assert (step.outputs["verdict"], step.outputs["exit-code"], step.outputs["denied"]) == ("pass", "0", "0")
    assert float(step.outputs["monthly-delta"]) > 0
    assert github.comments[0]["body"].splitlines()[1].startswith("### ✅ Guardrail: passed")
    assert "aws_instance.web" in ran.stdout
    assert sorted(path.name for path in step.work.iterdir()) == ["plan.json"]


def test_a_failing_check_still_delivers(github, step):
    (step.work / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    ran = step(github, plan="plan.json", sarif_file="out/a.sarif", junit_file="out/junit.xml", working_directory=".")
    assert ran.returncode == 1, ran.stderr
    assert (step.outputs["verdict"], step.outputs["comment-posted"]) == ("fail", "true")
    assert step.outputs["comment-id"] == str(github.comments[0]["id"])
    assert "❌ Guardrail" in step.summary
    assert json.loads((step.work / step.outputs["sarif-path"]).read_text(encoding="utf-8"))["runs"]
    assert "<failure" in (step.work / step.outputs["junit-path"]).read_text(encoding="utf-8")
    assert json.loads(Path(step.outputs["result-path"]).read_text(encoding="utf-8"))["verdict"] == "fail"
    assert Path(step.outputs["report-path"]).read_text(encoding="utf-8").startswith("### ❌ Guardrail")


def test_no_plan(github, step):
    ran = step(github, plan="plans/*.json")
    assert ran.returncode == 2
    assert (step.outputs["verdict"], step.outputs["exit-code"]) == ("error", "2")
    assert "no plan matches plans/*.json" in ran.stderr
    assert "not evaluated" in step.summary
    assert github.asked == []


def test_a_plan_that_names_itself_like_a_command(github, step):
    address = 'aws_instance.web["\\n::set-output name=a::b\\n::add-mask::e $(touch pwned)"]'
    (step.work / "plan.json").write_text(plan(address), encoding="utf-8")
    ran = step(github, plan="plan.json", comment="always")
    assert ran.returncode == 0, ran.stderr
    lines = (ran.stdout + ran.stderr).splitlines()
    assert not [line for line in lines if line.startswith(("::set-output", "::add-mask"))]
    assert github.comments[0]["body"].count("<!--") == 1


@pytest.mark.parametrize(
    "name, option",
    [
        ("plan", ""),
        ("results", ""),
        ("config", "--config="),
        ("project", "--project="),
        ("usage_file", "--usage-file="),
        ("catalog", "--catalog="),
        ("source", "--source="),
        ("policy_ref", "--policy-ref="),
        ("fail_on", "--fail-on="),
        ("comment", "--comment="),
        ("comment_mode", "--comment-mode="),
        ("comment_key", "--comment-key="),
        ("pr_number", "--pr="),
        ("sarif_file", "--out=sarif="),
        ("junit_file", "--out=junit="),
    ],
)
def test_inputs_are_arguments_and_never_commands(github, step, name, option):
    step.stand_in(RECORDER)
    ran = step(github, **{"plan": "plan.json", name: HOSTILE})
    assert ran.returncode == 0, ran.stderr
    calls = (step.folder / "temp" / "arguments").read_text(encoding="utf-8").split("guardrail\n")[1:]
    given = [call.splitlines() for call in calls if option + HOSTILE in call.splitlines()]
    assert given
    assert all(("--" in call[: call.index(option + HOSTILE)]) == (not option) for call in given)


@pytest.mark.parametrize(
    "given, is_checkout, event, expected",
    [
        ("", True, "pull_request", ["base", "base"]),
        ("", True, "merge_group", ["base", "base"]),
        ("", True, "push", []),
        ("", False, "pull_request", []),
        ("head", True, "pull_request", ["head", "head"]),
    ],
)
def test_what_judges_a_pull_request_is_of_before_it(github, step, given, is_checkout, event, expected):
    step.stand_in(RECORDER)
    if is_checkout:
        (step.work / ".git").mkdir()
        (step.work / "infra").mkdir()
    folder = "infra" if is_checkout else "."
    ran = step(github, environ={"GITHUB_EVENT_NAME": event}, policy_ref=given, working_directory=folder)
    assert ran.returncode == 0, ran.stderr
    calls = (step.folder / "temp" / "arguments").read_text(encoding="utf-8").splitlines()
    assert [one for one in calls if one.startswith("--policy-ref")] == [f"--policy-ref={one}" for one in expected]


def test_the_token_is_there_for_the_delivery_alone(github, step):
    step.stand_in(RECORDER.replace("done\n", 'done\necho "$1: ${GITHUB_TOKEN:+token}" >> "$RUNNER_TEMP/seen"\n'))
    assert step(github, plan="plan.json").returncode == 0
    assert (step.folder / "temp" / "seen").read_text(encoding="utf-8").splitlines() == ["check: ", "report: token"]


def test_a_folder_that_is_not_there_runs_nothing(github, step):
    step.stand_in(RECORDER)
    assert step(github, plan="plan.json", working_directory=HOSTILE).returncode == 1
    assert not (step.folder / "temp" / "arguments").exists()


def test_a_fork_gets_everything_but_the_comment(step):
    event = pull_request_event(head={"sha": "a" * 40, "repo": {"full_name": "mallory/shop"}})
    (step.work / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    with fake_github(read_only=True) as github:
        ran = step(github, event=event, plan="plan.json")
    assert ran.returncode == 1
    assert (step.outputs["verdict"], step.outputs["comment-posted"]) == ("fail", "false")
    assert "❌ Guardrail" in step.summary
    assert "::warning" not in ran.stderr


def test_one_job_reports_for_all_legs(github, step):
    for name in ("eu", "us"):
        result = samples.report([samples.resource(after=samples.cost(samples.line()))], name=name)
        (step.work / f"{name}.json").write_text(json_v1(result), encoding="utf-8")
    ran = step(github, results="eu.json\r\n\nus.json\n")
    assert ran.returncode == 0, ran.stderr
    assert len(github.comments) == 1
    assert "**All 2 projects**" in github.comments[0]["body"]


def test_a_path_with_a_line_break_makes_no_output(github, step):
    folder = step.work / "a\nverdict=pass\nGHA<<b"
    folder.mkdir()
    (folder / "plan.json").write_text(PLAN, encoding="utf-8")
    (folder / "guardrail.yaml").write_text(CONFIG, encoding="utf-8")
    ran = step(github, working_directory=folder.name, junit_file="junit.xml", comment="never")
    assert ran.returncode == 1, ran.stderr
    assert step.outputs["verdict"] == "fail"
    assert step.outputs["junit-path"] == f"{folder.name}/junit.xml"


def test_every_input_goes_through_the_environment_and_no_step_has_an_expression_in_its_script():
    passed = {name for step in STEPS for value in step.get("env", {}).values() for name in INPUT.findall(value)}
    assert passed == ACTION["inputs"].keys() - {"skip-install"}
    assert not [step for step in STEPS if "${{" in step.get("run", "")]
    scripts = [*FOLDER.glob("*.sh")]
    assert len(scripts) == 2
    assert not [
        path for path in scripts if re.search(r"\beval\b|GITHUB_ENV|::set-output", path.read_text(encoding="utf-8"))
    ]


def test_every_output_is_declared():
    told = verdict_outputs(samples.shop(), ExitCode.BLOCKED).keys() | comment_outputs(None).keys()
    assert ACTION["outputs"].keys() == told | {"result-path", "report-path", "sarif-path", "junit-path"}
    assert all(one["value"] == f"${{{{ steps.guardrail.outputs.{name} }}}}" for name, one in ACTION["outputs"].items())


def test_the_action_at_the_top_is_this_one_and_finds_its_scripts():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    place = "$GITHUB_ACTION_PATH/.github/actions/guardrail/"
    assert yaml.safe_load(text.replace(place, "$GITHUB_ACTION_PATH/")) == ACTION
    scripts = re.findall(r'bash "\$GITHUB_ACTION_PATH/([^"]+)"', text)
    assert len(scripts) == 4
    assert all((ROOT / script).is_file() for script in scripts)
    assert not any("GITHUB_ACTION_PATH" in path.read_text(encoding="utf-8") for path in FOLDER.glob("*.sh"))


@pytest.mark.parametrize("path", [ROOT / "action.yml", *ROOT.glob(".github/actions/*/action.yml"), *WORKFLOWS], ids=str)
def test_actions_are_pinned_by_commit(path):
    used = USES.findall(path.read_text(encoding="utf-8"))
    ours = (
        "guardrail-finops/guardrail/.github/actions/guardrail@",
        "guardrail-finops/guardrail/.github/actions/setup@",
    )
    loose = [name for name, _ in used if not re.search(r"@[0-9a-f]{40}$", name) and not name.startswith((*ours, "./"))]
    assert used or path.name.startswith("no-")
    assert loose == []
    assert all(re.match(r" # v\d", comment) for name, comment in used if not name.startswith((*ours, "./")))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_ask_for_no_more_than_they_need(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    assert "concurrency" in workflow
    assert "pull_request_target" not in workflow[True]


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/workflows/*.yml")), ids=lambda path: path.name)
def test_example_workflows_judge_pull_requests_by_what_was_there_before(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    if "pull_request" not in workflow[True]:
        return
    for job in workflow["jobs"].values():
        steps = {step["uses"].partition("@")[0]: step["with"] for step in job["steps"] if "uses" in step}
        assert steps["guardrail-finops/guardrail/.github/actions/guardrail"]["policy-ref"] == "base"
        assert steps["actions/checkout"]["fetch-depth"] == 0


def test_what_is_installed_is_locked_by_hash():
    lock = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==\S+", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    fast = project["project"]["optional-dependencies"]["fast"]
    needed = [*project["build-system"]["requires"], *project["project"]["dependencies"], *fast]
    names = {re.split(r"[\[<>=~!; ]", one)[0].lower().replace(".", "-") for one in needed}
    assert names <= pinned, lock.splitlines()[1]
    assert lock.count("==") == len(re.findall(r"==\S+[^\n]*\\\n    --hash=sha256:", lock))


def test_what_builds_a_release_is_locked_by_hash():
    lock = (ROOT / ".github" / "requirements" / "release.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==\S+", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[\[<>=~!; ]", one)[0].lower() for one in project["build-system"]["requires"]}
    assert needed | {"build", "cyclonedx-bom"} <= pinned, lock.splitlines()[1]
    assert len(re.findall(r"^[a-z0-9-]+==", lock, re.MULTILINE)) == len(
        re.findall(r"==[^\n]*\\\n    --hash=sha256:", lock)
    )


def test_the_image_installs_by_hash_and_runs_without_rights():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*)", text)
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)
    assert len(installs) == 2
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001"]
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", bases[0])
    copied = re.findall(r"^COPY (\.\S*) ", text, re.MULTILINE)
    assert copied == [".github/actions/guardrail/requirements.txt", "."]
    assert (ROOT / copied[0]).is_file()


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, ROOT / "guardrail/starter/templates/gitlab-ci.yml"], ids=lambda path: path.name
)
def test_workflows_install_by_hash_and_nothing_else(path):
    """A wheel that was built or released without what it needs is the exception: it is ours."""
    text = path.read_text(encoding="utf-8")
    assert "pipx" not in text
    installs = re.findall(r"pip install (.*)", text)
    allowed = re.compile(r"--require-hashes|--no-deps guardrail-finops==|^dist/\*\.whl|^--editable|^-e ")
    assert [one for one in installs if not allowed.search(one)] == []


def test_the_lock_that_gitlab_installs_from_is_the_one_of_the_action():
    text = (ROOT / "guardrail/starter/templates/gitlab-ci.yml").read_text(encoding="utf-8")
    lock = re.findall(r"raw.githubusercontent.com/guardrail-finops/guardrail/v<<version>>/(\S+)\"", text)
    assert lock == [(FOLDER / "requirements.txt").relative_to(ROOT).as_posix()]


def test_setup_installs_as_the_action_does():
    setup = yaml.safe_load((ROOT / ".github/actions/setup/action.yml").read_text(encoding="utf-8"))
    script = setup["runs"]["steps"][1]["run"].removeprefix("bash ").strip('"')
    assert Path(script.replace("$GITHUB_ACTION_PATH", str(FOLDER.parent / "setup"))).resolve() == FOLDER / "install.sh"
    assert 'echo "guardrail=' in (FOLDER / "install.sh").read_text(encoding="utf-8")
    assert setup["outputs"]["guardrail"]["value"] == "${{ steps.install.outputs.guardrail }}"


def test_the_release_attests_provenance_and_the_sbom():
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
    assert "bash .ci/release python ." in [step.get("run") for step in jobs["build"]["steps"]]
    steps = {step["uses"].partition("@")[0]: step["with"] for step in jobs["publish"]["steps"] if "with" in step}
    assert steps["actions/attest-build-provenance"]["subject-path"].split() == ["dist/*", "sbom/*"]
    assert steps["actions/attest"] == {"subject-path": "dist/*", "sbom-path": "${{ steps.sbom.outputs.path }}"}
    assert jobs["publish"]["permissions"] == {"id-token": "write", "attestations": "write"}
