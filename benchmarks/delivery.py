"""Measures a delivery to a slow GitHub and a long pull request: `python benchmarks/delivery.py` writes DELIVERY.md.

A fake of GitHub on this machine answers every call after 200 ms; the pull request has 1,000 comments, ours last.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from guardrail import __version__  # noqa: E402 - found by the line above
from guardrail.deliver import DELIVERY_SECONDS  # noqa: E402
from guardrail.http import Deadline  # noqa: E402
from guardrail.platforms.comment import Comment, Marker, Mode, Posted  # noqa: E402
from guardrail.platforms.context import Overrides  # noqa: E402
from guardrail.platforms.github.api import connect  # noqa: E402
from tests.platforms.fake_github import SHA, FakeGitHub, fake_github  # noqa: E402

LATENCY = 0.2  # seconds
COMMENTS = 1_000
MOST_CALLS = 6  # beside the pages of the list


def deliver(fake: FakeGitHub, mode: Mode) -> Posted:
    """Deliver a report of 60 KB."""
    github = connect(fake.environ(), Overrides(commit=SHA), Deadline(DELIVERY_SECONDS))
    comment = Comment(Marker("default", SHA, "555.1", datetime.now(UTC)), lambda limit: "x" * min(limit, 60_000))
    return github.comment(comment, mode, first=True)


def row(name: str, mode: Mode, prepare: Callable[[FakeGitHub], object]) -> str:
    """Measure one way to deliver. Fails if it takes more calls than it may."""
    with fake_github() as fake:
        for number in range(COMMENTS):
            fake.add(f"comment {number}", login="ana")
        prepare(fake)
        fake.latency = LATENCY
        start = time.perf_counter()
        posted = deliver(fake, mode)
        seconds = time.perf_counter() - start
        pages = sum(method == "GET" and path.endswith("/comments") for method, path in fake.asked)
        calls = len(fake.asked) - pages
    if calls > MOST_CALLS:
        raise SystemExit(f"{name}: {calls} calls beside {pages} pages, at most {MOST_CALLS}")
    return f"| {name} | {posted.outcome} | {pages} | {calls} | {seconds:.1f} s |"


def ours(fake: FakeGitHub) -> None:
    """Put a report of an earlier run there."""
    fake.add(f"{Marker('default', '0' * 40, '1.1', datetime(2026, 1, 1, tzinfo=UTC)).line()}\nold")


def main() -> None:
    """Measure and write DELIVERY.md."""
    rows = [
        row("first comment", Mode.UPDATE, lambda _fake: None),
        row("update", Mode.UPDATE, ours),
        row("new", Mode.NEW, ours),
        row("hide and new", Mode.HIDE_AND_NEW, ours),
        row("delete and new", Mode.DELETE_AND_NEW, ours),
    ]
    text = (
        f"# Delivery\n\n`python benchmarks/delivery.py`, {datetime.now(UTC):%Y-%m-%d}, guardrail {__version__}, "
        f"Python {platform.python_version()}.\n\nA fake of GitHub answers every call after {LATENCY * 1000:.0f} ms; the pull "
        f"request has {COMMENTS:,} comments, ours last.\nWrites keep a second's distance, as GitHub asks.\n\n"
        "| delivery | outcome | pages | other calls | time |\n|---|---|---:|---:|---:|\n"
    )
    (HERE / "DELIVERY.md").write_text(text + "\n".join(rows) + "\n", encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
