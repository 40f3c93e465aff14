"""From what a user names to plans: a file, standard input, or a folder, and the configuration that lines are read from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from guardrail import git
from guardrail.data import cache_dir
from guardrail.errors import InputError
from guardrail.files.digest import read_with_digest
from guardrail.model.order import natural
from guardrail.paths import is_named_file
from guardrail.progress import counted
from guardrail.terraform.configuration.code.files import MANIFEST, configuration_files, is_committed_manifest, shown
from guardrail.terraform.options import NO_CHOICES, Choices
from guardrail.terraform.plan.json.facts import LOCK_FILE, locked_versions
from guardrail.terraform.plan.json.state import plan_of_state
from guardrail.terraform.plan.reader import Plan, read_plan, unread

if TYPE_CHECKING:
    from guardrail.terraform.configuration.code.modules import Modules
    from guardrail.terraform.configuration.saved_plan import SavedPlan

PLAN_NAMES = ("plan.json", "tfplan.json")
"""What a plan is called in a folder."""

NO_CONFIGURATION = Plan((), is_configuration=True)
"""What there is to plan where there is nothing of Terraform."""

_SAVED_SUFFIXES = ("", ".tfplan", ".out", ".bin", ".binary", ".plan")  # what people add to the name of a saved plan
_MAX_BYTES = 2 * 1024**3  # a plan is held in memory as a whole


class NoConfigurationError(InputError):
    """A folder in which there is nothing of Terraform."""


def read_plans(
    given: str,
    source: Path | None = None,
    choices: Choices = NO_CHOICES,
    others: Iterable[Path] = (),
    *,
    proposed: bool = False,
    states: bool = False,
) -> list[Plan]:
    """Read the plan, or the plans, at a path ("-": standard input). Raises InputError in one line.

    A folder without a plan is evaluated as configuration: each root module in it is one plan. Of several, one that cannot
    be read is a plan with a `fault`.
    `source` is the folder of the configuration that resources are looked up in, for their lines. Without it: the saved
    plan itself, the one beside the JSON (tfplan beside tfplan.json), or the folder that the plan lies in.
    `others` are the folders of other projects: what lies there is not said to be left out. `proposed`: what the next
    `git add` would take is part of the repository, too (see `plan_at`). `states`: the JSON of a state is read as a plan
    that changes nothing.
    """
    where = "standard input" if given == "-" else given
    path = None if given == "-" else plan_at(Path(given), proposed=proposed)
    if choices.terragrunt:
        plans = _units(Path(given), choices)
    else:
        is_folder = path is not None and path.is_dir()
        plans = (
            _configurations(path, source, choices, others, proposed=proposed)
            if path and is_folder
            else _planned(path, where, source, states=states)
        )
    # Former versions kept what evaluating configuration came to; nothing reads it any more.
    with contextlib.suppress(OSError):
        (cache_dir() / "configuration-v1.sqlite").unlink(missing_ok=True)
    return plans


def _planned(path: Path | None, where: str, source: Path | None, *, states: bool = False) -> list[Plan]:
    """Read plans from a file, or from standard input."""
    data, digest = _content(path)
    if states and (planned := plan_of_state(data)):
        data, digest = planned, hashlib.sha256(planned).hexdigest()
    modules: Modules | None = None
    if source and not configuration_files(source):
        raise InputError("no configuration of Terraform in it", where=str(source), fix="name the root module's folder")
    if source:
        modules = _modules_of(source)
    if is_saved_plan(data):
        saved = _saved(data, path, where)
        plans, modules = read_plan(saved.as_json(), where), modules or saved.modules
        from guardrail.terraform.configuration.code.required import required_by  # noqa: PLC0415 - loads the parser

        plans = [replace(plan, facts=required_by(plan.facts, saved.modules)) for plan in plans]
        plans = [_locked(plan, saved.locked_versions) for plan in plans]
    else:
        plans = read_plan(data, where)
        if modules is None and path and len(plans) == 1:  # several in one file are of several configurations
            modules = _modules_beside(path)
        folder = source or (path.parent if path else None)
        if folder:
            looked = frozenset({folder / LOCK_FILE})
            plans = [replace(_locked(one, lambda: locked_versions(folder)), looked=looked) for one in plans]
    plans = [replace(plan, sha256=digest) for plan in plans]
    if modules is None:
        return plans
    from guardrail.terraform.configuration.code.source_lines import with_sources  # noqa: PLC0415 - loads the parser

    return [with_sources(plan, modules) for plan in plans]


def _locked(plan: Plan, versions: Callable[[], Mapping[str, str] | None]) -> Plan:
    """Return a plan that knows where to look for the versions of its providers."""
    return replace(plan, facts=replace(plan.facts, locked=versions))


def _content(path: Path | None) -> tuple[bytes, str]:
    """Return the bytes of a file, or of standard input, and their SHA-256."""
    if path is None:
        data = sys.stdin.buffer.read()
        return data, hashlib.sha256(data).hexdigest()
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError("is larger than 2 GB", where=str(path), fix="is this the right file?")
        return read_with_digest(path)
    except FileNotFoundError:
        is_file, make = bool(path.suffix), "terraform show -json tfplan > plan.json"
        what = "no such file" if is_file else "no such file or folder"
        fix = f"make it: {make}" if is_file else f"name a folder of configuration, or a plan: {make}"
        raise InputError(what, where=str(path), fix=fix) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None


def plan_at(path: Path, *, proposed: bool = False) -> Path:
    """Return the plan in a folder; the path itself if that is no folder, or has no plan that was made here.

    A plan that is part of the repository says what its author wants, not what Terraform plans: the configuration beside
    it is read instead. With `proposed`, a plan that the next `git add` would take is one, too. Raises InputError where git does
    not say.
    """
    plan = _plan_in(path)
    is_committed = plan is not None and git.comes_with(plan, proposed=proposed)
    if is_committed is None and git.is_refused(path):
        what = "may be part of the repository, and git does not read this checkout"
        fix = "name the plan itself, or see `git status`; for a checkout of another owner: git config --global --add safe.directory DIR"
        raise InputError(what, where=str(plan), fix=fix)
    return path if plan is None or is_committed else plan


def _plan_in(folder: Path) -> Path | None:
    names = (folder / name for name in PLAN_NAMES) if folder.is_dir() else ()
    return next((plan for plan in names if is_named_file(plan)), None)


def _units(folder: Path, choices: Choices) -> list[Plan]:
    """Evaluate Terragrunt's units in a folder."""
    from guardrail.terraform.terragrunt.unit import read_unit, units  # noqa: PLC0415

    found = units(folder)
    if not found:
        fix = "`terragrunt: true` is for a folder with a terragrunt.hcl, or folders below that have one"
        raise NoConfigurationError("no unit of Terragrunt in it", where=str(folder), fix=fix)
    return _each(folder, found, lambda unit: read_unit(unit, choices), "units read")


