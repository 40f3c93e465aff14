"""guardrail.yaml for a repository: its projects, and the packs that fit what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from guardrail.config_path import FILE_NAMES, find_config
from guardrail.model.money import brief
from guardrail.starter.projects import Project
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.rules_section import pack_lines, set_lines
from guardrail.starter.survey import REGIONS, Survey
from guardrail.starter.text import comment, filled, rounded_up, scalar

_ROOM = Decimal("1.2")  # a first budget leaves a fifth above what is there
_STEP = Decimal("0.1")  # and a single change may add a tenth
_KEYS = ("name", "path", "plan", "var_files", "vars", "workspace", "terragrunt", "env", "usage")
_TEXTS = ("name", "path", "plan", "workspace", "env", "usage")


def config_file(seen: Survey, own_rules: str) -> Proposal:
    """Propose guardrail.yaml. `own_rules` is the folder of one's own rules, "" if there is none."""
    path = config_place(seen.folder)
    if there := find_config(seen.folder.resolve()):
        return kept("config", there if there.parent != seen.folder.resolve() else seen.folder / there.name)
    if leads_out(path, seen.folder):
        return kept("config", path, "it leads out of the folder")
    count = len(seen.projects)
    summary = f"{count} project{'s' if count > 1 else ''}" if count else "no projects"
    text = filled(
        "guardrail.yaml",
        projects="\n".join(_projects(seen)),
        packs="\n".join(pack_lines(seen)),
        paths=f"  paths: [{own_rules}]  # your own rules; `guardrail rules test` runs the examples in them"
        * bool(own_rules),
        set="\n".join(set_lines(seen)),
        budget=_budget(seen),
        region=_region(seen),
    )
    return Proposal("config", path, after=text, reason=summary)


def config_place(folder: Path) -> Path:
    """Return where guardrail.yaml goes: under the first of its names that nothing else has."""
    return next((path for name in FILE_NAMES if not (path := folder / name).exists()), folder / FILE_NAMES[0])


def _projects(seen: Survey) -> Iterator[str]:
    if not seen.projects:
        yield "# projects: none were found. Without any, every root module below this folder is one."
        return
    yield "projects:"
    for project in seen.projects:
        yield from _project(project)
    for project in seen.left_out:
        yield f"  # - {{name: {scalar(project.name)}, path: {scalar(project.path or project.plan)}}}  # cannot be evaluated yet"


def _project(project: Project) -> Iterator[str]:
    texts = {key: scalar(value) for key in _TEXTS if (value := getattr(project, key))}
    if project.var_files:
        texts["var_files"] = f"[{', '.join(map(scalar, project.var_files))}]"
    if project.terragrunt:
        texts["terragrunt"] = "true"
    if project.vars:
        texts["vars"] = json.dumps(project.vars, ensure_ascii=False)
    for number, key in enumerate(key for key in _KEYS if key in texts):
        why = comment(project.why.get(key, ""))
        yield f"  {'-' if number == 0 else ' '} {key}: {texts[key]}" + (f"  # {why}" if why else "")


def _region(seen: Survey) -> str:
    """Return a default region, in force where one file of variables names it, else as an example in a comment."""
    if not seen.placeless:
        return ""
    who = "1 resource has" if seen.placeless == 1 else f"{seen.placeless} resources have"
    if seen.default_region:
        ((vendor, region),) = seen.default_region.items()
        return (
            f"\n# {who} no region in the configuration; this one is in the files of variables.\n"
            f"pricing: {{default_region: {{{vendor}: {scalar(region)}}}}}"
        )
    vendor, example = next(one for name, one in REGIONS.items() if name in seen.vendors)
    return (
        f"\n# {who} no price, as nothing says the region. This would:\n"
        f"# pricing: {{default_region: {{{vendor}: {example}}}}}"
    )


def _budget(seen: Survey) -> str:
    """Return a budget of the dearest project, commented out: what it may cost is for people to say."""
    name, monthly = max(seen.monthly.items(), key=lambda one: one[1], default=("all", Decimal(0)))
    if not seen.projects or not monthly:
        return "# budgets:\n#   - {name: all, monthly: 1000, increase: 100}"
    limits = f"monthly: {rounded_up(monthly * _ROOM)}, increase: {rounded_up(monthly * _STEP)}"
    return (
        f"# The known cost of {comment(name)} is {brief(monthly, 'USD')} a month today.\n"
        f"# budgets:\n#   - {{name: {scalar(name)}, match: {{project: {scalar(name)}}}, {limits}}}"
    )
