"""Writes runs/*.json: what guardrail said of main.tf while the bill grew. `python make_runs.py`.

A run of the main branch at the end of July, a pull request of 9 October that adds the machine of search, and the run of the
main branch after its merge on the 11th.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RUNS = {
    "2026-07-31": ("2026-07-31T12:00:00Z", "push", "false"),
    "2026-10-09": ("2026-10-09T15:30:00Z", "pull_request", "true"),
    "2026-10-11": ("2026-10-11T00:00:00Z", "push", "true"),
}
"""By day: the time, GitHub's name of the event, and whether search has a machine."""


def arguments(day: str) -> list[str]:
    """Return the arguments of guardrail for a run; later ones are compared with the first."""
    at, _, search = RUNS[day]
    base = [] if day == min(RUNS) else ["--base", f"runs/{min(RUNS)}.json"]
    return ["estimate", ".", "--now", at, "--var", f"search={search}", "--format", "json", *base]


def environment(day: str, event_file: Path) -> dict[str, str]:
    """Return what GitHub Actions tells a job, beside the event, which it tells in a file."""
    event = RUNS[day][1]
    commit = hashlib.sha1(day.encode(), usedforsecurity=False).hexdigest()
    told = (
        {"pull_request": {"number": 12, "head": {"sha": commit}, "user": {"login": "ana"}}} if event != "push" else {}
    )
    event_file.write_text(json.dumps(told), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(event_file),
        "GITHUB_REF": "refs/heads/main" if event == "push" else "refs/pull/12/merge",
        "GITHUB_REF_NAME": "main" if event == "push" else "12/merge",
        "GITHUB_HEAD_REF": "" if event == "push" else "search",
        "GITHUB_REPOSITORY": "example/shop",
        "GITHUB_SHA": commit,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for day in RUNS:
            told = {**os.environ, **environment(day, Path(folder) / "event.json")}
            called = [sys.executable, "-m", "guardrail", *arguments(day)]
            ran = subprocess.run(called, cwd=HERE, env=told, capture_output=True, check=True)
            (HERE / "runs" / f"{day}.json").write_bytes(ran.stdout)
