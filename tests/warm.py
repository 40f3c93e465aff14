"""`guardrail` for scripts under test without the time in which Python loads it and it reads prices and rules for the first time.

A process that has loaded it, and has checked the example once, forks for each call.

What runs is a process of its own all the same: with the arguments, environment, folder, files and signals of its caller.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CALLER = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(os.path.join(os.path.dirname(__file__), "socket"))
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(told).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(told)
    code = int(asked.makefile().read())
os.kill(os.getpid(), -code) if code < 0 else sys.exit(code)
"""


@contextlib.contextmanager
def warm_guardrail() -> Iterator[str]:
    """Return a command for shells that does as `python -m guardrail`, while the context lasts."""
    if not hasattr(os, "fork"):
        yield f'"{sys.executable}" -m guardrail'
        return
    with tempfile.TemporaryDirectory() as name:  # a name that is short enough for a socket
        folder = Path(name)
        (folder / "caller.py").write_text(CALLER, encoding="utf-8")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "socket"))
            listening.listen()
            started = [sys.executable, "-m", "tests.warm", str(listening.fileno())]
            server = subprocess.Popen(started, cwd=ROOT, pass_fds=[listening.fileno()], start_new_session=True)
        try:
            yield f'"{sys.executable}" -S -E "{folder / "caller.py"}"'
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _serve(listening: socket.socket) -> None:
    """Answer each call in a process of its own, which waits for the one that runs."""
    for package in pkgutil.walk_packages([str(ROOT / "guardrail")], "guardrail."):
        if not package.name.endswith("__main__"):
            importlib.import_module(package.name)
    from guardrail.cli import main  # noqa: PLC0415 - the callers load nothing of it

    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        main(["check", "--config", str(ROOT / "examples" / "shop" / "guardrail.yaml")])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, _ = listening.accept()
        if not os.fork():
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if running := os.fork():
                asked.sendall(str(os.waitstatus_to_exitcode(os.waitpid(running, 0)[1])).encode())
                os._exit(0)
            _become(asked)
            return
        asked.close()


def _become(asked: socket.socket) -> None:
    """Take on the arguments, environment, folder and files of who asks."""
    size, files, *_ = socket.recv_fds(asked, 4, 3)
    with asked, asked.makefile("rb") as told:
        sys.argv[1:], folder, environ = json.loads(told.read(int.from_bytes(size, "big")))
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    sys.argv[0] = "guardrail"
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    from guardrail.cli import main

    sys.exit(main())
