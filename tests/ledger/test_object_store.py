"""A ledger in an object store that is spoken to over the network: many writers at once, and servers that fail."""

import importlib.util
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from guardrail.errors import ConfigError, GuardrailError, InputError
from guardrail.ledger.storage import remote
from guardrail.ledger.storage.remote import ObjectStore
from guardrail.ledger.storage.store import Folder
from guardrail.ledger.storage.verify import verify
from tests.ledger.conftest import result
from tests.ledger.writers import KILLED, WRITERS

TOP = Path(__file__).parents[2]
SERVER = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""
ENDED = [-9] * KILLED + [0] * (WRITERS - KILLED)
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor kill -9")


def point_to(monkeypatch, port):
    """Let stores of S3 be those of a server on this machine."""
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def server():
    """The port of a server of S3, in a process of its own."""
    if not importlib.util.find_spec("moto"):
        pytest.skip("needs moto and flask: pip install -e '.[dev]'")
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def s3(server, monkeypatch):
    """The address of a ledger in a bucket of the test's own."""
    point_to(monkeypatch, server)
    bucket = f"ledger-{secrets.token_hex(4)}"
    request = urllib.request.Request(f"http://127.0.0.1:{server}/{bucket}", method="PUT")
    urllib.request.urlopen(request).close()  # noqa: S310 - this machine's
    return f"s3://{bucket}/all"


def write_at_once(where, files):
    """Return how the writers ended."""
    script = [sys.executable, str(TOP / "tests" / "ledger" / "writers.py"), where, str(files)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TOP), *sys.path])}
    ran = subprocess.run(script, cwd=TOP, env=environ, capture_output=True, text=True, check=False)
    return json.loads(ran.stdout) if ran.stdout else ran.stderr


@unix
def test_of_sixteen_writers_into_a_folder_the_killed_lose_nothing_and_leave_nothing_half_written(tmp_path):
    assert write_at_once(str(tmp_path), 60) == ENDED
    store = Folder(tmp_path)
    assert [str(fault) for fault in verify(store)] == []
    assert len(store.paths()) == 60


@unix
def test_of_sixteen_writers_into_an_object_store_the_killed_lose_nothing(s3):
    assert write_at_once(s3, 12) == ENDED
    store = ObjectStore(s3)
    assert [str(fault) for fault in verify(store)] == []
    assert len(store.paths()) == 12


def test_a_ledger_there_is_read_as_one_in_a_folder(s3, run, tmp_path):
    (tmp_path / "result.json").write_bytes(result())
    for expected in ("added  v1/runs", "nothing is new"):
        assert run("ledger", "add", "result.json", "--ledger", s3).stdout.startswith(expected)
    assert run("ledger", "show", "--ledger", s3).stdout.startswith("runs   shop: 1 ")
    assert run("ledger", "verify", "--ledger", s3).stdout == "1 files are what they were when they were written\n"


class Server(ThreadingHTTPServer):
    """A server that answers as the test says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Scripted)
        self.asked: list[str] = []
        self.script: Callable[[int], tuple[int, str]] = lambda _: (200, "")

    def handle_error(self, request, client_address):
        """Say nothing of one who has not waited for the answer."""


class Scripted(BaseHTTPRequestHandler):
    """Answers as the test says: a status, and a text."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a body waits for a word of the headers
    server: Server

    def _answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.asked.append(self.command)
        status, text = self.server.script(len(self.server.asked))
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.send_header("etag", '"x"')
        self.send_header("last-modified", "Sun, 29 Nov 2026 12:00:00 GMT")
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - as the library calls them

    def log_message(self, *_):
        pass


