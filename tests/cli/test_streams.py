"""What the commands write to: consoles of other encodings, pipes that close, terminals that are none."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.cli import main

ROOT = Path(__file__).parents[2]
CHECK = [sys.executable, "-m", "guardrail", "check", "--config", str(ROOT / "examples" / "shop" / "guardrail.yaml")]


@pytest.mark.usefixtures("compiled_catalog")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_of_another_encoding_gets_utf_8_and_no_traceback(encoding, monkeypatch):
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code = main(CHECK[3:])
    assert (code, err.buffer.getvalue()) == (1, b"")
    assert "→" in out.buffer.getvalue().decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close differently there")
def test_a_reader_that_has_had_enough_is_no_error():
    read, write = os.pipe()
    os.close(read)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with os.fdopen(write, "wb") as closed:
        ran = subprocess.run(CHECK, stdout=closed, stderr=subprocess.PIPE, env=environ, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
def test_the_terminal_of_a_hook_gets_colours_at_most():
    """pre-commit runs hooks on a terminal of its own, which scrolls by: nothing may move the cursor there."""
    ours, theirs = os.openpty()
    environ = {**os.environ, "PRE_COMMIT": "1", "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(CHECK, stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.returncode == 1
    assert b"\x1b[" in shown
    assert not any(code in shown for code in (b"\x1b[?25l", b"\x1b[2K", b"\x1b[1A"))
    assert b"blocking findings" in shown


def _read(terminal):
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side is gone
        return b""
