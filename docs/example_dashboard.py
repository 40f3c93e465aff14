"""The first page of `guardrail dashboard` over examples/shop-ledger, for its picture."""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

from guardrail.cli import main as guardrail

EXAMPLE = Path(__file__).parent.parent / "examples" / "shop-ledger"
NOW = "2026-11-20"


def first_page() -> str:
    """Return the page. It is the same each time."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = shutil.copytree(EXAMPLE, Path(scratch) / "shop")
        with chdir(folder), redirect_stdout(io.StringIO()):
            for number, command in enumerate(
                (
                    ["ledger", "add", *sorted(map(str, (folder / "runs").glob("*.json")))],
                    ["ledger", "add", "states/2026-07-31.json", "--now", "2026-07-31T12:00:00Z"],
                    ["ledger", "add", "states/2026-10-11.json", "--now", "2026-10-11T00:00:00Z"],
                    ["ledger", "import", "bill.csv", "--as", "shop", "--now", NOW],
                    ["dashboard", "--out", "site", "--now", NOW],
                )
            ):
                if code := guardrail(command):
                    raise RuntimeError(f"command {number} ended with {code}")
        return (folder / "site" / "index.html").read_text(encoding="utf-8")
