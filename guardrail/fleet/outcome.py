"""What became of one workspace, as the file that keeps it: whole, or not there."""

from __future__ import annotations

import zlib
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Struct

from guardrail.decode import decode_msgpack
from guardrail.model.finding import Finding
from guardrail.model.money import plain
from guardrail.model.totals import Totals
from guardrail.policy.spend import Spend
from guardrail.replay.outcome import standing_of

SCHEMA = "guardrail.fleet/v1"
VerdictName = Literal["pass", "warn", "fail", "not-evaluated"]
NOT_EVALUATED: Literal["not-evaluated"] = "not-evaluated"

_HEAD = f"{SCHEMA} ".encode()
_DIGEST = 64  # hexadecimal digits of SHA-256


class Found(Struct, frozen=True, array_like=True):
    """What one rule says of one thing. `standing` is the value of a `Standing`, `saving` a decimal or None."""

    project: str
    rule: str
    subject: str
    standing: str
    severity: str
    message: str
    saving: str | None = None

    @staticmethod
    def of(finding: Finding) -> Found:
        """Return what is kept of a finding."""
        return Found(
            finding.project,
            finding.rule,
            finding.subject,
            standing_of(finding).value,
            finding.severity.value,
            finding.message,
            plain(finding.saving),
        )


class Outcome(Struct, frozen=True):
    """What became of a workspace.

    at       as of when it was judged
    input    hash of its files, of what `looked` leads to, its environment and its usage; "" where they could not be read
    policy   hash of all that it was judged by: rules, prices, guardrail.yaml, waivers, version
    version  what the object store said of its contents
    looked   files and folders beside its own that reading it has looked at, there or not
    run      the run that has judged it
    day      the only day that the verdict holds for, since something in it ends or begins; "" for any
    verdict  pass, warn, fail or not-evaluated
    why      what could not be evaluated
    totals   None where it could not be read
    budgets  what it adds to the budgets of guardrail.yaml, by name
    facts    files for a ledger, by path
    """

    name: str
    place: str
    env: str
    at: str
    input: str
    policy: str
    verdict: str
    version: str = ""
    looked: tuple[str, ...] = ()
    run: str = ""
    day: str = ""
    why: str = ""
    totals: Totals | None = None
    projects: tuple[str, ...] = ()
    resources: int = 0
    findings: tuple[Found, ...] = ()
    budgets: dict[str, Spend] = {}
    facts: dict[str, bytes] = {}

    @property
    def is_evaluated(self) -> bool:
        """Whether all of it could be evaluated."""
        return self.verdict != NOT_EVALUATED


def encoded(outcome: Outcome) -> bytes:
    """Return an outcome as a file: the same bytes for the same outcome, and their hash before them."""
    body = zlib.compress(msgspec.msgpack.encode(outcome))
    return _HEAD + sha256(body).hexdigest().encode() + b"\n" + body


def decoded(data: bytes) -> Outcome:
    """Return the outcome that a file holds. Raises ValueError for one that is cut or changed, or of another schema."""
    begin = len(_HEAD) + _DIGEST + 1
    head, body = data[:begin], data[begin:]
    if not head.startswith(_HEAD):
        raise ValueError(f"is not of {SCHEMA}")
    if head != _HEAD + sha256(body).hexdigest().encode() + b"\n":
        raise ValueError("has been changed or cut")
    try:
        return decode_msgpack(zlib.decompress(body), Outcome)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"cannot be read: {error}") from None
