"""The pages of anomalies and alerts, and the nightly workflow: what they show is so."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from guardrail.config import ConfigFile
from guardrail.errors import ConfigError
from guardrail.files.checked import checked
from guardrail.files.yaml_file import parse_yaml
from guardrail.finops.anomalies import Reason
from tests.http.scripted import Says, serving

ROOT = Path(__file__).parents[3]
PAGES = [(ROOT / "docs" / "finops" / name).read_text(encoding="utf-8") for name in ("anomalies.md", "notify.md")]
NIGHTLY = ROOT / "examples" / "workflows" / "nightly.yml"
JOBS = yaml.safe_load(NIGHTLY.read_text(encoding="utf-8"))["jobs"]


def test_the_command_prints_what_the_page_shows(command, shop, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    ((line, shown),) = re.findall(r"^```sh\n(.*?)\n```\n\n```text\n(.*?)^```", PAGES[0], re.MULTILINE | re.DOTALL)
    assert command(*shlex.split(line)[1:], cwd=shop).stdout == shown


@pytest.mark.parametrize(
    "text", [one for page in PAGES for one in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]
)
def test_the_configurations_of_the_pages_are_read(text):
    checked(ConfigFile, parse_yaml(text, ConfigError, name="page"), ConfigError)


def test_the_commands_of_the_nightly_workflow_run(command, shop, tmp_path, monkeypatch):
    folder = shutil.copytree(shop, tmp_path / "shop")
    channel = "notify: {channels: [{name: chat, slack: {}}]}\n"
    (folder / "guardrail.yaml").write_text(
        f"version: 1\nbudgets: [{{name: all, spend: 1000, alerts: [10]}}]\n{channel}", "utf-8"
    )
    scripts = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    commands = re.findall(r'"\$GUARDRAIL" ([^\n]*)', "\n".join(scripts))
    assert len(commands) >= 3
    with serving(lambda _: Says(200, b"ok")) as server:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", server.url)
        for words in map(shlex.split, commands):
            args = words[: words.index(">>")] if ">>" in words else words
            args = ["bill.csv" if one == "{}" else one for one in args if one != "+"]
            assert command(*args, cwd=folder).exit_code == 0, args
        assert any("aws_s3_bucket.uploads" in json.dumps(one.json) for one in server.asked)
    assert (folder / "site" / "index.html").is_file()


def test_jobs_of_the_nightly_workflow_have_no_more_rights_than_their_part_needs():
    assert {name: set(job["permissions"]) for name, job in JOBS.items()} == {
        "ledger": {"contents", "id-token"},
        "publish": {"pages", "id-token"},
        "alerts": {"contents", "id-token", "issues"},
    }
    assert [name for name, job in JOBS.items() if "secrets." in json.dumps(job)] == ["alerts"]


def test_zizmor_finds_nothing_in_the_nightly_workflow():
    zizmor = [str(Path(sys.executable).with_name("zizmor")), "--offline", f"--config={ROOT / '.github' / 'zizmor.yml'}"]
    ran = subprocess.run([*zizmor, "--format=json", str(NIGHTLY)], capture_output=True, check=True, text=True)
    assert json.loads(ran.stdout) == []


def test_the_page_names_every_key_of_the_json(command, shop):
    document = json.loads(command("anomalies", "--format", "json", cwd=shop).stdout)
    event, cause, unjudged = document["events"][0], document["events"][1]["causes"][0], document["not_judged"][0]
    named = set(re.findall(r"`([a-z_]+)(?:\[\])?`", PAGES[0]))
    assert {*event, *cause, *unjudged, *document} - {"schema", "cost", "projects", "events"} <= named
    assert {one.value for one in Reason} <= set(re.findall(r"`([a-z-]+)`", PAGES[0]))
