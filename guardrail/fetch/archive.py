"""A pack in an archive at an address: downloaded, held against its SHA-256, and read without unpacking anything."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

from guardrail.errors import InputError
from guardrail.fetch.content import MAX_ENTRIES, Content, Entry, chosen, is_odd, read
from guardrail.http import Session
from guardrail.policy.rules.packs.lock import MAX_BYTES
from guardrail.policy.rules.packs.selection import PackSource

_MAX_UNPACKED = 200_000_000  # bytes: what a small .gz may grow to
_GZIP = 31  # zlib's way to ask for gzip's header and checksum


def from_archive(source: PackSource, session: Session) -> Content:
    """Download a pack. Raises NetworkError, and InputError for what is not as it should be."""
    url = source.url or ""
    data = session.send("GET", url).body
    digest = hashlib.sha256(data).hexdigest()
    if digest != source.sha256:
        what = f"its sha256 is {digest}, not the one that guardrail.yaml names"
        raise InputError(what, where=url, fix="find out why before you change it")
    return Content(read_archive(data, source.subfolder, url))


def read_archive(data: bytes, subfolder: str, where: str) -> dict[str, bytes]:
    """Return the rule files in a .zip, .tar or .tar.gz. Raises InputError for anything that is not plain in it."""
    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                zipped = [Entry(one.filename, one.file_size, _is_regular(one)) for one in archive.infolist()]
                return _taken(zipped, partial(_unzipped, archive), subfolder, where)
        # tarfile would unpack gzip itself, without any bound.
        plain = _unpacked(data, where) if data[:2] == b"\x1f\x8b" else data
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
            members = _members(tar)
            packed = [Entry(name, one.size, one.isreg()) for name, one in members]
            by_name = dict(members)
            return _taken(packed, lambda name: _file(tar, by_name[name]), subfolder, where)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise InputError("is damaged, or no .zip, .tar or .tar.gz", where=where) from None


def _taken(entries: list[Entry], take: Callable[[str], bytes], subfolder: str, where: str) -> dict[str, bytes]:
    """Read the rule files of an archive. Raises InputError for one with an odd name in it anywhere: it may be an attack."""
    inside = [one for one in entries if one.name.rstrip("/")]
    for entry in inside[: MAX_ENTRIES + 1]:
        if is_odd(entry.name.rstrip("/").removeprefix("./")):
            shown = entry.name[:100].encode("unicode_escape").decode()
            raise InputError(f"{shown} in it is no name that a file of a pack can have", where=where)
    names = [one.name for one in inside]
    if len(set(names)) < len(names):
        raise InputError("holds a file twice", where=where)
    listed = [one for one in inside if not one.name.endswith("/")]
    return read(chosen(listed, subfolder, where, is_archive=True), take, where)


def _members(tar: tarfile.TarFile) -> list[tuple[str, tarfile.TarInfo]]:
    found: list[tuple[str, tarfile.TarInfo]] = []
    for member in tar:
        name = member.name.removeprefix("./")
        if not (member.isdir() and name in {"", "."}):
            found.append((f"{name}/" if member.isdir() else name, member))
        if len(found) > MAX_ENTRIES:
            break  # what follows need not be read: so many are refused
    return found


def _is_regular(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a regular file."""
    mode = entry.external_attr >> 16  # Unix' mode, where Unix made the archive; else 0
    return not entry.is_dir() and mode & 0o170000 in {0, 0o100000}


def _unzipped(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(MAX_BYTES + 1)  # a byte more than is allowed tells that it is too large, whatever it said


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read(MAX_BYTES + 1) if file else b""


def _unpacked(data: bytes, where: str) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    plain = unpacker.decompress(data, _MAX_UNPACKED)
    if unpacker.unconsumed_tail:
        raise InputError(f"unpacks to more than {_MAX_UNPACKED // 10**6} MB", where=where, fix="pack the rules alone")
    if not unpacker.eof:
        raise EOFError
    return plain
