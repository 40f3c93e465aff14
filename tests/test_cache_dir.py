"""Where the cache of a user lies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from guardrail.data import CACHE_VARIABLE, cache_dir


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other places")
@pytest.mark.parametrize(
    "variables, folder",
    [
        ({}, "/home/ana/.cache/guardrail"),
        ({"XDG_CACHE_HOME": "/var/cached"}, "/var/cached/guardrail"),
        ({"XDG_CACHE_HOME": ""}, "/home/ana/.cache/guardrail"),
        ({"XDG_CACHE_HOME": "here"}, "/home/ana/.cache/guardrail"),
        ({"XDG_CACHE_HOME": "/var/cached", CACHE_VARIABLE: "mine"}, "mine"),
    ],
)
def test_the_cache_lies_where_the_system_has_those_of_a_user(monkeypatch, variables, folder):
    for name in ("XDG_CACHE_HOME", CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ana", **variables}.items():
        monkeypatch.setenv(name, value)
    assert cache_dir() == Path(folder)
