"""Runs the command line on generated inputs, in this process, and says which of them it does not answer as it must."""

import io
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from guardrail.cli import main
from tests.fuzz.inputs import KINDS, Seeds

SECONDS = 20
"""What an input may take of a processor; plans and configurations as small as these take a tenth of a second."""
PATIENCE = 6
"""Times that, by the clock, before a run is ended: other programs may have the machine."""
MEGABYTES = 2048


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that was not answered as it must be, and how to have it again."""

    kind: str
    seed: str
    args: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.seed}: {self.what}\n  guardrail {' '.join(self.args)}"


def findings(seeds: Seeds, folder: Path, kind: str, seed: str) -> Iterator[Finding]:
    """Write the input that kind and seed name into the folder, run, and yield what is wrong with the answer."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    args = KINDS[kind](Random(seed), folder, seeds)  # noqa: S311 - chance, not secrecy
    limits = (
        ["--timeout", str(SECONDS * PATIENCE), "--max-memory", str(MEGABYTES)]
        if args[0] in {"check", "estimate", "diff"}
        else []
    )
    started = time.process_time()
    with _standing_in(folder), _captured() as (out, err):
        try:
            code = main([*args, *limits])
        except BaseException:  # noqa: BLE001 - that nothing escapes is what is tested
            yield Finding(kind, seed, tuple(args), traceback.format_exc())
            return
    taken = time.process_time() - started
    stdout, stderr = (stream.getvalue().decode("utf-8", "replace") for stream in (out, err))
    for what in _faults(args, code, stdout, stderr, taken):
        yield Finding(kind, seed, tuple(args), what)


def _faults(args: list[str], code: int, stdout: str, stderr: str, taken: float) -> Iterator[str]:
    if code not in {0, 1, 2}:
        yield f"exit code {code}: {stderr[:500]}"
    if "Traceback (most recent call last)" in stdout + stderr:
        yield f"a traceback: {stderr[-500:]}"
    if code == 2 and not (stdout + stderr).strip():
        yield "refused without a word"
    if code == 2 and not stdout and args[0] in {"check", "estimate", "diff", "report"} and stderr.count("\n") != 1:
        yield f"refused in more than one line: {stderr[:500]}"
    if any(ord(char) < 32 and char not in "\n\r\t" for char in stderr):  # 32: the first that is shown
        yield f"control characters on standard error: {stderr[:300]!r}"
    if code < 2 and "json" in args and not _is_json(stdout):
        yield f"no JSON: {stdout[:200]}"
    if taken > SECONDS or "was ended while" in stderr:
        yield f"over its bound, {taken:.1f} s: {stderr[:300]}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _captured() -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    before = sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    streams = [io.TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in (out, err)]
    sys.stdout, sys.stderr = streams
    try:
        yield out, err
    finally:
        sys.stdout, sys.stderr = before
        for stream in streams:
            stream.flush()
            stream.detach()
