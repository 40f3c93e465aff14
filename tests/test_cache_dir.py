"""Where the cache of a user lies, as each system has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from guardrail.data import CACHE_VARIABLE, cache_dir


@pytest.mark.parametrize(
    "platform, variables, folder",
    [
        ("linux", {}, "/home/ana/.cache/guardrail"),
        ("linux", {"XDG_CACHE_HOME": "/var/cached"}, "/var/cached/guardrail"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/ana/.cache/guardrail"),
        ("linux", {"XDG_CACHE_HOME": "here"}, "/home/ana/.cache/guardrail"),
        ("linux", {"XDG_CACHE_HOME": "/var/cached", CACHE_VARIABLE: "mine"}, "mine"),
        ("darwin", {}, "/home/ana/Library/Caches/guardrail"),
        ("win32", {"LOCALAPPDATA": "/ana/Local"}, "/ana/Local/guardrail/Cache"),
        ("win32", {}, "/home/ana/AppData/Local/guardrail/Cache"),
    ],
)
def test_the_cache_lies_where_the_system_has_those_of_a_user(monkeypatch, platform, variables, folder):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", CACHE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ana", "USERPROFILE": "/home/ana", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_dir() == Path(folder)
