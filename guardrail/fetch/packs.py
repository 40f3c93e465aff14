"""`guardrail rules fetch`: brings the packs that guardrail.yaml names beside it, and notes in guardrail.lock what came."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from guardrail import data, git
from guardrail.config import Settings
from guardrail.errors import ConfigError, GuardrailError, InputError, did_you_mean
from guardrail.fetch.archive import from_archive
from guardrail.fetch.content import Content, Entry, chosen, read
from guardrail.fetch.distribution import from_distribution
from guardrail.fetch.repository import from_repository
from guardrail.http import Session
from guardrail.policy.rules.packs.lock import (
    FETCHED,
    LOCK_NAME,
    LockedPack,
    LockFile,
    is_within,
    read_lock,
    refuse_links,
    rule_files,
    verified,
)
from guardrail.policy.rules.packs.packs import packs, read_rule_pack
from guardrail.policy.rules.packs.selection import PackSource, SourceKind


def fetch_packs(
    settings: Settings, names: Iterable[str], *, update: bool, today: date, session: Session | None = None
) -> Iterator[str]:
    """Fetch packs, all that guardrail.yaml names or some, and give a line of each.

    What guardrail.lock pins is fetched as it is pinned; with `update`, what the source has now. Nothing is written before
    all have come and can be read. Raises NetworkError, InputError and ConfigError.
    """
    base, sources, lock = settings.base, settings.rules.sources, read_lock(settings.base)
    _refuse_unknown(settings, names)
    entries = {name: entry for name, entry in lock.packs.items() if name in _to_be_fetched(settings)}
    contents: dict[str, Content] = {}
    lines: list[str] = []
    for name in _to_be_fetched(settings):
        pinned = lock.packs.get(name)
        if names and name not in names:
            continue
        if not update and pinned and not _fault(settings, name):
            lines.append(f"{name}: as {LOCK_NAME} has it")
            continue
        kept = pinned if pinned and pinned.source == sources[name] and not update else None
        content = _content(sources[name], kept, settings, session or Session())
        if kept and content.digests != kept.files:
            what = f"pack {name}: the fetched files do not match {LOCK_NAME}"
            fix = "find out why; to accept the change, run `guardrail rules fetch --update`"
            raise InputError(what, where=str(sources[name]), fix=fix)
        _refuse_unreadable(name, content)
        contents[name], entries[name] = content, _entry(sources[name], content, pinned, today)
        lines.append(_line(name, entries[name], pinned))
    for name, content in contents.items():
        _install(base / FETCHED / name, content.files, base)
    for name in sorted(lock.packs.keys() - entries.keys()):
        shutil.rmtree(base / FETCHED / name, ignore_errors=True)
        lines.append(f"{name}: removed, guardrail.yaml does not name it")
    _write(base, LockFile(version=1, packs=entries))
    yield from lines
    for name in settings.rules.sources.keys() - _to_be_fetched(settings):
        yield f"{name}: read where it lies, in {settings.rules.sources[name]}"
    yield from _ignored(base, contents)


def check_packs(settings: Settings) -> list[GuardrailError]:
    """Return what keeps the fetched packs from being those of guardrail.yaml and guardrail.lock. Uses no network."""
    lock, needed = read_lock(settings.base), _to_be_fetched(settings)
    faults = [fault for name in needed if (fault := _fault(settings, name))]
    folder = settings.base / FETCHED
    there = {path.name for path in folder.iterdir()} if folder.is_dir() and not folder.is_symlink() else set()
    for name in sorted((lock.packs.keys() | there) - set(needed)):
        where = str(settings.base / LOCK_NAME if name in lock.packs else folder / name)
        what = f"pack {name} is fetched, but guardrail.yaml does not name it"
        faults.append(
            ConfigError(what, where=where, fix="`guardrail rules fetch` removes what the lock has; or delete it")
        )
    return faults


def _refuse_unknown(settings: Settings, names: Iterable[str]) -> None:
    for name, source in settings.rules.sources.items():
        where = settings.where_in_rules(("sources", name))
        if name in packs(data.rules_dir()):
            raise ConfigError(f"rules.sources: {name} is a shipped pack", where=where, fix="choose another name")
        if source.folder is not None and not (settings.base / source.folder).is_dir():
            raise ConfigError(f"rules.sources.{name}: no such folder: {source.folder}", where=where)
    for name in names:
        if name not in settings.rules.sources:
            fix = did_you_mean(name, settings.rules.sources) or "those of rules.sources can be fetched"
            raise ConfigError(f"rules.sources has no pack {name}", where=str(settings.config_file or ""), fix=fix)


def _to_be_fetched(settings: Settings) -> list[str]:
    """Return the packs that have to be fetched: all but those of folders in the repository, which git keeps already."""
    top = settings.top
    return [
        name
        for name, source in settings.rules.sources.items()
        if source.folder is None or not is_within(settings.base / source.folder, top)
    ]


def _ignored(base: Path, contents: Iterable[str]) -> Iterator[str]:
    """Yield a line where git would not commit what was fetched: then no other checkout could use it."""
    if git.top_of(base) is None:
        return
    for path in (base / LOCK_NAME, *(base / FETCHED / name for name in contents)):
        if not git.comes_with(path, proposed=True):
            yield f"{path}: git ignores it, and it has to be committed (see .gitignore)"


def _fault(settings: Settings, name: str) -> GuardrailError | None:
    try:
        verified(name, settings.rules.sources[name], settings.base, settings.where_in_rules(("sources", name)))
    except GuardrailError as error:
        return error
    return None


def _content(source: PackSource, pinned: LockedPack | None, settings: Settings, session: Session) -> Content:
    match source.kind:
        case SourceKind.GIT:
            return from_repository(source, pinned.commit if pinned else "")
        case SourceKind.URL:
            return from_archive(source, session)
        case SourceKind.PYTHON:
            return from_distribution(source)
        case SourceKind.FOLDER:  # outside of the repository
            folder = settings.base / (source.folder or "")
            top = folder / source.subfolder
            paths = {path.relative_to(top).as_posix(): path for path in rule_files(top)}
            # A link in it is refused as one in an archive is.
            entries = [Entry(name, path.lstat().st_size, is_within(path, folder)) for name, path in paths.items()]
            names = chosen(entries, "", str(top))
            return Content(read(names, lambda name: paths[name].read_bytes(), str(top)))


def _refuse_unreadable(name: str, content: Content) -> None:
    """Refuse a pack whose rules cannot be read, for example since they are of a later version of guardrail."""
    with tempfile.TemporaryDirectory(prefix="guardrail-rules-") as scratch:
        folder = Path(scratch).resolve() / name
        paths = list(_written(folder, content.files))
        try:
            _, faults = read_rule_pack(name, folder, paths, data.rules_dir(), where=name)
        except GuardrailError as error:
            faults = [error]
    for fault in faults:
        where = fault.where.replace(f"{folder}{os.sep}", f"pack {name}, ")  # the scratch folder means nothing to people
        raise type(fault)(fault.what, where=where, fix=fault.fix) from None


def _entry(source: PackSource, content: Content, before: LockedPack | None, today: date) -> LockedPack:
    """Return what the lock notes; what has not changed keeps its day, so that the lock does not change either."""
    new = LockedPack(
        source=source,
        commit=content.commit,
        version=content.version,
        fetched=today.isoformat(),
        files=content.digests,
    )
    return before if before and before == replace(new, fetched=before.fetched) else new


def _line(name: str, entry: LockedPack, before: LockedPack | None) -> str:
    """Return a line about what came, and how it differs from what was there."""
    which = entry.commit[:12] or entry.version or ""
    old = before.files if before else {}
    new = sum(path not in old for path in entry.files)
    changed = sum(old.get(path, digest) != digest for path, digest in entry.files.items())
    gone = sum(path not in entry.files for path in old)
    counts = ((new, "new"), (changed, "changed"), (gone, "removed"))
    told = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing changed"
    return f"{name}: {entry.source}" + (f" is {which}" if which else "") + f": {len(entry.files)} files, {told}"


def _install(folder: Path, files: Mapping[str, bytes], base: Path) -> None:
    """Put a pack into its place: all of it, or what was there stays. Raises ConfigError."""
    refuse_links(base, folder)
    new, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    try:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
        list(_written(new, files))
        if folder.exists():  # two renames: a folder that is not empty cannot be replaced by one
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(folder)) from None


def _written(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yield path


def _write(base: Path, lock: LockFile) -> None:
    path = base / LOCK_NAME
    if not lock.packs and not path.exists():
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{LOCK_NAME}.", dir=base)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(lock.text())
            Path(name).chmod(0o644)  # mkstemp makes it for its owner alone, and it is to be committed
            Path(name).replace(path)
        finally:
            with contextlib.suppress(OSError):
                Path(name).unlink()
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path)) from None
