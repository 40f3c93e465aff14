"""The kind `rightsizing`: all that proposes another size of the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from guardrail.recommend.proposal import NotJudged, Proposal
from guardrail.recommend.rightsizing.functions import functions
from guardrail.recommend.rightsizing.machines import machines
from guardrail.recommend.rightsizing.tasks import tasks
from guardrail.recommend.rightsizing.volumes import volumes
from guardrail.recommend.scene import Scene


def rightsizing(scene: Scene) -> Iterator[Proposal | NotJudged]:
    """Give other machine types, volume types and sizes that cost less and have what is needed."""
    yield from machines(scene)
    yield from volumes(scene)
    yield from functions(scene)
    yield from tasks(scene)
