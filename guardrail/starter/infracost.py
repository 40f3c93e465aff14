"""What infracost.yml and infracost-usage.yml say of a repository: names, folders, variables, workspaces, usage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from typing import Any

from msgspec import Struct, field

from guardrail.costs import load_usage
from guardrail.errors import GuardrailError, InputError
from guardrail.files import read_yaml
from guardrail.terraform.options import VARIABLE, WORKSPACE

CONFIG_NAMES = ("infracost.yml", "infracost.yaml")
USAGE_NAMES = ("infracost-usage.yml", "infracost-usage.yaml")


class InfracostProject(Struct, frozen=True):
    """One project of infracost.yml. Paths are relative to its folder; "" for what it does not say."""

    path: str
    name: str = ""
    usage: str = ""
    workspace: str = ""
    var_files: tuple[str, ...] = ()
    vars: dict[str, Any] = field(default_factory=dict)


def infracost_projects(folder: Path) -> tuple[str, list[InfracostProject]]:
    """Return the name of the file and its projects; "" and none without one. Raises InputError for a broken file."""
    path = next((folder / name for name in CONFIG_NAMES if (folder / name).is_file()), None)
    if path is None:
        return "", []
    content = read_yaml(path, InputError, name=path.name).data
    listed = content.get("projects") if isinstance(content, dict) else None
    return path.name, list(_projects(listed if isinstance(listed, list) else []))


def _projects(listed: list[Any]) -> Iterator[InfracostProject]:
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("path"), str):
            continue
        texts = [str(one.get(key) or "") for key in ("name", "usage_file", "terraform_workspace")]
        files, given, environ = (one.get(key) for key in ("terraform_var_files", "terraform_vars", "env"))
        # `env` is what Infracost starts Terraform with: of it, variables and the workspace mean something here.
        environ = environ if isinstance(environ, dict) else {}
        variables = {
            str(name).removeprefix(VARIABLE): value for name, value in environ.items() if str(name).startswith(VARIABLE)
        }
        path = _plain(one["path"])
        yield InfracostProject(
            path,
            texts[0],
            _plain(texts[1]) if texts[1] else "",
            texts[2] or str(environ.get(WORKSPACE) or ""),
            # They are relative to the project's folder there, as they are for Terraform itself.
            tuple(_plain(normpath(f"{path}/{name}")) for name in files) if isinstance(files, list) else (),
            variables | (given if isinstance(given, dict) else {}),
        )


def usage_beside(folder: Path, path: str) -> str:
    """Return the usage file of a project, relative to `folder`: the one in its own folder, else the one at the top."""
    for place in dict.fromkeys((folder / path, folder)):
        for name in USAGE_NAMES:
            if (place / name).is_file():
                return (place / name).relative_to(folder).as_posix()
    return ""


def usage_problem(path: Path) -> str:
    """Return what is wrong with a usage file, "" if nothing is."""
    try:
        load_usage(path)
    except GuardrailError as error:
        return str(error)
    return ""


def _plain(path: str) -> str:
    return Path(path.replace("\\", "/")).as_posix()