def _only_plan(path: Path, source: Path | None) -> Plan:
    plans = _planned(path, str(path), source)
    if len(plans) > 1:
        raise InputError(f"holds {len(plans)} plans", where=str(path), fix="name the file itself to have them checked")
    return plans[0]


def plans_below(folder: Path, *, proposed: bool = False) -> list[Path]:
    """Return the plans in the folders below one, but for those that are part of the repository, as people sort names."""
    found = []
    for place, names, _ in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".") and name != "node_modules"]
        if Path(place) != folder and (plan := plan_at(Path(place), proposed=proposed)) != Path(place):
            found.append(plan)
    return sorted(found, key=lambda plan: natural(plan.as_posix()))


def _configurations(
    folder: Path, source: Path | None, choices: Choices, others: Iterable[Path], *, proposed: bool
) -> list[Plan]:
    """Evaluate the root modules in a folder; without any, read the plans below it."""
    from guardrail.terraform.configuration.code.roots import (  # noqa: PLC0415
        folders_of_other_tools,
        root_modules,
        scope_notes,
        unread_by_us,
    )
    from guardrail.terraform.configuration.folder import read_folder  # noqa: PLC0415

    roots, committed = root_modules(folder), _plan_in(folder)
    # As in `guardrail check plans`: a folder into which the plans of many root modules were collected.
    if not roots and (below := plans_below(folder, proposed=proposed)):
        planned = {plan.parent: plan for plan in below}
        return _each(folder, list(planned), lambda place: _only_plan(planned[place], source), "plans read", Plan(()))
    if not roots and committed:
        fix = "name the plan itself to have it checked"
        raise InputError(
            "is part of the repository, and there is no configuration beside it", where=str(committed), fix=fix
        )
    if not roots:
        if tools := folders_of_other_tools(folder):
            said = "; ".join(unread_by_us(tool, files) for tool, files in tools)
            raise InputError(f"no configuration of Terraform's own: {said}", where=str(folder))
        raise NoConfigurationError(
            f"a folder without a {' or '.join(PLAN_NAMES)}, and without configuration",
            where=str(folder),
            fix="make a plan there: terraform plan -out=tfplan && terraform show -json tfplan > plan.json",
        )
    plans = _each(folder, roots, lambda root: read_folder(root, choices), "root modules read")
    notes = [*_not_believed(committed, roots), *scope_notes(folder, roots, others)]
    return [replace(plans[0], warnings=(*notes, *plans[0].warnings)), *plans[1:]]


