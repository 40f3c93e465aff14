"""A repository with a budget and approvers on main, a change on a branch, and its runs on a GitHub of this machine."""

from __future__ import annotations

import html
import json
import subprocess
from datetime import UTC, datetime, timedelta

from tests.platforms.fake_github import FakeGitHub, pull_request_event

CONFIG = """\
version: 1
projects: [{name: shop, path: infra}]
rules: {packs: [budget], set: {expensive-resource: {params: {monthly: 150}}}}
budgets: [{name: all, increase: 100}]
approvers: [{team: finops, members: [Fin-Ana], up_to: 1000}, {user: cfo}]
approvals: {label: cost-approved}
"""
APPROVALS = """\
approvals:
  - rule: budget-increase-exceeded
    address: budget:all
    by: cfo
    reason: agreed
    expires: 2026-12-31
    up_to: 200
"""
EMPTY = 'provider "aws" {\n  region = "us-east-1"\n}\n'
NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)


def volume(name: str = "data", *, size: int, tags: str = "") -> str:
    """A gp2 volume, which costs $0.10 a month for each of its gigabytes."""
    return (
        f'resource "aws_ebs_volume" "{name}" {{\n  availability_zone = "us-east-1a"\n  type = "gp2"\n'
        f"  size = {size}\n  tags = {{ {tags} }}\n}}\n"
    )


def added(amount: int) -> str:
    """Volumes of 140 dollars at most, that add an amount a month: no single one of them is expensive."""
    parts = [min(1400, amount * 10 - done) for done in range(0, amount * 10, 1400)]
    return EMPTY + "".join(volume(f"v{number}", size=size) for number, size in enumerate(parts))


class Repository:
    """`change` writes what the branch has and commits it; `checked` and `reported` run what a job on GitHub runs."""

    def __init__(self, top, run, monkeypatch, github: FakeGitHub) -> None:
        self.top, self.run, self.monkeypatch, self.github = top, run, monkeypatch, github
        self.git("init", "-q", "-b", "main")
        self.write({"guardrail.yaml": CONFIG, "infra/main.tf": EMPTY, ".gitignore": "*.json\n"})
        self.base = self.commit()
        self.git("checkout", "-q", "-b", "change")
        self.now = NOW
        self.result: dict = {}
        self.is_checked = False

    def git(self, *args: str) -> str:
        ran = subprocess.run(["git", "-C", self.top, *args], capture_output=True, text=True, check=True)  # noqa: S607
        return ran.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        self.is_checked = False
        for name, text in files.items():
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def on_main(self, files: dict[str, str]) -> None:
        """Commit files to main, which is the base of the change from then on."""
        self.git("checkout", "-q", "main")
        self.write(files)
        self.base = self.commit()
        self.git("checkout", "-q", "change")

    def change(self, configuration: str, **files: str) -> str:
        """Push a commit, whose configuration this is, and return it."""
        self.write({"infra/main.tf": configuration, **{name.replace("__", "."): text for name, text in files.items()}})
        self.github.head = self.commit()
        return self.github.head

    def later(self, minutes: int = 10) -> datetime:
        """Let time pass, and return what it is then."""
        self.now += timedelta(minutes=minutes)
        return self.now

    def command(self, *args: str, event: str = "pull_request", **environ: str):
        """Run a command as a step of a job does."""
        payload = pull_request_event(
            user={"login": self.github.people.author},
            head={"sha": self.github.head, "repo": {"full_name": "octo/shop"}},
            base={"sha": self.base, "repo": {"full_name": "octo/shop"}},
        )
        path = self.top.parent / "event.json"
        path.write_text(json.dumps(payload), encoding="utf-8")
        values = self.github.environ(GITHUB_EVENT_PATH=str(path), GITHUB_EVENT_NAME=event)
        with self.monkeypatch.context() as patch:
            for name, value in {**values, **environ}.items():
                patch.setenv(name, value)
            return self.run(*args, "--now", self.now.isoformat(), cwd=self.top)

    def checked(self, *args: str):
        """Check as the first step of a job does, without a token."""
        self.is_checked = True
        return self.command("check", "--out", "json=result.json", *args, GITHUB_TOKEN="")

    def reported(self, *args: str, event: str = "pull_request", status: bool = False, **environ: str):
        """Check if anything was written since, and report, a minute later than whatever was before; `result` is what came of it.

        `status`: the commit's status is set, too, for which guardrail waits a second after the comment, as GitHub asks for.
        """
        self.later(1)
        if not self.is_checked:
            self.checked()
        more = ["--out", "json=final.json", "--no-summary", "--no-outputs", "--no-annotations"]
        more += ["--status"] if status else []
        ran = self.command("report", "result.json", *more, *args, event=event, **environ)
        self.result = json.loads((self.top / "final.json").read_text()) if (self.top / "final.json").exists() else {}
        return ran

    @property
    def findings(self) -> dict[str, dict]:
        """What the last report has of rules that ask for approval."""
        found = [*self.result["findings"], *self.result["projects"][0]["findings"]]
        return {one["rule"]: one for one in found if "approval" in one}

    @property
    def comment(self) -> str:
        return html.unescape(self.github.comments[-1]["body"])

    @property
    def status(self) -> str:
        return str(self.github.statuses[-1]["state"])
