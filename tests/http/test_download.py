"""Downloads: whole or not at all, not twice, and going on where they were cut."""

import gzip
import random
import sys

import pytest

from guardrail.errors import NetworkError
from guardrail.http import Session, download
from tests.http.scripted import Says, serving
from tests.http.waits import Waits

DATA = random.Random(1).randbytes(300_000)  # noqa: S311 - any bytes that do not compress


class Store:
    """A server with one file, as it could stand behind a content delivery network; `faults` come before each answer."""

    def __init__(self, data=DATA, *, faults=(), etag='"v1"', ranges=True, modified="Mon, 01 Jan 2026 00:00:00 GMT"):
        self.data, self.etag, self.ranges, self.modified = data, etag, ranges, modified
        self.faults = list(faults)

    def __call__(self, asked):
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Says):
            return fault
        headers = {"Last-Modified": self.modified} | ({"ETag": self.etag} if self.etag else {})
        if self.etag and asked.headers.get("if-none-match") == self.etag:
            return Says(304, b"", headers)
        if not self.etag and asked.headers.get("if-modified-since") == self.modified:
            return Says(304, b"", headers)
        same = asked.headers.get("if-range") in {self.etag, self.modified}
        if "range" in asked.headers and self.ranges and same:
            start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
            if start >= len(self.data):
                return Says(416, b"", headers)
            return Says(206, self.data[start:], headers, cut_at=fault)
        return Says(200, self.data, headers, cut_at=fault)


@pytest.fixture
def fetch(tmp_path):
    """Fetch from a store into the same file: returns what came of it, what was asked and how long was waited."""

    def call(store, waits=None, **options):
        waits = waits or Waits()
        with serving(store) as server:
            # The address decides whose version a file is, and each server has a port of its own.
            ours = Session("http://prices.example", deadline=waits.deadline())
            ours._requests.proxies = {"http": server.url}
            result = download(ours, "http://prices.example/offer.csv", tmp_path / "offer.csv", **options)
        return result, server.asked, waits.slept

    return call


def hidden(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("."))


def test_a_file_comes_whole(fetch, tmp_path):
    told = []
    result, _, _ = fetch(Store(), progress=lambda *numbers: told.append(numbers))
    assert result.changed
    assert result.path.read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert hidden(tmp_path) == [".offer.csv.version"]


@pytest.mark.parametrize("etag", ['"v1"', ""])
def test_what_is_still_good_is_not_fetched_again(fetch, etag):
    fetch(Store(etag=etag))
    result, asked, _ = fetch(Store(etag=etag))
    assert not result.changed
    assert result.path.read_bytes() == DATA
    assert len(asked) == 1


def test_a_new_version_replaces_the_old(fetch):
    fetch(Store())
    result, _, _ = fetch(Store(b"new", etag='"v2"'))
    assert result.changed
    assert result.path.read_bytes() == b"new"


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"edited"), lambda path: path.unlink()])
def test_a_file_that_is_not_what_came_is_fetched_again(fetch, tmp_path, change):
    fetch(Store())
    change(tmp_path / "offer.csv")
    result, _, _ = fetch(Store())
    assert result.changed
    assert result.path.read_bytes() == DATA


@pytest.mark.parametrize("cut", [0, 1, 65_536, len(DATA) - 1])
def test_a_cut_download_goes_on(fetch, cut):
    result, asked, slept = fetch(Store(faults=[cut]))
    assert result.path.read_bytes() == DATA
    assert [one.headers.get("range") for one in asked] == [None, f"bytes={cut}-" if cut else None]
    assert slept


def test_a_download_may_be_cut_often_while_it_gets_on(fetch):
    result, asked, _ = fetch(Store(faults=[50_000] * 5))
    assert result.path.read_bytes() == DATA
    assert len(asked) == 6


def test_a_download_that_gets_nowhere_is_given_up_and_the_old_file_stays(fetch, tmp_path):
    fetch(Store(b"old", etag='"v0"'))
    with pytest.raises(NetworkError, match="the connection failed or was cut"):
        fetch(Store(faults=[100, 0, 0, 0, 0, 0, 0]))
    assert (tmp_path / "offer.csv").read_bytes() == b"old"


def test_the_next_run_goes_on_where_the_last_one_ended(fetch, tmp_path):
    with pytest.raises(NetworkError):
        fetch(Store(faults=[100_000, 0, 0, 0, 0, 0]))
    assert not (tmp_path / "offer.csv").exists()
    result, asked, _ = fetch(Store())
    assert asked[0].headers["range"] == "bytes=100000-"
    assert result.path.read_bytes() == DATA


@pytest.mark.parametrize("etag, ranges", [('"v2"', True), ('"v1"', False), ('W/"v1"', True), ("", True)])
def test_a_part_of_another_version_is_not_mixed_in(fetch, etag, ranges):
    with pytest.raises(NetworkError):
        fetch(Store(b"x" * 200_000, faults=[100_000, 0, 0, 0, 0, 0], etag='"v1"'))
    modified = "Tue, 02 Jan 2026 00:00:00 GMT"
    result, _, _ = fetch(Store(etag=etag, ranges=ranges, modified=modified))
    assert result.path.read_bytes() == DATA


