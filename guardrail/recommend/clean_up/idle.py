"""What runs and is not used, as far as metrics tell: no connection, no request, or next to no CPU."""

from __future__ import annotations

from guardrail.model.resource import Change, Side
from guardrail.recommend.clean_up.custodian import policy
from guardrail.recommend.metrics import Window
from guardrail.recommend.proposal import Confidence, Effort, Evidence, Proposal
from guardrail.recommend.scene import Scene

_TRAFFIC = ("connections", "requests")
# A standby is there for what has not happened; a member of a group is no resource that goes by itself.
_STANDBY = ("replicate_source_db", "replication_source_identifier", "source_database_id", "master_instance_name")


def idle(scene: Scene, change: Change, side: Side) -> Proposal | None:
    """Return that a resource is idle; None where it is not, and where there are no metrics of enough days."""
    if any(side.get(name) for name in _STANDBY):
        return None
    days = scene.config.clean_up.idle_days
    found = [scene.window(change, name) for name in _TRAFFIC]
    traffic = [window for window in found if window]
    if traffic:
        if any(window.max > 0 or window.days < days for window in traffic):
            return None
        what = " and ".join(window.metric for window in traffic)
        return _proposal(change, side, f"idle: no {what} in {min(one.days for one in traffic)} days", traffic)
    cpu = scene.window(change, "cpu")
    limit = scene.config.clean_up.idle_cpu
    if cpu is None or cpu.days < days or cpu.unit != "percent" or cpu.max > limit:
        return None
    return _proposal(change, side, f"idle: at most {cpu.max:.1f}% CPU in {cpu.days} days", [cpu], is_sure=False)


def _proposal(change: Change, side: Side, title: str, windows: list[Window], *, is_sure: bool = True) -> Proposal:
    notes = [
        "what happens once a quarter or a year the metrics may not reach: ask its owner, and keep a copy of its data"
    ]
    if not is_sure:
        notes.append("low CPU alone does not tell that nobody uses it")
    return Proposal(
        kind="clean-up",
        id="idle",
        address=change.address,
        title=f"remove: {title}",
        deletes=True,
        counted=is_sure,
        confidence=Confidence.MEDIUM if is_sure else Confidence.LOW,
        effort=Effort.HIGH,
        evidence=tuple(
            Evidence(one.metric, f"max {one.max:g}, mean {one.mean:.3g}", one.sources, f"{one.span}, {one.days} days")
            for one in windows
        ),
        notes=tuple(notes),
        code=policy(change, side),
    )
