"""The workflow on GitHub or GitLab, which goes by guardrail.yaml; for other systems, what to add there by hand."""

from __future__ import annotations

import re
from pathlib import Path

from guardrail import __version__, data, git
from guardrail.starter.proposal import Proposal, kept, leads_out
from guardrail.starter.survey import Survey
from guardrail.starter.text import filled
from guardrail.terraform.configuration.code.files import configuration_files

NAME = ".github/workflows/guardrail.yml"
EXAMPLE = "configured.yml"
DOCS = "https://github.com/guardrail-finops/guardrail/blob/main"
_RUNS_US = re.compile(r"guardrail-finops|\bguardrail (?:check|report)\b")
_PIN = (
    f"name the action by the commit of v{__version__} instead of by its tag. A released guardrail knows that commit and "
    "writes it; this one was not built by a release."
)
_LARGE = 1_000_000  # bytes: no workflow that people write


def workflow_file(seen: Survey, config: str) -> Proposal:
    """Propose the workflow. `config` is guardrail.yaml as seen from the top of the repository."""
    top, system = seen.hosting.top, seen.hosting.system
    path = top / NAME
    if system == "gitlab":
        return _gitlab(seen, config)
    if system not in {"github", ""}:
        return Proposal("workflow", path, reason=f"{system} runs the checks here", by_hand=f"{DOCS}/docs/other-ci.md")
    # One that runs guardrail may have any name; a second one would only repeat it.
    for workflow in sorted((top / ".github" / "workflows").glob("*.y*ml")):
        if _RUNS_US.search(_text(workflow)):
            return kept("workflow", workflow, "it runs guardrail")
    if path.exists() or path.is_symlink():
        return kept("workflow", path)
    if leads_out(path, top):
        return Proposal("workflow", path, reason="it leads out of the repository", by_hand=f"{DOCS}/docs/github.md")
    if missing := _not_in_git(seen):
        return Proposal(
            "workflow", path, reason=missing, by_hand=f"begin with {DOCS}/examples/workflows/plan-and-check.yml"
        )
    hand = "" if data.release_commit() else _PIN
    reason = "checks pull requests, without a login"
    return Proposal("workflow", path, after=workflow_text(seen, config), reason=reason, by_hand=hand)


def workflow_text(seen: Survey, config: str) -> str:
    """Return the example for this repository: its configuration, and no base where plans know themselves what was."""
    text = (data.workflows_dir() / EXAMPLE).read_text(encoding="utf-8")
    # A tag can be moved; a commit cannot. Only a released guardrail knows which one is its own.
    commit = data.release_commit()
    pin = f"{commit} # v{__version__}" if commit else f"v{__version__}"
    text = re.sub(r"(actions/guardrail@)v[\w.]+", rf"\g<1>{pin}", text)
    text = text.replace("config: guardrail.yaml", f"config: {config}")
    if _any_plan(seen):
        text = re.sub(r"^ +base: .*\n", "", text, flags=re.MULTILINE)
    return text


def _gitlab(seen: Survey, config: str) -> Proposal:
    """Propose .gitlab-ci.yml where there is none, else the job to add to it."""
    path = seen.hosting.top / ".gitlab-ci.yml"
    if _RUNS_US.search(_text(path)):
        return kept("workflow", path, "it runs guardrail")
    if missing := _not_in_git(seen):
        return Proposal("workflow", path, reason=missing, by_hand=f"begin with {DOCS}/docs/other-ci.md")
    options = "" if config == Path(config).name else f" --config {config}"
    options += "" if _any_plan(seen) else ' --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    job = filled("gitlab-ci.yml", options=f"{options} --policy-ref base")
    if path.exists() or leads_out(path, seen.hosting.top):
        return Proposal("workflow", path, reason="GitLab runs the checks here", by_hand=f"add a job to it:\n{job}")
    hand = f"the comment needs GITLAB_TOKEN, see {DOCS}/docs/other-ci.md"
    head = "# What a merge request costs, and whether it passes. Written by `guardrail init`.\n"
    return Proposal("workflow", path, after=head + job, reason="checks merge requests, without a login", by_hand=hand)


def _any_plan(seen: Survey) -> bool:
    return any(project.is_plan(seen.folder) for project in seen.projects)


def _not_in_git(seen: Survey) -> str:
    """Return a sentence about a plan, or configuration that another tool makes, that a checkout lacks; "" if it has all."""
    if not seen.hosting.in_git:
        return ""
    plans = [seen.folder / project.plan for project in seen.projects if project.plan]
    roots = [seen.folder / project.path for project in seen.projects if project.path]
    made = [file for root in roots for file in configuration_files(root)[:1]]
    missing = [path for path in plans if not git.is_tracked(path)]
    missing += [path for path in made if not git.comes_with(path, proposed=True)]
    name = missing[0].relative_to(seen.folder).as_posix() if missing else ""
    return f"{name} is not in git, so a workflow has to make it first" if name else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size < _LARGE else ""
    except OSError:
        return ""
