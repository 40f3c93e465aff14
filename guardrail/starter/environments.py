"""Which environments a root module is planned for, by the names of folders and files of variables that people use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from guardrail.terraform.configuration.code.files import NO_ROOTS, configuration_files
from guardrail.terraform.configuration.variable_files import is_automatic, is_variables

_WORDS = {
    **dict.fromkeys(("prod", "production", "prd"), "prod"),
    **dict.fromkeys(("staging", "stage", "stg"), "staging"),
    **dict.fromkeys(("dev", "develop", "development"), "dev"),
    **dict.fromkeys(("nonprod", "nonprd", "nonproduction", "notprod"), "nonprod"),
    **dict.fromkeys(("preprod", "preprd", "preproduction"), "preprod"),
    **{name: name for name in ("test", "qa", "uat", "sandbox")},
}
_FOLDERS = frozenset(("env", "envs", "environment", "environments", "tfvars", "vars", "variables", "config", "configs"))
"""Folders whose files of variables are one environment each, whatever they are called."""
_COMMON = frozenset(("all", "base", "common", "default", "defaults", "global", "globals", "shared"))
"""What files are called that every environment is planned with."""
_NOT_QUITE = re.compile(r"(?<![a-z0-9])(non|not|pre)[^a-z0-9]+(?=prd|prod)")  # non-prod is anything but prod
_BACKEND = frozenset(("backend", "tfbackend"))  # files for `terraform init -backend-config`, which set no variables
_ASSIGNED = re.compile(r'^\s*(?:env|environment)\s*=\s*"([^"\n]{1,40})"', re.MULTILINE)
_REGION = re.compile(r'^\s*(?:[a-z]+_)?(?:region|location)\s*=\s*"([^"\n]{1,40})"', re.MULTILINE)
_DEPTH = 3  # envs/prod/terraform.tfvars
_LARGE = 1_000_000  # bytes: no file of variables that people write


class Environment(Struct, frozen=True):
    """Files of variables that a root module is planned with: what they are called together, and what they are for."""

    name: str
    env: str
    files: tuple[Path, ...]


def environment_in(text: str) -> str:
    """Return the environment that a name tells, "" if none: `envs/eu/payments-prod` is prod."""
    return next((_WORDS[word] for word in reversed(_words(text)) if word in _WORDS), "")


def environment_of(folder: Path, path: str) -> tuple[str, str]:
    """Return the environment of a root module and how it is known; ("", "") if nothing tells one."""
    if env := environment_in(path):
        return env, "the folder's name says so"
    for file in sorted([*folder.glob("terraform.tfvars"), *folder.glob("*.auto.tfvars")]):
        if found := _ASSIGNED.search(_text(file)):
            return environment_in(found[1]) or found[1], f"{file.name} says so"
    return "", ""


def environments(root: Path, beside: Path | None, is_there: Callable[[Path], bool]) -> list[Environment]:
    """Return the environments that a root module has files of variables for, those that Terraform reads by itself aside.

    Files are looked for in the root module's folder and three levels below it, where no other configuration lies, and in
    the same way in `beside`. All files in a folder that is called like an environment go together. Each other file is
    an environment if its name or its folder says so; one that is called `common` or the like goes with all of its folder.
    Of what is left, only files that `is_there` says a checkout has: many repositories ignore theirs.
    """
    groups: dict[Path, list[Path]] = {}
    common: dict[Path, list[Path]] = {}
    for file in dict.fromkeys(file for place in (root, beside) if place for file in _files(place, root)):
        folder, stem = file.parent, file.name.partition(".tfvars")[0]
        # envs/prod/network.tfvars and envs/prod/compute.tfvars are one environment; envs/prod.tfvars is one by itself.
        if environment_in(folder.name) and folder not in {root, beside}:
            groups.setdefault(folder, []).append(file)
        elif stem.lower() in _COMMON:
            common.setdefault(folder, []).append(file)
        elif environment_in(stem) or folder.name.lower() in _FOLDERS:
            groups[folder / stem] = [file]
    whole = [(key, [*common.get(key.parent, ()), *files]) for key, files in sorted(groups.items())]
    return [
        Environment(key.name, environment_in(key.name), tuple(files))
        for key, files in whole
        if all(is_there(file) for file in files)
    ]


def workspaces(folder: Path) -> list[str]:
    """Return the workspaces with a state on disk."""
    return sorted(path.name for path in folder.glob("terraform.tfstate.d/*") if path.is_dir())


def regions(files: Iterable[Path]) -> set[str]:
    """Return the regions that files of variables name."""
    return {found[1] for file in files for found in _REGION.finditer(_text(file))}


def automatic_files(folder: Path) -> list[Path]:
    """Return the files of variables that Terraform reads by itself in a folder."""
    return sorted(path for path in folder.glob("*.tfvars*") if is_automatic(path.name))


def _files(place: Path, root: Path) -> Iterator[Path]:
    for depth in range(_DEPTH):
        for file in sorted(place.glob(f"{'*/' * depth}*.tfvars*")):
            inside = file.relative_to(place).parts[:-1]
            hidden = any(part.startswith(".") or part in NO_ROOTS for part in inside)
            own = file.parent == root and is_automatic(file.name)
            elsewhere = any(
                folder != root and configuration_files(folder)
                for folder in (file.parent, *file.parent.parents)
                if folder.is_relative_to(place)
            )
            if is_variables(file.name) and not (hidden or own or elsewhere or _BACKEND.intersection(_words(file.name))):
                yield file


def _words(text: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", _NOT_QUITE.sub(r"\1", text.lower()))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace") if file.stat().st_size < _LARGE else ""
    except OSError:
        return ""
