import hashlib
import os
import sys

import pytest

from guardrail.files import digest as remembering
from guardrail.files.digest import digest_of, lasting_digest_of, read_with_digest


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


@pytest.fixture
def next_run(tmp_path, monkeypatch):
    """Forget what this process knows. `settled`: as if what was written before had been written long ago."""
    monkeypatch.setenv("GUARDRAIL_CACHE_DIR", str(tmp_path / "cache"))

    def begin(*, settled):
        monkeypatch.setattr(remembering, "_known", {})
        monkeypatch.setattr(remembering, "_SETTLED", -1 if settled else 2_000_000_000)

    return begin


def test_a_catalog_is_hashed_by_the_first_of_many_runs(tmp_path, monkeypatch, next_run):
    path = tmp_path / "catalog.sqlite"
    path.write_text("prices")
    next_run(settled=True)
    digest = lasting_digest_of(path)
    next_run(settled=True)
    with monkeypatch.context() as patch:
        patch.setattr(remembering, "_hashed", None)
        assert lasting_digest_of(path) == digest == hashlib.sha256(b"prices").hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there tells that times were set back")
def test_a_catalog_of_another_state_is_hashed_again_also_with_its_old_times(tmp_path, next_run):
    path = tmp_path / "catalog.sqlite"
    path.write_text("prices")
    seen = path.stat()
    next_run(settled=True)
    before = lasting_digest_of(path)
    path.write_text("others")
    while path.stat().st_ctime_ns == seen.st_ctime_ns or path.stat().st_mtime_ns != seen.st_mtime_ns:
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    next_run(settled=True)
    assert lasting_digest_of(path) == hashlib.sha256(b"others").hexdigest() != before


def test_what_has_just_been_written_is_not_believed_by_the_next_run(tmp_path, next_run):
    path = tmp_path / "catalog.sqlite"
    path.write_text("prices")
    next_run(settled=False)
    lasting_digest_of(path)
    assert not (tmp_path / "cache").exists()


def test_a_catalog_that_is_gone_has_none(tmp_path):
    assert lasting_digest_of(tmp_path / "gone.sqlite") == ""
