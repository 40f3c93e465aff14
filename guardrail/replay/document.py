"""A replay as JSON for programs."""

from __future__ import annotations

import json
from typing import Any

from guardrail.replay.outcome import Change, Kind, Replay, Replayed
from guardrail.replay.shape import FORMAT


def as_json(found: Replay) -> str:
    """Return all of it: what has changed by rule and project, each run, and what could not be read."""
    document = {
        "schema": FORMAT,
        "against": found.against or None,
        "counts": {
            "runs": len(found.runs),
            "compared": sum(run.is_compared for run in found.runs),
            "unreadable": len(found.unreadable),
            "runs_newly_failing": sum(run.is_newly_blocked for run in found.runs),
            **{_key(kind): found.counts[kind] for kind in Kind},
        },
        "rules": [
            {"rule": rule, "kind": _key(kind), "findings": projects.total(), "projects": dict(sorted(projects.items()))}
            for kind in Kind
            for rule, projects in found.by_rule(kind)
        ],
        "runs": [_run(run) for run in found.runs],
        "not_replayed": dict(sorted(found.not_replayed.items())),
        "unreadable": [{"file": one.file, "why": one.why} for one in found.unreadable],
    }
    return json.dumps(document, indent=2) + "\n"


def _run(run: Replayed) -> dict[str, Any]:
    before, after = run.verdicts
    return {
        "name": run.name,
        "projects": run.projects,
        "now": run.now.isoformat(),
        "dated_by": run.dated_by,
        "verdict_before": before or None,
        "verdict": after,
        "changes": [_change(one) for one in run.changes],
        "differs": run.differs,
        "same_verdict": run.same_verdict,
        "not_replayed": run.not_replayed,
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "project": one.project,
        "rule": one.rule,
        "subject": one.subject,
        "kind": _key(one.kind) if one.kind else None,
        "before": one.before.value,
        "after": one.after.value,
        "message": one.message,
    }


def _key(kind: Kind) -> str:
    return kind.value.replace(" ", "_")
