"""What a price depends on where a resource refers to no other of its plan: nearly all of a plan are told apart by that."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from guardrail.costs.definitions.library import ReadByChildren
from guardrail.costs.definitions.tariff import Tariff
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json


def price_key(
    tariff: Tariff, handed: ReadByChildren, change: Change, side: Side, region: Json, given: Mapping[str, Any]
) -> bytes:
    """Return what is equal only for sides of equal price, of resources whose references lead to nothing in the plan.

    It is made of raw values and of the marks on them, as to lay the one over the other is what takes time. `given` is their usage,
    `handed` what children read of them.
    """
    told_by = None
    if tariff.told_by is not None and handed.attributes is not None:
        told_by = (*tariff.told_by, *handed.attributes)
    names = sorted(side.names()) if told_by is None else told_by
    unknown, sensitive = side.unknown, side.sensitive
    marks = [unknown.get(name) for name in names] if unknown else ()
    seen = (
        names if told_by is None else (),
        list(map(side.values.get, names)),
        marks,
        # What the configuration sets counts for what is not known alone.
        None if side.written is None else sorted(side.written) if any(marks) else (),
        [sensitive.get(name) for name in names] if isinstance(sensitive, Mapping) and sensitive else sensitive,
        region,
        given,
        [getattr(change, root) for root in (*tariff.named_by, *handed.named_by)],
    )
    # A hash, since what it is made of is long and many.
    return blake2b(repr(seen).encode("utf-8", "surrogatepass"), digest_size=16).digest()
