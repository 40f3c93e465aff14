"""Configuration against its base: what a change to it creates, updates and deletes, told without a plan."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from guardrail import git
from guardrail.errors import InputError
from guardrail.model.resource import NO_TAGS, Action, Change
from guardrail.terraform.choices import Choices
from guardrail.terraform.inputs import read_plans
from guardrail.terraform.plan import Plan

_NOTHING = Plan(())


def against(base: str, given: str, plans: list[Plan], choices: Choices) -> list[Plan]:
    """Return the plans of a configuration folder as changes from what its base says.

    `base` is a folder or a plan, or what git calls a commit: then the base is where HEAD has left it. Raises InputError,
    and git.Missing for a commit that is not there.
    """
    with _base_folder(base, Path(given)) as folder:
        try:
            found = read_plans(str(folder), None, choices) if folder else []
        except InputError as error:
            raise InputError(error.what, where=f"--base {base}", fix=error.fix) from None
    before = {plan.folder: plan for plan in found}
    compared = [compare(before.pop(plan.folder, _NOTHING), plan) for plan in plans]
    return compared + [compare(plan, replace(_NOTHING, folder=plan.folder)) for plan in before.values()]


def refuse_plans(plans: list[Plan], given: str) -> None:
    """Refuse plans, which know themselves what was before. Raises InputError."""
    if not all(plan.is_configuration for plan in plans):
        fix = "--base is for configuration folders; `guardrail diff` compares plans"
        raise InputError("a plan says itself what was before", where=given, fix=fix)


def compare(base: Plan, head: Plan) -> Plan:
    """Return the changes that lead from what one plan makes of each resource to what another does."""
    before = {change.address: change for change in base.changes if change.after}
    changes = [_changed(before.pop(change.address, None), change) for change in head.changes]
    changes += [_deleted(change) for change in before.values()]
    incomplete = [*head.incomplete, *(f"at the base: {line}" for line in base.incomplete)]
    return replace(head, changes=tuple(changes), incomplete=tuple(dict.fromkeys(incomplete)))


def _changed(before: Change | None, change: Change) -> Change:
    if before is None:
        return change
    was = (before.after, before.region, before.tags)
    return replace(
        change,
        action=Action.NO_OP if was == (change.after, change.region, change.tags) else Action.UPDATE,
        before=before.after,
        before_region=before.region,
        before_tags=before.tags,
    )


def _deleted(change: Change) -> Change:
    return replace(
        change,
        action=Action.DELETE,
        before=change.after,
        after=None,
        before_region=change.region,
        before_tags=change.tags,
        tags=NO_TAGS,
        source=None,
    )


@contextmanager
def _base_folder(base: str, folder: Path) -> Iterator[Path | None]:
    """Give the folder as it is at the base; None where it was not there. The checkout is left as it is."""
    if Path(base).exists():
        yield Path(base)
        return
    top = git.top_of(folder)
    if top is None:
        raise InputError(
            f"no folder {base!r}, and not in a git checkout", where="--base", fix="name a folder or a commit"
        )
    commit = git.merge_base(top, base)
    inside = folder.resolve().relative_to(top.resolve())
    with tempfile.TemporaryDirectory(prefix="guardrail-base-") as scratch:
        git.extract(top, commit, git.files_of(top, commit), Path(scratch))
        there = Path(scratch, inside)
        for fetched in folder.rglob(".terraform"):  # what `terraform init` has fetched is in no commit
            place = there / fetched.relative_to(folder)
            if fetched.is_dir() and place.parent.is_dir() and not place.exists():
                place.symlink_to(fetched.resolve(), target_is_directory=True)
        yield there if there.is_dir() else None
