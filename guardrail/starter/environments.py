"""Which environment a folder or a file of variables is for, by the words that people use."""

from __future__ import annotations

import re
from pathlib import Path

_WORDS = {
    **dict.fromkeys(("prod", "production", "prd"), "prod"),
    **dict.fromkeys(("staging", "stage", "stg"), "staging"),
    **dict.fromkeys(("dev", "develop", "development"), "dev"),
    **{name: name for name in ("test", "qa", "uat", "preprod", "sandbox", "nonprod")},
}
_ASSIGNED = re.compile(r'^\s*(?:env|environment)\s*=\s*"([^"\n]{1,40})"', re.MULTILINE)
_LARGE = 1_000_000  # bytes


def environment_in(text: str) -> str:
    """Return the environment that a name tells, "" if none: `live/eu/payments-prod` is prod."""
    words = re.split(r"[^a-z0-9]+", text.lower())
    return next((_WORDS[word] for word in reversed(words) if word in _WORDS), "")


def environment_of(folder: Path, path: str) -> tuple[str, str]:
    """Return the environment of a root module and how it is known; ("", "") if nothing tells one."""
    if env := environment_in(path):
        return env, "the folder's name says so"
    for file in sorted([*folder.glob("terraform.tfvars"), *folder.glob("*.auto.tfvars")]):
        if found := _ASSIGNED.search(_text(file)):
            return environment_in(found[1]) or found[1], f"{file.name} says so"
    files = variable_files(folder)
    if len(files) == 1 and (env := environment_in(files[0])):
        return env, f"{files[0]} is the only file of variables"
    return "", ""


def variable_files(folder: Path) -> list[str]:
    """Return the files of variables that Terraform does not read by itself and that are named like environments."""
    found = [*folder.glob("*.tfvars"), *folder.glob("*/*.tfvars")]
    names = [file.relative_to(folder).as_posix() for file in found if not file.name.endswith(".auto.tfvars")]
    return sorted(name for name in names if environment_in(name) and not name.startswith("."))


def workspaces(folder: Path) -> list[str]:
    """Return the workspaces with a state on disk."""
    return sorted(path.name for path in folder.glob("terraform.tfstate.d/*") if path.is_dir())


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace") if file.stat().st_size < _LARGE else ""
    except OSError:
        return ""