@pytest.fixture
def answers(monkeypatch):
    """Return a function that starts a server with a script: number of the request -> status and text."""
    monkeypatch.setitem(
        remote.RETRIES,
        "backoff",
        {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5), "base": 2},
    )
    server = Server()
    point_to(monkeypatch, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def call(script):
        server.script = script if callable(script) else lambda _: script
        return ObjectStore("s3://b/ledger"), server.asked

    yield call
    server.shutdown()
    server.server_close()


XML = "<Error><Code>{}</Code></Error>"
REFUSED = [
    ((403, XML.format("AccessDenied")), "the store says 403 Forbidden, AccessDenied (see what the credentials in the environment may do there)", 1),
    ((404, XML.format("NoSuchBucket")), "the store says 404 Not Found, NoSuchBucket (see that the bucket or container is there)", 1),
    ((500, ""), "the store says 500 Internal Server Error", 4),
    ((503, XML.format("SlowDown")), "the store says 503 Service Unavailable, SlowDown", 4),
    ((400, XML.format("InvalidRequest")), "the store says 400 Bad Request, InvalidRequest", 1),
]  # fmt: skip


@pytest.mark.parametrize("answer, said, times", REFUSED, ids=[str(answer[0]) for answer, *_ in REFUSED])
def test_what_a_store_refuses_is_one_line_and_what_fails_there_is_tried_again(answers, answer, said, times):
    store, asked = answers(answer)
    for do, what in (
        (lambda: store.put("v1/x", b"x"), "written"),
        (lambda: store.read("v1/x"), "read"),
        (store.paths, "listed"),
    ):
        asked.clear()
        with pytest.raises(GuardrailError) as caught:
            do()
        assert f"cannot be {what}: {said}" in str(caught.value)
        assert str(caught.value).startswith("s3://b/ledger")
        assert "\n" not in str(caught.value)
        assert len(asked) == times


def test_a_store_that_recovers_is_no_fault(answers):
    store, asked = answers(lambda number: (503, "") if number < 3 else (200, ""))
    assert store.put("v1/x", b"x")
    assert len(asked) == 3


def test_what_was_written_though_the_store_said_otherwise_is_there_once(answers):
    store, asked = answers(lambda number: (500, "") if number == 1 else (412, XML.format("PreconditionFailed")))
    assert store.put("v1/x", b"x") is False
    assert asked == ["PUT", "PUT"]


def test_a_slow_store_is_waited_for(answers):
    def slowly(_):
        time.sleep(0.2)
        return 200, ""

    store, _ = answers(slowly)
    assert store.put("v1/x", b"x")


def test_a_store_that_hangs_is_given_up(answers, monkeypatch):
    monkeypatch.setenv("AWS_TIMEOUT", "200ms")
    monkeypatch.setitem(remote.RETRIES, "retry_timeout", timedelta(milliseconds=300))
    free = threading.Event()
    store, asked = answers(lambda _: (200, "") if free.wait(20) else (500, ""))
    begun = time.monotonic()
    for do in (lambda: store.put("v1/x", b"x"), lambda: store.read("v1/x"), store.paths):
        with pytest.raises(
            GuardrailError, match=r"the store does not answer \(AWS_TIMEOUT=5m lets a request take longer"
        ):
            do()
    free.set()
    assert time.monotonic() - begun < 10
    assert len(asked) <= 6


def test_the_time_for_a_store_that_hangs_is_bounded():
    assert remote.RETRIES["retry_timeout"] <= timedelta(seconds=60)
    assert remote.RETRIES["max_retries"] <= 3


def test_a_server_that_is_not_there_and_credentials_that_are_not(monkeypatch):
    point_to(monkeypatch, 1)
    store = ObjectStore("s3://b/ledger")
    monkeypatch.setitem(remote.RETRIES, "max_retries", 0)
    with pytest.raises(InputError, match="cannot be listed: the store does not answer"):
        ObjectStore("s3://b/ledger").paths()
    said = store._said(Exception("Error performing PUT http://169.254.169.254/latest/api/token in 1s - HTTP error"))
    assert said == ("there are no credentials for it", "set those of AWS in the environment")


def test_a_ledger_that_cannot_be_reached_ends_the_command_with_one_line(answers, run, tmp_path):
    answers((403, XML.format("AccessDenied")))
    (tmp_path / "result.json").write_bytes(result())
    for args in (["add", "result.json"], ["show"], ["verify"], ["compact"]):
        ran = run("ledger", *args, "--ledger", "s3://b/ledger")
        assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert "403 Forbidden, AccessDenied" in ran.stderr
    with pytest.raises(ConfigError):
        ObjectStore("s3://b/ledger").put("v1/x", b"x")
