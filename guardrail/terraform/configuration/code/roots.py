"""Root modules: which folders are planned by themselves, which are not looked at, and what only other tools can read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import NO_ROOTS, configuration_files, shown

if TYPE_CHECKING:
    from guardrail.terraform.configuration.code.modules import FolderModules

_PRUNED = frozenset({"node_modules"})  # CDK for Terraform comes with one: thousands of folders
_PLANNED = frozenset({"resource", "module", "moved", "removed", "import"})
"""Blocks that make a folder a root module of its own: without them, Terraform has nothing to do there."""
_SHOWN = 3  # paths in a sentence


class Tool(Struct, frozen=True):
    """Another tool that makes Terraform's plans: how its files end, and how to check what it makes.

    `makes` is the folder beside its files to which it writes configuration that can be read.
    """

    name: str
    endings: tuple[str, ...]
    instead: str
    makes: str = ""


# https://terragrunt.gruntwork.io/docs/reference/cli/commands/run/, https://developer.hashicorp.com/terraform/cli/commands/stacks
# and https://developer.hashicorp.com/terraform/cdktf/cli-reference/commands, read 2026-11.
TOOLS = (
    Tool(
        "Terragrunt",
        ("/terragrunt.hcl", "/terragrunt.hcl.json", "/terragrunt.stack.hcl", "/root.hcl"),
        "make it a project with `terragrunt: true` in guardrail.yaml, or terragrunt run --all --json-out-dir plans plan, "
        "then guardrail check plans",
    ),
    Tool(
        "Terraform Stacks",
        tuple(f".{kind}.{form}" for kind in ("tfcomponent", "tfdeploy", "tfstack") for form in ("hcl", "json")),
        "HCP Terraform plans a stack, and terraform stacks validate is all that runs here: check the modules that its "
        "components name, guardrail check FOLDER",
    ),
    Tool("CDK for Terraform", ("/cdktf.json",), "cdktf synth, then guardrail check cdktf.out", makes="cdktf.out"),
)


def root_modules(folder: Path) -> list[Path]:
    """Return the root modules in a folder: itself, if Terraform has anything to do there, else those below it.

    Of those below, what another one calls is none. A folder of versions.tf, providers or variables alone is the root
    module only if there is none below it.
    """
    if has_work(folder):
        return [folder]
    return _uncalled(_folders_with_configuration(folder)) or ([folder] if configuration_files(folder) else [])


def roots_aside(folder: Path) -> list[Path]:
    """Return the root modules below one that is a root module itself: its plan does not have them.

    What the root module calls is none of them, nor are folders of nothing but variables and outputs, nor `NO_ROOTS`.
    """
    candidates = [
        path for path in _folders_with_configuration(folder) if NO_ROOTS.isdisjoint(path.relative_to(folder).parts)
    ]
    candidates = [path for path in candidates if has_work(path)]
    if not candidates:
        return []
    own = {followed(path) for _, path in _modules(folder).folders() if path}
    return [path for path in _uncalled(candidates) if followed(path) not in own]


def folders_of_other_tools(folder: Path) -> list[tuple[Tool, list[Path]]]:
    """Return the tools whose configuration lies in or below a folder, with the first file of each folder that has some."""
    found: dict[Tool, list[Path]] = {}
    for path in (folder, *_folders(folder)):
        names = _names(path)
        for tool in TOOLS:
            own = next((name for name in names if f"/{name}".endswith(tool.endings)), None)
            if own and not (tool.makes and root_modules(path / tool.makes)):
                found.setdefault(tool, []).append(path / own)
    return list(found.items())


def scope_notes(folder: Path, roots: list[Path], others: Iterable[Path] = ()) -> list[str]:
    """Return notes, a line each: which folders were taken for root modules, where that is not obvious, and what is left out.

    What lies in `others`, folders below that are projects of their own, is looked at as such.
    """
    notes = []
    # A project of the folder itself, or of one above it, is no reason to leave anything unsaid.
    own = {followed(path) for path in others} - {followed(folder), *followed(folder).parents}
    if roots == [folder]:
        aside = [path for path in roots_aside(folder) if own.isdisjoint((followed(path), *followed(path).parents))]
        if aside:
            fix = "guardrail check FOLDER, or name them as projects in guardrail.yaml"
            notes.append(f"root modules below {shown(folder)} are not looked at: {listed(aside)} ({fix})")
    elif files := configuration_files(folder):
        notes.append(
            f"{shown(files[0])}: no resources beside it, so the root modules below are checked: {listed(roots)}"
        )
    for tool, files in folders_of_other_tools(folder):
        if unread := [file for file in files if own.isdisjoint(followed(file).parents)]:
            notes.append(unread_by_us(tool, unread))
    return notes


def unread_by_us(tool: Tool, files: list[Path]) -> str:
    """Return a note that a tool's configuration is not read: where it is, and what to run instead."""
    return f"{tool.name} is not read: {listed(files)} ({tool.instead})"


def listed(paths: Iterable[Path]) -> str:
    """Return paths as they are shown, the first few of many."""
    names = list(map(shown, paths))
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def has_work(folder: Path) -> bool:
    """Return whether Terraform has anything to plan in a folder; a file that cannot be read to its end may hold it."""
    code = _modules(folder).module("")
    return code is not None and (not code.is_whole or any(block.type in _PLANNED for block in code.blocks))


def _uncalled(folders: list[Path]) -> list[Path]:
    """Leave out the folders that another one calls as a module."""
    roots = [_modules(path) for path in folders]
    called = {
        followed(child)
        for root in roots
        if (code := root.module(""))
        for (name,) in code.labelled("module")
        if (child := root.path(name))
    }
    return [path for path in folders if followed(path) not in called]


def _folders_with_configuration(folder: Path) -> list[Path]:
    return [path for path in _folders(folder) if configuration_files(path)]


def _folders(folder: Path) -> Iterator[Path]:
    """Yield the folders below one, sorted, without hidden ones and those of package managers."""
    for place, names, _ in os.walk(folder):
        # In place: `os.walk` goes down into what is left in this list.
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _PRUNED)
        yield from (Path(place, name) for name in names)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _modules(folder: Path) -> FolderModules:
    from guardrail.terraform.configuration.code.modules import FolderModules  # noqa: PLC0415 - loads the parser

    return FolderModules(folder)