def test_a_part_that_is_longer_than_the_file_begins_anew(fetch, tmp_path):
    with pytest.raises(NetworkError):
        fetch(Store(faults=[100_000, 0, 0, 0, 0, 0]))
    (tmp_path / ".offer.csv.part").write_bytes(DATA + b"more")
    result, _, _ = fetch(Store())
    assert result.path.read_bytes() == DATA


def packed(data, **headers):
    return Says(200, gzip.compress(data, mtime=0), {"Content-Encoding": "gzip", "ETag": '"z"', **headers})


def test_what_is_compressed_for_the_way_is_stored_plain(fetch, tmp_path):
    result, asked, _ = fetch(Store(faults=[packed(DATA)]))
    assert result.path.read_bytes() == DATA
    assert asked[0].headers["accept-encoding"] == "gzip"
    assert hidden(tmp_path) == [".offer.csv.version"]


@pytest.mark.parametrize(
    "answer",
    [
        Says(200, b"no gzip", {"Content-Encoding": "gzip"}),
        Says(200, gzip.compress(DATA)[:-20], {"Content-Encoding": "gzip"}),
        Says(200, b"x", {"Content-Encoding": "br"}),
    ],
)
def test_what_does_not_unpack_leaves_the_old_file(fetch, tmp_path, answer):
    fetch(Store(b"old", etag='"v0"'))
    with pytest.raises(NetworkError, match=r"damaged|not asked for"):
        fetch(Store(faults=[answer]))
    assert (tmp_path / "offer.csv").read_bytes() == b"old"
    assert hidden(tmp_path) == [".offer.csv.version"]


def test_a_wrong_length_is_a_cut(fetch, tmp_path):
    answer = Says(200, b"short", {"Content-Length": "50"}, cut_at=5)
    with pytest.raises(NetworkError):
        fetch(Store(faults=[answer] * 9))
    assert not (tmp_path / "offer.csv").exists()


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_a_refusal_leaves_the_old_file(fetch, tmp_path, status):
    fetch(Store(b"old", etag='"v0"'))
    with pytest.raises(NetworkError, match=f"http://prices.example/offer.csv: answered {status}"):
        fetch(Store(faults=[Says(status)] * 5))
    assert (tmp_path / "offer.csv").read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file(fetch, tmp_path):
    fetch(Store(b"old", etag='"v0"'))

    def full(_received, _total):
        raise OSError(28, "No space left on device")

    with pytest.raises(NetworkError, match=r"offer.csv: cannot be written: No space left"):
        fetch(Store(), progress=full)
    assert (tmp_path / "offer.csv").read_bytes() == b"old"
    assert hidden(tmp_path) == [".offer.csv.version"]


def test_a_download_that_trickles_ends_at_its_deadline_and_what_came_is_kept(fetch, tmp_path):
    fetch(Store(b"old", etag='"v0"'))
    waits = Waits()
    answer = Says(200, DATA[:1000], {"Content-Length": "900000", "ETag": '"v1"'}, trickle=lambda: waits.slept.append(1))
    # Which bound is met, of one answer or of the whole, is for how the bytes come in to say.
    with pytest.raises(NetworkError, match=r"no complete response within (120|1,800) s"):
        fetch(lambda _asked: answer, waits)
    assert 120 <= sum(waits.slept) < 200_000
    assert (tmp_path / "offer.csv").read_bytes() == b"old"


@pytest.mark.parametrize(
    "bomb",
    [gzip.compress(bytes(40_000_000)), gzip.compress(bytes(9_000_000)) * 5],
    ids=["one", "many in one file"],
)
def test_what_unpacks_without_end_is_refused(fetch, tmp_path, bomb):
    fetch(Store(b"old", etag='"v0"'))
    with pytest.raises(NetworkError, match="unpacks to over 200 times its size"):
        fetch(Store(faults=[Says(200, bomb, {"Content-Encoding": "gzip"})]))
    assert (tmp_path / "offer.csv").read_bytes() == b"old"
    assert hidden(tmp_path) == [".offer.csv.version"]


def test_prices_that_compress_well_are_taken(fetch):
    random.seed(1)
    rows = b"".join(random.randbytes(8).hex().encode() + b",eu-west-1,Linux," * 30 + b"\n" for _ in range(30_000))  # noqa: S311 - as numbers of offers
    result, _, _ = fetch(Store(faults=[packed(rows)]))
    assert result.path.read_bytes() == rows


def test_two_gzip_files_in_one_are_both_taken(fetch):
    both = Says(200, gzip.compress(b"one") + gzip.compress(b"two"), {"Content-Encoding": "gzip"})
    result, _, _ = fetch(Store(faults=[both]))
    assert result.path.read_bytes() == b"onetwo"


@pytest.mark.parametrize("answer", [Says(200, b"x" * 200), packed(b"x" * 200)])
def test_what_is_larger_than_any_price_list_is_refused(fetch, tmp_path, monkeypatch, answer):
    monkeypatch.setattr(sys.modules[download.__module__], "_MAX_BYTES", 100)
    with pytest.raises(NetworkError, match="larger than 100 bytes"):
        fetch(Store(faults=[answer]))
    assert [*tmp_path.iterdir()] == []
