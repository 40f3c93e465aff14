"""What conftest.py promises: no home, no network, no variables of the machine or of its CI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from guardrail.data import CACHE_VARIABLE, cache_dir
from tests.conftest import HOMES, NAMES, PREFIXES, XDG, NetworkUsedError

SET_OUTSIDE = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_TOKEN": "not-for-tests",
    "GITLAB_CI": "true",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "TF_WORKSPACE": "prod",
    "AWS_REGION": "eu-west-3",
    "GUARDRAIL_CEL_ENGINE": "none",
}


def test_no_variable_of_the_machine_is_left():
    kept = {"GUARDRAIL_CACHE_DIR", "GUARDRAIL_MAX_MEMORY"}
    assert {name for name in os.environ if name in NAMES or name.startswith(PREFIXES)} == kept


def test_variables_set_outside_do_not_reach_the_tests():
    inner = f"{Path(__file__).name}::{test_no_variable_of_the_machine_is_left.__name__}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent / inner)],
        env={**os.environ, **SET_OUTSIDE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


@pytest.mark.parametrize("name", [*HOMES, *XDG])
def test_home_is_a_folder_of_this_run(name):
    assert "guardrail-tests-" in os.environ[name]


def test_nothing_is_kept_in_the_users_cache(monkeypatch):
    assert "guardrail-tests-" in str(Path.home())
    assert "guardrail-tests-" in str(cache_dir())
    monkeypatch.delenv(CACHE_VARIABLE)
    assert "guardrail-tests-" in str(cache_dir())


def test_no_connection_leaves_the_machine():
    with socket.socket() as stream, pytest.raises(NetworkUsedError):
        stream.connect(("192.0.2.1", 443))


def test_no_name_is_looked_up():
    with pytest.raises(NetworkUsedError):
        socket.getaddrinfo("example.com", 443)


def test_no_datagram_leaves_the_machine():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, pytest.raises(NetworkUsedError):
        datagrams.sendto(b"", ("192.0.2.1", 53))


def test_the_machine_may_speak_to_itself():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
