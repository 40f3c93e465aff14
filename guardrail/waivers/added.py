"""The waivers that a change brings along: whoever reviews it agrees to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from guardrail import git
from guardrail.config import Settings
from guardrail.errors import ConfigError
from guardrail.files.yaml_file import parse_yaml
from guardrail.model.finding import Waiver
from guardrail.policy import load_waivers, read_waivers
from guardrail.report.text import safe
from guardrail.terraform.configuration.code.files import INLINE_WAIVER, MAX_BYTES, is_configuration

_LISTED = 20
_LONGEST = 200  # characters of a comment


def added_waivers(settings: Settings, top: Path, base: str, edited: frozenset[str]) -> list[str]:
    """Return a sentence for each waiver that is not in the commit `base`, or says something else there.

    `top` is the working tree, `edited` the names of the files that differ, relative to it. A waivers file outside of the
    repository, or as it is in another commit (`--policy-ref`), brings none: what counts there is nobody's change.
    """
    found = [*_in_file(settings, top, base, edited), *_in_comments(settings, top, base, edited)]
    more = [f"this change adds {len(found) - _LISTED:,} more waivers"] if found[_LISTED:] else []
    return found[:_LISTED] + more


def _in_file(settings: Settings, top: Path, base: str, edited: frozenset[str]) -> Iterator[str]:
    if settings.waivers is None or settings.policy_folder is not None:
        return
    name = git.name_of(settings.waivers, top)
    if name not in edited:
        return
    before = {replace(waiver, where="") for waiver in waivers_at(top, base, name)}
    known = {(waiver.rule, waiver.address) for waiver in before}
    for waiver in read_waivers(settings.waivers):
        if replace(waiver, where="") not in before:
            yield _sentence(waiver, is_new=(waiver.rule, waiver.address) not in known)


def waivers_at(top: Path, base: str, name: str) -> tuple[Waiver, ...]:
    """Return the waivers of the base; none where it has no such file, or one that cannot be read."""
    try:
        return load_waivers(parse_yaml(git.text_of(top, base, name).decode("utf-8-sig"), ConfigError, name=name))
    except (ConfigError, UnicodeDecodeError):
        return ()


def _sentence(waiver: Waiver, *, is_new: bool) -> str:
    owner = f" by {safe(waiver.owner, 80)}" if waiver.owner else ""
    limit = "at any cost" if waiver.up_to is None else f"up to {waiver.up_to:,.2f} a month"
    what = f"{safe(waiver.rule, 80)} for {safe(waiver.address, 160)}{owner}"
    verb = "adds" if is_new else "changes"
    return f"this change {verb} a waiver: {what} until {waiver.expires}, {limit}: {safe(waiver.reason, 200)}"


def _in_comments(settings: Settings, top: Path, base: str, edited: frozenset[str]) -> Iterator[str]:
    if not settings.inline_waivers:
        return
    for name in sorted(edited):
        path = top / name
        # What is larger is not read as configuration either, and the report says so.
        if not is_configuration(path.name) or not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        now = _marked(path.read_bytes())
        # Most files that a change edits have no waiver, and need no look at what they were.
        before = Counter(text for _, text in _marked(git.text_of(top, base, name))) if now else Counter()
        for number, text in now:
            if before[text]:
                before[text] -= 1
            else:
                yield f"this change adds a waiver in a comment: {safe(name, 160)}:{number}: {safe(text, _LONGEST)}"


def _marked(content: bytes) -> list[tuple[int, str]]:
    """Return the comments that waive, each from its mark on, with their lines."""
    if INLINE_WAIVER.encode() not in content:
        return []
    lines = enumerate(content.decode("utf-8", "replace").splitlines(), 1)
    return [(number, line[line.index(INLINE_WAIVER) :].strip()) for number, line in lines if INLINE_WAIVER in line]
