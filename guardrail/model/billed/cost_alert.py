"""What people are told of costs outside of a review, once: an anomaly of a bill, or a budget that is nearly spent."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct


class CostAlert(Struct, frozen=True):
    """Something that somebody is to know of.

    fingerprint  what stays the same as long as it is the same matter: `model.finding.fingerprint` of names and dates
    kind         channels may be for some kinds alone
    owner        the team that it concerns, "" for nobody's
    title        one line that says it all
    amount       what it is about, in `currency`; None where that is not known
    size         how large it is, without a sign: it is told again once it has grown by half. None: it is told once
    facts        names and values below the title, in order
    project, address  what it is of, "" where it is of none
    All texts are plain, and may hold anything: whoever shows them makes them safe.
    """

    fingerprint: str
    kind: Literal["anomaly", "budget"]
    owner: str
    title: str
    amount: Decimal | None
    currency: str
    size: Decimal | None = None
    facts: tuple[tuple[str, str], ...] = ()
    project: str = ""
    address: str = ""
