import hashlib
import os

from guardrail.files.digest import digest_of, read_with_digest


def test_a_file_that_was_read_is_not_read_again(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    path.write_text("{}")
    data, digest = read_with_digest(path)
    assert (data, digest) == (b"{}", hashlib.sha256(b"{}").hexdigest())
    monkeypatch.setattr(type(path), "open", None)
    assert digest_of(path) == digest


def test_a_file_that_has_changed_is_read_again(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text("{}")
    before = digest_of(path)
    path.write_text("[]")
    os.utime(path, ns=(0, 0))
    assert digest_of(path) == hashlib.sha256(b"[]").hexdigest() != before


def test_what_cannot_be_read_has_none(tmp_path):
    assert digest_of(tmp_path / "gone.json") == ""
