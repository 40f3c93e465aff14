"""What a price depends on where a resource refers to no other of its plan: nearly all of a plan are told apart by that."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from guardrail.costs.definitions.library import ToldBy
from guardrail.model.exact import exact
from guardrail.model.resource import Change, Side
from guardrail.model.unknown import Json


def price_key(told: ToldBy, change: Change, side: Side, region: Json, given: Mapping[str, Any]) -> bytes:
    """Return what is equal only for sides of equal price, of resources whose references lead to nothing in the plan.

    It is made of raw values and of the marks on them, as to lay the one over the other is what takes time. `given` is their usage,
    `told` what their type is told apart by.
    """
    names = sorted(side.names()) if told.names is None else told.names
    unknown, sensitive = side.unknown, side.sensitive
    marks = [unknown.get(name) for name in names] if unknown else ()
    seen = (
        names if told.names is None else (),
        list(map(side.values.get, names)),
        marks,
        # What the configuration sets counts for what is not known alone.
        None if side.written is None else sorted(side.written) if any(marks) else (),
        [sensitive.get(name) for name in names] if isinstance(sensitive, Mapping) and sensitive else sensitive,
        region,
        given,
        [getattr(change, root) for root in told.named_by],
    )
    # A hash, since what it is made of is long and many.
    return blake2b(exact(seen), digest_size=16).digest()