def _each(
    folder: Path, roots: list[Path], read: Callable[[Path], Plan], what: str, nothing: Plan = NO_CONFIGURATION
) -> list[Plan]:
    """Read each of several folders. What cannot be read does not keep the others from it; one alone is an error."""
    plans = []
    for root in counted(what, roots):
        try:
            plan = read(root)
        except InputError as error:
            if len(roots) == 1:  # nothing else could be judged, so there is no report that this could be a part of
                raise
            plan = unread(error, nothing, before=not nothing.is_configuration)
        plans.append(replace(plan, folder="" if root == folder else root.relative_to(folder).as_posix()))
    return plans


def _not_believed(plan: Path | None, roots: Iterable[Path]) -> Iterator[str]:
    """Yield a note on each file that `terraform` writes and that is committed, which would let its editor choose the verdict."""
    if plan:
        fix = "name the plan itself to have it checked, or have git ignore it"
        yield f"{shown(plan)} is part of the repository: the configuration beside it is checked instead ({fix})"
    for manifest in (root / MANIFEST for root in roots if is_committed_manifest(root)):
        fix = "have git ignore .terraform, and run `terraform init` before the check"
        yield f"{shown(manifest)} is part of the repository, and not believed: its modules are not evaluated ({fix})"


def _saved(data: bytes, path: Path | None, where: str) -> SavedPlan:
    """Open a saved plan; its root module is where it lies if there is configuration there."""
    from guardrail.terraform.configuration.saved_plan import SavedPlan  # noqa: PLC0415 - loads the parser

    folder = path.parent if path and configuration_files(path.parent) else None
    return SavedPlan(data, where, shown(folder) if folder else "")


def _modules_beside(path: Path) -> Modules | None:
    """Return the configuration of a plan by what lies beside it: the saved plan that it was made of, else the folder."""
    for suffix in _SAVED_SUFFIXES:
        saved = path.with_name(path.name.removesuffix(".json") + suffix)
        if saved != path and saved.is_file():
            with saved.open("rb") as file:
                data = file.read(4) if saved.stat().st_size <= _MAX_BYTES else b""  # most files of these names are none
            if is_saved_plan(data):
                return _saved(saved.read_bytes(), saved, str(saved)).modules
    return _modules_of(path.parent) if configuration_files(path.parent) else None


def _modules_of(folder: Path) -> Modules:
    from guardrail.terraform.configuration.code.modules import FolderModules  # noqa: PLC0415 - loads the parser

    return FolderModules(folder)


def is_saved_plan(data: bytes) -> bool:
    """Return whether a file may be a saved plan, by how it begins."""
    return data.startswith(b"PK\x03\x04")
