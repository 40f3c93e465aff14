"""A run that takes too long or too much memory ends in one line, with exit code 2, whatever it is at."""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from guardrail.cli.limits import limited
from guardrail.errors import LimitError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """Never end the process of the tests, however long a busy machine takes to interrupt them."""
    monkeypatch.setattr("guardrail.cli.limits._GRACE", 60)


def spin() -> None:
    while True:
        pass


def test_what_takes_too_long_is_ended():
    started = monotonic()
    with pytest.raises(LimitError, match="took longer than 1 s, and was ended while") as raised, limited(1, 0):
        spin()
    assert monotonic() - started < 3
    assert "--timeout" in raised.value.fix


def test_what_takes_too_much_memory_is_ended():
    with pytest.raises(LimitError, match="took more than 1 MB of memory") as raised, limited(0, 1):
        spin()
    assert "--max-memory" in raised.value.fix


def test_what_does_not_listen_is_ended_all_the_same():
    code = "import time\nfrom guardrail.cli.limits import limited\nwith limited(1, 0): time.sleep(60)"
    started = monotonic()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False, timeout=30)
    assert ran.returncode == 2
    assert monotonic() - started < 10
    assert ran.stderr.decode().startswith("guardrail: took longer than 1 s")
    assert ran.stderr.count(b"\n") == 1


def test_what_keeps_within_them_is_left_alone():
    with limited(60, 100_000):
        found = sum(range(10))
    assert found == 45


def test_an_interrupt_by_the_user_stays_one():
    with pytest.raises(KeyboardInterrupt), limited(60, 0):
        raise KeyboardInterrupt


def test_no_memory_is_said():
    with pytest.raises(LimitError, match="not enough memory"), limited(0, 0):
        raise MemoryError


@pytest.mark.usefixtures("compiled_catalog")
@pytest.mark.parametrize("name", ["check", "estimate"])
def test_commands_take_their_limits_from_flags_and_the_environment(name):
    def ended(*flags: str, **environ: str) -> tuple[int, bytes, bytes]:
        # In a process of its own: an interrupt may come while a file is open, of which a test would hear as a warning.
        command = [sys.executable, "-m", "guardrail", name, "examples/shop/plan.json", *flags]
        ran = subprocess.run(
            command, capture_output=True, cwd=ROOT, env={**os.environ, **environ}, check=False, timeout=60
        )
        return ran.returncode, ran.stdout, ran.stderr

    code, out, error = ended("--max-memory", "1")
    assert (code, out) == (2, b"")
    assert error.startswith(b"guardrail: took more than 1 MB of memory")
    assert ended(GUARDRAIL_MAX_MEMORY="1")[0] == 2
    assert ended("--max-memory", "0", GUARDRAIL_MAX_MEMORY="1")[0] == 0
