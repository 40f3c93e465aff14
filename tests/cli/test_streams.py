"""What the commands write to: consoles of other encodings, pipes that close, terminals that are none."""

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guardrail.cli import main
from guardrail.cli.output import write_whole

ROOT = Path(__file__).parents[2]
CHECK = [sys.executable, "-m", "guardrail", "check", "--config", str(ROOT / "examples" / "shop" / "guardrail.yaml")]
PLAIN = {**os.environ, "PYTHONPATH": str(ROOT)}


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
    with os.fdopen(write, "wb") as closed:
        ran = subprocess.run(CHECK, stdout=closed, stderr=subprocess.PIPE, env=PLAIN, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (1, b"")  # the verdict is what it is


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no such device here")
def test_a_full_standard_output_is_a_delivery_that_failed():
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(CHECK, stdout=full, stderr=subprocess.PIPE, env=PLAIN, check=False, timeout=60)
    assert ran.returncode == 4
    assert ran.stderr.decode().startswith("guardrail: the report is not delivered: standard output: No space left")
    assert ran.stderr.count(b"\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="shells close no streams there")
def test_a_closed_standard_output_is_a_delivery_that_failed():
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *CHECK]
    ran = subprocess.run(shell, stderr=subprocess.PIPE, env=PLAIN, check=False, timeout=60)
    assert ran.returncode == 4
    assert ran.stderr.decode().startswith("guardrail: the report is not delivered: standard output is closed")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders there")
def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path):
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "deep" / "target"
    os.mkfifo(pipe)
    target.parent.mkdir()
    target.write_text("before", encoding="utf-8")
    link.symlink_to(target)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text, "utf-8")
        for path in (pipe, link):
            write_whole(path, "after")
        assert read.result(timeout=10) == "after"
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "after"


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
    assert b"1 blocking finding, 2 need approval" in shown


def _read(terminal):
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side is gone
        return b""
