"""The table of workspaces beside those of facts: what has no facts, since it was not read or not judged, is a row there too."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from guardrail.fleet.collect import Fleet
from guardrail.model.money import plain

_TEXTS = (
    "workspace",
    "place",
    "environment",
    "verdict",
    "why",
    "currency",
    "before_bound",
    "after_bound",
    "delta_bound",
)
WORKSPACES = {
    **dict.fromkeys(_TEXTS, "VARCHAR"),
    **dict.fromkeys(("before", "after", "delta"), "DECIMAL(38,18)"),
    **dict.fromkeys(("part", "resources", "blocking", "unpriced"), "BIGINT"),
}
"""Columns and their types. Amounts and bounds are called as in the table of runs; what is not known is null."""


def rows(found: Fleet) -> Iterator[bytes]:
    """Give a row for each workspace, missing ones included, as JSON in one line."""
    for row in found.rows:
        told = {
            "workspace": row.name,
            "place": row.place,
            "environment": row.env,
            "verdict": row.verdict,
            "why": row.why or None,
            "resources": row.resources,
            "blocking": row.blocking,
        }
        if totals := row.totals:
            told |= {
                "currency": found.currency,
                "before": plain(totals.monthly_before),
                "before_bound": totals.before_bound.value,
                "after": plain(totals.monthly_cost),
                "after_bound": totals.cost_bound.value,
                "delta": plain(totals.monthly_delta),
                "delta_bound": totals.delta_bound.value,
                "unpriced": totals.unpriced,
            }
        yield msgspec.json.encode(told)
    for lost in found.missing:
        yield msgspec.json.encode({"workspace": lost.name, "verdict": "missing", "why": lost.why, "part": lost.shard})
