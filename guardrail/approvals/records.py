"""What our comment has told of the findings that need approval: kept in the comment itself, as the line that ends it.

A review says yes to what the reviewer has seen. The platform tells which commit that was, and this what it came to. It is believed of
comments that nobody else has written or edited (the platform's layer sees to that), and, where there is a key, only with its signature.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from guardrail.approvals.matching import key_of
from guardrail.decode import json_decoder
from guardrail.model.approval import Told, ToldAt
from guardrail.model.finding import Finding, FindingStatus
from guardrail.model.money import decimal, plain

_LINE = re.compile(r'<!-- guardrail-told data="([A-Za-z0-9_.=]{1,20000})" mac="([0-9a-f]{0,64})" -->')
_MOST_CHARACTERS = 12_000
_MOST_BYTES = 1_000_000  # unpacked
_MOST_RECORDS = 40


class _Record(msgspec.Struct, array_like=True):
    commit: str
    at: datetime
    findings: dict[str, tuple[str | None, str]]


_decode = json_decoder(list[_Record])


def as_told(findings: Iterable[Finding], commit: str, at: datetime) -> ToldAt:
    """Return what a comment tells of findings: those that wait for approval, and those that have it."""
    meant = [one for one in findings if one.needs_approval or one.status is FindingStatus.APPROVED]
    return ToldAt(
        commit,
        at,
        {key_of(one): Told(one.amount, one.approval.planned if one.approval else "") for one in meant},
    )


def with_told(told: Sequence[ToldAt], new: ToldAt) -> tuple[ToldAt, ...]:
    """Return what was told with something new. What is told again keeps its time: a review between the two was of it, too."""
    last = next((one for one in reversed(told) if one.commit == new.commit), None)
    return tuple(told) if last and last.findings == new.findings else (*told, new)


def written_told(told: Sequence[ToldAt], about: str, key: bytes = b"") -> str:
    """Return the line that keeps what was told, the oldest left out where that is too much; "" where there is nothing to keep.

    `about` names pull request and comment, so that what was told there tells nothing elsewhere.
    """
    kept = list(told)[-_MOST_RECORDS:]
    if not any(one.findings for one in kept):
        return ""
    while True:
        packed = _packed(kept)
        if len(packed) <= _MOST_CHARACTERS:
            return f'<!-- guardrail-told data="{packed}" mac="{_mac(packed, about, key)}" -->'
        if len(kept) > 1:
            kept = kept[1:]
        else:
            some = list(kept[0].findings.items())[: len(kept[0].findings) // 2]
            kept = [replace(kept[0], findings=dict(some))]


def read_told(body: str, about: str, key: bytes = b"") -> tuple[ToldAt, ...]:
    """Return what a comment has told, the oldest first; nothing where its last line does not tell it, or is not signed."""
    match = _LINE.fullmatch(body.rstrip().rpartition("\n")[2].strip())
    if match is None or not hmac.compare_digest(_mac(match[1], about, key), match[2]):
        return ()
    try:
        unpacked = zlib.decompressobj().decompress(base64.urlsafe_b64decode(match[1].replace(".", "-")), _MOST_BYTES)
        records = _decode(unpacked)
        return tuple(
            ToldAt(
                one.commit,
                one.at,
                {
                    name: Told(None if amount is None else decimal(amount), plan)
                    for name, (amount, plan) in one.findings.items()
                },
            )
            for one in records
            if one.at.tzinfo
        )
    except (binascii.Error, zlib.error, msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return ()


def _packed(told: Sequence[ToldAt]) -> str:
    records = [
        _Record(one.commit, one.at, {key: (plain(said.amount), said.planned) for key, said in one.findings.items()})
        for one in told
    ]
    # "--" may not stand in a comment of HTML.
    return base64.urlsafe_b64encode(zlib.compress(msgspec.json.encode(records), 9)).decode().replace("-", ".")


def _mac(packed: str, about: str, key: bytes) -> str:
    return hmac.new(key, f"{about}\n{packed}".encode(), "sha256").hexdigest() if key else ""
