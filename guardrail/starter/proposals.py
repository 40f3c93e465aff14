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
    if "rule" not in kinds and rule.after is not None:  # guardrail.yaml must not name a folder that will not be there
        own_rules = ""
    # Hooks and workflows run at the top of the repository, wherever the folder is that was looked at.
    place = (there or config_place(seen.folder)).resolve()
    config = Path(os.path.relpath(place, seen.hosting.top.resolve())).as_posix()
    found = {"config": config_file(seen, own_rules), "rule": rule}
    if seen.projects:
        found |= {"hook": hook_file(seen, config), "workflow": workflow_file(seen, config)}
    else:
        for kind, name in (("hook", HOOK), ("workflow", WORKFLOW)):
            found[kind] = Proposal(kind, seen.hosting.top / name, reason=_LATER)  # type: ignore[arg-type] # it is one
    return [found[kind] for kind in KINDS if kind in kinds]
