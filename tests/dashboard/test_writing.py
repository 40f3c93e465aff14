"""The folder of pages: whole or as it was, and nobody else's."""

import errno
import json
from pathlib import Path

import pytest

from guardrail.dashboard.writing import MARKER, write_site
from guardrail.errors import ConfigError


def content(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_new_folder_holds_the_files_and_says_which_they_are(tmp_path):
    assert write_site(tmp_path / "a" / "site", [("index.html", "x"), ("teams.csv", "y")]) == 1
    found = content(tmp_path / "a" / "site")
    assert json.loads(found.pop(MARKER)) == {"schema": "guardrail.dashboard/v1", "files": ["index.html", "teams.csv"]}
    assert found == {"index.html": "x", "teams.csv": "y"}
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["site"]


def test_pages_of_what_is_gone_are_gone(tmp_path):
    write_site(tmp_path / "site", [("index.html", "1"), ("team-a.html", "1")])
    write_site(tmp_path / "site", [("index.html", "2")])
    assert set(content(tmp_path / "site")) == {"index.html", MARKER}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError("x")]
)
def test_what_fails_on_the_way_leaves_the_former_pages_whole(tmp_path, error):
    write_site(tmp_path / "site", [("index.html", "1"), ("team-a.html", "1")])
    before = content(tmp_path / "site")

    def files():
        yield "index.html", "2"
        raise error

    with pytest.raises((ConfigError, KeyboardInterrupt, ValueError)):
        write_site(tmp_path / "site", files())
    assert content(tmp_path / "site") == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_cannot_take_its_place_leaves_the_former_one(tmp_path, monkeypatch):
    write_site(tmp_path / "site", [("index.html", "1")])
    renamed = Path.rename

    def rename(path, target):
        if path.name.startswith(".site.") and Path(target).name == "site" and "former" not in path.name:
            raise OSError(errno.EACCES, "Permission denied")
        return renamed(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(ConfigError, match="Permission denied"):
        write_site(tmp_path / "site", [("index.html", "2")])
    assert content(tmp_path / "site")["index.html"] == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_what_was_cut_off_between_the_two_renames_is_put_back(tmp_path):
    write_site(tmp_path / "site", [("index.html", "1")])
    (tmp_path / "site").rename(tmp_path / ".site.former")
    with pytest.raises(ValueError, match="x"):
        write_site(tmp_path / "site", _failing())
    assert content(tmp_path / "site")["index.html"] == "1"


def _failing():
    yield "index.html", "2"
    raise ValueError("x")


@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": "mine"},
        {"index.html": "mine", "guardrail-dashboard.json": "no json"},
        {"index.html": "mine", "guardrail-dashboard.json": '{"schema": "other", "files": ["index.html"]}'},
        {"CNAME": "x", "guardrail-dashboard.json": '{"schema": "guardrail.dashboard/v1", "files": []}'},
    ],
)
def test_a_folder_with_files_of_others_is_refused_and_kept(tmp_path, files):
    (tmp_path / "site").mkdir()
    for name, text in files.items():
        (tmp_path / "site" / name).write_text(text)
    with pytest.raises(ConfigError, match="is not of these pages and would be lost"):
        write_site(tmp_path / "site", [("index.html", "2")])
    assert content(tmp_path / "site") == files


def test_an_empty_folder_is_taken_and_a_file_is_not(tmp_path):
    (tmp_path / "site").mkdir(mode=0o750)
    write_site(tmp_path / "site", [("index.html", "1")])
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o750
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="is no folder"):
        write_site(tmp_path / "file", [("index.html", "1")])


def test_a_link_to_a_folder_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "site").symlink_to(tmp_path / "real")
    write_site(tmp_path / "site", [("index.html", "1")])
    assert (tmp_path / "site").is_symlink()
    assert content(tmp_path / "real")["index.html"] == "1"


def test_the_folder_that_one_is_in_is_refused(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for folder in (Path(), Path(".."), tmp_path / "in"):
        with pytest.raises(ConfigError, match="is the folder that you are in, or above it"):
            write_site(folder, [("index.html", "1")])


def test_a_folder_of_others_that_is_called_like_ours_beside_is_not_removed(tmp_path):
    write_site(tmp_path / "site", [("index.html", "1")])
    (tmp_path / ".site.former").mkdir()
    (tmp_path / ".site.former" / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"holds mine\.txt"):
        write_site(tmp_path / "site", [("index.html", "2")])
    assert content(tmp_path / ".site.former") == {"mine.txt": "x"}
    assert content(tmp_path / "site")["index.html"] == "1"


def test_two_pages_of_one_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="File exists"):
        write_site(tmp_path / "site", [("a.html", "1"), ("a.html", "2")])
