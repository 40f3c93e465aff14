"""The files that inputs are made of: which of them a saved or committed file belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from guardrail.errors import InputError
from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import configuration_files, holds
from guardrail.terraform.configuration.code.roots import root_modules
from guardrail.terraform.configuration.variable_files import is_automatic, is_variables
from guardrail.terraform.inputs import plan_at, plans_below
from guardrail.terraform.options import NO_CHOICES, Choices

_READS_FILES = re.compile(rb"\b(?:file\w*|templatefile)\s*\(")


class Footprint(Struct, frozen=True):
    """One root module, or one plan, of an input.

    path     where it is
    folders  those (resolved) whose files it is made of
    files    those (resolved) that are named for it beside its folders: of variables, and Terragrunt's
    """

    path: Path
    folders: frozenset[Path]
    files: frozenset[Path] = frozenset()
    is_plan: bool = False

    def has(self, file: Path) -> bool:
        """Return whether a file, resolved, belongs to it. Of variables, it is those that are named, or read without that."""
        if is_variables(file.name) and not self.is_plan:
            return file in self.files or (is_automatic(file.name) and file.parent == followed(self.path))
        return file == followed(self.path) or file in self.files or file.parent in self.folders


def footprints(given: Path, choices: Choices = NO_CHOICES, *, proposed: bool = False) -> Iterator[Footprint]:
    """Yield the plan at a path, or its root modules; nothing where there is neither."""
    if choices.terragrunt:
        yield from _of_units(given, choices)
        return
    path = plan_at(given, proposed=proposed)
    if path.is_file():
        yield Footprint(path, frozenset({followed(path).parent}), is_plan=True)
    # Both a plan and its configuration: a commit may touch either.
    files = frozenset(followed(file) for file in choices.files)
    roots = root_modules(path) if path.is_dir() else []
    for plan in plans_below(path, proposed=proposed) if path.is_dir() and not roots else ():
        yield Footprint(plan, frozenset({followed(plan).parent}), is_plan=True)
    yield from (of_root(root, files) for root in roots)


def of_root(root: Path, files: frozenset[Path] = frozenset()) -> Footprint:
    """Return a root module, whether a plan lies in its folder or not."""
    from guardrail.terraform.configuration.code.modules import FolderModules  # noqa: PLC0415 - loads the parser

    folders = (followed(folder) for _, folder in FolderModules(root).folders() if folder)
    return Footprint(root, frozenset(folders), files)


def looked_at(part: Footprint, choices: Choices) -> frozenset[Path]:
    """Return the files and folders (resolved, there or not) that configuration reads by its functions, such as `file` and `fileset`.

    Only evaluating it tells them; of what cannot be evaluated, none is known.
    """
    files = [file for folder in part.folders for file in configuration_files(folder)]
    # What Terragrunt generates is in no file.
    may_read = choices.terragrunt or any(holds(file, _READS_FILES) for file in files)
    if part.is_plan or not may_read:
        return frozenset()
    from guardrail.terraform.configuration.folder import read_folder  # noqa: PLC0415 - loads the parser
    from guardrail.terraform.terragrunt.unit import read_unit  # noqa: PLC0415

    try:
        plan = read_unit(part.path, choices) if choices.terragrunt else read_folder(part.path, choices)
    except InputError:
        return frozenset()
    return frozenset(followed(path) for path in plan.looked)


def _of_units(given: Path, choices: Choices) -> Iterator[Footprint]:
    """Yield Terragrunt's units. One that cannot be read is its folder alone."""
    from guardrail.terraform.configuration.code.modules import FolderModules  # noqa: PLC0415 - loads the parser
    from guardrail.terraform.terragrunt.unit import Unit, units  # noqa: PLC0415

    named = {followed(file) for file in choices.files}
    for folder in units(given):
        own = followed(folder)
        try:
            unit = Unit(folder, choices)
        except InputError:
            yield Footprint(folder, frozenset({own}), frozenset(named))
            continue
        passed = {followed(path) for path in unit.given if isinstance(path, Path)}
        unit.file.inputs.as_value().first_unknown()  # evaluates them, so that it is known what is read for them
        read = {followed(path) for path in unit.file.reading.looked}
        modules = FolderModules(unit.module, unit.added).folders() if unit.module else ()
        folders = {followed(path) for _, path in modules if path}
        yield Footprint(folder, frozenset({own, *folders}), frozenset({*named, *passed, *read}))
