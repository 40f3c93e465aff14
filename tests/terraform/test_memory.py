"""What is kept between runs: found again, never in the way, and never more than there is room for."""

import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from guardrail.terraform import memory as module
from guardrail.terraform.memory import Memory, key_of

VALUE = {"a": [1, 2.5, None, "é"], "b": {}}


def kept(path, **values):
    memory = Memory(path)
    for key, value in values.items():
        memory.keep(key, value)
    memory.save()
    return memory


def test_what_is_saved_is_found_again(tmp_path):
    path = tmp_path / "new" / "memory.sqlite"
    kept(path, one=VALUE, empty={})
    later = Memory(path)
    assert [later.recall(key) for key in ("one", "empty", "other")] == [VALUE, {}, None]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_new_is_found_before_it_is_saved(tmp_path):
    memory = Memory(tmp_path / "memory.sqlite")
    memory.keep("one", VALUE)
    assert memory.recall("one") == VALUE
    memory.save()
    assert memory.recall("one") == VALUE


def test_two_runs_at_once_both_keep(tmp_path):
    path = tmp_path / "memory.sqlite"
    one, other = kept(path, a=1), Memory(path)
    other.keep("b", 2)
    one.keep("c", 3)
    other.save()
    one.save()
    assert [Memory(path).recall(key) for key in "abc"] == [1, 2, 3]


def test_while_somebody_else_writes_nothing_is_kept_and_nobody_waits_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    path = tmp_path / "memory.sqlite"
    kept(path, a=1)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    assert kept(path, b=2).recall("a") is None
    writer.close()
    assert [Memory(path).recall(key) for key in "ab"] == [1, None]


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 200, b""])
def test_a_broken_file_is_made_anew(tmp_path, content):
    path = tmp_path / "memory.sqlite"
    path.write_bytes(content)
    assert Memory(path).recall("a") is None
    kept(path, a=1)
    kept(path, a=1)
    assert Memory(path).recall("a") == 1


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert kept(tmp_path / "file" / "memory.sqlite", a=1).recall("a") is None


def test_the_oldest_goes_where_there_is_too_much(tmp_path, monkeypatch):
    path = tmp_path / "memory.sqlite"
    monkeypatch.setattr(module, "_MAX_BYTES", 40)
    kept(path, a=1)
    for key in "bcdefg":
        kept(path, **{key: 1})
    found = [key for key in "abcdefg" if Memory(path).recall(key)]
    assert found
    assert found == list("abcdefg")[-len(found) :]
    assert len(found) < 7


def test_what_is_too_large_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_ENTRY", 20)
    assert kept(tmp_path / "memory.sqlite", a="x").recall("a") == "x"
    assert kept(tmp_path / "memory.sqlite", b=list(range(100))).recall("b") is None


def test_keys_tell_parts_apart_and_change_with_the_code(monkeypatch):
    keys = {key_of(*parts) for parts in (("a", "b"), ("ab",), ("ab", ""), ("b", "a"), (b"a", b"c"))}
    assert len(keys) == 5
    assert key_of("a", "b") == key_of(b"a", b"b")
    before = key_of("a")
    monkeypatch.setattr(module, "_code", lambda: b"another version")
    assert key_of("a") != before
    assert Path(module.__file__) in set(module._code_files())
