"""All files that a repository needs to begin with."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from guardrail.config_path import find_config
from guardrail.starter.config_file import config_file, config_place
from guardrail.starter.hook_file import NAME as HOOK
from guardrail.starter.hook_file import hook_file
from guardrail.starter.proposal import KINDS, Kind, Proposal
from guardrail.starter.rule_file import rule_file
from guardrail.starter.survey import Survey
from guardrail.starter.workflow_file import NAME as WORKFLOW
from guardrail.starter.workflow_file import workflow_file

_LATER = "nothing to check yet: run `guardrail init` again once there is"


def proposals(seen: Survey, kinds: Collection[Kind] = KINDS) -> list[Proposal]:
    """Propose the files of the kinds that are asked for; nothing is written."""
    there = find_config(seen.folder.resolve())
    rule, own_rules = rule_file(seen, there)
    if "rule" not in kinds and rule.after is not None:
        own_rules = ""
    config = _from_top(there or config_place(seen.folder), seen.hosting.top)
    found = {"config": config_file(seen, own_rules), "rule": rule}
    if seen.projects:
        found |= {"hook": hook_file(seen, config), "workflow": workflow_file(seen, config)}
    else:
        for kind, name in (("hook", HOOK), ("workflow", WORKFLOW)):
            found[kind] = Proposal(kind, seen.hosting.top / name, reason=_LATER)  # type: ignore[arg-type] # it is one
    return [found[kind] for kind in KINDS if kind in kinds]


def _from_top(path: Path, top: Path) -> str:
    return Path(os.path.relpath(path.resolve(), top.resolve())).as_posix()
