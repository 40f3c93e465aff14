"""`--engine dask`: a cluster of processes that are killed, and a scheduler that comes back without a memory."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from guardrail.config import Flags, settings
from guardrail.fleet import cluster
from guardrail.fleet.judging import Job, Policy
from guardrail.fleet.outcome import Outcome
from guardrail.fleet.pool import Limits
from guardrail.fleet.results import Results
from guardrail.fleet.workspaces import Workspace, workspaces
from guardrail.ledger.storage.store import Folder
from tests.fleet.conftest import NOW, plan

distributed = pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[dask]'")
TOP = Path(__file__).parents[2]
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes with names, and no kill -9")


@pytest.fixture
def start(folder, monkeypatch, compiled_catalog):
    """Start `python -m MODULE ...` in the folder; whatever is left of it at the end is killed."""
    assert compiled_catalog.is_file()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TOP), *sys.path]))
    started = []

    def call(module, *args, **more):
        process = subprocess.Popen([sys.executable, "-m", module, *args], cwd=folder, start_new_session=True, **more)
        started.append(process)
        return process

    yield call
    for process in started:
        kill(process)


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.05)


class Gate:
    """A plan that nobody can read to its end before it is opened."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)

    def open(self):
        threading.Thread(target=self._feed, daemon=True).start()

    def _feed(self):
        while True:
            with contextlib.suppress(BrokenPipeError), self.path.open("w") as pipe:
                pipe.write(plan("t3.micro"))
            time.sleep(0.2)  # or the next one would be read as the rest of it


@unix
def test_killed_workers_and_a_scheduler_that_restarts_lose_nothing_and_double_nothing(start, folder):
    for number in range(10):
        (folder / "plans" / f"more-{number}.json").write_text(plan("t3.micro"))
    (folder / "plans" / "broken.json").unlink()
    gate = Gate(folder / "plans" / "z-gate.json")  # the last of the last batch
    places = [path.as_posix() for path in (folder / "plans").rglob("*.json")]
    (folder / "list.txt").write_text("\n".join(places), encoding="utf-8")
    port = str(free_port())
    at = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    worker = ("distributed.cli.dask_worker", at, "--no-nanny", "--nthreads", "1", "--no-dashboard")
    scheduler = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    results = Results(Folder(folder / "fleet"))

    first_scheduler, first_worker = start(*scheduler, **quiet), start(*worker, **quiet)
    args = ("fleet", "run", "--list", "list.txt", "--engine", "dask", "--scheduler", at, "--now", NOW)
    run = start("guardrail", *args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: len(results.known()) == 14)
    kill(first_worker)
    done = {path: path.stat().st_mtime_ns for path in (folder / "fleet").rglob("*.outcome")}
    second_worker = start(*worker, **quiet)
    wait_for(lambda: any(path.stat().st_mtime_ns != then for path, then in done.items()))
    kill(first_scheduler)
    kill(second_worker)
    start(*scheduler, **quiet)
    start(*worker, **quiet)
    gate.open()
    said, _ = run.communicate(timeout=120)

    assert run.returncode == 1, said  # bare is blocked
    assert "Traceback" not in said
    assert "15 workspaces judged: 14 pass, 0 warn, 1 fail, 0 not evaluated\n" in said
    found = [one for one in results.outcomes() if isinstance(one, Outcome)]
    assert len(done) == 14
    assert len({one.name for one in found}) == len(found) == 15
    assert len({path for one in found for path in one.facts}) == 15


@pytest.mark.filterwarnings("ignore")
def test_a_workspace_that_workers_are_killed_for_does_not_take_its_neighbours_along(
    folder, compiled_catalog, monkeypatch
):
    assert compiled_catalog.is_file()
    monkeypatch.chdir(folder)
    result = cluster._result
    several = [Workspace("shop", "plans/shop/plan.json"), Workspace("bare", "plans/bare.json")]

    def killed(future):
        if future.batch[0].name == "bare" or len(future.batch) > 1:
            raise distributed.KilledWorker(future.key, None, 3)
        return result(future)

    submit = distributed.Client.submit

    def marked(self, function, job, limits, batch, **more):
        future = submit(self, function, job, limits, batch, **more)
        future.batch = batch
        return future

    monkeypatch.setattr(distributed.Client, "submit", marked)
    monkeypatch.setattr(cluster, "_result", killed)
    chosen = settings(Flags(("-",)), folder)
    job = Job(chosen, str(folder / "fleet"), Policy(chosen).key, str(folder))
    found = {one.name: one.verdict for one in cluster.judged(job, several, Limits(), "", 1)}
    assert found == {"shop": "pass", "bare": "not-evaluated"}
    assert workspaces(["plans"], [], chosen)


def test_a_scheduler_needs_the_engine(fleet):
    assert "--scheduler is for --engine dask" in fleet("run", "plans", "--scheduler", "tcp://x:1").stderr
