"""What processes of their own add: each workspace is bound, and a process that is killed loses nothing."""

import os
import pickle
import subprocess
import sys

import pytest

from guardrail.config import Flags, settings
from guardrail.fleet import pool
from guardrail.fleet.judging import Job, Policy
from guardrail.fleet.outcome import Outcome
from guardrail.fleet.pool import Limits, StoppedError
from guardrail.fleet.results import Results
from guardrail.fleet.worker import Reply
from guardrail.fleet.workspaces import Workspace, workspaces
from guardrail.ledger.storage.store import Folder
from tests.fleet.conftest import LARGE

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes with names, and no kill -9")


@pytest.fixture
def job(folder, compiled_catalog, monkeypatch):
    assert compiled_catalog.is_file()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(pool, "_PAUSES", (0, 0))
    chosen = settings(Flags(("-",)), folder)
    return Job(chosen, str(folder / "fleet"), Policy(chosen).key, str(folder))


def verdicts(job, several, **limits):
    return {one.name: (one.verdict, one.why) for one in pool.judged(job, several, 2, Limits(**limits))}


@unix
def test_what_is_killed_is_done_again_and_what_hangs_is_ended(job, folder, monkeypatch):
    os.mkfifo(folder / "plans" / "hangs.json")
    answer, killed = pool._answer, []

    def killing(process, what):
        name = what.name if isinstance(what, Workspace) else ""
        if name == "live" or (name == "shop" and "shop" not in killed):
            killed.append(name)
            process.kill()
        return answer(process, what)

    monkeypatch.setattr(pool, "_answer", killing)
    several, _ = workspaces(["plans"], [], job.settings)
    found = verdicts(job, [*several, Workspace("hangs", "plans/hangs.json")], seconds=2)
    assert found["shop"] == ("pass", "")
    assert found["bare"] == ("fail", "")
    assert found["live"] == ("not-evaluated", "the process that judged it ended by signal 9, 3 times")
    assert found["hangs"] == ("not-evaluated", "took longer than 2 s (allow more with --timeout SECONDS)")
    assert sorted(killed) == ["live", "live", "live", "shop"]
    kept = [one for one in Results(Folder(folder / "fleet")).outcomes() if isinstance(one, Outcome)]
    assert {one.name: (one.verdict, one.why) for one in kept} == found


def test_a_workspace_that_takes_too_much_memory_is_not_evaluated(job):
    found = verdicts(job, [Workspace("shop", "plans/shop/plan.json")], megabytes=10)
    assert found["shop"] == ("not-evaluated", "took more than 10 MB of memory (allow more with --max-memory MB)")


@unix
def test_a_process_ends_when_nobody_waits_for_it(job):
    worker = f"{sys.executable} -P -c 'from guardrail.fleet.worker import main; main()'"
    command = ["sh", "-c", f"exec 3<&0; {worker} <&3 & wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdin
        assert parent.stdout
        pickle.dump((0, job), parent.stdin)
        parent.stdin.flush()
        assert pickle.load(parent.stdout) == Reply()  # noqa: S301 - it is ready, and waits for a workspace
        parent.kill()
        assert parent.stdout.read() == b""  # until the worker has ended, which nobody told it to: its input stays open


def test_rules_that_change_during_a_run_stop_it(job, folder):
    (folder / "policies" / "team.yaml").write_text(LARGE)
    with pytest.raises(StoppedError, match="differ from those that the run began with"):
        verdicts(job, [Workspace("shop", "plans/shop/plan.json")])
