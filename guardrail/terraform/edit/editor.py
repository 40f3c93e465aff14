"""Edits of a configuration: what a remedy asks for, done to the texts of the files in a root module's folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from guardrail.errors import InputError
from guardrail.model.plan.new_resource import NewResource
from guardrail.model.remedy import Assignment, Remedy, Renaming
from guardrail.model.resource import Change
from guardrail.model.unknown import Json, Unknown
from guardrail.terraform.configuration.code.modules import FolderModules
from guardrail.terraform.configuration.variables import value_source
from guardrail.terraform.edit.addition import added
from guardrail.terraform.edit.edited_files import CannotEditError, EditedFiles
from guardrail.terraform.edit.origin import Origins, ValueEdit, each_file
from guardrail.terraform.edit.removal import removed
from guardrail.terraform.options import Choices
from guardrail.terraform.plan.effective_tags import tag_path

_TAGS = "tags"  # what rules call the tags or labels of any resource


class Editor:
    """Edits the files of a root module and of the modules in folders beside it."""

    def __init__(self, root: Path, choices: Choices) -> None:
        self.root = root
        self._choices = choices
        self._modules = FolderModules(root)

    def edited(self, texts: EditedFiles, change: Change, remedy: Remedy, *, is_near: bool = False) -> EditedFiles:
        """Return texts in which everything is done that a remedy asks for; what is done already stays.

        `is_near`: tags are added where a resource sets them, not where the map that it refers to is written.
        Raises CannotEditError, with the given texts as they were.
        """
        result = texts.copy()  # so that a remedy of several steps is made as a whole or not at all
        origins = Origins(self._modules, result, self._value_file)
        try:
            for path, edit in _edits(change, remedy.steps, is_near=is_near):
                for file, patches in each_file(origins.patches(change.address, path, edit)).items():
                    result.patch(file, patches)
        except InputError as error:
            raise CannotEditError(str(error)) from None
        except ValueError as error:
            raise CannotEditError(f"it cannot be written: {error}") from None
        return result

    def with_resources(self, texts: EditedFiles, change: Change, resources: Sequence[NewResource]) -> EditedFiles:
        """Return texts with resources written after the block of another. Raises CannotEditError, with the given texts as they were."""
        result = texts.copy()
        block, _ = Origins(self._modules, result, self._value_file).block(change.address)
        added(result, Path(block.source.name), (change.type, change.name), resources)
        return result

    def without(self, texts: EditedFiles, change: Change) -> EditedFiles:
        """Return texts without the block of a resource. Raises CannotEditError, with the given texts as they were."""
        if change.index is not None:
            raise CannotEditError("its block makes several: lower its count, or take its key out of for_each")
        result = texts.copy()
        block, code = Origins(self._modules, result, self._value_file).block(change.address)
        file = Path(block.source.name)
        removed(result, file.parent, code.files, (change.type, change.name), file)
        return result

    def _value_file(self, name: str) -> Path | None:
        source = value_source(name, self.root, self._choices)
        if isinstance(source, str):
            raise CannotEditError(f"var.{name} gets its value by {source}")
        return source


def _edits(
    change: Change, steps: Sequence[Assignment | Renaming], *, is_near: bool
) -> Iterator[tuple[tuple[str, ...], ValueEdit]]:
    """Yield the path and the edit of each step. Tags that follow each other are one edit, so that their lines align."""

    def is_tag(step: Assignment | Renaming) -> bool:
        return isinstance(step, Assignment) and step.path[0] == _TAGS and len(step.path) == 2  # noqa: PLR2004 - tags, and a key

    for are_tags, some in groupby(steps, is_tag):
        if are_tags:
            path = _own_path((_TAGS,), change)
            entries = {step.path[1]: step.value for step in some if isinstance(step, Assignment)}
            yield path, ValueEdit(entries=entries, is_now=_current_value(change, path), is_near=is_near)
            continue
        for step in some:
            path = _own_path(step.path, change)
            if isinstance(step, Renaming):
                yield path[:-1], ValueEdit(rename=(path[-1], step.name))
            else:
                yield path, ValueEdit(step.value, is_now=_current_value(change, path))


def _own_path(path: tuple[str, ...], change: Change) -> tuple[str, ...]:
    """Return a path with the name that tags go by on this resource."""
    if path[0] != _TAGS:
        return path
    own = tag_path(change.type, change.provider, change.after)
    if own is None:
        raise CannotEditError("its tags are blocks, which are not edited")
    return (*own, *path[1:])


def _current_value(change: Change, path: tuple[str, ...]) -> Json:
    """Return what an attribute is; None where that is not known."""
    name, *rest = path
    value = change.after.get(name) if change.after else None
    for step in rest:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = None
    return None if isinstance(value, Unknown) else value
