"""What a commit hook looks at: the projects that the files of a commit belong to, and whether their plans are of now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

from msgspec import MsgspecError, Raw, Struct
from msgspec.structs import replace

from guardrail import git
from guardrail.check.provenance import policy
from guardrail.config import Settings, Source
from guardrail.config_path import FILE_NAMES, is_config
from guardrail.decode import decode_json
from guardrail.paths import followed
from guardrail.terraform.configuration.code.files import configuration_files, is_configuration
from guardrail.terraform.configuration.variable_files import is_variables
from guardrail.terraform.footprint import Footprint, footprints, looked_at

_Part = tuple[Source, Footprint]

_HCL = (".hcl", ".hcl.json")
_OF_TERRAGRUNT = frozenset(("terragrunt.hcl", "terragrunt.hcl.json", "terragrunt.stack.hcl", "root.hcl"))
_CALLED_PLAN = re.compile(r"(^|[._-])(tf)?plan\.json$")
_OF_TERRAFORM = re.compile(rb'"(?:format_version|remote_plan_format|lineage)"')
_SKEW = 60  # seconds by which file systems and checkouts may disagree about what was first
_NO_PLAN = "no plan: terraform plan -out=tfplan && terraform show -json tfplan > plan.json"


class Commit(Struct, frozen=True):
    """What there is to check of a commit; `remarks` are what is not checked, or not as it is now, one line each."""

    settings: Settings
    remarks: tuple[str, ...] = ()


def is_plan(name: str) -> bool:
    """Say whether a file of a commit is a plan: by its name, and JSON of another name only if it is not other data."""
    path = Path(name)
    if path.suffix == ".tfplan":
        return True
    if path.suffix != ".json" or is_configuration(name) or is_variables(name) or name.endswith(_HCL):
        return False
    return bool(_CALLED_PLAN.search(path.name)) or not _is_other_json(path)


def _is_other_json(path: Path) -> bool:
    """Say whether a file is sound JSON, and nothing that Terraform prints."""
    try:
        data = path.read_bytes()
        decode_json(data, Raw)
    except (OSError, MsgspecError):
        return False
    return not _OF_TERRAFORM.search(data)


def commit_of(settings: Settings, files: Sequence[str]) -> Commit:
    """Return what to check for files of a commit, as Terraform's; everything for no files.

    What the files belong to is checked alone. A file of configuration that no project uses is remarked on; any other
    that no project contains (rules, waivers) concerns every project, and so does guardrail.yaml. Configuration is
    compared with HEAD, unless settings name another base: a commit answers for what it changes.
    """
    if not settings.sources:
        return Commit(settings, (_NO_PLAN,))
    found = [(source, list(footprints(Path(source.plan), source.choices))) for source in settings.sources]
    remarks = [f"{source.path}: {_nothing(source)}" for source, parts in found if not parts]
    chosen = [(_named(source, part), part) for source, parts in found for part in parts]
    if files:
        chosen, unused = _touched(chosen, files, frozenset(followed(path) for _, path in policy(settings)))
        remarks += [f"{file}: not checked, no project uses it" for file in unused]
    remarks += [remark for _, part in chosen if part.is_plan and (remark := _stale(part.path))]
    settings = replace(
        settings,
        sources=tuple(source for source, _ in chosen),
        complete=settings.complete and not files,
        compare_with=settings.compare_with or _head([part for _, part in chosen]),
    )
    return Commit(settings, tuple(remarks))


def _named(source: Source, part: Footprint) -> Source:
    """Return the source that is this part alone."""
    path, place = Path(source.plan), part.path.parent if part.is_plan else part.path
    if path.is_file() or place == path:
        return source
    below = f"/{place.relative_to(path).as_posix()}"
    return replace(source, plan=str(place), name=source.name + below, path=source.path + below)


def _touched(parts: Sequence[_Part], files: Sequence[str], policy: frozenset[Path]) -> tuple[list[_Part], list[str]]:
    """Return the parts that files belong to, and the files of configuration that belong to none. `policy` concerns all parts."""
    touched: set[Source] = set()
    unused = []
    looked = [cache(partial(looked_at, part, source.choices)) for source, part in parts]
    for name in files:
        file = followed(Path(name))
        if file.name in FILE_NAMES and not is_config(file):
            continue  # a workflow or a manifest that is called like ours
        is_code = is_configuration(file.name)
        of_all = file.name in FILE_NAMES or file in policy
        found = [
            source
            for (source, part), read in zip(() if of_all else parts, looked, strict=False)
            # Code is hardly ever read as a text, and to find out is to evaluate other projects.
            if part.has(file) or (not is_code and not read().isdisjoint((file, file.parent)))
        ]
        is_terragrunt = name.endswith(_HCL)
        if not found and (is_code or is_variables(file.name) or file.name in _OF_TERRAGRUNT):
            unused.append(name)
        elif found or not is_terragrunt:  # HCL that nothing reads is another tool's
            touched.update(found or (source for source, _ in parts))
    return [(source, part) for source, part in parts if source in touched], unused


def _nothing(source: Source) -> str:
    return "no configuration and no plan in it" if Path(source.plan).is_dir() else _NO_PLAN


def _stale(plan: Path) -> str:
    """Say that a plan is older than the configuration beside it; "" where it is not."""
    made = plan.stat().st_mtime
    newer = [file for file in configuration_files(plan.parent) if file.lstat().st_mtime > made + _SKEW]
    return f"{plan.name} is older than {newer[0].name}: make it again, it is what is checked" if newer else ""


def _head(parts: Sequence[Footprint]) -> str:
    """Return HEAD where there is one to compare with; plans know themselves what was before."""
    if not parts or any(part.is_plan for part in parts):
        return ""
    top = git.top_of(parts[0].path)
    return "HEAD" if top and git.has_commit(top) else ""
