"""Shows what a pull request gets to see, without GitHub: `python examples/fake-github/demo.py`, from a checkout.

Checks examples/shop, delivers the result to a fake of GitHub on this machine, then pushes another change to the same
pull request, and prints the calls that were made, the comment, the step's outputs and the exit codes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.platforms.fake_github import FakeGitHub, fake_github, pull_request_event  # noqa: E402 - found by the line above

SHOP = ROOT / "examples" / "shop"


def guardrail(environ: dict[str, str], *args: str | Path) -> int:
    """Run a command as a step of a job does, and return its exit code."""
    env = {**os.environ, **environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "guardrail", *args], env=env, stdout=subprocess.DEVNULL, check=False
    ).returncode


def push(fake: FakeGitHub, folder: Path, project: Path) -> None:
    """Check the project and report it, as the two steps of a workflow."""
    (folder / "event.json").write_text(json.dumps(pull_request_event()), encoding="utf-8")
    seen = len(fake.asked)
    environ = fake.environ(GITHUB_EVENT_PATH=str(folder / "event.json"), GITHUB_OUTPUT=str(folder / "outputs"))
    config = ("--config", project / "guardrail.yaml")
    checked = guardrail(environ, "check", *config, "--out", f"json={folder / 'result.json'}")
    reported = guardrail(environ, "report", folder / "result.json", *config)
    print(f"check exits with {checked}, report with {reported}; it made these calls:")
    for method, path in fake.asked[seen:]:
        print(f"  {method} {path}")


def main() -> None:
    """Open a pull request, then push to it."""
    with tempfile.TemporaryDirectory() as name, fake_github() as fake:
        folder = Path(name)
        copied = folder / "shop"
        shutil.copytree(SHOP, copied)
        print("=== The pull request is opened")
        push(fake, folder, copied)
        print("\n=== The comment\n")
        print(fake.comments[0]["body"])
        print("=== A commit is pushed that raises the budget, for its owner to approve")
        config = copied / "guardrail.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("increase: 200, increase_percent: 25", "increase: 600"), encoding="utf-8")
        push(fake, folder, copied)
        print(f"\n=== The same comment ({len(fake.comments)} in all)\n")
        print(fake.comments[0]["body"])
        print("=== The step's outputs\n")
        print((folder / "outputs").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
