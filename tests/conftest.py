"""Cuts the tests off from the machine they run on, and gives them the command line, golden files and the catalog."""

from __future__ import annotations

import gc
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from guardrail.catalog import Catalog, open_catalog
from guardrail.catalog.store import shipped_catalog
from guardrail.cli import main
from guardrail.data import CACHE_VARIABLE
from tests.warm import warm_guardrail

GOLDEN = Path(__file__).parent / "data" / "golden"
HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
XDG = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
NAMES = {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "BUILD_ID", "BUILD_NUMBER"}
NAMES |= {"PYTHONDONTWRITEBYTECODE"}  # each process of a run would compile the program, or the tests, again
PREFIXES = (
    *("GITHUB_", "ACTIONS_", "RUNNER_", "GITLAB_", "CI_", "BITBUCKET_", "BUILDKITE", "CIRCLE", "ATLANTIS_", "CLICOLOR"),
    *("TF_", "TFC_", "TERRAFORM_", "AWS_", "ARM_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "INFRACOST_", "GUARDRAIL_"),
)
HOST_AT = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.connect": 1, "socket.sendto": 1}
"""Which argument of an event is a host. Each file that is opened is an event, too."""
WORKER_CACHE = "PYTEST_GUARDRAIL_CACHE"


class NetworkUsedError(RuntimeError):
    """A test reached for the network."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing them")
    parser.addoption("--examples", type=int, default=25, help="how many examples a property is tried with")


def pytest_configure(config: pytest.Config) -> None:
    """Poison the process before any test module is imported."""
    home = Path(tempfile.mkdtemp(prefix="guardrail-tests-"))
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name in NAMES or name.startswith(PREFIXES)]:
        patch.delenv(name)
    for name in HOMES:
        patch.setenv(name, str(home))
    for name in XDG:
        patch.setenv(name, str(home / name.lower()))
    # The catalog is compiled once a run: the workers of pytest-xdist share the folder of the process that started them.
    patch.setenv(WORKER_CACHE, os.environ.get(WORKER_CACHE, str(home / "cache")))
    patch.setenv(CACHE_VARIABLE, os.environ[WORKER_CACHE])
    # Tests share a process, and what all of them keep in memory together is no sign of anything.
    patch.setenv("GUARDRAIL_MAX_MEMORY", "0")
    # No machine loses its power meanwhile, and each fact of a ledger would wait for the disk.
    patch.setattr(os, "fsync", lambda _file: None)
    sys.addaudithook(_no_network)
    sys.dont_write_bytecode = False
    config.add_cleanup(patch.undo)
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


def pytest_collection(session: pytest.Session) -> None:
    """Give properties no deadline: how long an example takes is for the machine to say, and others may use it."""
    if session.config.pluginmanager.has_plugin("dsession"):
        return  # the tests run in other processes, and hypothesis takes a second to load
    from hypothesis import settings  # noqa: PLC0415

    settings.register_profile("guardrail", deadline=None, max_examples=session.config.getoption("--examples"))
    settings.load_profile("guardrail")


def pytest_collection_finish() -> None:
    """Spare the collector what lives as long as the tests do: looking through it again and again took a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(
        10_000, 20, 50
    )  # what is frozen no longer counts, and full searches would be more frequent than before


def _no_network(event: str, args: tuple[Any, ...]) -> None:
    if event not in HOST_AT or args[HOST_AT[event]] is None:
        return
    host = HOST_AT[event]
    name = args[host] if isinstance(args[host], str | bytes) else args[host][0]
    name = name.decode() if isinstance(name, bytes) else name
    local = name in {"", "localhost", "::1"} or name.startswith(("127.", "/", "\0"))
    if not local:
        raise NetworkUsedError(f"{event} {name}")


@pytest.fixture(scope="session")
def compiled_catalog() -> Path:
    """The shipped prices, compiled by one of the processes that need them while the others wait."""
    with FileLock(f"{os.environ[WORKER_CACHE]}.lock"):
        return shipped_catalog()


@pytest.fixture(scope="session")
def once() -> Callable[[str, Callable[[Path], object]], Path]:
    """Have one of the processes of a run fill a folder while the others wait: `once("shop", write)`. Tests only read it."""

    def call(name: str, write: Callable[[Path], object]) -> Path:
        folder = Path(os.environ[WORKER_CACHE]).with_name("once") / name
        folder.parent.mkdir(exist_ok=True)
        made = folder.with_name(f"{name}.made")
        with FileLock(f"{folder}.lock"):
            if not made.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                write(folder)
                made.touch()
        return folder

    return call


@pytest.fixture(scope="session")
def command(compiled_catalog: Path) -> Callable[..., Ran]:
    """Run the command line in this process, in a folder: `command("check", "plan.json", cwd=folder)`."""
    assert compiled_catalog.is_file()

    def call(*args: str | Path, cwd: Path, stdin: str | bytes = b"") -> Ran:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        given = io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(cwd)
            patch.setattr(sys, "stdin", io.TextIOWrapper(given, encoding="utf-8"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            exit_code = main([str(arg) for arg in args])
        return Ran(exit_code, *(_text(stream) for stream in (out, err)))

    return call


@pytest.fixture
def run(command: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    """Run the command line in this process: `run("check", "plan.json")`, by default in the test's own empty folder."""
    return partial(command, cwd=tmp_path)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@pytest.fixture(scope="session")
def warm(compiled_catalog: Path) -> Iterator[str]:
    """Return a command that is guardrail, for scripts that a shell runs."""
    assert compiled_catalog.is_file()
    with warm_guardrail() as made:
        yield made


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a file under tests/data/golden: `golden("check.md", text)`. --update-golden writes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert path.is_file(), f"no {path}: write it with pytest --update-golden"
        with path.open(encoding="utf-8", newline="") as file:
            assert text == file.read()

    return compare


@pytest.fixture(scope="session")
def catalog(compiled_catalog: Path) -> Catalog:
    """The shipped prices."""
    return open_catalog(compiled_catalog)
